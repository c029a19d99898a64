"""Readers of the hand-over on bytes from outside: a message, or one clear refusal; never another error."""

from __future__ import annotations

import pytest
from examples import alert, verdict
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch import cap, cap_notice, edxl, public
from dispatch.public import PublicError
from dispatch.xml import XmlError
from tocsin.model import Alert, Verdict

ENVELOPE = edxl.envelopes(alert(), "fr.health.tocsin")[0]
READERS = {
    "cap": (cap.read, XmlError, cap_notice.document(alert(), "tocsin")),
    "edxl-xml": (edxl.read_xml, XmlError, edxl.write_xml(ENVELOPE)),
    "edxl-json": (edxl.read_json, XmlError, edxl.write_json(ENVELOPE)),
    "alert": (lambda record: public.decode(record, Alert), PublicError, public.encode(alert())),
    "verdict": (lambda record: public.decode(record, Verdict), PublicError, public.encode(verdict())),
}
FRAGMENTS = [
    b"<",
    b"&",
    b"]]>",
    b'"',
    b"{",
    b"}",
    b"[",
    b"null",
    b"-",
    b"1e999",
    b"\x00",
    b"\xff\xfe",
    b"T25:61:61Z",
    b"9" * 40,
    b"</alert>",
    b"<!DOCTYPE a>",
]


@st.composite
def damaged(draw, whole):
    """A whole message with a few stretches cut out, doubled or replaced."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(whole)))
        end = min(len(whole), start + draw(st.integers(0, 40)))
        part = draw(st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=6), st.just(whole[start:end] * 2)))
        whole = whole[:start] + part + whole[end:]
    return whole


def taken(name, document):
    """What the reader gives, or that it refused."""
    read, refusal, _ = READERS[name]
    try:
        return read(document)
    except refusal as error:
        assert str(error).startswith("expected")  # noqa: PT017 - it may refuse, it need not
        return None


@pytest.mark.parametrize("name", READERS)
def test_the_whole_message_is_taken(name):
    assert taken(name, READERS[name][2]) is not None


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_message_is_read_or_refused(name, data):
    taken(name, data.draw(damaged(READERS[name][2])))


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused(name, noise):
    assert taken(name, noise) is None
