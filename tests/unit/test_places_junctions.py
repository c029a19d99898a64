"""Numbered junctions of motorways. The coordinates of the junctions are public facts (Ordnance Survey and IGN maps, read to a kilometre)."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from nlp.fold import fold_aligned
from nlp.gazetteer import Gazetteer
from nlp.joint import distance_km
from nlp.junctions import LEAST_KM, junction, uncertainty_km
from nlp.resolve import PlaceQuery, Resolver
from tocsin.model import Place


@cache
def resolver() -> Resolver:
    return Resolver(Gazetteer.load())


def best(text: str, lang: str, profile: str | None = None) -> Place:
    return resolver().resolve([PlaceQuery(text, fold_aligned(text), lang, None, profile)])[0].places[0]


@pytest.mark.parametrize(
    ("text", "lang", "lat", "lon"),
    [
        ("M1 J33 northbound closed, coach on its side", "en", 53.39, -1.35),
        ("M25 J10 shut both ways after a collision", "en", 51.32, -0.45),
        ("lorry on fire on the M6 near junction 15", "en", 52.98, -2.22),
        ("M5 southbound shut at J24 after a crash", "en", 51.10, -2.99),
        ("M4 J32 closed", "en", 51.53, -3.26),  # not listed: between two that are
        ("accident A7 sortie 14, gros bouchon", "fr", 44.97, 4.89),
        ("A9 sortie 33, camion en feu", "fr", 43.45, 3.69),
        ("carambolage sortie 20 de l'A10 près de Tours", "fr", 47.44, 0.73),
    ],
)
def test_a_junction_lies_within_its_uncertainty(text: str, lang: str, lat: float, lon: float) -> None:
    found = best(text, lang)
    assert (found.kind, found.method) == ("road", "road")
    assert distance_km(found.lat, found.lon, lat, lon) <= found.uncertainty_km <= 30.0
    assert found.score > 0.5


@pytest.mark.parametrize(
    ("text", "lang", "country"),
    [
        ("A9 sortie 14 Lausanne, accident", "fr", "CH"),  # not the A9 of Languedoc
        ("Unfall A7 Ausfahrt 24 bei Hannover", "de", "DE"),
    ],
)
def test_a_town_far_away_says_that_it_is_another_road(text: str, lang: str, country: str) -> None:
    assert best(text, lang).country == country


def test_the_nearest_number_in_the_text_is_the_junction() -> None:
    assert best("M1 J33: exit slip closed, delays back to J31", "en").id == "road:M1/33"


def test_between_two_known_junctions_the_share_is_that_of_the_numbers() -> None:
    low, high, between = (junction("GB", "M1", number) for number in (15, 18, 16))
    assert low is not None
    assert high is not None
    assert between is not None
    assert (between.id, between.toward) == (low.id, high.id)
    assert between.share == pytest.approx(1 / 3)


@pytest.mark.parametrize(("country", "road", "number"), [("GB", "M1", 99), ("GB", "M1", 0), ("FR", "A999", 1)])
def test_outside_of_what_is_known_there_is_no_junction(country: str, road: str, number: int) -> None:
    assert junction(country, road, number) is None


def test_the_uncertainty_grows_with_the_way_between_the_known_ones() -> None:
    assert uncertainty_km(0.0) == LEAST_KM
    assert uncertainty_km(60.0) == pytest.approx(21.0)


def test_the_table_is_the_one_that_the_script_makes(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    shutil.copytree(
        root / "scripts" / "gazetteer_build" / "tables", tmp_path / "scripts" / "gazetteer_build" / "tables"
    )
    (tmp_path / "nlp" / "data").mkdir(parents=True)
    script = shutil.copy(root / "scripts" / "build_junctions.py", tmp_path / "scripts")
    subprocess.run([sys.executable, script], check=True, env={**os.environ, "PYTHONPATH": str(root)}, cwd=root)
    made = (tmp_path / "nlp" / "data" / "junctions.tsv").read_bytes()
    assert made == (root / "nlp" / "data" / "junctions.tsv").read_bytes()
    assert made.count(b"\n") >= 30
