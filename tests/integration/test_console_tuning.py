"""The tuning page on a real recording: a curve moves, a change needs two analysts, and the running detector gets it as a record."""

from __future__ import annotations

import time

import pytest
from examples import AuditInMemory
from mentions import mention
from test_console_browser import START, entered
from towns import RENNES

from console.accounts import Account, Accounts
from console.tuning import TuningError
from tocsin.analysis import recording
from tocsin.analysis.workbench import ENDING, TRUTH_ENDING, Workbench, settings_after
from tocsin.pipeline.page import open_console
from tocsin.settings.console import ConsoleSettings
from tocsin.settings.detector import DetectorSettings


def said(number, secs, probability=0.9):
    at = START + secs * 1_000
    return mention(number, 0, RENNES, event_at=at, received_at=at, probability=probability)


@pytest.fixture
def bench(tmp_path):
    """A folder with one recording: eleven voices of one fire within six minutes."""
    heard = recording.made("fire", [said(number, 30 * number) for number in range(11)])
    recording.write(heard, tmp_path / f"fire{ENDING}")
    truth = """{"scenario": "fire", "span": ["2026-06-01T19:00:00Z", "2026-06-01T23:00:00Z"], "events": [{"name": "rennes", "hazard": ["fire"],
      "lat": 48.11, "lon": -1.68, "radius_km": 20.0, "felt_radius_km": 20.0, "start": "2026-06-01T20:00:00Z",
      "first_relevant_post": "2026-06-01T20:00:00Z", "relevant_posts": 11, "place": "Rennes"}], "decoys": []}"""
    (tmp_path / f"fire{TRUTH_ENDING}").write_text(truth)
    applied = []
    settings = {"now": DetectorSettings()}

    def apply(change):
        applied.append(change)
        settings["now"] = settings_after(change)

    with Workbench(tmp_path, lambda: settings["now"], apply) as made:
        yield made, applied


def finished(made, number, limit_s=120.0):
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        job = made.look(number)
        if job.found is not None or job.problem:
            return job
        time.sleep(0.05)
    pytest.fail(f"the trial did not end within {limit_s} s")


def test_a_trial_says_what_is_gained_and_lost(bench):
    made, _ = bench
    assert made.recordings() == ["fire"]
    found = finished(made, made.start("fire", {"min_voices": "50"})).found
    lines = {line.name: (line.now, line.then) for line in found.lines}
    assert lines["alerts"] == ("1", "0"), "eleven voices are no fifty"
    assert lines["recall"] == ("1 / 1", "0 / 1")
    assert [(one.hazard, one.place, one.fate) for one in found.lost] == [("fire", "Rennes", "hit")]
    assert found.gained == ()
    assert found.changes == (("min_voices", "50"),)
    assert b"<svg" in found.picture


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"min_voices": "0"}, "1 to 100"),
        ({"min_voices": "2.5"}, "min_voices"),
        ({"min_voices": "many"}, "a number"),
        ({"false_alarm_budget_mins": "nan"}, "60 to"),
        ({"voice_cap_nats": "3"}, "expected one of"),
    ],
)
def test_a_value_that_cannot_be_is_refused_before_anything_runs(bench, changes, said):
    made, applied = bench
    with pytest.raises(TuningError, match=said):
        made.start("fire", changes)
    with pytest.raises(TuningError, match=said):
        made.propose("ana", 1, changes, "why")
    assert applied == []
    with pytest.raises(TuningError, match="recordings"):
        made.start("../fire", {})


def test_a_change_takes_two_people_and_acts_once(bench):
    made, applied = bench
    proposal = made.propose("ana", 5, {"min_voices": "4"}, "too many")
    with pytest.raises(TuningError, match="another person"):
        made.approve(proposal.number, "ana", 6)
    assert applied == []
    assert made.approve(proposal.number, "ben", 7).approved_by == "ben"
    assert [(change.at, settings_after(change).min_voices) for change in applied] == [(7, 4)]
    with pytest.raises(TuningError, match="waits"):
        made.approve(proposal.number, "cyd", 8)
    with pytest.raises(TuningError, match="expected a change"):
        made.propose("ana", 9, {"min_voices": "4"}, "again")


def test_in_the_browser_a_knob_moves_the_curve_and_a_second_analyst_approves(bench, chromium):
    made, applied = bench
    settings = ConsoleSettings(port=0, lang="en")
    log = AuditInMemory()
    with open_console(
        settings, Accounts([]), decide=lambda _: None, audit=log, now=lambda: START, tuner=made
    ) as server:
        room = type("Room", (), {"server": server})
        with entered(chromium, room, role="analyst") as window:
            window.locator("nav a", has_text="Tuning").click()
            window.locator("#k-min_voices").fill("3")
            window.locator("button[value=try]").click()
            window.wait_for_selector("#trial img.curves", timeout=120_000)
            assert window.locator("img.curves").evaluate("one => one.decode().then(() => one.naturalWidth)") > 100
            before = window.locator("img.curves").get_attribute("src")
            first = window.request.get(server.address + before).body()
            window.locator("#k-min_voices").fill("50")
            window.locator("button[value=try]").click()
            window.wait_for_selector(f"#trial img.curves:not([src='{before}'])", timeout=120_000)
            second = window.request.get(server.address + window.locator("img.curves").get_attribute("src")).body()
            assert first != second, "the curve has moved"
            assert "1 / 1" in window.locator("#trial").inner_text()
            assert "0 / 1" in window.locator("#trial").inner_text()
            window.locator("#why").fill("only large ones")
            window.locator("button[value=propose]").click()
            window.wait_for_selector("table code:has-text('min_voices = 50')")
            assert "waits for another person" in window.locator("main").inner_text()
        context = chromium.new_context()
        other = context.new_page()
        other.goto(server.invite(Account(name="ben", role="analyst", centre="sdis44", password="")))
        other.goto(server.address + "/tuning")
        other.locator("form[action^='/tuning/proposals'] button").click()
        other.wait_for_selector("text=approved by ben")
        context.close()
    assert [settings_after(change).min_voices for change in applied] == [50]
    assert [entry.action for entry in log.entries] == ["settings.proposed", "settings.approving"]
