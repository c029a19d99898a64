"""The shipped outlines: small, attributed, and right about which place lies where."""

from __future__ import annotations

import itertools
import json
from functools import cache
from importlib import resources

import pytest

RAW = resources.files("dispatch").joinpath("data/basemap.json").read_bytes()
BASEMAP = json.loads(RAW)


@cache
def decoded(part):
    """Rings by code of the shape."""
    topology = BASEMAP[part]
    pieces = []
    for flat in topology["arcs"]:
        x = y = 0
        line = []
        for dx, dy in zip(flat[::2], flat[1::2], strict=True):
            x, y = x + dx, y + dy
            line.append((x * topology["scale"], y * topology["scale"]))
        pieces.append(line)
    return {
        name: [[point for i in indices for point in (pieces[i] if i >= 0 else pieces[~i][::-1])] for indices in rings]
        for code, name, rings in (
            shape if part == "world" else (shape[0], shape[0], shape[2]) for shape in topology["shapes"]
        )
    }


def inside(part, wanted, lat, lon):
    """Even-odd rule over all rings."""
    odd = False
    for ring in decoded(part)[wanted]:
        for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
            if (y1 > lat) != (y2 > lat) and lon < (x2 - x1) * (lat - y1) / (y2 - y1) + x1:
                odd = not odd
    return odd


def test_it_is_small_and_names_its_sources():
    assert len(RAW) < 400_000
    for source in ("IGN", "Licence Ouverte", "Natural Earth", "INSEE", "GeoNames", "CC BY 4.0"):
        assert source in BASEMAP["attribution"]


def test_all_departements_are_there():
    codes = {shape[0] for shape in BASEMAP["france"]["shapes"]}
    mainland = {f"{n:02d}" for n in range(1, 96)} - {"20"} | {"2A", "2B"}
    assert codes >= mainland | {"971", "972", "973", "974", "976"}


@pytest.mark.parametrize(
    ("code", "lat", "lon"),
    [
        ("44", 47.2184, -1.5536), ("13", 43.2965, 5.3698), ("2A", 41.9274, 8.7346), ("67", 48.5734, 7.7521),
        ("29", 48.3904, -4.4861), ("64", 43.2951, -0.3708), ("59", 51.0300, 2.3768), ("974", -21.1151, 55.5364),
        ("75", 48.8566, 2.3522),
    ],
)  # fmt: skip
def test_towns_lie_in_their_departement_and_in_no_other(code, lat, lon):
    holding = [code for code in decoded("france") if inside("france", code, lat, lon)]
    assert holding == [code]


@pytest.mark.parametrize(
    ("name", "lat", "lon"),
    [("United Kingdom", 53.8, -1.55), ("Belgium", 50.6326, 5.5797), ("Switzerland", 46.8, 8.2), ("Japan", 36.2, 138.2),
     ("Russia", 66.0, 189.5), ("Russia", 66.0, -170.5), ("Fiji", -17.8, 178.0)],
)  # fmt: skip
def test_countries_are_where_they_are_on_both_sides_of_the_antimeridian(name, lat, lon):
    assert inside("world", name, lat, lon)


def test_the_sea_is_nobodys():
    for lat, lon in ((46.0, -6.0), (43.0, 4.5), (30.0, -40.0)):
        assert not any(inside(part, name, lat, lon) for part in ("france", "world") for name in decoded(part))


def test_no_ring_leaps_across_the_map():
    for name, rings in decoded("world").items():
        for ring in rings:
            assert all(abs(x2 - x1) < 60 for (x1, _), (x2, _) in itertools.pairwise(ring)), name


def test_towns_come_largest_first():
    people = [town[3] for town in BASEMAP["towns"]]
    assert people == sorted(people, reverse=True)
    assert {"Paris", "Lyon", "Marseille", "Nantes"} <= {town[0] for town in BASEMAP["towns"]}
