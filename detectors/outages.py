"""When a source was not heard: time in which silence says nothing.

What is not heard is not calm. The minutes of an outage count neither as an ordinary pace of posts (or the pace would seem to have sunk, and
the first talk after it would look like a burst) nor as the silence of an incident.

Fails when: a source tells only afterwards that it was away: what was learnt meanwhile is not unlearnt.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tocsin.model import SourceGap
from tocsin.time import HOUR_MS

MOST_OUTAGES: Final = 256
"""Outages remembered: the latest."""
LONGEST_MS: Final = 6 * HOUR_MS
"""A source that is away for longer is no longer waited for."""


class Outage(msgspec.Struct, frozen=True):
    """A source was away from an instant to another (``None``: it still is)."""

    origin: str
    from_at: int
    to_at: int | None = None


class Outages:
    """The outages of all sources, as the records say.

    >>> outages = Outages()
    >>> outages.note(SourceGap(origin="bluesky", from_at=60_000))
    >>> outages.heard_ms(0, 90_000), [one.origin for one in outages.away(90_000)]
    (60000, ['bluesky'])
    >>> outages.note(SourceGap(origin="bluesky", from_at=60_000, to_at=80_000))
    >>> outages.heard_ms(0, 90_000), outages.away(90_000)
    (70000, ())
    """

    def __init__(self, held: list[Outage] | None = None) -> None:
        self.held = held or []

    def note(self, gap: SourceGap) -> None:
        """Take in a record: a source went away, or came back; what was filled was heard after all."""
        begun = [one for one in self.held if one.origin == gap.origin and one.to_at is None]
        if gap.to_at is None:
            if not begun:
                self.held.append(Outage(gap.origin, gap.from_at))
        else:
            self.held = [one for one in self.held if one not in begun]
            since = min([gap.from_at, *(one.from_at for one in begun)])
            until = gap.from_at if gap.filled else gap.to_at
            if until > since:
                self.held.append(Outage(gap.origin, since, until))
        del self.held[:-MOST_OUTAGES]

    def away(self, at: int) -> tuple[Outage, ...]:
        """Give the outages that last at an instant, by name of the source."""
        lasting = (one for one in self.held if one.from_at <= at < _end(one))
        return tuple(sorted(lasting, key=lambda one: (one.origin, one.from_at)))

    def heard_ms(self, from_at: int, to_at: int) -> int:
        """Give how much of a span all sources were heard, in ms."""
        heard, up_to = max(0, to_at - from_at), from_at
        if not self.held:
            return heard
        for one in sorted(self.held, key=lambda one: one.from_at):
            start, end = max(one.from_at, up_to), min(_end(one), to_at)
            if end > start:
                heard -= end - start
                up_to = end
        return heard

    def forget(self, before_at: int) -> None:
        """Let go the outages that were over before an instant."""
        if self.held:
            self.held = [one for one in self.held if _end(one) > before_at]


def _end(one: Outage) -> int:
    longest = one.from_at + LONGEST_MS
    return longest if one.to_at is None else min(one.to_at, longest)
