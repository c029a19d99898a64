"""Where an event is, on hand-made mentions: beside what was named, at a small place or a large."""

from __future__ import annotations

import math

import msgspec
import pytest
from mentions import mention
from towns import town as any_town

from detectors import Detector
from detectors.hypothesis import trust_of, zone_prior
from detectors.place import fits, whereabouts
from detectors.voices import voice_of
from tocsin.model import Admin, Incident, Mention, Place
from tocsin.settings.detector import DetectorSettings

SETTINGS = DetectorSettings()


def town(name: str, lat: float, lon: float, people: int = 3_000, score: float = 0.9) -> Place:
    return any_town(name, lat, lon, people, country="US", admin=Admin(region="US-TX"), score=score)


def beside(place: Place) -> Place:
    return msgspec.structs.replace(place, uncertainty_km=15.0, method="near")


CITY, VILLAGE = town("City", 31.55, -97.15, 125_000), town("Village", 31.76, -97.10)  # 24 km apart


def said(number: int, *places: Place, hazard: str = "explosion", witness: str = "first_hand") -> Mention:
    return mention(number, 20 * number, *places, hazard=hazard, witness=witness, probability=0.75)


def raised(*heard: Mention, **settings: object) -> list[Incident]:
    detector = Detector(DetectorSettings.model_validate(settings))
    detector.feed(heard)
    return [i for i in detector.finish() if i.reason == "raised" and i.state == "open"]


def test_what_is_near_a_city_is_where_somebody_names_a_village() -> None:
    inside = [said(0, VILLAGE), said(1, CITY), said(2, CITY)]
    outside = [said(0, VILLAGE), said(1, beside(CITY)), said(2, beside(CITY))]
    assert [i.place for i in raised(*inside)] != ["Village"]
    assert [i.place for i in raised(*outside)] == ["Village"]


def test_near_a_city_alone_is_still_that_city() -> None:
    assert [i.place for i in raised(*(said(n, beside(CITY)) for n in range(4)))] == ["City"]


def test_near_fits_a_zone_beside_by_the_kernel_and_the_city_itself_by_a_quarter_of_it() -> None:
    matrix = fits([CITY, VILLAGE], [beside(CITY)], 5.0)
    # own = 5² + 15², scale = own + 4²; share of a town .30; 24 km between, of which .4 * 15 = 6 km is the city.
    scale = 250.0 + 16.0
    assert matrix[0, 0] == pytest.approx(0.30 * 250.0 / scale * 0.25)
    apart = math.dist((31.55 * 111.195, -97.15 * 111.195 * 0.8515), (31.76 * 111.195, -97.10 * 111.195 * 0.8515))
    assert matrix[1, 0] == pytest.approx(0.30 * 250.0 / scale * (1 + apart**2 / scale) ** -1.5, rel=0.01)


def test_of_two_places_named_alike_the_larger_is_likelier_by_the_root_of_its_people() -> None:
    large, small = town("Large", 31.0, -97.0, 3_200_000, 0.5), town("Little", 35.0, -90.0, 200_000, 0.5)
    voices = [voice_of(said(0, large, small), 0, SETTINGS)]
    found = whereabouts([large, small], zone_prior([large, small]), voices, trust_of(voices), 3.0)
    assert found.mass == pytest.approx((4.0 / 5.0, 1.0 / 5.0))  # 16 times the people


def test_a_kin_hazard_told_with_less_than_all_of_its_mass_still_speaks() -> None:
    plane = {"aviation_accident": 0.85, "open": 0.15}
    heard = [
        msgspec.structs.replace(said(number, VILLAGE), hazards=hazards)
        for number, hazards in enumerate([plane, plane, {"fire": 0.8, "road_accident": 0.2}])
    ]
    (incident,) = raised(*heard)
    assert (incident.hazard, incident.voices) == ("aviation_accident", 3)


def doubtful(name: str, lat: float, score: float = 0.34, method: str = "gazetteer_weak") -> Place:
    return msgspec.structs.replace(town(name, lat, -97.0, score=score), method=method, uncertainty_km=1.0)


def test_two_doubtful_names_of_one_neighbourhood_confirm_each_other() -> None:
    heard = [said(n, hazard="fire") for n in range(2)]
    one = doubtful("Quarter", 33.0)
    profile = doubtful("Town", 33.02, 0.31, "profile")
    assert raised(*heard, said(2, one, hazard="fire"), said(3, profile, hazard="fire"))
    assert not raised(*heard, said(2, one, hazard="fire"), said(3, hazard="fire"))


def test_the_same_doubtful_word_does_not_confirm_itself_but_another_profile_does() -> None:
    word, profile = doubtful("Quarter", 33.0), doubtful("Town", 33.0, 0.31, "profile")
    assert not raised(*(said(n, word, hazard="fire") for n in range(6)))
    assert raised(*(said(n, profile, hazard="fire") for n in range(4)))


def test_where_much_is_told_on_an_ordinary_day_nothing_is_confirmed() -> None:
    """Two doubtful quarters of a metropolis: in an hour some two of its hundreds are named by chance."""
    small, metropolis = (
        [
            msgspec.structs.replace(doubtful(name, lat), population=people)
            for name, lat in (("One", 33.0), ("Two", 33.02))
        ]
        for people in (3_000, 9_000_000)
    )
    for places, expected in ((small, 1), (metropolis, 0)):
        burst = [said(9 * n, places[n % 2], hazard="fire") for n in range(6)]
        assert len(raised(*burst)) == expected


def test_a_hazard_told_nearly_as_much_is_said_beside_the_leading_one() -> None:
    hazards = {"explosion": 0.5, "collapse": 0.4, "open": 0.1}
    (either,) = raised(*(msgspec.structs.replace(said(n, VILLAGE), hazards=hazards) for n in range(4)))
    assert " tell of an explosion, or a collapse, at Village " in either.sentence
    (sure,) = raised(*(said(n, VILLAGE) for n in range(4)))
    assert " tell of an explosion at Village " in sure.sentence
