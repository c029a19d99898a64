"""Which towns a numbered road serves: the French decree on long-distance roads, and a hand-made table for what it leaves out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from gazetteer_build.rows import Table
from gazetteer_build.towns import Towns
from gazetteer_build.tsv import read_csv, read_table

STAGE_KM: Final = 150.0
"""Two towns that follow each other on a road of the hand-made table lie no farther apart."""

_SPLIT: Final = re.compile(r",| ou ")


def write_roads(table: Table, sources: Path, path: Path) -> int:
    """Write one line a road: reference, country, how it is known, place ids of its towns in order; give the number of roads.

    The hand-made table lists the towns of a motorway from end to end; where it has a road, the decree (which names only the ends and stages
    of whole itineraries, several roads long) is not used.

    Raises:
        ValueError: a town of the hand-made table does not exist.
    """
    towns = Towns(table)
    lines: dict[tuple[str, str], str] = {}
    for reference, country, names in read_table("roads.tsv"):
        rows = _chain(towns, table, reference, [_with_country(name, country) for name in names.split(", ")])
        lines[country, reference] = "\t".join(
            [reference, country, "inferred", " ".join(table.rows[row].id for row in rows)]
        )
    served: dict[str, list[str]] = {}
    for record in read_csv(sources / "subtown" / "road_itineraries_fr.csv.gz"):
        if not re.fullmatch(r"[AN]\d+", record["road"]):
            continue
        ids = served.setdefault(record["road"], [])
        for name in (record["from"], *_SPLIT.split(record["via"]), record["to"]):
            try:
                id_ = table.rows[towns.called(name.strip(), "FR")].id
            except ValueError:
                continue  # "Espagne", "frontière belge", another road
            if id_ not in ids:
                ids.append(id_)
    for reference, ids in served.items():
        if ids and ("FR", reference) not in lines:
            lines["FR", reference] = "\t".join([reference, "FR", "decree", " ".join(ids)])
    path.write_text("".join(f"{line}\n" for _, line in sorted(lines.items())), encoding="utf-8")
    return len(lines)


def _chain(towns: Towns, table: Table, reference: str, stages: list[tuple[str, str]]) -> list[int]:
    """Find the towns of a road one after the other: each is the largest of its name within reach of the one before."""
    rows: list[int] = []
    for name, country in stages:
        if rows and any(c.isdigit() for c in reference):  # "périphérique" lists cities, no way between them
            before = table.rows[rows[-1]]
            rows.append(towns.called(name, country, near=(before.lat, before.lon), within_km=STAGE_KM))
        else:
            rows.append(towns.called(name, country))
    return rows


def _with_country(name: str, country: str) -> tuple[str, str]:
    """Read "Basel (CH)" as a town of another country than the road's."""
    town, bracket, other = name.partition(" (")
    return (town, other.rstrip(")")) if bracket else (name, country)
