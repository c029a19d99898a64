"""What is asked besides the evidence before anything is raised: each floor says one thing, and can be shown with what was there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec

from detectors.hypothesis import Hypothesis
from detectors.telling import spread_of
from detectors.voices import Voice
from tocsin.settings.detector import DetectorSettings

BREADTH_KM: Final = 30.0
BREADTH_SPREADS: Final = 3.0
"""An area broader than this (in km, and in spreads of the hazard) is no place: nobody could be sent there."""


class Floor(msgspec.Struct, frozen=True, kw_only=True):
    """One demand besides the evidence, what there is, and whether it is met."""

    name: str
    """The setting that demands it."""
    has: float
    needs: float
    met: bool


def threshold(country: str, settings: DetectorSettings) -> float:
    """Give the evidence that raises in a territory, in nats: the logarithm of its budget in minutes."""
    return math.log(settings.budget_mins(country))


def least_threshold(settings: DetectorSettings) -> float:
    """Give the evidence in nats below which nothing is raised in any territory."""
    return math.log(min([settings.false_alarm_budget_mins, *settings.territory_budgets_mins.values()]))


def broadest_km(hazard: str, settings: DetectorSettings) -> float:
    """Give the radius in km within which an event must lie to be raised."""
    return BREADTH_KM + BREADTH_SPREADS * spread_of(hazard, settings)


def floors(found: Hypothesis, settings: DetectorSettings) -> tuple[Floor, ...]:
    """Give every floor of a hypothesis. All must be met.

    * *placed*: as many voices as asked name the place, or fewer while as many agree at the scale of the hazard ("Champerico" and
      "Guatemala" for an earthquake), or while the device of one that speaks at first hand says where it is;
    * *doubt*: while fewer than two voices are believed, and fewer than a crowd tell of something, evidence beyond the threshold is asked:
      what a place and a pace make of talk that few would believe is what a match, fireworks and a meme are made of;
    * *place mass*: the place lies within the broadest area of its hazard with at least this probability.
    """
    unmediated = sum(not voice.media for voice in found.voices)
    mean = sum(voice.probability for voice in found.voices) / max(1, len(found.voices))
    agreed = found.agreeing >= settings.min_placed_voices or any(voice.on_the_spot for voice in found.voices)
    placed = settings.min_placed_agreed_voices if agreed else settings.min_placed_voices
    spare = found.nats - threshold(found.where.place.country, settings)
    doubt = settings.doubt_nats if doubted(found.voices, settings) else 0.0
    return (
        _at_least("min_voices", len(found.voices), settings.min_voices),
        _at_least("min_placed_agreed_voices" if agreed else "min_placed_voices", found.placed, placed),
        _at_least("min_named_voices", found.named, settings.min_named_voices),
        _at_least("min_place_mass", found.where.within(broadest_km(found.hazard, settings)), settings.min_place_mass),
        _at_least("min_unmediated_voices", unmediated, settings.min_unmediated_voices),
        _at_least("min_mean_probability", mean, settings.min_mean_probability),
        _at_least("doubt_nats", spare, doubt),
    )


def doubted(voices: Sequence[Voice], settings: DetectorSettings) -> bool:
    """Tell whether too few voices are believed, and too few tell anything: newsrooms, questions and mere noises do neither.

    A voice is believed when it is likelier than an ordinary one by ``believed_weight``.
    """
    telling = [voice.weight for voice in voices if not (voice.media or voice.perception_only or voice.question)]
    believed = sum(weight >= settings.believed_weight for weight in telling)
    return believed < settings.min_believed_voices and len(telling) < settings.crowd_voices


def passes(found: Hypothesis, settings: DetectorSettings) -> bool:
    """Tell whether a hypothesis is raised: the evidence reaches the threshold, and every floor is met."""
    enough = found.nats >= threshold(found.where.place.country, settings)
    return enough and all(floor.met for floor in floors(found, settings))


def _at_least(name: str, has: float, needs: float) -> Floor:
    return Floor(name=name, has=round(float(has), 4), needs=float(needs), met=bool(has >= needs))
