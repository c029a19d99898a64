"""The keys under which a live stream's names are hashed, put on its blocks as they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ingest.privacy import DayKeys
from tocsin.runtime.day_keys import AUTHORS, AUTHORS_KEPT_MS, POSTS, POSTS_KEPT_MS, DayKeyRing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ingest.block import Block
    from tocsin.runtime.store import Store


class LiveKeys:
    """The keys of days of one deployment, from its store.

    Args:
        store: where the keys are shared and destroyed.
        now: the clock, UTC milliseconds.
    """

    def __init__(self, store: Store, now: Callable[[], int]) -> None:
        self._authors = DayKeyRing(store, AUTHORS, AUTHORS_KEPT_MS)
        self._posts = DayKeyRing(store, POSTS, POSTS_KEPT_MS)
        self._now = now

    def current(self) -> DayKeys:
        """Give the keys in force now; those of days that are over are destroyed.

        Raises:
            StoreError: the store is away.
        """
        now_at = self._now()
        return DayKeys(self._authors.at(now_at), self._posts.at(now_at))

    def on(self, block: Block) -> Block:
        """Give a block with the keys in force now."""
        return msgspec.structs.replace(block, keys=self.current())

    def on_each(self, blocks: Iterable[Block | None]) -> Iterator[Block | None]:
        """Give blocks with the keys in force when each is read; ``None``, for nothing just now, passes."""
        for block in blocks:
            yield None if block is None else self.on(block)
