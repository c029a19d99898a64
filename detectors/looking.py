"""Looking into a detector without changing it: what it thinks of a place, whose a voice is, which floors are met.

For explanations and tests; the detector itself never asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from detectors.deciding import weigh_now
from detectors.floors import Floor, floors
from detectors.floors import threshold as evidence_needed
from detectors.geometry import distance_km

if TYPE_CHECKING:
    from collections.abc import Iterable

    from detectors.baseline import History
    from detectors.case import Case
    from detectors.detector import Detector
    from detectors.hypothesis import Hypothesis
    from detectors.voices import Voice
    from tocsin.model import Place
    from tocsin.settings.detector import DetectorSettings

__all__ = [
    "Floor",
    "alive_near",
    "best_weighed",
    "expected_per_min",
    "floors",
    "free_voices",
    "is_free",
    "number_of_post",
    "owner_of_post",
    "settings_of",
    "threshold",
    "voices_of",
    "weighed",
]

# The private parts of a detector belong to this room; outside of it, these functions are the way in.
# ruff: noqa: SLF001


def weighed(detector: Detector, hazard: str, seed: Place) -> Hypothesis | None:
    """Give what the detector thinks now of an event of a hazard around a place; ``None``: too few voices to weigh."""
    return weigh_now(detector._memory, hazard, seed)


def best_weighed(detector: Detector, hazard: str, seeds: Iterable[Place]) -> Hypothesis | None:
    """Give the strongest of what the detector thinks around several places, as it raises the strongest first."""
    found = [one for seed in seeds if (one := weigh_now(detector._memory, hazard, seed)) is not None]
    return max(found, key=lambda one: one.nats, default=None)


def threshold(detector: Detector, country: str) -> float:
    """Give the evidence that raises in a territory, in nats."""
    return evidence_needed(country, detector._memory.settings)


def settings_of(detector: Detector) -> DetectorSettings:
    """Give the settings in force."""
    return detector._memory.settings


def history_of(detector: Detector) -> History:
    """Give what the detector has learnt of ordinary days; it goes on learning into it."""
    return detector._memory.baseline.history


def voices_of(detector: Detector, incident_id: str) -> tuple[Voice, ...]:
    """Give the voices that an incident holds, in the order in which it took them; empty when it is not alive."""
    case = detector._memory.cases.get(incident_id)
    return () if case is None else tuple(case.voices)


def free_voices(detector: Detector, place: Place, reach_km: float) -> list[Voice]:
    """Give the voices that no incident owns and that may speak of a place, in canonical order."""
    return detector._memory.pool.near(place, reach_km)


def is_free(detector: Detector, post_id: str) -> bool:
    """Tell whether a post's voice belongs to no incident and is still remembered."""
    number = detector._memory.copies.number_of(post_id)
    return number is not None and number in detector._memory.pool


def owner_of_post(detector: Detector, post_id: str) -> str | None:
    """Give the incident that owns the voice of a post, if one does."""
    number = detector._memory.copies.number_of(post_id)
    return None if number is None else detector._memory.owned.get(number)


def number_of_post(detector: Detector, post_id: str) -> int | None:
    """Give the number of a post's voice: that of an earlier post when it is a copy."""
    return detector._memory.copies.number_of(post_id)


def alive_near(detector: Detector, place: Place) -> list[Case]:
    """Give the incidents not closed whose reach holds a place, nearest first."""
    settings = detector._memory.settings
    near = [
        (distance_km(place.lat, place.lon, case.place.lat, case.place.lon), case.incident_id, case)
        for case in detector._memory.cases.values()
        if case.state != "closed"
    ]
    return [
        case
        for apart, _, case in sorted(near, key=lambda x: x[:2])
        if apart <= case.reach_km(settings) + place.uncertainty_km
    ]


def expected_per_min(detector: Detector, hazard: str, place: Place) -> float:
    """Give the voices a minute of a hazard that a place is expected to have now, the echo of open incidents included."""
    return detector._memory.baseline.rate(hazard, place) + detector._memory.echo_rate(hazard, place)
