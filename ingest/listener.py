"""The thread in which all sources of a process listen, and the pipeline's end of it."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

from ingest.inbox import Inbox
from ingest.listen import Listening
from ingest.source import Answering, Cursor  # msgspec resolves the annotation at run time
from tocsin.runtime import metrics as declared
from tocsin.runtime.logging import get_logger
from tocsin.time import SECOND_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from typing import Any

    from ingest.files import Line
    from ingest.source import BrokenError, Received, Source
    from tocsin.model import SourceGap
    from tocsin.runtime.metrics import Metrics

POLL_LINES: Final = 500
"""Lines that one poll takes at most (and the rest of the last event)."""
JOIN_SECS: Final = 10.0
"""How long the sources may take to let their connections go."""


class Position(msgspec.Struct, frozen=True):
    """How far a source was handed on, and when that was written down."""

    cursor: Cursor
    at: int


class SourceFailedError(RuntimeError):
    """A source failed on something that is a defect of ours; the message names it and holds nothing that it read."""


class Listener:
    """Listens to sources in a thread of its own; the pipeline polls what they gave.

    Args:
        sources: their names are unique.
        positions: where the last run stood, by name.
        metrics: of the run.
        now: the clock, UTC milliseconds.
        draw: gives a number in [0, 1): jitter.
        inbox: the bounded passage; tests give a small one.
    """

    def __init__(  # noqa: PLR0913 - each is a part of the outside world
        self,
        sources: Sequence[Source],
        *,
        positions: Mapping[str, Position],
        metrics: Metrics,
        now: Callable[[], int],
        draw: Callable[[], float],
        inbox: Inbox | None = None,
    ) -> None:
        self.ended = False
        self._inbox = Inbox() if inbox is None else inbox
        self._notes = _MetricNotes(metrics, [source.name for source in sources])
        self._now = now
        self._cursors: dict[str, Cursor] = {name: position.cursor for name, position in positions.items()}
        self._answering = [source for source in sources if isinstance(source, Answering)]
        self._settled: dict[str, Cursor] = {}
        self._failure: BaseException | None = None
        self._loop = asyncio.new_event_loop()
        self._listening = [
            Listening(
                source,
                self._inbox,
                self._notes,
                now=now,
                draw=draw,
                cursor=None if source.name not in positions else positions[source.name].cursor,
                heard_at=None if source.name not in positions else positions[source.name].at,
            )
            for source in sources
        ]
        self._tasks: list[asyncio.Task[None]] = []
        self._thread = threading.Thread(target=self._run, name="sources", daemon=True)
        self._thread.start()

    @property
    def gaps(self) -> list[SourceGap]:
        """Take the gaps noted since the last look, oldest first."""
        return self._notes.take_gaps()

    @property
    def addresses(self) -> dict[str, str]:
        """Where each connection led when it last stood, by the name of its source."""
        return dict(self._notes.addresses)

    def take_sampled(self) -> int:
        """Take how many posts were left out by sampling since the last look."""
        return self._notes.take_sampled()

    def poll(self, most: int = POLL_LINES) -> list[Line]:
        """Give what has come since the last poll, at most about so many lines.

        Raises:
            SourceFailedError: a source failed by a defect of ours.
        """
        if self._failure is not None:
            raise SourceFailedError(str(self._failure)) from self._failure
        lines, cursors = self._inbox.take(most)
        self._cursors.update(cursors)
        return lines

    def positions(self) -> dict[str, Position]:
        """Give how far each source was polled."""
        at = self._now()
        return {name: Position(cursor, at) for name, cursor in self._cursors.items()}

    def settle(self, positions: Mapping[str, Position]) -> None:
        """Say that all up to these positions was consumed or is kept: senders who wait for it are answered."""
        for source in self._answering:
            position = positions.get(source.name)
            if position is not None and self._settled.get(source.name) != position.cursor:
                self._settled[source.name] = position.cursor
                with suppress(RuntimeError):  # the loop has ended meanwhile, and with it all who waited
                    self._loop.call_soon_threadsafe(source.settled, position.cursor)

    def close(self) -> None:
        """Let the connections go and end the thread."""
        if self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._cancel)
        self._thread.join(JOIN_SECS)

    def _cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._all([listening.run() for listening in self._listening]))
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    async def _all(self, runs: Sequence[Coroutine[Any, Any, None]]) -> None:
        self._tasks = [asyncio.create_task(run) for run in runs]
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            if not task.cancelled() and (failure := task.exception()) is not None:
                # Only the kind of error: its message may quote what was read.
                self._failure = SourceFailedError(f"a source failed by a defect: {type(failure).__name__}")
                self._failure.__cause__ = failure
        self._cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class _MetricNotes:
    """Turns what happens to sources into metrics and log lines."""

    def __init__(self, metrics: Metrics, names: Sequence[str]) -> None:
        self._metrics = metrics
        self._log = get_logger("sources")
        self._gaps: list[SourceGap] = []
        self._sampled = 0
        self.addresses: dict[str, str] = {}
        self._lock = threading.Lock()
        for name in names:
            metrics.set(declared.SOURCE_CONNECTED, 0, name)
            metrics.set(declared.SOURCE_SHARE, 1, name)

    def received(self, name: str, event: Received, kept: int, sampled: int) -> None:
        """Count an event."""
        metrics = self._metrics
        metrics.add(declared.SOURCE_EVENTS, 1 + event.passed, name)
        metrics.add(declared.SOURCE_BYTES, event.size, name)
        if kept:
            metrics.add(declared.SOURCE_LINES, kept, name)
        if event.repeated:
            metrics.add(declared.SOURCE_REPEATED, event.repeated, name)
        if event.filtered is not None:
            metrics.add(declared.SOURCE_FILTERED, 1, name, event.filtered)
        if sampled:
            metrics.add(declared.SOURCE_FILTERED, sampled, name, "sampled")
            with self._lock:
                self._sampled += sampled
        if event.stream_at is not None:
            metrics.set(declared.SOURCE_HEARD, event.stream_at / SECOND_MS, name)

    def opened(self, name: str, address: str, at: int) -> None:
        """Note a connection."""
        self.addresses[name] = address
        self._metrics.set(declared.SOURCE_CONNECTED, 1, name)
        self._log.info("connected", source=name, address=address, at=at)

    def broke(self, name: str, broken: BrokenError, wait_ms: int) -> None:
        """Note the end of a connection."""
        self._metrics.set(declared.SOURCE_CONNECTED, 0, name)
        self._metrics.add(declared.SOURCE_BREAKS, 1, name, broken.reason)
        self._log.warning(
            "connection ended", source=name, reason=broken.reason, detail=broken.detail, again_in_ms=wait_ms
        )

    def gap(self, gap: SourceGap) -> None:
        """Note what was not heard."""
        length_secs = ((gap.to_at or gap.from_at) - gap.from_at) / SECOND_MS
        self._metrics.add(declared.SOURCE_GAP_SECONDS, length_secs, gap.origin, "yes" if gap.filled else "no")
        note = self._log.info if gap.filled else self._log.error
        note("gap", source=gap.origin, from_at=gap.from_at, to_at=gap.to_at, filled=gap.filled)
        with self._lock:
            self._gaps = [*self._gaps[-MAX_GAPS + 1 :], gap]

    def share(self, name: str, share: float) -> None:
        """Note that posts are sampled, or no longer."""
        self._metrics.set(declared.SOURCE_SHARE, share, name)
        self._log.warning("sampling", source=name, share=share)

    def take_sampled(self) -> int:
        with self._lock:
            sampled, self._sampled = self._sampled, 0
        return sampled

    def take_gaps(self) -> list[SourceGap]:
        with self._lock:
            gaps, self._gaps = self._gaps, []
        return gaps


MAX_GAPS: Final = 1_000
"""Gaps kept until the pipeline takes them; each was logged and counted when it was found."""
