"""What an incident takes in: voices for it and against it, the places they tell, what is taken back. One fold over a ``Case``.

A case owns its voices: later voices of its area and family belong to it and can raise nothing else.
"""

from __future__ import annotations

import math
from typing import Final

from detectors import explain
from detectors.case import LATELY_MINS, PACE_MINS, QUICK_PACE_MINS, SURGE_MINS, Case, hazard_of
from detectors.hypothesis import Hypothesis, trust_of, zone_prior
from detectors.place import nominate, whereabouts
from detectors.telling import spread_of
from detectors.voices import Voice, sharpened
from detectors.zones import note, unnote, zones_of
from tocsin.ids import author_day, content_id
from tocsin.model import Place
from tocsin.settings.detector import DetectorSettings
from tocsin.time import MINUTE_MS

MOST_TOLD: Final = 512
LEAST_TOLD: Final = 0.3
"""A place that a voice means with at least this probability is told of."""
RELOCATE_FACTOR: Final = 1.05
DENIAL_WEIGHT: Final = 1.0
EXPLANATION_WEIGHT: Final = 0.5
OFFICIAL_WEIGHT: Final = 2.0
PERCEPTION_SHARE: Final = 0.3
"""Part of a mere perception in what is told of each hazard: a noise may be anything, a consequence says which."""
MOST_AUTHORS: Final = 4_096
MOST_SURGE_TIMES: Final = 512
MOST_TERMS: Final = 64


def open_case(found: Hypothesis, now_at: int, pane_start_at: int, settings: DetectorSettings, *, warm: bool) -> Case:
    """Make the case of a hypothesis that passed the threshold, and take in its voices."""
    budget = settings.budget_mins(found.where.place.country)
    case = Case(
        incident_id=content_id(found.hazard, pane_start_at, found.where.place.id),
        hazard=found.hazard,
        where=found.where,
        raised_at=now_at,
        first_voice_at=found.voices[0].at,
        last_voice_at=found.voices[-1].at,
        nats=found.nats,
        threshold=math.log(budget),
        expected=found.expected,
        window_ms=round(found.window_mins * MINUTE_MS),
        budget_mins=budget,
        warm=warm,
    )
    for voice in found.voices:
        absorb(case, voice, settings)
    case.forgery = explain.forgery_cost(found.voices, found.nats, case.threshold)
    case.hazard = hazard_of(case, found.hazard)
    return case


def absorb(case: Case, voice: Voice, settings: DetectorSettings, *, own: bool = True) -> None:
    """Let a voice belong to a case: for it, or against it. One that is not its ``own`` (claimed softly) adds nothing to its pace."""
    case.touched = True
    if voice.role != "event":
        _weigh_against(case, voice)
        return
    case.last_voice_at = max(case.last_voice_at, voice.at)
    if voice.author in case.authors:
        return
    if len(case.authors) < MOST_AUTHORS:
        case.authors[voice.author] = voice.post_id
    if _perhaps_known(case, voice.author):
        return
    case.first_voice_at = min(case.first_voice_at, voice.at)
    case.count += 1
    case.witnesses += voice.first_hand
    case.located += bool(voice.places)
    case.networks[voice.source] = case.networks.get(voice.source, 0) + 1
    _name(case, voice)
    _note_words(case, voice)
    if note(case.called, voice, settings):
        case.called_with = 0
    if case.state == "explained" and voice.first_hand and not voice.perception_only:
        case.against_first_hand += 1
    if len(case.voices) < settings.max_incident_voices:
        case.voices.append(voice)
    if own:
        _quicken(case, voice)


def _weigh_against(case: Case, voice: Voice) -> None:
    weight = DENIAL_WEIGHT if voice.role == "denial" else EXPLANATION_WEIGHT
    weight += OFFICIAL_WEIGHT if voice.witness == "official" else 0.0
    if voice.role == "denial":
        case.explaining.pop(voice.author, None)
    elif voice.author not in case.denials:
        case.explaining[voice.author] = voice.explanation
    case.denials[voice.author] = max(weight, case.denials.get(voice.author, 0.0))


def _perhaps_known(case: Case, author: str) -> bool:
    """Tell whether a new author may be one from the other side of a roll of the author keys: until this side has more, each is."""
    day = author_day(author)
    if day is None:
        return False
    case.days[day] = case.days.get(day, 0) + 1
    return case.days[day] <= max((heard for other, heard in case.days.items() if other != day), default=0)


def name_again(case: Case) -> None:
    """Count anew, from the voices that a case holds, which hazards they tell: of a case that was kept before they were weighed so."""
    case.naming = {}
    for voice in case.voices:
        _add_naming(case, voice)


def _name(case: Case, voice: Voice) -> None:
    """Count which hazards a voice tells."""
    told = PERCEPTION_SHARE if voice.perception_only else 1.0
    for hazard, mass in voice.hazards.items():
        case.masses[hazard] = case.masses.get(hazard, 0.0) + mass * voice.weight * told
    _add_naming(case, voice)


def _add_naming(case: Case, voice: Voice) -> None:
    for hazard, nats in voice.naming.items():
        case.naming[hazard] = case.naming.get(hazard, 0.0) + nats


def _note_words(case: Case, voice: Voice) -> None:
    for term in voice.terms:
        if term in case.terms or len(case.terms) < MOST_TERMS:
            case.terms[term] = case.terms.get(term, 0) + 1
    for consequence in voice.consequences:
        case.consequences[consequence] = case.consequences.get(consequence, 0) + 1


def _quicken(case: Case, voice: Voice) -> None:
    """Count a voice into the pace of a case, and the places it named, near or far, into what is told."""
    silent = max(0, voice.at - case.pace_at) / MINUTE_MS
    case.pace = case.pace * math.exp(-silent / PACE_MINS) + 1.0 / PACE_MINS
    case.quick_pace = case.quick_pace * math.exp(-silent / QUICK_PACE_MINS) + 1.0 / QUICK_PACE_MINS
    kept = math.exp(-silent / LATELY_MINS)
    case.placed_lately = case.placed_lately * kept + bool(voice.fine)
    case.floating_lately = case.floating_lately * kept + (not voice.fine)
    case.pace_at = max(case.pace_at, voice.at)
    since = voice.at - SURGE_MINS * MINUTE_MS
    if case.surge_times and min(case.surge_times[0], voice.at) <= since:
        case.surge_times = [at for at in case.surge_times if at > since]
    case.surge_times.append(voice.at)
    if len(case.surge_times) > MOST_SURGE_TIMES:
        del case.surge_times[0]
    case.told_of += bool(voice.places)
    for place in voice.fine:
        if place.score >= LEAST_TOLD:
            _note_told(case, place)


def _note_told(case: Case, place: Place) -> None:
    """Count a place into what is told: one named beside the event, as the next city is, will be named for it again."""
    for index, (lat, lon, named) in enumerate(case.told):
        if (lat, lon) == (place.lat, place.lon):
            case.told[index] = (lat, lon, named + 1)
            return
    if len(case.told) < MOST_TOLD:
        case.told.append((place.lat, place.lon, 1))


def take_back(case: Case, post_ids: set[str], settings: DetectorSettings) -> None:
    """Voices leave a case (their posts were deleted, or speak for another): it is counted anew from the voices it holds.

    A voice beyond those held is not counted out: by then the case stands on hundreds.
    """
    rest = [voice for voice in case.voices if voice.post_id not in post_ids]
    if len(rest) == len(case.voices):
        return
    beyond = case.count - len(case.voices)
    last_voice_at = case.last_voice_at
    for voice in case.voices:
        unnote(case.called, voice, settings)
    case.voices, case.authors, case.masses, case.networks, case.terms, case.consequences = [], {}, {}, {}, {}, {}
    case.naming, case.days = {}, {}
    case.count = case.witnesses = case.located = 0
    for voice in rest:
        absorb(case, voice, settings, own=False)  # its pace and what was told of it were, and stay
    case.count += beyond
    case.last_voice_at = last_voice_at
    case.located_with = case.called_with = 0
    case.touched = True


def sharpen(case: Case, post_id: str, place: Place, settings: DetectorSettings) -> None:
    """Give the voice of a post, if the case holds it, the place that a geocoder found; where the case is will be worked out again."""
    for index, voice in enumerate(case.voices):
        if voice.post_id == post_id:
            unnote(case.called, voice, settings)
            case.voices[index] = sharpened(voice, place)
            note(case.called, case.voices[index], settings)
            case.located_with = case.called_with = 0
            case.touched = True
            return


def locate(case: Case, settings: DetectorSettings) -> None:
    """Work out again where it is, and which hazard, from the voices it holds, when they have grown by a twentieth (or shrunk)."""
    was = case.hazard, case.place.id
    case.hazard = hazard_of(case, case.hazard)
    if not case.located_with <= len(case.voices) < RELOCATE_FACTOR * case.located_with:
        case.located_with = len(case.voices)
        zones = nominate(case.voices, settings.max_hypothesis_zones)
        if zones:
            spread = spread_of(case.hazard, settings)
            case.where = whereabouts(zones, zone_prior(zones), case.voices, trust_of(case.voices), spread)
    if was != (case.hazard, case.place.id) or case.located >= RELOCATE_FACTOR * case.called_with:
        find_zones(case, settings)


def find_zones(case: Case, settings: DetectorSettings) -> None:
    """Work out again from where people tell of it."""
    case.called_with = case.located
    case.zones = zones_of(case.hazard, case.place, case.reach_km(settings), case.called, settings)
