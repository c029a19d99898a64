"""Which town a position or a written town name belongs to."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Final

from gazetteer_build.rows import Table, distance_km
from nlp.fold import fold_name

REACH_KM: Final = 20.0
"""A place farther than this from every town belongs to none."""

NAMED_REACH_KM: Final = 30.0
"""A town that the source names may lie this far away."""


class Towns:
    """The towns of a table, by code, by name and by position. A large town reaches farther than a small one."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._rows = [index for index, row in enumerate(table.rows) if row.kind == "town" and row.town < 0]
        self._cells: dict[tuple[int, int], list[int]] = defaultdict(list)
        for index in self._rows:
            row = table.rows[index]
            self._cells[math.floor(row.lat * 5), math.floor(row.lon * 5)].append(index)

    def with_code(self, insee: str) -> int | None:
        """Give the town of an INSEE code, the whole city for an arrondissement, the new commune for a former one."""
        index = self._table.by_id.get(f"fr:{insee}")
        if index is None:
            return None
        parent = self._table.rows[index].town
        return parent if parent >= 0 else index

    def called(
        self, name: str, country: str, *, near: tuple[float, float] | None = None, within_km: float = NAMED_REACH_KM
    ) -> int:
        """Give the largest town of a country with this name, within reach of a position if one is given.

        Raises:
            ValueError: there is none.
        """
        found = [
            index
            for index in self._table.names.get(fold_name(name), {})
            if (row := self._table.rows[index]).country == country
            and row.kind == "town"
            and (near is None or distance_km(*near, row.lat, row.lon) <= within_km)
        ]
        if not found:
            raise ValueError(f"no town is called {name} in {country}" + (f" near {near}" if near else ""))
        return max(found, key=lambda index: (self._table.rows[index].population, -index))

    def near_called(self, name: str, lat: float, lon: float) -> int | None:
        """Give the town of this name near a position; without such a name, the town the position belongs to."""
        near = [
            (distance_km(lat, lon, self._table.rows[i].lat, self._table.rows[i].lon), i)
            for i in self._table.names.get(fold_name(name), {})
            if self._table.rows[i].kind == "town" and self._table.rows[i].town < 0
        ]
        distance, index = min(near, default=(math.inf, -1))
        return index if distance <= NAMED_REACH_KM else self.at(lat, lon)

    def at(self, lat: float, lon: float) -> int | None:
        """Give the town whose distance, in radii of the town, is the smallest, among those within ``REACH_KM``."""
        row, column = math.floor(lat * 5), math.floor(lon * 5)
        best = (math.inf, -1)
        for cell_row in range(row - 1, row + 2):
            for cell_column in range(column - 2, column + 3):
                for index in self._cells.get((cell_row, cell_column), ()):
                    town = self._table.rows[index]
                    distance = distance_km(lat, lon, town.lat, town.lon)
                    if distance <= REACH_KM:
                        best = min(best, (distance / town.uncertainty_km, index))
        return best[1] if best[1] >= 0 else None
