"""Who tells of another event nearby, at the same time: another hazard at another place.

One event is told under kindred names, and from places all around; a road accident and a fire eight km away are two. A voice that may
tell of a hazard around a place is a *rival* when it names neither the hazard or a near kin of it, nor a place near any that those who
do name it: it is not counted for this event, whatever the two hazards have to do with each other.

Fails when: somebody names both places, or both hazards: then the two are taken for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from detectors.geometry import within_km
from detectors.voices import Voice
from tocsin.model import OPEN, Place

NEAR_SUPPORT: Final = 0.45
"""Support from which a voice names a hazard or near kin of it."""


def without_rivals(voices: Sequence[Voice], hazard: str, spread_km: float) -> list[Voice]:
    """Give the voices without those that tell of another hazard at another place.

    Args:
        voices: those that may tell of an event of ``hazard``; their order is kept.
        hazard: of the event.
        spread_km: of the hazard; places farther apart than that, and than the uncertainty of either, are two.
    """
    others = [voice for voice in voices if voice.fine and not _near_kin(voice, hazard)]
    if not others:
        return list(voices)
    named = {place.id: place for voice in voices if _near_kin(voice, hazard) for place in voice.fine}
    around = list(named.values())
    rivals = {voice.number for voice in others if not any(_one_place(place, around, spread_km) for place in voice.fine)}
    return [voice for voice in voices if voice.number not in rivals]


def _near_kin(voice: Voice, hazard: str) -> bool:
    """Tell whether a voice names a hazard, near kin of it, or may mean any: a mere perception, or something not named."""
    return voice.perception_only or voice.main == OPEN or voice.backs[hazard] >= NEAR_SUPPORT


def _one_place(place: Place, others: Sequence[Place], spread_km: float) -> bool:
    return any(
        within_km(place.lat, place.lon, one.lat, one.lon, max(spread_km, place.uncertainty_km, one.uncertainty_km))
        for one in others
    )
