"""The networks of an embedded run: one followed source for ``live_blocks``, whose positions are kept once they were consumed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from ingest.inbox import Inbox
from ingest.listener import Listener
from ingest.positions import PositionsFile
from ingest.sources.made import make_sources

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingest.files import Line
    from tocsin.model import SourceGap
    from tocsin.runtime.metrics import Metrics
    from tocsin.settings import Settings


class Networks:
    """Listens to all networks of the settings.

    Raises:
        SourceError: a source cannot be made, or the file of positions cannot be read.
    """

    def __init__(self, settings: Settings, metrics: Metrics, now: Callable[[], int]) -> None:
        self.ended = False
        shared = settings.sources
        self._file = PositionsFile(shared.positions_path, now)
        self._most = settings.runtime.block_lines
        positions = self._file.load()
        sources = make_sources(settings, now)
        self.names = tuple(source.name for source in sources)
        """Of the sources, as the metrics bear them."""
        self._listener = Listener(
            sources,
            positions=positions,
            metrics=metrics,
            now=now,
            draw=random.random,
            inbox=Inbox(max_lines=shared.waiting_lines, max_bytes=shared.waiting_bytes),
        )
        self._before = self._listener.positions()

    def poll(self) -> list[Line]:
        """Give the lines that have come since the last poll, at most about a block of them.

        Raises:
            SourceFailedError: a source failed by a defect.
        """
        self._before = self._listener.positions()
        return self._listener.poll(self._most)

    def gaps(self) -> list[SourceGap]:
        """Take the gaps noted since the last look, oldest first."""
        return self._listener.gaps

    def cut(self, number: int, whole: bool) -> None:
        """Hear that a block was cut, and whether all that was polled is in it or in one before it."""
        self._file.cut(number, self._listener.positions() if whole else self._before)

    def consumed(self, blocks: int) -> None:
        """Hear how many blocks were consumed."""
        self._file.consumed(blocks)
        self._listener.settle(self._file.ready)

    def close(self) -> None:
        """Let connections go, and keep the last positions."""
        self._listener.close()
        self._file.save()
