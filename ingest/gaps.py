"""Gap accounting of one source: what it did not hear, from when to when, and whether that was filled."""

from __future__ import annotations

from tocsin.model import SourceGap


class Gaps:
    """Follows one source.

    >>> gaps = Gaps("bluesky")
    >>> gaps.opened(0, resumed_from=None)  # the first start of all misses nothing
    []
    >>> gaps.heard(5_000)
    >>> gaps.broke(6_000)
    >>> [(gap.from_at, gap.to_at, gap.filled) for gap in gaps.opened(9_000, resumed_from=7_000)]
    [(5000, 7000, False), (7000, 9000, True)]
    """

    def __init__(self, origin: str, last_at: int | None = None) -> None:
        self._origin = origin
        self._last_at = last_at
        self._away_since: int | None = last_at
        self._told_to: int | None = None
        """Filled gaps were told up to here: a stream that has nothing new is not away again and again from the same instant."""

    def heard(self, at: int) -> None:
        """Note how far the stream was heard."""
        if self._last_at is None or at > self._last_at:
            self._last_at = at

    def broke(self, now_at: int) -> None:
        """Note that the connection ended."""
        if self._away_since is None:
            self._away_since = now_at if self._last_at is None else min(self._last_at, now_at)

    def opened(self, now_at: int, *, resumed_from: int | None) -> list[SourceGap]:
        """Note that the connection stands again; give the gap that ended: what stays open of it, then what is heard now."""
        since, self._away_since = self._away_since, None
        if since is None or now_at <= since:
            return []
        seam = now_at if resumed_from is None else min(max(since, resumed_from), now_at)
        lost = SourceGap(origin=self._origin, from_at=since, to_at=seam, filled=False)
        filled_from = seam if self._told_to is None else min(max(seam, self._told_to), now_at)
        filled = SourceGap(origin=self._origin, from_at=filled_from, to_at=now_at, filled=True)
        self._told_to = now_at
        return [gap for gap in (lost, filled) if gap.to_at != gap.from_at]

    def missed(self, from_at: int, to_at: int) -> SourceGap:
        """Give the gap of which the source itself knows that it cannot be filled."""
        return SourceGap(origin=self._origin, from_at=from_at, to_at=max(from_at, to_at), filled=False)
