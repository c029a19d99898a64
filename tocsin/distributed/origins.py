"""Where an ingest worker's lines come from, such that a worker that starts again reads the same blocks again.

Recorded files are cut in blocks by the number of lines alone, so block N is the same whenever it is read; ``followed`` holds the others.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ingest.block import Block
from ingest.files import Reading, read_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.settings import Settings


class Origin(Protocol):
    """Gives the blocks of an origin by their numbers, each once and in order."""

    def block(self, number: int) -> Block | None:
        """Give the next block, or ``None`` when there is nothing just now.

        Raises:
            EOFError: the origin has ended.
            SourceError: it cannot be read.
            FencedError: another worker reads it.
        """
        ...

    def cursor(self) -> bytes:
        """Give where the reader stands, for a checkpoint."""
        ...

    def settled(self, number: int) -> None:
        """Hear that the blocks before a number will not be asked for again."""
        ...

    def close(self) -> None:
        """Let files go."""
        ...


class RecordedOrigin:
    """Recorded files, read once, in event time.

    Args:
        paths: the files, merged by their clocks as ``replay`` does.
        settings: how lines are cut.
        start: number of the block to begin with; those before it are read over.
    """

    def __init__(self, paths: Sequence[Path], settings: Settings, start: int) -> None:
        reading = Reading(
            block_lines=settings.runtime.block_lines,
            max_line_bytes=settings.ingest.max_line_bytes,
            leap_ms=settings.time.leap_ms,
            leap_lines=settings.time.leap_lines,
        )
        self._blocks: Iterator[Block] = islice(read_blocks([str(path) for path in paths], reading), start, None)

    def block(self, number: int) -> Block | None:
        """Give the next block."""
        block = next(self._blocks, None)
        if block is None:
            raise EOFError
        assert block.number == number, "blocks are asked for in order"
        return block

    def cursor(self) -> bytes:
        """Give nothing: the number of the block says it all."""
        return b""

    def settled(self, number: int) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing: files are closed at their end."""
