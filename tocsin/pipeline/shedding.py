"""Load shedding of a live run on one machine: blocks that wait are the pressure; each block is told what to leave out as it is read.

So what a block gives depends on the block alone, whichever process hears it and whenever. Recordings are never read through here.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from tocsin.runtime import metrics as declared
from tocsin.runtime.logging import get_logger
from tocsin.runtime.pressure import Pressure
from tocsin.settings.nlp import SHED_ORDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ingest.block import Block
    from tocsin.pipeline.hear import Heard
    from tocsin.runtime.metrics import Metrics
    from tocsin.settings import Settings


class Shedding:
    """Stands around a run: counts the blocks that were read and are not yet detected.

    A run in one process, or one in which a single block may wait, has no queue to look at and sheds nothing.

    Args:
        settings: of the run.
        metrics: where the level is shown.
        clock: never goes back, seconds.
    """

    def __init__(self, settings: Settings, metrics: Metrics, clock: Callable[[], float] = time.monotonic) -> None:
        chosen = settings.nlp
        room = settings.runtime.processes() * settings.runtime.queue_blocks
        self._enabled = chosen.shed and room > 1
        self._full = max(2.0, chosen.shed_queue_share * room)
        self._pressure = Pressure(highest=len(SHED_ORDER), after_secs=chosen.shed_after_secs)
        self._metrics = metrics
        self._clock = clock
        self._given = 0
        self._done = 0
        self._changed_at_block = 0

    def on_each(self, blocks: Iterable[Block | None]) -> Iterator[Block | None]:
        """Give blocks with the number of gates to leave out; ``None``, for nothing just now, passes."""
        for block in blocks:
            level = self._look(reading=block is not None)
            if block is None:
                yield None
                continue
            self._given += 1
            yield msgspec.structs.replace(block, shed=level) if level else block

    def around(self, consume: Callable[[Heard], None]) -> Callable[[Heard], None]:
        """Give what counts a block as done once it was consumed."""

        def counted(heard: Heard) -> None:
            consume(heard)
            self._done += 1

        return counted

    def _look(self, *, reading: bool) -> int:
        if not self._enabled:
            return 0
        before = self._pressure.level
        waiting = self._given - self._done + reading
        acted = self._done > self._changed_at_block
        level = self._pressure.look(self._clock(), waiting / self._full, acted=acted)
        if level != before:
            self._changed_at_block = self._given
            told(level, before, self._metrics, waiting_blocks=waiting)
        return level


def told(level: int, before: int, metrics: Metrics, **load: float) -> None:
    """Show a new level, and say in the log what is left out from now on, or comes back."""
    metrics.set(declared.GATES_SHED, level)
    log = get_logger("shedding")
    if level > before:
        log.warning("a gate is left out for pressure", gate=SHED_ORDER[level - 1], left_out=SHED_ORDER[:level], **load)
    else:
        log.info("a gate is back", gate=SHED_ORDER[level], left_out=SHED_ORDER[:level], **load)
