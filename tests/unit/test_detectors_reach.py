"""Which incident claims a voice: found by place as by asking every incident."""

from __future__ import annotations

import random

import pytest

from detectors.case import Case
from detectors.claims import owner_of
from detectors.explain import ordinary
from detectors.place import Whereabouts
from detectors.reach import Reach
from detectors.voices import Voice
from tocsin.model import HAZARDS, Admin, Place
from tocsin.settings.detector import DetectorSettings

SETTINGS = DetectorSettings()


def somewhere(rng: random.Random, name: str, kind: str = "town") -> Place:
    country = rng.choice(["FR", "US"])
    region = f"{country}{rng.randrange(3)}"
    return Place(
        id=name,
        name=name,
        kind=kind,  # type: ignore[arg-type]
        lat=rng.uniform(40, 50),
        lon=rng.choice([rng.uniform(-3, 8), rng.uniform(178, 180), rng.uniform(-180, -178)]),
        uncertainty_km=rng.choice([0.5, 5.0, 30.0, 90.0, 300.0]),
        country=country,
        admin=Admin(region=region, departement=f"{region}{rng.randrange(3)}"),
        score=rng.uniform(0.1, 0.9),
    )


def case(rng: random.Random, number: int) -> Case:
    place, hazard = somewhere(rng, f"c{number}"), rng.choice(HAZARDS)
    return Case(
        incident_id=f"i{number:03d}",
        hazard=hazard,
        state=rng.choice(["open", "quiet", "closed", "explained"]),
        where=Whereabouts((place,), (1.0,), 0, 1.0, rng.choice([2.0, 20.0, 160.0])),
        masses={hazard: 1.0, "open": 0.5},
        raised_at=0,
        first_voice_at=0,
        last_voice_at=rng.randrange(4_000_000),
        nats=12.0,
        threshold=10.0,
        expected=0.0,
        window_ms=60_000,
        budget_mins=1.0,
        warm=False,
    )


@pytest.mark.parametrize("seed", range(8))
def test_the_owner_is_the_one_that_asking_all_incidents_finds(seed: int) -> None:
    rng = random.Random(seed)
    cases = [case(rng, number) for number in range(40)]
    reach = Reach(cases, SETTINGS)
    owned = fewer = 0
    for number in range(400):
        kinds = rng.choice([[], ["town"], ["town", "quarter"], ["departement"], ["town", "region"], ["country"]])
        places = tuple(somewhere(rng, f"v{number}{n}", kind) for n, kind in enumerate(kinds))
        hazard = rng.choice(HAZARDS)
        voice = Voice(
            number=number, post_id="p", author="a", source="s", at=rng.randrange(4_000_000), hazards={hazard: 1.0},
            main=hazard, probability=0.5, weight=1.0, places=places,
        )  # fmt: skip
        asked = reach.may_claim(voice)
        expected = owner_of(voice, cases, SETTINGS)
        assert owner_of(voice, asked, SETTINGS) is expected
        owned += expected is not None
        fewer += len(asked) < len(cases) / 4
    assert owned > 20
    assert fewer > 20


@pytest.mark.parametrize(
    ("expected", "window_ms", "words"),
    [
        (0.0, 60_000, "ordinarily none"),
        (1e-9, 3_600_000, "ordinarily less than one in 10 years"),
        (1 / 48, 3_600_000, "ordinarily one in 2 days"),
        (1.4, 600_000, "ordinarily one in 7 min"),
        (24.6, 600_000, "ordinarily 25 in 10 min"),
    ],
)
def test_the_sentence_says_how_often_such_a_thing_is_told(expected: float, window_ms: int, words: str) -> None:
    assert ordinary(expected, window_ms) == words
