"""The bounded passage from the thread of the sources to the pipeline.

When it is full, ``put`` waits, so the source stops reading its socket and the network holds back: nothing is dropped here. Cursors travel
with the lines that they cover, so that a cursor is never kept before its lines were handed on.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from ingest.files import Line
    from ingest.source import Cursor

MAX_LINES: Final = 20_000
MAX_BYTES: Final = 32 << 20


class Entry(msgspec.Struct, frozen=True):
    """What one event gave: lines with their number within the source, and the cursor behind them."""

    name: str
    first_number: int
    lines: tuple[bytes, ...]
    cursor: Cursor | None


class Inbox:
    """A queue between an event loop (``put``) and another thread (``take``), bounded in lines and bytes."""

    def __init__(self, *, max_lines: int = MAX_LINES, max_bytes: int = MAX_BYTES) -> None:
        self._max_lines = max_lines
        self._max_bytes = max_bytes
        self._entries: deque[Entry] = deque()
        self._lock = threading.Lock()
        self._lines = 0
        self._bytes = 0
        self._numbers: dict[str, int] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._room: asyncio.Event | None = None

    def __len__(self) -> int:
        return self._lines

    @property
    def full(self) -> bool:
        """Whether ``put`` would wait."""
        return self._lines >= self._max_lines or self._bytes >= self._max_bytes

    def try_put(self, name: str, lines: tuple[bytes, ...], cursor: Cursor | None) -> bool:
        """Put what an event gave, unless there is no room; one event may pass the limit by its own size."""
        with self._lock:
            if self.full:
                return False
            last = self._entries[-1] if self._entries else None
            if not lines and last is not None and last.name == name and not last.lines:
                self._entries[-1] = msgspec.structs.replace(last, cursor=cursor)
                return True
            first = self._numbers.get(name, 0) + 1
            self._numbers[name] = first - 1 + len(lines)
            self._entries.append(Entry(name, first, lines, cursor))
            self._lines += max(1, len(lines))
            self._bytes += sum(map(len, lines))
            return True

    async def put(self, name: str, lines: tuple[bytes, ...], cursor: Cursor | None) -> None:
        """Put what an event gave, as soon as there is room."""
        while not self.try_put(name, lines, cursor):
            if self._room is None:
                self._loop, self._room = asyncio.get_running_loop(), asyncio.Event()
            self._room.clear()
            if self.full:  # it may have been emptied before the event was cleared
                await self._room.wait()

    def take(self, most: int) -> tuple[list[Line], dict[str, Cursor]]:
        """Give whole entries up to about so many lines, and the cursors behind them."""
        lines: list[Line] = []
        cursors: dict[str, Cursor] = {}
        with self._lock:
            while self._entries and len(lines) < most:
                entry = self._entries.popleft()
                self._lines -= max(1, len(entry.lines))
                self._bytes -= sum(map(len, entry.lines))
                lines += [(entry.name, entry.first_number + at, line) for at, line in enumerate(entry.lines)]
                if entry.cursor is not None:
                    cursors[entry.name] = entry.cursor
            loop, room = self._loop, self._room
        if loop is not None and room is not None and not loop.is_closed():
            loop.call_soon_threadsafe(room.set)
        return lines, cursors
