"""The zones of a mass event: where, within what one incident holds, people tell of it.

A storm, a flood or a quake is heard in many towns at once. It stays one incident, and each of its voices is counted at the place it most
probably means. A zone is a named place with those around it: the most named place takes in what lies within ``spacing`` of it or in its
commune, the next most named of the rest is the next zone. So zones do not depend on the order of the voices, and each stands at a
place that was named, never at a mean.

Zones say where it is told of, the incident's own place where it *is*: a quake's zones are the towns, its place is near the epicentre.
Narrow hazards have none: two places named of one fire are two opinions of where it is.

Fails when: one town is named by people who are elsewhere (a capital, for its country); its zone then counts them too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from detectors.geometry import distance_km, within_km
from detectors.hazards import SPREAD_KM
from detectors.voices import Voice
from tocsin.model import Place, Zone
from tocsin.settings.detector import DetectorSettings

MASS_SPREAD_KM: Final = 8.0
"""Hazards that spread at least so far are told of from many towns at once."""
MOST_SPACING_KM: Final = 15.0
"""Places farther apart are two zones, however far the hazard spreads: help is sent to a town."""
MOST_CALLED: Final = 512
"""Places counted of one incident."""
MOST_HEADS: Final = 64
"""Zones looked at."""
MOST_ZONES: Final = 12
"""Zones told: those with the most voices."""
LEAST_ZONES: Final = 2
"""One zone says no more than the incident itself."""
COVERED: Final = 0.9
"""Share of a zone's voices within its radius."""


class Called(msgspec.Struct, kw_only=True):
    """One place, and the voices that tell of the incident from there."""

    place: Place
    voices: int = 0
    first_at: int
    consequences: dict[str, int] = {}


def note(called: dict[str, Called], voice: Voice, settings: DetectorSettings) -> bool:
    """Count a voice at the place it most probably means, if it means one finer than a département surely enough.

    Gives whether that place now has the voices of a zone: then zones are worth looking at again.
    """
    place = _meant(voice, settings)
    if place is None:
        return False
    found = called.get(place.id)
    if found is None:
        if len(called) >= MOST_CALLED:
            return False
        found = called[place.id] = Called(place=place, first_at=voice.at)
    found.voices += 1
    found.first_at = min(found.first_at, voice.at)
    for consequence in voice.consequences:
        found.consequences[consequence] = found.consequences.get(consequence, 0) + 1
    return found.voices == settings.min_voices


def unnote(called: dict[str, Called], voice: Voice, settings: DetectorSettings) -> None:
    """Take a voice out of the count again; a place that none is left of is forgotten."""
    place = _meant(voice, settings)
    found = None if place is None else called.get(place.id)
    if found is None:
        return
    found.voices -= 1
    if found.voices <= 0:
        del called[found.place.id]
        return
    told = {name: count - (name in voice.consequences) for name, count in found.consequences.items()}
    found.consequences = {name: count for name, count in told.items() if count > 0}


def take_over(called: dict[str, Called], others: Mapping[str, Called]) -> None:
    """Add what another incident counted to one."""
    for key in sorted(others):
        other = others[key]
        found = called.get(key)
        if found is None:
            if len(called) < MOST_CALLED:
                called[key] = other
            continue
        found.voices += other.voices
        found.first_at = min(found.first_at, other.first_at)
        for name, count in other.consequences.items():
            found.consequences[name] = found.consequences.get(name, 0) + count


def spacing_km(hazard: str, settings: DetectorSettings) -> float | None:
    """Give from which distance two places are two zones of a hazard; ``None``: it has no zones.

    >>> [spacing_km(hazard, DetectorSettings()) for hazard in ("fire", "flood", "earthquake")]
    [None, 8.0, 15.0]
    """
    spread = settings.spread_km.get(hazard, SPREAD_KM[hazard])
    return None if spread < MASS_SPREAD_KM else min(spread, MOST_SPACING_KM)


def zones_of(
    hazard: str, centre: Place, reach_km: float, called: Mapping[str, Called], settings: DetectorSettings
) -> tuple[Zone, ...]:
    """Give the zones of an incident, most voices first, at most ``MOST_ZONES``; none unless there are two.

    Args:
        hazard: of the incident.
        centre: where it is thought to be.
        reach_km: places farther from there are not of it.
        called: its voices by place.
        settings: a zone has at least ``min_voices`` voices.
    """
    spacing = spacing_km(hazard, settings)
    if spacing is None or len(called) < LEAST_ZONES:
        return ()
    near = [c for c in called.values() if within_km(c.place.lat, c.place.lon, centre.lat, centre.lon, reach_km)]
    near.sort(key=lambda c: (-c.voices, c.place.id))
    heads: list[Called] = []
    for one in near:
        if len(heads) < MOST_HEADS and not any(_together(one.place, head.place, spacing) for head in heads):
            heads.append(one)
    members: list[list[Called]] = [[] for _ in heads]
    for one in near:
        joined = [n for n, head in enumerate(heads) if _together(one.place, head.place, spacing)]
        if joined:
            members[min(joined, key=lambda n: (round(_apart(one.place, heads[n].place), 6), n))].append(one)
    zones = [_zone(head, around) for head, around in zip(heads, members, strict=True)]
    zones = [zone for zone in zones if zone.voices >= settings.min_voices]
    zones.sort(key=lambda zone: (-zone.voices, zone.place_id))
    return tuple(zones[:MOST_ZONES]) if len(zones) >= LEAST_ZONES else ()


def _meant(voice: Voice, settings: DetectorSettings) -> Place | None:
    best = max(voice.fine, key=lambda place: place.score, default=None)  # of equals the first
    return best if best is not None and best.score >= settings.min_meant else None


def _apart(one: Place, other: Place) -> float:
    return distance_km(one.lat, one.lon, other.lat, other.lon)


def _together(one: Place, other: Place, spacing: float) -> bool:
    same = one.admin.commune is not None and one.admin.commune == other.admin.commune and one.country == other.country
    return same or within_km(one.lat, one.lon, other.lat, other.lon, spacing)


def _zone(head: Called, around: Sequence[Called]) -> Zone:
    """Give the zone of a place and those around it; its radius holds nine tenths of its voices, with the uncertainty of their places."""
    total = sum(one.voices for one in around)
    reaches = sorted(
        (math.hypot(_apart(one.place, head.place), one.place.uncertainty_km), one.voices) for one in around
    )
    radius, heard = 0.0, 0
    for reach, voices in reaches:
        radius, heard = reach, heard + voices
        if heard >= COVERED * total:
            break
    told: dict[str, int] = {}
    for one in around:
        for name, count in one.consequences.items():
            told[name] = told.get(name, 0) + count
    place = head.place
    return Zone(
        place=place.name,
        place_id=place.id,
        lat=round(place.lat, 6),
        lon=round(place.lon, 6),
        radius_km=round(radius, 3),
        voices=total,
        first_at=min(one.first_at for one in around),
        consequences=dict(sorted(told.items())),
        country=place.country,
        region=place.admin.region,
        departement=place.admin.departement,
        commune=place.admin.commune,
    )
