"""A recording: all that the detector was given in a stretch of time, so that it can be played again under other settings.

It is what ``replay --mentions`` writes, and more: one JSON object a line, a mention, a retraction, a geocoder's answer, a change of
settings, a source that went away or came back, or how many posts a source had in a pane. It holds no text. Without the last kind, rates
are measured against the packaged pace of posts, and the player says so.
"""

from __future__ import annotations

import gzip
import io
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import msgspec
import zstandard

from detectors.panes import Item, instant_of
from tocsin.model import Exposure, GeocodeResult, Mention, Retraction, SettingsChange, SourceGap
from tocsin.pipeline.outputs import whole
from tocsin.runtime.files import whole_file
from tocsin.time import Panes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_ITEMS: Final = 5_000_000
"""Lines of one recording, at most: what a machine of 8 GB holds."""
MAX_LINE_BYTES: Final = 1_000_000


class RecordingError(ValueError):
    """A file is no recording; the message names the file and the line."""


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """What the detector heard, in order of time.

    ``exposures`` says how many posts each source had in each pane; it is empty when the recording does not know.
    """

    name: str
    items: tuple[Item, ...]
    exposures: tuple[Exposure, ...] = ()

    @property
    def first_at(self) -> int | None:
        """The instant of the first thing heard, or ``None`` when nothing was."""
        starts = [instant_of(self.items[0])] if self.items else []
        return min([*starts, *(self.exposures[0].pane_start_at for _ in self.exposures[:1])], default=None)

    @property
    def last_at(self) -> int | None:
        """The instant of the last thing heard, or ``None`` when nothing was."""
        ends = [instant_of(self.items[-1])] if self.items else []
        return max([*ends, *(self.exposures[-1].pane_start_at for _ in self.exposures[:1])], default=None)

    @property
    def days(self) -> float:
        """How long it is, in days."""
        return 0.0 if self.first_at is None or self.last_at is None else (self.last_at - self.first_at) / 86_400_000

    @property
    def mentions(self) -> Iterator[Mention]:
        """The mentions, in order of time."""
        return (item for item in self.items if isinstance(item, Mention))

    def between(self, start_at: int, end_at: int) -> Recording:
        """Give the part of ``[start_at, end_at)``."""
        return Recording(
            name=self.name,
            items=tuple(item for item in self.items if start_at <= instant_of(item) < end_at),
            exposures=tuple(each for each in self.exposures if start_at <= each.pane_start_at < end_at),
        )


def made(name: str, items: Sequence[Item], exposures: Sequence[Exposure] = (), panes: Panes | None = None) -> Recording:
    """Make a recording: everything in order of time, the exposures of one source and pane summed.

    >>> whole = made("x", [Retraction(post_id="b", at=2), Retraction(post_id="a", at=1)], [Exposure(0, "s", 2), Exposure(0, "s", 3)])
    >>> [item.post_id for item in whole.items], whole.exposures[0].posts
    (['a', 'b'], 5)
    """
    grid = panes or Panes()
    posts: dict[tuple[int, str], int] = {}
    for each in exposures:
        key = grid.start(each.pane_start_at), each.source
        posts[key] = posts.get(key, 0) + each.posts
    return Recording(
        name=name,
        items=tuple(sorted(items, key=instant_of)),
        exposures=tuple(Exposure(start, source, count) for (start, source), count in sorted(posts.items())),
    )


_KINDS: Final[tuple[tuple[frozenset[str], type[Item | Exposure]], ...]] = (
    (frozenset({"pane_start_at"}), Exposure),
    (frozenset({"post_id", "hazards"}), Mention),
    (frozenset({"post_id", "place"}), GeocodeResult),
    (frozenset({"post_id", "at"}), Retraction),
    (frozenset({"toml"}), SettingsChange),
    (frozenset({"origin", "from_at"}), SourceGap),
)
"""By which fields a line is known, the first that fits."""


class _ExposureLine(msgspec.Struct, frozen=True):
    pane_start_at: int
    source: str
    posts: int


def read(paths: Sequence[Path]) -> Recording:
    """Read recordings as one.

    Args:
        paths: files of JSON Lines: plain, .gz or .zst.

    Raises:
        RecordingError: a line is none of a recording; more than ``MAX_ITEMS`` lines.
        OSError: a file cannot be read.
    """
    items: list[Item] = []
    exposures: list[Exposure] = []
    for path in paths:
        for number, line in _lines(path):
            if len(items) + len(exposures) >= MAX_ITEMS:
                raise RecordingError(f"{path}:{number}: expected at most {MAX_ITEMS:,} lines, got more")
            one = _parse(line, path, number)
            if isinstance(one, Exposure):
                exposures.append(one)
            else:
                items.append(one)
    return made(paths[0].name if paths else "nothing", items, exposures)


def write(recording: Recording, path: Path) -> None:
    """Write a recording; the file is there when it is whole.

    Raises:
        OSError: it cannot be written.
    """
    with ExitStack() as stack:
        raw = stack.enter_context(whole_file(str(path)))
        out: Any = raw
        if path.suffix == ".gz":
            out = stack.enter_context(gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0))
        elif path.suffix == ".zst":
            out = stack.enter_context(zstandard.ZstdCompressor(level=6).stream_writer(raw, closefd=False))
        for line in encoded(recording):
            out.write(line)


def encoded(recording: Recording) -> Iterator[bytes]:
    """Give the lines of a recording, each with its newline; equal recordings give equal lines."""
    encode = msgspec.json.Encoder().encode
    for each in recording.exposures:
        yield encode(_ExposureLine(each.pane_start_at, each.source, each.posts)) + b"\n"
    for item in recording.items:
        yield encode(whole(item)) + b"\n"


def is_recording(path: Path) -> bool:
    """Tell whether a file is a recording and not posts, by its first line.

    Raises:
        RecordingError: the first line is no JSON object.
        OSError: the file cannot be read.
    """
    for number, line in _lines(path):
        fields = _object(line, path, number)
        return "text" not in fields and "retract" not in fields and _kind(fields) is not None
    return True


def _kind(fields: dict[str, Any]) -> type[Item | Exposure] | None:
    return next((kind for names, kind in _KINDS if names <= fields.keys()), None)


def _object(line: bytes, path: Path, number: int) -> dict[str, Any]:
    try:
        fields = msgspec.json.decode(line)
    except msgspec.DecodeError as error:
        raise RecordingError(f"{path}:{number}: expected a JSON object, got {error}") from error
    if not isinstance(fields, dict):
        raise RecordingError(f"{path}:{number}: expected a JSON object, got {type(fields).__name__}")
    return fields


def _parse(line: bytes, path: Path, number: int) -> Item | Exposure:
    fields = _object(line, path, number)
    kind = _kind(fields)
    if kind is None:
        raise RecordingError(f"{path}:{number}: expected a mention or what else the detector hears, got other fields")
    try:
        if kind is Exposure:
            said = msgspec.convert(fields, _ExposureLine)
            return Exposure(said.pane_start_at, said.source, said.posts)
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise RecordingError(f"{path}:{number}: {kind.__name__.lower()}: {error}") from error


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with ExitStack() as stack:
        raw: IO[bytes] = stack.enter_context(path.open("rb"))
        stream: Any = raw
        if path.suffix == ".gz":
            stream = stack.enter_context(gzip.GzipFile(fileobj=raw))
        elif path.suffix == ".zst":
            stream = io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(raw))
        try:
            for number, line in enumerate(iter(lambda: stream.readline(MAX_LINE_BYTES + 1), b""), 1):
                if len(line) > MAX_LINE_BYTES:
                    raise RecordingError(f"{path}:{number}: expected at most {MAX_LINE_BYTES:,} bytes in a line")
                if line.strip():
                    yield number, line
        except (EOFError, gzip.BadGzipFile, zstandard.ZstdError) as error:
            raise RecordingError(f"{path}: expected a whole compressed file, got {error}") from error
