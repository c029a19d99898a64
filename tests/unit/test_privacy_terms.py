"""A person's name in plain words reaches no mention: terms hold words of the lexicon alone, places names of the gazetteer alone."""

import pytest

from nlp.extract import Extractor
from nlp.lexicon import Lexicon
from nlp.wording import ELLIPSIS
from tocsin.model import Mention, Post
from tocsin.settings.nlp import NlpSettings
from tocsin.wire import encode

NAME = "Zorglubin Quintelard"
SAID = [
    ("fr", "L'immeuble de {name} brûle à Nantes, on évacue"),
    ("fr", "la voiture de {name} a fini dans le fossé à Nantes"),
    ("fr", "feu chez {name} à Nantes, la maison de {name} est en flammes"),
    ("fr", "{name} est coincé sous les décombres à Nantes, des blessés"),
    ("fr", "{name}: incendie rue {name} à Nantes !! {name} blessé"),
    ("fr", "incendie au lycée {name} de Nantes, explosion chez {name}"),
    ("fr", "accident de {name} à Nantes, {name} est mort"),
    ("en", "the house of {name} is on fire in Leeds, {name} trapped"),
    ("en", "car of {name} crashed into a wall in Leeds, {name} injured"),
    ("en", "{name} Street in Leeds is flooded, water in the house of {name}"),
    ("en", "explosion at {name} Hospital in Leeds"),
    ("es", "incendio en la casa de {name} en Madrid, {name} herido"),
    ("de", "Großbrand bei {name} in Berlin, {name} verletzt"),
    ("it", "la casa di {name} a Roma va a fuoco"),
]


@pytest.fixture(scope="module")
def extractor():
    return Extractor.load(NlpSettings(entities=False))


@pytest.mark.parametrize(("lang", "said"), SAID)
@pytest.mark.parametrize("name", [NAME, NAME.lower(), NAME.upper()])
def test_a_name_in_plain_words_reaches_no_mention(extractor, lang, said, name):
    text = said.format(name=name)
    post = Post(id="p", source="s", author="a", event_at=0, received_at=0, text=text, lang=lang)
    [mention] = extractor.mentions([post])
    assert isinstance(mention, Mention), "the example must be heard, or it shows nothing"
    written = encode(mention).lower()
    for part in NAME.lower().split():
        assert part.encode() not in written, mention.terms


def test_a_surname_that_begins_like_a_stem_is_told_as_the_stem():
    lexicon = Lexicon.load()
    from nlp.fold import fold_aligned

    told = {hit.form for hit in lexicon.find(fold_aligned("les rues de la ville sont inondardov et inondées"), "fr")}
    assert not any("inondardov" in form for form in told)


def test_what_stands_between_is_told_as_a_gap_and_the_rest_as_it_is():
    from nlp.fold import fold_aligned

    forms = [hit.form for hit in Lexicon.load().find(fold_aligned(f"l'immeuble de {NAME} brûle"), "fr")]
    assert f"immeuble {ELLIPSIS} brule" in forms


def test_every_word_of_a_term_stands_in_the_lexicon():
    """A slow twin: over all examples of the packaged lexicon, each word told is a word of one of its entry's forms."""
    from nlp.fold import fold_aligned

    lexicon = Lexicon.load()
    looked_at = 0
    for number, entry in enumerate(lexicon.entries[::4]):
        forms = {form for frame in lexicon.frames[4 * number] for part in frame.parts for form in part}
        words = {word for form in forms for word in form.rstrip(b"*").decode().split()}
        stems = tuple(form[:-1].decode().split()[-1] for form in forms if form.endswith(b"*"))
        for text in entry.matches:
            for hit in lexicon.find(fold_aligned(f"{NAME} {text} {NAME}"), entry.lang):
                if hit.entry is entry:
                    looked_at += 1
                    for word in hit.form.split():
                        assert word == ELLIPSIS or word in words or word.rstrip(ELLIPSIS).startswith(stems), (
                            entry.id,
                            hit.form,
                        )
    assert looked_at > 100
