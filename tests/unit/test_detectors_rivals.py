"""Who tells of another event nearby is not counted for this one."""

from __future__ import annotations

import random

import pytest

from detectors.geometry import distance_km
from detectors.hazards import support
from detectors.rivals import without_rivals
from detectors.voices import Voice, main_hazard
from tocsin.model import HAZARDS, OPEN, Place, PlaceKind

SPREAD_KM = 3.0
KINDS: list[PlaceKind] = ["town", "quarter", "region"]


def place(name: str, km_north: float, kind: PlaceKind = "town", uncertainty_km: float = 3.0) -> Place:
    return Place(
        id=name, name=name, kind=kind, lat=48.0 + km_north / 111.2, lon=-4.4, uncertainty_km=uncertainty_km, country="FR",
        score=0.8,
    )  # fmt: skip


HERE, NEXT, THERE = place("Here", 0), place("Next", 2.5), place("There", 8)
REGION = place("Region", 50, "region", 100)


def voice(number: int, *places: Place, hazards: dict[str, float], perception_only: bool = False) -> Voice:
    return Voice(
        number=number, post_id=f"p{number}", author=f"a{number}", source="s", at=number, hazards=hazards,
        main=main_hazard(hazards), probability=0.6, weight=1.0, places=places, perception_only=perception_only,
    )  # fmt: skip


ACCIDENT = {"road_accident": 1.0}
FIRE = {"fire": 1.0}


@pytest.mark.parametrize(
    ("other", "stays"),
    [
        (voice(9, THERE, hazards=FIRE), False),
        (voice(9, HERE, hazards=FIRE), True),  # the car burns
        (voice(9, NEXT, hazards=FIRE), True),  # no farther than the towns are vague
        (voice(9, HERE, THERE, hazards=FIRE), True),  # may mean either
        (voice(9, THERE, hazards=ACCIDENT), True),  # an opinion of where it is
        (voice(9, THERE, hazards={"rail_accident": 1.0}), True),  # near kin
        (voice(9, THERE, hazards={OPEN: 1.0}), True),
        (voice(9, THERE, hazards=FIRE, perception_only=True), True),  # smoke is of anything
        (voice(9, hazards=FIRE), True),
        (voice(9, REGION, hazards=FIRE), True),
        (voice(9, THERE, hazards={"fire": 0.6, "road_accident": 0.4}), True),  # 0.4 + 0.6 * 0.25
    ],
)
def test_a_rival_names_another_hazard_at_another_place(other: Voice, *, stays: bool) -> None:
    told = [voice(n, HERE, hazards=ACCIDENT) for n in range(3)]
    kept = without_rivals([*told, other], "road_accident", SPREAD_KM)
    assert kept == ([*told, other] if stays else told)


def test_each_of_two_events_has_the_other_for_its_rival() -> None:
    here = [voice(n, HERE, hazards=ACCIDENT) for n in range(3)]
    there = [voice(10 + n, THERE, hazards=FIRE) for n in range(3)]
    assert without_rivals([*here, *there], "road_accident", SPREAD_KM) == here
    assert without_rivals([*here, *there], "fire", SPREAD_KM) == there


def test_a_wide_hazard_has_no_rival_so_near() -> None:
    told = [voice(1, HERE, hazards={"earthquake": 1.0}), voice(2, THERE, hazards={"flood": 1.0})]
    assert without_rivals(told, "earthquake", 80.0) == told


@pytest.mark.parametrize("seed", range(12))
def test_rivals_are_those_of_the_definition(seed: int) -> None:
    rng = random.Random(seed)
    voices = []
    for number in range(30):
        named: list[str] = rng.sample(HAZARDS, rng.choice([1, 2]))
        share = rng.choice([0.5, 0.8])
        hazards = dict(zip(named, [share, 1 - share] if len(named) == 2 else [1.0], strict=True))
        places = [
            place(
                f"{number}-{n}",
                rng.uniform(0, 150),
                rng.choice(["town", "quarter", "region"]),
                rng.choice([1.0, 4.0, 9.0]),
            )
            for n in range(rng.choice([0, 1, 1, 2]))
        ]
        voices.append(voice(number, *places, hazards=hazards, perception_only=rng.random() < 0.1))
    hazard = rng.choice(["fire", "explosion", "road_accident", "flood"])
    kept = {one.number for one in without_rivals(voices, hazard, SPREAD_KM)}
    removed = 0
    for one in voices:
        kin = [v for v in voices if v.perception_only or v.main == OPEN or support(v.hazards, hazard) >= 0.45]
        near = [
            (a, b) for a in one.places for v in kin for b in v.places
            if a.kind != "region" and b.kind != "region"
            and distance_km(a.lat, a.lon, b.lat, b.lon) <= max(SPREAD_KM, a.uncertainty_km, b.uncertainty_km)
        ]  # fmt: skip
        rival = one not in kin and any(a.kind != "region" for a in one.places) and not near
        assert (one.number in kept) is not rival
        removed += rival
    assert removed
