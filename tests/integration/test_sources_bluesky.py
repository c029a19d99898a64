"""Bluesky against a server that speaks Jetstream's wire, with every fault it knows: no post lost, none doubled."""

import asyncio
import json
import random
import ssl
import time
from collections import Counter
from urllib.parse import urlsplit

import pytest
import trustme
import zstandard
from jetstream_server import JetstreamServer, World
from listening import FAST, Heard, now_ms

from ingest.sources.bluesky import Jetstream
from tocsin.runtime import metrics as declared
from tocsin.settings.sources import BlueskySettings

FAULTS = [
    "cut",
    "cut_in_frame",
    "close",
    "too_slow",
    "malformed",
    "bad_opcode",
    "stall",
    "duplicate",
    "reorder",
    "429",
    "503",
]
SEEDS = range(120)


@pytest.fixture(scope="module")
def dictionary():
    samples = [
        json.dumps({"did": f"did:plc:{n:024d}", "text": "un texte", "time_us": n}).encode() * 4 for n in range(400)
    ]
    return zstandard.train_dictionary(4_096, samples, dict_id=4242).as_bytes()


def source(server, protocol, *, policy=FAST, dictionary_path=None, **chosen):
    settings = BlueskySettings(
        enabled=True,
        urls=(server.url,),
        protocol=protocol,
        dictionary_path=dictionary_path,
        **({"compress": False} | chosen),
    )
    return Jetstream("bluesky", settings, policy)


def base_us():
    return now_ms() * 1_000


def run(seed, protocol, kinds, *, compress=False, server_dictionary=None, path=None):
    """Listen to a world through faults; give the listener, the server and the world, after a part without faults."""
    draw = random.Random(f"{seed} {protocol}")
    world = World(seed, base_us())
    faults = [(draw.choice(kinds), draw.randrange(0, 12)) for _ in range(draw.randrange(1, 5))]
    server = JetstreamServer(dictionary=server_dictionary, faults=faults)
    heard = Heard(source(server, protocol, compress=compress, dictionary_path=path))
    try:
        heard.until(lambda: any("sec-websocket-key" in request.headers for request in server.requests))
        left = list(world.events)
        while left:
            size = draw.randrange(1, 25)
            server.publish(left[:size])
            left = left[size:]
            if draw.random() < 0.5:
                heard.poll()
        want = Counter(world.expected)
        heard.until(lambda: not want - heard.count())
        heard.settle()
    finally:
        heard.close()
        server.close()
    return heard, server, want


@pytest.mark.parametrize("protocol", ["v1", "v2"])
def test_nothing_is_lost_or_doubled_over_many_seeds(protocol):
    fired = Counter()
    for seed in SEEDS:
        heard, server, want = run(seed, protocol, FAULTS)
        got = heard.count()
        bad = got.pop(("bad", ""), 0)
        assert got == want, (
            f"seed {seed} {protocol}: lost {want - got}, doubled or invented {got - want}, faults {server.fired}"
        )
        assert bad >= 3 * server.fired["malformed"], f"seed {seed}: an unreadable frame disappeared"
        fired += server.fired
    assert not set(FAULTS) - set(fired), f"faults that never fired: {set(FAULTS) - set(fired)}"


@pytest.mark.parametrize("protocol", ["v1", "v2"])
def test_zstandard_frames_give_the_same(protocol, dictionary, tmp_path):
    path = tmp_path / "zstd_dictionary"
    path.write_bytes(dictionary)
    for seed in range(1_000, 1_010):
        heard, server, want = run(
            seed, protocol, ["cut", "close", "malformed"], compress=True, server_dictionary=dictionary, path=path
        )
        got = heard.count()
        got.pop(("bad", ""), 0)
        assert got == want
        asked = [request for request in server.requests if "sec-websocket-key" in request.headers]
        assert all(request.get("compress") == "true" or request.get("zstdDictionary") == "4242" for request in asked)


def test_a_retired_dictionary_is_fetched_anew(dictionary):
    server = JetstreamServer(dictionary=dictionary)
    listening = source(server, "v2", compress=True)
    heard = Heard(listening)
    try:
        heard.until(lambda: server.connections == 1)
        server.dictionary = zstandard.train_dictionary(
            4_096, [json.dumps({"a": n, "b": "autre chose"}).encode() * 5 for n in range(400)], dict_id=77
        ).as_bytes()
        world = World(1, base_us())
        server.faults = [("cut", 0)]
        server.down()
        server.up()
        server.publish(world.events)
        heard.until(lambda: not Counter(world.expected) - heard.count())
        assert server.fired["UnknownZstdDictionary"] == 1
    finally:
        heard.close()
        server.close()


def test_a_quiet_instance_that_is_asked_a_little_again_doubles_nothing():
    """Two hundred numbers of a quiet instance reach back for hours: further than anything is known by its age."""
    world = World(11, (now_ms() - 800_000) * 1_000, events=150, step_us=5_000_000, posts=0.8)
    server = JetstreamServer(faults=[("cut", 90)])
    heard = Heard(source(server, "v2"))
    try:
        heard.until(lambda: server.connections == 1)
        server.publish(world.events)
        heard.until(lambda: not Counter(world.expected) - heard.count())
        heard.settle()
        assert heard.count() == Counter(world.expected)
        assert server.fired["cut"] == 1
        assert heard.metrics.value(declared.SOURCE_REPEATED, "bluesky") > 50
    finally:
        heard.close()
        server.close()


def test_an_expired_sequence_number_is_followed_by_time_and_nothing_is_lost():
    server = JetstreamServer(faults=[("cut", 12)])
    world = World(3, base_us())
    heard = Heard(source(server, "v2"))
    try:
        heard.until(lambda: server.connections == 1)
        server.refused_below = 9_999
        server.publish(world.events)
        heard.until(lambda: not Counter(world.expected) - heard.count())
        assert server.fired["CursorTooOld"] >= 1
        assert heard.metrics.value(declared.SOURCE_BREAKS, "bluesky", "cursor_too_old") >= 1
        assert heard.count() == Counter(world.expected)
    finally:
        heard.close()
        server.close()


def test_another_archive_with_smaller_numbers_is_followed_by_time():
    server = JetstreamServer(faults=[("cut", 12)])
    server.renumber(500_000)
    world = World(5, base_us())
    heard = Heard(source(server, "v2"))
    try:
        heard.until(lambda: server.connections == 1)
        server.publish(world.events[:30])
        heard.until(lambda: server.connections == 2 and len(heard.lines) > 12)
        server.down()
        server.renumber(1)  # once nothing is sent any more: else the old connection gives new numbers
        server.up()
        server.publish(world.events[30:])
        heard.until(lambda: not Counter(world.expected) - heard.count())
        assert server.fired["FutureCursor"] == 1
        assert heard.count() == Counter(world.expected)
    finally:
        heard.close()
        server.close()


@pytest.mark.parametrize("protocol", ["v1", "v2"])
def test_what_the_instance_no_longer_has_is_told_as_a_gap(protocol):
    """The floor lies beyond the cursor: v1 clamps in silence, v2 with a notice; the gap is told with its instants all the same."""
    server = JetstreamServer()
    start_us = (now_ms() - 600_000) * 1_000
    world = World(7, start_us, events=100, step_us=3_000_000)
    first = Heard(source(server, protocol))
    first.until(lambda: server.connections == 1)
    server.publish(world.events[:40])
    first.until(lambda: len(first.lines) >= 20)
    first.settle()
    positions = first.listener.positions()
    first.close()
    server.publish(world.events[40:])
    server.floor_seq = 81  # events 41 to 80 are gone
    second = Heard(source(server, protocol), positions=positions)
    try:
        second.until(lambda: any(not gap.filled for gap in second.gaps))
        lost = next(gap for gap in second.gaps if not gap.filled)
        heard_at, again_at = (world.events[at]["at_us"] // 1_000 for at in (39, 80))
        assert heard_at - 10_000 <= lost.from_at <= heard_at + 3_000
        assert again_at <= lost.to_at <= again_at + 15_000
    finally:
        second.close()
        server.close()


def test_a_restart_goes_on_where_the_lines_were_taken():
    server = JetstreamServer()
    world = World(11, base_us(), events=200)
    first = Heard(source(server, "v2"))
    try:
        first.until(lambda: server.connections == 1)
        server.publish(world.events[:100])
        first.until(lambda: len(first.lines) > 20)
        positions = first.listener.positions()
        taken = first.count()
        first.close()
        server.publish(world.events[100:])
        second = Heard(source(server, "v2"), positions=positions)
        second.until(lambda: not Counter(world.expected) - taken - second.count())
        second.settle()
        second.close()
        assert taken + second.count() == Counter(world.expected), (
            "the sequence number is exact, not a time with an overlap"
        )
    finally:
        server.close()


def test_a_cursor_older_than_the_backfill_is_not_followed_and_the_gap_is_told():
    server = JetstreamServer()
    world = World(13, base_us())
    first = Heard(source(server, "v2"))
    first.until(lambda: server.connections == 1)
    server.publish(world.events[:30])
    first.until(lambda: len(first.lines) > 5)
    positions = first.listener.positions()
    first.close()
    later = now_ms() + 24 * 3_600_000
    second = Heard(source(server, "v2"), positions=positions, now=lambda: later)
    try:
        second.until(lambda: len(second.gaps) > 1)  # what is lost, then what the network still holds
        assert [gap.filled for gap in second.gaps] == [False, True]
        assert second.gaps[0].to_at == second.gaps[1].from_at == later - FAST.backfill_ms
        asked = [request for request in server.requests if request.get("cursor")]
        assert int(asked[-1].get("cursor")) == (later - FAST.backfill_ms - FAST.overlap_ms) * 1_000
    finally:
        second.close()
        server.close()


def test_the_next_instance_takes_over():
    first, second = JetstreamServer(), JetstreamServer()
    world = World(17, base_us())
    settings = BlueskySettings(enabled=True, urls=(first.url, second.url), compress=False)
    heard = Heard(Jetstream("bluesky", settings, FAST))
    try:
        heard.until(lambda: first.connections == 1)
        first.publish(world.events[:30])
        second.renumber(70_000_000)
        second.publish(world.events[:30])
        heard.until(lambda: len(heard.lines) > 10)
        first.down()
        second.publish(world.events[30:])
        heard.until(lambda: not Counter(world.expected) - heard.count())
        heard.settle()
        assert heard.count() == Counter(world.expected)
        assert heard.metrics.value(declared.SOURCE_REPEATED, "bluesky") > 0, "the overlap came twice and was known"
    finally:
        heard.close()
        first.close()
        second.close()


def test_an_instance_that_answers_and_says_nothing_is_left():
    deaf, well = JetstreamServer(faults=[("stall", 0)] * 50), JetstreamServer()
    world = World(18, base_us())
    deaf.publish(world.events)
    settings = BlueskySettings(enabled=True, urls=(deaf.url, well.url), compress=False)
    heard = Heard(Jetstream("bluesky", settings, FAST))
    try:
        heard.until(lambda: well.connections >= 1)
        well.publish(world.events)
        heard.until(lambda: not Counter(world.expected) - heard.count())
        assert heard.count() == Counter(world.expected)
    finally:
        heard.close()
        deaf.close()
        well.close()


def test_a_half_open_connection_is_known_by_the_clock_of_the_stream():
    server = JetstreamServer(faults=[("half_open", 10)])
    world = World(19, base_us())
    heard = Heard(source(server, "v2"))
    try:
        heard.until(lambda: server.connections == 1)
        server.publish(world.events)
        heard.until(lambda: not Counter(world.expected) - heard.count())
        assert heard.metrics.value(declared.SOURCE_BREAKS, "bluesky", "stalled") >= 1
        assert server.fired["half_open"] == 1
    finally:
        heard.close()
        server.close()


def test_429_is_obeyed():
    server = JetstreamServer(faults=[("429", 0)])
    heard = Heard(source(server, "v2"))
    try:
        heard.until(lambda: server.connections == 2)
        assert heard.metrics.value(declared.SOURCE_BREAKS, "bluesky", "rate_limited") == 1
    finally:
        heard.close()
        server.close()


def test_tls_is_checked(tmp_path):
    ours, theirs = trustme.CA(), trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.issue_cert("127.0.0.1").configure_cert(context)
    ours.cert_pem.write_to_path(tmp_path / "ours.pem")
    theirs.cert_pem.write_to_path(tmp_path / "theirs.pem")
    server = JetstreamServer(context)
    world = World(23, base_us())
    doubted = Heard(source(server, "v2", ca_path=tmp_path / "theirs.pem"))
    trusted = Heard(source(server, "v2", ca_path=tmp_path / "ours.pem"))
    try:
        doubted.until(lambda: doubted.metrics.value(declared.SOURCE_BREAKS, "bluesky", "tls") >= 2)
        trusted.until(lambda: trusted.metrics.value(declared.SOURCE_CONNECTED, "bluesky") == 1)
        server.publish(world.events)
        trusted.until(lambda: not Counter(world.expected) - trusted.count())
        doubted.poll()
        assert not doubted.lines
    finally:
        doubted.close()
        trusted.close()
        server.close()


def test_a_slow_pipeline_holds_the_network_back_and_loses_nothing():
    from ingest.inbox import Inbox

    server = JetstreamServer()
    world = World(29, base_us(), events=10_000, step_us=10)
    inbox = Inbox(max_lines=50)
    heard = Heard(source(server, "v2"), inbox=inbox)
    try:
        heard.until(lambda: server.connections == 1)
        server.publish(world.events)
        until = time.monotonic() + 10
        while not inbox.full:
            assert time.monotonic() < until
            time.sleep(0.001)
        time.sleep(3 * FAST.stall_ms / 1_000)  # longer than a stall: being held back is none
        assert len(inbox) <= 55
        assert server.connections == 1
        heard.until(lambda: len(heard.lines) >= len(world.expected))
        assert server.connections == 1
        assert heard.count() == Counter(world.expected)
    finally:
        heard.close()
        server.close()


def test_the_official_client_reads_the_same_from_our_server():
    """The server is judged by a client that is not ours: the SDK of the AT Protocol."""
    from atproto import AsyncJetstreamClient

    server = JetstreamServer()
    world = World(31, base_us())

    async def read():
        client = AsyncJetstreamClient(
            {"cursor": 1, "collections": ["app.bsky.feed.post"], "kinds": ["commit", "account"]},
            base_uri=f"{server.url}/xrpc",
            compress=False,
        )
        got = []

        async def take(message):
            got.append(message)
            if len(got) == want:
                await client.stop()

        await asyncio.wait_for(client.start(take), 20)
        return got

    wanted = [e for e in world.events if e["kind"] == "account" or e.get("collection") == "app.bsky.feed.post"]
    want = len(wanted)
    server.publish(world.events)
    try:
        got = asyncio.run(read())
    finally:
        server.close()
    assert [message.did for message in got] == [event["did"] for event in wanted]
    assert urlsplit(server.url).port == server.port
