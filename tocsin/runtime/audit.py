"""The audit log: who looked at what, and who decided what, when and why; nothing in it can be changed unseen.

One JSON object a line. Each holds its number, the SHA-256 of the line before it, and its own: the hash of its other fields as they stand.
Whoever changes, drops, adds or swaps a line breaks the chain there. A log cut off at its end is still a whole chain: so its last hash,
its head, is noted elsewhere from time to time (``tocsin audit verify`` prints it) and the log is later asked for it.

Several processes may write one log: each entry is written under a lock of the file, after what stands there, and is on disk when
``append`` returns.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final

import msgspec

from tocsin.time import format_instant, parse_instant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GENESIS: Final = "0" * 64
"""What stands for the hash of the line before the first."""
MAX_FIELD_CHARS: Final = 2_000
"""Characters of one field; a longer one is refused, not cut."""
MAX_LINE_BYTES: Final = 65_536
_TAIL_BYTES: Final = 2 * MAX_LINE_BYTES


class AuditError(RuntimeError):
    """The log is broken, or an entry cannot be written; what was to be audited must then not happen."""


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line."""

    number: int
    """From 1."""
    at: int
    """UTC epoch milliseconds (ISO 8601 in the file)."""
    who: str
    """The person, by the name of the account."""
    action: str
    """What was done: ``read.quotes``, ``verdict.confirmed``, ``login``..."""
    about: str
    """What it was done to: an incident, mostly."""
    detail: str
    """The reason, and what else there is to say."""


class Chain(msgspec.Struct, frozen=True):
    """What a log was found to be."""

    entries: int
    """Lines that were verified."""
    head: str
    """Hash of the last of them."""
    broken: str | None = None
    """What is wrong with the line after them, or ``None`` when the chain is whole."""


class _Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    number: int
    at: str
    who: str
    action: str
    about: str
    detail: str
    before: str
    hash: str


_decoder: Final = msgspec.json.Decoder(_Line)


class AuditLog:
    """An audit log in a file. The folder is made; the file is readable by its owner alone.

    Args:
        path: of the file.

    Raises:
        AuditError: from ``append``, when the end of the log is broken or an entry does not fit.
        OSError: from any method, when the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, *, at: int, who: str, action: str, about: str = "", detail: str = "") -> AuditEntry:
        """Write one entry; it is durable when this returns."""
        for name, value in (("who", who), ("action", action), ("about", about), ("detail", detail)):
            if len(value) > MAX_FIELD_CHARS:
                raise AuditError(f"expected {name} of at most {MAX_FIELD_CHARS} characters, got {len(value)}")
        if not who or not action:
            raise AuditError("expected who and what of an entry, got neither or one")
        with self._locked() as stream:
            last = self._last(stream)
            number, before = (1, GENESIS) if last is None else (last.number + 1, last.hash)
            bare = _Line(
                number=number,
                at=format_instant(at),
                who=who,
                action=action,
                about=about,
                detail=detail,
                before=before,
                hash="",
            )
            written = msgspec.structs.replace(bare, hash=_hash(bare))
            stream.seek(0, os.SEEK_END)
            stream.write(msgspec.json.encode(written) + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        return AuditEntry(number=number, at=at, who=who, action=action, about=about, detail=detail)

    def entries(self) -> Iterator[AuditEntry]:
        """Give all entries, oldest first, as they stand; ``chain`` says whether they may be believed."""
        if not self._path.exists():
            return
        with self._path.open("rb") as stream:
            for raw in stream:
                line = _decoder.decode(raw)
                yield _entry(line)

    def latest(self, count: int) -> list[AuditEntry]:
        """Give the last entries, the newest first.

        Raises:
            AuditError: one of them cannot be read.
        """
        if not self._path.exists():
            return []
        with self._path.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            wanted = min(size, max(1, count) * MAX_LINE_BYTES)
            # Most lines are short: look back a little first, and further only if that was not enough.
            for back in dict.fromkeys((min(size, max(1, count) * 512), wanted)):
                stream.seek(size - back)
                lines = stream.read(back).splitlines()
                whole = lines if back == size else lines[1:]
                if len(whole) >= count or back in (size, wanted):
                    break
        return [_entry(_read(raw)) for raw in reversed(whole[-count:])]

    def verify(self) -> tuple[bool, int]:
        """Tell whether the chain is whole, and how many entries were verified."""
        chain = self.chain()
        return chain.broken is None, chain.entries

    def chain(self, *, must_hold: str | None = None) -> Chain:
        """Walk the chain from its beginning.

        Args:
            must_hold: a head that was noted before; a log that does not hold it was cut off or made anew.
        """
        verified, head, held = 0, GENESIS, must_hold is None
        if self._path.exists():
            with self._path.open("rb") as stream:
                for raw in stream:
                    broken = _broken(raw, verified + 1, head)
                    if broken is not None:
                        return Chain(verified, head, f"line {verified + 1}: {broken}")
                    verified, head = verified + 1, _decoder.decode(raw).hash
                    held = held or head == must_hold
        missing = None if held else f"the head {must_hold} is not in it: it was cut off or made anew"
        return Chain(verified, head, missing)

    @contextmanager
    def _locked(self) -> Iterator[BinaryIO]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "r+b") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield stream

    def _last(self, stream: BinaryIO) -> _Line | None:
        size = stream.seek(0, os.SEEK_END)
        if size == 0:
            return None
        start = max(0, size - _TAIL_BYTES)
        stream.seek(start)
        tail = stream.read(size - start)
        if not tail.endswith(b"\n"):
            raise AuditError(f"{self._path}: its last line is cut short; verify it before anything is added")
        line = _read(tail[:-1].rpartition(b"\n")[2])
        if _hash(line) != line.hash:
            raise AuditError(f"{self._path}: its last line was changed; nothing is added to a broken chain")
        return line


def _hash(line: _Line) -> str:
    """Hash the fields but the hash, as one JSON array: no two lines have the same one."""
    fields = [line.number, line.at, line.who, line.action, line.about, line.detail, line.before]
    return hashlib.sha256(msgspec.json.encode(fields)).hexdigest()


def _broken(raw: bytes, number: int, before: str) -> str | None:  # noqa: PLR0911 - one for each way to break it
    """Say what is wrong with a line that should be a given entry, or ``None``."""
    try:
        line = _decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return "expected an entry, got another line"
    if not raw.endswith(b"\n"):
        return "it is cut short"
    if line.number != number:
        return f"expected entry {number}, got {line.number}"
    if line.before != before:
        return "it does not follow the line before it"
    if _hash(line) != line.hash:
        return "it was changed"
    if msgspec.json.encode(line) + b"\n" != raw:
        return "it is not written as it was"
    return None


def _read(raw: bytes) -> _Line:
    try:
        return _decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise AuditError("expected an entry of the audit log, got another line") from error


def _entry(line: _Line) -> AuditEntry:
    return AuditEntry(
        number=line.number,
        at=parse_instant(line.at),
        who=line.who,
        action=line.action,
        about=line.about,
        detail=line.detail,
    )
