"""Where maps put the name of a first- or second-level region: OpenStreetMap's points, by way of ``@countrystatecity/countries``.

The table also holds points of other origin (capitals, mistakes), so a point is taken only where it lies amidst the region's own towns.
"""

from __future__ import annotations

import json
from pathlib import Path


def label_points(packages: Path) -> dict[str, tuple[float, float]]:
    """Give the points (latitude, longitude) of regions by their ISO 3166-2 code; those without a code or a point are left out."""
    [folder] = packages.glob("countrystatecity-countries*/package/dist/data")
    found: dict[str, tuple[float, float]] = {}
    for path in sorted(folder.glob("*/states.json")):
        for state in json.loads(path.read_bytes()):
            code, lat, lon = state.get("iso3166_2"), state["latitude"], state["longitude"]
            if code and lat and lon:
                found[code] = (round(float(lat), 5), round(float(lon), 5))
    return found
