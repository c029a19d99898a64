"""Public JSON and its schema; the Atom feed."""

from __future__ import annotations

import json

import feedparser
import jsonschema
import pytest
from examples import LOIRE, T0, alert, incident, verdict

from dispatch import atom, public
from dispatch.verdicts import VerdictGate
from tocsin.model import Alert, Digest, ExerciseWindow, Verdict

KINDS = (Alert, Digest, Verdict, ExerciseWindow)


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_is_a_schema(kind):
    made = public.schema(kind)
    jsonschema.Draft202012Validator.check_schema(made)
    assert "sent_at" not in json.dumps(made) or '"format": "date-time"' in json.dumps(made)


def told():
    judge = VerdictGate((LOIRE,), an_hour=1)
    alerts = [
        told for item in (incident(), verdict(), incident(2), incident(incident_id="i2")) for told in judge.feed(item)
    ]
    return [*alerts, *judge.digests(T0 + 3_600_000), verdict("already_known", known_at=T0)]


def validator(kind):
    return jsonschema.Draft202012Validator(public.schema(kind), format_checker=jsonschema.FormatChecker())


def test_what_is_written_is_what_the_schema_says_and_is_read_again():
    kinds = set()
    for message in told():
        record = public.encode(message)
        validator(type(message)).validate(json.loads(record))
        assert public.decode(record, type(message)) == message
        kinds.add(type(message))
    assert kinds == {Alert, Digest, Verdict}


def test_instants_are_iso_in_every_depth():
    written = json.loads(public.encode(alert()))
    assert written["sent_at"] == "2026-04-07T05:48:00.000Z"
    assert written["incident"]["raised_at"] == "2026-04-07T05:48:00.000Z"
    assert written["incident"]["closed_at"] is None


@pytest.mark.parametrize("key", ["alert_id", "status", "incident", "opinions"])
def test_the_schema_misses_a_key_that_is_gone(key):
    written = json.loads(public.encode(alert()))
    del written[key]
    with pytest.raises(jsonschema.ValidationError, match=key):
        validator(Alert).validate(written)


@pytest.mark.parametrize(
    "record", [b"", b"[]", b"{}", b"\xff", b"[" * 5_000, b'{"at": "never"}', b" " * (public.MAX_BYTES + 1)]
)
def test_what_is_no_message_is_refused_with_a_reason(record):
    with pytest.raises(public.PublicError, match="expected"):
        public.decode(record, Verdict)


def test_the_feed_is_read_by_a_feed_reader():
    alerts = [alert(alert_id=f"{n:016x}", sent_at=T0 + n * 60_000) for n in range(3)]
    document = atom.feed(
        alerts, feed_id="urn:tocsin:feed", title="Alerts", link=lambda one: f"/alerts/{one.alert_id}.cap", updated_at=T0
    )
    read = feedparser.parse(document)
    assert not read.bozo
    assert [entry.id for entry in read.entries] == [f"urn:tocsin:alert:{n:016x}" for n in (2, 1, 0)]
    assert read.entries[0].title == "[NON CONFIRMÉ] Incendie – Nantes (rayon 2,0 km)"
    assert (read.entries[0].links[0].type, read.entries[0].links[0].href) == (
        "application/cap+xml",
        f"/alerts/{2:016x}.cap",
    )
    assert read.entries[0].updated_parsed[:5] == (2026, 4, 7, 5, 50)


def test_an_empty_feed_is_a_feed():
    read = feedparser.parse(atom.feed([], feed_id="urn:x", title="Alerts", link=lambda one: "", updated_at=T0))
    assert (read.bozo, read.entries, read.feed.updated) == (False, [], "2026-04-07T05:48:00-00:00")
