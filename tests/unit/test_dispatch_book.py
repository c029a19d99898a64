"""What a run remembers in its file: the gate by parts, the latest notices, the detector; all of a block or nothing of it."""

from __future__ import annotations

import sqlite3

import msgspec
import pytest
from examples import LOIRE, MAINE, T0, alert, incident, verdict

from detectors import Detector
from dispatch.book import Book
from dispatch.database import Database, OutboxError
from tocsin.model import ExerciseWindow, SettingsChange
from tocsin.pipeline.live_alerts import LiveAlerts
from tocsin.pipeline.revival import AHEAD_MS, given_up, keep, revive
from tocsin.runtime.metrics import Metrics
from tocsin.settings import Settings

HOUR_MS = 3_600_000


@pytest.fixture
def database(tmp_path):
    made = Database(tmp_path / "deep" / "box.db")
    yield made
    made.close()


@pytest.fixture
def settings(tmp_path):
    return Settings.model_validate(
        {"dispatch": {"territories": (LOIRE, MAINE), "outbox_path": tmp_path / "box.db", "door": {"kept_alerts": 10}}}
    )


def live(settings):
    return LiveAlerts(settings, Metrics(), lambda: T0)


def test_a_transaction_within_another_shares_its_fate(database):
    database.make("CREATE TABLE IF NOT EXISTS t (n INTEGER)")

    def falls():
        with database.transaction() as outer:
            outer.execute("INSERT INTO t VALUES (1)")
            with database.transaction() as inner:
                inner.execute("INSERT INTO t VALUES (2)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        falls()
    assert database.all("SELECT n FROM t") == []
    with database.transaction() as base:
        base.execute("INSERT INTO t VALUES (3)")
    assert database.one("SELECT n FROM t") == (3,)
    with pytest.raises(OutboxError, match="no such table"), database.transaction() as base:
        base.execute("INSERT INTO nowhere VALUES (1)")
    with database.transaction() as base:  # a failed one leaves the way free
        base.execute("DELETE FROM t")


def test_notices_keep_their_numbers_and_the_oldest_go(database):
    book = Book(database, most_told=3)
    book.tell([alert(alert_id=f"a{n}") for n in range(5)])
    again = Book(database, most_told=3)
    assert [(one.number, one.message.alert_id) for one in again.told()] == [(3, "a2"), (4, "a3"), (5, "a4")]
    again.tell([alert(alert_id="a5")])
    assert [one.number for one in again.told()] == [4, 5, 6]


def test_a_gate_of_a_new_run_remembers_what_the_old_one_did(settings):
    window = ExerciseWindow(
        window_id="w",
        centre="cta-49",
        operator="operator-9",
        declared_at=T0,
        from_at=T0 - HOUR_MS,
        until_at=T0 + HOUR_MS,
        label="a drill",
    )
    first = live(settings)
    first.block([incident(), incident(incident_id="i2")], T0)
    assert first.decide(verdict("seen", "cta-44", incident_id="i1", revision=1)) is None
    assert first.decide(window) is None
    assert first.decide(verdict("checking", incident_id="never")) is None  # waits for its incident
    snapshot, numbers = first.handover.gate.memory.snapshot(), [one.number for one in first.recalled()]
    # No farewell: the file is read as a fall leaves it.
    second = live(settings)
    assert second.handover.gate.memory.snapshot() == snapshot
    assert [one.number for one in second.recalled()] == numbers
    assert second.handover.gate.memory.exercises == (window,)
    told = []
    second.listen(told.extend)
    second.block([incident(), incident(2)], T0)
    assert {(one.incident_id, one.incident.revision) for one in told} == {("i1", 2)}, "the first revision is known"
    assert {one.status for one in told if one.centre == "cta-49"} == {"Exercise"}


def test_what_is_forgotten_leaves_the_file(settings):
    alerts = live(settings)
    ended = incident(2, state="closed", reason="closed")
    alerts.block([incident(), ended], T0)
    far = T0 + 72 * HOUR_MS
    alerts.block([incident(incident_id="i9", raised_at=far, updated_at=far)], far)
    assert [one.incident_id for one, _ in live(settings).handover.gate.memory.recall()] == ["i9"]


def test_a_block_that_cannot_be_written_is_not_told_and_ends_the_run(settings, monkeypatch):
    alerts = live(settings)
    told = []
    alerts.listen(told.extend)
    alerts.block([incident()], T0)
    before = len(told)

    def full(*_):
        raise OutboxError("the disk is full")

    monkeypatch.setattr(Book, "write", full)
    with pytest.raises(OutboxError, match="full"):
        alerts.decide(verdict("confirmed", "cta-44", revision=1))
    assert len(told) == before
    monkeypatch.undo()
    with pytest.raises(OutboxError, match="full"):
        alerts.block([], T0)
    again = live(settings)
    assert again.handover.gate.evaluation("i1") == {}, "who was told of an error has decided nothing"
    assert len(again.recalled()) == before


def test_a_file_of_another_version_is_refused_by_name(settings, tmp_path):
    live(settings).block([incident()], T0)
    base = sqlite3.connect(tmp_path / "box.db")
    base.execute("UPDATE kept SET body = ? WHERE name = 'gate'", (msgspec.msgpack.encode({"version": 99}),))
    base.commit()
    base.close()
    with pytest.raises(OutboxError, match="as this version remembers them"):
        live(settings)


def test_a_detector_goes_on_unless_its_panes_its_clock_or_its_version_are_others():
    settings = Settings()
    raw = keep(Detector(settings.detector), settings, clock_at=T0, following=["b", "a"])
    past = revive(raw, settings, T0)
    assert (past.clock_at, past.following, past.edited) == (T0, {"a", "b"}, False)
    assert past.detector.settings == settings.detector
    assert revive(None, settings, T0) is None
    assert revive(raw, settings, T0 - AHEAD_MS - 1) is None
    assert revive(b"\x80", settings, T0) is None
    assert revive(raw[:-3], settings, T0) is None
    other = Settings.model_validate({"time": {"pane_secs": 5}})
    assert revive(raw, other, T0) is None
    edited = Settings.model_validate({"detector": {"min_voices": 7}})
    assert revive(raw, edited, T0).edited


def test_settings_agreed_on_the_console_outlive_the_run_until_the_file_is_edited():
    settings = Settings()
    detector = Detector(settings.detector, settings.time.panes())
    detector.feed([SettingsChange(at=T0, toml="[detector]\nmin_voices = 7")])
    detector.advance(T0 + 60_000)
    past = revive(keep(detector, settings, clock_at=T0 + 60_000, following=()), settings, T0)
    assert (past.detector.settings.min_voices, past.edited) == (7, False)


def test_what_nobody_follows_any_more_is_closed_aloud():
    closing = given_up(incident(3), T0 + HOUR_MS)
    assert (closing.revision, closing.state, closing.reason, closing.msg_type) == (4, "closed", "closed", "Update")
    assert closing.closed_at == closing.updated_at == T0 + HOUR_MS
