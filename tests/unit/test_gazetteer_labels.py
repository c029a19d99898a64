"""Regions stand where maps put their names, if that is amidst their towns: the table, and the build on a tiny made-up region."""

import json
import sys
from functools import cache
from pathlib import Path

import pytest

from nlp.gazetteer import Gazetteer

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
from gazetteer_build.geonames import City, Subdivision
from gazetteer_build.labels import label_points
from gazetteer_build.world import place_of


@cache
def gazetteer() -> Gazetteer:
    return Gazetteer.load()


def region(name: str = "Westland") -> Subdivision:
    return Subdivision("XX.01", 1, name, "State", (f"State of {name}",), 1, "XX-WL", "XX")


def town(name: str, lat: float, lon: float) -> City:
    return City(hash(name) % 1_000, name, "XX", lat, lon, 1_000, ())


TOWNS = [town(f"Town {n}", 10.0 + n, 20.0 + n) for n in range(9)]
"""On a line from (10, 20) to (18, 28): the middle is at about (14, 24), nine of ten lie within 550 km of it."""


def folder(tmp_path: Path, states: list[dict[str, str | None]]) -> Path:
    path = tmp_path / "countrystatecity-countries-1.0.9" / "package" / "dist" / "data" / "Westland-XX"
    path.mkdir(parents=True)
    (path / "states.json").write_text(json.dumps(states))
    return tmp_path


def test_points_are_read_by_their_code(tmp_path: Path) -> None:
    states: list[dict[str, str | None]] = [
        {"iso3166_2": "XX-WL", "latitude": "15.10000049", "longitude": "-24.90000000"},
        {"iso3166_2": "XX-NO", "latitude": None, "longitude": None},
        {"iso3166_2": None, "latitude": "1.0", "longitude": "2.0"},
    ]
    assert label_points(folder(tmp_path, states)) == {"XX-WL": (15.1, -24.9)}


def test_a_missing_package_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not enough values"):
        label_points(tmp_path)


def test_a_label_amidst_the_towns_is_taken() -> None:
    assert place_of(region(), TOWNS, (15.0, 24.5))[:2] == (15.0, 24.5)


@pytest.mark.parametrize("label", [None, (30.0, 60.0), (17.9, 27.9)])
def test_no_label_or_one_at_the_edge_leaves_the_middle(label: tuple[float, float] | None) -> None:
    lat, lon, _ = place_of(region(), TOWNS, label)
    assert lat == pytest.approx(14.0, abs=0.6)
    assert lon == pytest.approx(24.0, abs=0.6)


def test_the_point_of_the_town_of_that_name_is_no_label() -> None:
    towns = [*TOWNS, town("Westland", 15.0, 24.5)]
    assert place_of(region(), towns, (15.01, 24.51))[:2] != (15.01, 24.51)
    assert place_of(region("Eastland"), towns, (15.01, 24.51))[:2] == (15.01, 24.51)


def test_the_reach_is_that_of_nine_towns_in_ten_from_the_label() -> None:
    _, _, reach = place_of(region(), TOWNS, (14.0, 24.0))
    assert reach == pytest.approx(
        617, abs=5
    )  # to (18, 28), the eighth nearest of nine: 4 degrees north, 4 by cos 16 degrees east


@pytest.mark.parametrize(
    ("place_id", "lat", "lon", "within_km"),
    [
        ("a1:US.FL", 27.60, -81.51, 30),  # Avon Park, the heart of Florida
        ("a1:IN.13", 10.30, 76.33, 30),  # Chalakudy, amidst Kerala
        ("a1:US.CA", 36.74, -119.79, 110),  # Fresno, the county seat in the middle of California
        (
            "a1:PT.05",
            41.49,
            -6.94,
            30,
        ),  # Bragança: its label is its town's, so it keeps its middle (Macedo de Cavaleiros)
    ],
)
def test_known_regions(place_id: str, lat: float, lon: float, within_km: float) -> None:
    row = gazetteer().row_of(place_id)
    assert row is not None
    assert gazetteer().distance_km(row, lat, lon) <= within_km
