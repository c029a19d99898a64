"""What every worker has around its work: settings, cluster, store, metrics, a wish to end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from tocsin import topics, wire
from tocsin.distributed.keeping import Keeper
from tocsin.runtime import metrics as declared
from tocsin.runtime.kafka import said, slot
from tocsin.runtime.logging import get_logger
from tocsin.runtime.vault import TextVault
from tocsin.time import MINUTE_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.model import DeadLetter
    from tocsin.runtime.kafka import Cluster, Producer
    from tocsin.runtime.metrics import Metrics
    from tocsin.runtime.stop import Stop
    from tocsin.runtime.store import Store
    from tocsin.settings import Settings

POLL_MS: Final = 200
"""How long a worker waits for records before it looks whether to end."""


class Shell(msgspec.Struct, frozen=True, kw_only=True):
    """The surroundings of a worker."""

    settings: Settings
    cluster: Cluster
    store: Store
    metrics: Metrics
    stop: Stop
    member: str
    """Its name in its group: the same after a restart, another for each worker."""
    keys: Store | None = None
    """The store of the keys of texts and days, where they have one of their own."""

    @property
    def key_store(self) -> Store:
        """Where the keys of texts and days are."""
        return self.store if self.keys is None else self.keys

    def vault(self, now: Callable[[], int]) -> TextVault:
        """Give the text vault of the deployment."""
        return TextVault(self.key_store, self.settings.privacy.text_ttl_mins * MINUTE_MS, now)

    def keeper(self, stage: str) -> Keeper:
        """Give what writes the checkpoints of a stage."""
        return Keeper(stage, self.store, self.settings.distributed.checkpoint_secs, self.metrics)


class Took(Protocol):
    """A record as kafka-python gives it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    value: bytes


def poll(consumer: Any, most: int | None = None) -> dict[int, list[Took]]:
    """Give the records that have come, by partition, waiting a little for the first.

    Raises:
        ClusterError: the cluster is away or refuses.
        FencedError: another worker has the name of this one.
    """
    with said("read"):
        batches: dict[Any, list[Took]] = consumer.poll(timeout_ms=POLL_MS, max_records=most)
    return {where.partition: records for where, records in batches.items()}


def now() -> int:
    """Give the system's clock, UTC milliseconds."""
    return time.time_ns() // 1_000_000


def where(record: Took) -> str:
    """Give the place of a record, for messages."""
    return f"{record.topic}/{record.partition}@{record.offset}"


def note_lag(shell: Shell, topic: str, consumer: Any, last: dict[int, Took]) -> float:
    """Note, and give, the age in seconds of the last record taken of any partition that holds more; 0 when all are read.

    Args:
        shell: of the worker.
        topic: its name in the topology.
        consumer: that read it.
        last: the last record taken of each partition.
    """
    now_ms = time.time_ns() // 1_000_000
    lag_ms = 0
    for partition, record in last.items():
        end = consumer.highwater(slot(record.topic, partition))
        if end is not None and record.offset + 1 < end:
            lag_ms = max(lag_ms, now_ms - record.timestamp)
    lag_secs = max(0, lag_ms) / 1_000
    shell.metrics.set(declared.CONSUMER_LAG, lag_secs, topic)
    return lag_secs


def bury(shell: Shell, producer: Producer, letters: Sequence[DeadLetter]) -> None:
    """Send dead letters on their way and say so."""
    name = shell.cluster.name(topics.DEAD_LETTERS)
    log = get_logger("dead-letters")
    for letter in letters:
        producer.send(name, 0, wire.encode(letter))
        log.warning("dead letter", stage=letter.stage, reason=letter.reason, origin=letter.origin, detail=letter.detail)
