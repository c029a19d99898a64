"""Which signals another one might repeat: the raised ones nearby."""

from __future__ import annotations

from math import cos, hypot, radians
from typing import Final

from console.board import Entry

EARTH_KM: Final = 6_371.0
NEAR_KM: Final = 300.0
MOST_OTHERS: Final = 8


def near(entry: Entry, entries: list[Entry]) -> list[Entry]:
    """Give the raised signals nearest to one, at most ``MOST_OTHERS`` within ``NEAR_KM``."""
    lat, lon = radians(entry.incident.lat), radians(entry.incident.lon)
    found = []
    for other in entries:
        if other is entry or other.section == "silent":
            continue
        lat2, lon2 = radians(other.incident.lat), radians(other.incident.lon)
        # Equirectangular: within these distances it errs by less than a hundredth.
        km = EARTH_KM * hypot(lat2 - lat, (lon2 - lon) * cos((lat + lat2) / 2))
        if km <= NEAR_KM:
            found.append((km, other.incident.incident_id, other))
    return [other for _, _, other in sorted(found, key=lambda one: one[:2])[:MOST_OTHERS]]
