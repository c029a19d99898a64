"""The exercises that were declared, and the way from a form to a declaration, or to its end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from console.accounts import Account, Role
from console.decide import DecisionError
from tocsin.ids import content_id
from tocsin.model import HAZARDS, ExerciseWindow
from tocsin.time import DAY_MS, HOUR_MS, SECOND_MS

DECLARERS: Final[frozenset[Role]] = frozenset({"analyst"})
MAX_WINDOWS: Final = 1_000
"""Exercises remembered; beyond them the one that ends first is forgotten first."""
MAX_LABEL: Final = 120
MAX_CODES: Final = 100
LATE_MS: Final = HOUR_MS
"""An exercise may have begun so long before it is declared: what it raised was told as real until then."""
LONGEST_MS: Final = 7 * DAY_MS
"""An exercise that nobody ends must not stand for ever."""
FURTHEST_MS: Final = 30 * DAY_MS
"""So far ahead it may begin."""
CODE: Final = re.compile(r"[0-9A-Z]{2,5}")
"""A département (44, 2A, 974) or a commune (44109, 2A004)."""
COMMUNE_LENGTH: Final = 5
Stage = Literal["coming", "running", "over", "withdrawn"]


class Exercises:
    """Declarations by identity; of one declared anew the latest stands.

    >>> Exercises().latest()
    []
    """

    def __init__(self) -> None:
        self._windows: dict[str, ExerciseWindow] = {}

    def take(self, window: ExerciseWindow) -> None:
        """Take a declaration; an older one than is known changes nothing."""
        known = self._windows.get(window.window_id)
        if known is not None and (known.declared_at, known.withdrawn) >= (window.declared_at, window.withdrawn):
            return
        self._windows[window.window_id] = window
        if len(self._windows) > MAX_WINDOWS:
            del self._windows[min(self._windows, key=lambda key: (self._windows[key].until_at, key))]

    def get(self, window_id: str) -> ExerciseWindow | None:
        """Give a declaration."""
        return self._windows.get(window_id)

    def latest(self) -> list[ExerciseWindow]:
        """Give all, that which begins last first."""
        return sorted(self._windows.values(), key=lambda one: (-one.from_at, one.window_id))

    def running(self, now_at: int) -> list[ExerciseWindow]:
        """Give those in whose time an instant lies."""
        return [one for one in self.latest() if stage(one, now_at) == "running"]


def stage(window: ExerciseWindow, now_at: int) -> Stage:
    """Say whether an exercise is to come, runs, is over or was called off."""
    if window.withdrawn:
        return "withdrawn"
    if now_at < window.from_at:
        return "coming"
    return "running" if now_at < window.until_at else "over"


def declared(account: Account, form: Mapping[str, str], zone: ZoneInfo, now_at: int) -> ExerciseWindow:
    """Make the declaration that stands in a form.

    Args:
        account: who declares, for their centre.
        form: ``label``, ``from``, ``until`` (local, ``2026-06-01T14:00``), ``area`` (codes), ``hazard_fire`` and so on.
        zone: of the form's times.
        now_at: UTC milliseconds.

    Raises:
        DecisionError: the role may not declare, or a field cannot be meant.
    """
    _admit(account)
    label = " ".join(form.get("label", "").split())[:MAX_LABEL]
    if not label:
        raise DecisionError("exercise_label_missing")
    from_at, until_at = (_instant(form.get(name, ""), zone) for name in ("from", "until"))
    if not from_at < until_at or until_at <= now_at or until_at - from_at > LONGEST_MS:
        raise DecisionError("exercise_times_wrong")
    if not now_at - LATE_MS <= from_at <= now_at + FURTHEST_MS:
        raise DecisionError("exercise_times_far")
    codes = tuple(dict.fromkeys(form.get("area", "").upper().replace(",", " ").split()))
    if len(codes) > MAX_CODES or not all(CODE.fullmatch(code) for code in codes):
        raise DecisionError("exercise_area_wrong")
    return ExerciseWindow(
        window_id=content_id("exercise", account.centre, account.name, now_at),
        centre=account.centre,
        operator=account.name,
        declared_at=now_at,
        from_at=from_at,
        until_at=until_at,
        label=label,
        hazards=tuple(hazard for hazard in HAZARDS if form.get(f"hazard_{hazard}")),
        departements=tuple(code for code in codes if len(code) < COMMUNE_LENGTH),
        communes=tuple(code for code in codes if len(code) == COMMUNE_LENGTH),
    )


def ended(account: Account, window: ExerciseWindow, now_at: int) -> ExerciseWindow:
    """Make the declaration that ends an exercise now, or calls off one that has not begun.

    What was raised while it ran stays an exercise.

    Raises:
        DecisionError: the role may not, it is another centre's, or it is over.
    """
    _admit(account)
    if window.centre != account.centre:
        raise DecisionError("forbidden")
    found = stage(window, now_at)
    if found not in ("coming", "running"):
        raise DecisionError("exercise_over")
    at = max(now_at, window.declared_at + 1)
    if found == "coming":
        return msgspec.structs.replace(window, operator=account.name, declared_at=at, withdrawn=True)
    until_at = max(now_at, window.from_at + 1)
    return msgspec.structs.replace(window, operator=account.name, declared_at=at, until_at=until_at)


def _admit(account: Account) -> None:
    if account.role not in DECLARERS or not account.centre:
        raise DecisionError("forbidden")


def _instant(text: str, zone: ZoneInfo) -> int:
    """Read a local time of a form.

    Raises:
        DecisionError: it is none.
    """
    try:
        return round(datetime.strptime(text[:16], "%Y-%m-%dT%H:%M").replace(tzinfo=zone).timestamp() * SECOND_MS)
    except (ValueError, OverflowError) as error:
        raise DecisionError("exercise_times_wrong") from error
