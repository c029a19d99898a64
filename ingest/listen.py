"""One source kept connected: connect, watch, hand on, wait, connect again. The same for every network.

The stall watchdog goes by the stream's own clock: a connection that is open, even one that sends, and whose clock does not move is ended.
While the pipeline is slower than the stream, the watch is paused and the socket is not read.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, NoReturn, Protocol, cast

from ingest.backoff import Backoff
from ingest.gaps import Gaps
from ingest.rates import Bucket, Sampler
from ingest.source import MAX_CURSOR_BYTES, BrokenError, Missed, Opened
from ingest.watch import Watch
from tocsin.time import SECOND_MS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from ingest.inbox import Inbox
    from ingest.source import Cursor, Event, Received, Source
    from tocsin.model import SourceGap


class Notes(Protocol):
    """Hears what happens to a source, for metrics and logs."""

    def received(self, name: str, event: Received, kept: int, sampled: int) -> None:
        """An event came; ``kept`` of its lines go on, ``sampled`` were left out by sampling."""

    def opened(self, name: str, address: str, at: int) -> None:
        """The connection stands."""

    def broke(self, name: str, broken: BrokenError, wait_ms: int) -> None:
        """The connection ended and is tried again after a wait."""

    def gap(self, gap: SourceGap) -> None:
        """Something was not heard."""

    def share(self, name: str, share: float) -> None:
        """The share of posts that is heard has changed."""


class Listening:
    """Keeps one source connected for ever.

    Args:
        source: what to listen to.
        inbox: where its lines go.
        notes: hears what happens.
        cursor: where the last run stood, if there was one.
        heard_at: how far the last run had heard the stream, UTC milliseconds.
        now: the clock, UTC milliseconds.
        draw: gives a number in [0, 1): jitter.
    """

    def __init__(  # noqa: PLR0913 - each is a part of the outside world
        self,
        source: Source,
        inbox: Inbox,
        notes: Notes,
        *,
        now: Callable[[], int],
        draw: Callable[[], float],
        cursor: Cursor | None = None,
        heard_at: int | None = None,
    ) -> None:
        self._source = source
        self._inbox = inbox
        self._notes = notes
        self._now = now
        self._cursor = cursor
        self._backoff = Backoff(source.policy, draw)
        self._gaps = Gaps(source.name, heard_at)
        self._items = Bucket(source.policy.max_items_per_sec)
        self._bytes = Bucket(source.policy.max_bytes_per_sec)
        self._sampler = Sampler(source.policy)
        self._opened_secs: float | None = None
        self._last_event_secs = 0.0

    async def run(self) -> NoReturn:
        """Listen until cancelled."""
        while True:
            broken = await self._session()
            self._gaps.broke(self._now())
            wait_ms = self._backoff.after(broken, healthy_for_ms=self._healthy_ms())
            self._notes.broke(self._source.name, broken, wait_ms)
            await asyncio.sleep(wait_ms / SECOND_MS)

    async def _session(self) -> BrokenError:
        """Listen to one connection; give why it ended."""
        loop = asyncio.get_running_loop()
        policy = self._source.policy
        self._forget_connection()
        watch = Watch(None if policy.stall_ms is None else policy.stall_ms / SECOND_MS, now_secs=loop.time())
        stream = cast("AsyncGenerator[Event, None]", self._source.listen(self._cursor, self._now()))
        try:
            async with aclosing(stream), asyncio.timeout(policy.connect_ms / SECOND_MS) as deadline:
                async for event in stream:
                    if isinstance(event, Opened):
                        self._open(event)
                        deadline.reschedule(watch.resumed(now_secs=loop.time()))
                    elif isinstance(event, Missed):
                        self._notes.gap(self._gaps.missed(event.from_at, event.to_at))
                    else:
                        await self._take(event, watch, deadline)
        except BrokenError as broken:
            return broken
        except TimeoutError:
            if self._opened_secs is None:
                return BrokenError("unreachable", f"no answer within {policy.connect_ms} ms")
            return BrokenError("stalled", f"the stream's clock stood for {policy.stall_ms} ms")
        return BrokenError("closed", "the stream ended")

    async def _take(self, event: Received, watch: Watch, deadline: asyncio.Timeout) -> None:
        """Hand an event on; while that must wait, the watch stands still."""
        loop = asyncio.get_running_loop()
        self._last_event_secs = loop.time()
        lines, hold_secs = self._heard(event, self._last_event_secs)
        wanted = bool(lines) or event.cursor is not None
        queued = not wanted or self._inbox.try_put(self._source.name, lines, event.cursor)
        until = watch.moved(event.stream_at, now_secs=self._last_event_secs)
        if not queued or hold_secs > 0:
            deadline.reschedule(None)
            if not queued:
                await self._inbox.put(self._source.name, lines, event.cursor)
            await asyncio.sleep(hold_secs)
            deadline.reschedule(watch.resumed(now_secs=loop.time()))
        elif until is not None:
            deadline.reschedule(until)

    def _forget_connection(self) -> None:
        self._opened_secs = None

    def _healthy_ms(self) -> int:
        """Give how long the last connection gave events."""
        return 0 if self._opened_secs is None else round((self._last_event_secs - self._opened_secs) * SECOND_MS)

    def _open(self, event: Opened) -> None:
        loop = asyncio.get_running_loop()
        self._opened_secs = self._last_event_secs = loop.time()
        now_at = self._now()
        self._notes.opened(self._source.name, event.address, now_at)
        for gap in self._gaps.opened(now_at, resumed_from=event.resumed_from):
            self._notes.gap(gap)

    def _heard(self, event: Received, now_secs: float) -> tuple[tuple[bytes, ...], float]:
        """Note an event; give the lines that go on, and the seconds to hold the socket back."""
        now_at = self._now()
        lines = event.lines
        sampled = 0
        if event.sheddable:
            before = self._sampler.halvings
            if not self._sampler.hears(lines[0], stream_at=event.stream_at, now_at=now_at):
                lines, sampled = (), 1
            if self._sampler.halvings != before:
                self._notes.share(self._source.name, self._sampler.share)
        self._notes.received(self._source.name, event, len(lines), sampled)
        self._gaps.heard(now_at if event.stream_at is None else min(event.stream_at, now_at))
        if event.cursor is not None:
            assert len(event.cursor) <= MAX_CURSOR_BYTES, "a source keeps its cursor small"
            self._cursor = event.cursor
        hold_secs = max(
            self._items.wait_secs(1 + event.passed, now_secs=now_secs),
            self._bytes.wait_secs(event.size, now_secs=now_secs),
        )
        return lines, hold_secs
