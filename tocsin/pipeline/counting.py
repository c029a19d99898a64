"""From the counts of a block over the whole path to the metrics of each stage."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ingest.order import REASONS
from tocsin.runtime import metrics as declared
from tocsin.runtime.conservation import Counts

if TYPE_CHECKING:
    from tocsin.runtime.metrics import Metrics


def by_stage(counts: Counts, retractions: int) -> dict[str, Counts]:
    """Give the counts of each stage; each stage's counts add up by themselves.

    Args:
        counts: of all lines of the block, over the whole path.
        retractions: how many of the used ones are retractions, which pass ``extract`` by.
    """
    dead = Counter({reason: n for reason, n in counts.dead.items() if reason != "stage_error"})
    failed = counts.dead["stage_error"]
    at_the_door = Counter({reason: n for reason, n in counts.filtered.items() if reason in REASONS})
    set_aside = counts.filtered - at_the_door
    gated = counts.used - retractions + set_aside.total() + failed
    ingest = Counts(
        received=counts.received,
        used=gated + retractions,
        filtered=at_the_door,
        late=counts.late,
        duplicate=counts.duplicate,
        dead=dead,
        held=counts.held,
    )
    extract = Counts(
        received=gated, used=counts.used - retractions, filtered=set_aside, dead=Counter({"stage_error": failed})
    )
    detect = Counts(received=counts.used, used=counts.used)
    return {"ingest": ingest, "extract": extract, "detect": detect}


def publish(counts: Counts, retractions: int, metrics: Metrics) -> None:
    """Add the counts of a block to the metrics of each stage."""
    for stage, part in by_stage(counts, retractions).items():
        publish_stage(stage, part, metrics)


def publish_stage(stage: str, part: Counts, metrics: Metrics) -> None:
    """Add counts of one stage to its metrics."""
    metrics.add(declared.RECEIVED, part.received, stage)
    metrics.add(declared.USED, part.used, stage)
    metrics.add(declared.LATE, part.late, stage)
    metrics.add(declared.DUPLICATE, part.duplicate, stage)
    metrics.set(declared.HELD, part.held, stage)
    for reason, items in part.filtered.items():
        metrics.add(declared.FILTERED, items, stage, reason)
    for reason, items in part.dead.items():
        metrics.add(declared.DEAD, items, stage, reason)
