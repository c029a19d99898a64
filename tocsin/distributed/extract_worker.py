"""The extract worker: ``posts`` in, ``mentions`` out; as many processes as there are partitions may share the work.

Offsets are committed after what was made of the records is acknowledged. A worker that dies in between leaves records to be made again:
they bear the same numbers, and the detector passes them over.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from kafka.errors import (
    CommitFailedError,
    IllegalGenerationError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)
from kafka.structs import OffsetAndMetadata

from tocsin import topics
from tocsin.distributed.extract import STAGE, Extract, Given
from tocsin.distributed.shell import bury, note_lag, now, poll, where
from tocsin.pipeline.counting import publish_stage
from tocsin.pipeline.shedding import told
from tocsin.runtime import metrics as declared
from tocsin.runtime.kafka import said, slot
from tocsin.runtime.logging import get_logger
from tocsin.runtime.pressure import Pressure
from tocsin.settings.nlp import SHED_ORDER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.distributed.shell import Shell, Took
    from tocsin.pipeline.hear import Extracts
    from tocsin.settings import Settings

RECORDS_AT_ONCE: Final = 100
"""Records taken at a time: some thousands of posts at most, seconds of work, far below what a group waits for a member."""
_MOVED: Final = (CommitFailedError, RebalanceInProgressError, IllegalGenerationError, UnknownMemberIdError)
"""A partition went to another worker meanwhile: it will make the same records again, and they are passed over."""


def run_extract(shell: Shell, extractor: Extracts | None = None) -> None:
    """Make mentions of posts until told to end.

    Args:
        shell: of the worker.
        extractor: hears; the packaged one, loaded now, if not given.

    Raises:
        ClusterError: the cluster is away or refuses.
        IllVersionError: the records are of another version than this worker.
        StageIllError: extraction fails on too many posts.
        FencedError: another worker has the same member name.
    """
    log = get_logger(STAGE)
    settings = shell.settings
    extract = Extract(
        extractor or packaged_extractor(settings),
        settings.distributed.undecodable_records,
        settings.runtime.max_stage_errors,
        shell.vault(now),
    )
    producer = shell.cluster.producer()
    consumer = shell.cluster.member(STAGE, shell.member, topics.POSTS, max_records=RECORDS_AT_ONCE)
    mentions = shell.cluster.name(topics.MENTIONS)
    shell.metrics.set(declared.READY, 1)
    log.info("started", member=shell.member)
    owned: frozenset[int] = frozenset()
    lag = Lag(shell)
    try:
        while not shell.stop.wanted:
            batches = poll(consumer)
            assigned = frozenset(one.partition for one in consumer.assignment())
            if assigned != owned:
                owned = assigned
                shell.metrics.set(declared.ACTIVE, int(bool(owned)), STAGE)
                log.info("partitions", member=shell.member, partitions=sorted(owned))
            if not batches:
                shell.metrics.set(declared.CONSUMER_LAG, 0, topics.POSTS.name)
                lag.look(0)
                continue
            records = [record for partition in sorted(batches) for record in batches[partition]]
            began = time.process_time()
            made = extract.take([Given(where(record), record.value) for record in records], lag.level)
            shell.metrics.add(declared.STAGE_SECONDS, time.process_time() - began, STAGE)
            for one in made:
                if one.value is not None:
                    producer.send(mentions, 0, one.value)
                bury(shell, producer, one.dead)
                publish_stage(STAGE, one.counts, shell.metrics)
                for gate, posts in one.shed.items():
                    shell.metrics.add(declared.SHED, posts, gate)
            producer.settle()
            if extract.has_read:
                commit_offsets(consumer, batches)
            lag.look(note_lag(shell, topics.POSTS.name, consumer, {n: taken[-1] for n, taken in batches.items()}))
    finally:
        shell.metrics.set(declared.READY, 0)
        with said("leave the group"):
            consumer.close(autocommit=False)
        producer.close()
    log.info("stopped", member=shell.member)


class Lag:
    """How far a worker is behind, as the number of gates that it leaves out. Recorded files are always heard whole.

    Args:
        shell: of the worker.
        clock: never goes back, seconds.
    """

    def __init__(self, shell: Shell, clock: Callable[[], float] = time.monotonic) -> None:
        chosen = shell.settings.nlp
        self._enabled = chosen.shed and shell.settings.distributed.follow
        self._limit_secs = chosen.shed_lag_secs
        self._pressure = Pressure(highest=len(SHED_ORDER), after_secs=chosen.shed_after_secs)
        self._metrics = shell.metrics
        self._clock = clock

    @property
    def level(self) -> int:
        """How many gates are left out now."""
        return self._pressure.level

    def look(self, lag_secs: float) -> None:
        """Take note of the age of the last record, with more waiting behind it; 0 if all was read."""
        if not self._enabled:
            return
        before = self.level
        level = self._pressure.look(self._clock(), lag_secs / self._limit_secs)
        if level != before:
            told(level, before, self._metrics, lag_secs=round(lag_secs, 1))


def commit_offsets(consumer: Any, batches: dict[int, list[Took]]) -> None:
    """Note that these records are done with; that a partition has moved meanwhile is no error."""
    offsets = {
        slot(taken[-1].topic, partition): OffsetAndMetadata(taken[-1].offset + 1, "", -1)
        for partition, taken in batches.items()
    }
    with said("commit offsets"):
        try:
            consumer.commit(offsets)
        except _MOVED as error:
            get_logger(STAGE).info("a partition moved before its offsets were committed", error=str(error))


def packaged_extractor(settings: Settings) -> Extracts:
    """Load the extractor and its language models (some ten seconds)."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # noqa: PLC0415

    from nlp.extract import Extractor  # noqa: PLC0415 - only this worker pays for the language tools

    # One thread: sums must not depend on how many the machine has.
    threadpool_limits(1)
    extractor = Extractor.load(settings.nlp, ask=settings.geocoder.enabled)
    # Before the group is joined: a member that loads models keeps the others waiting.
    extractor.warm()
    return extractor
