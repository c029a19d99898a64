"""The table that the sources fill: one row a place, and the names each row answers to."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from nlp.fold import fold_name

PRIMARY: Final = 0
ALTERNATE: Final = 1
SHORT: Final = 2
CODE: Final = 3

NEEDS_CONTEXT: Final = 1
BORROWED_POSITION: Final = 2

MEAN_EARTH_RADIUS_KM: Final = 6371.0088


def distance_km(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Give the great-circle distance in km (haversine, mean Earth radius)."""
    phi, other_phi = math.radians(lat), math.radians(other_lat)
    half = (
        math.sin((other_phi - phi) / 2) ** 2
        + math.cos(phi) * math.cos(other_phi) * math.sin(math.radians(other_lon - lon) / 2) ** 2
    )
    return 2 * MEAN_EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, half)))


def radius_of_area_km(area_km2: float) -> float:
    """Give the radius, widened by a fifth because no town is a disc, of a place of a known area."""
    return 1.2 * math.sqrt(area_km2 / math.pi)


def radius_of_population_km(population: int) -> float:
    """Give the radius of a town of unknown area: a kilometre of doubt and a disc with 3,000 people a square km, at most 40 km."""
    return min(40.0, 1.0 + radius_of_area_km(max(population, 0) / 3_000))


@dataclass(slots=True)
class Row:
    """One place. ``town`` is the index of the row of the town it lies in, for places below the town."""

    id: str
    name: str
    kind: str
    lat: float
    lon: float
    population: int = 0
    uncertainty_km: float = 1.0
    country: str = ""
    region: str = ""
    departement: str = ""
    commune: str = ""
    town: int = -1
    flags: int = 0


@dataclass(slots=True)
class Table:
    """Rows and names; a name may point to many rows, a row may have many names."""

    rows: list[Row] = field(default_factory=list)
    names: dict[bytes, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    by_id: dict[str, int] = field(default_factory=dict)

    def add(self, row: Row, *, named: bool = True) -> int:
        """Append a row under its own name; give its index.

        Raises:
            ValueError: two rows have one id.
        """
        if row.id in self.by_id:
            raise ValueError(f"two places have the id {row.id}: {row.name!r}, {self.rows[self.by_id[row.id]].name!r}")
        index = len(self.rows)
        self.rows.append(row)
        self.by_id[row.id] = index
        if named:
            self.call(index, row.name, PRIMARY)
        return index

    def call(self, index: int, name: str, how: int) -> None:
        """Let a row answer to one more name; the strongest way to be called wins. Names that fold to nothing are left out."""
        folded = fold_name(name)
        if not folded or folded.replace(b" ", b"").isdigit():
            return
        known = self.names[folded].get(index)
        if known is None or how < known:
            self.names[folded][index] = how


class Nearest:
    """Finds the nearest of many positions, by a grid of a tenth of a degree."""

    def __init__(self, positions: list[tuple[float, float, int]], *, limit_km: float) -> None:
        self._limit_km = limit_km
        self._cells: dict[tuple[int, int], list[tuple[float, float, int]]] = defaultdict(list)
        for lat, lon, index in positions:
            self._cells[math.floor(lat * 10), math.floor(lon * 10)].append((lat, lon, index))

    def nearest(self, lat: float, lon: float) -> int | None:
        """Give the index of the nearest position within the limit, or ``None``; of equals, the smaller index."""
        south = math.ceil(self._limit_km / 11.1)
        east = math.ceil(self._limit_km / 11.1 / max(0.2, math.cos(math.radians(lat))))
        row, column = math.floor(lat * 10), math.floor(lon * 10)
        near = (
            (distance_km(lat, lon, other_lat, other_lon), index)
            for cell_row in range(row - south, row + south + 1)
            for cell_column in range(column - east, column + east + 1)
            for other_lat, other_lon, index in self._cells.get((cell_row, cell_column), ())
        )
        distance, index = min(near, default=(math.inf, -1))
        return index if distance <= self._limit_km else None
