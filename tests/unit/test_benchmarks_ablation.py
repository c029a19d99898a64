"""What the ablation leaves out, and how it says what a part is worth."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from mentions import mention
from towns import town

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import ablation
from ablation import VARIANTS, WHOLE, later_by, only, sure_of_the_first, unclaimed, worth

from tocsin.analysis.play import play
from tocsin.analysis.recording import made
from tocsin.settings.detector import DetectorSettings


def place(name, score, kind="town"):
    return town(name, 45.0, 5.0, kind=kind, score=score)


def crowd(count, first=0, **changes):
    fields = {"hazard": "explosion", "probability": 0.8, "consequences": ("injured",)} | changes
    places = fields.pop("places", (place("Lyon", 0.9),))
    return [mention(n, 25 * n, *places, post_id=f"p{n}", **fields) for n in range(first, first + count)]


def sums(**changes):
    return {"hits": 10, "false_alarms": 1, "decoy_alarms": 2, "splits": 3, "wrong_hazard": 4} | changes


@pytest.mark.parametrize(
    ("without", "later_s", "sentence"),
    [
        ({}, None, "Buys nothing here."),
        ({}, 0.4, "Buys nothing here."),
        ({"hits": 7}, 60.2, "Buys 3 hits, 60 s earlier."),
        ({"hits": 11}, -5.0, "Buys nothing here; costs 1 hit, 5 s of delay."),
        ({"false_alarms": 3, "decoy_alarms": 1}, None, "Buys 2 false alarms less; costs 1 decoy more."),
        ({"splits": 0, "wrong_hazard": 5}, None, "Buys 1 wrong hazard less; costs 3 splits more."),
    ],
)
def test_a_part_is_worth_what_is_lost_without_it(without, later_s, sentence):
    assert worth(sums(), sums(**without), later_s) == sentence


def test_later_is_the_median_over_the_events_that_both_hit():
    ours = {
        "x": {"per_event": [{"excess_s": 10.0}, {"excess_s": None}, {"excess_s": 50.0}]},
        "y": {"per_event": [{"excess_s": 0.0}]},
    }
    theirs = {"x": {"per_event": [{"excess_s": 30.0}, {"excess_s": 5.0}, {"excess_s": None}]}, "y": {"per_event": [{"excess_s": 100.0}]}}  # fmt: skip
    assert later_by(ours, theirs) == 60.0  # of 20 and 100
    assert later_by({"x": {"per_event": [{"excess_s": None}]}}, {"x": {"per_event": [{"excess_s": 1.0}]}}) is None


def test_without_claims_the_talk_that_follows_raises_again_and_afterwards_all_is_as_it_was():
    recording = made("x", crowd(60))

    def raised():
        return sum(one.reason == "raised" and one.state == "open" for one in play(recording, DetectorSettings()))

    assert raised() == 1
    with unclaimed():
        assert raised() > 1
    assert raised() == 1


def test_a_part_that_no_module_asks_for_is_not_left_out_in_silence(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("detectors.")]:
        monkeypatch.delattr(sys.modules[name], "owner_of", raising=False)
    with pytest.raises(SystemExit, match="owner_of"), unclaimed():
        pass


def test_the_first_fine_candidate_is_taken_for_sure():
    several = (place("Rhône", 0.9, kind="departement"), place("Lyon", 0.5), place("Lyons", 0.2))
    (sure,) = sure_of_the_first(made("x", crowd(1, places=several))).mentions
    assert [(p.name, p.score) for p in sure.places] == [("Lyon", 1.0)]
    (none,) = sure_of_the_first(made("x", crowd(1, places=several[:1]))).mentions
    assert none.places == ()


def test_what_is_not_kept_is_left_out_and_all_else_stays():
    recording = made("x", [*crowd(2), *crowd(1, first=2, places=())])
    assert [one.post_id for one in only(recording, lambda m: bool(m.places)).mentions] == ["p0", "p1"]


@pytest.mark.parametrize("variant", [name for name in VARIANTS if name != WHOLE])
def test_every_part_left_out_is_a_setting_that_exists_or_changes_what_is_heard(variant):
    left_out = VARIANTS[variant]
    packaged = DetectorSettings()
    changed = DetectorSettings(**left_out.settings)
    heard = made("x", [*crowd(1, places=()), *crowd(1, first=1, modality="exercise"), *crowd(1, first=2)])
    assert changed != packaged or left_out.heard(heard) != heard
    assert ablation.VARIANTS[WHOLE].heard(heard) == heard
