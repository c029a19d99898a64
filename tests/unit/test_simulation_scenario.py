"""Declarations: read strictly, refused with all problems at once, written back as they were."""

from __future__ import annotations

import itertools

import pytest

from tocsin.simulation import scenario as declared
from tocsin.simulation.draw import APART_KM, APART_SECS, drawn
from tocsin.simulation.toml import dump
from tocsin.simulation.world import by_name, distance_km


def test_a_drawn_scenario_survives_the_way_through_toml(tmp_path):
    plan = drawn(seed=9, hours=12.0, incidents=13, decoys=4)
    path = tmp_path / "plan.toml"
    path.write_text(dump(plan), encoding="utf-8")
    assert declared.load(path) == plan


def test_the_packaged_demonstration_is_sound():
    plan = declared.demo()
    assert len(plan.incidents) >= 6
    assert {by_name()[one.town].lang for one in plan.incidents} == {"fr", "en"}
    assert len({one.hazard for one in plan.incidents}) >= 6
    assert plan.decoys


def test_drawn_bursts_are_apart_in_space_or_time():
    plan = drawn(seed=2, hours=10.0, incidents=20, decoys=8)
    spots = [(by_name()[one.town], one.after_secs) for one in (*plan.incidents, *plan.decoys)]
    assert len(spots) >= 20
    for (town, when), (other, then) in itertools.combinations(spots, 2):
        far = distance_km(town.lat, town.lon, other.lat, other.lon) >= APART_KM
        assert far or abs(when - then) >= APART_SECS


def test_a_country_alone():
    plan = drawn(seed=1, country="FR", incidents=6)
    assert {by_name()[one.town].country for one in plan.incidents} == {"FR"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hours = 0", ["hours", "> 0"]),
        ("speed = 3", ["speed"]),
        ('start = "noon"', ["start", "noon", "ISO 8601"]),
        ("[background]\nshare_fr = 2.0", ["share_fr", "<= 1"]),
        ("hours = [", ["plan.toml"]),
        (
            (
                '[[incidents]]\nname="a"\nhazard="fire"\ntown="Atlantis"\nafter_secs=1\n'
                '[[incidents]]\nname="a"\nhazard="fire"\ntown="Nantes"\nquarter="Gerland"\nafter_secs=99999'
            ),
            ["Atlantis", "used twice", "no quarter 'Gerland'", "beyond the end"],
        ),
        ('[[incidents]]\nname="a"\nhazard="ufo"\ntown="Nantes"\nafter_secs=1', ["hazard", "ufo"]),
    ],
)
def test_a_wrong_declaration_is_refused_with_every_problem(tmp_path, text, words):
    path = tmp_path / "plan.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(declared.ScenarioError) as caught:
        declared.load(path)
    for word in words:
        assert word in str(caught.value)
