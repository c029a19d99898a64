"""The live reader: what has come from the followed sources, as blocks stamped with their arrival."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ingest.block import Block, Builder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ingest.follow import Followed
    from tocsin.settings import Settings


def live_blocks(
    sources: Sequence[Followed],
    settings: Settings,
    *,
    now: Callable[[], int],
    stopped: Callable[[], bool] = lambda: False,
    wait: Callable[[float], object] = time.sleep,
) -> Iterator[Block | None]:
    """Give a block when it is full or when ``runtime.tick_secs`` have passed, be it empty: so that time moves in silence.

    ``None`` stands for "nothing just now". The arrival (``now``, UTC milliseconds) never goes back, whatever the system's clock does.
    It ends, after what was read, when all sources have ended or ``stopped`` says so.

    Raises:
        SourceError: a source cannot be read.
    """
    builder, number = Builder(), 0
    tick_ms = settings.runtime.tick_secs * 1_000
    arrived_at = now()
    handed_at = arrived_at
    while not stopped() and not all(source.ended for source in sources):
        quiet = True
        for source in sources:
            for origin, line_number, line in source.poll():
                quiet = False
                builder.add(origin, line_number, line)
                if len(builder) == settings.runtime.block_lines:
                    arrived_at = handed_at = max(arrived_at, now())
                    yield builder.take(number=number, arrived_at=arrived_at)
                    number += 1
        arrived_at = max(arrived_at, now())
        if arrived_at - handed_at >= tick_ms:
            handed_at = arrived_at
            yield builder.take(number=number, arrived_at=arrived_at)
            number += 1
        elif quiet:
            wait(min(settings.ingest.follow_poll_secs, settings.runtime.tick_secs))
            yield None
    if len(builder):
        yield builder.take(number=number, arrived_at=max(arrived_at, now()))
