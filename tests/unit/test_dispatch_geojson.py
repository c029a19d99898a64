"""GeoJSON: what RFC 7946 asks, checked against geopy and by hand."""

from __future__ import annotations

import itertools
import json

import pytest
from examples import incident
from geopy.distance import great_circle

from dispatch.geojson import circle, collection, write


def revision(name="i", number=1, **changed):
    instants = {"raised_at": 1_780_000_000_000, "updated_at": 1_780_000_000_000}
    place = {"lat": 47.2184, "lon": -1.5536, "radius_km": 3.0}
    return incident(number, incident_id=name, **instants | place | changed)


def test_a_point_has_longitude_first_and_the_public_fields():
    made = json.loads(write([revision()]))
    assert made["type"] == "FeatureCollection"
    (feature,) = made["features"]
    assert feature["type"] == "Feature"
    assert feature["id"] == "i"
    assert feature["geometry"] == {"type": "Point", "coordinates": [-1.5536, 47.2184]}
    assert feature["properties"]["raised_at"] == "2026-05-28T20:26:40.000Z"
    assert feature["properties"]["evaluation"] == "unjudged"
    assert "lat" not in feature["properties"]
    assert "crs" not in made  # RFC 7946, 4: there is no other


def test_the_latest_revision_stands_in_the_place_of_the_first():
    made = collection([revision("a"), revision("b"), revision("a", 2, lat=48.0, state="quiet")])
    assert [feature["id"] for feature in made["features"]] == ["a", "b"]
    assert made["features"][0]["geometry"]["coordinates"][1] == 48.0
    assert made["features"][0]["properties"]["revision"] == 2


def test_silent_signals_are_written_when_asked_for():
    revisions = [revision("a", state="watch"), revision("b", state="explained"), revision("c", state="closed")]
    assert [feature["id"] for feature in collection(revisions)["features"]] == ["c"]
    assert len(collection(revisions, with_silent=True)["features"]) == 3


@pytest.mark.parametrize(
    ("lat", "lon", "km"), [(47.2, -1.55, 3.0), (0.0, 0.0, 200.0), (-21.1, 55.5, 80.0), (64.1, -21.9, 0.5)]
)
def test_the_ring_lies_at_the_radius_and_turns_to_the_left(lat, lon, km):
    ring = circle(lat, lon, km)
    assert ring[0] == ring[-1]
    assert len(ring) == 65
    for x, y in ring:
        # geopy's sphere has a radius of 6371.009 km, ours 6371; positions are rounded to a tenth of a metre.
        assert great_circle((lat, lon), (y, x)).km == pytest.approx(km, rel=1e-4, abs=1e-3)
    twice_area = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in itertools.pairwise(ring))
    assert twice_area > 0


def test_areas_follow_their_points():
    made = collection([revision()], with_areas=True)
    assert [feature["geometry"]["type"] for feature in made["features"]] == ["Point", "Polygon"]
    assert made["features"][1]["properties"]["incident_id"] == "i"


def test_nothing_gives_an_empty_collection():
    assert json.loads(write([])) == {"type": "FeatureCollection", "features": []}
