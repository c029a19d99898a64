"""Logs: one JSON object a line, and never what a person wrote."""

import io
import json
import logging
import sys

import pytest
import structlog

from tocsin.model import DeadLetter, Post
from tocsin.runtime.logging import MAX_DEPTH, PRIVATE_KEYS, LogOptions, PrivateFieldError, configure, get_logger


@pytest.fixture
def stream():
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield io.StringIO()
    structlog.reset_defaults()
    root.handlers[:], level = before
    root.setLevel(level)


def read(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_stream_that_is_no_terminal_gets_json(stream):
    assert configure(None, "info", stream) == LogOptions("json", "info")
    get_logger("ingest").info("started", sources=2, place="Saint-Étienne")
    (event,) = read(stream)
    moment = event.pop("timestamp")
    assert moment.endswith("Z")
    assert event == {"event": "started", "level": "info", "room": "ingest", "sources": 2, "place": "Saint-Étienne"}


def test_the_console_form_is_one_readable_line(stream):
    configure("console", "info", stream)
    get_logger("ingest").warning("late", posts=3)
    (line,) = stream.getvalue().splitlines()
    assert "late" in line
    assert "posts=3" in line
    assert "{" not in line


def test_lines_below_the_level_are_not_written(stream):
    configure("json", "warning", stream)
    log = get_logger("detect")
    log.info("quiet")
    log.warning("loud")
    assert [event["event"] for event in read(stream)] == ["loud"]


def test_libraries_are_heard_from_warning_on_in_the_same_form(stream):
    configure("json", "debug", stream)
    logging.getLogger("kafka.conn").info("chatter")
    logging.getLogger("kafka.conn").error("broken %s", "pipe")
    (event,) = read(stream)
    assert (event["event"], event["level"], event["logger"]) == ("broken pipe", "error", "kafka.conn")


@pytest.mark.parametrize("key", sorted(PRIVATE_KEYS))
def test_a_private_field_is_refused_and_nothing_is_written(stream, key):
    configure("json", "info", stream)
    with pytest.raises(PrivateFieldError, match=key):
        get_logger("ingest").info("read", **{key: "words of a person"})
    assert stream.getvalue() == ""


def test_the_named_ones_are_among_the_private_fields():
    assert {"text", "author", "handle"} <= PRIVATE_KEYS


def post():
    return Post(id="p", source="replay", author="a", event_at=0, received_at=0, text="words of a person")


@pytest.mark.parametrize(
    "value",
    [
        {"TEXT": "words"},
        [{"posts": [{"author": "a"}]}],
        post(),
        (1, {"seen": post()}),
        DeadLetter(stage="ingest", reason="not_json", detail="expected an object", raw=b"words"),
    ],
    ids=["capitals", "nested", "a post", "a post below", "a dead letter"],
)
def test_private_values_are_refused_at_any_depth(stream, value):
    configure("json", "info", stream)
    with pytest.raises(PrivateFieldError):
        get_logger("ingest").info("read", what=value)
    assert stream.getvalue() == ""


def test_what_is_too_deep_to_be_checked_is_refused(stream):
    configure("json", "info", stream)
    deep = 1
    for _ in range(MAX_DEPTH + 1):
        deep = [deep]
    with pytest.raises(PrivateFieldError, match="deeper"):
        get_logger("ingest").info("read", what=deep)


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_no_local_variables(stream, form):
    configure(form, "info", stream)
    secret = "words of a " + "person"
    try:
        len(secret) / 0
    except ZeroDivisionError:
        get_logger("extract").exception("failed")
    written = stream.getvalue()
    assert "ZeroDivisionError" in written
    assert secret not in written


def test_lines_go_to_the_standard_error_of_the_moment(stream, monkeypatch):  # the fixture puts the logs back
    first, second = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", first)
    configure("json")
    log = get_logger("room")
    log.warning("one")
    first.close()
    monkeypatch.setattr(sys, "stderr", second)
    log.warning("two")
    logging.getLogger("library").warning("three")
    assert [json.loads(line)["event"] for line in second.getvalue().splitlines()] == ["two", "three"]
