"""Signals that are held back, visibly: bursts of mere perceptions, and bursts that another explanation accounts for."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from detectors import explain
from detectors.hypothesis import Hypothesis
from tocsin.ids import content_id
from tocsin.model import Incident, Place, Reason
from tocsin.settings.detector import DetectorSettings
from tocsin.time import MINUTE_MS


class Watch(msgspec.Struct, kw_only=True):
    """A signal not raised (yet): where to look again, since when, and why it waits."""

    incident_id: str
    state: Literal["watch", "explained"]
    hazard: str
    seed: Place
    since_at: int
    until_at: int
    explained: str = ""


def hold(found: Hypothesis, seed: Place, now_at: int, until_at: int, explained: str) -> Watch:
    """Make the watch of a hypothesis that passed but is held back."""
    return Watch(
        incident_id=content_id("watch", found.hazard, now_at, seed.id),
        state="explained" if explained else "watch",
        hazard=found.hazard,
        seed=seed,
        since_at=now_at,
        until_at=until_at,
        explained=explained,
    )


def held(watch: Watch, found: Hypothesis, now_at: int, reason: Reason, settings: DetectorSettings) -> Incident:
    """Write the revision of a held signal: it interrupts nobody, and is shown on request."""
    place = found.where.place
    voices = found.voices
    terms: dict[str, int] = {}
    for voice in voices:
        for term in voice.terms:
            terms[term] = terms.get(term, 0) + 1
    why = f"held back: {watch.explained.replace('_', ' ')}" if watch.explained else "held back: mere perceptions so far"
    return Incident(
        incident_id=watch.incident_id,
        revision=1,
        msg_type="Alert",
        reason=reason,
        state=watch.state,
        hazard=watch.hazard,
        hazards={watch.hazard: 1.0},
        lat=round(place.lat, 6),
        lon=round(place.lon, 6),
        radius_km=found.where.r90_km,
        r50_km=found.where.r50_km,
        place=place.name,
        place_id=place.id,
        place_kind=place.kind,
        country=place.country,
        region=place.admin.region,
        departement=place.admin.departement,
        commune=place.admin.commune,
        raised_at=now_at,
        updated_at=now_at,
        first_voice_at=voices[0].at if voices else now_at,
        voices=len(voices),
        witnesses=sum(voice.first_hand for voice in voices),
        evidence=round(found.nats, 3) if math.isfinite(found.nats) else 0.0,  # none speaks for it: JSON knows no -inf
        expected=found.expected,
        window_ms=round(found.window_mins * MINUTE_MS),
        budget_mins=settings.budget_mins(place.country),
        terms=explain.top_terms(terms),
        sentence=f"{explain.spell(len(voices), 'voice')} at {place.name}, {why}.",
        areas=found.where.areas(),
    )
