"""Lanes: the numbered records of one origin in one partition, put back in order, each taken once.

A lane's records are numbered from 0. A worker that starts again sends some again (passed over); two that write at once may leave a hole
for a moment (waited for). A hole that lasts is a loss: it is counted and said aloud, and the lane goes on, since a fresh post must get
through.
"""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class LaneState(msgspec.Struct, kw_only=True):
    """Where a lane is."""

    expected: int = 0
    """Number of the record that comes next."""
    up_to_at: int | None = None
    """Stream time up to which it was heard."""
    ended: bool = False


class Lane(Generic[T]):
    """Puts the records of one lane in order.

    >>> lane = Lane(max_held=10)
    >>> lane.take(0, "a"), lane.take(2, "c"), lane.take(0, "a"), lane.take(1, "b")
    (['a'], [], [], ['b', 'c'])
    >>> lane.repeated, lane.lost
    (1, 0)
    """

    def __init__(self, max_held: int, expected: int = 0) -> None:
        self._max_held = max_held
        self.expected = expected
        self.held: dict[int, T] = {}
        """Records that wait for an earlier one."""
        self.repeated = 0
        """Records passed over because they had come before."""
        self.lost = 0
        """Records given up."""

    def take(self, number: int, record: T) -> list[T]:
        """Take a record; give those that are now due, in order."""
        if number < self.expected or number in self.held:
            self.repeated += 1
            return []
        self.held[number] = record
        if self.expected not in self.held and len(self.held) > self._max_held:
            oldest = min(self.held)
            self.lost += oldest - self.expected
            self.expected = oldest
        due: list[T] = []
        while self.expected in self.held:
            due.append(self.held.pop(self.expected))
            self.expected += 1
        return due
