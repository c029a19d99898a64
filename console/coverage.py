"""What a silence means, by territory: covered, blind, or a source is down. There is no "all is well".

A territory is covered where enough people told lately where something is; where few do, silence says nothing.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import Final, Literal

import msgspec

from tocsin.time import HOUR_MS

WINDOW_MS: Final = 24 * HOUR_MS
STEP_MS: Final = HOUR_MS
MAX_AREAS: Final = 20_000
LEAST_VOICES: Final = 3
"""Placed mentions of the window from which a territory counts as covered: an incident needs three voices, so at least as many speakers."""

State = Literal["covered", "blind", "down"]


class Area(msgspec.Struct, frozen=True):
    """One territory."""

    area: str
    heard: int
    state: State


class Source(msgspec.Struct, frozen=True):
    """One source: when it was last heard, and whether it is away."""

    name: str
    heard_at: int
    down: bool


class Coverage:
    """Counts placed mentions a territory over the last day, hour by hour.

    >>> coverage = Coverage()
    >>> for minute in range(3): coverage.heard("44", minute * 60_000)
    >>> coverage.areas(["44", "85"], 3_600_000, any_down=False)
    (Area(area='44', heard=3, state='covered'), Area(area='85', heard=0, state='blind'))
    """

    def __init__(self) -> None:
        self._hours: deque[tuple[int, Counter[str]]] = deque()

    def heard(self, area: str, at: int) -> None:
        """Count one placed mention."""
        hour = at - at % STEP_MS
        if not self._hours or hour > self._hours[-1][0]:
            self._hours.append((hour, Counter()))
            while self._hours[0][0] <= hour - WINDOW_MS:
                self._hours.popleft()
        counts = self._hours[-1][1]
        if area in counts or len(counts) < MAX_AREAS:
            counts[area] += 1

    def areas(self, names: list[str], now_at: int, *, any_down: bool) -> tuple[Area, ...]:
        """Give the state of each territory; a source that is down makes every one of them uncertain."""
        total: Counter[str] = Counter()
        for hour, counts in self._hours:
            if hour > now_at - WINDOW_MS - STEP_MS:
                total.update(counts)
        return tuple(
            Area(name, total[name], "down" if any_down else "covered" if total[name] >= LEAST_VOICES else "blind")
            for name in names
        )
