"""Explanations in sentences."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tocsin.analysis.saying import hazard_at, instant_words, period_words
from tocsin.analysis.whynot import FREE

if TYPE_CHECKING:
    from detectors.looking import Floor
    from tocsin.analysis.why import WhatIf, Why
    from tocsin.analysis.whynot import WhyNot
    from tocsin.settings.detector import DetectorSettings


def count(number: int, noun: str) -> str:
    """Give a number with its noun.

    >>> count(1, "voice"), count(3, "voice")
    ('1 voice', '3 voices')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def of_why(found: Why) -> list[str]:
    """Say why an incident was raised, and what would have prevented it."""
    incident = found.incident
    waited_s = (incident.raised_at - incident.first_voice_at) / 1_000
    history = "has history of its own" if incident.warm else "has no history of its own yet: the packaged prior speaks"
    raised = (
        f"Raised {instant_words(incident.raised_at)}, {waited_s:.0f} s after the first voice: "
        f"evidence {incident.evidence:.1f} of {found.threshold:.1f} nats "
        f"(the budget: one false alarm in {period_words(incident.budget_mins)})."
    )
    expected = (
        f"Expected of its voices around here: {found.expected_per_min * 60:.2g} an hour. "
        f"The loudest window is {incident.window_ms / 60_000:g} min: "
        f"{incident.expected:.2g} expected, {count(len(found.voices), 'voice')} heard."
    )
    forged = f"To fake it would have taken {count(incident.forgery_cost, 'independent account')}. The baseline here {history}."
    place = f"The place is {incident.place}: nine times of ten within {incident.radius_km:.1f} km."
    said = [incident.sentence, raised, expected, place, forged]
    if found.zones:
        zones = ", ".join(f"{zone.place} ({count(zone.voices, 'voice')})" for zone in found.zones)
        said.append(f"In the end people told of it in {zones}.")
    close = [floor for floor in found.floors if floor.met and floor.has == floor.needs]
    if close:
        said.append(f"Only just met: {', '.join(f'{floor.name} {floor.needs:g}' for floor in close)}.")
    prevented = [tried.change for tried in found.what_if if tried.result == "not raised"]
    said.append(
        f"It would not have been raised {'; '.join(prevented)}."
        if prevented
        else "Nothing that was tried would have prevented it."
    )
    return said


def of_what_if(tried: WhatIf) -> str:
    """Say what a change would have done."""
    if tried.result == "not raised":
        reached = "" if tried.evidence is None else f" (evidence {tried.evidence:.1f} at that moment)"
        return f"{tried.change}: not raised{reached}"
    if tried.result == "the same":
        return f"{tried.change}: the same"
    assert tried.later_s is not None, "what is raised at another instant has one"
    told = f"{hazard_at(tried.hazard or '', tried.place or '')}, {count(tried.voices or 0, 'voice')}"
    return f"{tried.change}: {abs(tried.later_s):.0f} s {tried.result} ({told})"


def of_would(tried: WhatIf) -> str:
    """Say what would have been raised about an instant at which nothing was."""
    if tried.later_s is None:
        return f"{tried.change}: not raised"
    when = "after" if tried.later_s >= 0 else "before"
    told = f"{hazard_at(tried.hazard or '', tried.place or '')}, {count(tried.voices or 0, 'voice')}"
    return f"{tried.change}: raised {abs(tried.later_s):.0f} s {when} that instant ({told})"


def of_why_not(found: WhyNot, settings: DetectorSettings) -> list[str]:
    """Say why nothing was raised, the weightiest reason first."""
    hazard, where = found.hazard.replace("_", " "), found.place.name
    said = [
        f"It was raised: {hazard_at(i.hazard, i.place)}, {instant_words(i.raised_at)}, "
        f"on {count(i.voices, 'voice')} ({i.incident_id})."
        for i in found.raised
    ]
    said += [f"It was seen and held back at {instant_words(i.raised_at)}: {i.sentence}" for i in found.held]
    said += [
        f"{count(voices, 'voice')} of {hazard} belonged to {owner}: an open incident owns the later voices of its area and family."
        for owner, voices in found.claimed_by.items()
    ]
    if not found.voices:
        said.append(f"Nothing was heard: in two hours no mention of {hazard} names {where} or a place around it.")
    elif not found.raised:
        said += _shortfall(found, settings)
    return list(dict.fromkeys(said))


def _shortfall(found: WhyNot, settings: DetectorSettings) -> list[str]:
    hazard, where = found.hazard.replace("_", " "), found.place.name
    telling = [voice for voice in found.voices if voice.fate == FREE and voice.role == "event"]
    said = []
    if found.explained is not None:
        said.append(
            f"Another explanation stood: {found.explained.replace('_', ' ')}, from two voices or an official one. "
            "It accounts for all voices but sure ones that tell a consequence at first hand."
        )
    if found.nats is None:
        said.append(
            f"Too few voices: {len(telling)} that no incident owned told of {hazard} at or near {where} in two hours, "
            f"{settings.min_voices} together are needed."
        )
    elif found.nats < found.threshold:
        said.append(
            f"The evidence was too weak: at most {found.nats:.1f} of {found.threshold:.1f} nats, "
            f"at {instant_words(found.best_at or found.at)}. "
            f"It would have been enough for a budget of one false alarm in {period_words(math.exp(found.nats))}."
        )
    else:
        said.append(
            f"The evidence was enough, {found.nats:.1f} of {found.threshold:.1f} nats at {instant_words(found.best_at or found.at)}, "
            "but evidence is not all that is asked:"
        )
    said += [of_floor(floor) for floor in found.floors if not floor.met]
    if found.against_nats > 0:
        said.append(f"Denials took {found.against_nats:.1f} nats.")
    weak = sum(voice.probability < settings.base_probability for voice in telling)
    if weak:
        said.append(f"{weak} of {count(len(telling), 'voice')} seem less real than an ordinary post with such words.")
    if found.unplaced:
        said.append(f"{count(found.unplaced, 'voice')} named no place: such a voice speaks for every place a little.")
    return said


def of_floor(floor: Floor) -> str:
    """Say which floor was not met."""
    return f"A floor was not met: {floor.name} needs at least {floor.needs:g}, there was {floor.has:g}."
