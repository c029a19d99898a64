"""Hazard distributions by hand, from entries made for the test."""

from __future__ import annotations

import pytest

from nlp.cues import CueBook
from nlp.fold import fold_aligned
from nlp.hazards import LEADING_FROM, consequences_of, distribution, leading, perceives_only, terms_of
from nlp.lexicon import Lexicon
from nlp.reading import read

LEXICON = """
lang = "fr"
[[entry]]
id = "fr.fire"
role = "hazard"
hazards = "fire"
strength = 0.8
forms = ["incendie"]
matches = ["incendie"]
[[entry]]
id = "fr.blast"
role = "hazard"
hazards = "explosion"
strength = 0.5
forms = ["explosion"]
matches = ["explosion"]
[[entry]]
id = "fr.boom"
role = "perception"
hazards = "open"
strength = 0.5
forms = ["boum"]
matches = ["boum"]
[[entry]]
id = "fr.smoke"
role = "perception"
hazards = {fire = 0.75, industrial = 0.25}
strength = 0.5
forms = ["fumée"]
matches = ["fumée"]
[[entry]]
id = "fr.injured"
role = "consequence"
consequence = "injured"
strength = 0.5
forms = ["blessé(s|)"]
matches = ["blessé"]
[[entry]]
id = "fr.crews"
role = "responder"
consequence = "responders"
strength = 0.3
forms = ["pompiers"]
matches = ["pompiers"]
"""
BOOK = CueBook.load()


@pytest.fixture(scope="module")
def lexicon(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lexicon")
    (folder / "fr").mkdir()
    (folder / "fr" / "terms.toml").write_text(LEXICON, encoding="utf-8")
    return Lexicon.load(folder)


def reading_of(lexicon, text):
    folded = fold_aligned(text)
    return read(text, folded, "fr", lexicon.find(folded), BOOK.find(folded, "fr"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("incendie", {"fire": 1.0}),
        # 0.8 against 0.5: 8/13 and 5/13.
        ("incendie puis explosion", {"fire": 0.6154, "explosion": 0.3846}),
        ("BOUM", {"open": 1.0}),
        # Smoke: perception says 0.8 of 0.5; 0.3 fire and 0.1 industrial, so 3/4 and 1/4.
        ("fumée", {"fire": 0.75, "industrial": 0.25}),
        # Open mass 0.4 shrinks by the surest hazard: 0.4 * (1 - 0.8) = 0.08 against 0.8.
        ("boum, incendie", {"fire": 0.9091, "open": 0.0909}),
        # A negated term keeps a tenth: 0.08 against 0.5.
        ("pas un incendie, une explosion", {"explosion": 0.8621, "fire": 0.1379}),
        ("blessé", {"open": 1.0}),
        ("rien", {"open": 1.0}),
    ],
)
def test_distribution_by_hand(lexicon, text, expected):
    found = distribution(reading_of(lexicon, text))
    assert found == pytest.approx(expected, abs=1e-4)
    assert sum(found.values()) == pytest.approx(1.0, abs=1e-9)


def test_terms_are_in_order_without_repeats_and_spans_index_the_text(lexicon):
    text = "Boum ! Énorme INCENDIE, fumée, boum"
    words, spans = terms_of(reading_of(lexicon, text))
    assert words == ("boum", "incendie", "fumee")
    assert [text[span.start : span.end] for span in spans] == ["Boum", "INCENDIE", "fumée", "boum"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("incendie, deux blessés, pompiers", ("injured", "responders")),
        ("incendie, aucun blessé", ()),
        ("incendie, pas de blessés", ()),
    ],
)
def test_negated_consequences_are_not_reported(lexicon, text, expected):
    assert consequences_of(reading_of(lexicon, text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("boum ???", True),
        ("boum, les pompiers arrivent", True),
        ("boum, un blessé", False),
        ("boum, incendie", False),
        ("rien", False),
    ],
)
def test_perception_only(lexicon, text, expected):
    reading = reading_of(lexicon, text)
    assert perceives_only(reading, consequences_of(reading)) is expected


def test_a_hazard_leads_only_with_its_share():
    assert leading({"fire": LEADING_FROM, "open": 1 - LEADING_FROM}) == "fire"
    assert leading({"fire": LEADING_FROM - 0.01, "storm": 0.2, "open": 0.21}) == "open"
    assert leading({"open": 1.0}) == leading({}) == "open"
