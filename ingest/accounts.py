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
        self._posts: deque[tuple[str, str, int]] = deque()
        self._by_author: dict[str, deque[str]] = {}

    def __len__(self) -> int:
        return len(self._posts)

    def add(self, author: str, post_id: str, clock_at: int) -> None:
        """Remember a post of an author."""
        self._let_go(clock_at)
        while len(self._posts) >= self._limit:
            self._forget_oldest()
        self._posts.append((author, post_id, clock_at))
        self._by_author.setdefault(author, deque()).append(post_id)
        if len(self._by_author[author]) > MAX_POSTS_OF_ONE:
            self._by_author[author].popleft()

    def take(self, authors: list[str] | tuple[str, ...], clock_at: int) -> tuple[str, ...]:
        """Give the posts of an account, by all pseudonyms that it may bear, and forget them."""
        self._let_go(clock_at)
        return tuple(dict.fromkeys(post_id for author in authors for post_id in self._by_author.pop(author, ())))

    def snapshot(self) -> list[tuple[str, str, int]]:
        """Give what is remembered, oldest first."""
        return [one for one in self._posts if one[1] in self._by_author.get(one[0], ())]

    def restore(self, posts: list[tuple[str, str, int]]) -> None:
        """Take back what ``snapshot`` gave."""
        self._posts.clear()
        self._by_author.clear()
        for author, post_id, at in posts:
            self.add(author, post_id, at)

    def _let_go(self, clock_at: int) -> None:
        while self._posts and clock_at - self._posts[0][2] > self._horizon_ms:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        author, post_id, _ = self._posts.popleft()
        held = self._by_author.get(author)
        if held and held[0] == post_id:
            held.popleft()
        if not held:
            self._by_author.pop(author, None)
