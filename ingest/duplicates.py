"""Posts seen before: bounded in time by a horizon, and in memory by a count."""

from __future__ import annotations


class SeenPosts:
    """Remembers posts for a while, oldest forgotten first.

    It depends on the order of the stream alone, never on how the stream was cut. It fails, by design, on a copy that comes after
    ``horizon_ms`` of stream time or after ``limit`` further posts: the detector then still knows its author and its wording.

    >>> seen = SeenPosts(horizon_ms=60_000, limit=2)
    >>> seen.again("a", 0), seen.again("a", 60_000), seen.again("a", 60_001)
    (False, True, False)
    """

    def __init__(self, *, horizon_ms: int, limit: int) -> None:
        self._horizon_ms = horizon_ms
        self._limit = limit
        self._seen: dict[str, int] = {}  # insertion order is the order of the stream clock

    def __len__(self) -> int:
        return len(self._seen)

    def again(self, post_id: str, clock_at: int) -> bool:
        """Say whether a post was seen within the horizon before the stream clock; remember it if not."""
        while self._seen:
            oldest = next(iter(self._seen))
            if clock_at - self._seen[oldest] <= self._horizon_ms:
                break
            del self._seen[oldest]
        if post_id in self._seen:
            return True
        if len(self._seen) >= self._limit:
            del self._seen[next(iter(self._seen))]
        self._seen[post_id] = clock_at
        return False

    def snapshot(self) -> list[tuple[str, int]]:
        """Give what is remembered, oldest first."""
        return list(self._seen.items())

    def restore(self, seen: list[tuple[str, int]]) -> None:
        """Take back what ``snapshot`` gave."""
        self._seen = dict(seen)

    def forget(self, post_id: str) -> None:
        """Forget a post: it was edited, and comes again under its id."""
        self._seen.pop(post_id, None)
