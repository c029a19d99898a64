"""An origin of networks: a worker that falls anywhere goes on without a hole and without a double, and its store holds nothing readable."""

import asyncio
import json
import random
import time

import msgspec
import pytest

from ingest.source import Opened, Policy, Received
from tocsin import wire
from tocsin.distributed import networks
from tocsin.distributed.ingest import Ingest, PassOn
from tocsin.distributed.networks import NetworkOrigin
from tocsin.model import Progress
from tocsin.pipeline.hear import Hear, limits_of
from tocsin.pipeline.secrecy import LiveKeys
from tocsin.runtime.failures import FencedError
from tocsin.runtime.metrics import Metrics
from tocsin.runtime.store import MemoryStore
from tocsin.settings import Settings

NOW = 1_795_320_000_000
SETTINGS = Settings.model_validate({"runtime": {"tick_secs": 0.01, "block_lines": 7}, "bluesky": {"enabled": True}})


class Endless:
    """Numbered posts, from the cursor on; every third holds a term."""

    def __init__(self, total):
        self.name, self.policy, self.total = "bluesky", Policy(stall_ms=None), total

    async def listen(self, cursor, now_at):
        yield Opened(None)
        for number in range(int(cursor or b"0"), self.total):
            term = "incendie" if number % 3 == 0 else "bonjour"
            line = {
                "id": f"native-{number}",
                "source": "bluesky",
                "created_at": "2026-11-22T04:00:00Z",
                "author": "did:plc:someone",
                "text": f"{term} numéro {number}",
            }
            yield Received(lines=(json.dumps(line).encode(),), cursor=b"%d" % (number + 1))
        await asyncio.sleep(3_600)


class Gate:
    def open(self, texts):
        return [("incendie",) if "incendie" in text else () for text in texts]


class Clock:
    def __init__(self):
        self.at = NOW

    def __call__(self):
        self.at += 50
        return self.at


class Worker:
    """What the ingest worker does, without Kafka: it keeps a checkpoint now and then, and may fall between any two steps."""

    def __init__(self, store, keys, clock, kept):
        self.keys = LiveKeys(keys, clock)
        hear = Hear(Gate(), PassOn(), None, limits_of(SETTINGS), 5_000)
        self.ingest = Ingest("net", hear, SETTINGS)
        if kept:
            self.ingest.restore(kept[0])
        self.origin = NetworkOrigin(
            "net",
            frozenset({"bluesky"}),
            settings=SETTINGS,
            store=store,
            keys=keys,
            metrics=Metrics(),
            now=clock,
            cursor=kept[1] if kept else None,
        )

    def heard(self):
        return self.origin.heard(self.ingest.blocks, lambda block: self.ingest.hear(self.keys.on(block)))

    def keep(self):
        kept = self.ingest.snapshot(), self.origin.cursor()
        self.origin.settled(self.ingest.blocks)
        return kept


@pytest.fixture
def endless(monkeypatch):
    total = 60
    monkeypatch.setattr(networks, "make_sources", lambda *_, **__: [Endless(total)])
    return total


@pytest.mark.parametrize("seed", range(12))
def test_records_are_the_same_however_often_the_worker_falls(endless, seed):
    """A record is told by its lane and step; made again, it must hold the same posts: else the one that reads would drop new posts."""
    draw = random.Random(seed)
    store, keys, clock = MemoryStore(), MemoryStore(), Clock()
    kept, kept_at, sent, received, falls = None, 0, {}, 0, 0
    until = time.monotonic() + 20
    while received < endless:
        assert time.monotonic() < until
        worker = Worker(store, keys, clock, kept)
        received = kept_at
        life = draw.randrange(1, 8)
        try:
            while life > 0 and received < endless:
                assert time.monotonic() < until
                heard = worker.heard()
                if heard is None:
                    time.sleep(0.001)
                    continue
                heard, sampled = heard
                life -= 1
                if draw.random() < 0.2:
                    break  # falls between writing what was heard and using it
                made = worker.ingest.push(heard, sampled)
                received += made.counts.received
                for number, record in enumerate(made.records):
                    assert sent.setdefault((worker.ingest.blocks, number), record) == record
                if draw.random() < 0.3:
                    kept, kept_at = worker.keep(), received
        finally:
            worker.origin.close()
            falls += 1
    for number, record in enumerate(worker.ingest.finish().records):
        sent["end", number] = record
    assert falls > 1, "no fall was tried"
    posts = [number for number in range(endless) if number % 3 == 0]
    total = sum(made.count(b"incendie num") for _, made in sent.values())
    assert total == len(posts), "each gated post was sent once"


def test_what_lies_in_the_store_cannot_be_read(endless):
    store, keys = MemoryStore(), MemoryStore()
    worker = Worker(store, keys, Clock(), None)
    until = time.monotonic() + 10
    while worker.ingest.blocks < 5:
        assert time.monotonic() < until
        heard = worker.heard()
        if heard is not None:
            worker.ingest.push(*heard)
    worker.origin.close()
    lying = [value for key, (value, _) in store._values.items() if key.startswith("heard:")]
    assert lying
    for value in lying:
        assert not any(word in value for word in (b"incendie", b"native-", b"did:plc", b"bluesky"))
    worker.keep()
    assert not [key for key in store._values if key.startswith("heard")]
    assert not [key for key in keys._values if key.startswith("heard-key")]


def test_a_second_worker_is_stopped(endless):
    store, keys, clock = MemoryStore(), MemoryStore(), Clock()
    first, second = (Worker(store, keys, clock, None) for _ in range(2))
    second.origin._listener = (
        second.origin._connect()
    )  # it has seen an empty store, as one that starts at the same time does
    try:
        until = time.monotonic() + 10
        while first.heard() is None:
            assert time.monotonic() < until
        while not second.origin._listener._inbox:
            assert time.monotonic() < until
        with pytest.raises(FencedError):
            second.heard()
    finally:
        first.origin.close()
        second.origin.close()


def test_a_block_whose_key_is_gone_is_told_and_passed(endless):
    store, keys, clock = MemoryStore(), MemoryStore(), Clock()
    first = Worker(store, keys, clock, None)
    until = time.monotonic() + 10
    while first.heard() is None:
        assert time.monotonic() < until
    first.origin.close()
    keys.delete(["heard-key:net:0"])
    second = Worker(store, keys, clock, None)
    try:
        while (heard := second.heard()) is None:
            assert time.monotonic() < until
        assert heard[0].arrived_at is not None
    finally:
        second.origin.close()


class Lagging(Endless):
    """Posts of long ago: the lag is past the limit from the first, and is told in the progress records."""

    async def listen(self, cursor, now_at):
        async for event in super().listen(cursor, now_at):
            posts = isinstance(event, Received)
            yield msgspec.structs.replace(event, stream_at=NOW - 600_000, sheddable=True) if posts else event


def test_sampling_is_told_in_the_progress_records(monkeypatch):
    source = Lagging(400)
    source.policy = Policy(stall_ms=None, shed_after_ms=60_000)
    monkeypatch.setattr(networks, "make_sources", lambda *_, **__: [source])
    store, keys = MemoryStore(), MemoryStore()
    worker = Worker(store, keys, Clock(), None)
    told, until, fates = 0, time.monotonic() + 20, 0
    records = []
    try:
        while fates < 400:
            assert time.monotonic() < until
            taken = worker.heard()
            if taken is None:
                continue
            made = worker.ingest.push(*taken)
            assert made.counts.balanced
            fates += made.counts.received
            told += made.counts.filtered["sampled"]
            records += [record for _, record in made.records]
        records += [record for _, record in worker.ingest.finish().records]
    finally:
        worker.origin.close()
    progress = [part for record in records for part in wire.decode_batch(record) if isinstance(part, Progress)]
    assert sum(part.tally.get("ingest.filtered.sampled", 0) for part in progress) == told > 0
    assert sum(part.tally.get("ingest.received", 0) for part in progress) == 400


def test_positions_travel_as_a_cursor():
    position = networks.Position(b"seq", 5)
    raw = msgspec.msgpack.encode({"bluesky": position})
    assert msgspec.msgpack.decode(raw, type=dict[str, networks.Position]) == {"bluesky": position}
