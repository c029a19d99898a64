"""The posts of an account, by pseudonym: what the removal of the account takes back."""

from __future__ import annotations

from collections import deque
from typing import Final

from tocsin.time import HOUR_MS

HORIZON_MS: Final = 6 * HOUR_MS
"""How long a post is remembered for its account: as long as the longest window of the detector."""
MAX_POSTS: Final = 100_000
"""Posts remembered in all; the oldest go first."""
MAX_POSTS_OF_ONE: Final = 256
"""Posts remembered of one account; its oldest go first."""


class PostsOf:
    """Remembers which posts an account wrote, for a while. It depends on the order of the stream alone.

    Only posts that passed the gate are told to it, and only hashes: without the key of the day nobody can ask it about a name.

    >>> posts = PostsOf(horizon_ms=1_000, limit=3)
    >>> posts.add("a", "p1", 0), posts.add("a", "p2", 900), posts.add("b", "p3", 950)
    (None, None, None)
    >>> posts.take(["a", "unknown"], 1_100), posts.take(["a"], 1_100)
    (('p2',), ())
    """

    def __init__(self, *, horizon_ms: int = HORIZON_MS, limit: int = MAX_POSTS) -> None:
        self._horizon_ms = horizon_ms
        self._limit = limit
        self._order: deque[tuple[int, str, int]] = deque()
        """Serial number, author and instant of what was added, oldest first; some of it may have been taken since."""
        self._posts: dict[str, dict[int, str]] = {}
        """Posts of each author by serial number, oldest first."""
        self._following = 0

    def __len__(self) -> int:
        return sum(map(len, self._posts.values()))

    def add(self, author: str, post_id: str, clock_at: int) -> None:
        """Remember a post of an author."""
        self._let_go(clock_at)
        while len(self._order) >= self._limit:
            self._forget_oldest()
        self._order.append((self._following, author, clock_at))
        posts = self._posts.setdefault(author, {})
        posts[self._following] = post_id
        self._following += 1
        if len(posts) > MAX_POSTS_OF_ONE:
            del posts[next(iter(posts))]

    def take(self, authors: list[str] | tuple[str, ...], clock_at: int) -> tuple[str, ...]:
        """Give the posts of an account, by all pseudonyms that it may bear, and forget them."""
        self._let_go(clock_at)
        return tuple(dict.fromkeys(post for author in authors for post in self._posts.pop(author, {}).values()))

    def snapshot(self) -> list[tuple[str, str, int]]:
        """Give what is remembered, oldest first: author, post, instant."""
        held = ((author, self._posts.get(author, {}).get(serial), at) for serial, author, at in self._order)
        return [(author, post_id, at) for author, post_id, at in held if post_id is not None]

    def restore(self, posts: list[tuple[str, str, int]]) -> None:
        """Take back what ``snapshot`` gave."""
        self._order.clear()
        self._posts.clear()
        for author, post_id, at in posts:
            self.add(author, post_id, at)

    def _let_go(self, clock_at: int) -> None:
        while self._order and clock_at - self._order[0][2] > self._horizon_ms:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        serial, author, _ = self._order.popleft()
        posts = self._posts.get(author, {})
        posts.pop(serial, None)
        if not posts:
            self._posts.pop(author, None)
