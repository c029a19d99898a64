"""The order of the stream: which lines are late, which are copies, how many posts each pane of each source had.

It runs in the detect process, over blocks in their order, and carries the stream clock from one to the next: what it decides depends on
the order of the lines alone, not on how they were cut in blocks nor on how many processes read them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from ingest.accounts import MAX_POSTS, PostsOf
from ingest.columns import AccountGone, Columns, ColumnsState, Set
from ingest.consent import WITHHELD
from ingest.duplicates import SeenPosts
from ingest.leap import guard
from ingest.normalise import STAGE, Outcome
from tocsin.model import DeadLetter, Exposure, Mention, Post, Retraction
from tocsin.runtime.conservation import Counts
from tocsin.time import MINUTE_MS, format_instant

if TYPE_CHECKING:
    import numpy.typing as npt

    from tocsin.time import Panes

NO_TERM: Final = "no_term"
"""Why a post was set aside at the gate: it holds no word of the lexicon."""
UNKNOWN_ACCOUNT: Final = "unknown_account"
"""Why the removal of an account was set aside: no post of it is remembered."""
REASONS: Final = frozenset({NO_TERM, UNKNOWN_ACCOUNT, *WITHHELD})
"""Why ingest sets items aside; all other reasons are of later stages."""
OTHER: Final = "other"
"""The name under which the sources past the limit count together."""
_NEVER: Final = np.iinfo(np.int64).min // 2


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the order remembers, and how far a clock may leap."""

    leap_ms: int = 24 * 60 * MINUTE_MS
    leap_lines: int = 3
    horizon_ms: int = 60 * MINUTE_MS
    max_remembered: int = 500_000
    max_sources: int = 64


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What a block adds: items to detect in, exposure, and how far the stream is now."""

    items: list[Mention | Retraction]
    exposures: list[Exposure]
    clock_at: int | None
    """The watermark: ``None`` until the first line is believed."""
    counts: Counts
    dead: list[DeadLetter]
    posts: list[Post] = msgspec.field(default_factory=list)
    """What was heard and is yet to be extracted, where extraction is another worker's; it counts as used."""
    leaving: list[Post | Mention | Retraction] = msgspec.field(default_factory=list)
    """All items and posts again, in the order of their lines: what was deleted or edited before or after what."""


class OrderState(msgspec.Struct, frozen=True, kw_only=True):
    """All that a ``StreamOrder`` remembers."""

    clock_at: int | None
    seen: list[tuple[str, int]]
    names: list[str]
    held: ColumnsState | None
    posts_of: list[tuple[str, str, int]] = []


class StreamOrder:
    """Decides, over blocks in their order, what is heard.

    An item is late if its pane was closed by the stream clock before it. A retraction is never late: it acts when it is heard.
    """

    def __init__(self, panes: Panes, limits: Limits) -> None:
        self._panes = panes
        self._limits = limits
        self._clock_at: int | None = None
        self._seen = SeenPosts(horizon_ms=limits.horizon_ms, limit=limits.max_remembered)
        self._sources: dict[str, int] = {}
        self._names: list[str] = []
        self._held: Columns | None = None
        self._posts_of = PostsOf(limit=min(MAX_POSTS, limits.max_remembered))

    @property
    def clock_at(self) -> int | None:
        """The latest time told so far."""
        return self._clock_at

    @property
    def held(self) -> int:
        """Lines that wait for others to agree with their clock."""
        return 0 if self._held is None else len(self._held)

    def push(self, block: Columns, source_names: tuple[str, ...], *, clock_at: int | None = None) -> Step:
        """Take the next block; ``clock_at`` is how far its reader's own clock is (live), believed as it is."""
        counts = Counts()
        block = msgspec.structs.replace(block, sources=self._coded(block.sources, source_names))
        counts.received += int((block.outcomes != Outcome.BLANK).sum())
        if clock_at is not None:
            self._clock_at = clock_at if self._clock_at is None else max(self._clock_at, clock_at)
        if self._held is not None or self._leaps(block):
            block = self._guarded(block)
        return self._settle(block, counts)

    def finish(self) -> Step:
        """Hear what was held: nothing comes any more that could contradict it."""
        counts = Counts()
        held, self._held = self._held, None
        if held is None:
            return Step(items=[], exposures=[], clock_at=self._clock_at, counts=counts, dead=[])
        return self._settle(held, counts)

    def snapshot(self) -> OrderState:
        """Give all that is remembered."""
        held = self._held
        return OrderState(
            clock_at=self._clock_at,
            seen=self._seen.snapshot(),
            names=list(self._names),
            held=None if held is None else held.snapshot(),
            posts_of=self._posts_of.snapshot(),
        )

    def restore(self, state: OrderState) -> None:
        """Take back what ``snapshot`` gave; what was remembered before is forgotten."""
        self._clock_at = state.clock_at
        self._seen.restore(state.seen)
        self._names = list(state.names)
        self._sources = {name: code for code, name in enumerate(state.names)}
        self._held = None if state.held is None else Columns.restore(state.held)
        self._posts_of.restore(state.posts_of)

    def _coded(self, local: npt.NDArray[np.uint16], names: tuple[str, ...]) -> npt.NDArray[np.uint16]:
        codes = []
        for name in names:
            if name not in self._sources and len(self._names) < self._limits.max_sources:
                self._sources[name] = len(self._names)
                self._names.append(name)
            codes.append(self._sources.get(name, self._limits.max_sources))
        return np.asarray(codes, np.uint16)[local] if codes else local

    def _leaps(self, block: Columns) -> bool:
        if not len(block):
            return False
        before = self._before(block)
        return bool((block.received_at > before + self._limits.leap_ms).any())

    def _before(self, block: Columns) -> npt.NDArray[np.int64]:
        """Give the stream clock before each line. A line without a time stands at 0 and moves nothing."""
        clock = _NEVER if self._clock_at is None else self._clock_at
        return np.maximum.accumulate(np.concatenate([[np.int64(clock)], block.received_at]))[:-1]

    def _guarded(self, block: Columns) -> Columns:
        """Give the lines that are decided, in the order in which that was clear; a refused one is a dead letter from here on."""
        whole = block if self._held is None else self._held.then(block)
        timed = whole.outcomes >= Outcome.RETRACTION
        times = [int(at) if has else None for at, has in zip(whole.received_at, timed, strict=True)]
        done = guard(self._clock_at, times, leap_ms=self._limits.leap_ms, leap_lines=self._limits.leap_lines)
        for index in done.refused:
            told = format_instant(int(whole.received_at[index]))
            detail = f"expected a time within {self._limits.leap_ms // MINUTE_MS} min of the stream, got {told} alone"
            origin, line = whole.origin_names[whole.origins[index]], int(whole.line_numbers[index])
            whole.items[index] = DeadLetter(stage=STAGE, reason="bad_time", detail=detail, origin=origin, line=line)
            whole.outcomes[index] = Outcome.DEAD
            whole.received_at[index] = whole.event_at[index] = 0
        self._held = whole.take(done.held) if done.held else None
        return whole.take(done.decided)

    def _settle(self, block: Columns, counts: Counts) -> Step:
        dead: list[DeadLetter] = []
        exposures: list[Exposure] = []
        leaving: list[Post | Mention | Retraction] = []
        if len(block):
            before = self._before(block)
            width = self._panes.width_ms
            panes = block.event_at // width
            posts = block.outcomes == Outcome.POST
            late = posts & ((panes + 1) * width + self._panes.lateness_ms <= before)
            heard = posts & ~late
            counts.late += int(late.sum())
            exposures = self._exposures(panes[heard], block.sources[heard])
            clocks = np.maximum(before, block.received_at)
            gated = 0
            for index, item in sorted(block.items.items()):
                clock_at = int(clocks[index])
                if isinstance(item, AccountGone | Retraction):
                    self._take_back(item, clock_at, leaving, counts)
                elif block.outcomes[index] == Outcome.WITHHELD:
                    assert isinstance(item, Set), "a post that is withheld is nothing but its reason"
                    counts.filtered[item.reason] += 1
                elif not late[index]:
                    gated += int(posts[index])
                    if isinstance(item, DeadLetter):
                        dead.append(item)
                        counts.dead[item.reason] += 1
                    else:
                        self._hear(item, clock_at, leaving, counts)
            unheard = int(heard.sum()) - gated
            if unheard:
                counts.filtered[NO_TERM] += unheard
            if timed := block.received_at[block.outcomes >= Outcome.RETRACTION].tolist():
                self._clock_at = max(timed) if self._clock_at is None else max(self._clock_at, *timed)
        counts.held = self.held
        return Step(
            items=[item for item in leaving if not isinstance(item, Post)],
            exposures=exposures,
            clock_at=self._clock_at,
            counts=counts,
            dead=dead,
            posts=[item for item in leaving if isinstance(item, Post)],
            leaving=leaving,
        )

    def _take_back(
        self, gone: AccountGone | Retraction, clock_at: int, leaving: list[Post | Mention | Retraction], counts: Counts
    ) -> None:
        if isinstance(gone, Retraction):
            leaving.append(msgspec.structs.replace(gone, at=clock_at))
            counts.used += 1
            if gone.reason == "edited":
                for post_id in gone.post_ids:
                    self._seen.forget(post_id)
            return
        post_ids = self._posts_of.take(gone.authors, clock_at)
        if not post_ids:
            counts.filtered[UNKNOWN_ACCOUNT] += 1
            return
        leaving.append(Retraction(post_id=post_ids[0], also=post_ids[1:], at=clock_at, reason="account"))
        counts.used += 1

    def _hear(
        self, item: Mention | Post | Set, clock_at: int, leaving: list[Post | Mention | Retraction], counts: Counts
    ) -> None:
        if self._seen.again(item.id if isinstance(item, Post) else item.post_id, clock_at):
            counts.duplicate += 1
        elif isinstance(item, Set):
            counts.filtered[item.reason] += 1
        else:
            post_id = item.id if isinstance(item, Post) else item.post_id
            self._posts_of.add(item.author, post_id, clock_at)
            leaving.append(item)
            counts.used += 1

    def _exposures(self, panes: npt.NDArray[np.int64], sources: npt.NDArray[np.uint16]) -> list[Exposure]:
        if not len(panes):
            return []
        stride = self._limits.max_sources + 1
        keys, posts = np.unique(panes * stride + sources, return_counts=True)
        names = [*self._names, *[OTHER] * (stride - len(self._names))]
        return [
            Exposure(key // stride * self._panes.width_ms, names[key % stride], count)
            for key, count in zip(keys.tolist(), posts.tolist(), strict=True)
        ]
