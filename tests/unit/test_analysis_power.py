"""``power`` on a hand-made background with witnesses who need no extractor: what must be detected, and what cannot be."""

from __future__ import annotations

from random import Random

import msgspec
import pytest
from analysis_world import T0, burst, said
from towns import BREST

from detectors.geometry import distance_km
from tocsin.analysis import atlas, power_page
from tocsin.analysis.power import Plan, PowerError, _stations, power
from tocsin.analysis.recording import made
from tocsin.analysis.spots import KINDS, PEOPLE, PORTS, draw
from tocsin.analysis.why import raised_incidents
from tocsin.analysis.witnesses import told
from tocsin.model import Exposure, Place
from tocsin.settings.detector import DetectorSettings
from tocsin.time import Panes

BASE = DetectorSettings()
HOURS = 4
BACKGROUND = made(
    "background",
    [said(n, 600.0 * n, BREST, "storm", probability=0.2) for n in range(6 * HOURS)],
    [Exposure(T0 + n * 60_000, "s", 20) for n in range(60 * HOURS)],
)
SMALL = Plan(kinds=("town", "road"), hazards=("fire",), witnesses=(1, 2, 8), trials=6, seed=3)


@pytest.fixture(scope="module", name="gazetteer")
def the_gazetteer():
    return atlas.gazetteer()


def clear(gazetteer):
    """Everybody is heard, and names the town: the best that an extractor could do."""

    def hear(tellings):
        out = {}
        for telling in tellings:
            town = telling.post_id.split(" fire ")[1].rsplit(" ", 1)[0]
            place = gazetteer.place(gazetteer.lookup(town)[0], method="test", score=0.95)
            out[telling.post_id] = said(
                0, 0.0, place, post_id=telling.post_id, author=telling.post_id, probability=0.85
            )
        return out

    return hear


def deaf(_tellings):
    return {}


def test_with_a_perfect_ear_eight_are_heard_and_two_are_not(gazetteer):
    report = power(BACKGROUND, BASE, SMALL, gazetteer, clear(gazetteer))
    by_count = {(cell.kind, cell.witnesses): cell for cell in report.cells}
    for kind in SMALL.kinds:
        assert by_count[kind, 1].detected == by_count[kind, 2].detected == 0  # fewer than min_voices
        assert by_count[kind, 8].detected >= 5
        assert report.needed(kind, "fire") == 8
        assert by_count[kind, 8].heard == 8.0
    assert by_count["town", 8].interval[0] < by_count["town", 8].share <= by_count["town", 8].interval[1]
    assert by_count["town", 8].median_excess_s is not None
    assert by_count["town", 8].median_delay_s >= by_count["town", 8].median_excess_s


def test_with_a_deaf_ear_nothing_is_detected(gazetteer):
    report = power(BACKGROUND, BASE, SMALL, gazetteer, deaf)
    assert {cell.detected for cell in report.cells} == {0}
    assert {cell.heard for cell in report.cells} == {0.0}
    assert report.needed("town", "fire") is None


def test_what_the_background_raises_itself_is_not_counted(gazetteer):
    """The background has a true fire in the town and the hour of each invented one, and nobody hears the invented ones."""
    plan = Plan(kinds=("town",), hazards=("fire",), witnesses=(1,), trials=3, seed=3)
    towns = draw("town", plan.trials, "FR", gazetteer, Random(f"tocsin power {plan.seed} town"))
    fires = []
    for number, (spot, at) in enumerate(zip(towns, _stations(BACKGROUND, plan, Panes()), strict=True)):
        place = gazetteer.place(gazetteer.lookup(spot.town.name)[0], method="test", score=0.95)
        fires += burst(1_000 * (number + 1), (at - T0) / 1_000 + 60, place, probability=0.9)
    loud = made("loud", [*BACKGROUND.items, *fires], BACKGROUND.exposures)
    assert [i.hazard for i in raised_incidents(loud, BASE, Panes())].count("fire") == 3
    assert [cell.detected for cell in power(loud, BASE, plan, gazetteer, deaf).cells] == [0]


def test_the_same_plan_gives_the_same_report(gazetteer):
    one, other = (power(BACKGROUND, BASE, SMALL, gazetteer, clear(gazetteer)) for _ in range(2))
    assert one == other
    assert msgspec.json.decode(msgspec.json.encode(one))["plan"]["seed"] == 3


def test_more_witnesses_are_more_mentions_of_the_same_event(gazetteer):
    report = power(BACKGROUND, BASE, SMALL, gazetteer, clear(gazetteer))
    heard = [cell.heard for cell in report.cells if cell.kind == "town"]
    assert heard == sorted(heard)


@pytest.mark.parametrize("kind", KINDS)
def test_places_are_of_their_kind(kind, gazetteer):
    spots = draw(kind, 8, "FR", gazetteer, Random(1))
    assert len(spots) == 8
    assert len({spot.town.name for spot in spots}) == 8
    for spot in spots:
        if kind in PEOPLE:
            low, high = PEOPLE[kind]
            assert low <= spot.town.population < high
        if kind == "sea":
            row = gazetteer.nearest_town(spot.lat, spot.lon)
            assert row is None or gazetteer.distance_km(row, spot.lat, spot.lon) > 2.0
            assert distance_km(spot.lat, spot.lon, spot.town.lat, spot.town.lon) == pytest.approx(8.0, abs=0.3)


@pytest.mark.parametrize("kind", KINDS)
def test_witnesses_speak_of_the_hazard_and_some_of_the_place(kind, gazetteer):
    (spot,) = draw(kind, 1, "FR", gazetteer, Random(4))
    tellings = told(spot, "explosion", 60, "s")
    assert tellings == told(spot, "explosion", 60, "s")
    assert len({telling.post_id for telling in tellings}) == 60
    naming = sum(spot.town.name.lower() in str(telling.line["text"]).lower() for telling in tellings)
    assert 5 <= naming <= 50
    assert all(0 <= telling.after_ms <= 1_800_000 for telling in tellings)


@pytest.mark.parametrize("country", ["FR", "GB"])
def test_every_port_is_one_of_its_country(country, gazetteer):
    spots = draw("sea", len(PORTS[country]), country, gazetteer, Random(1))
    assert sorted(spot.town.name for spot in spots) == sorted(PORTS[country])
    assert {spot.town.country for spot in spots} == {country}


def test_a_short_recording_and_an_unknown_country_are_refused(gazetteer):
    with pytest.raises(PowerError, match="half an hour"):
        power(made("short", []), BASE, SMALL, gazetteer, deaf)
    with pytest.raises(ValueError, match="expected one of FR, GB, got XX"):
        draw("town", 1, "XX", gazetteer, Random(1))
    with pytest.raises(PowerError, match="a kind of place that has the hazards"):
        power(BACKGROUND, BASE, Plan(kinds=("sea",), hazards=("road_accident",), trials=1), gazetteer, deaf)


def test_the_page_holds_its_pictures_and_asks_nothing_of_any_network(gazetteer):
    report = power(BACKGROUND, BASE, SMALL, gazetteer, clear(gazetteer))
    text = power_page.page(report).decode()
    assert text.count("<svg") == 3
    assert "<script" not in text
    assert not [part for part in ("src=", "@import", "url(http") if part in text]


def test_places_come_again_only_when_all_came(gazetteer):
    spots = draw("city", 40, "FR", gazetteer, Random(2))
    names = [spot.town.name for spot in spots]
    assert len(names) == 40
    first = names[: len(set(names))]
    assert len(set(first)) == len(first)
    assert isinstance(gazetteer.place(gazetteer.lookup(first[0])[0], method="t", score=1.0), Place)
