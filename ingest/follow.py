"""Followed sources: files and folders of JSON Lines that grow, and standard input, read as their lines come.

``poll`` never waits, so one thread reads all. A line is given when its line feed is there. A file that is replaced or cut short (rotated)
is read to its end and then anew from its start; one that vanishes is waited for.
"""

from __future__ import annotations

import os
import select
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

from ingest.files import STDIN, Line, SourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

POLL_BYTES: Final = 1 << 20
"""Bytes taken from one source at one poll: one that floods must not starve the others."""
MAX_FOLDER_FILES: Final = 200
"""Files followed (and held open) in one folder; the first by name are let go first, as names of days and numbers go."""
SUFFIXES: Final = (".jsonl", ".ndjson")


class Followed(Protocol):
    """One followed source."""

    ended: bool

    def poll(self) -> list[Line]:
        """Give the lines that have come since the last poll."""
        ...


class _Cutter:
    """Cuts bytes in lines; of a line beyond the limit only its beginning is kept."""

    def __init__(self, origin: str, max_line_bytes: int) -> None:
        self._origin = origin
        self._keep = max_line_bytes + 1
        self._carry = b""
        self._number = 0

    @property
    def waiting(self) -> bool:
        """Whether the beginning of a line has come, and not yet its end."""
        return bool(self._carry)

    def cut(self, data: bytes) -> list[Line]:
        """Give the lines that these further bytes complete."""
        head, *rest = data.split(b"\n")
        self._carry += head[: max(0, self._keep - len(self._carry))]
        lines: list[Line] = []
        for following in rest:
            self._number += 1
            lines.append((self._origin, self._number, self._carry))
            self._carry = following[: self._keep]
        return lines


class FollowedFile:
    """One growing file. It is held open, so that what was written before it was replaced is still read."""

    def __init__(self, path: Path, *, max_line_bytes: int, from_start: bool) -> None:
        self.ended = False
        self._path = path
        self._max_line_bytes = max_line_bytes
        self._stream = self._opened()
        if self._stream is not None and not from_start:
            self._stream.seek(0, os.SEEK_END)

    def poll(self) -> list[Line]:
        """Give the lines that were written since the last poll.

        Raises:
            SourceError: the file is there and cannot be read.
        """
        try:
            if self._stream is None:
                self._stream = self._opened()
            if self._stream is None:
                return []
            data = self._stream.read(POLL_BYTES)
            if data:
                return self._cutter.cut(data)
            return self._begin_anew() if self._is_another() else []
        except OSError as error:
            raise SourceError(f"{self._path}: cannot be read: {error.strerror or error}") from error

    def close(self) -> None:
        """Let the file go."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _opened(self) -> BinaryIO | None:
        self._cutter = _Cutter(str(self._path), self._max_line_bytes)
        try:
            return self._path.open("rb")
        except FileNotFoundError:
            return None  # it is waited for

    def _is_another(self) -> bool:
        """Say, having read all, whether the path leads to another file now, or this one was cut short."""
        assert self._stream is not None, "only an open file is read to its end"
        held = os.fstat(self._stream.fileno())
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False  # perhaps between being moved away and made again
        return (there.st_dev, there.st_ino) != (held.st_dev, held.st_ino) or held.st_size < self._stream.tell()

    def _begin_anew(self) -> list[Line]:
        lines = self._cutter.cut(b"\n") if self._cutter.waiting else []
        self.close()
        return lines + self.poll()


class FollowedFolder:
    """All JSON Lines files of a folder, also those that appear later (which are read from their start)."""

    def __init__(self, path: Path, *, max_line_bytes: int, from_start: bool) -> None:
        self.ended = False
        self._path = path
        self._max_line_bytes = max_line_bytes
        self._files: dict[str, FollowedFile] = {}
        self._look(from_start=from_start)

    def poll(self) -> list[Line]:
        """Give the lines that were written since the last poll, file by file in the order of their names.

        Raises:
            SourceError: the folder or a file cannot be read.
        """
        self._look(from_start=True)
        return [line for name in sorted(self._files) for line in self._files[name].poll()]

    def _look(self, *, from_start: bool) -> None:
        try:
            names = sorted(file.name for file in self._path.iterdir() if file.suffix in SUFFIXES)[-MAX_FOLDER_FILES:]
        except OSError as error:
            raise SourceError(f"{self._path}: cannot be listed: {error.strerror or error}") from error
        for name in self._files.keys() - set(names):
            self._files[name].close()
        self._files = {
            name: self._files.get(name)
            or FollowedFile(self._path / name, max_line_bytes=self._max_line_bytes, from_start=from_start)
            for name in names
        }


class FollowedInput:
    """Standard input; it ends when its writer closes it."""

    def __init__(self, descriptor: int, *, max_line_bytes: int) -> None:
        self.ended = False
        self._descriptor = descriptor
        self._cutter = _Cutter(STDIN, max_line_bytes)

    def poll(self) -> list[Line]:
        """Give the lines that have come since the last poll."""
        lines: list[Line] = []
        taken = 0
        while taken < POLL_BYTES and not self.ended and select.select([self._descriptor], [], [], 0)[0]:
            data = os.read(self._descriptor, POLL_BYTES)
            taken += len(data)
            if data:
                lines += self._cutter.cut(data)
            else:
                self.ended = True
                lines += self._cutter.cut(b"\n") if self._cutter.waiting else []
        return lines


def follow(paths: Sequence[Path], *, max_line_bytes: int, from_start: bool) -> list[Followed]:
    """Begin to follow paths: ``-`` is standard input, a folder is all its ``.jsonl`` and ``.ndjson`` files.

    Raises:
        SourceError: a folder cannot be listed.
    """
    followed: list[Followed] = []
    for path in paths:
        if str(path) == STDIN:
            followed.append(FollowedInput(sys.stdin.fileno(), max_line_bytes=max_line_bytes))
        elif path.is_dir():
            followed.append(FollowedFolder(path, max_line_bytes=max_line_bytes, from_start=from_start))
        else:
            followed.append(FollowedFile(path, max_line_bytes=max_line_bytes, from_start=from_start))
    return followed
