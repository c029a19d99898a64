"""What is wrong with a person's decision by itself, whatever it is about."""

from __future__ import annotations

import msgspec

from tocsin.model import ExerciseWindow, Verdict


class Refused(msgspec.Struct, frozen=True):
    """A verdict that the gate did not take, and why."""

    verdict: Verdict
    why: str


def fault(decision: Verdict | ExerciseWindow) -> str | None:
    """Say what is wrong with a decision, or ``None``."""
    if not decision.operator.strip():
        return "expected the name of the person who decides, got nothing"
    if isinstance(decision, ExerciseWindow):
        return None if decision.from_at < decision.until_at else "expected until_at after from_at"
    if decision.decision == "rejected" and not decision.reason.strip():
        return "expected a reason with rejected, got nothing"
    if decision.decision == "duplicate" and decision.duplicate_of in ("", decision.incident_id):
        return "expected another incident in duplicate_of with duplicate, got none"
    if decision.known_at is not None and decision.known_at > decision.at:
        return "expected known_at to be no later than the verdict"
    return None
