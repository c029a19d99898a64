"""Places: their kinds, and what a post or a device gives."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

PlaceKind = Literal[
    "point",
    "street",
    "stop",
    "station",
    "hospital",
    "school",
    "stadium",
    "poi",
    "quarter",
    "road",
    "town",
    "departement",
    "region",
    "country",
]
"""``point`` is a device position; ``town`` covers communes and cities; ``region`` covers first-level regions of any country."""

COARSE_KINDS: Final[frozenset[str]] = frozenset({"departement", "region", "country"})
"""Kinds that are no finer than a département: they cannot place an incident alone."""


class Point(msgspec.Struct, frozen=True, array_like=True):
    """A position, WGS 84 degrees."""

    lat: float
    lon: float


class Admin(msgspec.Struct, frozen=True):
    """The administrative chain of a place: codes, not names (INSEE in France, first-level GeoNames codes elsewhere)."""

    region: str | None = None
    departement: str | None = None
    commune: str | None = None
    """INSEE code of the commune."""


class Place(msgspec.Struct, frozen=True):
    """A resolved toponym, or a device position.

    ``uncertainty_km`` is the radius within which the thing meant lies nine times of ten. ``score`` in (0, 1] is the probability that
    this candidate is the place that the post ties to the emergency; the scores of a mention sum to at most 1. ``method`` names how it
    was found (``gps``, ``gazetteer``, ``road``, ``profile``, ``context``, ``geocoder``...); ``near``: the thing is said to be beside it;
    ``journey``: a vehicle only comes from there or goes there.
    """

    id: str
    name: str
    kind: PlaceKind
    lat: float
    lon: float
    uncertainty_km: float
    country: str = ""
    """ISO 3166-1 alpha-2, upper case."""
    admin: Admin = Admin()
    method: str = ""
    score: float = 1.0
    population: int = 0
