"""What a centre is told: notices, and the digest of what it was not interrupted for."""

from __future__ import annotations

from typing import Literal

import msgspec

from tocsin.model.incident import Incident
from tocsin.model.verdict import Decision

AlertStatus = Literal["Actual", "Exercise", "System", "Test", "Draft"]

Delivery = Literal["interrupt", "digest", "silent"]
"""``interrupt`` rings; ``digest`` would ring but for the budget of interruptions; ``silent`` only updates what is shown."""


class Reference(msgspec.Struct, frozen=True, array_like=True):
    """An earlier alert that another one takes the place of."""

    alert_id: str
    sent_at: int


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """The standing verdict of one centre, as all centres see it: without the name of the person."""

    centre: str
    decision: Decision
    at: int
    reason: str = ""
    known_at: int | None = None
    duplicate_of: str = ""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One notice of one incident revision to one centre. The words of status, type, urgency, severity, certainty are those of CAP 1.2."""

    alert_id: str
    """Hash of what caused it and of its centre: made again after a fall, it has the same identity (an idempotency key)."""
    incident_id: str
    """The one identity that all centres share."""
    centre: str
    sequence: int
    """Number of the notice among those of its incident and centre, from 1."""
    sent_at: int
    status: AlertStatus
    msg_type: Literal["Alert", "Update", "Cancel"]
    cause: str
    """Reason of the revision, decision of the verdict (``verdict:confirmed``), or ``exercise``."""
    delivery: Delivery
    delivery_reason: str = ""
    """Why it rings or does not, for a person."""
    references: tuple[Reference, ...] = ()
    proposal: bool = False
    """What the machine would say now of an incident that a person of the centre has judged: it changes nothing by itself."""
    lead: bool = False
    """The centre holds the largest mass among those that have not said ``not_ours``."""
    mass: float = 0.0
    """Posterior mass in the centre's territory."""
    centres: tuple[str, ...] = ()
    """All centres that were told of the incident."""
    recipients: tuple[str, ...] = ()
    """Addressees at the centre."""
    lang: Literal["fr", "en"] = "fr"
    evaluation: str = "unjudged"
    """Decision of the centre's own standing verdict. Unjudged is not true."""
    opinions: tuple[Opinion, ...] = ()
    """Standing verdicts of all centres side by side, by centre; they may contradict each other."""
    exercise: str = ""
    """Label of a declared exercise that covers it."""
    exercise_of: str = ""
    """The centre that declared that exercise."""
    urgency: Literal["Immediate", "Expected", "Future", "Past", "Unknown"] = "Unknown"
    severity: Literal["Extreme", "Severe", "Moderate", "Minor", "Unknown"] = "Unknown"
    certainty: Literal["Observed", "Likely", "Possible", "Unlikely", "Unknown"] = "Possible"
    incident: Incident
    """What it tells of: for ``Actual`` the very revision that the person judged."""


class Digest(msgspec.Struct, frozen=True, kw_only=True):
    """What a centre was not interrupted for within ``[from_at, until_at)``, because its budget of interruptions was spent."""

    digest_id: str
    centre: str
    from_at: int
    until_at: int
    alerts: tuple[str, ...]
    """Identities of the alerts, oldest first."""
    lines: tuple[str, ...]
    """One line for each, for a person, in the centre's language."""
    recipients: tuple[str, ...] = ()
    lang: Literal["fr", "en"] = "fr"
