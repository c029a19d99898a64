"""Voices that name no place are measured against those who speak as they do."""

from __future__ import annotations

import msgspec
import pytest
from mentions import mention
from towns import town

from detectors import Detector
from detectors.baseline import Baseline, History, quantile_factor
from detectors.voices import Voice
from tocsin.model import Incident
from tocsin.settings.detector import DetectorSettings
from tocsin.time import MINUTE_MS

TOWN = town("Town", 47.7, 11.2, 12_000, uncertainty_km=2.0)
ENGLISH, GERMAN = 380, 0
SHRINK = 20


def voice(number: int, lang: str, at: int = 0) -> Voice:
    return Voice(
        number=number, post_id=f"p{number}", author=f"a{number}", source="s", lang=lang, at=at, hazards={"fire": 1.0},
        main="fire", probability=0.5, weight=1.0,
    )  # fmt: skip


def learnt(english: int, german: int) -> Baseline:
    base = Baseline(DetectorSettings())
    for minute in range(600):
        base.expose(minute * MINUTE_MS, 20, 1.0)
    for n in range(english + german):
        base.learn(voice(n, "en" if n < english else "de"))
    base.turn(12 * 60 * MINUTE_MS)
    return base


def test_a_language_has_its_part_of_what_names_no_place() -> None:
    base = learnt(english=90, german=10)
    of_all = base.unlocated_rate("fire") / quantile_factor(101.0, 0.8416)
    part = (10 + SHRINK) / (100 + SHRINK)
    expected = of_all * part * quantile_factor(1.0 + 100 * part, 0.8416)
    assert base.unlocated_rate("fire", "de") == pytest.approx(expected, rel=0.01)
    assert base.unlocated_rate("fire", "de") < base.unlocated_rate("fire", "en") < base.unlocated_rate("fire")


def test_until_many_were_heard_every_language_is_measured_against_all() -> None:
    base = Baseline(DetectorSettings())
    assert base.unlocated_rate("fire", "de") == base.unlocated_rate("fire")


def test_a_history_of_before_knows_no_languages_and_none_is_rare_in_it() -> None:
    old = learnt(english=380, german=20)
    for lang in ("", "en", "de"):
        old.history.voices.pop(f"-:{lang}", None)
    old.turn(12 * 60 * MINUTE_MS)
    assert old.unlocated_rate("fire", "de") == old.unlocated_rate("fire", "en") == old.unlocated_rate("fire")


def test_a_song_that_fills_one_language_fills_no_other() -> None:
    base = learnt(english=90, german=90)
    calm = base.unlocated_rate("fire", "de")
    now = 12 * 60 * MINUTE_MS
    for n in range(600):
        base.hear_unlocated(voice(n, "en", at=now + n))
    base.turn(now + 10 * MINUTE_MS)
    assert base.unlocated_rate("fire", "en") > 5 * calm
    assert base.unlocated_rate("fire", "de") == pytest.approx(calm, rel=0.05)


def raised(lang: str, history: History) -> list[Incident]:
    """Hear one who names the town, and four who do not, in one language."""
    detector = Detector(
        DetectorSettings(min_placed_voices=1), history=msgspec.convert(msgspec.to_builtins(history), History)
    )
    places = [(TOWN,), (), (), (), ()]
    detector.feed([mention(n, 100 * n, *told, lang=lang, probability=0.7) for n, told in enumerate(places)])
    return [incident for incident in detector.finish() if incident.reason == "raised"]


def test_those_who_speak_as_few_do_are_heard_among_the_many_who_do_not() -> None:
    history = learnt(ENGLISH, GERMAN).history
    history.ended_at = 12 * 60 * MINUTE_MS
    assert raised("en", history) == []
    (incident,) = raised("de", history)
    assert incident.place == TOWN.name
