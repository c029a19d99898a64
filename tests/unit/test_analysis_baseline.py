"""Baselines as files: what is learnt is what the detector learnt, wherever and whenever it is loaded again."""

from __future__ import annotations

import io
import json

import pytest
from analysis_world import T0, burst, said
from towns import BREST, NANTES, NICE

from detectors import Detector, looking
from detectors.baseline import Baseline
from detectors.prior import PriorError, decode, encode
from tocsin.analysis.atlas import gazetteer
from tocsin.analysis.baselines import BaselineError, learn, view
from tocsin.analysis.recording import made, write
from tocsin.cli import main
from tocsin.model import Exposure
from tocsin.pipeline.detect import Detect
from tocsin.pipeline.outputs import LineOutputs
from tocsin.pipeline.primed import detector_of
from tocsin.runtime.metrics import Metrics
from tocsin.settings import Settings, SettingsError
from tocsin.settings.detector import DetectorSettings
from tocsin.time import DAY_MS, HOUR_MS

BASE = DetectorSettings()
HOURS = 30
# An ordinary fire talk at Brest: one voice in half an hour, from people of their own.
ORDINARY = [said(n, 1_800.0 * n, BREST, probability=0.3) for n in range(2 * HOURS)]
NOWHERE = [said(500 + n, 3_600.0 * n, None, "flood", probability=0.3) for n in range(HOURS)]
POSTS = [Exposure(T0 + n * 60_000, "s", 30) for n in range(60 * HOURS)]
DAYS = made("days", [*ORDINARY, *NOWHERE], POSTS)
LATER = 400 * DAY_MS


@pytest.fixture(scope="module")
def learnt():
    return learn([DAYS], BASE)


def rates(history, at):
    baseline = Baseline(BASE, history)
    baseline.turn(at)
    return [
        baseline.rate("fire", BREST),
        baseline.rate("fire", NANTES),
        baseline.unlocated_rate("flood"),
        baseline.posts_per_min,
    ]


def test_what_is_loaded_expects_what_the_detector_that_learnt_it_expects(learnt):
    listener = Detector(BASE)
    listener.feed(DAYS.items)
    for each in POSTS:
        listener.exposure(each.pane_start_at, each.source, each.posts)
    listener.finish()
    direct = looking.history_of(listener)
    direct.recent = {}  # the last hour is no ordinary day's, and is not kept
    end_at = T0 + (60 * HOURS - 1) * 60_000
    loaded = decode(encode(learnt), 1_000).history
    assert rates(loaded, LATER) == pytest.approx(rates(direct, end_at), rel=1e-3)


def test_it_does_not_fade_while_it_lies_on_a_disk(learnt):
    soon, late = (decode(encode(learnt), 1_000).history for _ in range(2))
    assert rates(soon, T0 + 31 * HOUR_MS) == pytest.approx(rates(late, T0 + 10 * LATER), rel=1e-9)


def test_it_fades_once_it_is_in_use(learnt):
    history = decode(encode(learnt), 1_000).history
    baseline = Baseline(BASE, history)
    baseline.turn(LATER)
    before = baseline.now_scale
    baseline.turn(LATER + round(BASE.baseline_half_life_days * DAY_MS))
    assert baseline.now_scale == pytest.approx(before / 2)


def test_a_primed_detector_is_warm_and_asks_for_more_where_more_is_ordinary(learnt):
    weak = burst(900, 0.0, BREST, count=3, gap=300.0, probability=0.3)
    mute = DetectorSettings(min_unmediated_voices=1_000)  # so that evidence can be looked at, however high
    cold, primed = Detector(mute), Detector(mute, history=decode(encode(learnt), 1_000).history)
    for detector in (cold, primed):
        detector.feed(weak)
    cold_nats, primed_nats = (_nats(detector, T0 + 620_000) for detector in (cold, primed))
    assert primed_nats < cold_nats - 3.0
    strong = burst(950, 3_600.0, BREST, count=8, probability=0.9)
    speaking = Detector(BASE, history=decode(encode(learnt), 1_000).history)
    speaking.feed(strong)
    (alert,) = [i for i in speaking.finish() if i.reason == "raised" and i.state == "open"]
    assert alert.warm


def _nats(detector, at):
    detector.advance(at)
    found = looking.weighed(detector, "fire", BREST)
    assert found is not None
    return found.nats


def test_voices_of_a_raised_incident_are_no_history():
    with_event = made("event", [*ORDINARY, *burst(600, 10_000.0, NICE, count=20)], POSTS)
    assert "p:fr:06088" not in learn([with_event], BASE).history.voices
    quiet = made("talk", [*ORDINARY, *[said(700 + n, 9_000.0 * n, NICE, probability=0.3) for n in range(8)]], POSTS)
    assert learn([quiet], BASE).history.voices["p:fr:06088"]["fire"] > 5


def test_learning_goes_on_from_a_baseline(learnt):
    more = made("more", [said(800 + n, 1_800.0 * n, NICE, probability=0.3) for n in range(2 * HOURS)], POSTS)
    both = learn([more], BASE, start=learnt)
    assert [origin.name for origin in both.origins] == ["days", "more"]
    assert {"p:fr:29019", "p:fr:06088"} <= both.history.voices.keys()
    assert learnt.origins[0].name == "days"
    assert "p:fr:06088" not in learnt.history.voices  # what it began with is left as it was


def test_it_says_where_it_comes_from(learnt):
    (origin,) = learnt.origins
    assert (origin.from_at, origin.posts, origin.mentions) == (T0, 30 * 60 * HOURS, 3 * HOURS)
    assert (
        origin.sha256
        == learn([DAYS], BASE).origins[0].sha256
        != learn([made("days", ORDINARY, POSTS)], BASE).origins[0].sha256
    )
    assert learnt.made_by.startswith("tocsin ")


def test_the_file_holds_no_person(learnt):
    text = encode(learnt).decode()
    assert "a0000" not in text
    assert "p0000" not in text


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"nonsense", "expected a baseline that tocsin wrote"),
        (b"[]", "expected a baseline that tocsin wrote"),
        (b"{}", "expected tocsin-baseline version 1, got another file version 0"),
        (b'{"format": "tocsin-baseline", "version": 9}', "version 9"),
        (b'{"format": "tocsin-baseline", "version": 1}', "expected a whole baseline"),
    ],
)
def test_what_is_no_baseline_is_refused(data, problem):
    with pytest.raises(PriorError, match=problem):
        decode(data, 1_000)


def test_a_baseline_beyond_the_limit_is_refused(learnt):
    with pytest.raises(PriorError, match="max_baseline_keys"):
        decode(encode(learnt), 3)


def test_nothing_gives_no_baseline():
    with pytest.raises(BaselineError, match="nothing: expected mentions or posts"):
        learn([made("nothing", [])], BASE)
    with pytest.raises(BaselineError, match="got neither"):
        learn([], BASE)


def test_settings_name_it_and_each_detector_has_its_own(learnt, tmp_path):
    path = tmp_path / "days.json"
    path.write_bytes(encode(learnt))
    settings = DetectorSettings(prior_path=str(path))
    one, other = detector_of(settings), detector_of(settings)
    one.feed(burst(0, 0.0))
    one.finish()
    assert looking.history_of(one) is not looking.history_of(other)
    assert looking.history_of(other) == decode(encode(learnt), 1_000).history
    detect = Detect(Settings(detector=settings), LineOutputs(io.BytesIO()), Metrics())
    assert looking.history_of(detect._detector).voices == learnt.history.voices


@pytest.mark.parametrize("content", [None, b"nonsense"])
def test_a_baseline_that_cannot_be_read_is_named_with_its_setting(content, tmp_path, capsys):
    path = tmp_path / "days.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        detector_of(DetectorSettings(prior_path=str(path)))
    assert str(caught.value).startswith(f"{path}: detector.prior_path: expected a ")


def test_a_view_tells_what_is_expected_where(learnt):
    seen = view(learnt, BASE, gazetteer())
    fire = next(row for row in seen.hazards if row.hazard == "fire")
    flood = next(row for row in seen.hazards if row.hazard == "flood")
    assert fire.heard > 40
    assert 0.5 < flood.an_hour < 3.0  # one an hour was said; the upper quantile is above, the shrinkage below
    assert [(row.place, row.hazard, row.warm) for row in seen.rows] == [("Brest", "fire", True)]
    assert 0.5 < seen.rows[0].an_hour < 4.0  # two an hour were
    one = view(learnt, BASE, gazetteer(), only=NANTES)
    assert len(one.rows) == 13
    assert {row.warm for row in one.rows} == {False}


def test_the_command_learns_shows_and_refuses(tmp_path, capsys):
    write(DAYS, tmp_path / "days.jsonl")
    out = tmp_path / "days.json"
    assert main(["baseline", str(tmp_path / "days.jsonl"), "--out", str(out)]) == 0
    assert "Brest" in capsys.readouterr().out
    assert main(["baseline", "--prior", str(out), "--place", "Brest", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["origins"][0]["name"] == "days.jsonl"
    assert {row["place"] for row in shown["rows"]} == {"Brest"}
    assert main(["baseline"]) == 2
    assert "expected a recording or --prior" in capsys.readouterr().err
    assert main(["baseline", "--prior", str(tmp_path / "days.jsonl")]) == 2
    assert "days.jsonl: expected a baseline" in capsys.readouterr().err
