"""The door for programs over real HTTP: streams that resume, rights, verdicts that make alerts."""

from __future__ import annotations

import json
import threading

import feedparser
import httpx
import msgspec
import pytest
from dispatch_schemas import cap_faults
from examples import LOIRE, MAINE, T0, incident, verdict
from httpx_sse import connect_sse

from dispatch import edxl, public
from dispatch.door import TokenError, read_tokens
from tocsin.model import Alert, Verdict
from tocsin.pipeline.live_alerts import LiveAlerts
from tocsin.runtime.metrics import Metrics
from tocsin.settings import Settings

ALL, READER, DECIDER, OTHER = (
    "everything-may-read-0001",
    "loire-may-read-000000001",
    "loire-may-decide-0000001",
    "maine-may-decide-0000001",
)
PATIENCE_SECS = 20.0


@pytest.fixture
def alerts(tmp_path):
    tokens = tmp_path / "tokens"
    tokens.write_text(
        f"# who may enter\n{ALL} * read\n{READER} cta-44 read\n{DECIDER} cta-44 decide\n{OTHER} cta-49 decide\n"
    )
    settings = Settings.model_validate(
        {
            "dispatch": {
                "territories": (LOIRE, MAINE),
                "door": {"enabled": True, "port": 0, "tokens_path": tokens, "kept_alerts": 10, "max_readers": 2},
            }
        }
    )
    with LiveAlerts(settings, Metrics(), lambda: T0) as made:
        yield made


def client(alerts, token=ALL):
    return httpx.Client(
        base_url=alerts.door.address,
        headers={"authorization": f"Bearer {token}"},
        timeout=PATIENCE_SECS,
        trust_env=False,
    )


def test_alerts_come_as_they_are_made_and_a_reader_that_comes_back_misses_none(alerts):
    with client(alerts) as http:
        with connect_sse(http, "GET", "/alerts/stream") as source:
            events = source.iter_sse()
            threading.Thread(target=alerts.incident, args=(incident(),)).start()
            first = next(events)
        alerts.incident(incident(2))
        with connect_sse(http, "GET", "/alerts/stream", headers={"last-event-id": first.id}) as source:
            events = source.iter_sse()
            rest = [next(events) for _ in range(3)]
    got = [public.decode(event.data.encode(), Alert) for event in (first, *rest)]
    assert [(one.centre, one.incident.revision) for one in got] == [
        ("cta-44", 1),
        ("cta-49", 1),
        ("cta-44", 2),
        ("cta-49", 2),
    ]
    assert [int(event.id) for event in (first, *rest)] == [1, 2, 3, 4]
    assert {event.event for event in (first, *rest)} == {"alert"}


def test_a_reader_that_was_away_too_long_is_told_of_the_gap(alerts):
    for number in range(1, 8):
        alerts.incident(incident(number))
    with client(alerts) as http, connect_sse(http, "GET", "/alerts/stream", headers={"last-event-id": "1"}) as source:
        events = source.iter_sse()
        kinds = [next(events).event for _ in range(11)]
    assert kinds == ["gap"] + ["alert"] * 10


def test_a_centre_sees_its_own_only(alerts):
    alerts.incident(incident())
    with client(alerts, READER) as http:
        mine = http.get("/alerts").json()["messages"]
        assert [one["centre"] for one in mine] == ["cta-44"]
        with client(alerts) as everyone:
            theirs = next(one for one in everyone.get("/alerts").json()["messages"] if one["centre"] == "cta-49")
        assert http.get(f"/alerts/{theirs['alert_id']}").status_code == 404
        assert http.get(f"/alerts/{mine[0]['alert_id']}").json() == mine[0]


def test_one_alert_in_every_format(alerts):
    alerts.incident(incident())
    with client(alerts, READER) as http:
        identity = http.get("/alerts").json()["messages"][0]["alert_id"]
        given = {
            kind: http.get(f"/alerts/{identity}", params={"format": kind}) for kind in ("cap", "edxl-json", "edxl-xml")
        }
        assert http.get(f"/alerts/{identity}", params={"format": "telex"}).status_code == 422
    assert cap_faults(given["cap"].content) == []
    assert given["cap"].headers["content-type"] == "application/cap+xml"
    assert edxl.read_json(given["edxl-json"].content) == edxl.read_xml(given["edxl-xml"].content)


def test_the_feed_links_to_cap(alerts):
    alerts.incident(incident())
    with client(alerts, READER) as http:
        feed = feedparser.parse(http.get("/alerts.atom").content)
        assert len(feed.entries) == 1
        assert cap_faults(http.get(feed.entries[0].links[0].href).content) == []


def test_a_verdict_over_http_makes_the_alert_actual_for_its_centre_alone(alerts):
    alerts.incident(incident())
    body = public.encode(verdict())
    with client(alerts, DECIDER) as http:
        taken = http.post("/verdicts", content=body)
        assert (taken.status_code, list(taken.json())) == (202, ["id"])
        assert http.post("/verdicts", content=body).json() == taken.json()
    with client(alerts) as http:
        made = [(one["centre"], one["status"]) for one in http.get("/alerts", params={"after": 2}).json()["messages"]]
    assert made == [("cta-44", "Actual"), ("cta-49", "Draft")]


@pytest.mark.parametrize(
    ("token", "body", "status"),
    [
        ("nobody-knows-this-token-0", public.encode(verdict()), 401),
        (READER, public.encode(verdict()), 403),
        (OTHER, public.encode(verdict()), 403),
        (DECIDER, b"{}", 422),
        (DECIDER, b"[" * 50_000, 422),
        (DECIDER, b" " * 70_000, 422),
        (DECIDER, public.encode(msgspec.structs.replace(verdict(), operator="")), 422),
        (DECIDER, public.encode(verdict("rejected", reason="")), 422),
        (DECIDER, public.encode(verdict(at=T0 + 300_001)), 422),
    ],
)
def test_whoever_may_not_or_cannot_be_meant_decides_nothing(alerts, token, body, status):
    alerts.incident(incident())
    with client(alerts, token) as http:
        answer = http.post("/verdicts", content=body)
    assert answer.status_code == status
    assert answer.json()["error"].startswith("expected")
    with client(alerts) as http:
        assert [one["status"] for one in http.get("/alerts").json()["messages"]] == ["Draft", "Draft"]


def test_nobody_enters_without_a_token_but_to_the_description(alerts):
    with httpx.Client(base_url=alerts.door.address, trust_env=False) as http:
        for path in ("/alerts", "/alerts/stream", "/alerts.atom", "/alerts/x"):
            assert http.get(path).status_code == 401
        assert http.get("/openapi.json").json()["openapi"] == "3.1.0"


def test_what_is_answered_is_what_the_description_says(alerts):
    import jsonschema

    alerts.incident(incident())
    with client(alerts) as http:
        described, given = http.get("/openapi.json").json(), http.get("/alerts").json()
    schema = described["paths"]["/alerts"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    jsonschema.Draft202012Validator({**schema, "components": described["components"]}).validate(given)
    del given["messages"][0]["alert_id"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator({**schema, "components": described["components"]}).validate(given)


def test_no_more_than_so_many_readers_are_served(alerts):
    with (
        client(alerts) as http,
        connect_sse(http, "GET", "/alerts/stream") as one,
        connect_sse(http, "GET", "/alerts/stream") as two,
    ):
        streams = [source.response.iter_raw() for source in (one, two)]
        assert all(next(stream).startswith(b"retry") for stream in streams)  # both are being read
        assert http.get("/alerts/stream").status_code == 503


def test_an_exercise_over_http_labels_what_is_raised_in_it(alerts):
    window = {
        "window_id": "w1",
        "centre": "cta-44",
        "operator": "operator-7",
        "label": "ORSEC 44",
        "declared_at": "2026-04-07T05:00:00Z",
        "from_at": "2026-04-07T05:00:00Z",
        "until_at": "2026-04-07T09:00:00Z",
    }
    with client(alerts, DECIDER) as http:
        assert http.post("/exercises", content=json.dumps(window)).status_code == 202
        alerts.incident(incident())
        assert [(one["status"], one["exercise"]) for one in http.get("/alerts").json()["messages"]] == [
            ("Exercise", "ORSEC 44")
        ]


@pytest.mark.parametrize(
    "text", ["", "short * read", "a-token-of-24-characters c own", "a-token-of-24-characters c", "\xff"]
)
def test_a_file_of_tokens_that_cannot_be_meant_is_refused(tmp_path, text):
    path = tmp_path / "tokens"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(TokenError) as refused:
        read_tokens(path)
    assert "a-token" not in str(refused.value)


def test_a_verdict_read_from_json_may_leave_out_what_has_a_default():
    least = b'{"incident_id":"i1","centre":"cta-44","operator":"o","at":"2026-04-07T05:49:30Z","decision":"confirmed"}'
    assert public.decode(least, Verdict) == verdict(operator="o")
