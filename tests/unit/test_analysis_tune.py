"""``tune`` on hand-made history: every expected number can be counted by hand."""

from __future__ import annotations

import msgspec
import pytest
from analysis_world import burst, event, said
from towns import BREST, NANTES, NICE

from tocsin.analysis import tune_page
from tocsin.analysis.compare import changed
from tocsin.analysis.intervals import rate_interval, share_interval
from tocsin.analysis.knobs import BUDGET, Axis, KnobError, as_toml, axis, change, difference, turned
from tocsin.analysis.recording import made
from tocsin.analysis.tune import Grid, Trial, tune, tune_all
from tocsin.scoring.reading import Voice
from tocsin.settings import load_settings
from tocsin.settings.detector import DetectorSettings

BASE = DetectorSettings()
HOUR = 3_600.0
FIVE_AT_NANTES = burst(0, 60.0, NANTES, count=5)
NINE_AT_BREST = burst(20, 4 * HOUR, BREST, count=9)
FALSE_AT_NICE = burst(40, 8 * HOUR, NICE, count=6)
HISTORY = made("history", [*FIVE_AT_NANTES, *NINE_AT_BREST, *FALSE_AT_NICE])
TRUTH = {"events": [event("nantes", NANTES, 60.0), event("brest", BREST, 4 * HOUR)]}


def test_counts_are_those_of_the_history():
    base = tune(HISTORY, TRUTH, Grid(base=BASE)).base
    assert (base.counts["events"], base.counts["hits"], base.counts["false_alarms"]) == (2, 2, 1)
    assert (base.recall, base.precision) == (1.0, round(2 / 3, 4))
    assert [row.fate for row in base.alert_rows] == ["hit", "hit", "false alarm"]
    assert base.recall_interval == (0.1581, 1.0)  # (0.025) ** (1/2): Clopper-Pearson of two in two
    assert base.days == pytest.approx((8 * HOUR + 125 - 60) / 86_400, abs=1e-3)


def test_a_higher_floor_loses_the_smaller_event():
    report = tune(HISTORY, TRUTH, Grid(base=BASE, axes=(Axis("min_voices", (3, 6, 8)),)))
    points = report.curves[0].points
    assert [[row.name for row in point.event_rows if row.hit] for point in points] == [
        ["nantes", "brest"],
        ["brest"],
        ["brest"],
    ]
    assert [point.counts["false_alarms"] for point in points] == [1, 1, 0]
    assert report.curves[0].now == 3


def test_alerts_gained_and_lost_have_names():
    report = tune(HISTORY, TRUTH, Grid(base=BASE, against=turned(BASE, {"min_voices": 6})))
    assert report.change is not None
    assert [row.place for row in report.change.lost] == ["Nantes"]
    assert report.change.gained == ()
    assert (report.change.events_lost, report.change.events_gained) == (("nantes",), ())
    assert {(shift.after.place, shift.later_s > 0) for shift in report.change.shifted} == {
        ("Brest", True),
        ("Nice", True),
    }


def test_a_change_and_its_reverse_mirror_each_other():
    report = tune(HISTORY, TRUTH, Grid(base=BASE, against=turned(BASE, {"min_voices": 6})))
    assert report.against is not None
    there, back = changed(report.base, report.against), changed(report.against, report.base)
    assert (there.gained, there.lost, there.same) == (back.lost, back.gained, back.same)
    assert sorted(s.later_s for s in there.shifted) == sorted(-s.later_s for s in back.shifted)


def test_excess_is_measured_from_the_third_voice():
    voices = {"nantes": [Voice(m.event_at / 1_000, m.author, False) for m in FIVE_AT_NANTES]}
    row = tune(HISTORY, TRUTH, Grid(base=BASE), voices=voices).base.event_rows[0]
    third = FIVE_AT_NANTES[2].event_at
    assert row.raised_at is not None
    assert row.excess_s == (row.raised_at - third) / 1_000
    assert 5.0 <= row.excess_s <= 15.0  # the rest of its pane, and the lateness


def test_without_a_truth_alerts_are_only_counted():
    report = tune(HISTORY, None, Grid(base=BASE, against=turned(BASE, {"min_voices": 6})))
    assert (report.base.known, report.base.alerts, report.base.recall, report.base.counts) == (False, 3, None, {})
    assert report.change is not None
    assert len(report.change.lost) == 1
    assert {row.fate for row in report.base.alert_rows} == {"unknown"}


def test_several_recordings_are_summed_each_with_a_fresh_detector():
    one = Trial(recording=HISTORY, truth=TRUTH)
    both = tune_all([one, one], Grid(base=BASE)).base
    alone = tune_all([one], Grid(base=BASE)).base
    assert both.counts == {key: 2 * count for key, count in alone.counts.items()}
    assert both.days == pytest.approx(2 * alone.days, abs=2e-3)
    assert both.false_a_day == pytest.approx(alone.false_a_day, rel=0.01)


def test_each_setting_runs_once_however_often_it_is_asked_for():
    runs = []
    grid = Grid(base=BASE, axes=(Axis("min_voices", (3, 4)), Axis("min_placed_voices", (2, 3))))
    tune(HISTORY, TRUTH, grid, progress=lambda done, of: runs.append((done, of)))
    assert runs[-1] == (3, 3)


def test_the_report_is_plain_values():
    report = tune(HISTORY, TRUTH, Grid(base=BASE, axes=(Axis(BUDGET, (60.0, 43_200.0)),)))
    plain = msgspec.json.decode(msgspec.json.encode(report))
    assert [point["changes"] for point in plain["curves"][0]["points"]] == [{BUDGET: 60.0}, {BUDGET: 43_200.0}]


def test_intervals_agree_with_published_values():
    assert share_interval(1, 10) == (0.0025, 0.445)  # Clopper-Pearson, any table
    assert rate_interval(3, 1.0) == (0.6187, 8.7673)  # Garwood, any table
    assert share_interval(0, 0) is rate_interval(1, 0.0) is None


def test_the_toml_of_settings_reads_back(tmp_path):
    settings = turned(
        BASE, {"spread_km": {"fire": 2.5}, "sizes_voices": [3.0, 12.0], "territory_budgets_mins": {"FR": 60.0}}
    )
    path = tmp_path / "t.toml"
    path.write_text(as_toml(settings))
    assert load_settings(path, {}).detector == settings


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("min_voices=3", "expected detector.key=value"),
        ("detector.min_voices", "expected detector.key=value"),
        ("detector.min_voices=many", "expected a value as TOML writes it"),
        ("nlp.entities=false", "only .detector. can change"),
    ],
)
def test_a_change_in_another_form_is_refused(text, problem):
    with pytest.raises(KnobError, match=problem):
        change(text)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"min_voice": 3}, r"did you mean detector\.min_voices\?"),
        ({"min_voices": "3"}, r"detector\.min_voices: .*integer"),
        ({"min_voices": 0}, r"detector\.min_voices: .*greater"),
        ({"close_mins": 1.0}, "close_mins must not be shorter"),
    ],
)
def test_a_value_the_settings_refuse_is_refused_by_name(changes, problem):
    with pytest.raises(KnobError, match=problem):
        turned(BASE, changes)


def test_an_axis_without_values_is_refused():
    with pytest.raises(KnobError, match="expected 1 to 64 values, got 0"):
        axis("detector.min_voices=")


def test_a_difference_names_what_differs():
    assert difference(BASE, turned(BASE, {"min_voices": 7})) == {"min_voices": (3, 7)}


def test_the_page_asks_nothing_of_any_network_and_shows_every_setting():
    report = tune(
        HISTORY, TRUTH, Grid(base=BASE, axes=(Axis("min_voices", (3, 6)),), against=turned(BASE, {"min_voices": 6}))
    )
    page = tune_page.page(report, "Settings <here>").decode()
    assert page.count("<svg") == 1
    assert "Settings &lt;here&gt;" in page
    assert "<script" not in page
    assert not [part for part in ("src=", "@import", "url(http") if part in page]
    assert page == tune_page.page(report, "Settings <here>").decode()


def test_a_history_with_nothing_in_it_is_tuned_to_nothing():
    report = tune(
        made("nothing", [said(0, 0.0)][:0]), {"events": []}, Grid(base=BASE, axes=(Axis("min_voices", (3, 6)),))
    )
    assert (report.base.alerts, report.base.recall, report.base.false_a_day) == (0, None, None)
    assert "<svg" in tune_page.page(report, "").decode()
