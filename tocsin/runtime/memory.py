"""The stream in memory: partitioned, replayable, bounded. Tests drive it step by step; threads may share it."""

from __future__ import annotations

import threading
from collections import deque

from tocsin.runtime.stream import FullError, GoneError, Record, Slot


class _Partition:
    def __init__(self) -> None:
        self.start = 0
        """Offset of the oldest record kept."""
        self.values: deque[bytes] = deque()


class MemoryStream:
    """A stream that lives in this process.

    Each partition keeps at most ``max_records`` records; a writer that finds it full waits up to ``wait_secs`` for a reader to release
    some, then gets ``FullError``. With 0 it does not wait: that is how a single thread drives writer and reader in turn.

    >>> stream = MemoryStream(max_records=2)
    >>> slot = Slot("posts", 0)
    >>> stream.append(slot, [b"a", b"b"])
    2
    >>> [record.value for record in stream.read(slot, 1, 10)]
    [b'b']
    """

    def __init__(self, *, max_records: int, wait_secs: float = 0.0) -> None:
        if max_records < 1:
            raise ValueError(f"max_records must be at least 1, got {max_records}")
        self._max_records = max_records
        self._wait_secs = wait_secs
        self._partitions: dict[Slot, _Partition] = {}
        self._changed = threading.Condition()

    def append(self, slot: Slot, values: list[bytes]) -> int:
        """Write records, all or none; give the offset after the last.

        Raises:
            FullError: they do not fit, and nobody made room in time.
            ValueError: they are more than a partition may ever hold.
        """
        if len(values) > self._max_records:
            raise ValueError(f"a partition holds {self._max_records} records, got {len(values)} at once")
        with self._changed:
            partition = self._partition(slot)
            fits = self._changed.wait_for(
                lambda: len(partition.values) + len(values) <= self._max_records, self._wait_secs
            )
            if not fits:
                raise FullError(f"{slot.topic}/{slot.partition} holds {len(partition.values)} records")
            partition.values.extend(values)
            return partition.start + len(partition.values)

    def read(self, slot: Slot, offset: int, limit: int) -> list[Record]:
        """Give the records from an offset on, at most ``limit``; none when there is nothing new.

        Raises:
            GoneError: the offset was released.
        """
        with self._changed:
            partition = self._partition(slot)
            if offset < partition.start:
                raise GoneError(
                    f"{slot.topic}/{slot.partition}: offset {offset} is gone, the oldest is {partition.start}"
                )
            first = offset - partition.start
            last = min(first + limit, len(partition.values))
            return [Record(slot, partition.start + at, partition.values[at]) for at in range(first, last)]

    def end(self, slot: Slot) -> int:
        """Give the offset that the next record will have."""
        with self._changed:
            partition = self._partition(slot)
            return partition.start + len(partition.values)

    def release(self, slot: Slot, offset: int) -> None:
        """Forget the records before an offset; writers that wait go on."""
        with self._changed:
            partition = self._partition(slot)
            while partition.start < offset and partition.values:
                partition.values.popleft()
                partition.start += 1
            self._changed.notify_all()

    def _partition(self, slot: Slot) -> _Partition:
        return self._partitions.setdefault(slot, _Partition())
