"""Readers of JSON Lines: plain, gzip, zstandard (told apart by their first bytes, whatever the name) and standard input (``-``).

Lines are cut in numbered blocks. A line is never held beyond its limit: of a longer one, the first ``max_line_bytes + 1`` bytes go on,
so that it is seen to be too long, and the rest is skipped.
"""

from __future__ import annotations

import gzip
import heapq
import io
import itertools
import os
import select
import sys
import zlib
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol, cast

import msgspec
import zstandard

from ingest.block import Block, Builder
from tocsin.time import DAY_MS, parse_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from typing_extensions import Buffer

CHUNK_BYTES: Final = 1 << 20
ZSTD_CHUNK_BYTES: Final = 4_096
"""Packed bytes unpacked at once: a hostile file of zeros grows forty-thousandfold, so this also bounds memory."""
PATIENCE_SECS: Final = 0.2
"""How long a wait for standard input lasts before a look whether to stop."""
STDIN: Final = "-"
_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_BOM: Final = b"\xef\xbb\xbf"

Line = tuple[str, int, bytes]
"""Origin, number from 1, and bytes of a line."""


class SourceError(Exception):
    """A source cannot be read (further); the message names it."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How lines are cut, and when a clock may leap (see ``ingest.leap``)."""

    block_lines: int = 500
    max_line_bytes: int = 65_536
    leap_ms: int = DAY_MS
    leap_lines: int = 3


class Meter:
    """How many bytes were read from the files, packed as they are: what a progress bar shows."""

    def __init__(self) -> None:
        self.bytes_read = 0


class Reads1(Protocol):
    """A stream that gives what it has."""

    def read1(self, size: int = -1, /) -> bytes:
        """Give at least one byte unless the stream has ended, at most ``size``."""
        ...


def read_blocks(
    paths: Sequence[str],
    reading: Reading,
    stopped: Callable[[], bool] = lambda: False,
    meter: Meter | None = None,
) -> Iterator[Block]:
    """Read files as numbered blocks of whole lines.

    One file is read as it stands. Several are merged by their clocks, so that recordings of the same hours interleave as they were
    heard, and days in a row follow each other; a file of equal time given earlier comes first. Once ``stopped`` says so, standard
    input has no further lines.

    Raises:
        SourceError: a file cannot be read. All lines before it were given.
    """
    builder, number = Builder(), 0
    try:
        with ExitStack() as stack:
            streams = [stack.enter_context(_open(path, stopped, meter or Meter())) for path in paths]
            files = [
                read_lines(path, stream, reading.max_line_bytes) for path, stream in zip(paths, streams, strict=True)
            ]
            for origin, at, line in files[0] if len(files) == 1 else merged(files, reading):
                builder.add(origin, at, line)
                if len(builder) == reading.block_lines:
                    yield builder.take(number=number)
                    number += 1
    except SourceError:
        if len(builder):
            yield builder.take(number=number)
        raise
    if len(builder):
        yield builder.take(number=number)


def read_lines(origin: str, stream: Reads1, max_line_bytes: int) -> Iterator[Line]:
    r"""Cut a stream in lines; a last line without a line feed counts, an empty end does not.

    Raises:
        SourceError: the stream cannot be read further (a compressed file is cut short or damaged).

    >>> [line for _, _, line in read_lines("f", io.BytesIO(b"a\nbcdef\n\nd"), 3)]
    [b'a', b'bcde', b'', b'd']
    """
    number, carry = 0, b""
    while True:
        try:
            chunk = stream.read1(CHUNK_BYTES)
        except (OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
            raise SourceError(f"{origin}: cannot be read after line {number}: {error}") from error
        if not chunk:
            break
        head, *rest = chunk.split(b"\n")
        carry += head[: max(0, max_line_bytes + 1 - len(carry))]
        for following in rest:
            number += 1
            yield origin, number, carry[len(_BOM) :] if number == 1 and carry.startswith(_BOM) else carry
            carry = following[: max_line_bytes + 1]
    if carry:
        yield origin, number + 1, carry[len(_BOM) :] if number == 0 and carry.startswith(_BOM) else carry


def merged(files: Sequence[Iterator[Line]], reading: Reading) -> Iterator[Line]:
    """Merge files by their clocks: the latest time that a file has told so far.

    A line without a readable time stays behind the one before it. A time more than ``leap_ms`` ahead moves its file's clock only
    when ``leap_lines`` lines in a row say so: one wrong year must not send the rest of a file to the end.
    """
    clocked = [_clocked(index, lines, reading) for index, lines in enumerate(files)]
    for _, _, line in heapq.merge(*clocked, key=lambda item: item[:2]):
        yield line


class _Times(msgspec.Struct, gc=False):
    created_at: str | None = None
    received_at: str | None = None
    at: str | None = None


_times: Final = msgspec.json.Decoder(_Times)


def _time_of(line: bytes) -> int | None:
    """Give the time that a line tells of itself, or ``None``: what is wrong with it is for ``normalise`` to say."""
    try:
        times = _times.decode(line)
        told = times.received_at or times.created_at or times.at
        return parse_instant(told) if told else None
    except (ValueError, OverflowError, RecursionError):
        return None


def _clocked(index: int, lines: Iterator[Line], reading: Reading) -> Iterator[tuple[int, int, Line]]:
    first = list(itertools.islice(lines, reading.leap_lines))
    told = [at for at in (_time_of(line[2]) for line in first) if at is not None]
    clock = min(told, default=0)
    ahead = 0
    for line in itertools.chain(first, lines):
        at = _time_of(line[2])
        if at is not None and at > clock:
            ahead = ahead + 1 if at - clock > reading.leap_ms else 0
            if ahead in (0, reading.leap_lines):
                clock, ahead = at, 0
        yield clock, index, line


class _Ahead(io.RawIOBase):
    """A stream with its first bytes put back before it, metered."""

    def __init__(self, head: bytes, stream: Reads1, meter: Meter) -> None:
        self._meter = meter
        self._head = head
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        view = memoryview(buffer)
        if self._head:
            given, self._head = self._head[: len(view)], self._head[len(view) :]
        else:
            given = self._stream.read1(len(view))
        view[: len(given)] = given
        self._meter.bytes_read += len(given)
        return len(given)


class _Zstandard:
    """A zstandard stream of one or more frames.

    The library's own reader takes a file that was cut short for one that ends.
    """

    def __init__(self, stream: Reads1) -> None:
        self._stream = stream
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._begun = False

    def read1(self, _size: int = -1, /) -> bytes:
        """Give what the next piece of the input unpacks to.

        Raises:
            EOFError: the input ends inside a frame.
        """
        while True:
            if self._frame.eof:
                packed = self._frame.unused_data
                self._frame = zstandard.ZstdDecompressor().decompressobj()
                self._begun = False
            else:
                packed = b""
            packed = packed or self._stream.read1(ZSTD_CHUNK_BYTES)
            if not packed:
                if self._begun:
                    raise EOFError("the file ends inside a zstandard frame")
                return b""
            self._begun = True
            if unpacked := self._frame.decompress(packed):
                return unpacked


class _Patient:
    """Standard input, read without going deaf to a stop while nothing comes."""

    def __init__(self, stream: BinaryIO, stopped: Callable[[], bool]) -> None:
        self._descriptor = stream.fileno()
        self._stopped = stopped

    def read1(self, size: int = -1, /) -> bytes:
        while not self._stopped():
            ready, _, _ = select.select([self._descriptor], [], [], PATIENCE_SECS)
            if ready:
                return os.read(self._descriptor, size if size > 0 else CHUNK_BYTES)
        return b""


@contextmanager
def _open(path: str, stopped: Callable[[], bool], meter: Meter) -> Iterator[Reads1]:
    """Open a path for reading; its first bytes say how it is compressed.

    Raises:
        SourceError: it cannot be opened.
    """
    try:
        # Not a context: standard input stays open, and a file is closed below.
        opened: BinaryIO = sys.stdin.buffer if path == STDIN else Path(path).open("rb")  # noqa: SIM115
        raw = cast("Reads1", _Patient(opened, stopped) if path == STDIN else opened)
        head = b""
        while len(head) < len(_ZSTD) and (more := raw.read1(len(_ZSTD) - len(head))):
            head += more
    except OSError as error:
        raise SourceError(f"{path}: cannot be opened: {error.strerror or error}") from error
    whole = io.BufferedReader(_Ahead(head, raw, meter), CHUNK_BYTES)
    try:
        if head.startswith(_GZIP):
            yield gzip.GzipFile(fileobj=whole)
        elif head.startswith(_ZSTD):
            yield _Zstandard(whole)
        else:
            yield whole
    finally:
        if path != STDIN:
            opened.close()
