"""The console's fold: what stands, what is said aloud, what a returning viewer missed, and its limits."""

from __future__ import annotations

import asyncio
import re
from zoneinfo import ZoneInfo

import pytest
from examples import incident

from console import board as limits
from console.accounts import Account, Accounts, AccountsError, new_account, table
from console.board import Board, Notice
from console.coverage import Coverage
from console.decide import DecisionError, decision
from console.hub import MAX_WAITING, RELOAD, Hub
from console.near import near
from console.present import moment, sheet
from console.render import mark
from console.words import HAZARDS, REASONS, TOLD, WORDS, told
from tocsin.model import HAZARDS as HAZARD_NAMES
from tocsin.model import OPEN, Verdict, Zone

HOUR = 3_600_000
PARIS = ZoneInfo("Europe/Paris")


def revision(name="a", number=1, at=10 * HOUR, **changed):
    fields = {
        "incident_id": name,
        "hazards": {"fire": 0.8, "explosion": 0.2},
        "raised_at": 10 * HOUR,
        "updated_at": at,
        "first_voice_at": 10 * HOUR - 60_000,
    }
    return incident(number, **fields | changed)


def verdict(name="a", decided="confirmed", centre="sdis44", at=11 * HOUR, **changed):
    return Verdict(incident_id=name, centre=centre, operator="op1", at=at, decision=decided, **changed)


def test_an_old_or_repeated_revision_changes_nothing():
    board = Board()
    assert len(board.incident(revision(number=2))) == 1
    assert board.incident(revision(number=2)) == []
    assert board.incident(revision(number=1)) == []
    assert board.get("a").incident.revision == 2


@pytest.mark.parametrize(
    ("changed", "section"),
    [
        ({}, "open"),
        ({"state": "quiet"}, "open"),
        ({"state": "watch"}, "silent"),
        ({"state": "explained"}, "silent"),
        ({"state": "explained", "msg_type": "Cancel"}, "silent"),
        ({"state": "closed"}, "past"),
        ({"state": "quiet", "msg_type": "Cancel", "reason": "withdrawn"}, "past"),
    ],
)
def test_each_incident_stands_in_one_list(changed, section):
    board = Board()
    board.incident(revision(**changed))
    assert board.get("a").section == section


def test_raises_and_corrections_are_said_aloud_growth_and_silent_signals_are_not():
    board = Board()
    said = [
        board.incident(revision(number=number, reason=reason, **more))[0].loud
        for number, reason, more in [
            (1, "raised", {"state": "watch"}),
            (2, "raised", {}),
            (3, "grown", {}),
            (4, "moved", {}),
            (5, "corrected", {}),
            (6, "surge", {}),
            (7, "quiet", {"state": "quiet"}),
            (8, "withdrawn", {"msg_type": "Cancel"}),
        ]
    ]
    assert said == [False, True, False, False, True, True, False, True]


def test_a_viewer_who_returns_learns_exactly_what_it_missed():
    board = Board()
    for number in range(1, 6):
        board.incident(revision(number=number))
    assert [change.seq for change in board.since(2)] == [3, 4, 5]
    assert board.since(5) == ()
    assert board.since(6) is None, "a number of another life of the console"


def test_a_viewer_who_was_away_too_long_begins_anew(monkeypatch):
    board = Board()
    for number in range(1, limits.MAX_CHANGES + 3):
        board.incident(revision(number=number))
    assert board.since(1) is None
    assert len(board.since(2)) == limits.MAX_CHANGES
    assert len(board.get("a").steps) == limits.MAX_STEPS
    assert board.get("a").steps[0].reason == "raised", "the first revision is kept"


def test_beyond_the_limit_the_ended_go_before_the_silent_before_the_open(monkeypatch):
    monkeypatch.setattr(limits, "MAX_INCIDENTS", 3)
    board = Board()
    board.incident(revision("open"))
    board.incident(revision("watch", state="watch", at=10 * HOUR + 1))
    board.incident(revision("closed", state="closed", at=10 * HOUR + 2))
    gone = board.incident(revision("new", at=10 * HOUR + 3))
    assert [(change.incident_id, change.kind) for change in gone] == [("new", "incident"), ("closed", "gone")]
    board.incident(revision("newer", at=10 * HOUR + 4))
    assert board.get("watch") is None
    assert board.get("open") is not None


def test_an_ended_incident_leaves_after_a_day():
    board = Board()
    board.incident(revision("a", state="closed", at=10 * HOUR))
    board.incident(revision("b", at=34 * HOUR))
    assert board.get("a") is not None
    board.incident(revision("b", 2, at=34 * HOUR + 1))
    assert board.get("a") is None


def test_verdicts_stand_side_by_side_and_looking_is_no_judgement():
    board = Board()
    board.incident(revision())
    board.verdict(verdict(decided="seen", at=1))
    assert board.get("a").standing() == {}
    assert board.get("a").seen_by == ("sdis44",)
    board.verdict(verdict(decided="confirmed", at=2))
    board.verdict(verdict(decided="rejected", centre="sdis49", reason="false", at=3))
    assert {centre: one.decision for centre, one in board.get("a").standing().items()} == {
        "sdis44": "confirmed",
        "sdis49": "rejected",
    }
    assert board.verdict(verdict(decided="confirmed", at=2)) == [], "heard twice"
    assert board.verdict(verdict(name="unknown")) == []


def test_verdicts_that_come_out_of_order_stand_by_their_time():
    board = Board()
    board.incident(revision())
    board.verdict(verdict(decided="rejected", at=9, reason="old"))
    board.verdict(verdict(decided="confirmed", at=5))
    assert board.get("a").standing()["sdis44"].decision == "rejected"


def test_an_actual_alert_is_said_aloud_a_draft_is_not():
    board = Board()
    board.incident(revision())

    def notice(name, status):
        return Notice(alert_id=name, incident_id="a", centre="sdis44", status=status, msg_type="Alert", at=1)

    assert [change.loud for change in board.notice(notice("x", "Draft"))] == [False]
    assert [change.loud for change in board.notice(notice("y", "Actual"))] == [True]
    assert board.notice(notice("y", "Actual")) == []


def test_the_nearest_raised_signals_are_offered_as_what_it_repeats():
    board = Board()
    board.incident(revision("here"))
    board.incident(revision("near", lat=47.3))
    board.incident(revision("nearer", lat=47.22))
    board.incident(revision("far", lat=43.3, lon=5.4))
    board.incident(revision("watched", state="watch"))
    assert [one.incident.incident_id for one in near(board.get("here"), board.entries())] == ["nearer", "near"]


def test_a_slow_viewer_is_told_to_load_anew_and_holds_no_more():
    hub = Hub()
    stream = hub.listen("en", b"")

    async def play():
        first = await anext(stream)
        for number in range(MAX_WAITING + 5):
            hub.tell("en", b"%d;" % number)
        then = await anext(stream)
        await stream.aclose()
        return first, then

    first, then = asyncio.run(play())
    assert first == b"retry: 1000\n\n"
    # The frame that found no room (number 256) and all that waited before it gave way to the one word.
    assert then == RELOAD + b"257;258;259;260;"
    assert hub.reloads == 1
    assert len(hub) == 0, "a viewer who left is forgotten"


def test_both_languages_have_the_same_words_and_every_hazard_and_reason():
    assert WORDS["fr"].keys() == WORDS["en"].keys()
    for key, text in WORDS["fr"].items():
        assert sorted(re.findall(r"\{\d\}", text)) == sorted(re.findall(r"\{\d\}", WORDS["en"][key])), key
    for lang in ("fr", "en"):
        assert set(HAZARDS[lang]) == {*HAZARD_NAMES, OPEN}
    assert REASONS["fr"].keys() == REASONS["en"].keys()
    assert TOLD["fr"].keys() == TOLD["en"].keys()


def test_what_the_detector_reports_is_known_in_french():
    from detectors.explain import CONSEQUENCE_WORDS, reported, unknown

    for text in (*CONSEQUENCE_WORDS, *reported(dict.fromkeys(CONSEQUENCE_WORDS, 2)), *unknown({}, 0)):
        assert told(text, "fr") != text, f"no French for {text!r}"


def test_every_loud_reason_has_words_to_say():
    for reason in limits._LOUD:
        for lang in ("fr", "en"):
            assert f"say_{reason}" in WORDS[lang]


def test_instants_are_shown_by_the_local_clock():
    # 2026-07-01 10:00 UTC is noon in Paris; another day shows its date.
    noon = 1_782_900_000_000
    assert moment(noon, noon + 60_000, "fr", PARIS).clock == "12:00"
    assert moment(noon, noon + 24 * HOUR, "fr", PARIS).clock == "01/07 12:00"


def test_the_screen_never_claims_a_track_record_on_few_cases():
    board = Board()
    board.incident(revision())
    entry = board.get("a")
    few = sheet(entry, 11 * HOUR, "en", PARIS, record=(7, 19), alike=[])
    many = sheet(entry, 11 * HOUR, "en", PARIS, record=(14, 20), alike=[])
    assert few.track == "not yet known (19 judged of 20)"
    assert many.track == "14 of 20 such alerts were true here"


def test_coverage_has_no_word_for_all_is_well():
    coverage = Coverage()
    for minute in range(5):
        coverage.heard("44", minute * 60_000)
    coverage.heard("85", 0)
    assert [area.state for area in coverage.areas(["44", "85", "49"], HOUR, any_down=False)] == [
        "covered",
        "blind",
        "blind",
    ]
    assert {area.state for area in coverage.areas(["44", "85"], HOUR, any_down=True)} == {"down"}
    assert [area.heard for area in coverage.areas(["44"], 30 * HOUR, any_down=False)] == [0], (
        "a day later it is forgotten"
    )


def account(role="operator", centre="sdis44"):
    return Account(name="op1", role=role, centre=centre, password="$argon2id$")


@pytest.mark.parametrize("role", ["viewer", "auditor"])
def test_who_may_only_look_decides_nothing(role):
    with pytest.raises(DecisionError, match="forbidden"):
        decision(account(role), revision(), {"decision": "confirmed", "revision": "1"}, 5)


@pytest.mark.parametrize(
    ("form", "key"),
    [
        ({"decision": "Actual", "revision": "1"}, "bad_decision"),
        ({"revision": "1"}, "bad_decision"),
        ({"decision": "rejected", "revision": "1"}, "needs_reason"),
        ({"decision": "rejected", "revision": "1", "reason": "   "}, "needs_reason"),
        ({"decision": "confirmed"}, "expired"),
        ({"decision": "confirmed", "revision": "0"}, "expired"),
        ({"decision": "confirmed", "revision": "2"}, "expired"),
        ({"decision": "confirmed", "revision": "-1"}, "expired"),
        ({"decision": "already_known", "revision": "1", "known_mins": "99999"}, "bad_decision"),
        ({"decision": "already_known", "revision": "1", "known_mins": "x"}, "bad_decision"),
        ({"decision": "duplicate", "revision": "1"}, "needs_other"),
        ({"decision": "duplicate", "revision": "1", "duplicate_of": "a"}, "needs_other"),
    ],
)
def test_a_malformed_decision_is_refused_with_its_reason(form, key):
    with pytest.raises(DecisionError) as refused:
        decision(account(), revision(), form, 5 * HOUR)
    assert refused.value.key == key
    assert key in WORDS["fr"]


def test_a_decision_carries_person_centre_revision_and_since_when_it_was_known():
    made = decision(
        account(), revision(number=4), {"decision": "already_known", "revision": "3", "known_mins": "10"}, 5 * HOUR
    )
    assert (made.centre, made.operator, made.revision, made.at) == ("sdis44", "op1", 3, 5 * HOUR)
    assert made.known_at == 5 * HOUR - 600_000


def test_accounts_come_back_from_their_file(tmp_path):
    path = tmp_path / "accounts.toml"
    path.write_text(table(new_account("op1", "operator", "sdis44", "a long password")))
    accounts = Accounts.load(path)
    assert accounts.enter("op1", "a long password").centre == "sdis44"
    assert accounts.enter("op1", "a long passwore") is None
    assert "a long password" not in path.read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[account]\n", "expected TOML"),
        ('[[account]]\nname = "x"\n', "missing required field"),
        ('[[account]]\nname = "x"\nrole = "king"\ncentre = "c"\npassword = "$argon2id$"\n', "king"),
        ('[[account]]\nname = "x"\nrole = "viewer"\ncentre = "c"\npassword = "plain"\n', "argon2id"),
        ('[[account]]\nname = "x"\nrole = "operator"\npassword = "$argon2id$"\n', "centre"),
        ('[[account]]\nname = "x"\nrole = "viewer"\ncentre = "c"\npassword = "$argon2id$"\nmail = "m"\n', "mail"),
        ('[[account]]\nname = "x"\nrole = "auditor"\npassword = "$argon2id$"\n' * 2, "more than once"),
        ("other = 1\n", "expected [[account]]"),
    ],
)
def test_a_bad_accounts_file_is_refused_with_what_is_wrong(tmp_path, text, said):
    path = tmp_path / "accounts.toml"
    path.write_text(text)
    with pytest.raises(AccountsError, match=re.escape(said)) as refused:
        Accounts.load(path)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    ("name", "password", "centre"),
    [("", "a long password", "c"), ('x"y', "a long password", "c"), ("x", "short", "c"), ("x", "a long password", "")],
)
def test_a_bad_account_is_not_made(name, password, centre):
    with pytest.raises(AccountsError):
        new_account(name, "operator", centre, password)


def test_the_screen_and_the_mark_say_where_people_tell_of_a_mass_event():
    zones = (
        Zone(place="Nantes", place_id="n", lat=47.2, lon=-1.6, radius_km=5.0, voices=9, first_at=HOUR, consequences={"trapped": 2}),
        Zone(place="Cholet", place_id="c", lat=47.1, lon=-0.9, radius_km=4.0, voices=1, first_at=2 * HOUR),
    )  # fmt: skip
    board = Board()
    board.incident(revision(hazard="storm", zones=zones))
    entry = board.get("a")
    said = sheet(entry, 11 * HOUR, "fr", PARIS, record=(0, 0), alike=[]).zones
    assert [one[1:] for one in said] == [("Nantes", "9 voix", "personnes coincées 2"), ("Cholet", "1 voix", "")]
    assert [one[0].clock for one in said] == ["02:00", "03:00"]
    assert mark(entry, "en")["zones"][1] == {"lat": 47.1, "lon": -0.9, "km": 4.0, "label": "Cholet · 1 voice"}
