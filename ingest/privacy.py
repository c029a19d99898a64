"""Pseudonyms: the only form in which a post's id and its author leave this room.

A post's id and its references are hashed under one key, so that a repost or a retraction meets its post. An author is hashed under the
key of the day of the post; the day begins at 04:00 UTC, when fewest people write, so that few voices are cut in two.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final, Protocol

from tocsin.ids import PUBLIC_REPLAY_KEY, pseudonym
from tocsin.time import DAY_MS, HOUR_MS

ROLL_MS: Final = 4 * HOUR_MS
"""The day of the author keys begins this long after midnight UTC."""
KEPT_DAYS: Final = 2
"""Day keys in memory: that of the newest post seen and the day before, for posts that straddle the roll."""
KEY_BYTES: Final = 32


class Pseudonyms(Protocol):
    """Gives pseudonyms (16 hex digits); the same name under the same key gives the same pseudonym."""

    def post(self, native_id: str) -> str:
        """Give the pseudonym of a post."""
        ...

    def author(self, source: str, name: str, event_at: int) -> str:
        """Give the pseudonym of an author of a source at an instant."""
        ...


class PublicPseudonyms:
    """Pseudonyms under the fixed public key: files at hand are no live stream, and two runs must agree.

    >>> PublicPseudonyms().post("a") == PublicPseudonyms().post("a")
    True
    """

    def post(self, native_id: str) -> str:
        """Give the pseudonym of a post."""
        return pseudonym(PUBLIC_REPLAY_KEY, "post", native_id)

    def author(self, source: str, name: str, event_at: int) -> str:  # noqa: ARG002 - one key for all days
        """Give the pseudonym of an author of a source."""
        return pseudonym(PUBLIC_REPLAY_KEY, "author", f"{source}\0{name}")


class DayKeys:
    """The keys of the days, each made from the one before by a one-way step and then forgotten.

    All processes of one run start from the same first key, so they agree without talking to each other. Who sees today's key can
    make tomorrow's, but never yesterday's: past pseudonyms stay closed.

    Args:
        first_day: number of the first day since 1970 (of the day that begins at 04:00 UTC).
        first_key: its key, ``KEY_BYTES`` random bytes made by the runtime.
    """

    def __init__(self, first_day: int, first_key: bytes) -> None:
        if len(first_key) != KEY_BYTES:
            raise ValueError(f"expected a key of {KEY_BYTES} bytes, got {len(first_key)}")
        self._keys: dict[int, bytes] = {first_day: first_key}

    def key(self, day: int) -> bytes:
        """Give the key of a day; a day before the oldest kept takes the oldest key, a later one makes the steps to it."""
        newest = max(self._keys)
        if day > newest:
            for step in range(newest, day):
                self._keys[step + 1] = blake2b(
                    self._keys[step], digest_size=KEY_BYTES, person=b"tocsin next day"
                ).digest()
                self._keys.pop(step + 1 - KEPT_DAYS, None)
        return self._keys[max(day, min(self._keys))]

    @property
    def days(self) -> tuple[int, ...]:
        """The days whose keys are in memory."""
        return tuple(sorted(self._keys))


class DayPseudonyms:
    """Pseudonyms of a live run: posts under a key of the run, authors under the key of the day."""

    def __init__(self, post_key: bytes, days: DayKeys) -> None:
        self._post_key = post_key
        self._days = days

    def post(self, native_id: str) -> str:
        """Give the pseudonym of a post."""
        return pseudonym(self._post_key, "post", native_id)

    def author(self, source: str, name: str, event_at: int) -> str:
        """Give the pseudonym of an author of a source at an instant (UTC milliseconds)."""
        return pseudonym(self._days.key(day_of(event_at)), "author", f"{source}\0{name}")


def day_of(instant_at: int) -> int:
    """Give the number of the day, beginning at 04:00 UTC, that holds an instant.

    >>> day_of(4 * 3_600_000 - 1), day_of(4 * 3_600_000)
    (-1, 0)
    """
    return (instant_at - ROLL_MS) // DAY_MS
