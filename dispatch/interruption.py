"""The budget of interruptions: three an hour and centre ring; the rest is told in a digest.

A hazard, or a zone, that has not rung within the hour always rings: the budget is against the tenth notice of one thing, never against a
second emergency. New zones of one mass event, however far apart, ring within ``ZONES_AN_HOUR``. Exercises have a budget of their own, so
that they never use up that of real events.
"""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt
from typing import Final

import msgspec

from tocsin.time import HOUR_MS

EARTH_RADIUS_KM: Final = 6_371.0
ZONES_AN_HOUR: Final = 2
"""Interruptions within an hour that one incident may make of one centre for new zones of it alone."""
MOST_REMEMBERED: Final = 256
"""Interruptions remembered of one centre; beyond them the oldest is forgotten, which can only make it ring once more."""


class Rung(msgspec.Struct, frozen=True, array_like=True):
    """An interruption that was made."""

    at: int
    hazard: str
    lat: float
    lon: float


class Ringing(msgspec.Struct, frozen=True):
    """Whether a notice rings, and why, for a person."""

    rings: bool
    why: str


def decide(  # noqa: PLR0913 - the budget and what is measured against it
    rung: list[Rung], at: int, hazard: str, lat: float, lon: float, *, an_hour: int, distant_km: float
) -> Ringing:
    """Tell whether a notice may interrupt, and remember it in ``rung`` if it does; what is older than an hour is dropped from there.

    Args:
        rung: the interruptions of one centre (and one lane: real, exercise), oldest first.
        at: when.
        hazard: of the notice.
        lat: of its zone.
        lon: of its zone.
        an_hour: how many interruptions the centre accepts within an hour.
        distant_km: from this distance on a zone is another one.

    >>> rung: list[Rung] = []
    >>> [decide(rung, minute * 60_000, "fire", 47.2, -1.5, an_hour=3, distant_km=20.0).rings for minute in range(5)]
    [True, True, True, False, False]
    >>> decide(rung, 300_000, "flood", 47.2, -1.5, an_hour=3, distant_km=20.0).why
    'a hazard that has not rung within the hour'
    """
    rung[:] = [past for past in rung if past.at > at - HOUR_MS][-MOST_REMEMBERED:]
    if len(rung) < an_hour:
        answer = Ringing(rings=True, why=f"{len(rung) + 1} of {an_hour} within the hour")
    elif all(past.hazard != hazard for past in rung):
        answer = Ringing(rings=True, why="a hazard that has not rung within the hour")
    elif all(distance_km(past.lat, past.lon, lat, lon) >= distant_km for past in rung):
        answer = Ringing(rings=True, why=f"a zone {distant_km:.0f} km or more from all that rang within the hour")
    else:
        answer = Ringing(rings=False, why=f"{an_hour} have rung within the hour: told in the digest")
    if answer.rings:
        rung.append(Rung(at, hazard, lat, lon))
    return answer


def zone_may_ring(rang_at: list[int], at: int) -> bool:
    """Tell whether a new zone of a mass event may interrupt once more; what is older than an hour is dropped from ``rang_at``.

    >>> rang_at = [0, 60_000]
    >>> zone_may_ring(rang_at, 120_000), zone_may_ring(rang_at, HOUR_MS + 30_000), rang_at
    (False, True, [60000])
    """
    rang_at[:] = [past for past in rang_at if past > at - HOUR_MS]
    return len(rang_at) < ZONES_AN_HOUR


def distance_km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Give the great-circle distance (haversine) of two positions.

    >>> round(distance_km(0.0, 0.0, 0.0, 90.0))  # a quarter of the way round
    10008
    """
    half_lat, half_lon = radians(lat2 - lat1) / 2, radians(lon2 - lon1) / 2
    chord = sin(half_lat) ** 2 + cos(radians(lat1)) * cos(radians(lat2)) * sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(chord)))
