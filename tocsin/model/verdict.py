"""What persons at a centre say: decisions, and exercises they declare."""

from __future__ import annotations

from typing import Literal

import msgspec

Decision = Literal["seen", "checking", "already_known", "confirmed", "rejected", "not_ours", "duplicate"]
"""What a person can say of an incident. Only ``confirmed`` makes an alert ``Actual``, and only for the centre that said so."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The decision of a named person at a centre."""

    incident_id: str
    centre: str
    operator: str
    at: int
    decision: Decision
    reason: str = ""
    known_at: int | None = None
    """Since when the centre knew, with ``already_known``: the only evidence of how early a signal was."""
    revision: int = 0
    """The revision that the person saw; 0 when not said: the latest one then."""
    duplicate_of: str = ""
    """``duplicate``: the incident that it repeats."""


class ExerciseWindow(msgspec.Struct, frozen=True, kw_only=True):
    """An exercise declared by a centre: what is raised in it is labelled and routed apart for that centre, and never suppressed."""

    window_id: str
    centre: str
    operator: str
    declared_at: int
    from_at: int
    until_at: int
    label: str
    """Name or tag of the exercise, as its players know it."""
    hazards: tuple[str, ...] = ()
    """Hazards played; empty for all."""
    departements: tuple[str, ...] = ()
    communes: tuple[str, ...] = ()
    """Area, by codes; both lists empty: the whole territory of the centre."""
    recipients: tuple[str, ...] = ()
    """Addressees of the exercise, besides those of the centre."""
    withdrawn: bool = False
