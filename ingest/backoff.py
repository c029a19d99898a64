"""Back-off: how long to wait before the next connection.

Exponential with jitter over the upper half, so that many clients of one network do not come back together. It begins anew only after a
connection that stayed healthy for a while: a server that accepts and drops at once is not hammered. Source: M. Brooker, "Exponential
backoff and jitter", AWS Architecture Blog, 2015 ("equal jitter").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.time import MINUTE_MS

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingest.source import BrokenError, Policy

MAX_RETRY_AFTER_MS: Final = 60 * MINUTE_MS
"""A network that asks for more than this is asked again after this: a wrong header must not silence a source for a day."""
HOPELESS: Final = frozenset({"unauthorised", "budget_spent"})
"""What trying again soon cannot mend: the longest wait at once."""


class Backoff:
    """Counts failures of one source.

    Args:
        policy: bounds.
        draw: gives a number in [0, 1), the jitter.

    >>> from ingest.source import BrokenError, Policy
    >>> wait = Backoff(Policy(backoff_min_ms=1_000, backoff_max_ms=5_000), lambda: 1.0)
    >>> [wait.after(BrokenError("closed"), healthy_for_ms=0) for _ in range(4)]
    [1000, 2000, 4000, 5000]
    >>> wait.after(BrokenError("closed"), healthy_for_ms=60_000)
    1000
    """

    def __init__(self, policy: Policy, draw: Callable[[], float]) -> None:
        self._policy = policy
        self._draw = draw
        self.failures = 0

    def after(self, broken: BrokenError, *, healthy_for_ms: int) -> int:
        """Give the milliseconds to wait after a connection that had given events for so long."""
        policy = self._policy
        if healthy_for_ms >= policy.healthy_ms:
            self.failures = 0
        longest: int = min(policy.backoff_max_ms, policy.backoff_min_ms * 2 ** min(self.failures, 30))
        if broken.reason in HOPELESS:
            longest = policy.backoff_max_ms
        self.failures += 1
        jittered: float = longest * (0.5 + 0.5 * self._draw())
        if broken.retry_after_ms is not None:
            asked = min(max(0, broken.retry_after_ms), MAX_RETRY_AFTER_MS)
            jittered = max(jittered, asked * (1.0 + 0.1 * self._draw()))
        return round(jittered)
