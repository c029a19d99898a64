"""Blocks: numbered batches of whole lines, the unit that travels from the reader to the stages."""

from __future__ import annotations

import msgspec

from ingest.privacy import DayKeys


class Run(msgspec.Struct, frozen=True, array_like=True):
    """``count`` lines in a row of one origin (a path), the first being line ``first_line`` from 1."""

    origin: str
    first_line: int
    count: int


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Lines in the order in which they were read.

    ``arrived_at`` is set by a live reader: it is the arrival of all lines, and the stream clock though there be none.
    """

    number: int
    data: bytes
    """The lines, joined by a line feed; without a meaning when there is none."""
    runs: tuple[Run, ...]
    arrived_at: int | None = None
    keys: DayKeys | None = None
    """Live: the keys of pseudonyms in force when it was read. They travel with it, so no process that hears keeps any."""
    shed: int = 0
    """Live: how many gates are left out of its hearing, for pressure."""

    @property
    def count(self) -> int:
        """How many lines there are."""
        return sum(run.count for run in self.runs)

    def lines(self) -> list[bytes]:
        """Give the lines, without their line feeds."""
        return self.data.split(b"\n") if self.runs else []

    def where(self, index: int) -> tuple[str, int]:
        r"""Give the origin and the line number of the line at an index.

        >>> Block(number=0, data=b"a\nb\nc", runs=(Run("x", 7, 2), Run("y", 1, 1))).where(2)
        ('y', 1)
        """
        for run in self.runs:
            if index < run.count:
                return run.origin, run.first_line + index
            index -= run.count
        raise IndexError(index)


class Builder:
    """Gathers lines to a block.

    >>> builder = Builder()
    >>> builder.add("f", 1, b"{}")
    >>> builder.add("f", 2, b"[]")
    >>> builder.take(number=4).runs
    (Run(origin='f', first_line=1, count=2),)
    """

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._runs: list[Run] = []

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, origin: str, number: int, line: bytes) -> None:
        """Add a line (without line feed)."""
        self._lines.append(line)
        if self._runs:
            last = self._runs[-1]
            if last.origin == origin and last.first_line + last.count == number:
                self._runs[-1] = Run(origin, last.first_line, last.count + 1)
                return
        self._runs.append(Run(origin, number, 1))

    def take(self, *, number: int, arrived_at: int | None = None) -> Block:
        """Give what was gathered as a block, and begin anew."""
        block = Block(number=number, data=b"\n".join(self._lines), runs=tuple(self._runs), arrived_at=arrived_at)
        self._lines, self._runs = [], []
        return block
