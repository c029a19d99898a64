"""Two incidents that are one: when to merge them, and what the older takes over.

Two cases are one event when their hazards can be, the areas they claim meet, their voices are not far apart in time, and one event
somewhere explains all places told better than two events do, by ``merge_nats``; unless one was quiet before the other was raised.
The older keeps its identity; the younger is cancelled.

Fails when: two true events of one family happen within the reach of each other while the first is talked of; then they are told as one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detectors.case import Case
from detectors.evidence import log_sum
from detectors.geometry import within_km
from detectors.hazards import compatible
from detectors.hypothesis import trust_of, zone_prior
from detectors.incident import absorb, locate
from detectors.place import log_likelihood, nominate
from detectors.telling import spread_of
from detectors.voices import Voice
from detectors.zones import take_over, unnote
from tocsin.settings.detector import DetectorSettings
from tocsin.time import MINUTE_MS


def belongs_nats(voices: Sequence[Voice], spread_km: float, settings: DetectorSettings) -> float:
    """Give the evidence that some voices tell of one event somewhere: the logarithm of the prior-weighted likelihood over zones."""
    zones = nominate(voices, settings.max_hypothesis_zones)
    if not zones:
        return 0.0
    return log_sum(log_likelihood(zones, voices, trust_of(voices), spread_km) + np.log(zone_prior(zones)))


def meet(one: Case, other: Case, settings: DetectorSettings) -> bool:
    """Tell whether the hazards of two cases can be one event's, and one lies in the reach of the other."""
    reach = max(one.reach_km(settings), other.reach_km(settings))
    return compatible(one.hazard, other.hazard) and within_km(
        one.place.lat, one.place.lon, other.place.lat, other.place.lon, reach
    )


def are_one(one: Case, other: Case, settings: DetectorSettings) -> bool:
    """Tell whether two cases are one event: hazards, areas and times meet, and one event explains the places told better than two."""
    if not meet(one, other, settings) or _was_over(one, other) or _was_over(other, one):
        return False
    gap = max(one.first_voice_at, other.first_voice_at) - min(one.last_voice_at, other.last_voice_at)
    if gap > settings.merge_gap_mins * MINUTE_MS:
        return False
    spread = max(spread_of(one.hazard, settings), spread_of(other.hazard, settings))
    both = belongs_nats([*one.voices, *other.voices], spread, settings)
    alone = belongs_nats(one.voices, spread, settings) + belongs_nats(other.voices, spread, settings)
    return both - alone >= settings.merge_nats


def _was_over(one: Case, other: Case) -> bool:
    return one.silent_at is not None and one.silent_at <= other.raised_at


def merge(older: Case, younger: Case, settings: DetectorSettings) -> None:
    """Let the older case take in the younger one, which closes."""
    for voice in younger.voices:
        unnote(younger.called, voice, settings)
    take_over(older.called, younger.called)  # the places of voices that it no longer holds
    younger.called, younger.zones = {}, ()
    for voice in sorted(younger.voices, key=lambda voice: voice.number):
        absorb(older, voice, settings)
    older.count += max(0, younger.count - len(younger.voices))
    older.copies += younger.copies
    older.denials.update(younger.denials)
    older.explaining.update(younger.explaining)
    older.lineage.append(younger.incident_id)
    younger.lineage.append(older.incident_id)
    younger.state = "closed"
    older.called_with = 0
    locate(older, settings)
