"""What came lately over one connection, to know again what an overlap repeats."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

MAX_RECENT: Final = 50_000


class Recent:
    """Remembers keys of events for a while of stream time, oldest forgotten first.

    >>> recent = Recent(window_ms=1_000)
    >>> recent.again("a", 0), recent.again("a", 500), recent.again("b", 2_000), recent.again("a", 2_000)
    (False, True, False, False)

    Args:
        window_ms: of stream time.
        least: so many keys are remembered however old they are, for overlaps that are counted in events.
        limit: so many keys are remembered at most.
    """

    def __init__(self, *, window_ms: int, least: int = 0, limit: int = MAX_RECENT) -> None:
        self._window_ms = window_ms
        self._least = least
        self._limit = limit
        self._keys: OrderedDict[str, int] = OrderedDict()
        self._clock_at = 0

    def __len__(self) -> int:
        return len(self._keys)

    def again(self, key: str, at: int) -> bool:
        """Say whether a key came before within the window; remember it if not."""
        self._clock_at = max(self._clock_at, at)
        while self._keys:
            oldest, came_at = next(iter(self._keys.items()))
            fresh = len(self._keys) <= self._least or self._clock_at - came_at <= self._window_ms
            if len(self._keys) <= self._limit and fresh:
                break
            del self._keys[oldest]
        if key in self._keys:
            return True
        self._keys[key] = at
        return False

    def forget(self, key: str) -> None:
        """Forget a key: what it stood for was not taken."""
        self._keys.pop(key, None)
