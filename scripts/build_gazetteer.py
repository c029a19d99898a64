"""Build the packaged gazetteer from its sources: a maintainers' chore; the built file ships.

Usage: ``python scripts/build_gazetteer.py --sources DIR --packages DIR [--out nlp/data]``. What the two folders must hold, with origins
and licences, is written in ``nlp/data/GAZETTEER.md``.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from gazetteer_build.france import France  # noqa: E402  # the path is set above
from gazetteer_build.geonames import City, FrenchCities, proper_names, read_cities  # noqa: E402
from gazetteer_build.pack import pack  # noqa: E402
from gazetteer_build.roads import write_roads  # noqa: E402
from gazetteer_build.rows import ALTERNATE, CODE, SHORT, Table  # noqa: E402
from gazetteer_build.shortened import call_short_and_joined  # noqa: E402
from gazetteer_build.subtown import Subtown  # noqa: E402
from gazetteer_build.tsv import read_table  # noqa: E402
from gazetteer_build.words import frequent_names, word_flags  # noqa: E402
from gazetteer_build.world import World  # noqa: E402

HOW = {"alternate": ALTERNATE, "short": SHORT, "code": CODE}


def build_towns(
    sources: Path, packages: Path, cities: list[City], ordinary: dict[bytes, int]
) -> tuple[Table, dict[str, str]]:
    """Fill a table with France and the world; give it with the rows asked for by the alias table that do not exist."""
    table = Table()
    france = France(table, sources, FrenchCities(cities))
    france.add()
    world = World(table, packages, cities, ordinary)
    world.add()
    by_geoname = {f"gn:{city.geoname_id}": city for city in cities}
    for index, city in france.claims.items():
        world.call_by_other_names(index, city)
    for index, row in enumerate(table.rows):
        if row.id in by_geoname:
            world.call_by_other_names(index, by_geoname[row.id])
    call_short_and_joined(table, ordinary)
    missing = {}
    for id_, name, how in read_table("aliases.tsv"):
        if id_ in table.by_id:
            table.call(table.by_id[id_], name, HOW[how])
        else:
            missing[id_] = name
    return table, missing


def main() -> int:
    """Run the chore."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=Path, required=True)
    parser.add_argument("--packages", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=ROOT / "nlp" / "data")
    options = parser.parse_args()
    started = time.perf_counter()
    cities = read_cities(options.packages)
    ordinary = word_flags(options.packages, proper_names(options.packages, cities))
    print(f"ordinary words: {len(ordinary)} ({time.perf_counter() - started:.0f} s)")
    table, missing = build_towns(options.sources, options.packages, cities, ordinary)
    for id_, name in missing.items():
        print(f"alias of a row that does not exist: {id_} {name}")
    base = options.out / "gazetteer.bin"
    frequent = frequent_names(options.packages, cities)
    print(f"names written too often for their towns: {len(frequent)}")
    print("towns:", pack(table, ordinary, frequent, base))
    towns = len(table.rows)
    Subtown(table, options.sources, ordinary).add()
    print(
        "below the town:",
        pack(table, ordinary, frequent, options.out / "subtown.bin", first_row=towns, base=base.read_bytes()),
    )
    print("roads:", write_roads(table, options.sources, options.out / "roads.tsv"))
    return 1 if missing else 0


if __name__ == "__main__":
    raise SystemExit(main())
