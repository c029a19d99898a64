"""Which hazards can be one event, and how far each spreads.

One event is often told under several names: a fertiliser plant burns and explodes, a quake brings a house down. Two hazards are
*compatible* when they are kin; the weight says how well a voice of one hazard supports the hypothesis of the other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from detectors.remembered import remembered
from tocsin.model import HAZARDS, OPEN

KINSHIP: Final[tuple[tuple[frozenset[str], float], ...]] = (
    (frozenset({"fire", "explosion", "industrial"}), 0.5),
    (frozenset({"storm", "flood", "landslide"}), 0.4),
    (frozenset({"explosion", "collapse"}), 0.4),
    (frozenset({"explosion", "attack"}), 0.4),
    (frozenset({"earthquake", "collapse"}), 0.4),
    (frozenset({"earthquake", "explosion"}), 0.3),
    (frozenset({"fire", "collapse"}), 0.3),
    (frozenset({"storm", "collapse"}), 0.3),
    (frozenset({"road_accident", "rail_accident"}), 0.5),
    (frozenset({"aviation_accident", "fire", "explosion"}), 0.3),
    (frozenset({"rescue", "flood", "storm", "landslide"}), 0.3),
    (frozenset({"rescue", "collapse"}), 0.3),
    (frozenset({"earthquake", "flood"}), 0.25),
    (frozenset({"road_accident", "fire", "industrial"}), 0.25),
    (frozenset({"rail_accident", "fire", "industrial"}), 0.25),
    (frozenset({"attack", "fire"}), 0.25),
)
"""Sets of hazards within which any two can be told of one event, and the support that a voice of one lends to another: the same burst is a
blast to one witness and a tremor or a fire to the next."""

PERCEPTION_SUPPORT: Final = 0.3
"""Least support that a mere perception lends to any hazard."""

OPEN_SUPPORT: Final = 0.5
"""Support that a voice which names no hazard lends to each of them."""

SPREAD_KM: Final[Mapping[str, float]] = {
    "fire": 3.0,
    "road_accident": 3.0,
    "rail_accident": 3.0,
    "aviation_accident": 5.0,
    "explosion": 5.0,
    "attack": 3.0,
    "flood": 8.0,
    "storm": 15.0,
    "earthquake": 80.0,
    "collapse": 3.0,
    "industrial": 5.0,
    "rescue": 3.0,
    "landslide": 5.0,
    OPEN: 5.0,
}
"""How far from the event its witnesses are, in km."""

CLAIM_KM: Final[Mapping[str, float]] = {
    "flood": 25.0,
    "storm": 40.0,
    "earthquake": 300.0,
    "aviation_accident": 10.0,
    "explosion": 10.0,
    "industrial": 10.0,
    "landslide": 10.0,
}
"""How far beyond its r90 an incident claims later voices, in km, where that is more than ``CLAIM_LEAST_KM``: what is felt or cut off there
is of this event far more often than of a second one in the same hours."""
CLAIM_LEAST_KM: Final = 6.0

LEAST_TOUCH: Final = 0.15
"""Mass from which a voice makes a hazard worth weighing."""
LEAST_TALK: Final = 0.2
"""Support of a hazard below which a voice is not of the event."""
TALK_UNIT: Final = 10_000
"""Support is counted in ten-thousandths, so that sums are exact whatever their order."""
MOST_DISTRIBUTIONS: Final = 16_384
"""Hazard distributions whose reading is remembered."""
PRIOR: Final = 1.0 / len(HAZARDS)
"""Prior probability of each hazard: flat, for the marks and the baseline already know how often each is told."""


def _kinship(one: str, other: str) -> float:
    return max((weight for kin, weight in KINSHIP if one in kin and other in kin), default=0.0)


def _support(told: str, hypothesis: str) -> float:
    if told == hypothesis:
        return 1.0
    if told == OPEN:
        return OPEN_SUPPORT
    return _kinship(told, hypothesis)


SUPPORT: Final[Mapping[str, Mapping[str, float]]] = {
    told: {hypothesis: _support(told, hypothesis) for hypothesis in HAZARDS} for told in (*HAZARDS, OPEN)
}


COMPATIBLE: Final[frozenset[tuple[str, str]]] = frozenset(
    (one, other)
    for one in (*HAZARDS, OPEN)
    for other in (*HAZARDS, OPEN)
    if one == other or OPEN in (one, other) or _kinship(one, other) > 0.0
)
"""Pairs of hazards that can be one event."""


def compatible(one: str, other: str) -> bool:
    """Say whether two hazards can be one event; an unnamed one can be any.

    >>> compatible("fire", "explosion"), compatible("fire", "flood"), compatible("open", "flood")
    (True, False, True)
    """
    return (one, other) in COMPATIBLE


def support(hazards: Mapping[str, float], hypothesis: str) -> float:
    """Give how well a voice's hazard distribution supports a hypothesis, from 0 to 1.

    >>> support({"fire": 0.5, "explosion": 0.5}, "fire")
    0.75
    """
    return sum(mass * SUPPORT[told][hypothesis] for told, mass in hazards.items() if told in SUPPORT)


def backing(hazards: tuple[tuple[str, float], ...]) -> Mapping[str, float]:
    """Give how well a hazard distribution supports each hazard, in the order of ``HAZARDS``.

    >>> backing((("fire", 0.5), ("explosion", 0.5)))["fire"]
    0.75
    """
    named = dict(hazards)
    return {hazard: support(named, hazard) for hazard in HAZARDS}


class Reading:
    """What follows from one hazard distribution, worked out once for all voices that have it (``reading``)."""

    def __init__(self, told: tuple[tuple[str, float], ...]) -> None:
        self._told = told
        self.hazards = dict(told)
        """The distribution itself, which all voices that have it share."""

    @remembered
    def main(self) -> str:
        """The hazard with the greatest mass; the unnamed one counts by what it would lend to any; ties go by name."""
        ranked = sorted(self._told, key=lambda kv: (-(kv[1] * OPEN_SUPPORT if kv[0] == OPEN else kv[1]), kv[0]))
        return ranked[0][0] if ranked else OPEN

    @remembered
    def touched(self) -> tuple[str, ...]:
        """The hazards named with at least ``LEAST_TOUCH`` of the mass, in the order of ``HAZARDS``."""
        return tuple(hazard for hazard in HAZARDS if self.hazards.get(hazard, 0.0) >= LEAST_TOUCH)

    @remembered
    def backs(self) -> Mapping[str, float]:
        """How well it supports each hazard, from 0 to 1; what it does not name may be any."""
        return backing(self._told)

    @remembered
    def names(self) -> Mapping[str, float]:
        """How well the hazards that it names support each hazard, from 0 to 1."""
        return backing(tuple((told, mass) for told, mass in self._told if told != OPEN))

    @remembered
    def talk(self) -> Mapping[str, int]:
        """What it adds to the talk of each hazard that it names well enough, in ``TALK_UNIT``."""
        return {hazard: round(TALK_UNIT * s) for hazard, s in self.names.items() if s >= LEAST_TALK}


@lru_cache(maxsize=MOST_DISTRIBUTIONS)
def reading(told: tuple[tuple[str, float], ...]) -> Reading:
    """Give what follows from a hazard distribution, given as its items."""
    return Reading(told)


def naming(hazards: Mapping[str, float], sure: float) -> dict[str, float]:
    """Give how much likelier what a voice tells is if the event is of each hazard, in nats, against one that leaves the hazard open.

    With probability ``sure`` the voice is of the event, and tells each hazard with its share; else it says nothing of it. What voices tell
    independently adds up, so the hazard that all of them allow beats one that a part of them names for sure.

    >>> leak, smoke = naming({"industrial": 1.0}, 0.5), naming({"fire": 0.7, "industrial": 0.3}, 0.9)
    >>> all_of_them = {hazard: leak[hazard] + 2 * smoke[hazard] for hazard in HAZARDS}
    >>> max(HAZARDS, key=lambda hazard: all_of_them[hazard])
    'industrial'
    """
    left_open = 1.0 - sure + sure * hazards.get(OPEN, 0.0)
    return {hazard: math.log(left_open + sure * len(HAZARDS) * hazards.get(hazard, 0.0)) for hazard in HAZARDS}


def touched(hazards: Mapping[str, float]) -> tuple[str, ...]:
    """Give the hazards a voice names with at least ``LEAST_TOUCH`` of its mass, in the order of ``HAZARDS``."""
    return reading(tuple(hazards.items())).touched
