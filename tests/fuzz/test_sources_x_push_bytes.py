"""Whatever X or a sender writes, a source gives lines, a dead letter or a named refusal: it never falls, and never quotes."""

import json

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.recent import Recent
from ingest.source import BrokenError, Policy, Received
from ingest.sources.push_words import MAX_FAULTS, RefusedError, lines_of
from ingest.sources.x import FilteredStream
from ingest.sources.x_compliance import ComplianceStream
from ingest.sources.x_web import Connection
from ingest.sources.x_words import Known

NOW = 1_795_320_000_000
CONNECTION = Connection(url="http://127.0.0.1:1", token="t")
ids = st.one_of(st.from_regex(r"[0-9]{1,21}", fullmatch=True), st.text(max_size=5), st.integers(), st.none())
odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.just([]),
    st.just({}),
)
number = st.one_of(st.floats(-200, 200), st.integers(-(10**20), 10**20))
geo = (
    st.fixed_dictionaries(
        {},
        optional={
            "place_id": ids,
            "coordinates": st.fixed_dictionaries({"coordinates": st.lists(number, max_size=3)}) | odd,
        },
    )
    | odd
)
references = (
    st.lists(
        st.fixed_dictionaries(
            {}, optional={"type": st.sampled_from(["retweeted", "replied_to", "quoted", ""]), "id": ids}
        ),
        max_size=3,
    )
    | odd
)
tweet = st.fixed_dictionaries(
    {"id": ids},
    optional={
        "text": st.text(max_size=30) | odd,
        "author_id": ids,
        "created_at": st.text(max_size=25) | odd,
        "edit_history_tweet_ids": st.lists(ids, max_size=40) | odd,
        "lang": st.text(max_size=4) | odd,
        "geo": geo,
        "note_tweet": st.fixed_dictionaries({"text": st.text(max_size=9)}) | odd,
        "referenced_tweets": references,
        "withheld": st.fixed_dictionaries({"country_codes": st.lists(st.text(max_size=2))}) | odd,
    },
)
includes = st.fixed_dictionaries(
    {},
    optional={
        "users": st.lists(
            st.fixed_dictionaries({"id": ids}, optional={"location": st.text(max_size=9), "protected": st.booleans()}),
            max_size=2,
        )
        | odd,
        "places": st.lists(
            st.fixed_dictionaries(
                {"id": ids},
                optional={
                    "full_name": st.text(max_size=9),
                    "geo": st.fixed_dictionaries({"bbox": st.lists(number, max_size=5)}) | odd,
                },
            ),
            max_size=2,
        )
        | odd,
        "tweets": st.lists(tweet, max_size=2) | odd,
    },
)
errors = st.lists(
    st.fixed_dictionaries({}, optional={"type": st.text(max_size=20), "title": st.text(max_size=9)}), max_size=2
)
messages = st.fixed_dictionaries({}, optional={"data": tweet | odd, "includes": includes | odd, "errors": errors | odd})
events = st.fixed_dictionaries(
    {},
    optional={
        "data": st.dictionaries(
            st.sampled_from(["delete", "tweet_edit", "drop", "user_delete", "scrub_geo", "new_kind"]),
            st.fixed_dictionaries(
                {},
                optional={
                    "tweet": st.fixed_dictionaries({"id": ids}) | odd,
                    "user": st.fixed_dictionaries({"id": ids}) | odd,
                    "initial_tweet_id": ids,
                    "edit_tweet_ids": st.lists(ids, max_size=3) | odd,
                },
            )
            | odd,
            max_size=3,
        ),
        "errors": errors | odd,
    },
)


def stream():
    return FilteredStream(
        "x",
        CONNECTION,
        Policy(),
        rules=(),
        monthly_reads=9,
        languages=frozenset(),
        now=lambda: NOW,
        known=Known(0),
        recent=Recent(window_ms=1),
    )


def check(source, raw):
    """One line gives an event whose lines are single lines; only what ends a stream is raised."""
    try:
        told = source(raw)
    except BrokenError:
        return None
    assert isinstance(told, Received)
    assert not any(b"\n" in line for line in told.lines)
    return told


@given(st.lists(messages, min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_any_message_of_the_filtered_stream(sent):
    source = stream()
    for one in sent:
        told = check(source._event, json.dumps(one).encode())
        if told is None:
            continue
        for line in told.lines:
            read = msgspec.json.decode(line)
            if "text" in read and "id" in read and "source" in read:
                assert read["id"].rpartition("/")[2].isdigit()
                assert read["text"].strip()
                assert ("lat" in read) == ("lon" in read)


@given(events)
@settings(max_examples=200, deadline=None)
def test_any_event_of_a_compliance_stream(sent):
    source = ComplianceStream("c", CONNECTION, Policy(), kind="posts", partition=1, now=lambda: NOW, known=Known(NOW))
    told = check(lambda raw: source._event(raw, b"{}"), json.dumps(sent).encode())
    for line in told.lines if told is not None else ():
        assert b"retract" in line or told.cursor is None, "lines take back; what cannot be read moves no cursor"


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes(raw):
    check(stream()._event, raw)
    _, refused = taken(raw)
    assert refused is None or len(refused.faults) <= MAX_FAULTS


def taken(raw):
    """Give the lines of a body and why it was refused."""
    try:
        return lines_of(raw, "mairie", NOW), None
    except RefusedError as refused:
        return [], refused


pushed = st.fixed_dictionaries(
    {},
    optional={
        "id": ids,
        "text": st.just("secret-word") | odd,
        "created_at": st.text(max_size=25) | odd,
        "author": st.just("secret-word") | odd,
        "lat": number | odd,
        "lon": number | odd,
        "place": st.just("secret-word") | odd,
        "retract": ids,
        "reason": st.sampled_from(["deleted", "edited", "secret-word"]) | odd,
        "colour": odd,
    },
)


@given(st.lists(pushed, max_size=5))
@settings(max_examples=300, deadline=None)
def test_any_pushed_items_are_taken_whole_or_refused_without_a_quote(sent):
    lines, refused = taken(json.dumps(sent).encode())
    assert refused is None or "secret-word" not in f"{refused} {refused.faults}"
    assert len(lines) == (len(sent) if refused is None else 0)
    for line, _ in lines:
        read = msgspec.json.decode(line)
        assert (read.get("id") or read.get("retract")).startswith("mairie "), "nobody speaks for another"
