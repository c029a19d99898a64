"""Laws of identities and records."""

from __future__ import annotations

from typing import Literal, get_args, get_origin

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin import model, wire
from tocsin.ids import content_id, pseudonym

MESSAGES = get_args(model.Message)
parts = st.lists(st.one_of(st.text(), st.integers(-(2**63), 2**63)), max_size=4)


WHOLE = st.integers(-(2**63), 2**63 - 1)  # what MessagePack can hold
PLAIN = {
    int: WHOLE,
    float: st.floats(allow_nan=False),
    str: st.text(max_size=9),
    bytes: st.binary(max_size=9),
    bool: st.booleans(),
    type(None): st.none(),
}


def strategy(kind):
    """Values of a declared type, from the declaration alone."""
    if kind in PLAIN:
        return PLAIN[kind]
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return st.builds(kind, **{field.name: strategy(field.type) for field in msgspec.structs.fields(kind)})
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple:
        return st.lists(strategy(arguments[0]), max_size=2).map(tuple)
    if origin is dict:
        return st.dictionaries(*map(strategy, arguments), max_size=2)
    return st.one_of(*map(strategy, arguments))


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_every_message_survives_the_wire(kind):
    @settings(max_examples=30)
    @given(strategy(kind))
    def survives(message):
        record = wire.encode(message)
        assert wire.decode(record) == message
        assert wire.encode(wire.decode(record)) == record  # equal messages have equal bytes

    survives()


@given(st.binary(max_size=200))
def test_foreign_bytes_are_refused_with_a_reason(raw):
    with pytest.raises(wire.WireError) as caught:
        wire.decode(raw)
    assert caught.value.reason in {"wrong_type", "unknown_version"}


def test_one_bad_record_of_a_batch_stands_alone():
    good = model.Retraction(post_id="a", at=1)
    batch = msgspec.msgpack.encode([msgspec.Raw(wire.encode(good)), 7, msgspec.Raw(wire.encode(good))])
    first, second, third = wire.decode_batch(batch)
    assert first == third == good
    assert isinstance(second, wire.WireError)
    with pytest.raises(wire.WireError):
        wire.decode_batch(b"\x01")
    assert wire.decode_batch(wire.encode_batch([good, good])) == [good, good]


def test_other_versions_and_types_are_refused_by_name():
    for record in ((2, "Post", {}), (1, "Nothing", {})):
        with pytest.raises(wire.WireError) as caught:
            wire.decode(msgspec.msgpack.encode(record))
        assert caught.value.reason == "unknown_version"


@given(parts, parts)
def test_identities_differ_exactly_when_contents_do(one, other):
    same = [(type(p), p) for p in one] == [(type(p), p) for p in other]
    assert (content_id(*one) == content_id(*other)) == same


@given(st.text(), st.binary(min_size=1, max_size=64), st.binary(min_size=1, max_size=64))
def test_a_pseudonym_depends_on_key_domain_and_name(name, key, other):
    given_name = pseudonym(key, "author", name)
    assert given_name == pseudonym(key, "author", name)
    assert given_name != pseudonym(key, "post", name)
    if key.ljust(64, b"\0") != other.ljust(64, b"\0"):
        assert given_name != pseudonym(other, "author", name)
