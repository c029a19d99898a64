"""Makes ``nlp/data/junctions.tsv``: which place each numbered junction of a motorway stands at.

Usage: python scripts/build_junctions.py

Reads the hand-made ``scripts/gazetteer_build/tables/junctions.tsv`` against the built gazetteer and refuses what does not fit: a town that
is not listed, numbers that do not rise, a junction too far from the one before, or from every town that the road is known to serve.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from nlp.gazetteer import Gazetteer

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE: Final = Path(__file__).parent
TABLE: Final = HERE / "gazetteer_build" / "tables" / "junctions.tsv"
OUT: Final = HERE.parent / "nlp" / "data" / "junctions.tsv"
STAGE_KM: Final = 100.0
"""Two junctions of the table that follow each other lie no farther apart."""
BESIDE_KM: Final = 45.0
"""A junction lies within this of a town of the road's itinerary, where one is known."""


def main() -> None:
    gazetteer = Gazetteer.load()
    lines = []
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        reference, country, stages = line.split("\t")
        lines.append("\t".join([country, reference, " ".join(anchors(gazetteer, reference, country, stages))]))
    OUT.write_text("".join(f"{line}\n" for line in sorted(lines)), encoding="utf-8")
    print(f"{len(lines)} roads")


def anchors(gazetteer: Gazetteer, reference: str, country: str, stages: str) -> list[str]:
    """Give ``number=id`` of each junction of a road.

    Raises:
        ValueError: a junction does not fit.
    """
    served = gazetteer.road(reference, country)
    found: list[tuple[int, int]] = []
    for number, name in ((int(number), name) for number, name in (stage.split(" ", 1) for stage in stages.split(", "))):
        near = [row for _, row in found[-1:]]
        row = min(
            towns(gazetteer, name, country),
            key=lambda row: (_beside(gazetteer, row, near) + _beside(gazetteer, row, served), row),
        )
        if found and (number <= found[-1][0] or _beside(gazetteer, row, near) > STAGE_KM):
            raise ValueError(
                f"{reference} {number} {name}: {_beside(gazetteer, row, near):.0f} km behind the one before"
            )
        if _beside(gazetteer, row, served) > BESIDE_KM:
            raise ValueError(f"{reference} {number} {name}: far from every town of the road")
        found.append((number, row))
    return [f"{number}={gazetteer.id(row)}" for number, row in found]


def towns(gazetteer: Gazetteer, name: str, country: str) -> list[int]:
    """Give the towns of a country that bear a name.

    Raises:
        ValueError: there is none.
    """
    rows = [
        row for row in gazetteer.lookup(name) if gazetteer.kind(row) == "town" and gazetteer.country(row) == country
    ]
    if not rows:
        raise ValueError(f"no town of {country} is called {name}")
    return rows


def _beside(gazetteer: Gazetteer, row: int, others: Sequence[int]) -> float:
    """Give the distance, in kilometres, to the nearest of some places; 0 when there are none."""
    return min((gazetteer.distance_km(row, gazetteer.lat(one), gazetteer.lon(one)) for one in others), default=0.0)


if __name__ == "__main__":
    main()
