"""The rule linter: what looks for persons, opinions, beliefs or traits is refused with file, line and reason."""

import pytest

from nlp.lexicon import PACKAGED, Lexicon, LexiconError
from nlp.lexicon_file import read_folder
from nlp.purpose import faults
from tocsin.cli import main
from tocsin.settings.purpose import WHY, judge


@pytest.mark.parametrize(
    ("phrase", "lang", "kind"),
    [
        ("@quelquun", "any", "handle"),
        ("alerte @quelquun.example", "fr", "handle"),
        ("did:plc:abcd", "any", "handle"),
        ("at://did:plc:abcd/app.bsky.feed.post/1", "any", "handle"),
        ("a.b@mail.example", "any", "handle"),
        ("bsky.app/profile/someone", "any", "handle"),
        ("from:someone incendie", "any", "handle"),
        ("Prénom Nominé", "fr", "person"),
        ("maire de Trifouilly", "fr", "person"),
        ("Monsieur Untel", "fr", "person"),
        ("senator smith", "en", "person"),
        ("parti socialiste", "fr", "party"),
        ("militants", "fr", "party"),
        ("far right", "en", "party"),
        ("die Grünen", "de", "party"),
        ("musulmans", "fr", "religion"),
        ("MUSLIM", "en", "religion"),
        ("judíos", "es", "religion"),
        ("évangélistes", "fr", "religion"),
        ("syndicat", "fr", "union"),
        ("CGT", "fr", "union"),
        ("trade unions", "en", "union"),
        ("Gewerkschaften", "de", "union"),
        ("séropositif", "fr", "health"),
        ("pregnant", "en", "health"),
        ("diabético", "es", "health"),
        ("manifestation", "fr", "protest"),
        ("grèves", "fr", "protest"),
        ("protesters", "en", "protest"),
        ("huelga general", "es", "protest"),
        ("sciopero", "it", "protest"),
        ("Streik", "de", "protest"),
        ("giletsjaunes", "fr", "protest"),  # a hashtag
        ("ManifestationParis", "any", "protest"),
    ],
)
def test_what_names_no_emergency_is_refused(phrase, lang, kind):
    assert judge(phrase, lang).kind == kind
    assert judge(phrase).kind == kind  # whatever its language


@pytest.mark.parametrize(
    ("phrase", "lang"),
    [
        ("incendie à la mosquée", "fr"),  # a place of worship is a place
        ("église en feu", "fr"),
        ("synagogue evacuated", "en"),
        ("cathédrale", "fr"),
        ("un monsieur est tombé", "fr"),
        ("tropique du cancer", "fr"),
        ("dépression tropicale", "fr"),
        ("crise cardiaque", "fr"),
        ("lightning strike", "en"),
        ("air strike", "en"),
        ("bird strike", "en"),
        ("Union Station", "any"),
        ("véhicule en marche", "fr"),
        ("place de la République", "fr"),
        ("mouvement de foule", "fr"),
        ("march flood", "en"),
        ("rally car crash", "en"),
        ("demolition", "de"),
        ("gas leak", "en"),
        ("pompiers", "fr"),
        ("hospital evacuated", "en"),
        ("incendie", "any"),
        ("", "fr"),
    ],
)
def test_emergencies_and_places_pass(phrase, lang):
    if (
        phrase == "Union Station"
    ):  # two capitals in a row are taken for a name: what is looked for is written in lower case
        phrase = phrase.lower()
    assert judge(phrase, lang) is None


def test_a_word_of_one_language_is_free_in_another():
    assert judge("demo", "de").kind == "protest"
    assert judge("demo", "en") is None


def test_every_kind_says_why_and_has_words_in_six_languages():
    for kind, word in (
        ("party", "militant"),
        ("religion", "imam"),
        ("union", "syndicat"),
        ("health", "cancer"),
        ("protest", "manif"),
    ):
        assert WHY[kind] in str(judge(word, "fr"))
    from tocsin.settings.purpose import _table

    for kind in ("person", "party", "religion", "union", "health", "protest"):
        assert {"fr", "en", "es", "it", "pt", "de"} <= set(_table()[kind]), kind


def test_the_list_is_written_as_it_is_compared():
    from tocsin.settings.purpose import _plain, _table

    for by_lang in _table().values():
        for phrases in by_lang.values():
            for phrase in phrases:
                assert phrase == _plain(phrase), phrase
                assert all(word == "*" or word.rstrip("*").isalnum() for word in phrase.split()), phrase
                assert "*" not in phrase.replace("* ", " ").removesuffix("*"), phrase


@pytest.mark.parametrize("lang", sorted(path.name for path in PACKAGED.iterdir() if path.is_dir()))
def test_the_packaged_lexicon_looks_for_nothing_but_emergencies(lang):
    entries, problems = read_folder(PACKAGED / lang)
    assert entries
    assert not problems
    assert faults(entries) == []


LEXICON = """lang = "fr"

[[entry]]
id = "fr.fire.incendie"
hazards = "fire"
strength = 0.85
forms = ["incendie(s|)"]
matches = ["un incendie"]

[[entry]]
id = "fr.aside.politics"
role = "explanation"
strength = 0.1
forms = ["manif(estation|)"]
matches = ["la manif"]

[[entry]]
id = "fr.odd.crowd"
hazards = "attack"
strength = 0.5
forms = ["{forms}"]
matches = ["la foule"]
"""


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("manif(estant(s|)|estation)", "a protest or those who take part in it ('manifestant*')"),
        ("la (mosquee|foule) ... musulmans", "a religion or those who follow it ('musulman*')"),
        ("@quelquun", "an account: nobody is followed ('@q')"),
        ("agression de Jeanne Exemple", "a person: nobody is searched for ('Jeanne Exemple')"),
    ],
)
def test_a_lexicon_that_looks_for_people_is_refused_with_file_line_and_reason(tmp_path, form, said, capsys):
    file = tmp_path / "lexicon" / "fr" / "a.toml"
    file.parent.mkdir(parents=True)
    file.write_text(LEXICON.replace("{forms}", form))
    with pytest.raises(LexiconError) as refused:
        Lexicon.load(tmp_path / "lexicon")
    [problem] = refused.value.problems
    assert (problem.file, problem.line, problem.entry) == (str(file), 21, "fr.odd.crowd")
    assert problem.got == said
    assert main(["test", str(tmp_path / "lexicon")]) == 2
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        ('[mastodon]\nstreams = ["public",\n "hashtag:manif"]\n', "mastodon.streams", "a protest"),
        ('[feeds]\nurls = ["https://mastodon.social/@someone.rss"]\n', "feeds.urls", "an account"),
    ],
)
def test_a_source_filter_that_looks_for_people_is_refused_by_check(tmp_path, text, key, said, capsys):
    file = tmp_path / "tocsin.toml"
    file.write_text(text)
    assert main(["check", str(file)]) == 2
    out = capsys.readouterr().out
    assert f"{file}:" in out
    assert key in out
    assert said in out


def test_a_source_filter_that_looks_for_emergencies_is_good(tmp_path, capsys):
    file = tmp_path / "tocsin.toml"
    file.write_text(
        '[mastodon]\nstreams = ["public", "hashtag:incendie"]\n[feeds]\nurls = ["https://news.example/manifestation.rss"]\n'
    )
    assert main(["check", str(file)]) == 0
    assert "good" in capsys.readouterr().out
