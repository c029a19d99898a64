"""From the steps of a stream to the records of ``posts``: a pure fold, the same steps give the same bytes.

A record holds the posts and retractions of its partition, and ends with the ``Progress`` that covers them: so what it says of time can
never overtake what it says of posts. Records are cut by stream time (silence too is told) and by the number and bytes of posts.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin import wire
from tocsin.model import Exposure, Post, Progress, Retraction

if TYPE_CHECKING:
    from ingest.order import Step
    from tocsin.runtime.conservation import Counts

RECORD_BYTES: Final = 512 << 10
"""Bytes of posts in a record; one post alone may pass it."""


class PackerState(msgspec.Struct, kw_only=True):
    """All that a ``Packer`` remembers."""

    numbers: list[int]
    """Next number of each lane."""
    clock_at: int | None = None
    """Stream time of the last step."""
    told_at: int | None = None
    """Stream time of the last progress."""
    waiting: list[list[bytes]]
    posts: list[int]
    """Posts among the waiting, by partition."""
    exposures: dict[str, dict[int, int]]
    """By source and pane start."""
    tally: dict[str, int]


class Packer:
    """Gathers steps; gives records, each with the partition it belongs to.

    Args:
        origin: who speaks.
        partitions: of ``posts``.
        progress_ms: stream time between two records of a lane, at most.
        record_posts: posts in one record, at most.
    """

    def __init__(self, origin: str, partitions: int, progress_ms: int, record_posts: int) -> None:
        self._origin = origin
        self._partitions = partitions
        self._progress_ms = progress_ms
        self._record_posts = record_posts
        self._state = PackerState(
            numbers=[0] * partitions,
            waiting=[[] for _ in range(partitions)],
            posts=[0] * partitions,
            exposures={},
            tally={},
        )

    def add(self, step: Step) -> list[tuple[int, bytes]]:
        """Take a step; give the records that are due."""
        state = self._state
        for post in step.posts:
            self._put(post.id, post)
            state.posts[partition_of(post.id, self._partitions)] += 1
        for item in step.items:
            if isinstance(item, Retraction):
                self._put(item.post_id, item)
        for exposure in step.exposures:
            panes = state.exposures.setdefault(exposure.source, {})
            panes[exposure.pane_start_at] = panes.get(exposure.pane_start_at, 0) + exposure.posts
        for name, items in tally_of(step.counts).items():
            state.tally[name] = state.tally.get(name, 0) + items
        state.clock_at = step.clock_at
        if step.clock_at is None:
            return []
        due = state.told_at is None or step.clock_at - state.told_at >= self._progress_ms
        return self.flush() if due or max(state.posts) >= self._record_posts else []

    def flush(self, *, ended: bool = False) -> list[tuple[int, bytes]]:
        """Give records of all that waits, one for each partition at least."""
        state = self._state
        records: list[tuple[int, bytes]] = []
        up_to_at = state.clock_at or 0
        for partition in range(self._partitions):
            waiting, state.waiting[partition] = state.waiting[partition], []
            state.posts[partition] = 0
            chunks = _chunks(waiting, self._record_posts)
            # The last chunk moves the watermark: before it, posts of the same time are still to come.
            records += [(partition, self._record(partition, chunk, state.told_at or 0)) for chunk in chunks[:-1]]
            records.append((partition, self._record(partition, chunks[-1], up_to_at, last=True, ended=ended)))
        state.exposures, state.tally, state.told_at = {}, {}, up_to_at
        return records

    def snapshot(self) -> PackerState:
        """Give what is remembered."""
        return self._state

    def restore(self, state: PackerState) -> None:
        """Take back what ``snapshot`` gave.

        Raises:
            ValueError: it is of another number of partitions.
        """
        if len(state.numbers) != self._partitions:
            raise ValueError(f"expected the state of {self._partitions} partitions, got {len(state.numbers)}")
        self._state = state

    def _put(self, post_id: str, message: Post | Retraction) -> None:
        self._state.waiting[partition_of(post_id, self._partitions)].append(wire.encode(message))

    def _record(
        self, partition: int, chunk: list[bytes], up_to_at: int, *, last: bool = False, ended: bool = False
    ) -> bytes:
        state = self._state
        tells = last and partition == 0
        progress = Progress(
            origin=self._origin,
            up_to_at=up_to_at,
            posts=len(chunk),
            partition=partition,
            step=state.numbers[partition],
            ended=ended,
            exposures=_listed(state.exposures) if tells else (),
            tally=dict(state.tally) if tells else {},
        )
        state.numbers[partition] += 1
        return wire.pack([*chunk, wire.encode(progress)])


def partition_of(post_id: str, partitions: int) -> int:
    """Give the partition of a post: the same on every machine.

    >>> partition_of("a1b2", 4) == partition_of("a1b2", 4)
    True
    """
    return zlib.crc32(post_id.encode()) % partitions


def tally_of(counts: Counts) -> dict[str, int]:
    """Give the counts of ingest under the names of a tally; what is held is left out, being no outcome.

    >>> from tocsin.runtime.conservation import Counts
    >>> tally_of(Counts(received=2, used=1, late=1))
    {'ingest.received': 2, 'ingest.used': 1, 'ingest.late': 1}
    """
    plain = {"received": counts.received, "used": counts.used, "late": counts.late, "duplicate": counts.duplicate}
    named = {f"ingest.{name}": items for name, items in plain.items() if items}
    named |= {f"ingest.filtered.{reason}": items for reason, items in counts.filtered.items() if items}
    named |= {f"ingest.dead.{reason}": items for reason, items in counts.dead.items() if items}
    return named


def _listed(exposures: dict[str, dict[int, int]]) -> tuple[Exposure, ...]:
    return tuple(
        Exposure(start, source, posts)
        for source, panes in sorted(exposures.items())
        for start, posts in sorted(panes.items())
    )


def _chunks(records: list[bytes], most: int) -> list[list[bytes]]:
    """Cut records in chunks of at most ``most`` and, but for single ones, ``RECORD_BYTES``; one empty chunk for none."""
    chunks: list[list[bytes]] = [[]]
    size = 0
    for record in records:
        if chunks[-1] and (len(chunks[-1]) == most or size + len(record) > RECORD_BYTES):
            chunks.append([])
            size = 0
        chunks[-1].append(record)
        size += len(record)
    return chunks
