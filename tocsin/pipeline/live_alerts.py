"""Alerts of a run on one machine: the gate, the mail, and the door for programs, fed by the pipeline's thread."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from dispatch import public
from dispatch.board import Board
from tocsin.model import DeadLetter
from tocsin.pipeline.handover import STAGE, Handover, Mail, open_door

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import BinaryIO

    from tocsin.model import Alert, Digest, ExerciseWindow, Incident, Verdict
    from tocsin.runtime.metrics import Metrics
    from tocsin.runtime.web import WebServer
    from tocsin.settings import Settings


class LiveAlerts:
    """Tells centres of incidents and takes their verdicts, from entering to leaving the context.

    Args:
        settings: territories, sinks, the door.
        metrics: where all is counted.
        now: the clock, UTC milliseconds.

    Raises:
        OutboxError: the outbox cannot be opened.
        SecretError: the secret of a webhook cannot be read.
        TokenError: the door's tokens cannot be read.
        OSError: the door's address is in use or not ours.
    """

    def __init__(self, settings: Settings, metrics: Metrics, now: Callable[[], int]) -> None:
        chosen = settings.dispatch
        self._listeners: list[Callable[[Sequence[Alert | Digest]], object]] = []
        self._stack = ExitStack()
        self.handover = Handover(chosen, metrics, self._tell)
        self._mail = Mail(chosen, now=now, metrics=metrics)
        self.door: WebServer | None = None
        if chosen.door.enabled:
            board = Board(most=chosen.door.kept_alerts)
            self._listeners.append(board.post)
            self.door = open_door(chosen, board, self.decide, now)

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

    def listen(self, told: Callable[[Sequence[Alert | Digest]], object]) -> None:
        """Have all alerts and digests told to one more, such as a console."""
        self._listeners.append(told)

    def incident(self, incident: Incident) -> None:
        """Take one revision."""
        self.handover.take(incident)

    def clock(self, now_at: int) -> None:
        """Say how late it is: digests may be due."""
        self.handover.clock(now_at)

    def decide(self, decision: Verdict | ExerciseWindow) -> str | None:
        """Take a decision from any thread; give what is wrong with it, or ``None``."""
        problem = self.handover.problem_with(decision)
        if problem is None:
            self.handover.take(decision)
        return problem

    def dead_letters(self) -> list[DeadLetter]:
        """Give the verdicts that could not be taken after all (no such incident within a day, a revision long gone)."""
        return [
            DeadLetter(stage=STAGE, reason="refused_verdict", detail=one.why, origin=one.verdict.incident_id)
            for one in self.handover.refused()
        ]

    def _tell(self, messages: Sequence[Alert | Digest]) -> None:
        self._mail.carry(messages)
        for told in self._listeners:
            told(messages)


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
