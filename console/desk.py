"""The console's state in one place: board, viewers, coverage, track record, and the doors to the rest of Tocsin."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from console.board import Board, Change, Notice
from console.coverage import Coverage, Source
from console.exercises import Exercises
from console.hub import Hub, event
from console.render import Renderer
from console.tuning import Tuner
from console.words import Lang
from tocsin.model import ExerciseWindow, Incident, Verdict
from tocsin.runtime.audit import AuditEntry

MAX_JUDGED: Final = 20_000
"""Judged signals remembered for the track record."""
TRUE: Final = frozenset({"confirmed", "already_known"})
FALSE: Final = frozenset({"rejected"})


class AuditLog(Protocol):
    """The append-only log of who did what."""

    def append(self, *, at: int, who: str, action: str, about: str, detail: str) -> AuditEntry:
        """Write one entry; it is durable when this returns."""

    def latest(self, count: int) -> Sequence[AuditEntry]:
        """Give the last entries, the newest first."""

    def verify(self) -> tuple[bool, int]:
        """Tell whether the chain is whole, and how many entries were verified (or which one is the first broken)."""


class Doors(msgspec.Struct, frozen=True, kw_only=True):
    """What the console may do to the rest of Tocsin."""

    decide: Callable[[Verdict | ExerciseWindow], str | None]
    """Hand on a decision, or an exercise; it is durable when this returns. What comes back says what is wrong; then nothing was done."""
    audit: AuditLog
    now: Callable[[], int]
    """The system's clock, UTC milliseconds: decisions are stamped with it."""
    territories: Mapping[str, str] = {}
    """Names of the territories of the coverage map, by code."""
    tuner: Tuner | None = None
    """The workbench behind the analysts' page, if there is one."""


class Desk:
    """Folds what comes and tells the viewers. One thread owns it."""

    def __init__(self, doors: Doors, renderer: Renderer) -> None:
        self.doors = doors
        self.board = Board()
        self.hub = Hub()
        self.renderer = renderer
        self.coverage = Coverage()
        self.exercises = Exercises()
        self._sources: dict[str, Source] = {}
        self._judged: OrderedDict[tuple[str, str], tuple[str, bool]] = OrderedDict()

    def incident(self, incident: Incident) -> None:
        """Take a revision."""
        self._tell(self.board.incident(incident))

    def verdict(self, verdict: Verdict) -> None:
        """Take a decision that was made, here or elsewhere."""
        entry = self.board.get(verdict.incident_id)
        if entry is not None and verdict.decision in TRUE | FALSE:
            self.judged(verdict.centre, verdict.incident_id, entry.incident.hazard, true=verdict.decision in TRUE)
        self._tell(self.board.verdict(verdict))

    def notice(self, notice: Notice) -> None:
        """Take an alert that went out."""
        self._tell(self.board.notice(notice))

    def source(self, source: Source) -> None:
        """Take the state of a source; viewers hear of it when it changes."""
        known = self._sources.get(source.name)
        self._sources[source.name] = source
        if known is None or known.down != source.down:
            self._status()

    def clock(self, at: int) -> None:
        """Move the stream's clock."""
        self.board.clock_at = max(self.board.clock_at, at)
        for lang in self.hub.langs():
            self.hub.tell(lang, event("clock", {"at": self.board.clock_at}))

    @property
    def sources(self) -> tuple[Source, ...]:
        """All sources, by name."""
        return tuple(self._sources[name] for name in sorted(self._sources))

    @property
    def down(self) -> tuple[str, ...]:
        """The sources that are away."""
        return tuple(source.name for source in self.sources if source.down)

    def judged(self, centre: str, incident_id: str, hazard: str, *, true: bool) -> None:
        """Remember whether a signal was true; a later judgement of the same centre replaces an earlier."""
        self._judged.pop((centre, incident_id), None)
        self._judged[centre, incident_id] = (hazard, true)
        if len(self._judged) > MAX_JUDGED:
            self._judged.popitem(last=False)

    def record(self, centre: str, hazard: str) -> tuple[int, int]:
        """Give how many signals of a hazard a centre found true, and how many it judged."""
        judged = [true for (where, _), (what, true) in self._judged.items() if where == centre and what == hazard]
        return sum(judged), len(judged)

    def remember(self) -> None:
        """Take the judgements of earlier days from the audit log, for the track record."""
        for entry in reversed(self.doors.audit.latest(MAX_JUDGED)):
            decided = entry.action.removeprefix("verdict.")
            if decided in TRUE | FALSE and "@" in entry.who:
                centre, hazard = entry.who.rpartition("@")[2], entry.detail.partition(":")[0]
                self.judged(centre, entry.about, hazard, true=decided in TRUE)

    def missed(self, seq: int, lang: Lang) -> bytes | None:
        """Give the frames a viewer missed since a number, or ``None`` when it has to begin anew."""
        changes = self.board.since(seq)
        if changes is None:
            return None
        return b"".join(self._frame(change, lang) for change in changes)

    def _tell(self, changes: Sequence[Change]) -> None:
        for change in changes:
            for lang in self.hub.langs():
                self.hub.tell(lang, self._frame(change, lang))

    def _frame(self, change: Change, lang: Lang) -> bytes:
        return event("change", self.renderer.change(self.board, change, lang), change.seq)

    def _status(self) -> None:
        for lang in self.hub.langs():
            self.hub.tell(lang, event("status", {"down": list(self.down)}))
