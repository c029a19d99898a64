"""A stretch of a post that may name a place: what recognition hands to the joint choice."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nlp.roads import RoadSight

SightKind = Literal["name", "site", "street", "road", "unknown"]


class Sight(NamedTuple):
    """A stretch of the post that may name a place."""

    first: int
    last: int
    start: int
    end: int
    kind: SightKind
    role: str
    """How the sentence leads to it: at, of, origin, towards, bare, tag."""
    rows: tuple[tuple[int, int], ...]
    logit: float
    wide: bool = False
    """The thing is near, not there ("sortie Mantes", "heard from X", "Mantes-Sud")."""
    shown: bool = True
    """It counts as a mention of its own (a part of a hashtag does not)."""
    road: RoadSight | None = None
    admin: bool = False
    """It stands behind another name and a comma, where a region or country is told ("Moore, Oklahoma")."""
    features: Mapping[str, float] | None = None

    @property
    def probability(self) -> float:
        """The probability, from the surroundings alone, that the stretch names a place."""
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, self.logit))))


def inside(start: int, end: int, spans: Sequence[tuple[int, int]]) -> bool:
    """Tell whether a stretch touches one of the spans."""
    return any(start < high and low < end for low, high in spans)
