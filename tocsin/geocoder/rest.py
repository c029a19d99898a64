"""Rest for an ill server: after some failures in a row it is left alone for a while, twice as long each time, then tried with one question.

Known as a circuit breaker (M. Nygard, Release It!, 2007). The clock is handed in: monotonic seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_REST_SECS: Final = 3_600.0
"""However often it fails, and whatever it asks for, it is tried again after this."""


class Rest:
    """Decides whether the server may be asked.

    >>> clock = iter([0.0, 1.0, 2.0, 11.0]).__next__
    >>> rest = Rest(failures=2, rest_secs=10.0, now=clock)
    >>> rest.may_ask(), rest.failed(), rest.failed(), rest.may_ask(), rest.may_ask()
    (True, None, None, False, True)
    """

    def __init__(self, *, failures: int, rest_secs: float, now: Callable[[], float]) -> None:
        self._most = failures
        self._rest_secs = rest_secs
        self._now = now
        self._failures = 0
        self._until: float | None = None
        self._next_secs = rest_secs

    @property
    def resting(self) -> bool:
        """Whether it was last left alone and has not answered since."""
        return self._until is not None

    def may_ask(self) -> bool:
        """Tell whether the server may be asked now."""
        return self._now() >= self._until if self._until is not None else True

    def answered(self) -> None:
        """It answered, be it that it knows nothing."""
        self._failures, self._until, self._next_secs = 0, None, self._rest_secs

    def failed(self, wait_secs: float | None = None) -> None:
        """It failed; ``wait_secs`` is for how long it asks to be left alone, if it does."""
        now = self._now()
        self._failures += 1
        if wait_secs is None and self._until is None and self._failures < self._most:
            return
        secs = max(wait_secs or 0.0, self._next_secs if self._failures >= self._most else 0.0)
        self._until = now + min(secs, LONGEST_REST_SECS)
        if self._failures >= self._most:
            self._next_secs = min(2 * self._next_secs, LONGEST_REST_SECS)
