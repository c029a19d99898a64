"""The whole path on one machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.files import SourceError
from tocsin.runtime.embedded import Plan, run_embedded
from tocsin.runtime.stop import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ingest.block import Block
    from tocsin.pipeline.detect import Detect, Summary
    from tocsin.pipeline.hear import Heard
    from tocsin.pipeline.shedding import Shedding
    from tocsin.settings import Settings


def run(  # noqa: PLR0913 - each is a part that a command chooses
    blocks: Iterator[Block | None],
    detect: Detect,
    factory: Callable[[], Callable[[Block], Heard]],
    settings: Settings,
    stop: Stop,
    *,
    shedding: Shedding | None = None,
) -> Summary:
    """Take blocks through all stages on this machine; give what was done.

    ``shedding`` leaves out dear gates under pressure: for live streams only.

    Raises:
        WorkerError: an extract process died, failed or did not start.
        StageIllError: a stage failed on too many posts.
        SourceError: a source cannot be read further; all before it was detected and the panes are closed.
    """
    plan = Plan(
        processes=settings.runtime.processes(),
        queue_blocks=settings.runtime.queue_blocks,
        start_secs=settings.runtime.start_secs,
        stuck_secs=settings.runtime.stuck_secs,
    )
    consume: Callable[[Heard], None] = detect.take
    if shedding is not None:
        blocks, consume = shedding.on_each(blocks), shedding.around(consume)
    try:
        run_embedded(blocks, factory, consume, plan=plan, stop=stop)
    except SourceError:
        detect.finish()
        raise
    return detect.finish()
