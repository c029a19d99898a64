"""What sources share in writing lines: the claimed time, and bytes that cannot be read."""

from __future__ import annotations

from typing import Final

import msgspec

from ingest.source import Line, Received
from tocsin.time import DAY_MS, format_instant, parse_instant

MAX_CLAIMED_AGE_MS: Final = DAY_MS
"""A post that claims to be older was imported: it tells of another day."""
MAX_BAD_BYTES: Final = 65_000
"""Bytes of an unreadable frame that go on to become a dead letter."""
_SANE_FROM: Final = parse_instant("2000-01-01T00:00:00Z")

_encoder: Final = msgspec.json.Encoder()


def encode(line: Line) -> bytes:
    """Give a line as JSON, without its line feed."""
    return _encoder.encode(line)


def claimed_at(text: str | None, stream_at: int) -> int:
    """Give the time that a post claims (UTC milliseconds), or the stream's where the claim is none: a clock set to 1970 or to the future.

    >>> claimed_at("2026-11-22T03:00:00Z", 1_795_320_000_000) == parse_instant("2026-11-22T03:00:00Z")
    True
    >>> claimed_at("1970-01-01T00:00:00Z", 5 * DAY_MS), claimed_at("yesterday", 7), claimed_at(None, 7)
    (432000000, 7, 7)
    """
    try:
        at = None if not text else parse_instant(text)
    except (ValueError, OverflowError):
        at = None
    if at is None or at < _SANE_FROM or at > stream_at + DAY_MS:
        return stream_at
    return at


def is_old(claimed: int, stream_at: int) -> bool:
    """Say whether a post claims to be older than ``MAX_CLAIMED_AGE_MS``."""
    return stream_at - claimed > MAX_CLAIMED_AGE_MS


def instant(at: int) -> str:
    """Give an instant (UTC milliseconds) as ISO 8601."""
    return format_instant(at)


def unreadable(frame: bytes | str, *, stream_at: int | None = None) -> Received:
    """Give a frame that cannot be read as an event: it goes on as it came, to become a dead letter (whose letters are masked)."""
    raw = frame.encode("utf-8", "surrogatepass") if isinstance(frame, str) else frame
    line = raw[:MAX_BAD_BYTES].replace(b"\n", b" ").replace(b"\r", b" ")
    if not line.strip():
        line = b"null"  # a blank line is none; an empty frame is refused
    return Received(lines=(line,), stream_at=stream_at, size=len(raw))
