"""Coasts and borders under a picture: those of the dispatchers' map."""

from __future__ import annotations

import math
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Box = tuple[float, float, float, float]
"""West, east, south, north, in degrees."""


def ground(axes: Axes, box: Box) -> None:
    """Set axes to a box of longitude and latitude, in true proportions at its middle, and draw the outlines that touch it."""
    from matplotlib.collections import LineCollection  # noqa: PLC0415  # only who draws loads it

    west, east, south, north = box
    near = [line for line in _outlines() if any(west <= lon <= east and south <= lat <= north for lon, lat in line)]
    axes.add_collection(LineCollection(near, colors="#cbd5e1", linewidths=0.7, zorder=1), autolim=False)
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_aspect(1.0 / max(0.05, math.cos(math.radians((south + north) / 2))))


@cache
def _outlines() -> list[list[tuple[float, float]]]:
    raw = resources.files("dispatch").joinpath("data/basemap.json").read_bytes()
    basemap = msgspec.json.decode(raw)
    lines = []
    for layer in ("world", "france"):
        scale = basemap[layer]["scale"]
        for flat in basemap[layer]["arcs"]:
            x = y = 0
            line = []
            for index in range(0, len(flat), 2):
                x, y = x + flat[index], y + flat[index + 1]
                line.append((x * scale, y * scale))
            lines.append(line)
    return lines
