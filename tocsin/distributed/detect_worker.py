"""The detect worker: one is active, others stand by; group membership says which.

Who becomes active first fences its predecessor by the transactional id, then takes the checkpoint, reads what was written after it, and
goes on: what it makes again is compared with what stands and not written twice.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from tocsin import topics, wire
from tocsin.distributed.detect import STAGE, Detect
from tocsin.distributed.shell import POLL_MS, bury, note_lag, poll, where
from tocsin.model import Incident
from tocsin.runtime import metrics as declared
from tocsin.runtime.failures import DivergedError
from tocsin.runtime.kafka import said, slot
from tocsin.runtime.logging import get_logger
from tocsin.time import SECOND_MS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.distributed.keeping import Keeper
    from tocsin.distributed.shell import Shell, Took
    from tocsin.settings.detector import DetectorSettings

RECORDS_AT_ONCE: Final = 500
_COUNTERS: Final = {
    "received": declared.RECEIVED,
    "used": declared.USED,
    "late": declared.LATE,
    "duplicate": declared.DUPLICATE,
    "dead": declared.DEAD,
}


class _Active:
    """The worker while it owns the stage."""

    def __init__(self, shell: Shell, consumer: Any) -> None:
        self._shell = shell
        self._consumer = consumer
        self._log = get_logger(STAGE)
        self._incidents = shell.cluster.name(topics.INCIDENTS)
        self._mentions = shell.cluster.name(topics.MENTIONS)
        self._producer = shell.cluster.producer(transaction=STAGE)
        self._producer.take_over()  # before anything is read: from here on the predecessor writes nothing
        self._letters = shell.cluster.producer()
        self._keeper: Keeper = shell.keeper(STAGE)
        last = self._keeper.load()
        self.detect = Detect(shell.settings)
        self._output = 0
        self._position = 0
        if last is not None:
            self.detect.restore(last.state)
            self._output = last.outputs.get("incidents/0", 0)
            self._position = last.inputs.get("mentions/0", 0)
        self._standing = self._read_own()
        with said("seek"):
            consumer.seek(slot(self._mentions, 0), self._position)
        self._kept_position = self._position
        self._repeated = self._lost = 0
        self._told = self.detect.tally.copy()
        self._in_force = self.detect.in_force
        others = _differing(shell.settings.detector, self._in_force)
        if others:
            self._log.warning(
                "the detector goes on with the settings in force, not with those of the file; `tocsin settings apply` changes them",
                keys=others,
            )
        # What was received before the checkpoint and waits for its pane is taken over: received by this process, too.
        shell.metrics.add(declared.RECEIVED, self.detect.held, STAGE)
        shell.metrics.set(declared.ACTIVE, 1, STAGE)
        self._log.info("active", offset=self._position, written_after_checkpoint=len(self._standing))

    def take(self, records: Sequence[Took]) -> None:
        """Take records; write what they cause."""
        metrics = self._shell.metrics
        began = time.process_time()
        written: list[Incident] = []
        for record in records:
            if record.offset < self._position:
                continue
            incidents, dead = self.detect.take(where(record), record.value)
            written += incidents
            bury(self._shell, self._letters, dead)
            self._position = record.offset + 1
        metrics.add(declared.STAGE_SECONDS, time.process_time() - began, STAGE)
        self._write(written)
        self._note()

    def keep(self, *, always: bool = False) -> None:
        """Write a checkpoint when one is due and something has changed."""
        if self._position == self._kept_position or not (always or self._keeper.due):
            return
        self._letters.settle()
        self._keeper.keep(
            self.detect.snapshot(), inputs={"mentions/0": self._position}, outputs={"incidents/0": self._output}
        )
        self._kept_position = self._position

    def close(self) -> None:
        """Let the connections go."""
        self._shell.metrics.set(declared.ACTIVE, 0, STAGE)
        self._producer.close()
        self._letters.close()

    def _read_own(self) -> dict[tuple[str, int], bytes]:
        """Give the revisions that stand after the checkpoint, written by a predecessor that fell before the next."""
        standing: dict[tuple[str, int], bytes] = {}
        reader = self._shell.cluster.consumer()
        try:
            where_ = slot(self._incidents, 0)
            with said("read what was written"):
                reader.assign([where_])
                end = reader.end_offsets([where_])[where_]
                reader.seek(where_, self._output)
                while reader.position(where_) < end:
                    for records in reader.poll(timeout_ms=POLL_MS).values():
                        for record in records:
                            _note_standing(standing, record.value)
        finally:
            with said("close"):
                reader.close(autocommit=False)
        return standing

    def _write(self, incidents: Sequence[Incident]) -> None:
        metrics = self._shell.metrics
        fresh: list[bytes] = []
        for incident in incidents:
            raw = wire.encode(incident)
            before = self._standing.pop((incident.incident_id, incident.revision), None)
            if before is None:
                fresh.append(raw)
                metrics.add(declared.REVISIONS, 1, incident.reason)
                if incident.reason == "raised" and incident.state == "open":
                    metrics.add(declared.RAISED, 1, incident.hazard)
            elif before != raw:
                raise DivergedError(
                    f"incident {incident.incident_id} revision {incident.revision} was made again and is another than the one written"
                )
        if fresh:
            with self._producer.transaction():
                for raw in fresh:
                    self._producer.send(self._incidents, 0, raw)
                offsets = self._producer.settle()
            self._output = offsets[-1] + 1

    def _note(self) -> None:
        """Bring the metrics up to date."""
        metrics, detect = self._shell.metrics, self.detect
        metrics.add(declared.REPEATED, detect.repeated - self._repeated)
        metrics.add(declared.LOST, detect.lost - self._lost)
        if detect.lost > self._lost:
            self._log.error("records of an origin never came and were given up", lost=detect.lost - self._lost)
        self._repeated, self._lost = detect.repeated, detect.lost
        if detect.in_force is not self._in_force:
            self._log.info("new settings in force", keys=_differing(self._in_force, detect.in_force))
            self._in_force = detect.in_force
        metrics.set(declared.HELD, detect.held, STAGE)
        for name, items in (detect.tally - self._told).items():
            stage, outcome, *reason = name.split(".")
            if stage == STAGE and outcome in _COUNTERS:
                metrics.add(_COUNTERS[outcome], items, stage, *reason)
        self._told = detect.tally.copy()
        for origin in self._shell.settings.distributed.origins:
            heard_at = detect.heard(origin)
            metrics.set(declared.ORIGIN_GAP, int(origin in detect.gaps), origin)
            if heard_at is not None:
                metrics.set(declared.ORIGIN_HEARD, heard_at / SECOND_MS, origin)
        watermark_at = detect.watermark_at
        if watermark_at is not None:
            metrics.set(declared.WATERMARK, watermark_at / SECOND_MS)
            metrics.set(declared.EVENT_LAG, max(0.0, time.time() - watermark_at / SECOND_MS))


def _differing(one: DetectorSettings, other: DetectorSettings) -> list[str]:
    """Give the names of the settings in which two differ."""
    return sorted(name for name in type(one).model_fields if getattr(one, name) != getattr(other, name))


def _note_standing(standing: dict[tuple[str, int], bytes], raw: bytes) -> None:
    try:
        incident = wire.decode(raw)
    except wire.WireError:
        return  # not ours: the dispatch worker has made a dead letter of it
    if isinstance(incident, Incident):
        standing[incident.incident_id, incident.revision] = raw


def run_detect(shell: Shell, *, until_end: bool = False) -> None:
    """Detect, or stand by, until told to end.

    Args:
        shell: of the worker.
        until_end: also end once all origins have ended and all panes are closed.

    Raises:
        ClusterError: the cluster is away or refuses.
        StoreError: the store is away.
        FencedError: another worker has taken over.
        DivergedError: detection, begun again, gave other incidents than before.
    """
    log = get_logger(STAGE)
    consumer = shell.cluster.member(STAGE, shell.member, topics.MENTIONS, max_records=RECORDS_AT_ONCE)
    shell.metrics.set(declared.READY, 1)
    shell.metrics.set(declared.ACTIVE, 0, STAGE)
    log.info("standing by", member=shell.member)
    active: _Active | None = None
    try:
        while not shell.stop.wanted:
            batches = poll(consumer)
            owns = bool(consumer.assignment())
            if owns and active is None:
                active = _Active(shell, consumer)
                continue  # what was polled before the seek is polled again after it
            if active is not None and not owns:
                log.warning("another worker takes over", member=shell.member)
                active.close()
                active = None
            if active is None:
                continue
            for taken in batches.values():
                active.take(taken)
            note_lag(shell, topics.MENTIONS.name, consumer, {n: taken[-1] for n, taken in batches.items()})
            if until_end and active.detect.finished:
                break
            active.keep()
        if active is not None:
            active.keep(always=True)
    finally:
        shell.metrics.set(declared.READY, 0)
        if active is not None:
            active.close()
        with said("leave the group"):
            consumer.close(autocommit=False)
    log.info("stopped", member=shell.member)
