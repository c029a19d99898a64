"""Voices that do not say which incident they are about are shared out by those that do."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from mentions import T0, mention

from detectors import Detector
from detectors.case import Case
from detectors.claims import owner_of
from detectors.incident import absorb
from detectors.place import Whereabouts
from detectors.voices import Voice
from tocsin.model import Admin, Incident, Mention, Place
from tocsin.settings.detector import DetectorSettings
from tocsin.time import MINUTE_MS

SETTINGS = DetectorSettings()


def city(name: str, lat: float, lon: float, country: str) -> Place:
    return Place(
        id=name, name=name, kind="town", lat=lat, lon=lon, uncertainty_km=8.0, country=country, population=500_000,
        admin=Admin(region=f"{country}-{name}"), score=0.9,
    )  # fmt: skip


def country_of(place: Place) -> Place:
    return Place(
        id=f"c:{place.country}", name=place.country, kind="country", lat=place.lat, lon=place.lon, uncertainty_km=400.0,
        country=place.country, score=0.9,
    )  # fmt: skip


CALI = city("Cali", 3.43, -76.52, "CO")
QUITO = city("Quito", -0.22, -78.51, "EC")  # 460 km from Cali


def case(place: Place, hazard: str = "earthquake") -> Case:
    return Case(
        incident_id=f"i-{place.name}", hazard=hazard, where=Whereabouts((place,), (1.0,), 0, 1.0, 160.0),
        masses={hazard: 1.0}, raised_at=T0, first_voice_at=T0, last_voice_at=T0, nats=12.0, threshold=10.0, expected=0.0,
        window_ms=60_000, budget_mins=1.0, warm=False,
    )  # fmt: skip


def voice(number: int, at: int, *places: Place, hazard: str = "earthquake", lang: str = "") -> Voice:
    return Voice(
        number=number, post_id=f"p{number}", author=f"a{number}", source="s", at=at, lang=lang, hazards={hazard: 1.0},
        main=hazard, probability=0.6, weight=1.0, places=places,
    )  # fmt: skip


def shared_out(cases: list[Case], count: int, at: int = T0) -> Counter[str]:
    """Hear so many voices without a place at one instant, each absorbed by the case that owns it."""
    given: Counter[str] = Counter()
    for number in range(10_000, 10_000 + count):
        one = voice(number, at)
        owner = owner_of(one, cases, SETTINGS)
        assert owner is not None
        absorb(owner, one, SETTINGS)
        given[owner.incident_id] += 1
    return given


def test_what_names_no_place_is_shared_in_proportion_to_what_does() -> None:
    small, large = case(CALI), case(QUITO)
    for number in range(10):
        absorb(small, voice(number, T0, CALI), SETTINGS)
    for number in range(100, 130):
        absorb(large, voice(number, T0, QUITO), SETTINGS)
    given = shared_out([small, large], 200)
    assert given == {"i-Cali": 50, "i-Quito": 150}  # 10 to 30


def test_an_incident_does_not_draw_more_for_what_it_drew() -> None:
    """A hundred voices without a place an incident has from before: the next go by the placed ones all the same."""
    small, large = case(CALI), case(QUITO)
    for number in range(5):
        absorb(small, voice(number, T0, CALI), SETTINGS)
    shared_out([small], 100)
    for number in range(100, 110):
        absorb(large, voice(number, T0 + MINUTE_MS, QUITO), SETTINGS)
    given = shared_out([small, large], 100, T0 + MINUTE_MS)
    assert given["i-Quito"] == 100  # until each has 10 times as many as it is due


@pytest.mark.parametrize(("later_mins", "to_small"), [(0, 80), (30, 16)])
def test_placed_voices_of_long_ago_weigh_less(later_mins: int, to_small: int) -> None:
    small, large = case(CALI), case(QUITO)
    later = T0 + later_mins * MINUTE_MS
    for number in range(40):
        absorb(small, voice(number, T0, CALI), SETTINGS)
    for number in range(100, 110):
        absorb(large, voice(number, later, QUITO), SETTINGS)
    assert (
        shared_out([small, large], 100, later)["i-Cali"] == to_small
    )  # 40 to 10; 40 / e³ = 2 to 10, rounded for the larger


def test_the_hazard_it_names_counts_before_its_kin() -> None:
    blast, blaze = case(CALI, "explosion"), case(QUITO, "fire")
    absorb(blast, voice(1, T0, CALI, hazard="explosion"), SETTINGS)
    absorb(blaze, voice(2, T0, QUITO, hazard="fire"), SETTINGS)
    assert owner_of(voice(3, T0, hazard="fire"), [blast, blaze], SETTINGS) is blaze
    assert owner_of(voice(4, T0, hazard="explosion"), [blast, blaze], SETTINGS) is blast


def test_a_country_goes_to_the_incident_in_it_and_not_to_the_neighbours() -> None:
    near, within = case(CALI), case(QUITO)
    for number in range(30):
        absorb(near, voice(number, T0, CALI), SETTINGS)
    assert owner_of(voice(100, T0, country_of(QUITO)), [near, within], SETTINGS) is within
    assert owner_of(voice(101, T0, country_of(QUITO)), [near], SETTINGS) is near  # felt across the border


def two_quakes() -> list[Mention]:
    """A small one at Cali, forty minutes later a great one at Quito: of each a third names its city; at the end a stray, when both are closed."""
    small = [mention(n, 30 * n, *([CALI] if n % 3 == 0 else []), hazard="earthquake") for n in range(24)]
    great = [mention(1_000 + n, 2_400 + n, *([QUITO] if n % 3 == 0 else []), hazard="earthquake") for n in range(600)]
    return [*small, *great, mention(5_000, 8 * 3_600, hazard="fire")]


def test_a_great_quake_is_not_counted_to_the_small_one_of_before() -> None:
    detector = Detector()
    detector.feed(two_quakes())
    last: dict[str, Incident] = {one.place: one for one in detector.finish()}
    assert {place: one.state for place, one in last.items()} == {"Cali": "closed", "Quito": "closed"}
    assert 24 <= last["Cali"].voices < 60  # its own, and its share
    assert last["Quito"].voices + last["Cali"].voices == 624


def test_who_goes_where_is_the_same_in_any_order_and_across_a_snapshot() -> None:
    whole, broken = Detector(), Detector()
    whole.feed(two_quakes())
    expected = whole.finish()
    mixed = two_quakes()
    random.Random(3).shuffle(mixed)
    broken.feed(mixed)
    told = broken.advance(T0 + 45 * MINUTE_MS)
    told += Detector.restore(broken.snapshot()).finish()
    assert told == expected
    assert len(expected) > 10
