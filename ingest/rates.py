"""Volume control of one source: a token bucket that holds the socket back, and sampling as a declared last resort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zlib import crc32

from tocsin.time import SECOND_MS

if TYPE_CHECKING:
    from ingest.source import Policy

BURST_SECS: Final = 2.0
"""What a silent source may save up."""
MAX_HALVINGS: Final = 6
"""Never fewer than one post in 64 is heard."""
STEP_MS: Final = 10 * SECOND_MS
"""How long a share is kept before the next look whether it helps."""


class Bucket:
    """A token bucket over items or bytes; it may go below nothing by one item, and is then waited for.

    >>> bucket = Bucket(10.0)
    >>> bucket.wait_secs(25, now_secs=0.0), bucket.wait_secs(0, now_secs=0.5)
    (0.5, 0.0)
    """

    def __init__(self, per_sec: float | None) -> None:
        self._per_sec = per_sec
        self._level = 0.0 if per_sec is None else per_sec * BURST_SECS
        self._at_secs: float | None = None

    def wait_secs(self, amount: float, *, now_secs: float) -> float:
        """Take an amount; give how long to wait before more may be read."""
        if self._per_sec is None:
            return 0.0
        gone = 0.0 if self._at_secs is None else max(0.0, now_secs - self._at_secs)
        self._at_secs = now_secs
        self._level = min(self._per_sec * BURST_SECS, self._level + gone * self._per_sec) - amount
        return max(0.0, -self._level / self._per_sec)


class Sampler:
    """Decides which posts are heard when a stream lags so far that it would be let go or hear everything too late.

    The share is halved each ``STEP_MS`` in which the lag stays above the limit, and doubled each in which it is below half of it. Which
    posts are heard depends on their bytes alone, so that a post sent twice has one fate.

    It fails to choose well: it knows nothing of what a post says. It is the last resort, off by default.
    """

    def __init__(self, policy: Policy) -> None:
        self._limit_ms = policy.shed_after_ms
        self._looked_at: int | None = None
        self.halvings = 0

    @property
    def share(self) -> float:
        """The share of posts that is heard."""
        return 1.0 / (1 << self.halvings)

    def hears(self, line: bytes, *, stream_at: int | None, now_at: int) -> bool:
        """Say whether a post is heard, and learn from its lag."""
        if self._limit_ms is None or stream_at is None:
            return True
        lag_ms = now_at - stream_at
        if self._looked_at is None or now_at - self._looked_at >= STEP_MS:
            self._looked_at = now_at
            if lag_ms > self._limit_ms:
                self.halvings = min(MAX_HALVINGS, self.halvings + 1)
            elif lag_ms < self._limit_ms // 2:
                self.halvings = max(0, self.halvings - 1)
        return crc32(line) & ((1 << self.halvings) - 1) == 0
