"""The joint choice on hand-made candidates: distances and shares are worked out by hand or by geopy."""

import math

import pytest
from geopy.distance import great_circle

from nlp.joint import Anchor, Candidate, choose, distance_km


def town(
    row: int, lat: float, lon: float, population: int, country: str = "FR", region: str = "", **more: object
) -> Candidate:
    return Candidate(row, lat, lon, "town", population, country, region, "", 3.0, False, **more)  # type: ignore[arg-type]


VALENCE_FR = town(0, 44.93, 4.89, 64_000, region="84")
VALENCE_ES = Candidate(1, 39.47, -0.38, "town", 790_000, "ES", "ES.60", "", 8.0, False)
LYON = town(2, 45.76, 4.84, 520_000, region="84")
MADRID = Candidate(3, 40.42, -3.70, "town", 3_200_000, "ES", "ES.29", "", 15.0, False)


@pytest.mark.parametrize(
    ("one", "other"), [((48.86, 2.35), (45.76, 4.84)), ((0.0, 179.9), (0.0, -179.9)), ((-41.3, 174.8), (51.5, -0.1))]
)
def test_distance_agrees_with_geopy(one: tuple[float, float], other: tuple[float, float]) -> None:
    assert distance_km(*one, *other) == pytest.approx(great_circle(one, other).km, rel=1e-4)


def best(sights: list[list[Candidate]], lang: str | None = None, anchors: tuple[Anchor, ...] = ()) -> list[int]:
    return [choices[0][0].row for choices in choose(sights, [0.95] * len(sights), lang, anchors, {}, {})]


def test_population_decides_when_nothing_else_does() -> None:
    assert best([[VALENCE_FR, VALENCE_ES]]) == [1]


def test_the_language_pulls_home() -> None:
    assert best([[VALENCE_FR, VALENCE_ES]], "fr") == [0]


def test_a_town_named_beside_it_pulls_its_neighbour() -> None:
    assert best([[VALENCE_FR, VALENCE_ES], [LYON]]) == [0, 2]
    assert best([[VALENCE_FR, VALENCE_ES], [MADRID]]) == [1, 3]


def test_a_device_position_outweighs_population() -> None:
    assert best([[VALENCE_FR, VALENCE_ES]], None, (Anchor(44.9, 4.9, "FR", 1.0, 1.0),)) == [0]


def test_a_region_named_beside_it_decides() -> None:
    texas = Candidate(10, 31.0, -99.0, "region", 29_000_000, "US", "US.TX", "", 500.0, False)
    paris_fr = town(11, 48.86, 2.35, 2_100_000, region="11")
    paris_tx = Candidate(12, 33.66, -95.55, "town", 25_000, "US", "US.TX", "", 4.0, False)
    assert best([[paris_fr, paris_tx], [texas]], "en") == [12, 10]


def test_the_shares_of_a_sight_leave_room_for_unlisted_places() -> None:
    weight, rest = 900.0, 300.0  # 600 + 300 inhabitants against the weight of one unlisted place
    [shares] = choose([[town(0, 43.2, 1.8, 600)]], [0.9], None, (), {}, {})
    assert shares[0][1] == pytest.approx(weight / (weight + rest))


def test_a_name_that_many_towns_bear_is_borne_by_as_many_unlisted_places() -> None:
    weight, rest = 900.0, 300.0
    [shares] = choose([[town(row, 43.2 + row, 1.8, 600) for row in range(4)]], [0.9], None, (), {}, {})
    assert [share for _, share in shares] == pytest.approx([weight / (4 * weight + 4 * rest)] * 4)


def test_a_village_far_from_its_context_loses_to_an_unlisted_quarter() -> None:
    village = town(0, 43.2, 1.8, 600)
    clermont = town(1, 45.78, 3.09, 146_000)
    alone = choose([[village]], [0.9], "fr", (), {}, {})[0][0][1]
    beside = choose([[village], [clermont]], [0.9, 0.95], "fr", (), {}, {})[0][0][1]
    assert beside < 0.4 < alone


def test_shares_are_finite_and_sum_to_at_most_one() -> None:
    for choices in choose([[VALENCE_FR, VALENCE_ES], [], [LYON]], [0.5, 0.5, 0.01], "it", (), {}, {}):
        total = math.fsum(share for _, share in choices)
        assert 0.0 <= total <= 1.0 + 1e-12
