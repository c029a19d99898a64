"""Distances on the sphere, and a grid of cells for finding what is near."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

EARTH_RADIUS_KM: Final = 6_371.0
KM_PER_DEGREE: Final = math.pi * EARTH_RADIUS_KM / 180.0
ROUNDING_KM: Final = 1e-6
Floats = npt.NDArray[np.float64]


def distance_km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Give the great-circle distance of two positions (haversine formula), in km.

    >>> round(distance_km(48.8566, 2.3522, 45.7640, 4.8357))
    391
    """
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    half = math.sin((phi2 - phi1) / 2) ** 2
    half += math.cos(phi1) * math.cos(phi2) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(half)))


def within_km(lat1: float, lon1: float, lat2: float, lon2: float, reach_km: float) -> bool:
    """Tell whether two positions are at most so far apart: mostly the latitudes alone say no.

    >>> within_km(48.8566, 2.3522, 45.7640, 4.8357, 392.0), within_km(48.8566, 2.3522, 45.7640, 4.8357, 391.0)
    (True, False)
    """
    if abs(lat1 - lat2) * KM_PER_DEGREE > reach_km + ROUNDING_KM:
        return False
    return distance_km(lat1, lon1, lat2, lon2) <= reach_km


def distances_km(lat1: Floats, lon1: Floats, lat2: Floats, lon2: Floats) -> Floats:
    """Give the matrix of great-circle distances from each first to each second position, in km."""
    phi1, phi2 = np.radians(lat1)[:, None], np.radians(lat2)[None, :]
    delta = np.radians(lon2)[None, :] - np.radians(lon1)[:, None]
    half = np.sin((phi2 - phi1) / 2) ** 2 + np.cos(phi1) * np.cos(phi2) * np.sin(delta / 2) ** 2
    result: Floats = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(1.0, half)))
    return result


Cell = tuple[int, int]


def cell_of(lat: float, lon: float) -> Cell:
    """Give the one-degree cell that holds a position.

    >>> cell_of(48.85, 2.35), cell_of(-0.5, 180.0)
    ((48, 2), (-1, -180))
    """
    return math.floor(lat), (math.floor(lon) + 180) % 360 - 180


def cells_around(lat: float, lon: float, reach_km: float) -> Iterator[Cell]:
    """Give the cells that a circle around a position may touch, south to north, then eastward; longitudes wrap.

    >>> list(cells_around(0.5, 179.5, 60.0))[:3]
    [(-1, 178), (-1, 179), (-1, -180)]
    """
    rows = reach_km / KM_PER_DEGREE
    south, north = max(-90, math.floor(lat - rows)), min(89, math.floor(lat + rows))
    widest = max(abs(lat - rows), abs(lat + rows))
    columns = 180.0 if widest >= 89.0 else min(180.0, rows / math.cos(math.radians(widest)))
    west, east = math.floor(lon - columns), math.floor(lon + columns)
    for row in range(south, north + 1):
        for column in range(west, min(east, west + 359) + 1):
            yield row, (column + 180) % 360 - 180
