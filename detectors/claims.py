"""Whose voice is it: what an open incident claims.

*Claim*: a later voice that names any place inside the area of an open incident of its family belongs wholly to it; so does one that names
only what contains the area, and one that names no place, in a language of the incident, while it is talked of; several incidents that may
claim these share them in proportion to the placed voices each heard of late. *Fringe*: a claim is soft
between the r90 and the reach once the first reports are in (before that, if the voice names another hazard), and wherever the voice names
another hazard later: the voice belongs to the incident, but may still be of a second event, if the pace of the first does not account for
it (``echo``). *Silence*: an incident that was quiet once claims softly whatever comes, nothing that
names no place, and nothing that another claims. So an open incident cannot swallow another one beside it, nor a later one of
another kind at the same place, nor a silent one a later one of its own kind.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from detectors.case import Case
from detectors.geometry import distance_km
from detectors.place import WIDE_KM
from detectors.pool import coarse_key, containing_keys
from detectors.rivals import NEAR_SUPPORT
from detectors.telling import spread_of
from detectors.voices import Voice, understood
from tocsin.model import COARSE_KINDS, OPEN, Place
from tocsin.settings.detector import DetectorSettings
from tocsin.time import MINUTE_MS

LEAST_SUPPORT: Final = 0.25
"""A voice belongs to an incident's family when its hazards support the incident's at least so far."""
FRESH_MINS: Final = 20.0
"""While a raised incident is no older, its fringe is its own: the first reports of one event come from all over its reach at once."""
TALKED_OF_MINS: Final = 60.0
"""A voice without a place belongs to an incident whose last voice is no older."""
LARGEST_COARSE_KM: Final = 300.0
"""A country claimed by nearness counts as a disk of at most this radius."""
CLAIM_SCORE: Final = 0.15


def of_family(voice: Voice, case: Case) -> bool:
    """Tell whether a voice can speak of what a case tells of."""
    if voice.role != "event" and voice.hazards.get(OPEN, 0.0) >= 0.5:
        return True
    least = 0.25 * max(case.masses.values(), default=0.0)
    backs = voice.backs
    if backs[case.hazard] >= LEAST_SUPPORT:
        return True
    return any(
        mass >= least and hazard != OPEN and backs[hazard] >= LEAST_SUPPORT for hazard, mass in case.masses.items()
    )


def near_kin(voice: Voice, case: Case) -> bool:
    """Tell whether a voice that names no place names, or may name, a hazard near enough to a case's."""
    return voice.backs[case.hazard] >= NEAR_SUPPORT


def nearness(voice: Voice, case: Case, settings: DetectorSettings) -> tuple[int, float] | None:
    """Give how near to a case a voice's places bring it, less is nearer; ``None`` when they do not.

    First by the km to a place that it names in the reach of the case; then (alike for all) by an area that it names and that holds the
    case; then by one that lies near.
    """
    reach = case.reach_km(settings)
    best: tuple[int, float] | None = None
    for place in voice.places:
        if place.score < CLAIM_SCORE:
            continue
        if place.kind in COARSE_KINDS:
            if not covers(place, case, settings):
                continue
            found = (1 if coarse_key(place) in containing_keys(case.place) else 2, 0.0)
        else:
            distance = distance_km(place.lat, place.lon, case.place.lat, case.place.lon)
            if distance > reach + place.uncertainty_km:
                continue
            found = 0, distance
        if best is None or found < best:
            best = found
    return best


def covers(place: Place, case: Case, settings: DetectorSettings) -> bool:
    """Tell whether a country, region or département holds a case, or lies so near that a hazard as wide as this is felt in it."""
    if coarse_key(place) in containing_keys(case.place):
        return True
    spread = spread_of(case.hazard, settings)
    if spread < WIDE_KM:
        return False
    apart = distance_km(place.lat, place.lon, case.place.lat, case.place.lon)
    return apart <= case.reach_km(settings) + min(place.uncertainty_km, LARGEST_COARSE_KM)


def is_core(voice: Voice, case: Case, settings: DetectorSettings) -> bool:
    """Tell whether a case claims a voice wholly: it names the area itself or, while the case is fresh, what is around it, and one hazard.

    Who names another place *and* another hazard (no near kin of the case's) may tell of a second event from the first minute on; who
    tells of one that fell silent, always.
    """
    if case.silent_at is not None:
        return False
    near = near_kin(voice, case)
    fresh = bool(voice.places) and voice.at - case.raised_at <= FRESH_MINS * MINUTE_MS
    if fresh and near:
        return True
    if not near and not (fresh and spread_of(case.hazard, settings) < WIDE_KM):
        return False
    return any(_in_core(place, case, settings) for place in voice.places if place.score >= CLAIM_SCORE)


def _in_core(place: Place, case: Case, settings: DetectorSettings) -> bool:
    if place.kind in COARSE_KINDS:
        return covers(place, case, settings)
    apart = distance_km(place.lat, place.lon, case.place.lat, case.place.lon)
    return apart <= case.where.r90_km + place.uncertainty_km


def owner_of(voice: Voice, cases: Iterable[Case], settings: DetectorSettings) -> Case | None:
    """Give the case a voice belongs to: the nearest that claims one of its places; of equals, and when it names none, the one it is due to.

    What does not say which of several incidents it is about is shared out among those of its family, in its language, in proportion to
    the voices that do say it and came lately. A case that fell silent comes after all others.
    """
    best: tuple[bool, int, float, float, str] | None = None
    owner: Case | None = None
    for case in cases:
        if case.state == "closed":
            continue
        if voice.places:
            near = nearness(voice, case, settings)
            if near is None or not of_family(voice, case):
                continue
        elif (
            case.silent_at is not None
            or not near_kin(voice, case)
            or voice.at - case.last_voice_at > TALKED_OF_MINS * MINUTE_MS
        ):
            continue
        else:
            near = 0, 0.0
        due = voice.backs[case.hazard] * case.claim_on_floating(voice.at)
        rank = case.silent_at is not None, *near, -due, case.incident_id
        if (best is None or rank < best) and (voice.places or understood(voice, {one.lang for one in case.voices})):
            best, owner = rank, case
    return owner
