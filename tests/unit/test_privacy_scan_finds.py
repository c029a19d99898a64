"""The control of the privacy scan: it finds what is planted, in every wrapping, and finds it when redaction is off."""

import base64
import gzip
import json
import zlib
from urllib.parse import quote

import lz4.frame
import msgspec
import pytest
import zstandard
from privacy_scan import broken, found, hostile, needles, plants, scan
from words import WordExtractor, WordGate

import ingest.post
from ingest.block import Builder
from ingest.privacy import DayKeys
from ingest.record import Limits
from tocsin import wire
from tocsin.distributed.ingest import Ingest, PassOn
from tocsin.model import Post
from tocsin.pipeline.hear import Hear
from tocsin.settings import Settings

AT = "2026-04-07T12:00:00Z"
SETTINGS = Settings.model_validate({"distributed": {"origins": {"a": ("a",)}}, "kafka": {"posts_partitions": 1}})
KEYS = DayKeys({20_550: b"a" * 32}, {20_550: b"p" * 32})

WRAPPINGS = {
    "plain": lambda raw: raw,
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "zstd": zstandard.compress,
    "lz4": lz4.frame.compress,
    "base64": base64.b64encode,
    "base64 for addresses": base64.urlsafe_b64encode,
    "hex": lambda raw: raw.hex().encode(),
    "percent": lambda raw: quote(raw, safe="").encode(),
    "utf-16": lambda raw: raw.decode().encode("utf-16-le"),
    "json string": lambda raw: json.dumps({"a": [raw.decode()]}).encode(),
    "json escapes": lambda raw: ('"' + "".join(f"\\u{ord(c):04x}" for c in raw.decode()) + '"').encode(),
    "msgpack": lambda raw: msgspec.msgpack.encode({"a": [1, {"b": raw}]}),
    "msgpack key": lambda raw: msgspec.msgpack.encode({raw.decode(): 1}),
    "upper case": bytes.upper,
    "in a line": lambda raw: b"12:00 info said=" + raw + b" n=1",
}


@pytest.mark.parametrize("kind", sorted(plants(1)))
@pytest.mark.parametrize("wrap", sorted(WRAPPINGS))
def test_every_needle_is_found_in_every_wrapping(wrap, kind):
    needle = needles(1)[kind]
    assert found(WRAPPINGS[wrap](needle + b" " * 16), {kind: needle}) == {kind}


@pytest.mark.parametrize("outer", ["gzip", "zstd", "lz4", "base64", "msgpack"])
@pytest.mark.parametrize("inner", ["gzip", "zstd", "lz4", "base64", "msgpack", "json string"])
def test_wrappings_within_wrappings_are_opened(outer, inner):
    needle = needles(1)["handle"]
    assert found(WRAPPINGS[outer](WRAPPINGS[inner](needle)), {"h": needle})


@pytest.mark.parametrize(
    "spaced", ["0612983576", "06.12.98.35.76", "06-12-98-35-76", "06 12 98 35 76", "06%2012%2098%2035%2076"]
)
def test_a_number_is_found_however_it_is_spaced(spaced):
    assert found(spaced.encode(), {"phone": needles(1)["phone"]}) == {"phone"}


def test_nothing_is_found_where_nothing_was_planted():
    assert scan({"x": json.dumps({"id": "1a2b", "text": "incendie à Nantes"}).encode() * 50}, [1, 2]) == []


def test_the_planted_post_gives_its_author_away_in_every_kind():
    raw = json.dumps([hostile(1, "incendie", AT), hostile(2, "incendie", AT)]).encode()
    assert {kind for _, _, kind in scan({"input": raw}, [1, 2])} == set(plants(1))


def written(extra=()):
    """All that ingest writes of hostile lines, without sealing."""
    hear = Hear(WordGate(), PassOn(), None, Limits(), 5_000)
    ingest_ = Ingest("a", hear, SETTINGS)
    builder = Builder()
    for number, line in enumerate(
        [json.dumps(hostile(n, "fire in nantes", AT)).encode() for n in (1, 2)] + list(extra)
    ):
        builder.add("f", number + 1, line)
    block = msgspec.structs.replace(builder.take(number=0, arrived_at=1_775_563_200_000), keys=KEYS)
    made = ingest_.take(block)
    return made, b"".join(record for _, record in made.records)


def test_with_redaction_off_the_scan_finds_it(monkeypatch):
    monkeypatch.setattr(ingest.post, "redact", lambda text: text)
    _, raw = written()
    assert {kind for _, _, kind in scan({"posts": raw}, [1, 2])} >= {
        "handle",
        "did",
        "e-mail",
        "phone",
        "plate",
        "account url",
        "home",
    }


def test_with_pseudonyms_off_the_scan_finds_it(monkeypatch):
    monkeypatch.setattr("tocsin.ids.pseudonym", lambda _key, _domain, name: name)
    monkeypatch.setattr("ingest.privacy.pseudonym", lambda _key, _domain, name: name)
    _, raw = written()
    assert {kind for _, _, kind in scan({"posts": raw}, [1, 2])} >= {"at-uri", "status id", "numeric author", "did"}


def test_even_before_sealing_nothing_but_a_name_in_plain_words_is_left():
    made, raw = written(broken(3, AT))
    assert {(number, kind) for _, number, kind in scan({"posts": raw}, [1, 2, 3])} == {(1, "surname"), (2, "surname")}
    assert sum(isinstance(part, Post) for _, record in made.records for part in wire.decode_batch(record)) == 2


def test_dead_letters_hold_nothing_of_a_person_in_any_field():
    made, _ = written(broken(3, AT))
    letters = b"\n".join(msgspec.json.encode(letter) for letter in made.dead)
    assert len(made.dead) == len(broken(3, AT))
    assert scan({"dead letters": letters}, [3]) == []


def test_mentions_hold_nothing_of_a_person():
    made, _ = written()
    posts = [part for _, record in made.records for part in wire.decode_batch(record) if isinstance(part, Post)]
    mentions = wire.encode_batch(WordExtractor().mentions(posts))
    assert scan({"mentions": mentions}, [1, 2]) == []
