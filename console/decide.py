"""From a form to a decision of a named person: the only way in which a console makes a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast, get_args

from console.accounts import Account, Role
from tocsin.model import Decision, Incident, Verdict
from tocsin.time import MINUTE_MS

DECIDERS: Final[frozenset[Role]] = frozenset({"operator", "analyst"})
DECISIONS: Final[tuple[str, ...]] = get_args(Decision)
NEED_REASON: Final = frozenset({"rejected"})
MAX_REASON: Final = 300
MAX_KNOWN_MINS: Final = 24 * 60


class DecisionError(ValueError):
    """It is no decision; ``key`` names the words that say why."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def decision(account: Account, incident: Incident, form: Mapping[str, str], now_at: int) -> Verdict:
    """Make the decision of a person about the revision they saw.

    Raises:
        DecisionError: the role may not decide, the decision is unknown, a needed reason is missing, a field is malformed.
    """
    if account.role not in DECIDERS or not account.centre:
        raise DecisionError("forbidden")
    wanted = form.get("decision", "")
    if wanted not in DECISIONS:
        raise DecisionError("bad_decision")
    reason = " ".join(form.get("reason", "").split())[:MAX_REASON]
    if wanted in NEED_REASON and not reason:
        raise DecisionError("needs_reason")
    known_at = None
    if wanted == "already_known":
        mins = form.get("known_mins", "0") or "0"
        if not (mins.isascii() and mins.isdigit() and int(mins[:6]) <= MAX_KNOWN_MINS):
            raise DecisionError("bad_decision")
        known_at = now_at - int(mins) * MINUTE_MS
    return Verdict(
        incident_id=incident.incident_id,
        centre=account.centre,
        operator=account.name,
        at=now_at,
        decision=cast("Decision", wanted),
        reason=reason,
        known_at=known_at,
        revision=_seen_revision(form, incident),
        duplicate_of=_other(form, incident) if wanted == "duplicate" else "",
    )


def _seen_revision(form: Mapping[str, str], incident: Incident) -> int:
    """Give the revision that stood on the person's screen."""
    text = form.get("revision", "")
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= incident.revision):
        raise DecisionError("expired")
    return int(text)


def _other(form: Mapping[str, str], incident: Incident) -> str:
    other = form.get("duplicate_of", "")
    if not other or other == incident.incident_id:
        raise DecisionError("needs_other")
    return other
