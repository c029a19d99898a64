"""What the console knows: the latest revision of each incident, how it grew, what persons decided and what went out.

A fold of incidents, verdicts and alerts, without clock and I/O. Each change gets a number; a viewer who knows the last number it saw
learns what it missed, or that it must begin anew.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Final, Literal

import msgspec

from tocsin.model import Incident, Verdict
from tocsin.time import HOUR_MS

MAX_INCIDENTS: Final = 2_000
"""Incidents kept; beyond it the ones that ended longest ago go first."""
MAX_STEPS: Final = 240
"""Revisions kept of one incident, as steps of its history: the first and the latest."""
MAX_CHANGES: Final = 1_000
"""Changes remembered for viewers who come back."""
MAX_NOTICES: Final = 50
"""Alerts remembered of one incident, the latest."""
PAST_MS: Final = 24 * HOUR_MS
"""How long an ended incident stays: the shift sheet needs it."""

Section = Literal["open", "silent", "past"]


class Step(msgspec.Struct, frozen=True):
    """One revision, as its history shows it."""

    at: int
    reason: str
    place: str
    radius_km: float
    voices: int
    witnesses: int


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that went out: to whom, as what, when."""

    alert_id: str
    incident_id: str
    centre: str
    status: str
    """CAP words: ``Draft``, ``Actual``, ``Exercise``, ``Test``."""
    msg_type: str
    at: int


class Entry:
    """All that is known of one incident."""

    __slots__ = ("first_seq", "incident", "notices", "seq", "steps", "verdicts")

    def __init__(self, incident: Incident, seq: int) -> None:
        self.incident = incident
        self.seq = self.first_seq = seq
        self.steps: list[Step] = []
        self.verdicts: dict[str, list[Verdict]] = {}
        """All decisions by centre, in the order they came; the last one stands."""
        self.notices: deque[Notice] = deque(maxlen=MAX_NOTICES)

    def standing(self) -> dict[str, Verdict]:
        """Give the judgement of each centre that stands; merely looking at it is none."""
        found: dict[str, Verdict] = {}
        for centre, verdicts in self.verdicts.items():
            judged = [verdict for verdict in verdicts if verdict.decision != "seen"]
            if judged:
                found[centre] = judged[-1]
        return found

    @property
    def seen_by(self) -> tuple[str, ...]:
        """The centres where somebody has seen or judged it."""
        return tuple(self.verdicts)

    @property
    def section(self) -> Section:
        """Which list it stands in."""
        incident = self.incident
        if incident.state == "closed" or (incident.msg_type == "Cancel" and incident.state != "explained"):
            return "past"
        return "silent" if incident.state in {"watch", "explained"} else "open"


class Change(msgspec.Struct, frozen=True):
    """Something changed about one incident."""

    seq: int
    incident_id: str
    kind: Literal["incident", "verdict", "alert", "gone"]
    loud: bool = False
    """A raise, a correction, a surge, a withdrawal: it is said aloud; the rest changes in silence."""


_LOUD: Final = frozenset({"raised", "corrected", "surge", "merged", "split", "reopened", "withdrawn", "denied"})


class Board:
    """The fold. Not safe for threads: one thread owns it.

    >>> board = Board()
    >>> board.seq, board.since(0)
    (0, ())
    """

    def __init__(self) -> None:
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._changes: deque[Change] = deque(maxlen=MAX_CHANGES)
        self.seq = 0
        self.clock_at = 0
        """How far the stream has come, as the messages say."""

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, incident_id: str) -> Entry | None:
        """Give what is known of an incident."""
        return self._entries.get(incident_id)

    def entries(self) -> list[Entry]:
        """Give all, the latest raised first."""
        return sorted(self._entries.values(), key=lambda entry: (-entry.incident.raised_at, entry.incident.incident_id))

    def incident(self, incident: Incident) -> list[Change]:
        """Take one revision; an older one than is known, or one known already, changes nothing."""
        self.clock_at = max(self.clock_at, incident.updated_at)
        entry = self._entries.get(incident.incident_id)
        if entry is not None and incident.revision <= entry.incident.revision:
            return []
        was_silent = entry is None or entry.section == "silent"
        if entry is None:
            entry = self._entries[incident.incident_id] = Entry(incident, self.seq + 1)
        entry.incident = incident
        entry.steps.append(
            Step(
                incident.updated_at,
                incident.reason,
                incident.place,
                incident.radius_km,
                incident.voices,
                incident.witnesses,
            )
        )
        if len(entry.steps) > MAX_STEPS:
            del entry.steps[1]
        loud = incident.reason in _LOUD and not (was_silent and entry.section in {"silent", "past"})
        changes = [self._changed(entry, "incident", loud=loud)]
        changes.extend(self._forget())
        return changes

    def verdict(self, verdict: Verdict) -> list[Change]:
        """Take one decision; one of an incident that is not known, or one heard twice, changes nothing."""
        entry = self._entries.get(verdict.incident_id)
        if entry is None:
            return []
        verdicts = entry.verdicts.setdefault(verdict.centre, [])
        if verdict in verdicts:
            return []
        verdicts.append(verdict)
        verdicts.sort(key=lambda one: one.at)
        del verdicts[:-MAX_NOTICES]
        return [self._changed(entry, "verdict", loud=verdict.decision not in {"seen", "checking"})]

    def notice(self, notice: Notice) -> list[Change]:
        """Take one alert that went out."""
        entry = self._entries.get(notice.incident_id)
        if entry is None or notice in entry.notices:
            return []
        entry.notices.append(notice)
        return [self._changed(entry, "alert", loud=notice.status == "Actual")]

    def since(self, seq: int) -> tuple[Change, ...] | None:
        """Give the changes after a number, or ``None`` when they are no longer all known."""
        if seq > self.seq:
            return None
        missed = tuple(change for change in self._changes if change.seq > seq)
        return missed if len(missed) == self.seq - seq else None

    def _changed(
        self, entry: Entry, kind: Literal["incident", "verdict", "alert", "gone"], *, loud: bool = False
    ) -> Change:
        self.seq += 1
        entry.seq = self.seq
        change = Change(self.seq, entry.incident.incident_id, kind, loud)
        self._changes.append(change)
        return change

    def _forget(self) -> list[Change]:
        """Let ended incidents go after a day, and the oldest ones beyond the limit, the ended before the silent before the open."""
        gone = [
            entry
            for entry in self._entries.values()
            if entry.section == "past" and entry.incident.updated_at < self.clock_at - PAST_MS
        ]
        over = len(self._entries) - len(gone) - MAX_INCIDENTS
        if over > 0:
            leaving = {id(entry) for entry in gone}
            order = {"past": 0, "silent": 1, "open": 2}
            rest = [entry for entry in self._entries.values() if id(entry) not in leaving]
            rest.sort(key=lambda entry: (order[entry.section], entry.incident.updated_at))
            gone.extend(rest[:over])
        changes = []
        for entry in gone:
            del self._entries[entry.incident.incident_id]
            changes.append(self._changed(entry, "gone"))
        return changes
