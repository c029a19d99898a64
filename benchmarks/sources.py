"""What listening to Bluesky costs: microseconds of processor an event, and how many times faster than the network that is.

Usage: python benchmarks/sources.py [--events N] [--rounds N]

A process of its own sends a whole network's events, 40 of 1,000 of them posts, over a real socket as fast as they are read, whatever
filters were asked for: the worst case, in which the instance leaves nothing out. The listener's processor time (its thread and the poll
that drains it) is taken with ``time.process_time``. The ratio is to 2,000 events a second, twice what the network has. The same stream is
read by the protocol's own SDK for comparison, in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import json
import multiprocessing
import random
import resource
import socket
import statistics
import time
from datetime import UTC, datetime

import zstandard

from ingest.inbox import Inbox
from ingest.listener import Listener
from ingest.source import Policy
from ingest.sources.bluesky import Jetstream
from tocsin.runtime.metrics import Metrics
from tocsin.settings.sources import BlueskySettings

REAL_TIME_PER_SEC = 2_000
POSTS_PER_MILLE = 40
METHOD = "network.bsky.jetstream.subscribeEvents"
WORDS = [
    "la",
    "ville",
    "un",
    "feu",
    "dans",
    "rue",
    "Foch",
    "à",
    "Rennes",
    "ce",
    "matin",
    "beaucoup",
    "de",
    "fumée",
    "je",
    "vois",
    "les",
    "pompiers",
    "qui",
    "arrivent",
]


def events(count, v2):
    """Invented events as JSON text, a microsecond apart."""
    draw = random.Random(1)
    start_us = time.time_ns() // 1_000
    for number in range(count):
        did = f"did:plc:{draw.randrange(10**9):024d}"
        us = start_us + number * 500
        at = datetime.fromtimestamp(us / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{us % 1_000_000:06d}Z"
        post = number % 1_000 < POSTS_PER_MILLE
        collection = (
            "app.bsky.feed.post"
            if post
            else draw.choice(["app.bsky.feed.like", "app.bsky.graph.follow", "app.bsky.feed.repost"])
        )
        record = {"$type": collection, "createdAt": at}
        if post:
            record |= {"text": " ".join(draw.choices(WORDS, k=draw.randrange(8, 40))), "langs": ["fr"]}
        else:
            record |= {
                "subject": {
                    "cid": "bafyreidc6sydkkbchcyg62v77wbhzvb2mvytlmsychqgwf2xojjtirmzj4",
                    "uri": f"at://{did}/app.bsky.feed.post/3k",
                }
            }
        commit = {
            "rev": f"3r{number}",
            "operation": "create",
            "collection": collection,
            "rkey": f"3k{number}",
            "record": record,
            "cid": "bafyrei" + "a" * 52,
        }
        if v2:
            body = {"$type": f"{METHOD}#commit", "seq": number + 1, "did": did, "time": at, "witnessedAt": at, **commit}
            yield json.dumps({"$type": "message", "payload": body}, ensure_ascii=False, separators=(",", ":"))
        else:
            yield json.dumps(
                {"did": did, "time_us": us, "kind": "commit", "commit": commit},
                ensure_ascii=False,
                separators=(",", ":"),
            )


def frame(payload, opcode):
    size = len(payload)
    length = (
        bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2) if size < 1 << 16 else b"\x7f" + size.to_bytes(8)
    )
    return bytes([0x80 | opcode]) + length + payload


def serve(count, v2, dictionary, pipe):
    """Send everything to each client, then keep the connection."""
    texts = [text.encode() for text in events(count, v2)]
    packer = zstandard.ZstdCompressor(dict_data=zstandard.ZstdCompressionDict(dictionary)) if dictionary else None
    bodies = [packer.compress(text) for text in texts] if packer else texts
    data = b"".join(frame(body, 2 if packer else 1) for body in bodies)
    listening = socket.create_server(("127.0.0.1", 0))
    pipe.send((listening.getsockname()[1], sum(map(len, texts))))
    kept = []
    while True:
        client, _ = listening.accept()
        kept.append(client)
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(65_536)
        if b"getZstdDictionary" in head:
            client.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(dictionary) + dictionary
            )
            client.close()
            continue
        key = next(
            line.split(b": ", 1)[1] for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key")
        )
        accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        protocol = b"Sec-WebSocket-Protocol: xrpc.v1.json\r\n" if b"xrpc.v1.json" in head else b""
        client.sendall(
            b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
            + accept
            + b"\r\n"
            + protocol
            + b"\r\n"
        )
        try:
            client.sendall(data)
        except OSError:
            continue


def ours(port, protocol, count, dictionary_path=None, *, compress=False):
    """Listen to all; give the processor seconds, the wall seconds and the lines."""
    settings = BlueskySettings(
        enabled=True,
        urls=(f"ws://127.0.0.1:{port}",),
        protocol=protocol,
        compress=compress,
        dictionary_path=dictionary_path,
    )
    posts = count * POSTS_PER_MILLE // 1_000
    wall, cpu = time.monotonic(), time.process_time()
    listener = Listener(
        [Jetstream("bluesky", settings, Policy(stall_ms=None))],
        positions={},
        metrics=Metrics(),
        now=lambda: time.time_ns() // 1_000_000,
        draw=random.random,
        inbox=Inbox(),
    )
    lines = 0
    while lines < posts:
        lines += len(listener.poll())
        time.sleep(0.02)
    spent = time.process_time() - cpu, time.monotonic() - wall
    listener.close()
    assert lines == posts, f"expected {posts} posts, got {lines}"
    return spent


def theirs(port, count):
    """The same stream through the SDK of the AT Protocol."""
    from atproto import AsyncJetstreamClient  # noqa: PLC0415 - a second to load, and no part of what is measured

    async def read():
        client = AsyncJetstreamClient(base_uri=f"ws://127.0.0.1:{port}/xrpc", compress=False)
        got = 0

        async def take(_message):
            nonlocal got
            got += 1
            if got == count:
                await client.stop()

        await client.start(take)

    wall, cpu = time.monotonic(), time.process_time()
    asyncio.run(read())
    return time.process_time() - cpu, time.monotonic() - wall


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    samples = [text.encode() for text in list(events(2_000, v2=True))]
    dictionary = zstandard.train_dictionary(65_536, samples, dict_id=7).as_bytes()
    context = multiprocessing.get_context("spawn")
    print(
        f"{chosen.events:,} events, {POSTS_PER_MILLE} of 1,000 are posts; real time is {REAL_TIME_PER_SEC:,} events a second"
    )
    print(f"{'':24}{'us/event':>10}{'events/s':>12}{'x real time':>13}{'bytes/event':>13}")
    for name, v2, packed in (("v1 plain", False, None), ("v2 plain", True, None), ("v2 zstandard", True, dictionary)):
        here, there = context.Pipe()
        server = context.Process(target=serve, args=(chosen.events, v2, packed, there), daemon=True)
        server.start()
        port, size = here.recv()
        protocol = "v2" if v2 else "v1"
        runs = [ours(port, protocol, chosen.events, compress=packed is not None) for _ in range(chosen.rounds)]
        show(name, chosen.events, runs, size)
        if name == "v2 plain":
            show("v2 plain, SDK alone", chosen.events, [theirs(port, chosen.events)], size)
        server.terminate()
        server.join()
    print(f"largest memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")


def show(name, count, runs, size):
    micros = statistics.median(cpu for cpu, _ in runs) / count * 1e6
    rate = count / statistics.median(wall for _, wall in runs)
    print(f"{name:24}{micros:>10.1f}{rate:>12,.0f}{1e6 / micros / REAL_TIME_PER_SEC:>13.1f}{size / count:>13.0f}")


if __name__ == "__main__":
    main()
