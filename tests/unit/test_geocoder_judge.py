"""What answers a question and what does not, case by case; distances by hand."""

import msgspec
import pytest
from towns import RENNES

from tocsin.geocoder.judge import WIDEST_KM, bears, distance_km, place_of
from tocsin.geocoder.service import Found
from tocsin.model import Ask

ASK = Ask("rue de Nantes", ("nantes",), "street", RENNES, 0.9)
GOOD = Found(name="Rue de Nantes", town="Rennes", rank="street", lat=48.0990, lon=-1.6830, trust=0.9)


def test_the_good_one() -> None:
    place = place_of(ASK, [GOOD], "ban")
    assert place is not None
    assert (place.id, place.uncertainty_km, place.kind) == ("ban:48.0990,-1.6830", 0.6, "street")


@pytest.mark.parametrize(
    "changed",
    [
        {"rank": "municipality"},
        {"rank": "City"},
        {"rank": "county"},
        {"name": "Rue de Brest"},
        {"name": ""},
        {"trust": 0.3},
        {"lat": 47.2184, "lon": -1.5536},  # the street of that name in another town, 100 km off
        {"extent_km": WIDEST_KM + 1},
    ],
)
def test_what_is_no_answer(changed) -> None:
    wrong = msgspec.structs.replace(GOOD, **changed)
    assert place_of(ASK, [wrong], "ban") is None
    assert place_of(ASK, [wrong, GOOD], "ban") is not None, "the next result may be the one"


def test_the_next_commune_is_near_enough() -> None:
    # 48.2340 is 13.64 km north of 48.1113 (111.195 km a degree): within 5 + 12 km; 48.2700 is 17.65 km: beyond.
    assert place_of(ASK, [msgspec.structs.replace(GOOD, lat=48.2340, lon=-1.68)], "ban") is not None
    assert place_of(ASK, [msgspec.structs.replace(GOOD, lat=48.2700, lon=-1.68)], "ban") is None


@pytest.mark.parametrize(
    ("name", "wanted", "answers"),
    [
        ("Avenue du Maréchal Foch", ("foch",), True),
        ("Rue Pierre et Marie Curie", ("marie", "curie"), True),
        ("Rue Pierre Curie", ("marie", "curie"), False),
        ("Rue Marie", ("marie", "curie"), False),
        ("Boulevard de l'Hôpital", ("hopital",), True),
        ("Rue de la Sœur-Bouvier", ("soeur", "bouvier"), True),
        ("Nantes", (), False),
    ],
)
def test_a_result_bears_the_words_that_people_say(name, wanted, answers) -> None:
    assert bears(name, wanted) is answers


def test_distance_of_a_degree_of_latitude() -> None:
    assert distance_km(48.0, 2.0, 49.0, 2.0) == pytest.approx(111.195, abs=0.001)
