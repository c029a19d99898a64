"""Alerts of the dispatch worker: ``incidents`` and ``verdicts`` through the gate, to the ``alerts`` topic and into the outbox.

Emit, checkpoint, commit: an alert is written to its topic in a transaction, then put in the outbox, then the checkpoint says how far all
was read. After a fall the alerts behind the checkpoint are made again, under the same identities: those that stand in the topic are not
written twice, and the outbox knows what it had. The two topics may then be read in another order than before; identities do not depend
on it.

Alerts are public JSON, for any Kafka client to read; verdicts may be public JSON, too (an object), or records of Tocsin's own.
"""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from dispatch import public
from dispatch.board import Board
from tocsin import topics, wire
from tocsin.distributed.shell import POLL_MS, bury, where
from tocsin.model import Alert, DeadLetter, Digest, ExerciseWindow, Incident, Verdict
from tocsin.pipeline.handover import STAGE, Handover, Mail, open_door
from tocsin.runtime.kafka import ClusterError, said, slot
from tocsin.runtime.logging import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.distributed.shell import Shell
    from tocsin.runtime.kafka import Producer
    from tocsin.runtime.store import Checkpoint

VERDICTS: Final = "verdicts/0"
ALERTS: Final = "alerts/0"
TRANSACTION: Final = "dispatch"


class Alerting:
    """The gate of the worker that is active.

    Args:
        shell: of the worker.
        last: the checkpoint to go on from, if there is one.
        gate: the gate's snapshot in it; empty for none.

    Raises:
        ClusterError: the cluster is away or refuses, or a topic is not there; also from every method.
        FencedError: another worker has taken over.
        OutboxError: the outbox cannot be opened.
    """

    def __init__(self, shell: Shell, last: Checkpoint | None, gate: bytes) -> None:
        self._shell = shell
        self._alerts = shell.cluster.name(topics.ALERTS)
        self._verdicts = shell.cluster.name(topics.VERDICTS)
        self._fresh: list[Alert | Digest] = []
        self._producer = shell.cluster.producer(transaction=TRANSACTION)
        self._producer.take_over()
        self.handover = Handover(shell.settings.dispatch, shell.metrics, self._fresh.extend)
        if gate:
            self.handover.restore(gate)
        self._output = 0 if last is None else last.outputs.get(ALERTS, 0)
        self.position = 0 if last is None else last.inputs.get(VERDICTS, 0)
        self._standing = self._read_own()
        self._reader = shell.cluster.consumer()
        self._slot = slot(self._verdicts, 0)
        self._deciding = threading.Lock()
        self._assign(self._reader, self._slot, self.position)
        self._mail = Mail(shell.settings.dispatch, now=_now, metrics=shell.metrics)
        self._mail.start()
        self._told: list[Callable[[Sequence[Alert | Digest]], object]] = [self._mail.carry]
        self._stack = ExitStack()
        if shell.settings.dispatch.door.enabled:
            self._open_door()
        get_logger(STAGE).info("active", written_after_checkpoint=len(self._standing))

    def incident(self, incident: Incident) -> None:
        """Take one revision."""
        self.handover.take(incident)

    def look(self, letters: Producer) -> None:
        """Take the verdicts that have come, then write and carry all alerts that are due."""
        with said("read verdicts"):
            batches: dict[Any, list[Any]] = self._reader.poll(timeout_ms=0)
        for records in batches.values():
            for record in records:
                self._take(record, letters)
        self.handover.clock(_now())
        bury(
            self._shell,
            letters,
            [
                DeadLetter(stage=STAGE, reason="refused_verdict", detail=one.why, origin=one.verdict.incident_id)
                for one in self.handover.refused()
            ],
        )
        self._write()

    @property
    def all_read(self) -> bool:
        """Whether no verdict waits in the topic."""
        with said("look for the end"):
            return bool(self._reader.position(self._slot) >= self._reader.end_offsets([self._slot])[self._slot])

    @property
    def outputs(self) -> dict[str, int]:
        """What a checkpoint says of what was written."""
        return {ALERTS: self._output}

    def close(self) -> None:
        """Close the door, end the couriers and let connections go."""
        self._stack.close()
        self._mail.close()
        self._producer.close()
        with said("close"):
            self._reader.close(autocommit=False)

    def _take(self, record: Any, letters: Producer) -> None:
        self.position = record.offset + 1
        try:
            self.handover.take(_decision(record.value))
        except wire.WireError as error:
            detail = str(error)[:200]
            bury(
                self._shell,
                letters,
                [DeadLetter(stage=STAGE, reason=error.reason, detail=detail, origin=where(record))],
            )

    def _write(self) -> None:
        made, self._fresh[:] = list(self._fresh), []
        new = [one for one in made if _identity(one) not in self._standing]
        if new:
            with self._producer.transaction():
                for one in new:
                    self._producer.send(self._alerts, 0, public.encode(one), key=_key(one))
                offsets = self._producer.settle()
            self._output = offsets[-1] + 1
        self._standing -= {_identity(one) for one in made}
        for told in self._told:
            told(made)  # with those that stood: the fall may have come before they were put in

    def _open_door(self) -> None:
        """Serve the door: it shows what stands in the topic, and writes decisions into theirs."""
        chosen = self._shell.settings.dispatch
        board = Board(most=chosen.door.kept_alerts)
        board.post(self._read_alerts(max(0, self._output - chosen.door.kept_alerts)))
        self._told.append(board.post)
        writer = self._shell.cluster.producer()
        self._stack.callback(writer.close)

        def decide(decision: Verdict | ExerciseWindow) -> str | None:
            problem = self.handover.problem_with(decision)
            if problem is None:
                about = decision.incident_id if isinstance(decision, Verdict) else decision.window_id
                with self._deciding:
                    writer.send(self._verdicts, 0, wire.encode(decision), key=about.encode())
                    writer.settle()  # whoever is told that it was taken may rely on it
            return problem

        self._stack.enter_context(open_door(chosen, board, decide, _now))

    def _read_own(self) -> set[str]:
        """Give the identities that stand after the checkpoint, written by a predecessor that fell before the next."""
        return {_identity(one) for one in self._read_alerts(self._output)}

    def _read_alerts(self, offset: int) -> list[Alert | Digest]:
        """Give what stands in the topic from an offset on."""
        found: list[Alert | Digest] = []
        reader = self._shell.cluster.consumer()
        try:
            there = slot(self._alerts, 0)
            self._assign(reader, there, offset)
            with said("read what was written"):
                end = reader.end_offsets([there])[there]
                while reader.position(there) < end:
                    for records in reader.poll(timeout_ms=POLL_MS).values():
                        found += [message for record in records if (message := _standing(record.value)) is not None]
        finally:
            with said("close"):
                reader.close(autocommit=False)
        return found

    @staticmethod
    def _assign(reader: Any, there: Any, offset: int) -> None:
        with said(f"read {there.topic}"):
            if not reader.partitions_for_topic(there.topic):
                raise ClusterError(
                    f"Kafka: there is no topic {there.topic}, or this user may not see it: `tocsin topics --apply` makes it"
                )
            reader.assign([there])
            reader.seek(there, offset)


def _identity(message: Alert | Digest) -> str:
    return message.alert_id if isinstance(message, Alert) else message.digest_id


def _key(message: Alert | Digest) -> bytes:
    """Give the key under which compaction keeps the last notice of each incident and centre."""
    told = f"{message.incident_id}.{message.centre}" if isinstance(message, Alert) else f"digest.{message.centre}"
    return told.encode()


def _standing(raw: bytes) -> Alert | Digest | None:
    kind: type[Alert | Digest] = Alert if b'"alert_id"' in raw else Digest
    try:
        return public.decode(raw, kind)
    except public.PublicError:
        return None  # not ours; whoever reads the topic will say so


def _decision(raw: bytes) -> Verdict | ExerciseWindow:
    """Read a decision.

    Raises:
        WireError: it is none.
    """
    if raw.startswith(b"{"):
        kind: type[Verdict | ExerciseWindow] = ExerciseWindow if b'"window_id"' in raw else Verdict
        try:
            return public.decode(raw, kind)
        except public.PublicError as error:
            raise wire.WireError("wrong_type", str(error)) from error
    message = wire.decode(raw)
    if not isinstance(message, Verdict | ExerciseWindow):
        raise wire.WireError("wrong_type", f"expected a Verdict or an ExerciseWindow, got {type(message).__name__}")
    return message


def _now() -> int:
    return time.time_ns() // 1_000_000
