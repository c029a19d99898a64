"""HTTP push across falls: what was answered for is kept, by the ingest worker and by a run, and nothing doubles."""

import json
import random
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from conftest import free_port
from listening import Heard, now_ms
from pushing import POLICY, SECRET, in_thread, post, send, sign

from ingest.sources.push import Push
from tocsin.distributed.ingest import PassOn
from tocsin.distributed.networks import NetworkOrigin
from tocsin.pipeline.hear import Hear, limits_of
from tocsin.pipeline.secrecy import LiveKeys
from tocsin.runtime.metrics import Metrics
from tocsin.runtime.store import MemoryStore, StoreError
from tocsin.settings import Settings
from tocsin.settings.sources import PushSettings


class Worker:
    """An ingest worker over a store, as far as it hears: what was heard of a block is kept, then used."""

    def __init__(self, store, keys, port):
        chosen = {
            "push": {"enabled": True, "port": port, "secrets": {"mairie": SECRET}},
            "runtime": {"tick_secs": 60},
        }
        self._origin = NetworkOrigin(
            "net",
            frozenset({"push"}),
            settings=Settings.model_validate(chosen),
            store=store,
            keys=keys,
            metrics=Metrics(),
            now=now_ms,
            cursor=None,
        )
        self._hear = Hear(EveryGate(), PassOn(), None, limits_of(Settings()), 5_000)
        self._keys = LiveKeys(keys, now_ms)
        self.blocks = 0
        self.texts, self.polled = [], False
        self.close = self._origin.close

    def step(self):
        heard = self._origin.heard(self.blocks, self._heard)
        if heard is not None:
            self.blocks += 1
            self.texts += [words.text for words in heard[0].words.values()]

    def go_on(self, until):
        while time.monotonic() < until:
            self.step()

    def _heard(self, block):
        heard = self._hear(self._keys.on(block))
        self.polled = self.polled or bool(heard.words)
        return heard


class EveryGate:
    def open(self, texts):
        return [("incendie",) for _ in texts]


def test_an_ingest_worker_answers_once_what_was_heard_stands_in_the_store():
    """It falls right after the answer, before anything was sent on: the next one finds the post."""
    store, keys, answers, port = MemoryStore(), MemoryStore(), [], free_port()
    body = json.dumps(post(1)).encode()
    worker = Worker(store, keys, port)
    until = time.monotonic() + 20
    sending = None
    while not answers:
        assert time.monotonic() < until
        worker.step()
        if sending is None and is_open(port):
            sending = in_thread(port, body, sign(body, identity="1"), answers)
        time.sleep(0.005)
    sending.join(10)
    worker.close()
    assert answers[0][0] == 202
    assert worker.texts == [post(1)["text"]]
    second = Worker(store, keys, port)
    while second.blocks < worker.blocks:
        second.step()
    second.close()
    assert second.texts == worker.texts


class FailingStore(MemoryStore):
    """A store that at some time takes nothing more."""

    away = False

    def put_if_absent(self, key, value, ttl_ms=None):
        if self.away:
            raise StoreError("away")
        return super().put_if_absent(key, value, ttl_ms)


def test_an_ingest_worker_does_not_answer_for_what_the_store_did_not_take():
    store, answers, port = FailingStore(), [], free_port()
    body = json.dumps(post(1)).encode()
    worker = Worker(store, MemoryStore(), port)
    until = time.monotonic() + 20
    while not is_open(port):
        assert time.monotonic() < until
        worker.step()
    store.away = True
    sending = in_thread(port, body, sign(body, identity="1"), answers)
    with pytest.raises(StoreError):
        worker.go_on(until)
    assert worker.polled, "the post was taken off the queue"
    worker.close()  # as the worker falls
    sending.join(20)
    assert [status for status, _, _ in answers] == [503], "told to come again"


def is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Life:
    """One life of a process: a server and a pipeline that keeps lines, then says so, and falls where the seed says."""

    def __init__(self, kept, fall):
        self._kept, self._fall = kept, fall
        source = Push("push", PushSettings(enabled=True, port=0), POLICY, secrets={"mairie": [SECRET]}, now=now_ms)
        self._heard = Heard(source)
        self.fell = None
        self._ends = threading.Event()
        self._heard.until(lambda: self._heard.listener.addresses)
        self.port = urlsplit(self._heard.listener.addresses["push"]).port
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        where, after = self._fall
        while not self._ends.is_set():
            lines = [line for _, _, line in self._heard.listener.poll()]
            if lines and after == 0 and where == "before it is kept":
                self.fell = where
                break
            self._kept += lines
            if lines and after == 0 and where == "kept and not said":
                self.fell = where
                break
            self._heard.listener.settle(self._heard.listener.positions())
            after -= bool(lines)
            self._ends.wait(0.001)
        self._heard.close()

    def end(self):
        self._ends.set()
        self._thread.join(20)


FALLS = ["before it is kept", "kept and not said", "never"]


def lived(seed):
    """Send the messages of a seed until each is answered, from life to life; give how the lives ended and how many lines came twice."""
    draw = random.Random(seed)
    kept, answered, fell = [], [], Counter()
    messages = [[post(f"{seed}-{m}-{n}") for n in range(draw.randrange(1, 4))] for m in range(draw.randrange(2, 6))]
    life = Life(kept, (draw.choice(FALLS), draw.randrange(3)))
    for number, items in enumerate(messages):
        body = json.dumps(items).encode()
        while True:
            try:
                status = send(life.port, body, sign(body, identity=str(number)))[0]
            except OSError:
                status = 0
            if status in (200, 202):
                break
            life.end()
            fell[life.fell] += 1
            assert fell.total() < 30, f"seed {seed}"
            life = Life(kept, (draw.choice(FALLS), draw.randrange(3)))
        answered += [f"mairie {item['id']}" for item in items]
        assert set(answered) <= {json.loads(line)["id"] for line in kept}, f"seed {seed}: answered for and lost"
    life.end()
    came = Counter(json.loads(line)["id"] for line in kept)
    assert set(came) == set(answered), f"seed {seed}"
    assert fell or set(came.values()) == {1}, f"seed {seed}: doubled without a fall"
    return fell, sum(count - 1 for count in came.values())


def test_nothing_answered_for_is_lost_and_nothing_doubles_across_falls():
    """200 seeds: processes that fall between taking, keeping and answering; senders that send until they are answered."""
    with ThreadPoolExecutor(12) as pool:  # a server takes its time to end
        told = list(pool.map(lived, range(200)))
    fell = sum((one for one, _ in told), Counter())
    assert fell["before it is kept"] > 20
    assert fell["kept and not said"] > 20
    assert sum(doubled for _, doubled in told) > 0, "no fall made a line come twice, which its id would tell"
