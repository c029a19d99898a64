"""Files that are followed as they grow, such that a worker that starts again reads the same blocks again.

Lines are stamped on arrival, which no second reading could repeat: so each cut (which bytes of which file, arrived when) is written to
the store before the block is used, and a worker that starts again reads the cuts first. Two workers that read one origin would write
different cuts: the second is stopped.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import msgspec

from ingest.block import Block, Builder
from ingest.files import SourceError
from ingest.follow import MAX_FOLDER_FILES, POLL_BYTES, SUFFIXES
from tocsin.runtime.failures import FencedError
from tocsin.runtime.logging import get_logger
from tocsin.time import DAY_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.runtime.store import Store
    from tocsin.settings import Settings

CUT_TTL_MS: Final = DAY_MS
"""How long a cut is kept at most; a checkpoint, seconds later, makes it needless."""


class Cursor(msgspec.Struct):
    """Where the reader stands in a file, and which file it is."""

    inode: int
    offset: int
    lines: int


class Part(msgspec.Struct, frozen=True):
    """A stretch of whole lines of one file."""

    path: str
    inode: int
    start: int
    end: int
    first_line: int


class Cut(msgspec.Struct, frozen=True):
    """What a block was made of."""

    arrived_at: int
    parts: list[Part]


class FollowedOrigin:
    """Files and folders of JSON Lines as they grow, stamped on arrival.

    A file that is replaced is read to its end and then anew; one that was moved away while no worker ran is looked for beside its place.

    Args:
        name: of the origin.
        paths: files and folders.
        settings: of the deployment.
        store: keeps the cuts.
        now: the clock, UTC milliseconds.
        cursor: of the checkpoint, or ``None`` at the very first start.
    """

    def __init__(  # noqa: PLR0913 - each is a part of where lines come from
        self,
        name: str,
        paths: Sequence[Path],
        *,
        settings: Settings,
        store: Store,
        now: Callable[[], int],
        cursor: bytes | None,
    ) -> None:
        self._name = name
        self._paths = paths
        self._settings = settings
        self._store = store
        self._now = now
        self._log = get_logger("ingest")
        self._open: dict[str, tuple[int, BinaryIO]] = {}
        self._replaying = True
        self._arrived_at = 0
        self._settled = 0
        self._cursors: dict[str, Cursor] = {}
        if cursor:
            self._cursors = msgspec.msgpack.decode(cursor, type=dict[str, Cursor])
        elif not settings.ingest.from_start:
            for path in self._files():
                held = self._handle(path)
                if held is not None:
                    self._cursors[path] = Cursor(held[0], _last_line_end(held[1]), 0)

    def block(self, number: int) -> Block | None:
        """Give the next block: as it was cut before, or cut now."""
        key = self._key(number)
        if self._replaying:
            standing = self._store.get([key])[0]
            if standing is not None:
                return self._made(number, msgspec.msgpack.decode(standing, type=Cut))
            self._replaying = False
        arrived_at = max(self._arrived_at, self._now())
        parts = self._look()
        if not parts and arrived_at - self._arrived_at < self._settings.runtime.tick_secs * 1_000:
            return None
        cut = Cut(arrived_at, parts)
        raw = msgspec.msgpack.encode(cut)
        if self._store.put_if_absent(key, raw, CUT_TTL_MS) != raw:
            raise FencedError(f"origin {self._name}: another ingest worker reads it")
        return self._made(number, cut)

    def cursor(self) -> bytes:
        """Give where the reader stands in each file."""
        return msgspec.msgpack.encode(self._cursors)

    def settled(self, number: int) -> None:
        """Forget the cuts before a number."""
        self._store.delete([self._key(old) for old in range(max(self._settled, number - 100_000), number)])
        self._settled = number

    def close(self) -> None:
        """Let the files go."""
        for _, stream in self._open.values():
            stream.close()
        self._open.clear()

    def _key(self, number: int) -> str:
        return f"cut:{self._name}:{number}"

    def _files(self) -> list[str]:
        """Give the files that are followed now, those of folders in the order of their names."""
        files: list[str] = []
        for path in self._paths:
            if not path.is_dir():
                files.append(str(path))
                continue
            try:
                names = sorted(file.name for file in path.iterdir() if file.suffix in SUFFIXES)
            except OSError as error:
                raise SourceError(f"{path}: cannot be listed: {error.strerror or error}") from error
            files += [str(path / name) for name in names[-MAX_FOLDER_FILES:]]
        return files

    def _handle(self, path: str) -> tuple[int, BinaryIO] | None:
        """Give the open file of a path and its inode; ``None`` while there is none."""
        if path not in self._open:
            try:
                stream = Path(path).open("rb")  # noqa: SIM115 - held open, so that what was written before a rotation is still read
            except FileNotFoundError:
                return None
            except OSError as error:
                raise SourceError(f"{path}: cannot be read: {error.strerror or error}") from error
            self._open[path] = (os.fstat(stream.fileno()).st_ino, stream)
        return self._open[path]

    def _look(self) -> list[Part]:
        """Give the whole lines that have come, at most ``runtime.block_lines``."""
        parts: list[Part] = []
        room = self._settings.runtime.block_lines
        for path in self._files():
            if room == 0:
                break
            held = self._handle(path)
            if held is None:
                continue
            inode, stream = held
            cursor = self._cursors.setdefault(path, Cursor(inode, 0, 0))
            if cursor.inode != inode:
                self._reopen(path, cursor)
                continue
            end, lines = _whole_lines(stream, cursor.offset, room)
            if lines:
                parts.append(Part(path, inode, cursor.offset, end, cursor.lines + 1))
                room -= lines
            elif self._is_another(path, inode, cursor.offset):
                stream.close()
                del self._open[path]
                self._cursors[path] = Cursor(0, 0, 0)
        return parts

    def _reopen(self, path: str, cursor: Cursor) -> None:
        """The path leads to another file than the cursor's: take the old one up if it lies beside it, else begin the new one."""
        _, stream = self._open.pop(path)
        stream.close()
        old = None if cursor.inode == 0 else _beside(path, cursor.inode)
        if old is None:
            if cursor.inode:
                self._log.error("a file was replaced while no worker read it, and is gone", path=path)
            self._cursors.pop(path)
        else:
            self._open[path] = (cursor.inode, old)

    def _is_another(self, path: str, inode: int, offset: int) -> bool:
        try:
            there = Path(path).stat()
        except FileNotFoundError:
            return False  # perhaps between being moved away and made again
        return there.st_ino != inode or there.st_size < offset

    def _made(self, number: int, cut: Cut) -> Block:
        builder = Builder()
        keep = self._settings.ingest.max_line_bytes + 1
        for part in cut.parts:
            lines = self._lines(part)
            for index, line in enumerate(lines):
                builder.add(part.path, part.first_line + index, line[:keep])
            self._cursors[part.path] = Cursor(part.inode, part.end, part.first_line - 1 + len(lines))
        self._arrived_at = cut.arrived_at
        return builder.take(number=number, arrived_at=cut.arrived_at)

    def _lines(self, part: Part) -> list[bytes]:
        held = self._handle(part.path)
        stream = held[1] if held is not None and held[0] == part.inode else _beside(part.path, part.inode)
        if stream is None:
            self._log.error("a file was replaced before it was read again, and is gone", path=part.path)
            return []
        stream.seek(part.start)
        lines = stream.read(part.end - part.start).split(b"\n")[:-1]
        if held is None or stream is not held[1]:
            stream.close()
        return lines


def _whole_lines(stream: BinaryIO, offset: int, most: int) -> tuple[int, int]:
    """Give the end of the whole lines after an offset, at most so many, and how many they are."""
    stream.seek(offset)
    data = stream.read(POLL_BYTES)
    while data and b"\n" not in data:
        more = stream.read(POLL_BYTES)
        if not more:
            return offset, 0
        data += more
    end = lines = 0
    while lines < most and (at := data.find(b"\n", end)) >= 0:
        end, lines = at + 1, lines + 1
    return offset + end, lines


def _last_line_end(stream: BinaryIO) -> int:
    """Give the offset behind the last line feed of a file."""
    end = stream.seek(0, os.SEEK_END)
    while end > 0:
        start = max(0, end - POLL_BYTES)
        stream.seek(start)
        at = stream.read(end - start).rfind(b"\n")
        if at >= 0:
            return start + at + 1
        end = start
    return 0


def _beside(path: str, inode: int) -> BinaryIO | None:
    """Open the file of an inode that lies in the folder of a path, under whatever name."""
    for file in Path(path).parent.iterdir():
        if file.is_file() and file.stat().st_ino == inode:
            return file.open("rb")
    return None
