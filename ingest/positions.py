"""Where each source stood, kept in a file for the embedded way; over Kafka it is in the worker's checkpoint.

The file is replaced as a whole, so a crash leaves the old one or the new one. It holds cursors only: no name, handle, id of a post, or
text.
"""

from __future__ import annotations

import base64
import os
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from ingest.files import SourceError
from ingest.listener import Position

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_FILE_BYTES: Final = 32 << 20
SAVE_EVERY_MS: Final = 1_000


class _Kept(msgspec.Struct, frozen=True):
    cursor: str
    at: int


class PositionsFile:
    """The file; ``None`` keeps nothing.

    Blocks are cut from lines, travel, and are consumed; a position is written once the block that it stands behind was consumed.

    Args:
        path: the file.
        now: the clock, UTC milliseconds.
    """

    def __init__(self, path: Path | None, now: Callable[[], int]) -> None:
        self._path = path
        self._now = now
        self._cut: deque[tuple[int, Mapping[str, Position]]] = deque()
        self._ready: Mapping[str, Position] = {}
        self._saved_at = 0

    def load(self) -> dict[str, Position]:
        """Give what was kept; nothing where there is no file yet.

        Raises:
            SourceError: the file cannot be read, or is none of ours.
        """
        if self._path is None or not self._path.exists():
            return {}
        try:
            if self._path.stat().st_size > MAX_FILE_BYTES:
                raise SourceError(f"{self._path}: expected at most {MAX_FILE_BYTES} bytes")
            kept = msgspec.json.decode(self._path.read_bytes(), type=dict[str, _Kept])
            return {name: Position(base64.b64decode(one.cursor, validate=True), one.at) for name, one in kept.items()}
        except OSError as error:
            raise SourceError(f"{self._path}: cannot be read: {error.strerror or error}") from error
        except ValueError as error:
            raise SourceError(f"{self._path}: holds no positions of sources; move it away to begin anew") from error

    def cut(self, block: int, positions: Mapping[str, Position]) -> None:
        """Hear that a block was cut, and where the sources stood behind its lines."""
        self._cut.append((block, positions))

    @property
    def ready(self) -> Mapping[str, Position]:
        """Where the sources stood behind what was consumed."""
        return self._ready

    def consumed(self, blocks: int) -> None:
        """Hear how many blocks were consumed; keep where they ended, now and then."""
        while self._cut and self._cut[0][0] < blocks:
            self._ready = self._cut.popleft()[1]
        if self._ready and self._now() - self._saved_at >= SAVE_EVERY_MS:
            self.save()

    def save(self) -> None:
        """Write what was consumed.

        Raises:
            SourceError: the file cannot be written.
        """
        if self._path is None or not self._ready:
            return
        self._saved_at = self._now()
        kept = {name: _Kept(base64.b64encode(one.cursor).decode(), one.at) for name, one in self._ready.items()}
        aside = self._path.with_name(self._path.name + ".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with aside.open("wb") as file:
                file.write(msgspec.json.encode(kept))
                file.flush()
                os.fsync(file.fileno())
            aside.replace(self._path)
        except OSError as error:
            raise SourceError(f"{self._path}: cannot be written: {error.strerror or error}") from error
