"""All messages that travel between stages.

Every message is a frozen ``msgspec`` struct. Instants are UTC epoch milliseconds named ``*_at``, durations end in ``_ms``, distances in
``_km``, angles are WGS 84 degrees. Windows are half-open. Fields are only ever added, at the end and with defaults. All fields are
always written, so that equal messages have equal bytes.
"""

from __future__ import annotations

from tocsin.model.alert import Alert, AlertStatus, Delivery, Digest, Opinion, Reference
from tocsin.model.control import GeocodeResult, SettingsChange
from tocsin.model.incident import AreaMass, Incident, IncidentState, Reason, Zone
from tocsin.model.mention import HAZARDS, OPEN, Ask, Hazard, Mention, Modality, Span, Witness
from tocsin.model.place import COARSE_KINDS, Admin, Place, PlaceKind, Point
from tocsin.model.post import Exposure, Post, Progress, Retraction, SourceGap
from tocsin.model.refused import DEAD_REASONS, DeadLetter, DeadReason
from tocsin.model.verdict import Decision, ExerciseWindow, Verdict

Message = (
    Post
    | Progress
    | Retraction
    | SourceGap
    | SettingsChange
    | GeocodeResult
    | Mention
    | Incident
    | Verdict
    | ExerciseWindow
    | Alert
    | Digest
    | DeadLetter
)
"""Whatever may stand in a record."""

__all__ = [
    "COARSE_KINDS",
    "DEAD_REASONS",
    "HAZARDS",
    "OPEN",
    "Admin",
    "Alert",
    "AlertStatus",
    "AreaMass",
    "Ask",
    "DeadLetter",
    "DeadReason",
    "Decision",
    "Delivery",
    "Digest",
    "ExerciseWindow",
    "Exposure",
    "GeocodeResult",
    "Hazard",
    "Incident",
    "IncidentState",
    "Mention",
    "Message",
    "Modality",
    "Opinion",
    "Place",
    "PlaceKind",
    "Point",
    "Post",
    "Progress",
    "Reason",
    "Reference",
    "Retraction",
    "SettingsChange",
    "SourceGap",
    "Span",
    "Verdict",
    "Witness",
    "Zone",
]
