"""Pseudonyms: the only form in which a post's id and its author leave this room.

Live, ids, references and authors are hashed under the keys of the day of the post. The day begins at 04:00 UTC; its keys are destroyed
after an overlap (``tocsin.runtime.day_keys``), and from then on nobody can go from a name to its hash or link the hashes of two days.
Recorded files are hashed under one fixed public key: they are no live stream, and two runs must agree.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from tocsin.ids import KEY_BYTES, PUBLIC_REPLAY_KEY, day_pseudonym, pseudonym
from tocsin.time import day_of


class DayKeys(msgspec.Struct, frozen=True, array_like=True):
    """The keys in force while a block is read, by day: today's, and those of earlier days that are not yet destroyed."""

    authors: dict[int, bytes]
    posts: dict[int, bytes]

    def __repr__(self) -> str:
        """Say which days there are; a key never stands in a traceback or a log line."""
        return f"DayKeys(authors={sorted(self.authors)}, posts={sorted(self.posts)})"


class Pseudonyms(Protocol):
    """Gives pseudonyms; the same name under the same key gives the same pseudonym."""

    def post(self, native_id: str, event_at: int) -> str:
        """Give the pseudonym of a post of an instant (UTC milliseconds), or of one that it refers to."""
        ...

    def posts(self, native_id: str) -> tuple[str, ...]:
        """Give all pseudonyms that a post may bear while its day is not known, that of the newest day first."""
        ...

    def author(self, source: str, name: str, event_at: int) -> str:
        """Give the pseudonym of an author of a source at an instant."""
        ...

    def authors(self, source: str, name: str) -> tuple[str, ...]:
        """Give all pseudonyms that an author may bear, that of the newest day first."""
        ...


class PublicPseudonyms:
    """Pseudonyms (16 hex digits) under the fixed public key.

    >>> PublicPseudonyms().post("a", 0) == PublicPseudonyms().post("a", 86_400_000)
    True
    """

    def post(self, native_id: str, event_at: int) -> str:  # noqa: ARG002 - one key for all days
        """Give the pseudonym of a post."""
        return pseudonym(PUBLIC_REPLAY_KEY, "post", native_id)

    def posts(self, native_id: str) -> tuple[str, ...]:
        """Give the pseudonym of a post."""
        return (self.post(native_id, 0),)

    def author(self, source: str, name: str, event_at: int) -> str:  # noqa: ARG002 - one key for all days
        """Give the pseudonym of an author of a source."""
        return pseudonym(PUBLIC_REPLAY_KEY, "author", f"{source}\0{name}")

    def authors(self, source: str, name: str) -> tuple[str, ...]:
        """Give the pseudonym of an author of a source."""
        return (self.author(source, name, 0),)


class DayPseudonyms:
    """Pseudonyms of a live run, under the keys of days.

    Args:
        keys: those in force. A post of a day whose key is gone takes the oldest that is left, a later one the newest.

    Raises:
        ValueError: there is no key, or one of another length.

    >>> one = DayPseudonyms(DayKeys({0: b"a" * 32, 1: b"b" * 32}, {0: b"c" * 32, 1: b"d" * 32}))
    >>> one.authors("s", "x") == (one.author("s", "x", 28 * 3_600_000), one.author("s", "x", 4 * 3_600_000))
    True
    """

    def __init__(self, keys: DayKeys) -> None:
        for held in (keys.authors, keys.posts):
            if not held or any(len(key) != KEY_BYTES for key in held.values()):
                raise ValueError(f"expected keys of {KEY_BYTES} bytes, got {[len(key) for key in held.values()]}")
        self._keys = keys

    def post(self, native_id: str, event_at: int) -> str:
        """Give the pseudonym of a post under the key of its day (for a reference: of the day of the post that refers)."""
        return self._post(native_id, _nearest(self._keys.posts, event_at))

    def posts(self, native_id: str) -> tuple[str, ...]:
        """Give the pseudonyms of a post on all days whose keys are left."""
        return tuple(self._post(native_id, day) for day in sorted(self._keys.posts, reverse=True))

    def author(self, source: str, name: str, event_at: int) -> str:
        """Give the pseudonym of an author under the key of the day of an instant."""
        return self._author(source, name, _nearest(self._keys.authors, event_at))

    def authors(self, source: str, name: str) -> tuple[str, ...]:
        """Give the pseudonyms of an author on all days whose keys are left."""
        return tuple(self._author(source, name, day) for day in sorted(self._keys.authors, reverse=True))

    def _post(self, native_id: str, day: int) -> str:
        return pseudonym(self._keys.posts[day], "post", native_id)

    def _author(self, source: str, name: str, day: int) -> str:
        return day_pseudonym(self._keys.authors[day], "author", f"{source}\0{name}", day)


def _nearest(keys: dict[int, bytes], event_at: int) -> int:
    return min(max(day_of(event_at), min(keys)), max(keys))
