"""Who may be telling of an event: the voices around a place, once an author, and their part of those that name no place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from detectors.hazards import PERCEPTION_SUPPORT, SPREAD_KM
from detectors.pool import Pool
from detectors.talk import LEAST_SUPPORT, TALK_MS, Talk, named_support, talk_of
from detectors.voices import Voice, across_the_roll, understood
from tocsin.model import COARSE_KINDS, Place
from tocsin.settings.detector import DetectorSettings
from tocsin.time import MINUTE_MS

LEAST_SUPPORT_UNLOCATED: Final = 0.45
"""The same for what a voice without a place names: who says neither what nor where is no evidence, though an open incident may claim it."""
UNLOCATED_FOR_ONE: Final = 2
"""Voices without a place that are weighed for each one with a place, the latest first: they are shared by all places, and a third of the
witnesses of an event, so more of them tell of something else."""


def spread_of(hazard: str, settings: DetectorSettings) -> float:
    """Give the spread of a hazard in km."""
    return settings.spread_km.get(hazard, SPREAD_KM[hazard])


def support_of(voice: Voice, hazard: str) -> float:
    """Give how well a voice supports a hypothesis, from 0 to 1: a mere perception lends something to any hazard."""
    backs = voice.backs[hazard]
    return max(backs, PERCEPTION_SUPPORT) if voice.perception_only else backs


def once_an_author(voices: Iterable[Voice]) -> list[Voice]:
    """Keep the voice of each author that says most (greatest mark; the earlier one of equals), in canonical order.

    Of voices before and after a roll of the author keys only as many stay as one side has.
    """
    best: dict[str, Voice] = {}
    for voice in voices:
        known = best.get(voice.author)
        if known is None or (bool(voice.places), voice.weight) > (bool(known.places), known.weight):
            best[voice.author] = voice
    return across_the_roll(list(best.values()))


def once_a_template(voices: list[Voice], settings: DetectorSettings) -> list[Voice]:
    """Keep of voices that seem spun from one text the earliest: one text in many words is one witness.

    Wider than what counts as a copy anywhere (``copy_bits``), which is safe among the few voices of one event: hardly one true witness in
    a hundred writes so nearly what an earlier one did. A text too short for a fingerprint (0) is like no other.
    """
    kept: list[Voice] = []
    prints: list[int] = []
    for voice in voices:
        print_ = voice.fingerprint
        if print_ and any((print_ ^ other).bit_count() <= settings.template_bits for other in prints):
            continue
        kept.append(voice)
        if print_:
            prints.append(print_)
    return kept


class Told(msgspec.Struct, frozen=True):
    """What may be told of one hypothesis, before any of it is weighed."""

    telling: list[Voice]
    """Voices of an event, once an author, in canonical order."""
    other: list[Voice]
    """Denials and explanations that still stand."""
    located: int
    """How many of those telling name a place: what an explanation must not be outnumbered by."""
    shares: Mapping[str, float]
    """By language (``""``: any) the part of its located talk of the hazard in the last hour that is told of here, from 0 to 1."""

    def share(self, voice: Voice) -> float:
        """Give the part of those who speak as a voice does, and name no place, that would mean this one."""
        return self.shares.get(voice.lang, 0.0)


def reach_of(hazard: str, settings: DetectorSettings) -> float:
    """Give the distance in km within which voices may speak of one event."""
    return 3.0 * spread_of(hazard, settings) + 15.0


def listen(hazard: str, seed: Place, now_at: int, pool: Pool, settings: DetectorSettings) -> Told:
    """Gather what may be told of an event of a hazard around a place."""
    near = [v for v in pool.near(seed, reach_of(hazard, settings)) if support_of(v, hazard) >= LEAST_SUPPORT]
    since = now_at - TALK_MS
    located = sum(v.role == "event" for v in near)
    floating: list[Voice] = []
    if located:
        floating = pool.unlocated(since, settings.max_hypothesis_voices)
        spoken = {v.lang for v in near if v.role == "event"}
        floating = [
            v for v in floating if named_support(v, hazard) >= LEAST_SUPPORT_UNLOCATED and understood(v, spoken)
        ]
    heard = [*near, *floating[-UNLOCATED_FOR_ONE * located :]]
    recent = now_at - int(settings.explanation_mins * MINUTE_MS)
    here: dict[str, int] = {}
    for voice in near:
        units = talk_of(voice).get(hazard, 0) if voice.at >= since else 0
        if units:
            here[voice.lang] = here.get(voice.lang, 0) + units
    here[""] = sum(here.values())  # in any language
    telling = once_a_template(once_an_author(v for v in heard if v.role == "event"), settings)
    return Told(
        telling=telling,
        located=sum(bool(v.places) for v in telling),
        other=[v for v in heard if v.role != "event" and v.at >= recent and (v.places or v.witness != "official")],
        shares=_shares(here, {v.lang for v in floating}, hazard, pool.talk),
    )


def _shares(here: Mapping[str, int], langs: Iterable[str], hazard: str, talk: Talk) -> dict[str, float]:
    found: dict[str, float] = {}
    for lang in langs:
        everywhere = talk.of(hazard, lang)
        found[lang] = min(1.0, here.get(lang, 0) / everywhere) if everywhere else 1.0
    return found


def may_pass(told: Told, hazard: str, settings: DetectorSettings) -> bool:
    """Tell whether enough voices are there for the floors, wherever each turns out to mean: a ``False`` here is a ``False`` there."""
    broadest_km = settings.agreeing_spreads * spread_of(hazard, settings)
    fine = agreeable = named = 0
    for voice in told.telling:
        finely = any(place.kind not in COARSE_KINDS for place in voice.places)
        fine += finely
        if voice.on_the_spot:
            agreeable += settings.min_placed_voices
        else:
            agreeable += finely or any(place.uncertainty_km <= broadest_km for place in voice.places)
        named += named_support(voice, hazard) >= LEAST_SUPPORT
    return (
        len(told.telling) >= settings.min_voices
        and fine >= settings.min_placed_agreed_voices
        and agreeable >= settings.min_placed_voices
        and named >= settings.min_named_voices
    )
