"""Sentences, and how far a negation reaches."""

from __future__ import annotations

from itertools import pairwise

import pytest

from nlp.cues import CONSEQUENCES, EXPLANATIONS, FAMILIES, PACKAGED, UNWEIGHED, CueBook, CueError
from nlp.fold import fold_aligned
from nlp.language import LANGUAGES
from nlp.reading import read, sentences_of

BOOK = CueBook.load()


def reading_of(text, lang="fr"):
    folded = fold_aligned(text)
    return read(text, folded, lang, [], BOOK.find(folded, lang))


def test_sentences_tile_the_text():
    for text in ("", "a", "BOUM !! C'était quoi ? Rue X.", "...", "Un feu...\nDeux ?!  Trois", "3.5 km. Fin", "?"):
        sentences = sentences_of(text)
        assert sentences[0].start == 0
        assert sentences[-1].end == len(text)
        assert all(left.end == right.start for left, right in pairwise(sentences))


def test_questions_are_told_from_statements():
    reading = reading_of("C'est un exercice ? Non. Il y a le feu !")
    assert [sentence.question for sentence in reading.sentences] == [True, False, False]
    assert reading.sentence_at(3).question
    assert not reading.sentence_at(30).question
    assert reading.sentence_at(len(reading.text)) is reading.sentences[-1]


@pytest.mark.parametrize(
    ("text", "word", "lang", "negated"),
    [
        ("Pas d'incendie à Nantes", "incendie", "fr", True),
        ("Il n'y a aucun feu ici", "feu", "fr", True),
        ("mais non, rien n'a explosé ici", "explosé", "fr", True),
        ("Ce n'est pas vraiment une explosion", "explosion", "fr", True),
        ("There is no fire", "fire", "en", True),
        ("It wasn't an explosion", "explosion", "en", True),
        ("No ha habido terremoto", "terremoto", "es", True),
        ("Non c'è nessun incendio", "incendio", "it", True),
        # A comma, a "but" or a full stop ends its reach; so do four words.
        ("Pas de panique, incendie maîtrisé", "incendie", "fr", False),
        ("Pas de vent mais un incendie énorme", "incendie", "fr", False),
        ("Pas de nouvelles. Incendie en cours", "Incendie", "fr", False),
        ("pas que je sache mais on voit très bien le feu", "feu", "fr", False),
        # Phrases that hold a negation and negate nothing.
        ("J'ai jamais vu autant de fumée", "fumée", "fr", False),
        ("Je n'arrête pas de trembler", "trembler", "fr", False),
        ("never seen smoke like it", "smoke", "en", False),
        ("no idea why the explosion", "explosion", "en", False),
        ("not a drill fire in the gym", "fire", "en", False),
        ("ya no es un simulacro fuego en el techo", "fuego", "es", False),
        ("no es fuego", "fuego", "es", True),
    ],
)
def test_reach_of_a_negation(text, word, lang, negated):
    reading = reading_of(text, lang)
    start = text.index(word)
    assert reading.negated(start, start + len(word)) is negated


@pytest.mark.parametrize(
    ("text", "asserted"),
    [
        ("C'est un exercice, pas de panique", True),
        ("c'est un exercice ?", False),
        ("Ce n'est pas un exercice !", False),
        ("Ce coup-ci c'est pas un exercice", False),
        ("c plus l'exercice", False),
        ("Ce n'était pas dans le scénario de l'exercice", True),
        ("L'exercice est fini à 11h. Ça va ?", True),
    ],
)
def test_only_an_asserted_explanation_counts(text, asserted):
    assert bool(reading_of(text).asserted("exercise")) is asserted


def test_the_packaged_cues_cover_all_families_in_all_languages():
    import tomllib

    for lang in LANGUAGES:
        families = tomllib.loads((PACKAGED / f"{lang}.toml").read_text(encoding="utf-8"))
        assert set(families) == {*FAMILIES, *UNWEIGHED}, lang
        for family, forms in families.items():
            assert len(forms) == len(set(forms)), (lang, family)
    assert set(EXPLANATIONS) | set(CONSEQUENCES) < set(FAMILIES)


def test_cues_of_another_language_do_not_count():
    folded = fold_aligned("we pretend, c'est un exercice")
    assert "exercise" in BOOK.find(folded, "fr")
    assert [cue.start for cue in BOOK.find(folded, "en")["exercise"]] == [3]


def test_nobody_is_dead_of_laughter():
    folded = fold_aligned("mort de rire devant ce film")
    assert "dead" not in BOOK.find(folded, "fr")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('sirens = ["a"]', "expected a family"),
        ('now = ["(a"]', "now"),
        ("now = [", "TOML"),
        ('advert = ["% off"]', "'%' is not read"),
        ('advert = ["from £*"]', "'£' is not read"),
    ],
)
def test_a_broken_cue_file_is_refused_with_its_reason(tmp_path, content, says):
    (tmp_path / "fr.toml").write_text(content, encoding="utf-8")
    with pytest.raises(CueError) as refused:
        CueBook.load(tmp_path)
    assert "fr" in str(refused.value)
    if says != "TOML":
        assert says in str(refused.value)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(CueError, match="at least one"):
        CueBook.load(tmp_path)
