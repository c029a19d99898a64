"""The public JSON of incidents and the filter of what is written."""

from __future__ import annotations

import json

import msgspec
from examples import T0, incident

from dispatch.json import RaisedOnly, line, public
from tocsin.model import Incident

REVISION = incident(raised_at=T0 + 250, updated_at=T0 + 10_000)


def test_instants_are_iso_and_every_key_is_there():
    written = json.loads(line(REVISION))
    assert written["raised_at"] == "2026-04-07T05:48:00.250Z"
    assert written["updated_at"] == "2026-04-07T05:48:10.000Z"
    assert written["closed_at"] is None
    assert written["evaluation"] == "unjudged"
    assert set(written) == {field.name for field in msgspec.structs.fields(Incident)} - {"quotable"} | {"evaluation"}
    assert line(REVISION).endswith(b"\n")
    assert line(REVISION).count(b"\n") == 1


def test_a_verdict_of_persons_is_said():
    assert public(REVISION, "confirmed by A")["evaluation"] == "confirmed by A"


def revisions(*states):
    return [msgspec.structs.replace(REVISION, revision=n, state=state) for n, state in enumerate(states)]


def passed(*states):
    gate = RaisedOnly()
    return [revision.state for revision in revisions(*states) if gate.passes(revision)]


def test_watch_and_explained_are_silent_until_raised():
    assert passed("watch", "explained", "watch") == []
    assert passed("watch", "open", "quiet", "explained", "closed") == ["open", "quiet", "explained", "closed"]


def test_the_memory_of_raised_incidents_is_bounded():
    gate = RaisedOnly()
    gate.MAX_INCIDENTS = 2
    for identity in "abc":
        assert gate.passes(msgspec.structs.replace(REVISION, incident_id=identity))
    assert not gate.passes(msgspec.structs.replace(REVISION, incident_id="a", state="explained"))
    assert gate.passes(msgspec.structs.replace(REVISION, incident_id="c", state="explained"))
