"""The live reader: what has come from the followed sources, as blocks stamped with their arrival."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ingest.block import Block, Builder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ingest.follow import Followed
    from tocsin.settings import Settings


def live_blocks(  # noqa: PLR0913 - each is a part of the outside world
    sources: Sequence[Followed],
    settings: Settings,
    *,
    now: Callable[[], int],
    stopped: Callable[[], bool] = lambda: False,
    wait: Callable[[float], object] = time.sleep,
    cut: Callable[[int, bool], object] = lambda _number, _whole: None,
) -> Iterator[Block | None]:
    """Give a block when it is full or when ``runtime.tick_secs`` have passed, be it empty: so that time moves in silence.

    ``None`` stands for "nothing just now". The arrival (``now``, UTC milliseconds) never goes back, whatever the system's clock does.
    ``cut`` hears the number of each block before it is given, and whether it holds all that was polled so far.
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
                    cut(number, False)  # noqa: FBT003 - lines of this poll are still to come
                    yield builder.take(number=number, arrived_at=arrived_at)
                    number += 1
        arrived_at = max(arrived_at, now())
        if arrived_at - handed_at >= tick_ms:
            handed_at = arrived_at
            cut(number, True)  # noqa: FBT003 - all sources were polled to this point
            yield builder.take(number=number, arrived_at=arrived_at)
            number += 1
        elif quiet:
            wait(min(settings.ingest.follow_poll_secs, settings.runtime.tick_secs))
            yield None
    if len(builder):
        cut(number, True)  # noqa: FBT003 - the last
        yield builder.take(number=number, arrived_at=max(arrived_at, now()))
