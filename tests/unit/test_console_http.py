"""The console over HTTP: who may come in, what a form must carry, what a page never becomes."""

from __future__ import annotations

import asyncio
import re
from zoneinfo import ZoneInfo

import httpx
import pytest
from argon2 import PasswordHasher
from examples import AuditInMemory
from test_console_board import HOUR, revision, verdict

from console.accounts import FREE_TRIES, Account, Accounts
from console.app import CSP, Site
from console.desk import Desk, Doors
from console.exercises import MAX_WINDOWS, Exercises
from console.render import Renderer
from console.sessions import COOKIE, IDLE_SECS, MAX_SESSIONS, TICKET_SECS, Sessions
from tocsin.model import ExerciseWindow

HOSTILE = '</script><img src=x onerror="alert(1)">{{7*7}}'
PASSWORD = "a long password"


class House:
    """A console, its doors and its clock."""

    def __init__(self):
        quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
        people = [
            Account(name=role, role=role, centre="sdis44", password=quick)
            for role in ("viewer", "operator", "analyst", "auditor")
        ]
        self.secs = 0.0
        self.decided = []
        self.log = AuditInMemory()
        self.act = self.decided.append
        self.refusal = None
        doors = Doors(decide=self.decide, audit=self.log, now=lambda: 12 * HOUR, territories={"44": "Here"})
        self.desk = Desk(doors, Renderer(ZoneInfo("Europe/Paris")))
        self.sessions = Sessions(lambda: self.secs)
        self.accounts = Accounts(people)
        self.site = Site(self.desk, self.accounts, self.sessions, {"x.js": ("text/javascript", b"1")}, secure=False)

    def decide(self, made):
        if self.refusal is None:
            self.act(made)
        return self.refusal

    def client(self, role=None):
        transport = httpx.ASGITransport(self.site.asgi)
        client = httpx.AsyncClient(transport=transport, base_url="http://console", headers={"accept": "text/html"})
        if role is not None:
            client.cookies.set(COOKIE, self.sessions.begin(self.accounts.get(role), "en"))
        return client

    def csrf(self, client):
        return self.sessions.get(client.cookies[COOKIE]).csrf


@pytest.fixture
def house():
    return House()


def run(action):
    return asyncio.run(action)


def get(client, path):
    return run(client.get(path))


def post(client, path, **form):
    return run(client.post(path, data=form))


@pytest.mark.parametrize("path", ["/", "/coverage", "/shift", "/audit", "/incidents/a"])
def test_nobody_sees_a_page_without_signing_in(house, path):
    house.desk.incident(revision())
    answer = get(house.client(), path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert b"Nantes" not in answer.content


def test_the_stream_and_the_decisions_are_closed_too(house):
    house.desk.incident(revision())
    assert get(house.client(), "/events").status_code == 401
    assert post(house.client(), "/incidents/a/verdicts", decision="confirmed", revision="1").status_code == 401
    assert house.decided == []


def test_the_right_password_opens_a_strict_cookie_and_a_wrong_one_does_not(house):
    wrong = post(house.client(), "/login", name="operator", password="wrong")
    assert wrong.status_code == 401
    assert "set-cookie" not in wrong.headers
    right = post(house.client(), "/login", name="operator", password=PASSWORD)
    assert right.status_code == 303
    cookie = right.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert [entry.action for entry in house.log.entries] == ["login.refused", "login"]


def test_guessing_is_slowed_and_the_right_password_does_not_help_while_it_waits(house):
    for _ in range(FREE_TRIES):
        assert post(house.client(), "/login", name="operator", password="guess").status_code == 401
    assert post(house.client(), "/login", name="operator", password=PASSWORD).status_code == 429


def test_a_ticket_lets_in_once_and_not_for_ever(house):
    ticket = house.sessions.ticket(house.accounts.get("operator"), "en")
    client = house.client()
    assert get(client, f"/enter?ticket={ticket}").headers["location"] == "/"
    assert get(client, "/").status_code == 200
    assert get(house.client(), f"/enter?ticket={ticket}").headers["location"] == "/login"
    late = house.sessions.ticket(house.accounts.get("operator"), "en")
    house.secs = TICKET_SECS + 1
    assert get(house.client(), f"/enter?ticket={late}").headers["location"] == "/login"


def test_a_silent_session_ends_and_there_are_never_too_many(house):
    client = house.client("operator")
    house.secs = IDLE_SECS + 1
    assert get(client, "/").status_code == 303
    for _ in range(MAX_SESSIONS + 5):
        house.sessions.begin(house.accounts.get("viewer"), "fr")
    assert len(house.sessions) == MAX_SESSIONS


def test_signing_out_ends_the_session(house):
    client = house.client("operator")
    token = client.cookies[COOKIE]
    assert post(client, "/logout", csrf=house.csrf(client)).status_code == 303
    assert house.sessions.get(token) is None


def test_one_form_decides_and_is_audited_before_it_acts(house):
    house.desk.incident(revision())
    client = house.client("operator")
    order = []
    append, decide = house.log.append, house.decided.append
    house.log.append = lambda **entry: (order.append("audit"), append(**entry))
    house.act = lambda made: (order.append("decide"), decide(made))
    answer = post(client, "/incidents/a/verdicts", csrf=house.csrf(client), decision="confirmed", revision="1")
    assert answer.status_code == 303
    assert order == ["audit", "decide"]
    assert [(made.centre, made.operator, made.decision, made.revision) for made in house.decided] == [
        ("sdis44", "operator", "confirmed", 1)
    ]
    assert "sdis44 : confirmed" in get(client, "/incidents/a").text
    assert house.log.entries[0].who == "operator@sdis44"


def test_a_decision_whose_audit_fails_does_not_act(house):
    house.desk.incident(revision())
    client = house.client("operator")

    def broken(**_entry):
        raise OSError("disk full")

    house.log.append = broken
    with pytest.raises(OSError, match="disk full"):
        post(client, "/incidents/a/verdicts", csrf=house.csrf(client), decision="confirmed", revision="1")
    assert house.decided == []
    assert house.desk.board.get("a").standing() == {}


def test_a_decision_that_the_gate_refuses_is_not_shown_as_made(house):
    house.desk.incident(revision())
    house.refusal = "look again, then decide"
    client = house.client("operator")
    answer = post(client, "/incidents/a/verdicts", csrf=house.csrf(client), decision="confirmed", revision="1")
    assert (answer.status_code, answer.text) == (409, "look again, then decide")
    assert house.desk.board.get("a").standing() == {}


@pytest.mark.parametrize(
    ("role", "form", "status"),
    [
        ("operator", {"decision": "confirmed", "revision": "1"}, 403),
        ("operator", {"decision": "confirmed", "revision": "1", "csrf": "guessed"}, 403),
        ("viewer", {"decision": "confirmed", "revision": "1", "csrf": "own"}, 403),
        ("auditor", {"decision": "confirmed", "revision": "1", "csrf": "own"}, 403),
        ("operator", {"decision": "rejected", "revision": "1", "csrf": "own"}, 422),
        ("operator", {"decision": "raise", "revision": "1", "csrf": "own"}, 422),
        ("operator", {"decision": "confirmed", "revision": "9", "csrf": "own"}, 422),
    ],
)
def test_what_is_not_a_whole_decision_of_a_decider_changes_nothing(house, role, form, status):
    house.desk.incident(revision())
    client = house.client(role)
    if form.get("csrf") == "own":
        form = form | {"csrf": house.csrf(client)}
    assert post(client, "/incidents/a/verdicts", **form).status_code == status
    assert house.decided == []


def test_a_decision_about_nothing_is_not_found(house):
    client = house.client("operator")
    assert post(client, "/incidents/zzz/verdicts", csrf=house.csrf(client), decision="seen").status_code == 404


def test_a_form_that_is_too_long_is_refused(house):
    client = house.client("operator")
    assert post(client, "/language", csrf="x" * 5_000).status_code == 413
    assert run(client.post("/language", content=b"\xff\xfe")).status_code == 400


@pytest.mark.parametrize(("role", "status"), [("operator", 403), ("viewer", 403), ("analyst", 200), ("auditor", 200)])
def test_the_audit_log_is_for_those_who_audit(house, role, status):
    assert get(house.client(role), "/audit").status_code == status


def test_words_from_outside_are_never_markup(house):
    house.desk.incident(
        revision(place=HOSTILE, terms=(HOSTILE,), sentence=HOSTILE, reported=(HOSTILE,), networks=(HOSTILE,))
    )
    house.desk.verdict(verdict(reason=HOSTILE))
    client = house.client("operator")
    for path in ("/", "/incidents/a", "/incidents/a?part=sheet", "/shift"):
        text = get(client, path).text
        assert "<img" not in text
        assert "{{7*7}}" in text or "49" not in text
        assert text.count("</script>") == len(re.findall(r"<script[ >]", text))


def test_every_answer_carries_the_protective_headers(house):
    client = house.client("operator")
    for path in ("/", "/static/x.js", "/nowhere", "/healthz", "/login"):
        headers = get(client, path).headers
        assert headers["content-security-policy"] == CSP
        assert headers["x-content-type-options"] == "nosniff"
    assert "'unsafe" not in CSP
    assert get(client, "/").headers["cache-control"] == "no-store"


def test_pages_hold_no_inline_code(house):
    house.desk.incident(revision())
    client = house.client("analyst")
    for path in ("/", "/incidents/a", "/coverage", "/shift", "/audit"):
        text = get(client, path).text
        assert not re.search(r"\son\w+\s*=", text), "an inline handler would need 'unsafe-inline'"
        assert " style=" not in text
        for attributes in re.findall(r"<script([^>]*)>", text):
            assert "src=" in attributes or "application/json" in attributes


def test_the_language_changes_and_leads_back_inside(house):
    client = house.client("operator")
    assert 'lang="en"' in get(client, "/").text
    assert post(client, "/language", csrf=house.csrf(client), back="/shift").headers["location"] == "/shift"
    assert '<html lang="fr"' in get(client, "/").text
    for outside in ("//evil.example", "https://evil.example", "/\\evil.example"):
        assert post(client, "/language", csrf=house.csrf(client), back=outside).headers["location"] == "/"


def test_the_track_record_counts_judged_signals_of_the_centre_and_hazard(house):
    for number in range(20):
        name = f"i{number}"
        house.desk.incident(revision(name))
        house.desk.verdict(verdict(name, "confirmed" if number < 14 else "rejected", reason="false"))
    house.desk.incident(revision("other", hazard="flood"))
    house.desk.verdict(verdict("other", "confirmed"))
    house.desk.verdict(verdict("i0", "rejected", centre="sdis49", reason="false"))
    assert house.desk.record("sdis44", "fire") == (14, 20)
    house.desk.verdict(verdict("i0", "rejected", at=12 * HOUR, reason="false"))
    assert house.desk.record("sdis44", "fire") == (13, 20), "a later judgement replaces an earlier"


def test_the_shift_sheet_shows_the_hours_that_were_asked_for(house):
    house.desk.incident(revision("old", at=1 * HOUR, raised_at=HOUR, first_voice_at=HOUR, place="Angers"))
    house.desk.incident(revision("new", at=10 * HOUR))
    client = house.client("viewer")
    assert "Angers" not in get(client, "/shift?hours=2").text
    assert "Angers" in get(client, "/shift?hours=24").text
    for odd in ("0", "-3", "x", "99999999", "٣"):
        assert get(client, f"/shift?hours={odd}").status_code == 200


def test_the_track_record_outlives_the_console(house):
    house.desk.incident(revision())
    client = house.client("operator")
    post(client, "/incidents/a/verdicts", csrf=house.csrf(client), decision="confirmed", revision="1")
    another = Desk(house.desk.doors, house.desk.renderer)
    another.remember()
    assert another.record("sdis44", "fire") == (1, 1)


# Exercises. The house's clock stands at noon of the first day of 1970, UTC: 13:00 in Paris, which had no summer time then.

DRILL = {"label": " Crue  44 ", "from": "1970-01-01T14:00", "until": "1970-01-01T16:00", "area": "44, 2a 44109"}


def declare(house, client, **form):
    return post(client, "/exercises", csrf=house.csrf(client), **(DRILL | form))


def test_an_analyst_declares_an_exercise_written_down_before_it_acts(house):
    client = house.client("analyst")
    house.act = lambda made: house.decided.append((made, [entry.action for entry in house.log.entries]))
    answer = declare(house, client, hazard_flood="on", hazard_storm="on")
    assert (answer.status_code, answer.headers["location"]) == (303, "/exercises")
    ((made, written),) = house.decided
    assert written == ["exercise.declared"]
    assert (made.label, made.centre, made.operator) == ("Crue 44", "sdis44", "analyst")
    assert (made.from_at, made.until_at, made.declared_at) == (13 * HOUR, 15 * HOUR, 12 * HOUR)
    assert (made.departements, made.communes) == (("44", "2A"), ("44109",))
    assert made.hazards == ("flood", "storm")
    assert "Crue 44" in house.log.entries[0].detail
    page = get(client, "/exercises").text
    assert "to come" in page
    assert "44, 2A, 44109" in page
    assert "Crue 44" in get(house.client("viewer"), "/exercises").text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"label": "  "}, "needs a name"),
        ({"from": "yesterday"}, "has to end after it begins"),
        ({"until": "1970-01-01T14:00"}, "has to end after it begins"),
        ({"until": "1970-01-09T14:01"}, "seven days"),
        ({"from": "1970-01-01T10:00", "until": "1970-01-01T12:30"}, "in the future"),
        ({"from": "1970-01-01T11:59"}, "an hour ago"),
        ({"from": "1970-03-01T10:00", "until": "1970-03-01T12:00"}, "thirty days"),
        ({"area": "Nantes"}, "by codes"),
        ({"area": " ".join(map(str, range(100, 201)))}, "by codes"),
    ],
)
def test_a_declaration_that_cannot_be_meant_is_refused_and_kept_in_the_form(house, form, said):
    client = house.client("analyst")
    answer = declare(house, client, **form)
    assert answer.status_code == 422
    assert said in answer.text
    assert (house.decided, house.log.entries) == ([], [])
    if "label" not in form:
        assert "Crue  44" in answer.text, "nobody types it twice"


@pytest.mark.parametrize("role", ["viewer", "operator", "auditor"])
def test_only_analysts_declare(house, role):
    client = house.client(role)
    assert declare(house, client).status_code == 403
    assert '<form method="post" action="/exercises">' not in get(client, "/exercises").text
    assert (house.decided, house.log.entries) == ([], [])


def test_a_declaration_from_elsewhere_is_refused(house):
    client = house.client("analyst")
    assert post(client, "/exercises", **DRILL).status_code == 403
    assert post(client, "/exercises", csrf="x", **DRILL).status_code == 403
    assert post(house.client(), "/exercises", **DRILL).status_code == 401
    assert house.decided == []


def window(**changed):
    values = {
        "window_id": "orsec 44/1",
        "centre": "sdis44",
        "operator": "somebody",
        "declared_at": 10 * HOUR,
        "from_at": 11 * HOUR,
        "until_at": 20 * HOUR,
        "label": HOSTILE,
    }
    return ExerciseWindow(**(values | changed))


def end(house, client, name="orsec%2044/1"):
    return post(client, f"/exercises/{name}/end", csrf=house.csrf(client))


def test_a_running_exercise_ends_now_and_one_to_come_is_called_off(house):
    client = house.client("analyst")
    house.desk.exercises.take(window())
    house.desk.exercises.take(window(window_id="later", from_at=13 * HOUR))
    page = get(client, "/exercises").text
    assert "1 running" in page
    assert HOSTILE not in page, "words of others are never markup"
    assert end(house, client).status_code == end(house, client, "later").status_code == 303
    first, second = house.decided
    assert (first.window_id, first.until_at, first.withdrawn, first.from_at) == (
        "orsec 44/1",
        12 * HOUR,
        False,
        11 * HOUR,
    )
    assert (second.window_id, second.withdrawn, second.until_at) == ("later", True, 20 * HOUR)
    assert {one.operator for one in house.decided} == {"analyst"}
    assert [entry.action for entry in house.log.entries] == ["exercise.ended", "exercise.called_off"]
    assert end(house, client).status_code == 422, "it is over"
    assert end(house, client, "never").status_code == 404


def test_an_exercise_of_another_centre_is_seen_without_its_person_and_not_ended(house):
    client = house.client("analyst")
    house.desk.exercises.take(window(centre="sdis49", operator="neighbour"))
    page = get(client, "/exercises").text
    assert "sdis49" in page
    assert "neighbour" not in page
    assert end(house, client).status_code == 403
    assert house.decided == []


def test_a_refusal_of_the_gate_is_told(house):
    client = house.client("analyst")
    house.refusal = "expected a centre of cta-44, got sdis44"
    answer = declare(house, client)
    assert (answer.status_code, "expected a centre" in answer.text) == (409, True)
    assert house.desk.exercises.latest() == []


def test_the_later_word_about_an_exercise_stands_in_any_order():
    for order in ((0, 1), (1, 0), (0, 1, 0)):
        known = Exercises()
        said = [window(), window(declared_at=11 * HOUR, withdrawn=True)]
        for which in order:
            known.take(said[which])
        assert known.latest() == [said[1]]
    many = Exercises()
    for number in range(MAX_WINDOWS + 1):
        many.take(window(window_id=str(number), until_at=20 * HOUR + number))
    assert len(many.latest()) == MAX_WINDOWS
    assert many.get("0") is None
