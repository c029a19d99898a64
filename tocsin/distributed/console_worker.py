"""The console worker: ``incidents``, ``alerts``, ``verdicts`` and ``mentions`` of the last day are shown; decisions go to ``verdicts``.

It keeps no state and is of no group: several may run side by side, each shows the same. What a person decides is in the topic, and
acknowledged, before the person is told so; the gate of the dispatch worker acts on it.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

from console.accounts import Accounts, AccountsError
from console.exercises import FURTHEST_MS
from dispatch import public
from dispatch.verdicts import VerdictGate
from tocsin import topics, wire
from tocsin.distributed.shell import POLL_MS, where
from tocsin.model import Alert, ExerciseWindow, Incident, Mention, Progress, Verdict
from tocsin.pipeline.page import open_console
from tocsin.runtime import metrics as declared
from tocsin.runtime.audit import AuditLog
from tocsin.runtime.kafka import ClusterError, said, slot
from tocsin.runtime.logging import get_logger
from tocsin.time import DAY_MS

if TYPE_CHECKING:
    from collections.abc import Callable

    from console.server import ConsoleServer
    from console.tuning import Tuner
    from tocsin.distributed.shell import Shell
    from tocsin.runtime.kafka import Cluster, Producer

STAGE: Final = "console"
BACK_MS: Final = DAY_MS
"""How much of the topics is read at the start: what the shift sheet shows."""
DECLARED_BACK_MS: Final = FURTHEST_MS
"""How much of the decisions: an exercise may be declared so long before it."""
READ: Final = (topics.INCIDENTS, topics.ALERTS, topics.VERDICTS, topics.MENTIONS)


class Ballot:
    """Writes decisions to ``verdicts``; safe to use from any thread."""

    def __init__(self, cluster: Cluster, gate: VerdictGate) -> None:
        self._topic = cluster.name(topics.VERDICTS)
        self._gate = gate
        self._lock = threading.Lock()
        self._producer: Producer = cluster.producer()

    def decide(self, decision: Verdict | ExerciseWindow) -> str | None:
        """Write one decision; say what is wrong with it or with the cluster, or ``None`` once it is acknowledged."""
        problem = self._gate.problem_with(decision)
        if problem is not None:
            return problem
        about = decision.incident_id if isinstance(decision, Verdict) else decision.window_id
        with self._lock:
            try:
                self._producer.send(self._topic, 0, public.encode(decision), key=about.encode())
                self._producer.settle()
            except ClusterError as error:
                return str(error)
        return None

    def close(self) -> None:
        """Let the connection go."""
        self._producer.close()


def run_console(
    shell: Shell, tuner: Tuner | None = None, opened: Callable[[ConsoleServer], object] | None = None
) -> None:
    """Serve the console until a signal.

    Args:
        shell: of the worker.
        tuner: the workbench of the analysts' page, if there is one.
        opened: hears of the server once it serves.

    Raises:
        ClusterError: the cluster is away or refuses, or a topic is not there.
        AccountsError: the accounts cannot be used.
        AuditError: the audit log is broken at its end.
        OSError: the address is in use or not ours, or a file cannot be read.
    """
    settings = shell.settings
    if settings.console.accounts_path is None:
        raise AccountsError("expected console.accounts_path (`tocsin account` writes the file), got none")
    accounts = Accounts.load(settings.console.accounts_path)
    reader, ballot = shell.cluster.consumer(), Ballot(shell.cluster, VerdictGate.of(settings.dispatch))
    try:
        _begin(shell.cluster, reader)
        with open_console(
            settings.console,
            accounts,
            decide=ballot.decide,
            audit=AuditLog(settings.privacy.audit_path),
            now=_now,
            tuner=tuner,
        ) as server:
            get_logger(STAGE).info("console open", address=server.address)
            if opened is not None:
                opened(server)
            shell.metrics.set(declared.READY, 1)
            while not shell.stop.wanted:
                _look(reader, server)
    finally:
        shell.metrics.set(declared.READY, 0)
        ballot.close()
        with said("close"):
            reader.close(autocommit=False)


def _begin(cluster: Cluster, reader: Any) -> None:
    """Read from a day back, or from the beginning of what is younger."""
    slots = [slot(cluster.name(topic), 0) for topic in READ]
    with said("read"):
        for there in slots:
            if not reader.partitions_for_topic(there.topic):
                raise ClusterError(
                    f"Kafka: there is no topic {there.topic}, or this user may not see it: `tocsin topics --apply` makes it"
                )
        reader.assign(slots)
        ends = reader.end_offsets(slots)
        decisions = cluster.name(topics.VERDICTS)
        now_at = _now()
        back = {there: DECLARED_BACK_MS if there.topic == decisions else BACK_MS for there in slots}
        found = reader.offsets_for_times({there: now_at - millis for there, millis in back.items()})
        for there in slots:
            at = found.get(there)
            reader.seek(there, ends[there] if at is None else at.offset)


def _look(reader: Any, server: ConsoleServer) -> None:
    with said("read"):
        batches: dict[Any, list[Any]] = reader.poll(timeout_ms=POLL_MS)
    for records in batches.values():
        for record in records:
            try:
                _show(record, server)
            except (wire.WireError, public.PublicError) as error:
                # Whoever owns the topic buries it; here it only cannot be shown.
                get_logger(STAGE).warning("cannot be shown", record=where(record), reason=str(error)[:200])


def _show(record: Any, server: ConsoleServer) -> None:
    """Show what a record holds.

    Raises:
        WireError: it cannot be read.
        PublicError: it cannot be read.
    """
    if record.value.startswith(b"{"):
        _show_public(record.value, server)
        return
    packed = record.topic.endswith(topics.MENTIONS.name)
    for message in wire.decode_batch(record.value) if packed else [wire.decode(record.value)]:
        if isinstance(message, Incident):
            server.incident(message)
        elif isinstance(message, Verdict):
            server.verdict(message)
        elif isinstance(message, ExerciseWindow):
            server.exercise(message)
        elif isinstance(message, Mention):
            server.mention(message)
        elif isinstance(message, Progress):
            server.clock(message.up_to_at)


def _show_public(raw: bytes, server: ConsoleServer) -> None:
    """Show an alert or a decision in its public form.

    Raises:
        PublicError: it cannot be read.
    """
    if b'"alert_id"' in raw:
        server.alert(public.decode(raw, Alert))
    elif b'"decision"' in raw:
        server.verdict(public.decode(raw, Verdict))
    elif b'"window_id"' in raw:
        server.exercise(public.decode(raw, ExerciseWindow))


def _now() -> int:
    return time.time_ns() // 1_000_000
