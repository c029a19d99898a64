"""Alerts of a run on one machine: the gate, the mail, and the door for programs, fed by the pipeline's thread."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Self

import msgspec

from dispatch import public
from dispatch.board import Board
from dispatch.book import Book
from dispatch.database import OutboxError
from tocsin.model import DeadLetter
from tocsin.pipeline import revival
from tocsin.pipeline.handover import STAGE, Handover, Mail, open_door

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import BinaryIO

    from dispatch.board import Numbered
    from tocsin.model import Alert, Digest, ExerciseWindow, Incident, Verdict
    from tocsin.runtime.metrics import Metrics
    from tocsin.runtime.web import WebServer
    from tocsin.settings import Settings


class LiveAlerts:
    """Tells centres of incidents and takes their verdicts, from entering to leaving the context.

    With ``dispatch.outbox_path`` it forgets nothing across a fall: what the gate remembers is written there in one transaction with the
    alerts that follow from it, and a decision is on disk before whoever made it is told that it was taken.

    Args:
        settings: territories, sinks, the door.
        metrics: where all is counted.
        now: the clock, UTC milliseconds.

    Raises:
        OutboxError: the outbox cannot be opened, or what it remembers is not of this version.
        SecretError: the secret of a webhook cannot be read.
        TokenError: the door's tokens cannot be read.
        OSError: the door's address is in use or not ours.
    """

    def __init__(self, settings: Settings, metrics: Metrics, now: Callable[[], int]) -> None:
        chosen = settings.dispatch
        self._listeners: list[Callable[[Sequence[Alert | Digest]], object]] = []
        self._witnesses: list[Callable[[Verdict | ExerciseWindow], object]] = []
        self._stack = ExitStack()
        self._broken: OutboxError | None = None
        self._due: list[Alert | Digest] = []
        self._mail = Mail(chosen, now=now, metrics=metrics)
        self._book: Book | None = None
        if self._mail.outbox is not None:
            self._book = Book(self._mail.outbox.database, most_told=chosen.door.kept_alerts)
        self.handover = Handover(chosen, metrics, self._note, None if self._book is None else self._keep)
        try:
            self._recall()
            self.door: WebServer | None = None
            if chosen.door.enabled:
                board = Board(most=chosen.door.kept_alerts)
                board.recall(self.recalled())
                self._listeners.append(board.post)
                self.door = open_door(chosen, board, self.decide, now)
        except BaseException:
            self._mail.close()
            raise

    def __enter__(self) -> Self:
        self._stack.callback(self._mail.close)
        self._mail.start()
        if self.door is not None:
            self._stack.enter_context(self.door)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def remembers(self) -> bool:
        """Whether a restart finds again what the gate knows."""
        return self._book is not None

    def recalled(self) -> list[Numbered]:
        """Give the latest notices, of earlier runs too, the oldest first; none where nothing is kept."""
        return [] if self._book is None else self._book.told()

    def listen(
        self,
        told: Callable[[Sequence[Alert | Digest]], object],
        decided: Callable[[Verdict | ExerciseWindow], object] | None = None,
    ) -> None:
        """Have all alerts and digests, and all decisions that were taken, told to one more, such as a console."""
        self._listeners.append(told)
        if decided is not None:
            self._witnesses.append(decided)

    def block(
        self, incidents: Sequence[Incident], now_at: int, state: Callable[[], bytes | None] | None = None
    ) -> None:
        """Take what a block has brought and how late it is, all or nothing; then it is told.

        Args:
            incidents: revisions, in their order.
            now_at: digests of the hours before it are due.
            state: gives what the detector remembers behind the block (``None``: nothing yet), kept with the rest; where nothing is kept
                it is not asked.

        Raises:
            OutboxError: the outbox cannot be written, now or when a decision came.
        """
        if self._broken is not None:
            raise self._broken
        with self.handover.alone():
            with self._whole():
                for incident in incidents:
                    self.handover.take(incident)
                self.handover.clock(now_at)
                if state is not None and self._book is not None:
                    kept = state()
                    if kept is not None:
                        self._book.keep(revival.NAME, kept)
            self._post()

    def incident(self, incident: Incident) -> None:
        """Take one revision by itself.

        Raises:
            OutboxError: as from ``block``.
        """
        self.block((incident,), 0)

    def decide(self, decision: Verdict | ExerciseWindow) -> str | None:
        """Take a decision from any thread; give what is wrong with it, or ``None``.

        Raises:
            OutboxError: it cannot be written; the run ends at its next block, since its gate now knows more than its file.
        """
        problem = self.handover.problem_with(decision)
        if problem is not None:
            return problem
        with self.handover.alone():
            try:
                with self._whole():
                    self.handover.take(decision)
            except OutboxError as error:
                self._broken = error
                raise
            for decided in self._witnesses:
                decided(decision)
            self._post()
        return None

    def detector(self) -> bytes | None:
        """Give what an earlier run has kept of its detector."""
        return None if self._book is None else self._book.kept(revival.NAME)

    def dead_letters(self) -> list[DeadLetter]:
        """Give the verdicts that could not be taken after all (no such incident within a day, a revision long gone)."""
        return [
            DeadLetter(stage=STAGE, reason="refused_verdict", detail=one.why, origin=one.verdict.incident_id)
            for one in self.handover.refused()
        ]

    def _recall(self) -> None:
        if self._book is None:
            return
        kept = self._book.read()
        if kept is None:
            return
        try:
            self.handover.restore(kept.rest, kept.parts)
        except msgspec.MsgspecError as error:
            raise OutboxError(f"expected verdicts and alerts as this version remembers them: {error}") from error

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Write all of it or none, where there is a file."""
        if self._mail.outbox is None:
            yield
            return
        with self._mail.outbox.database.transaction():
            yield

    def _note(self, messages: Sequence[Alert | Digest]) -> None:
        self._due.extend(messages)

    def _keep(self, messages: Sequence[Alert | Digest], parts: Mapping[str, bytes | None], rest: bytes) -> None:
        assert self._book is not None, "it is asked for where there is one"
        self._mail.carry(messages)
        self._book.tell(messages)
        self._book.write(parts, rest)

    def _post(self) -> None:
        """Tell what is on disk now."""
        due, self._due = self._due, []
        for told in self._listeners if due else ():
            told(due)


class AlertLines:
    """Writes the alerts and digests that a replay would have sent, one public JSON object a line.

    Args:
        settings: territories and budgets.
        metrics: where alerts are counted.
        stream: takes the lines.
    """

    def __init__(self, settings: Settings, metrics: Metrics, stream: BinaryIO) -> None:
        self._stream = stream
        self._handover = Handover(settings.dispatch, metrics, self._write)

    def incident(self, incident: Incident) -> None:
        """Take one revision; digests of the hours before it come first."""
        self._handover.clock(incident.updated_at)
        self._handover.take(incident)

    def _write(self, messages: Sequence[Alert | Digest]) -> None:
        for message in messages:
            self._stream.write(public.encode(message) + b"\n")
