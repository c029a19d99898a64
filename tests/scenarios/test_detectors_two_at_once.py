"""Two events at once, or one after the other at one place: each is told of by itself; and one event over many towns is one."""

from __future__ import annotations

import itertools

import pytest
from mentions import T0, mention
from towns import BREST, RENNES, town

from detectors import Detector
from tocsin.model import Incident, Mention, Place

HOUR, DAY = 3_600, 86_400


PLOUGASTEL = town("Plougastel-Daoulas", 48.373, -4.37, 13_000, code="29189", uncertainty_km=3.0)  # 8.8 km from Brest
GUIPAVAS = town(
    "Guipavas", 48.434, -4.40, 15_000, code="29075", uncertainty_km=3.0
)  # 8 km from Brest and from Plougastel
QUIMPER = town("Quimper", 47.996, -4.098, 63_000, code="29232")  # 52 km from Brest
_made = itertools.count()


def told(
    place: Place | None, hazard: str, start: float, count: int = 8, step: float = 25, **other: object
) -> list[Mention]:
    """So many first-hand voices of a hazard at a place, one every ``step`` seconds."""
    places = () if place is None else (place,)
    fields = {"probability": 0.75, "consequences": ("injured",)} | other
    return [
        mention(next(_made), start + step * n, *places, hazard=hazard, **fields)  # type: ignore[arg-type]
        for n in range(count)
    ]


def run(*streams: list[Mention]) -> list[Incident]:
    detector = Detector()
    detector.feed([one for stream in streams for one in stream])
    return detector.finish()


def alerts(revisions: list[Incident]) -> list[tuple[str, str]]:
    """Hazard and place of what was raised, at the last revision before it fell silent."""
    last: dict[str, Incident] = {}
    for one in revisions:
        if one.state == "open":
            last[one.incident_id] = one
    cancelled = {one.incident_id for one in revisions if one.msg_type == "Cancel"}
    return sorted((one.hazard, one.place) for one in last.values() if one.incident_id not in cancelled)


def test_the_same_hazard_in_different_towns_in_the_same_minutes() -> None:
    assert alerts(run(told(BREST, "fire", 0), told(RENNES, "fire", 10))) == [("fire", "Brest"), ("fire", "Rennes")]


@pytest.mark.parametrize("gap_mins", [0, 5, 20, 50])
def test_eight_km_apart_with_different_hazards_in_the_same_hour(gap_mins: int) -> None:
    found = alerts(run(told(BREST, "rail_accident", 0), told(PLOUGASTEL, "flood", 60 * gap_mins)))
    assert found == [("flood", "Plougastel-Daoulas"), ("rail_accident", "Brest")]


@pytest.mark.parametrize("gap_mins", [0, 2, 5, 20, 50])
@pytest.mark.parametrize("kin", [("road_accident", "fire"), ("fire", "road_accident"), ("attack", "fire")])
def test_eight_km_apart_with_kindred_hazards_in_the_same_hour(kin: tuple[str, str], gap_mins: int) -> None:
    found = alerts(run(told(PLOUGASTEL, kin[0], 0), told(GUIPAVAS, kin[1], 60 * gap_mins)))
    assert found == sorted([(kin[1], "Guipavas"), (kin[0], "Plougastel-Daoulas")])


def test_three_witnesses_each_of_two_kindred_events_are_enough() -> None:
    found = alerts(run(told(PLOUGASTEL, "road_accident", 0, 3), told(GUIPAVAS, "fire", 10, 3)))
    assert found == [("fire", "Guipavas"), ("road_accident", "Plougastel-Daoulas")]


def test_one_event_told_under_two_names_is_one() -> None:
    assert alerts(run(told(BREST, "road_accident", 0), told(BREST, "fire", 5))) in (
        [("fire", "Brest")],
        [("road_accident", "Brest")],
    )


def test_one_who_names_another_town_and_another_hazard_makes_no_second_event() -> None:
    found = alerts(run(told(PLOUGASTEL, "road_accident", 0), told(GUIPAVAS, "fire", 40, 1)))
    assert found == [("road_accident", "Plougastel-Daoulas")]


def test_voices_without_a_place_go_to_the_event_of_their_hazard() -> None:
    talk = [one for n in range(6) for one in told(None, "flood", 30 + 40 * n, 1)]
    revisions = run(told(BREST, "rail_accident", 0, 10), told(PLOUGASTEL, "flood", 60, 10), talk)
    assert alerts(revisions) == [("flood", "Plougastel-Daoulas"), ("rail_accident", "Brest")]
    rail = [one for one in revisions if one.hazard == "rail_accident"][-1]
    assert rail.hazards == {"rail_accident": 1.0}


def test_the_same_town_three_days_later() -> None:
    revisions = run(told(BREST, "fire", 0), told(BREST, "fire", 3 * DAY))
    raised = [one for one in revisions if one.reason == "raised"]
    assert [(one.hazard, one.place) for one in raised] == [("fire", "Brest")] * 2
    assert raised[0].incident_id != raised[1].incident_id
    assert raised[1].first_voice_at >= T0 + 3 * DAY * 1_000
    assert raised[1].voices <= 8  # none of the first fire


def raised_in(revisions: list[Incident]) -> list[tuple[str, str]]:
    return [(one.hazard, one.place) for one in revisions if one.reason == "raised"]


@pytest.mark.parametrize("second", ["fire", "explosion"])
def test_after_an_hour_of_silence_the_same_town_has_another_event(second: str) -> None:
    revisions = run(told(BREST, "fire", 0), told(BREST, second, 2 * HOUR))
    assert raised_in(revisions) == [("fire", "Brest"), (second, "Brest")]
    first, later = (one for one in revisions if one.reason == "raised")
    assert later.first_voice_at >= T0 + 2 * HOUR * 1_000
    assert later.raised_at - T0 - 2 * HOUR * 1_000 <= 4 * 60_000
    assert all(one.reason != "merged" for one in revisions)
    assert [one.voices for one in revisions if one.incident_id == first.incident_id][-1] <= 8  # it gave the others up


def test_voices_without_a_place_are_not_of_an_incident_that_fell_silent() -> None:
    later = [*told(BREST, "fire", 2 * HOUR, 4), *told(None, "fire", 2 * HOUR + 10, 4)]
    last = {one.incident_id: one for one in run(told(BREST, "fire", 0), sorted(later, key=lambda one: one.event_at))}
    assert sorted(one.voices for one in last.values()) == [8, 8]


def test_an_event_that_is_talked_of_without_a_pause_is_one() -> None:
    revisions = run(told(BREST, "fire", 0), told(BREST, "fire", 600, 6, 1_500), told(BREST, "fire", 3 * HOUR, 6, 60))
    assert raised_in(revisions) == [("fire", "Brest")]


def test_the_last_word_on_an_incident_that_fell_silent_is_still_of_it() -> None:
    elsewhere = told(RENNES, "fire", 12 * HOUR, 1)  # time goes on
    revisions = run(told(BREST, "fire", 0), told(BREST, "fire", 2 * HOUR, 1), elsewhere)
    assert raised_in(revisions) == [("fire", "Brest")]
    assert (revisions[-1].reason, revisions[-1].voices) == ("closed", 9)


def test_a_true_accident_during_a_match() -> None:
    crowd = told(BREST, "explosion", 0, 6, 40, modality="sport", witness="unknown", probability=0.1, consequences=())
    accident = told(BREST, "collapse", 120, 7, 30, consequences=("injured", "trapped"), probability=0.85)
    later = told(BREST, "explosion", 330, 6, 40, modality="sport", witness="unknown", probability=0.1, consequences=())
    assert alerts(run(crowd, accident, later)) == [("collapse", "Brest")]
    assert alerts(run(crowd, later)) == []


def storm() -> list[Mention]:
    """An hour of a storm over Finistère: it reaches Quimper after Brest."""
    return [
        *told(BREST, "storm", 0, 24, 120, consequences=("damage",)),
        *told(PLOUGASTEL, "storm", 60, 10, 240, consequences=("blocked",)),
        *told(QUIMPER, "storm", 1_200, 12, 150, consequences=("damage",)),
    ]


def test_a_mass_event_is_one_incident_with_its_towns_as_zones() -> None:
    revisions = run(storm())
    assert len({one.incident_id for one in revisions}) == 1
    last = [one for one in revisions if one.zones][-1]
    # Plougastel lies within 15 km of Brest: one zone.
    assert [zone.place for zone in last.zones] == ["Brest", "Quimper"]
    assert sum(zone.voices for zone in last.zones) == last.voices
    assert last.zones[0].consequences.keys() == {"damage", "blocked"}
    quimper = next(one for one in revisions if any(zone.place == "Quimper" for zone in one.zones))
    assert quimper.updated_at - (T0 + 1_200_000) <= 6 * 60_000  # three voices, 150 s apart, and a pane


def test_an_accident_within_a_mass_event_is_an_incident_of_its_own() -> None:
    accident = told(QUIMPER, "rail_accident", 2_400, 9, 20, consequences=("injured", "trapped"), probability=0.9)
    found = alerts(run(storm(), accident))
    assert ("rail_accident", "Quimper") in found
    assert sum(hazard == "storm" for hazard, _ in found) == 1
