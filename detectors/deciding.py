"""Deciding: what the new voices of a pane make worth weighing, what of it is raised, and what is held back."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from detectors import claims
from detectors.case import RAISED_STATES, Case, Earlier, hazard_of
from detectors.explanation import standing
from detectors.floors import least_threshold, passes
from detectors.geometry import distance_km
from detectors.hazards import SPREAD_KM
from detectors.hypothesis import Hypothesis, weigh, weigh_told
from detectors.incident import open_case, take_back
from detectors.memory import Memory
from detectors.merge import meet
from detectors.revision import revise
from detectors.telling import listen, may_pass
from detectors.voices import Voice
from detectors.watch import held, hold
from tocsin.model import OPEN, Incident, Place
from tocsin.time import MINUTE_MS

MOST_SEEDS: Final = 64
"""Hypotheses weighed for one pane because of new voices, and as many because they are watched: those most named, then the latest."""
SEEDS_OF_UNLOCATED: Final = 8
"""Places that a voice without a place makes worth weighing again: the latest named ones of its hazard. As many voices beside a voice which
leaves open what it tells of say what it may be."""


def raise_what_passes(memory: Memory, new: Sequence[Voice], spoken_at: int, pane_start_at: int) -> list[Incident]:
    """Weigh what the new voices may tell of, the hazard that explains them best first; give what is raised, and what is newly held back."""
    memory.forget_echo()
    written: list[Incident] = []
    found = [(seed, weighed) for hazard, seed in _seeds(memory, new) if (weighed := _consider(memory, hazard, seed))]
    found.sort(key=lambda pair: (-_named(pair[1]), -pair[1].nats, pair[1].hazard, pair[0].id))
    changed = False
    for seed, weighed in found:
        hypothesis = weigh_now(memory, weighed.hazard, seed) if changed else weighed
        if hypothesis is None:
            continue
        if not passes(hypothesis, memory.settings):
            if hypothesis.explained is not None:
                written += _hold(memory, hypothesis, seed, spoken_at, hypothesis.explained)
            continue
        heard_for_ms = memory.now_at - hypothesis.voices[0].at
        if hypothesis.mere_perception and heard_for_ms < memory.settings.watch_secs * 1_000:
            written += _hold(memory, hypothesis, seed, spoken_at, "")
            continue
        written.append(_raise(memory, hypothesis, spoken_at, pane_start_at))
        changed = True
    return written


def _named(found: Hypothesis) -> float:
    """Give how much likelier what the voices tell is under the hazard, in nats."""
    return round(math.fsum(voice.naming[found.hazard] for voice in found.voices), 2)


def weigh_now(memory: Memory, hazard: str, seed: Place) -> Hypothesis | None:
    """Give what is thought now of an event of a hazard around a place; ``None``: too few voices to weigh."""
    m = memory
    return weigh(hazard, seed, m.now_at, m.pool, m.baseline, m.echo_rate, m.settings)


def _consider(memory: Memory, hazard: str, seed: Place) -> Hypothesis | None:
    """Weigh a hypothesis, unless it could not be raised and there is no explanation to show that is not shown yet."""
    m = memory
    told = listen(hazard, seed, m.now_at, m.pool, m.settings)
    explained = standing(told.other, told.located)
    if explained is not None and _held_as(hazard, seed, explained) not in m.watches:
        least = -math.inf
    elif may_pass(told, hazard, m.settings):
        least = least_threshold(m.settings)
    else:
        return None
    return weigh_told(hazard, seed, m.now_at, told, m.baseline, m.echo_rate, m.settings, least)


def _seeds(memory: Memory, new: Sequence[Voice]) -> list[tuple[str, Place]]:
    """Give the hazards and places worth weighing because of new voices, in a fixed order: those most named in the pane."""
    keys: list[tuple[str, str]] = []
    places: list[Place] = []

    def name(hazards: Iterable[str], told: Iterable[Place]) -> None:
        for hazard in hazards:
            for place in told:
                keys.append((hazard, place.id))
                places.append(place)

    events = [voice for voice in new if voice.role == "event"]
    for voice in events:
        if voice.fine:
            name(voice.reading.touched, voice.fine)
    for voice in events[-MOST_SEEDS:]:
        hazards = voice.reading.touched
        if not voice.fine or voice.main == OPEN:
            others = memory.pool.latest_located(voice, SEEDS_OF_UNLOCATED)
            told = voice.fine or [other.fine[0] for other in others]
            beside = [other for place in voice.fine for other in memory.pool.near(place, SPREAD_KM[OPEN])]
            others += [other for other in beside if other.role == "event"][-SEEDS_OF_UNLOCATED:]
            named = dict.fromkeys(h for other in others for h in other.reading.touched)
            name(hazards if hazards and not voice.fine else named, told)
    times, last = Counter(keys), dict(zip(keys, range(len(keys)), strict=True))  # both in the order of first naming
    most_first = heapq.nlargest(MOST_SEEDS, zip(times.values(), last.values(), strict=True))
    seeds = {keys[nth]: places[nth] for _, nth in most_first}
    seeds |= {(watch.hazard, watch.seed.id): watch.seed for watch in list(memory.watches.values())[-MOST_SEEDS:]}
    return [(hazard, place) for (hazard, _), place in seeds.items()]


def _held_as(hazard: str, seed: Place, explained: str) -> str:
    return f"{hazard}:{seed.id}:{explained}"


def _hold(memory: Memory, found: Hypothesis, seed: Place, spoken_at: int, explained: str) -> list[Incident]:
    key = _held_as(found.hazard, seed, explained)
    if key in memory.watches or len(memory.watches) >= memory.settings.max_open_incidents:
        return []
    wait_ms = memory.settings.explanation_mins * MINUTE_MS if explained else memory.settings.watch_secs * 2_000
    watch = hold(found, seed, spoken_at, spoken_at + int(wait_ms), explained)
    memory.watches[key] = watch
    return [held(watch, found, spoken_at, "explained" if explained else "raised", memory.settings)]


def _raise(memory: Memory, found: Hypothesis, spoken_at: int, pane_start_at: int) -> Incident:
    warm = memory.baseline.warm(found.where.place)
    case = open_case(found, spoken_at, pane_start_at, memory.settings, warm=warm)
    case.away = memory.outages.away(memory.now_at)
    case.earlier = _silent_there(memory, case)
    memory.cases[case.incident_id] = case
    spoken = {voice.number for voice in found.voices}
    beside = [
        voice
        for voice in memory.pool.near(case.place, case.reach_km(memory.settings))
        if voice.number not in spoken and claims.owner_of(voice, (case,), memory.settings) is not None
    ]
    _give_up(memory, [voice for voice in (*found.voices, *beside) if voice.number in memory.owned])
    for voice in found.voices:
        memory.give(voice, case)
    for voice in beside:
        if voice.role != "event" or claims.is_core(voice, case, memory.settings):
            memory.claim(voice, case)
        else:
            memory.claim_softly(voice, case)
    case.hazard = hazard_of(case, case.hazard)  # the voices just claimed name it too
    case.touched = False
    memory.cases_changed()
    return revise(case, spoken_at, "raised", memory.settings)


def _silent_there(memory: Memory, case: Case) -> Earlier | None:
    """Give the nearest incident that has fallen silent and that a new one could be the return of."""
    silent = [
        (distance_km(one.place.lat, one.place.lon, case.place.lat, case.place.lon), one.incident_id, one)
        for one in memory.cases.values()
        if one.silent_at is not None and one.state in RAISED_STATES and meet(one, case, memory.settings)
    ]
    if not silent:
        return None
    nearest = min(silent, key=lambda found: found[:2])[2]
    return Earlier(nearest.hazard, nearest.place.name, nearest.raised_at)


def _give_up(memory: Memory, voices: Sequence[Voice]) -> None:
    """Let incidents give up voices that they claimed softly and that now speak for another."""
    by_case: dict[str, set[str]] = {}
    for voice in voices:
        by_case.setdefault(memory.owned[voice.number], set()).add(voice.post_id)
    for incident_id, post_ids in by_case.items():
        if incident_id in memory.cases:
            take_back(memory.cases[incident_id], post_ids, memory.settings)
