"""Items wait in their pane and leave it in canonical order, so that the order of arrival changes nothing.

A pane is closed when the watermark reaches its end plus the lateness. Its items are then taken by instant, kind and post identity; an
item that came twice is taken once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from tocsin.model import GeocodeResult, Mention, Retraction, SettingsChange, SourceGap
from tocsin.time import Panes

Item = Mention | Retraction | GeocodeResult | SettingsChange | SourceGap
"""What the detector hears."""

_ORDER: Final[dict[type, int]] = {SettingsChange: 0, Mention: 1, GeocodeResult: 2, Retraction: 3, SourceGap: 4}
"""Within one instant: settings first, then what was said, then what sharpens it, then what takes it back."""


def instant_of(item: Item) -> int:
    """Give the instant that decides the pane of an item."""
    if isinstance(item, Mention):
        return item.event_at
    if isinstance(item, SourceGap):
        return item.from_at if item.to_at is None else item.to_at
    return item.at


def _key(item: Item) -> tuple[int, int, str]:
    if isinstance(item, Mention):  # mostly
        return item.event_at, _ORDER[Mention], item.post_id
    if isinstance(item, SettingsChange):
        name = item.toml
    elif isinstance(item, SourceGap):
        name = f"{item.origin} {item.from_at} {item.filled}"
    else:
        name = item.post_id
    return instant_of(item), _ORDER[type(item)], name


def says(items: Iterable[Item]) -> bool:
    """Tell whether items are more than words about sources that are away."""
    return not all(isinstance(item, SourceGap) for item in items)


class Pane(msgspec.Struct, frozen=True):
    """A closed pane: its bounds, its items in canonical order, and how many posts were heard in it by source."""

    start_at: int
    end_at: int
    items: tuple[Item, ...]
    posts: dict[str, int]


class PaneBuffer:
    """Holds items until their pane is closed; every pane that holds an item or an exposure is given exactly once, oldest first.

    >>> buffer = PaneBuffer(Panes(width_ms=10_000, lateness_ms=5_000))
    >>> buffer.add(Retraction(post_id="b", at=12_000)); buffer.add(Retraction(post_id="a", at=12_000))
    >>> list(buffer.close(24_999)), [[item.post_id for item in pane.items] for pane in buffer.close(25_000)]
    ([], [['a', 'b']])
    """

    def __init__(self, panes: Panes) -> None:
        self._panes = panes
        self._items: dict[int, dict[tuple[int, int, str], Item]] = {}
        self._posts: dict[int, dict[str, int]] = {}
        self._closed_before: int | None = None

    def add(self, item: Item) -> None:
        """Keep an item for its pane; the same item again changes nothing. What is told of a source that is away is never late.

        Raises:
            ValueError: its pane was already closed (the caller decides what is late, and counts it).
        """
        key = _key(item)
        start = self._panes.start(key[0])
        if isinstance(item, SourceGap) and self._closed_before is not None:
            start = max(start, self._closed_before)
        self._refuse_closed(start)
        self._items.setdefault(start, {})[key] = item

    def expose(self, pane_start_at: int, source: str, posts: int) -> None:
        """Record that a source had ``posts`` posts in a pane.

        Raises:
            ValueError: the pane was already closed.
        """
        start = self._panes.start(pane_start_at)
        self._refuse_closed(start)
        heard = self._posts.setdefault(start, {})
        heard[source] = heard.get(source, 0) + posts

    def close(self, watermark_at: int) -> Iterator[Pane]:
        """Give the panes that a watermark closes, oldest first."""
        bound = self._panes.closed_before(watermark_at)
        if self._closed_before is not None and bound <= self._closed_before:
            return
        due = sorted(
            start for start in self._items.keys() | self._posts.keys() if start + self._panes.width_ms <= bound
        )
        self._closed_before = bound
        for start in due:
            held = self._items.pop(start, {})
            items = tuple(held[key] for key in sorted(held))
            posts = self._posts.pop(start, {})
            yield Pane(start, start + self._panes.width_ms, items, dict(sorted(posts.items())))

    @property
    def last_start_at(self) -> int | None:
        """The start of the youngest pane in which something was said or heard: that a source is away lengthens no stream."""
        return max(
            {start for start, held in self._items.items() if says(held.values())} | self._posts.keys(), default=None
        )

    def snapshot(self) -> tuple[list[Item], list[tuple[int, str, int]], int | None]:
        """Give what is held: the items, the exposures, and the bound of what is closed."""
        items = [held[key] for _, held in sorted(self._items.items()) for key in sorted(held)]
        posts = [
            (start, source, n) for start, heard in sorted(self._posts.items()) for source, n in sorted(heard.items())
        ]
        return items, posts, self._closed_before

    def restore(self, items: list[Item], posts: list[tuple[int, str, int]], closed_before: int | None) -> None:
        """Take back what ``snapshot`` gave; what was held before is forgotten."""
        self._items, self._posts, self._closed_before = {}, {}, closed_before
        for item in items:
            self.add(item)
        for start, source, count in posts:
            self.expose(start, source, count)

    def _refuse_closed(self, start: int) -> None:
        if self._closed_before is not None and start + self._panes.width_ms <= self._closed_before:
            raise ValueError(f"the pane of {start} is closed (everything before {self._closed_before} is)")
