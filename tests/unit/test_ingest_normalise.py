"""Normalisation: every reason for refusal, and what a readable line becomes."""

import json

import pytest

from ingest.block import Block, Run
from ingest.normalise import Outcome, normalise
from ingest.post import post, retraction
from ingest.privacy import PublicPseudonyms
from ingest.record import Limits
from tocsin.ids import PUBLIC_REPLAY_KEY, pseudonym
from tocsin.model import Point
from tocsin.time import parse_instant

GOOD = {"id": "a1", "source": "test", "created_at": "2026-04-07T05:48:00.250Z", "author": "someone", "text": "au feu"}
AT = parse_instant(GOOD["created_at"])


def block(*lines, arrived_at=None):
    data = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    return Block(number=0, data=b"\n".join(data), runs=(Run("posts", 11, len(data)),), arrived_at=arrived_at)


def read(*lines, arrived_at=None, lateness_ms=5_000, **limits):
    return normalise(block(*lines, arrived_at=arrived_at), limits=Limits(**limits), lateness_ms=lateness_ms)


def without(*fields):
    return {key: value for key, value in GOOD.items() if key not in fields}


@pytest.mark.parametrize(
    ("line", "reason", "detail"),
    [
        (b'{"id": "\xff"}', "not_utf8", "expected UTF-8, got byte 0xff at 8"),
        (b"{", "not_json", "expected JSON, got at 1"),
        (b"not json", "not_json", "expected JSON"),
        (b'{"id": NaN}', "not_json", "expected JSON, got NaN"),
        (b'{"a":' * 5_000, "not_json", "nested too deep"),
        (b'{"a":1e5} trailing', "not_json", "expected JSON"),
        (b"[1]", "not_an_object", "got an array"),
        (b'"text"', "not_an_object", "got a string"),
        (b"12", "not_an_object", "got a number"),
        (b"null", "not_an_object", "got null"),
        (b"true", "not_an_object", "got a boolean"),
        (b"{}", "missing_field", "expected created_at, got none"),
        (without("id"), "missing_field", "expected id, got none"),
        (without("source"), "missing_field", "expected source, got none"),
        (without("author"), "missing_field", "expected author, got none"),
        (without("text"), "missing_field", "expected text, got none"),
        (GOOD | {"id": ""}, "missing_field", "expected id, got an empty string"),
        (GOOD | {"text": 5}, "wrong_type", "`$.text`"),
        (GOOD | {"text": None}, "wrong_type", "got `null`"),
        (GOOD | {"id": True}, "wrong_type", "got `bool`"),
        (GOOD | {"id": 1.5}, "wrong_type", "`$.id`"),
        (GOOD | {"lat": "48.1", "lon": 2}, "wrong_type", "`$.lat`"),
        (GOOD | {"source": "a@b"}, "wrong_type", "a plain name"),
        (GOOD | {"created_at": "yesterday"}, "bad_time", "got 'xxxxxxxxx'"),
        (GOOD | {"created_at": "2026-04-07"}, "bad_time", "got '2026-04-07'"),
        (GOOD | {"created_at": "2026-13-01T00:00:00Z"}, "bad_time", "ISO 8601"),
        (GOOD | {"created_at": "1789-07-14T00:00:00Z"}, "bad_time", "from 1990 to 2099"),
        (GOOD | {"created_at": "0001-01-01T00:00:00+14:00"}, "bad_time", "from 1990"),
        (GOOD | {"received_at": "x"}, "bad_time", "received_at"),
        (GOOD | {"lat": 91, "lon": 0}, "bad_position", "lat from -90 to 90"),
        (GOOD | {"lat": 0, "lon": 180.5}, "bad_position", "lon from -180 to 180"),
        (GOOD | {"lat": 48}, "bad_position", "got lat alone"),
        (GOOD | {"lon": 2}, "bad_position", "got lon alone"),
        (GOOD | {"text": "x" * 501}, "too_long", "at most 500 characters, got 501"),
        (GOOD | {"id": "x" * 3_000}, "too_long", "expected id of at most"),
        (GOOD | {"id": 10**41}, "too_long", "digits"),
        (GOOD | {"reply_to": "x" * 3_000}, "too_long", "expected reply_to"),
        (GOOD | {"source": "x" * 65}, "too_long", "expected source"),
        (b'{"id": ' + b"1" * 5_000 + b"}", "not_json", "out of range"),
        (b" " * 30_001 + b"{}", "too_long", "at most 30000 bytes"),
        ({"retract": "a1"}, "missing_field", "expected at beside retract"),
        ({"retract": "a1", "at": "x"}, "bad_time", "expected at as"),
        ({"retract": "", "at": GOOD["created_at"]}, "missing_field", "expected retract"),
        ({"retract": "a", "at": GOOD["created_at"], "reason": "whim"}, "wrong_type", "deleted, edited or account"),
    ],
)
def test_a_refused_line_is_one_dead_letter_with_reason_and_place(line, reason, detail):
    result = read(GOOD, line, GOOD, max_text_chars=500, max_line_bytes=30_000)
    assert result.outcomes.tolist() == [Outcome.POST, Outcome.DEAD, Outcome.POST]
    index, letter = result.dead[0]
    assert index == 1
    assert (letter.stage, letter.reason, letter.origin, letter.line) == ("ingest", reason, "posts", 12)
    assert detail in letter.detail


def test_a_dead_letter_shows_the_shape_and_no_word_of_the_line():
    line = b'{"id": "abc123", "author": "Someone", "text": "au feu rue Foch 06 12", "created_at": 7'
    letter = read(line).dead[0][1]
    assert (
        letter.raw
        == b'{"xx": "xxx999", "xxxxxx": "Xxxxxxx", "xxxx": "xx xxx xxx Xxxx 99 99", "xxxxxxx_xx": 9'.replace(b"X", b"x")
    )
    assert "Someone" not in letter.detail
    assert len(read(line, max_dead_letter_bytes=10).dead[0][1].raw) == 10


def test_blank_lines_are_no_records():
    assert read(b"", b"  \t", GOOD).outcomes.tolist() == [Outcome.BLANK, Outcome.BLANK, Outcome.POST]


def test_half_a_surrogate_pair_is_mended_not_refused():
    result = read(
        b'{"id":"a","source":"s","created_at":"2026-04-07T05:48:00Z","author":"b","text":"feu \\ud83d","extra":{"x":[1]}}'
    )
    assert result.drafts[0].text == "feu \N{REPLACEMENT CHARACTER}"


def test_unknown_fields_are_ignored_and_whole_numbers_are_ids():
    draft = read(GOOD | {"id": 12, "author": 7, "likes": {"n": [1]}, "repost_of": 5}).drafts[0]
    assert (draft.id, draft.author) == ("12", "7")
    assert post(draft, PublicPseudonyms()).repost_of == pseudonym(PUBLIC_REPLAY_KEY, "post", "5")


@pytest.mark.parametrize(
    ("created", "received", "event", "age_ms"),
    [
        ("05:48:00.250Z", None, AT, 0),
        ("05:48:00.250Z", "05:48:03.250Z", AT, 0),  # heard three seconds later: the claim stands
        ("05:48:00.250Z", "05:49:00.250Z", AT + 55_000, 55_000),  # claims to be a minute old: clamped to the lateness
        ("05:48:00.250Z", "05:47:00.250Z", AT - 60_000, -60_000),  # claims the future: clamped to the arrival
        ("07:48:00.250+02:00", None, AT, 0),
        ("05:48:00.250", None, AT, 0),  # without an offset it is UTC
    ],
)
def test_event_time_is_the_claim_clamped_to_the_stream(created, received, event, age_ms):
    line = GOOD | {"created_at": f"2026-04-07T{created}"}
    if received:
        line["received_at"] = f"2026-04-07T{received}"
    result = read(line)
    assert result.event_at.tolist() == [event]
    assert post(result.drafts[0], PublicPseudonyms()).age_ms == age_ms


def test_live_lines_are_stamped_with_their_arrival():
    result = read(GOOD, {"retract": "a1", "at": "2020-01-01T00:00:00Z"}, arrived_at=AT + 1_000)
    assert result.received_at.tolist() == [AT + 1_000] * 2
    assert result.event_at.tolist()[0] == AT


def test_a_retraction_meets_its_post():
    result = read(GOOD, {"retract": "a1", "at": "2026-04-07T05:50:00Z", "reason": "edited"})
    taken = retraction(result.withdrawals[0], PublicPseudonyms())
    assert taken.post_id == post(result.drafts[0], PublicPseudonyms()).id
    assert (taken.at, taken.reason) == (parse_instant("2026-04-07T05:50:00Z"), "edited")


def test_a_post_that_leaves_holds_hashes_and_a_redacted_text():
    line = GOOD | {
        "text": "RT @other: au feu",
        "lang": "fr-FR",
        "lat": 48,
        "lon": 2.5,
        "place": " Nantes @me ",
        "reply_to": "b2",
    }
    left = post(read(line).drafts[0], PublicPseudonyms(), ("fr.feu",))
    assert left.text == "RT @_____: au feu"
    assert left.author == pseudonym(PUBLIC_REPLAY_KEY, "author", "test\0someone")
    assert (left.lang, left.point, left.profile_place, left.gate) == ("fr", Point(48.0, 2.5), "Nantes @__", ("fr.feu",))
    assert left.reply_to == pseudonym(PUBLIC_REPLAY_KEY, "post", "b2")
    assert not {"a1", "someone", "other", "b2", "me"} & set(repr(left).replace("'", " ").split())


def test_the_null_island_is_no_place():
    assert post(read(GOOD | {"lat": 0, "lon": 0}).drafts[0], PublicPseudonyms()).point is None


def test_sources_are_coded_in_the_order_of_their_lines():
    result = read(GOOD, GOOD | {"source": "b"}, b"{", GOOD)
    assert result.source_names == ("test", "b")
    assert result.sources.tolist() == [0, 1, 0, 0]
