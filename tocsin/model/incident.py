"""The life of one signal, revision by revision."""

from __future__ import annotations

from typing import Literal

import msgspec


class AreaMass(msgspec.Struct, frozen=True, kw_only=True):
    """How much of an incident's place posterior lies in one commune (or in one named place outside any commune)."""

    place: str
    """Name of the likeliest place there."""
    mass: float
    """Probability that the incident is there, from 0 to 1, rounded to 4 digits."""
    lat: float
    lon: float
    """Position of that place."""
    country: str = ""
    region: str | None = None
    departement: str | None = None
    commune: str | None = None


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    """One of the places from which people tell of a mass event (a storm, a flood, a quake heard in many towns)."""

    place: str
    """Name of the place most named there."""
    place_id: str
    lat: float
    lon: float
    """Position of that place."""
    radius_km: float
    """Holds nine tenths of its voices."""
    voices: int
    first_at: int
    """When its first voice was heard."""
    consequences: dict[str, int] = {}
    """Reported consequences and how many of its voices told of each."""
    country: str = ""
    region: str | None = None
    departement: str | None = None
    commune: str | None = None


IncidentState = Literal["watch", "open", "quiet", "closed", "explained"]

Reason = Literal[
    "raised",
    "grown",
    "surge",
    "moved",
    "corrected",
    "merged",
    "split",
    "denied",
    "explained",
    "quiet",
    "reopened",
    "closed",
    "withdrawn",
]
"""Why a revision was written."""


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of the life of one signal."""

    incident_id: str
    revision: int
    msg_type: Literal["Alert", "Update", "Cancel"]
    reason: Reason
    state: IncidentState
    hazard: str
    """The most probable hazard, or ``open`` while none was named."""
    hazards: dict[str, float]
    lat: float
    lon: float
    """The posterior medoid: always the position of a place that was named, never a mean."""
    radius_km: float
    """r90: the posterior holds nine tenths of its mass within it."""
    r50_km: float
    place: str
    """For reading: the commune if its mass is at least 0.7, else "between X and Y"."""
    place_id: str
    place_kind: str = ""
    country: str = ""
    region: str | None = None
    departement: str | None = None
    commune: str | None = None
    raised_at: int
    updated_at: int
    first_voice_at: int
    closed_at: int | None = None
    voices: int
    witnesses: int
    """Voices that speak first-hand."""
    located_voices: int = 0
    denials: int = 0
    networks: tuple[str, ...] = ()
    evidence: float
    """Natural logarithm of the prior-weighted Shiryaev-Roberts statistic, rounded to 3 digits."""
    threshold: float = 0.0
    """What ``evidence`` had to reach: the natural logarithm of the budget in minutes."""
    expected: float
    """Voices of this hazard expected here in ``window_ms`` on an ordinary day."""
    window_ms: int = 0
    """The length of the window that spoke the loudest."""
    budget_mins: float = 0.0
    forgery_cost: int = 0
    """Independent accounts it would have taken to fake this incident."""
    warm: bool = False
    """The baseline here has history of its own, not only the packaged prior."""
    terms: tuple[str, ...] = ()
    """The words heard most often, at most eight."""
    reported: tuple[str, ...] = ()
    inferred: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    lineage: tuple[str, ...] = ()
    """Incidents merged into this one, or the one it was split from."""
    sentence: str = ""
    """One sentence that explains it, in English."""
    areas: tuple[AreaMass, ...] = ()
    """Where the posterior mass lies, largest first, at most 16: what an alert is routed by."""
    consequences: dict[str, int] = {}
    """Reported consequences (the closed list of ``Mention.consequences``) and how many voices told of each."""
    quotable: tuple[str, ...] = ()
    """Posts whose words an authorised person may ask for, the most credible first: at most eight, and none below five voices.
    It stays inside: public forms of an incident leave it out."""
    zones: tuple[Zone, ...] = ()
    """Where people tell of a mass event, most voices first, at most 12; empty for narrow hazards and while there are not two."""
