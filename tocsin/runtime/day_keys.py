"""The keys of days: random, made once by whoever needs one first, shared through the store, destroyed after an overlap.

Each day (from 04:00 UTC) has two keys of its own, without any step from one to the next: who holds today's can compute neither
yesterday's nor tomorrow's pseudonyms. The author's key is destroyed ``AUTHORS_KEPT_MS`` after its day, as long as a text may be read, so
that the removal of an account still finds them. The key of post ids is kept one day longer, so that a deletion, an edit or a repost on the
next day still meets its post.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from tocsin.ids import KEY_BYTES
from tocsin.time import DAY_MS, HOUR_MS, MINUTE_MS, day_of, roll_at

if TYPE_CHECKING:
    from tocsin.runtime.store import Store

AUTHORS_KEPT_MS: Final = HOUR_MS
"""How long after its day an author key is kept."""
POSTS_KEPT_MS: Final = DAY_MS
"""How long after its day a key of post ids is kept."""
TOLD_MS: Final = MINUTE_MS
"""How often the keys are written to the store again, unless they stand there; what stands wins."""
AUTHORS: Final = "author-key"
POSTS: Final = "post-key"


class DayKeyRing:
    """The keys of one purpose.

    Args:
        store: shared by all workers of a deployment; the key's time to live there is what destroys it.
        purpose: ``AUTHORS`` or ``POSTS``; names the keys in the store.
        kept_ms: how long after the end of its day a key is kept.

    >>> from tocsin.runtime.store import MemoryStore
    >>> store = MemoryStore(lambda: 0)
    >>> one, other = DayKeyRing(store, AUTHORS, AUTHORS_KEPT_MS), DayKeyRing(store, AUTHORS, AUTHORS_KEPT_MS)
    >>> one.at(roll_at(7)) == other.at(roll_at(7) + 1), sorted(one.at(roll_at(8))), sorted(one.at(roll_at(8) + HOUR_MS))
    (True, [7, 8], [8])
    """

    def __init__(self, store: Store, purpose: str, kept_ms: int) -> None:
        self._store = store
        self._purpose = purpose
        self._kept_ms = kept_ms
        self._keys: dict[int, bytes] = {}
        self._told_at: int | None = None

    def at(self, now_at: int) -> dict[int, bytes]:
        """Give the keys in force at an instant (UTC milliseconds), by day; those that are over are destroyed, here and in the store.

        Raises:
            StoreError: the store is away.
        """
        days = range(day_of(now_at - self._kept_ms), day_of(now_at) + 1)
        over = [day for day in self._keys if day not in days]
        if over:
            self._store.delete([self._name(day) for day in over if day < days.start])
        if self._told_at is None or set(self._keys) != set(days) or now_at - self._told_at >= TOLD_MS:
            # Told again and again: a store that lost its memory would else give the next worker another key of the same day.
            self._keys = {day: self._shared(day, now_at) for day in days}
            self._told_at = now_at
        return dict(self._keys)

    def _shared(self, day: int, now_at: int) -> bytes:
        ttl_ms = roll_at(day + 1) + self._kept_ms - now_at
        return self._store.put_if_absent(self._name(day), self._keys.get(day) or secrets.token_bytes(KEY_BYTES), ttl_ms)

    def _name(self, day: int) -> str:
        return f"{self._purpose}:{day}"
