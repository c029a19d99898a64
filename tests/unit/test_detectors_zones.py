"""The zones of a mass event: against a slow twin, in any order, and through taking back, merging and a snapshot."""

from __future__ import annotations

import itertools

import msgspec
import pytest
from geopy.distance import great_circle
from hypothesis import given
from hypothesis import strategies as st
from mentions import mention
from towns import town as any_town

from detectors import Detector
from detectors.case import Case
from detectors.voices import voice_of
from detectors.zones import MOST_CALLED, MOST_ZONES, Called, note, take_over, unnote, zones_of
from tocsin.model import Admin, Incident, Mention, Place, Retraction
from tocsin.settings.detector import DetectorSettings

SETTINGS = DetectorSettings()


def town(name: str, lat: float, lon: float, commune: str | None = None) -> Place:
    return any_town(name, lat, lon, admin=Admin(region="52", departement="44", commune=commune))


NANTES, REZE = town("Nantes", 47.218, -1.554), town("Rezé", 47.19, -1.55)
CHOLET, LAVAL, ANCENIS = town("Cholet", 47.06, -0.879), town("Laval", 48.07, -0.77), town("Ancenis", 47.366, -1.176)


def called(*heard: tuple[Place, int]) -> dict[str, Called]:
    found: dict[str, Called] = {}
    number = itertools.count()
    for place, voices in heard:
        for _ in range(voices):
            n = next(number)
            note(found, voice_of(mention(n, n, place, consequences=("damage",)), n, SETTINGS), SETTINGS)
    return found


def storm_zones(found: dict[str, Called], centre: Place = NANTES, reach_km: float = 120.0) -> list[tuple[str, int]]:
    return [(zone.place, zone.voices) for zone in zones_of("storm", centre, reach_km, found, SETTINGS)]


def test_towns_apart_are_zones_and_neighbours_are_one() -> None:
    found = called((NANTES, 9), (REZE, 4), (CHOLET, 5), (LAVAL, 3))
    assert storm_zones(found) == [("Nantes", 13), ("Cholet", 5), ("Laval", 3)]


def test_a_zone_says_where_since_when_and_what_is_reported() -> None:
    nantes, cholet = zones_of("storm", NANTES, 120.0, called((NANTES, 9), (REZE, 4), (CHOLET, 5)), SETTINGS)
    assert (nantes.lat, nantes.lon, nantes.departement, nantes.consequences) == (47.218, -1.554, "44", {"damage": 13})
    away = great_circle((NANTES.lat, NANTES.lon), (REZE.lat, REZE.lon)).km
    assert nantes.radius_km == pytest.approx((away**2 + 4.0**2) ** 0.5, rel=1e-4)  # 9 of 13 are no nine tenths
    assert cholet.radius_km == 4.0
    assert nantes.first_at == mention(0, 0).event_at
    assert cholet.first_at == mention(0, 13).event_at


def test_few_voices_and_far_places_make_no_zone_and_one_zone_says_nothing() -> None:
    assert storm_zones(called((NANTES, 9), (CHOLET, 2))) == []
    assert storm_zones(called((NANTES, 9), (LAVAL, 5)), reach_km=60.0) == []
    assert storm_zones(called((NANTES, 9), (CHOLET, 3), (LAVAL, 2))) == [("Nantes", 9), ("Cholet", 3)]


def test_one_commune_is_one_zone_however_large() -> None:
    east, west = town("east", 47.2, -1.2, "44109"), town("west", 47.2, -1.6, "44109")
    assert storm_zones(called((east, 5), (west, 4), (LAVAL, 3))) == [("east", 9), ("Laval", 3)]


def test_a_narrow_hazard_has_no_zones() -> None:
    assert zones_of("fire", NANTES, 120.0, called((NANTES, 9), (CHOLET, 5)), SETTINGS) == ()


def test_a_place_that_is_hardly_meant_is_not_counted() -> None:
    unsure = msgspec.structs.replace(CHOLET, score=0.2)
    assert called((unsure, 5)) == {}


def test_limits() -> None:
    towns = [town(f"t{n:03d}", 40 + n * 0.3, 2.0) for n in range(40)]
    assert len(zones_of("earthquake", towns[20], 3_000.0, called(*((one, 3) for one in towns)), SETTINGS)) == MOST_ZONES
    many = [town(f"m{n:04d}", 40.0, 2 + n * 0.001) for n in range(MOST_CALLED + 5)]
    assert len(called(*((one, 1) for one in many))) == MOST_CALLED


def test_what_was_counted_can_be_taken_out_again_and_taken_over() -> None:
    voices = [voice_of(mention(n, n, place), n, SETTINGS) for n, place in enumerate([NANTES] * 3 + [CHOLET] * 4)]
    found: dict[str, Called] = {}
    for voice in voices:
        note(found, voice, SETTINGS)
    for voice in voices[1:5]:
        unnote(found, voice, SETTINGS)
    assert {key: one.voices for key, one in found.items()} == {"Nantes": 1, "Cholet": 2}
    take_over(found, called((CHOLET, 2), (LAVAL, 1)))
    assert {key: one.voices for key, one in found.items()} == {"Nantes": 1, "Cholet": 4, "Laval": 1}


placed = st.tuples(st.integers(0, 25), st.integers(0, 25), st.integers(1, 8))


def twin(heard: dict[str, tuple[Place, int]], spacing_km: float) -> set[tuple[str, int]]:
    """The zones by the words of the module: pick the most named of the rest, until nothing is left; then each goes to the nearest."""

    def apart(one: Place, other: Place) -> float:
        return round(great_circle((one.lat, one.lon), (other.lat, other.lon)).km, 3)

    rest = dict(heard)
    heads: list[Place] = []
    while rest:
        head = min(rest.values(), key=lambda pair: (-pair[1], pair[0].id))[0]
        heads.append(head)
        rest = {key: pair for key, pair in rest.items() if apart(pair[0], head) > spacing_km}
    counts = dict.fromkeys((head.id for head in heads), 0)
    for place, voices in heard.values():
        counts[min(heads, key=lambda head: (apart(place, head), heads.index(head))).id] += voices
    return {(key, voices) for key, voices in counts.items() if voices >= 3}


@given(st.lists(placed, min_size=1, max_size=12, unique_by=lambda one: one[:2]), st.randoms(use_true_random=False))
def test_they_are_those_of_a_slow_twin_whatever_the_order(spots: list[tuple[int, int, int]], shuffle: object) -> None:
    heard = {f"{y}-{x}": (town(f"{y}-{x}", 45 + y * 0.0601, 3 + x * 0.0907), voices) for y, x, voices in spots}
    expected = twin(heard, 15.0)
    for _ in range(2):
        found = set(storm_zones(called(*heard.values()), heard[next(iter(heard))][0], 1_000.0))
        assert found == (expected if len(expected) > 1 else set())
        items = list(heard.items())
        shuffle.shuffle(items)  # type: ignore[attr-defined]
        heard = dict(items)


# -- through the whole detector


def storm(count: int = 60) -> list[Mention]:
    """A storm over three towns: one voice each 20 s, in turn."""
    places = (NANTES, CHOLET, REZE, NANTES, ANCENIS)
    return [
        mention(n, 20 * n, places[n % 5], hazard="storm", consequences=("damage",), probability=0.85)
        for n in range(count)
    ]


def told(mentions: list[Mention], *others: Retraction) -> list[Incident]:
    detector = Detector()
    detector.feed([*mentions, *others])
    return detector.finish()


def test_a_storm_over_three_towns_is_one_incident_with_three_zones() -> None:
    revisions = told(storm())
    assert len({one.incident_id for one in revisions}) == 1
    last = revisions[-1]
    assert last.voices == 32  # it doubled; the next revision would come with 64
    assert [(zone.place, zone.voices) for zone in last.zones] == [("Nantes", 19), ("Cholet", 7), ("Ancenis", 6)]
    assert "told of in Nantes (19), Cholet (7), Ancenis (6)" in last.sentence


def test_a_new_town_is_a_revision_of_its_own_that_leaves_growth_and_surge_as_they_are() -> None:
    early = [mention(n, 20 * n, (NANTES, CHOLET)[n % 2], hazard="storm", probability=0.85) for n in range(40)]
    late = [mention(100 + n, 800 + 30 * n, ANCENIS, hazard="storm", probability=0.85) for n in range(4)]
    revisions = told([*early, *late])
    (found,) = [one for one in revisions if len(one.zones) == 3 and one.reason == "grown"]
    assert found.voices < 2 * 40  # nothing else had changed
    assert found.msg_type == "Update"


def test_deleted_posts_leave_their_zone() -> None:
    mentions = storm()
    gone = [m for m in mentions if m.places[0] is ANCENIS]
    later = [mention(200 + n, 1_300 + 10 * n, NANTES, hazard="storm", probability=0.85) for n in range(30)]
    at = mentions[-1].event_at + 60_000
    last = told([*mentions, *later], *(Retraction(post_id=m.post_id, at=at) for m in gone))[-1]
    assert last.voices == 64
    assert [(zone.place, zone.voices) for zone in last.zones] == [("Nantes", 52), ("Cholet", 12)]


def test_a_snapshot_anywhere_changes_nothing() -> None:
    mentions = storm()
    expected = told(mentions)
    for cut in (5, 21, 40):
        first = Detector()
        first.feed(mentions[:cut])
        before = first.advance(mentions[cut].event_at)
        second = Detector.restore(first.snapshot())
        second.feed(mentions[cut:])
        assert before + second.finish() == expected


def test_a_case_from_before_zones_is_read() -> None:
    new = {"called", "called_with", "zones", "said_zones"}
    assert new <= {one.name for one in msgspec.structs.fields(Case) if not one.required}
