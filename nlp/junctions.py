"""Where a numbered junction of a motorway is: "M1 J33", "A7 sortie 14".

``nlp/data/junctions.tsv`` says at which town some junctions of a road stand (``scripts/build_junctions.py``); the others lie between them,
in proportion to their numbers. A town stands some kilometres from its junction, so the answer is never finer than ``LEAST_KM``.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

JUNCTIONS: Final = Path(__file__).parent / "data" / "junctions.tsv"
LEAST_KM: Final = 10.0
"""Least uncertainty: from a town to the junction that bears its name."""
STRETCH_SHARE: Final = 0.35
"""Share of the way between two known junctions by which one between them may be off."""


class Junction(NamedTuple):
    """The place ``id`` before a junction, the place ``toward`` behind it, and how much of the way between them it is (0 to 1)."""

    id: str
    toward: str
    share: float


def junction(country: str, road: str, number: int) -> Junction | None:
    """Give between which two places a junction lies; ``None`` when the road is not listed or the number is outside of what is known."""
    known = _table().get((country, road))
    if known is None:
        return None
    numbers, ids = known
    at = bisect_left(numbers, number)
    if at == len(numbers) or number < numbers[0]:
        return None
    if numbers[at] == number:
        return Junction(ids[at], ids[at], 0.0)
    low, high = numbers[at - 1], numbers[at]
    return Junction(ids[at - 1], ids[at], (number - low) / (high - low))


def uncertainty_km(stretch_km: float) -> float:
    """Give the uncertainty of a junction between two places so far from each other; 0 for one that stands at a place."""
    return max(LEAST_KM, STRETCH_SHARE * stretch_km)


@lru_cache(maxsize=1)
def _table() -> dict[tuple[str, str], tuple[list[int], list[str]]]:
    table = {}
    for line in JUNCTIONS.read_text(encoding="utf-8").splitlines():
        country, road, stages = line.split("\t")
        pairs = [stage.split("=") for stage in stages.split(" ")]
        table[country, road] = ([int(number) for number, _ in pairs], [place for _, place in pairs])
    return table
