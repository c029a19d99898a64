"""Incidents as GeoJSON (RFC 7946): one feature an incident, at its latest revision."""

from __future__ import annotations

from collections.abc import Iterable
from math import asin, atan2, cos, degrees, pi, radians, sin
from typing import Any, Final

import msgspec

from dispatch.json import is_raised, public, zone
from tocsin.model import Incident

DIGITS: Final = 6
"""Decimals of a position: a tenth of a metre, as RFC 7946, 11.2 advises."""
EARTH_RADIUS_KM: Final = 6_371.0
CIRCLE_POINTS: Final = 64


def feature(incident: Incident) -> dict[str, Any]:
    """Give one revision as a Feature: the medoid as a Point (longitude first), all public fields as properties.

    The properties ``lat`` and ``lon`` are left out: the geometry says them.
    """
    properties = {key: value for key, value in public(incident).items() if key not in ("lat", "lon")}
    return {
        "type": "Feature",
        "id": incident.incident_id,
        "geometry": {"type": "Point", "coordinates": [round(incident.lon, DIGITS), round(incident.lat, DIGITS)]},
        "properties": properties,
    }


def area(incident: Incident) -> dict[str, Any]:
    """Give the r90 area of one revision as a Feature with a Polygon of 64 points, its outer ring counter-clockwise (RFC 7946, 3.1.6).

    A ring over the antimeridian keeps longitudes beyond 180 degrees, so that its shape stays whole.
    """
    ring = circle(incident.lat, incident.lon, max(incident.radius_km, 0.001))
    return {
        "type": "Feature",
        "id": f"{incident.incident_id}/r90",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {
            "incident_id": incident.incident_id,
            "revision": incident.revision,
            "radius_km": incident.radius_km,
        },
    }


def zones(incident: Incident) -> list[dict[str, Any]]:
    """Give each zone of a mass event as a Feature with a Polygon, most voices first; its id is that of the incident and its number."""
    return [
        {
            "type": "Feature",
            "id": f"{incident.incident_id}/zone/{number}",
            "geometry": {"type": "Polygon", "coordinates": [circle(one.lat, one.lon, max(one.radius_km, 0.001))]},
            "properties": {"incident_id": incident.incident_id, "revision": incident.revision, **zone(one)},
        }
        for number, one in enumerate(incident.zones, 1)
    ]


def circle(lat: float, lon: float, radius_km: float) -> list[list[float]]:
    """Give a closed ring of positions [lon, lat] at one great-circle distance from a centre, counter-clockwise from the east."""
    angle = radius_km / EARTH_RADIUS_KM
    lat1 = radians(lat)
    ring: list[list[float]] = []
    for step in range(CIRCLE_POINTS):
        bearing = pi / 2 - 2 * pi * step / CIRCLE_POINTS
        lat2 = asin(max(-1.0, min(1.0, sin(lat1) * cos(angle) + cos(lat1) * sin(angle) * cos(bearing))))
        shift = atan2(sin(bearing) * sin(angle) * cos(lat1), cos(angle) - sin(lat1) * sin(lat2))
        ring.append([round(lon + degrees(shift), DIGITS), round(degrees(lat2), DIGITS)])
    return [*ring, ring[0]]


def collection(revisions: Iterable[Incident], *, with_areas: bool = False, with_silent: bool = False) -> dict[str, Any]:
    """Give the latest revision of each incident as a FeatureCollection, in order of the first revision.

    Args:
        revisions: in order of emission; a later revision of an incident replaces the earlier.
        with_areas: add the r90 area, and the zones of a mass event, after each point.
        with_silent: also those whose latest state is ``watch`` or ``explained``.
    """
    latest: dict[str, Incident] = {}
    for revision in revisions:
        latest[revision.incident_id] = revision
    features: list[dict[str, Any]] = []
    for incident in latest.values():
        if with_silent or is_raised(incident):
            features.append(feature(incident))
            if with_areas:
                features += [area(incident), *zones(incident)]
    return {"type": "FeatureCollection", "features": features}


def write(revisions: Iterable[Incident], *, with_areas: bool = False, with_silent: bool = False) -> bytes:
    """Give the collection as bytes of JSON, with a newline at the end."""
    return msgspec.json.encode(collection(revisions, with_areas=with_areas, with_silent=with_silent)) + b"\n"
