"""Words are read by a person with a role, for a reason, of five voices or more, and never unseen."""

import msgspec
import pytest
from examples import incident as any_incident

from detectors.explain import quotable
from detectors.voices import Voice
from dispatch.json import line
from tocsin.model import Incident
from tocsin.runtime.audit import AuditError, AuditLog
from tocsin.runtime.quotes import Quote, Quotes, ReadingRefusedError
from tocsin.runtime.store import MemoryStore
from tocsin.runtime.vault import TextVault, Words
from tocsin.time import HOUR_MS

AT = 1_775_563_200_000
IDS = tuple(f"p{n}" for n in range(6))


class Clock:
    at = AT

    def __call__(self):
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def vault(clock):
    vault = TextVault(MemoryStore(clock), HOUR_MS, clock)
    sealed = vault.seal(
        [(post_id, Words(f"fire seen by {post_id}", f"https://a.example/{post_id}")) for post_id in IDS]
    )
    vault.keep(dict(zip(IDS, sealed, strict=True)))
    return vault


@pytest.fixture
def audit(tmp_path):
    return AuditLog(tmp_path / "audit.jsonl")


@pytest.fixture
def reader(vault, audit, clock):
    return Quotes(vault, audit, ("operator",), clock)


def incident(voices=6, ids=IDS):
    return any_incident(voices=voices, quotable=ids)


def asked(reader, **changes):
    given = {"who": "person-1", "role": "operator", "reason": "is the road blocked?"} | changes
    found = given.pop("incident", incident())
    return reader.of(found, **given)


def test_quotes_are_given_without_links_and_the_reading_is_audited(reader, audit):
    assert asked(reader) == [Quote(f"fire seen by {post_id}") for post_id in IDS]
    [entry] = audit.entries()
    assert (entry.who, entry.action, entry.about, entry.at) == ("person-1", "read.quotes", "i1", AT)
    assert entry.detail == "operator: is the road blocked? (6 posts)"
    assert audit.verify() == (True, 1)


def test_links_are_another_reading(reader, audit):
    assert asked(reader, links=True)[0] == Quote("fire seen by p0", "https://a.example/p0")
    assert [entry.action for entry in audit.entries()] == ["read.links"]


def test_the_audit_log_holds_no_word_and_no_link(reader, audit, tmp_path):
    asked(reader, links=True)
    assert b"seen by" not in (tmp_path / "audit.jsonl").read_bytes()
    assert b"a.example" not in (tmp_path / "audit.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"role": "viewer"}, "the role viewer may not read"),
        ({"role": "none"}, "the role none may not read"),
        ({"reason": "  x  "}, "no reason is given"),
        ({"reason": ""}, "no reason is given"),
        ({"incident": incident(voices=4)}, "4 voices: nobody is quoted below 5"),
    ],
)
def test_a_refusal_shows_nothing_and_is_audited(reader, audit, changes, said):
    with pytest.raises(ReadingRefusedError, match=said):
        asked(reader, **changes)
    [entry] = audit.entries()
    assert entry.action == "read.quotes.refused"
    assert said in entry.detail


def test_what_cannot_be_audited_is_not_shown(vault, clock):
    class Broken:
        def append(self, **_):
            raise AuditError("the disk is full")

    opened = []
    vault.open = opened.append
    with pytest.raises(AuditError):
        asked(Quotes(vault, Broken(), ("operator",), clock))
    assert opened == []


def test_what_was_deleted_or_is_past_its_hour_is_gone_for_readers_too(reader, vault, clock):
    vault.destroy(["p0"])
    vault.replace(["p1"])
    assert [quote.text for quote in asked(reader)] == [f"fire seen by {post_id}" for post_id in IDS[2:]]
    clock.at += HOUR_MS
    assert asked(reader) == []


def voice(number, witness="first_hand", weight=1.0):
    return Voice(
        number=number, post_id=f"p{number}", author=f"a{number}", source="", at=0, hazards={}, main="fire", probability=0.5,
        weight=weight, witness=witness,
    )  # fmt: skip


def test_no_post_is_named_below_five_voices():
    four = [voice(n) for n in range(4)]
    assert quotable(four, 4) == ()
    assert quotable([*four, voice(4)], 5) == ("p0", "p1", "p2", "p3", "p4")


def test_the_most_credible_posts_are_named_eight_at_most():
    voices = [voice(0, "media", 9.0), *[voice(n, weight=float(n)) for n in range(1, 12)]]
    assert quotable(voices, 12) == tuple(f"p{n}" for n in range(11, 3, -1))


def test_public_forms_do_not_name_posts():
    assert b"quotable" not in line(incident())
    assert b"p0" not in line(incident())
    assert "quotable" in {field.name for field in msgspec.structs.fields(Incident)}
