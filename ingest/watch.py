"""The stall watchdog: by the stream's own clock, not by whether bytes come."""

from __future__ import annotations

from typing import Final

STEPS: Final = 8
"""The deadline is moved on at most so often within one stall time: moving it at each event costs more than the event."""


class Watch:
    """Follows one connection. Times of the loop are in seconds, those of the stream in milliseconds.

    A stream without a clock moves with every event; one that has a clock moves when its clock does, and by nothing else: neither events
    that repeat an old time nor frames that cannot be read keep it alive.

    >>> watch = Watch(8.0, now_secs=0.0)
    >>> watch.moved(1_000, now_secs=1.0), watch.moved(1_000, now_secs=7.0), watch.moved(2_000, now_secs=7.0)
    (9.0, None, 15.0)
    """

    def __init__(self, stall_secs: float | None, *, now_secs: float) -> None:
        self._stall_secs = stall_secs
        self._stream_at: int | None = None
        self._set_secs = now_secs

    def moved(self, stream_at: int | None, *, now_secs: float) -> float | None:
        """Hear of an event; give the new deadline if it is to be set."""
        if stream_at is None:
            moved = self._stream_at is None
        else:
            moved = self._stream_at is None or stream_at > self._stream_at
            self._stream_at = stream_at if moved else self._stream_at
        if self._stall_secs is None or not moved or now_secs - self._set_secs < self._stall_secs / STEPS:
            return None
        return self.resumed(now_secs=now_secs)

    def resumed(self, *, now_secs: float) -> float | None:
        """Hear that the connection was opened, or is read again after it was held back; give the deadline."""
        self._set_secs = now_secs
        return None if self._stall_secs is None else now_secs + self._stall_secs
