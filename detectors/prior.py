"""A baseline to start from: what ordinary days were heard elsewhere or before, as one file with its version and where it comes from.

It holds rates of voices by hazard and place, and nothing of a post or a person. A detector that starts with it goes on as if it had heard
those days just before its first pane, whenever that is: what is packaged does not fade while it lies on a disk.
"""

from __future__ import annotations

from typing import Final

import msgspec

from detectors.baseline import History

FORMAT: Final = "tocsin-baseline"
VERSION: Final = 1


class PriorError(ValueError):
    """A file that is no baseline, or one of another version."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """One recording that a baseline was learnt from."""

    name: str
    sha256: str
    """Of what was heard, as recorded."""
    from_at: int
    to_at: int
    posts: int
    """0 when the recording does not say."""
    mentions: int


class Prior(msgspec.Struct, frozen=True, kw_only=True):
    """What a baseline file holds."""

    format: str = FORMAT
    version: int = VERSION
    made_by: str = ""
    """The Tocsin that made it."""
    half_life_days: float
    """The age at which history counted half when it was learnt."""
    origins: tuple[Origin, ...]
    history: History


def encode(prior: Prior) -> bytes:
    """Give a baseline as bytes: JSON, in a fixed order of keys."""
    return msgspec.json.format(msgspec.json.encode(prior, order="sorted"), indent=1) + b"\n"


def decode(data: bytes, max_keys: int) -> Prior:
    """Read a baseline.

    Args:
        data: what ``encode`` gave.
        max_keys: places with history of their own that a detector may hold.

    Raises:
        PriorError: it is none, of another version, or holds more places; the message says which.
    """
    try:
        head = msgspec.json.decode(data, type=_Head)
    except msgspec.DecodeError as error:
        raise PriorError(f"expected a baseline that tocsin wrote, got {error}") from error
    if head.format != FORMAT or head.version != VERSION:
        raise PriorError(
            f"expected {FORMAT} version {VERSION}, got {head.format or 'another file'} version {head.version}"
        )
    try:
        prior = msgspec.json.decode(data, type=Prior)
    except msgspec.DecodeError as error:
        raise PriorError(f"expected a whole baseline, got {error}") from error
    if len(prior.history.voices) > max_keys:
        raise PriorError(
            f"expected at most {max_keys:,} places (detector.max_baseline_keys), got {len(prior.history.voices):,}"
        )
    return prior


class _Head(msgspec.Struct):
    format: str = ""
    version: int = 0


def packed(history: History, ended_at: int) -> History:
    """Give a history as it is kept in a file: ended, and without the last hour, which is no ordinary day's.

    Args:
        history: as the baseline holds it.
        ended_at: up to when it was learnt.
    """
    # Posts of the last hours go with their voices, which were too young to be history: both are left out.
    return msgspec.structs.replace(
        history, waiting=[], recent={}, young_posts=[], recent_at=ended_at, ended_at=ended_at
    )
