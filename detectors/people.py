"""The keys under which a place's history stands, from its country down, and the share of each before anything was heard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from detectors.pool import coarse_key
from tocsin.model import Place

PEOPLE: Final[Mapping[str, float]] = {"c": 4e7, "r": 4e6, "d": 6e5}
"""People of an ordinary country, region and département."""
PEOPLE_OF_KIND: Final[Mapping[str, float]] = {
    "point": 2_000.0,
    "street": 1_500.0,
    "stop": 1_500.0,
    "station": 6_000.0,
    "hospital": 4_000.0,
    "school": 1_500.0,
    "stadium": 6_000.0,
    "poi": 2_000.0,
    "quarter": 5_000.0,
    "road": 20_000.0,
    "town": 3_000.0,
}
"""People that a place without a known population speaks for."""
COARSE_SHARE: Final[Mapping[str, float]] = {"c": 1 / 40, "r": 1 / 12, "d": 1 / 6}
"""Share of a country among all, of a region in its country, of a département in its region, before any was heard."""
SELF_SHARE: Final = 0.2
"""Share of the voices below a country, region or département that name itself and nothing finer."""


def chain_of(place: Place) -> tuple[str, ...]:
    """Give the keys from the country down to a place; a place no finer than a département ends in its own name below itself."""
    keys = [f"c:{place.country}"]
    if place.kind == "country":
        return (*keys, f"p:{coarse_key(place)}")
    if place.admin.region:
        keys.append(f"r:{place.country}:{place.admin.region}")
    if place.kind == "region":
        return (*keys, f"p:{coarse_key(place)}")
    if place.admin.departement:
        keys.append(f"d:{place.country}:{place.admin.departement}")
    if place.kind == "departement":
        return (*keys, f"p:{coarse_key(place)}")
    return (*keys, f"p:{place.id}")


def prior_share(key: str, parent: str, place: Place) -> float:
    """Give the share that a link of a place's chain has of what is said in its parent, before any was heard: that of its people."""
    level = key[0]
    if level != "p":
        return COARSE_SHARE[level]
    if place.kind in ("country", "region", "departement"):
        return SELF_SHARE
    people = float(place.population) or PEOPLE_OF_KIND.get(place.kind, 3_000.0)
    return min(0.5, people / PEOPLE.get(parent, PEOPLE["c"]))
