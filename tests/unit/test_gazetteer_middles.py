"""Areas stand at the middle of their ground: against middles published by surveyors and towns that call themselves so."""

import sys
from functools import cache
from pathlib import Path

import pytest

from nlp.gazetteer import Gazetteer

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
from gazetteer_build.middles import middle_of_ground


@cache
def gazetteer() -> Gazetteer:
    return Gazetteer.load()


def gap_km(place_id: str, lat: float, lon: float) -> float:
    row = gazetteer().row_of(place_id)
    assert row is not None
    return gazetteer().distance_km(row, lat, lon)


@pytest.mark.parametrize(
    ("place_id", "lat", "lon", "within_km"),
    [
        ("a1:US.NE", 41.53, -99.80, 60),  # Custer County, north-west of Broken Bow (US National Geodetic Survey)
        ("a1:US.TX", 31.39, -99.17, 90),  # McCulloch County, by Brady (the same)
        ("a1:US.KS", 38.50, -98.70, 60),  # Barton County (the same)
        ("cc:US", 39.83, -98.58, 5),  # Lebanon, Kansas (the same)
        ("cc:DE", 51.16, 10.45, 60),  # Niederdorla
        ("cc:CH", 46.80, 8.23, 40),  # Älggi-Alp (swisstopo)
        ("fr-dep:44", 47.36, -1.68, 12),  # by Vigneux-de-Bretagne
        ("fr-dep:63", 45.72, 3.14, 15),  # Puy-de-Dôme: by Clermont-Ferrand
        ("fr-dep:13", 43.54, 5.09, 15),  # Bouches-du-Rhône: by Salon, and not in Marseille
    ],
)
def test_published_middles(place_id: str, lat: float, lon: float, within_km: float) -> None:
    assert gap_km(place_id, lat, lon) <= within_km


@pytest.mark.parametrize("place_id", ["cc:MX", "cc:CL", "cc:US", "cc:IT", "cc:ID"])
def test_nine_towns_of_ten_lie_within_the_uncertainty(place_id: str) -> None:
    table = gazetteer()
    row = table.row_of(place_id)
    assert row is not None
    code = place_id.removeprefix("cc:")
    towns = {town for town in range(len(table)) if table.kind(town) == "town" and table.country(town) == code}
    near = towns.intersection(table.within(table.lat(row), table.lon(row), table.uncertainty_km(row) + 0.1))
    assert len(towns) > 300
    assert len(near) >= 0.89 * len(towns)


def test_a_crowded_corner_does_not_pull() -> None:
    corner = [(45.0 + n / 1_000, 3.0 + n / 1_000) for n in range(500)]
    spread = [(45.0 + row, 3.0 + column) for row in range(5) for column in range(5)]
    lat, lon = middle_of_ground(corner + spread)
    assert abs(lat - 47.0) < 0.35
    assert abs(lon - 5.0) < 0.35


def test_across_the_date_line() -> None:
    lat, lon = middle_of_ground([(-17.0, 179.0), (-17.0, -179.0)])
    assert abs(lat + 17.0) < 0.1
    assert abs(abs(lon) - 180.0) < 0.1


def test_one_town_is_its_own_middle() -> None:
    lat, lon = middle_of_ground([(12.34, 56.78)])
    assert (lat, lon) == (pytest.approx(12.34, abs=0.02), pytest.approx(56.78, abs=0.02))
