"""Files that a run writes: there when they are whole, or not at all."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

STDOUT: Final = "-"
PART: Final = ".part"
"""What a file is called while it is written."""


@contextmanager
def whole_file(path: str) -> Iterator[BinaryIO]:
    """Open a file for writing; it takes its name when the context ends well.

    When it does not, the file is left as ``<path>.part``, unless it is empty.
    ``-`` is standard output; what is no regular file (a pipe, a device) is written as it comes.

    Raises:
        OSError: the file cannot be written.
    """
    if path == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = Path(path)
    if target.exists() and not target.is_file():
        with target.open("wb") as stream:
            yield stream
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + PART)
    try:
        with part.open("wb") as stream:
            yield stream
    except BaseException:
        if part.stat().st_size == 0:
            part.unlink()
        raise
    part.replace(target)
