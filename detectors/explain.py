"""One sentence that says why, in words a dispatcher reads at a glance; and what is reported, inferred and unknown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from detectors.case import Earlier
from detectors.outages import Outage
from detectors.voices import Voice
from tocsin.model import OPEN, Incident
from tocsin.time import DAY_MS, HOUR_MS, MINUTE_MS, format_instant

HAZARD_WORDS: Final[Mapping[str, str]] = {
    "fire": "a fire",
    "road_accident": "a road accident",
    "rail_accident": "a rail accident",
    "aviation_accident": "an aviation accident",
    "explosion": "an explosion",
    "attack": "an attack",
    "flood": "a flood",
    "storm": "a storm",
    "earthquake": "an earthquake",
    "collapse": "a collapse",
    "industrial": "an industrial accident",
    "rescue": "a person in danger",
    "landslide": "a landslide",
    OPEN: "something not yet named",
}
CONSEQUENCE_WORDS: Final[Mapping[str, str]] = {
    "dead": "dead",
    "injured": "injured",
    "trapped": "people trapped",
    "missing": "people missing",
    "evacuated": "an evacuation",
    "damage": "damage",
    "blocked": "a blocked way",
    "responders": "responders on scene",
}
MOST_TERMS: Final = 8
LEAST_COUNTED: Final = 1.5
"""Expected voices from which they are counted; below it is said how long it takes until there is one."""
MOST_YEARS: Final = 10
PERIODS: Final[tuple[tuple[str, int, str], ...]] = (
    ("year", 365 * DAY_MS, "years"),
    ("month", 30 * DAY_MS, "months"),
    ("day", DAY_MS, "days"),
    ("h", HOUR_MS, "h"),
    ("min", MINUTE_MS, "min"),
)
RIVAL_SHARE: Final = 0.6
"""A second hazard with at least this part of the leading one's share is named beside it."""
LEAST_QUOTED: Final = 5
"""Voices below which no post of an incident may be quoted: among fewer, one might be known by the words."""
MOST_QUOTED: Final = 8
MOST_ZONES_SAID: Final = 3


def spell(count: int, noun: str) -> str:
    """Give a count with its noun.

    >>> spell(1, "voice"), spell(3, "voice")
    ('1 voice', '3 voices')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def span(millis: int) -> str:
    """Give a length of time for reading.

    >>> span(45_000), span(125_000), span(7_200_000)
    ('45 s', '2 min', '2 h')
    """
    seconds = millis // 1_000
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7_200 else f"{seconds // 3_600} h"


def sentence(incident: Incident, away: Sequence[Outage] = ()) -> str:
    """Say in one sentence what is heard, where, by whom, against what it was measured, and who is not heard now."""
    heard = spell(incident.voices, "independent voice")
    first = f", {incident.witnesses} at first hand," if incident.witnesses else ""
    length = span(max(1_000, incident.updated_at - incident.first_voice_at))
    usual = ordinary(incident.expected, incident.window_ms)
    where = incident.place if incident.place.startswith("between ") else f"at {incident.place}"
    words = ", ".join(f"“{term}”" for term in incident.terms[:3])
    said = f" ({words})" if words else ""
    tail = f"; {spell(incident.denials, 'voice')} against" if incident.denials else ""
    if incident.zones:
        tail += (
            f"; told of in {', '.join(f'{zone.place} ({zone.voices})' for zone in incident.zones[:MOST_ZONES_SAID])}"
        )
        left = len(incident.zones) - MOST_ZONES_SAID
        tail += f" and {spell(left, 'more place')}" if left > 0 else ""
    if away:
        tail += f"; silence is no calm, {' and '.join(map(_since, away))}"
    what = HAZARD_WORDS[incident.hazard]
    rival = rival_hazard(incident)
    if rival is not None:
        what += f", or {HAZARD_WORDS[rival]},"
    return f"{heard}{first} in {length} tell of {what} {where}{said}; {usual}{tail}."


def rival_hazard(incident: Incident) -> str | None:
    """Give the hazard told nearly as much as the leading one, if there is one: the next voices may turn the two round."""
    lead = incident.hazards.get(incident.hazard, 0.0)
    others = {h: mass for h, mass in incident.hazards.items() if h not in (incident.hazard, OPEN) and mass > 0}
    second = max(others, key=lambda hazard: (others[hazard], hazard), default=None)
    return second if second is not None and others[second] >= RIVAL_SHARE * lead else None


def ordinary(expected: float, window_ms: int) -> str:
    """Say how much is told of such a thing here on an ordinary day, in whole numbers a tired person can weigh.

    >>> ordinary(0.0005, 3_600_000), ordinary(0.2, 3_600_000), ordinary(2.2, 600_000)
    ('ordinarily one in 3 months', 'ordinarily one in 5 h', 'ordinarily 2 in 10 min')
    """
    if expected <= 0 or window_ms <= 0:
        return "ordinarily none"
    if expected >= LEAST_COUNTED:
        return f"ordinarily {expected:.0f} in {span(window_ms)}"
    every_ms = window_ms / expected
    for name, length_ms, plural in PERIODS:
        if every_ms >= 2 * length_ms or name == "min":
            count = round(every_ms / length_ms)
            return (
                f"ordinarily less than one in {MOST_YEARS} years"
                if plural == "years" and count > MOST_YEARS
                else (f"ordinarily one in {count} {name if count == 1 else plural}")
            )
    return "ordinarily none"


def reported(consequences: Mapping[str, int]) -> tuple[str, ...]:
    """Say which consequences were told, and by how many."""
    ranked = sorted(consequences.items(), key=lambda kv: (-kv[1], kv[0]))
    return tuple(f"{CONSEQUENCE_WORDS.get(name, name)}: {spell(count, 'voice')}" for name, count in ranked)


def inferred(hazards: Mapping[str, float], hazard: str, radius_km: float, posterior: float) -> tuple[str, ...]:
    """Say what the machine concluded by itself."""
    found = [f"hazard: {hazard.replace('_', ' ')} ({hazards.get(hazard, 0.0):.0%} of what is told)"]
    found.append(f"place: within {radius_km:.1f} km, nine times of ten ({posterior:.0%} at the place named)")
    return tuple(found)


def unknown(consequences: Mapping[str, int], witnesses: int) -> tuple[str, ...]:
    """Say what nobody told yet."""
    missing = []
    if not consequences.keys() & {"dead", "injured", "trapped", "missing"}:
        missing.append("whether anybody is hurt")
    if not witnesses:
        missing.append("whether anybody speaks at first hand")
    if "responders" not in consequences:
        missing.append("whether help is there")
    return tuple(missing)


def returned(earlier: Earlier | None) -> tuple[str, ...]:
    """Say which silent incident it may be the return of.

    >>> returned(Earlier("explosion", "Paris", 7_500_000))
    ('whether this is the explosion at Paris again, raised at 02:05 UTC',)
    """
    if earlier is None:
        return ()
    what = HAZARD_WORDS[earlier.hazard].split(" ", 1)[1]
    return (f"whether this is the {what} at {earlier.place} again, raised at {_clock(earlier.raised_at)} UTC",)


def unheard(away: Sequence[Outage]) -> tuple[str, ...]:
    """Say which sources are away.

    >>> unheard([Outage("bluesky", 7_500_000)])
    ('what is told on bluesky: not heard since 02:05 UTC',)
    """
    return tuple(f"what is told on {one.origin}: not heard since {_clock(one.from_at)} UTC" for one in away)


def _since(one: Outage) -> str:
    return f"{one.origin} has not been heard since {_clock(one.from_at)} UTC"


def _clock(at: int) -> str:
    return format_instant(at)[11:16]


def top_terms(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Give the words heard most often."""
    return tuple(sorted(counts, key=lambda term: (-counts[term], term))[:MOST_TERMS])


def quotable(voices: Sequence[Voice], count: int) -> tuple[str, ...]:
    """Give the posts that may be quoted: of the most credible voices, first-hand ones first; none while there are few voices.

    Args:
        voices: those of the incident that are held.
        count: how many it has.
    """
    if count < LEAST_QUOTED:
        return ()
    ranked = sorted(voices, key=lambda voice: (not voice.first_hand, -voice.weight, voice.number))
    return tuple(voice.post_id for voice in ranked[:MOST_QUOTED])


def forgery_cost(voices: Sequence[Voice], nats: float, threshold: float) -> int:
    """Give how many independent accounts it would have taken to fake this: the voices less those it could have done without.

    Each voice beyond the threshold's need is spare; the strongest are needed first, so the least forger needs
    ``voices - spare`` accounts, at least three.
    """
    if not voices:
        return 0
    per_voice = max(0.5, nats / len(voices))
    spare = math.floor(max(0.0, nats - threshold) / per_voice)
    return max(min(3, len(voices)), len(voices) - spare)
