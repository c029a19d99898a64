"""The lexicon as data: its own examples hold, and mistakes in files are named with file, line, expected and got."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlp.fold import fold_aligned
from nlp.lexicon import Lexicon, LexiconError
from nlp.pattern import PatternError, compile_form
from tocsin.model import HAZARDS

GOOD = """lang = "fr"

[[entry]]
id = "fr.fire.incendie"
hazards = "fire"
strength = 0.9
forms = ["incendie(s|)"]
matches = ["un incendie"]
not = ["la neige"]
"""


@pytest.fixture(scope="module")
def packaged() -> Lexicon:
    return Lexicon.load()


def write(tmp_path: Path, text: str, name: str = "fire.toml") -> Path:
    (tmp_path / "fr").mkdir(exist_ok=True)
    (tmp_path / "fr" / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_every_example_of_the_packaged_lexicon_holds(packaged: Lexicon) -> None:
    assert [str(problem) for problem in packaged.check()] == []


def test_french_and_english_cover_all_hazards_with_an_entry_that_opens(packaged: Lexicon) -> None:
    for lang in ("fr", "en"):
        covered = {
            hazard for entry in packaged.entries if entry.lang == lang and entry.gate for hazard in entry.hazards
        }
        assert set(HAZARDS) <= covered
        assert "open" in covered


def test_other_languages_cover_their_core(packaged: Lexicon) -> None:
    for lang in ("es", "it", "pt", "de"):
        covered = {hazard for entry in packaged.entries if entry.lang == lang for hazard in entry.hazards}
        assert {"earthquake", "flood", "fire", "explosion", "attack", "storm"} <= covered


def test_every_entry_has_an_example_that_must_not_match(packaged: Lexicon) -> None:
    assert [entry.id for entry in packaged.entries if not entry.rejects] == []


def test_an_example_that_fails_is_reported_with_its_line(tmp_path: Path) -> None:
    folder = write(tmp_path, GOOD.replace('"un incendie"', '"un nuage"').replace('"la neige"', '"les incendies"'))
    problems = Lexicon.load(folder).check()
    assert [(problem.line, problem.entry) for problem in problems] == [(3, "fr.fire.incendie")] * 2
    assert "a match in 'un nuage'" in problems[0].expected
    assert "no match in 'les incendies'" in problems[1].expected
    assert problems[0].file.endswith("fire.toml")


@pytest.mark.parametrize(
    ("field", "value", "line", "expected"),
    [
        ("strength", "strength = 1.5", 6, "a number from 0 to 1"),
        ("hazards", 'hazards = "volcano"', 5, "a hazard"),
        ("forms", 'forms = ["incendie(s"]', 7, "pattern language"),
        ("forms", 'forms = ["{nope}"]', 7, "pattern language"),
        ("forms", "forms = []", 7, "at least one"),
        ("matches", "matches = 3", 8, "a list of texts"),
        ("id", 'id = "en.fire"', 4, "fr.<room>.<name>"),
        ("hazards", 'hazards = "fire"\nrole = "noise"', 6, "one of hazard"),
        ("hazards", 'hazards = "fire"\nweight = 3', 6, "one of id"),
        ("hazards", 'hazards = "fire"\nconsequence = "sad"', 6, "one of dead"),
        ("hazards", 'hazards = "fire"\ngate = "yes"', 6, "true or false"),
    ],
)
def test_a_wrong_field_is_named_with_its_line(tmp_path: Path, field: str, value: str, line: int, expected: str) -> None:
    text = "\n".join(value if row.startswith(field + " =") else row for row in GOOD.split("\n"))
    with pytest.raises(LexiconError) as caught:
        Lexicon.load(write(tmp_path, text))
    (problem,) = caught.value.problems
    assert (problem.line, expected in problem.expected) == (line, True), str(problem)


def test_all_mistakes_of_all_files_come_at_once(tmp_path: Path) -> None:
    write(tmp_path, GOOD.replace("0.9", "9"), "a.toml")
    write(tmp_path, GOOD.replace('"fire"', '"fir"'), "b.toml")
    write(tmp_path, "lang = [", "c.toml")
    with pytest.raises(LexiconError) as caught:
        Lexicon.load(tmp_path)
    assert sorted((Path(problem.file).name, problem.line) for problem in caught.value.problems) == [
        ("a.toml", 6),
        ("b.toml", 5),
        ("c.toml", 1),
    ]


def test_two_entries_cannot_share_an_id(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "a.toml")
    with pytest.raises(LexiconError, match="an id of its own"):
        Lexicon.load(write(tmp_path, GOOD, "b.toml"))


def test_an_empty_folder_is_no_lexicon(tmp_path: Path) -> None:
    with pytest.raises(LexiconError):
        Lexicon.load(tmp_path)


@pytest.mark.parametrize(
    ("form", "plain"),
    [
        ("feu(x|)", {b"feu", b"feux"}),
        ("[gros] boum", {b"gros boum", b"boum"}),
        ("(a|b(c|d)) e", {b"a e", b"bc e", b"bd e"}),
        ("{er}", {b"x", b"y"}),
        ("inond*", {b"inond*"}),
        ("Élysée", {b"elysee"}),
    ],
)
def test_plain_forms_expand(form: str, plain: set[bytes]) -> None:
    (frame,) = compile_form(form, {"er": "(x|y)"})
    assert frame.parts == (frozenset(plain),)


@pytest.mark.parametrize(
    "form", ["(a", "a)", "{x}", "[]", "a*b", "", "a & b & c", "...", "(a|b|c|d|e|f|g|h|i|j)" * 5, "{loop}"]
)
def test_broken_forms_are_refused(form: str) -> None:
    with pytest.raises(PatternError):
        compile_form(form, {"loop": "{loop}"})


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("explosé de rire", None, "explosion"),
        ("feu vert pour le chantier", None, "fire"),
        ("le feu d'artifice était superbe", None, "fire"),
        ("un séisme politique", None, "earthquake"),
        ("this song is fire", None, "fire"),
        ("a landslide victory", None, "landslide"),
        ("Boooooom, grosse explooosion rue du port", "explosion", None),
        ("#TremblementDeTerre ressenti", "earthquake", None),
        ("jcrois ya un accidennnt sur la rocade", "road_accident", None),
        ("les keufs partout dans ma rue", "open", None),
        ("voiture complètement retournée dans le fossé", "road_accident", None),
        ("overturned lorry on the slip road", "road_accident", None),
        ("somebody's been stabbed outside the pub", "attack", None),
        ("le plafond du gymnase est tombé", "collapse", None),
        ("scossa fortissima", "earthquake", None),
        ("el río se desbordó", "flood", None),
    ],
)
def test_what_the_packaged_lexicon_hears(
    packaged: Lexicon, text: str, wanted: str | None, unwanted: str | None
) -> None:
    heard = {
        hazard for hit in packaged.find(fold_aligned(text)) for hazard in hit.entry.hazards if hit.entry.strength > 0
    }
    assert wanted is None or wanted in heard
    assert unwanted not in heard


def test_hits_point_into_the_original_text(packaged: Lexicon) -> None:
    text = "😀 Gros SE\u0301ISME\u200b !!! #IncendieLyon"
    found = {text[hit.start : hit.end] for hit in packaged.find(fold_aligned(text))}
    assert "SE\u0301ISME\u200b" in found
    assert "Incendie" in found
