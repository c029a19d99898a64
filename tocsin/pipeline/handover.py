"""The hand-over, composed: incidents and verdicts go through the gate, alerts into the outbox, couriers carry them to the sinks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from dispatch.courier import Courier
from dispatch.door import Door, read_tokens
from dispatch.outbox import Outbox, OutboxError
from dispatch.sink import parcels, wants
from dispatch.sinks import open_sinks
from dispatch.verdicts import FeedOutcome, VerdictGate
from tocsin.model import Alert, Digest, Incident, Verdict
from tocsin.runtime import metrics as declared
from tocsin.runtime.logging import get_logger
from tocsin.runtime.web import WebServer
from tocsin.time import SECOND_MS

if TYPE_CHECKING:
    from dispatch.board import Board
    from dispatch.courier import Told
    from dispatch.door import Decide
    from dispatch.faults import Refused
    from dispatch.sink import Sink
    from tocsin.model import ExerciseWindow
    from tocsin.runtime.metrics import Metrics
    from tocsin.settings.dispatch import DispatchSettings

Keep = Callable[[Sequence[Alert | Digest], Mapping[str, bytes | None], bytes], object]
STAGE: Final = "gate"
STOP_SECS: Final = 5.0
"""So long a courier's last try is waited for at the end; what it did not finish waits in the outbox."""

_COUNTERS: Final[dict[FeedOutcome, tuple[declared.Metric, tuple[str, ...]]]] = {
    "used": (declared.USED, ()),
    "filtered": (declared.FILTERED, ("nothing_to_tell",)),
    "duplicate": (declared.DUPLICATE, ()),
    "refused": (declared.DEAD, ("refused_verdict",)),
}


class Mail:
    """The outbox and the couriers of the settings; without sinks it carries nothing, without ``outbox_path`` it has no file.

    Args:
        settings: which sinks.
        now: the clock, UTC milliseconds.
        metrics: where deliveries are counted.
        sinks: in place of those of the settings.

    Raises:
        OutboxError: the outbox cannot be opened; also from ``carry``.
        SecretError: the secret of a webhook cannot be read.
    """

    def __init__(
        self,
        settings: DispatchSettings,
        *,
        now: Callable[[], int],
        metrics: Metrics,
        sinks: Sequence[Sink] | None = None,
    ) -> None:
        self._settings, self._now, self._metrics = settings, now, metrics
        self._sinks = list(open_sinks(settings, now) if sinks is None else sinks)
        self.outbox: Outbox | None = None
        self.couriers: list[Courier] = []
        assert settings.outbox_path is not None or not self._sinks, "the settings ask for it where there are sinks"
        if settings.outbox_path is not None:
            self.outbox = Outbox(settings.outbox_path, max_waiting=settings.max_waiting)
            self.couriers = [Courier(one, self.outbox, now=now, count=self._count) for one in self._sinks]
            for courier in self.couriers:
                self._measure(courier.name)

    def start(self) -> None:
        """Deliver, each sink from a thread of its own."""
        for courier in self.couriers:
            courier.start()

    def carry(self, messages: Sequence[Alert | Digest]) -> None:
        """Put messages in the outbox, all or none; when it returns they are on disk.

        Raises:
            OutboxError: the outbox cannot be written, or a courier has broken down.
        """
        for courier in self.couriers:
            if courier.broken is not None:
                raise OutboxError(f"the courier of {courier.name} broke down: {courier.broken}") from courier.broken
        if self.outbox is None or not messages:
            return
        entries = [
            (sink.settings.name, parcel)
            for message in messages
            for sink in self._sinks
            if wants(sink.settings, message)
            for parcel in parcels(sink.settings, message, self._settings.sender)
        ]
        if entries:
            self.outbox.put(entries, self._now())
            for courier in self.couriers:
                self._measure(courier.name)
                courier.wake()

    def close(self) -> None:
        """End the couriers; what waits stays in the outbox for the next start."""
        for courier in self.couriers:
            courier.stop(STOP_SECS)
        if self.outbox is not None:
            self.outbox.close()

    def _count(self, sink: str, told: Told) -> None:
        self._metrics.add(declared.DELIVERIES, 1, sink, told)
        self._measure(sink)

    def _measure(self, sink: str) -> None:
        if self.outbox is not None:
            self._metrics.set(declared.OUTBOX_WAITING, self.outbox.waiting(sink), sink)
            oldest_at = self.outbox.oldest_at(sink)
            age_secs = 0.0 if oldest_at is None else max(0, self._now() - oldest_at) / SECOND_MS
            self._metrics.set(declared.OUTBOX_AGE, age_secs, sink)


def open_door(settings: DispatchSettings, board: Board, decide: Decide, now: Callable[[], int]) -> WebServer:
    """Make the door of the settings; it serves from entering its context.

    Raises:
        TokenError: the tokens cannot be read.
        OSError: the address is in use or not ours.
    """
    chosen = settings.door
    assert chosen.tokens_path is not None, "the settings ask for it where the door is enabled"
    guests = read_tokens(chosen.tokens_path)
    door = Door(board, guests, decide, sender=settings.sender, now=now, max_readers=chosen.max_readers)
    return WebServer(door.app, chosen.host, chosen.port, name="door")


class Handover:
    """Feeds the gate, counts, and tells all that come of it; safe to use from several threads.

    Args:
        settings: territories, budgets, sinks.
        metrics: where items and alerts are counted.
        tell: takes every alert and digest, in order (the outbox, a console, a door).
        keep: takes, before they are told, the same with what the gate now remembers: of each incident that has changed (``None``:
            nothing any more), and of the rest. A decision is kept before ``take`` returns; a revision that nobody is told of may wait for
            ``clock``.
    """

    def __init__(
        self,
        settings: DispatchSettings,
        metrics: Metrics,
        tell: Callable[[Sequence[Alert | Digest]], object],
        keep: Keep | None = None,
    ) -> None:
        self.gate = VerdictGate.of(settings)
        self._metrics, self._tell, self._keep = metrics, tell, keep
        self._changed: set[str] = set()
        self._told = self.gate.tally.copy()
        self._lock = threading.RLock()
        self._log = get_logger(STAGE)

    def restore(self, snapshot: bytes, parts: Mapping[str, bytes] = MappingProxyType({})) -> None:
        """Go on from a snapshot of the gate, or its rest and parts; what waits in it was received by this process, too.

        Raises:
            msgspec.MsgspecError: it is no snapshot of this version.
        """
        with self._lock:
            self.gate.restore(snapshot, parts)
            self._metrics.add(declared.RECEIVED, len(self.gate.memory.held), STAGE)
            self._metrics.set(declared.HELD, len(self.gate.memory.held), STAGE)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let no other thread's items in between those that are taken in this context."""
        with self._lock:
            yield

    def take(self, item: Incident | Verdict | ExerciseWindow) -> list[Alert]:
        """Take an incident revision, a verdict or an exercise window; give the alerts it caused, which were told."""
        with self._lock:
            alerts = self.gate.feed(item)
            self._note(item)
            if self._keep is not None:
                self._changed |= self.gate.touched
            self._pass_on(alerts, at_once=not isinstance(item, Incident))
        for alert in alerts:
            self._metrics.add(declared.ALERTS, 1, alert.status, alert.msg_type, alert.delivery)
        return alerts

    def clock(self, now_at: int) -> list[Digest]:
        """Say how late it is; give the digests that were due, which were told."""
        with self._lock:
            digests = self.gate.digests(now_at)
            self._pass_on(digests, at_once=bool(self._changed))
        return digests

    def problem_with(self, decision: Verdict | ExerciseWindow) -> str | None:
        """Say what is wrong with a decision by itself, or ``None``."""
        return self.gate.problem_with(decision)

    def refused(self) -> list[Refused]:
        """Give the verdicts that were not taken, for dead letters."""
        with self._lock:
            return self.gate.refused()

    def _pass_on(self, messages: Sequence[Alert | Digest], *, at_once: bool) -> None:
        if self._keep is not None and (messages or at_once):
            self._keep(messages, {one: self.gate.memory.part(one) for one in self._changed}, self.gate.memory.rest())
            self._changed.clear()
        if messages:
            self._tell(messages)

    def _note(self, item: Incident | Verdict | ExerciseWindow) -> None:
        metrics = self._metrics
        if isinstance(item, Verdict):
            metrics.add(declared.VERDICTS, 1, item.decision)
            self._log.info(
                "verdict",
                incident_id=item.incident_id,
                centre=item.centre,
                decision=item.decision,
                outcome=self.gate.outcome,
            )
        metrics.add(declared.RECEIVED, 1, STAGE)
        for outcome, items in (self.gate.tally - self._told).items():
            counter, labels = _COUNTERS[outcome]
            metrics.add(counter, items, STAGE, *labels)
        self._told = self.gate.tally.copy()
        metrics.set(declared.HELD, len(self.gate.memory.held), STAGE)
