"""Scenarios drawn at random: one seed, one scenario."""

from __future__ import annotations

import math
from random import Random
from typing import Final

from tocsin.model import HAZARDS, Hazard
from tocsin.simulation.scenario import (
    DECOY_KINDS,
    Background,
    Curve,
    DecoyPlan,
    Faults,
    IncidentPlan,
    Places,
    Scenario,
)
from tocsin.simulation.world import Town, distance_km, towns

QUIET_START_SECS: Final = 1_200.0
"""Nothing happens in the first twenty minutes (or the first tenth of a short stream)."""
LAST_SHARE: Final = 0.85
"""Events start within this part of the stream, so that their posts fit in."""
APART_KM: Final = 120.0
APART_SECS: Final = 4 * 3_600.0
"""Two bursts are at least so far apart, in space or in time: else nobody could say which is which."""
TRIES: Final = 200
_FELT_FACTOR: Final[dict[str, float]] = {"earthquake": 6.0, "storm": 2.0, "flood": 1.5, "explosion": 1.3, "attack": 1.3}
"""How many more people meet it than a fire in one house."""
_SLOW: Final = frozenset({"flood", "rescue", "industrial", "landslide"})


def witnesses_of(hazard: Hazard, town: Town, draw: float) -> int:
    """Give a plausible number of first-hand posts: more in large towns, log-uniform over a factor of six (``draw`` in [0, 1))."""
    size: float = 6.0 + 7.0 * max(0.0, math.log(town.population / 8_000.0))
    return max(6, round(size * _FELT_FACTOR.get(hazard, 1.0) * math.exp(math.log(6.0) * (draw - 0.5))))


def curve_of(hazard: Hazard, rng: Random) -> Curve:
    """Give a plausible rate curve: quakes and blasts are told within seconds, floods over an hour."""
    if hazard in {"earthquake", "explosion"}:
        return Curve(onset_secs=8 + 15 * rng.random(), growth_secs=50 + 60 * rng.random(), decay_secs=900.0)
    slow = 2.5 if hazard in _SLOW else 1.0
    return Curve(
        onset_secs=20 + 60 * rng.random(),
        growth_secs=slow * (120 + 240 * rng.random()),
        decay_secs=slow * (1_200 + 1_200 * rng.random()),
    )


def drawn(  # noqa: PLR0913  # the knobs of the command line
    *,
    seed: int,
    hours: float = 3.0,
    rate_per_min: float = 60.0,
    incidents: int = 6,
    decoys: int = 2,
    start: str = "2026-06-01T06:00:00Z",
    country: str | None = None,
    faults: Faults | None = None,
) -> Scenario:
    """Draw a scenario: hazards in turn, towns and times apart from each other.

    Args:
        seed: the same seed and numbers give the same scenario.
        hours: length of the stream.
        rate_per_min: mean rate of the background.
        incidents: number of real emergencies; fewer if no room is left for more (they are kept apart in space or time).
        decoys: number of bursts that look like one.
        start: first instant, ISO 8601.
        country: only towns of this country (ISO 3166-1 alpha-2), or of all.
        faults: what goes wrong; the ordinary share when left out.
    """
    rng = Random(f"tocsin simulation {seed}")  # noqa: S311  # seeded: the same scenario must give the same bytes
    pool = [town for town in towns() if country is None or town.country == country]
    taken: list[tuple[Town, float]] = []
    length = hours * 3_600.0
    first = min(QUIET_START_SECS, length / 10)

    def place() -> tuple[Town, float] | None:
        for _ in range(TRIES):
            town = pool[int(rng.random() * len(pool))]
            after = round(first + rng.random() * (length * LAST_SHARE - first), 1)
            if all(
                distance_km(town.lat, town.lon, other.lat, other.lon) >= APART_KM or abs(after - at) >= APART_SECS
                for other, at in taken
            ):
                taken.append((town, after))
                return town, after
        return None

    real: list[IncidentPlan] = []
    hazards = list(HAZARDS)
    rng.shuffle(hazards)
    for number in range(incidents):
        found = place()
        if found is None:
            break
        town, after = found
        hazard = hazards[number % len(hazards)]
        wide = hazard == "earthquake"
        inside = not wide and rng.random() < 0.7
        quarter = town.quarters[int(rng.random() * len(town.quarters))][0] if inside else None
        real.append(
            IncidentPlan(
                name=f"{hazard}-{_slug(town.name)}-{number + 1}",
                hazard=hazard,
                town=town.name,
                quarter=quarter,
                after_secs=after,
                witnesses=witnesses_of(hazard, town, rng.random()),
                curve=curve_of(hazard, rng),
                places=Places(quarter=0.02, street=0.02, near=0.22) if wide else Places(),
                bots=int(12 * rng.random()) if rng.random() < 0.2 else 0,
            )
        )
    unreal: list[DecoyPlan] = []
    kinds = list(DECOY_KINDS)
    rng.shuffle(kinds)
    for number in range(decoys):
        found = place()
        if found is None:
            break
        town, after = found
        kind = kinds[number % len(kinds)]
        unreal.append(
            DecoyPlan(
                name=f"decoy-{kind}-{_slug(town.name)}-{number + 1}",
                kind=kind,
                hazard=HAZARDS[int(rng.random() * len(HAZARDS))],
                town=town.name,
                after_secs=after,
                posts=12 + int(30 * rng.random()),
                lasts_secs=round(900 + 3_600 * rng.random()),
                bots=30 if kind == "advert" else 0,
            )
        )
    return Scenario(
        name=f"simulated-{seed}",
        start=start,
        hours=hours,
        seed=seed,
        background=Background(rate_per_min=rate_per_min, share_fr=1.0 if country == "FR" else 0.7),
        faults=faults if faults is not None else Faults(),
        incidents=tuple(real),
        decoys=tuple(unreal),
    )


def _slug(name: str) -> str:
    return "".join(ch if ch.isalnum() else "-" for ch in name.lower())
