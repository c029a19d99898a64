"""The protocol of a stream: what a stage asks of whatever carries its records, in memory or on a broker.

A stream is topics of partitions of records; a record has an offset, and offsets only grow. Reading moves nothing: where a reader stands
is in its checkpoint. A checkpoint is replaced by compare-and-set, so that of two workers that both believe to own a stage only one can
go on.
"""

from __future__ import annotations

from typing import Protocol

import msgspec


class Slot(msgspec.Struct, frozen=True, order=True):
    """One partition of one topic."""

    topic: str
    partition: int


class Record(msgspec.Struct, frozen=True):
    """One record and where it stands."""

    slot: Slot
    offset: int
    value: bytes


class FullError(RuntimeError):
    """A partition holds as much as it may, and nobody reads: the writer has to wait. Nothing was written."""


class GoneError(LookupError):
    """An offset lies before the oldest record kept: data is lost, which must be said aloud."""


class FencedError(RuntimeError):
    """A checkpoint was replaced by another worker: this one no longer owns its stage and must stop."""


class Stream(Protocol):
    """Carries records."""

    def append(self, slot: Slot, values: list[bytes]) -> int:
        """Write records, all or none; give the offset after the last.

        Raises:
            FullError: they do not fit.
        """
        ...

    def read(self, slot: Slot, offset: int, limit: int) -> list[Record]:
        """Give the records from an offset on, at most ``limit``; none when there is nothing new.

        Raises:
            GoneError: the offset is no longer kept.
        """
        ...

    def end(self, slot: Slot) -> int:
        """Give the offset that the next record will have."""
        ...

    def release(self, slot: Slot, offset: int) -> None:
        """Say that nobody will read before an offset again."""
        ...


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker needs to go on where it was: its state, and where it stood on both sides."""

    epoch: int
    """Grows by one with each checkpoint; the compare-and-set is on it."""
    state: bytes
    inputs: dict[str, int]
    """Next offset to read, by ``topic/partition``."""
    outputs: dict[str, int]
    """Next offset written, by ``topic/partition``, at the moment of the state."""


class Checkpoints(Protocol):
    """Keeps the last checkpoint of each stage."""

    def load(self, stage: str) -> Checkpoint | None:
        """Give the last checkpoint of a stage."""
        ...

    def swap(self, stage: str, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint whose epoch is one less (none, for epoch 1).

        Raises:
            FencedError: the one that stands has another epoch.
        """
        ...
