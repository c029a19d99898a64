"""The dispatch worker: ``incidents`` and ``verdicts`` in; files, ``alerts`` and deliveries out; the same lines as ``replay --incidents``.

The file itself says what was written: after a fall, lines made again are compared with those that stand behind the checkpoint's size, a
torn last one is completed, and only then is anything appended. So readers that follow the file never see a line twice.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import msgspec

from dispatch.json import RaisedOnly, line
from tocsin import topics, wire
from tocsin.distributed.alerting import VERDICTS, Alerting
from tocsin.distributed.shell import bury, note_lag, poll, where
from tocsin.model import DeadLetter, Incident
from tocsin.pipeline.outputs import log_facts
from tocsin.pipeline.standing import StandingFile
from tocsin.runtime import metrics as declared
from tocsin.runtime.failures import DivergedError
from tocsin.runtime.kafka import said, slot
from tocsin.runtime.logging import get_logger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.distributed.keeping import Keeper
    from tocsin.distributed.shell import Shell, Took
    from tocsin.runtime.kafka import Producer
    from tocsin.runtime.store import Checkpoint

STAGE: Final = "dispatch"
LOOKS_AT_END: Final = 5
"""Empty looks for the topic, told to end before it was given to this worker, before it ends without it."""


class DispatchState(msgspec.Struct, kw_only=True):
    """What a checkpoint keeps."""

    version: int = 1
    size: int
    """Bytes of the incidents file."""
    raised: tuple[str, ...]
    standing: list[Incident]
    gate: bytes = b""
    """Of the verdict gate."""


class AppendedFile:
    """A file of lines that is only ever appended to, and never twice with the same line.

    Args:
        path: the file; its folder is made.
        size: bytes that were written for sure.

    Raises:
        DivergedError: the file is shorter than that, or a line made again is another than the one that stands.
    """

    def __init__(self, path: Path, size: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._stream: BinaryIO = path.open("a+b")
        if self._stream.seek(0, 2) < size:
            raise DivergedError(f"{path}: expected at least {size} bytes, got fewer: it was cut or replaced")
        self._stream.seek(size)
        self._standing = self._stream.read()
        self.size = size

    def write(self, text: bytes) -> None:
        """Append a line, unless it stands there already."""
        known = self._standing[: len(text)]
        if not text.startswith(known):
            raise DivergedError(f"{self._path}: at byte {self.size} stands another line than the one made again")
        self._standing = self._standing[len(known) :]
        self._stream.write(text[len(known) :])
        self._stream.flush()
        self.size += len(text)

    def close(self) -> None:
        """Let the file go."""
        self._stream.close()


class _Writer:
    """Writes incidents as the settings say."""

    def __init__(self, shell: Shell, path: Path, last: Checkpoint | None) -> None:
        chosen = shell.settings.dispatch
        state = None if last is None else msgspec.msgpack.decode(last.state, type=DispatchState)
        self._shell = shell
        self._raised = None if chosen.all_states else RaisedOnly(() if state is None else state.raised)
        self.file = AppendedFile(path, 0 if state is None else state.size)
        self._standing: dict[str, Incident] = {}
        self._geojson = None if chosen.geojson_path is None else StandingFile(chosen.geojson_path)
        for incident in () if state is None else state.standing:
            self._show(incident)
        self.alerting = Alerting(shell, last, b"" if state is None else state.gate)
        self._kept = (0 if last is None else last.inputs["incidents/0"], self.alerting.position)

    def incident(self, incident: Incident) -> None:
        """Write one revision, if its incident is shown, and tell the centres."""
        self.alerting.incident(incident)
        if self._raised is not None and not self._raised.passes(incident):
            return
        self.file.write(line(incident))
        self._show(incident)
        get_logger(STAGE).info("incident", **log_facts(incident))

    def keep(self, keeper: Keeper, position: int) -> None:
        """Write a checkpoint if anything was read since the last one."""
        reached = (position, self.alerting.position)
        if reached != self._kept:
            inputs = {"incidents/0": position, VERDICTS: self.alerting.position}
            keeper.keep(self.state(), inputs=inputs, outputs=self.alerting.outputs)
            self._kept = reached

    def close(self) -> None:
        """Let go of files and connections."""
        self.file.close()
        self.alerting.close()

    def state(self) -> bytes:
        """Give what a checkpoint keeps."""
        raised = () if self._raised is None else self._raised.raised
        return msgspec.msgpack.encode(
            DispatchState(
                size=self.file.size,
                raised=raised,
                standing=list(self._standing.values()),
                gate=self.alerting.handover.gate.memory.snapshot(),
            )
        )

    def _show(self, incident: Incident) -> None:
        if self._geojson is None:
            return
        if incident.state in ("open", "quiet") and incident.msg_type != "Cancel":
            self._standing[incident.incident_id] = incident
        else:
            self._standing.pop(incident.incident_id, None)
        self._geojson.incident(incident)
        self._shell.metrics.set(declared.OPEN, len(self._standing))


def run_dispatch(shell: Shell, path: Path | None = None) -> None:
    """Write incidents until told to end; then what stands in the topic is still written.

    Args:
        shell: of the worker.
        path: the file of incidents, in place of ``dispatch.incidents_path``.

    Raises:
        ClusterError: the cluster is away or refuses.
        StoreError: the store is away.
        FencedError: another worker has taken over.
        DivergedError: the file is not the one that was written.
        OSError: the file cannot be written.
    """
    chosen = path or shell.settings.dispatch.incidents_path
    assert chosen is not None, "the command line asks for it"
    log = get_logger(STAGE)
    topic = shell.cluster.name(topics.INCIDENTS)
    keeper = shell.keeper(STAGE)
    consumer = shell.cluster.member(STAGE, shell.member, topics.INCIDENTS)
    letters = shell.cluster.producer()
    shell.metrics.set(declared.READY, 1)
    log.info("started", member=shell.member)
    writer: _Writer | None = None
    position = looks = 0
    try:
        while looks < LOOKS_AT_END:
            batches = poll(consumer)
            owns = bool(consumer.assignment())
            if shell.stop.wanted:
                looks = 0 if batches else looks + 1
            if owns and writer is None:
                last = keeper.load()
                writer = _Writer(shell, chosen, last)
                position = 0 if last is None else last.inputs["incidents/0"]
                with said("seek"):
                    consumer.seek(slot(topic, 0), position)
                shell.metrics.set(declared.ACTIVE, 1, STAGE)
                looks = 0
                continue
            if writer is None or not owns:
                continue
            for taken in batches.values():
                position = _take(shell, writer, taken, position, letters)
            writer.alerting.look(letters)
            note_lag(shell, topics.INCIDENTS.name, consumer, {n: taken[-1] for n, taken in batches.items()})
            if shell.stop.wanted and _all_read(consumer, slot(topic, 0)) and writer.alerting.all_read:
                looks = LOOKS_AT_END
            if keeper.due or shell.stop.wanted:
                letters.settle()
                writer.keep(keeper, position)
    finally:
        shell.metrics.set(declared.READY, 0)
        if writer is not None:
            writer.close()
        letters.close()
        with said("leave the group"):
            consumer.close(autocommit=False)
    log.info("stopped", member=shell.member)


def _all_read(consumer: Any, where_: Any) -> bool:
    with said("look for the end"):
        # The consumer's own position: it has passed the marks of transactions, which are no records.
        return bool(consumer.position(where_) >= consumer.end_offsets([where_])[where_])


def _take(shell: Shell, writer: _Writer, records: Sequence[Took], position: int, letters: Producer) -> int:
    for record in records:
        if record.offset < position:
            continue
        position = record.offset + 1
        try:
            message = wire.decode(record.value)
        except wire.WireError as error:
            detail = str(error)[:200]
            bury(shell, letters, [DeadLetter(stage=STAGE, reason=error.reason, detail=detail, origin=where(record))])
            continue
        if isinstance(message, Incident):
            writer.incident(message)
            shell.metrics.add(declared.RECEIVED, 1, STAGE)
            shell.metrics.add(declared.USED, 1, STAGE)
    return position
