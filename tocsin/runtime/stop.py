"""The wish to end: what SIGINT and SIGTERM say, for loops that look at it between two steps."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


class Stop:
    """A wish to end: set by the first SIGINT or SIGTERM; a second one interrupts at once.

    >>> stop = Stop()
    >>> stop.wanted
    False
    """

    def __init__(self) -> None:
        self.wanted = False

    @contextmanager
    def on_signals(self) -> Iterator[Stop]:
        """Listen to SIGINT and SIGTERM while the context lasts (in the main thread)."""
        before = {number: signal.signal(number, self._hear) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        if self.wanted:
            raise KeyboardInterrupt
        self.wanted = True
