"""Alerts over a real Kafka: from the topics of incidents and verdicts to those of alerts, across falls; and an ordinary consumer."""

from __future__ import annotations

import itertools
import threading
import time

import httpx
import msgspec
import pytest
from conftest import free_port
from deployment import PATIENCE_SECS, Worker
from examples import LOIRE, MAINE, T0, incident, verdict

from dispatch import public
from dispatch.folder import LINES
from dispatch.verdicts import VerdictGate
from tocsin import topics, wire
from tocsin.distributed.dispatch_worker import run_dispatch
from tocsin.distributed.shell import Shell
from tocsin.model import Alert, DeadLetter
from tocsin.runtime.kafka import Cluster, Producer, slot
from tocsin.runtime.metrics import Metrics
from tocsin.runtime.stop import Stop
from tocsin.runtime.store import MemoryStore
from tocsin.settings import Settings
from tocsin.settings.sinks import FolderSettings

TOKEN = "loire-may-decide-0000001"
_numbers = itertools.count()


class Place:
    """Topics of their own, a store, and dispatch workers one after the other."""

    def __init__(self, folder, bootstrap, *, door=False):
        self.folder = folder
        tokens = folder / "tokens"
        tokens.write_text(f"{TOKEN} cta-44 decide\n")
        self.settings = Settings.model_validate(
            {
                "metrics": {"enabled": False},
                "distributed": {"checkpoint_secs": 0.2},
                "kafka": {"bootstrap_servers": (bootstrap,), "prefix": f"alerts{next(_numbers)}.", "session_secs": 6.0},
                "dispatch": {
                    "territories": (LOIRE, MAINE),
                    "outbox_path": folder / "outbox.db",
                    "folders": (FolderSettings(name="lines", path=folder / "out"),),
                    "door": {"enabled": True, "port": free_port(), "tokens_path": tokens} if door else {},
                },
            }
        )
        self.cluster = Cluster(self.settings.kafka)
        self.cluster.apply_topics(topics.TOPICS)
        self.store = MemoryStore()

    def start(self):
        shell = Shell(
            settings=self.settings,
            cluster=Cluster(self.settings.kafka),
            store=self.store,
            metrics=Metrics(),
            stop=Stop(),
            member="dispatch",
        )
        worker = Worker("dispatch", run_dispatch, shell, self.folder / "incidents.jsonl")
        worker.start()
        return worker

    def end(self, worker):
        worker.stop.wanted = True
        worker.join(PATIENCE_SECS)
        assert not worker.is_alive()
        assert worker.error is None, worker.error

    def put(self, topic, *messages):
        producer = self.cluster.producer()
        for message in messages:
            producer.send(self.cluster.name(topic), 0, message if isinstance(message, bytes) else wire.encode(message))
        producer.settle()
        producer.close()

    def read(self, topic):
        """All records of a topic, as they were committed."""
        consumer = self.cluster.consumer()
        there = slot(self.cluster.name(topic), 0)
        consumer.assign([there])
        consumer.seek_to_beginning(there)
        end, found = consumer.end_offsets([there])[there], []
        while consumer.position(there) < end:
            for records in consumer.poll(timeout_ms=200).values():
                found += records
        consumer.close(autocommit=False)
        return found

    def alerts(self):
        return [public.decode(record.value, Alert) for record in self.read(topics.ALERTS)]

    def delivered(self):
        path = self.folder / "out" / LINES
        return (
            [msgspec.json.decode(line)["alert_id"] for line in path.read_bytes().splitlines()] if path.exists() else []
        )

    def until(self, holds, worker=None):
        until = time.monotonic() + PATIENCE_SECS
        while not holds():
            assert worker is None or worker.error is None, worker.error
            assert time.monotonic() < until, "it never came to hold"
            time.sleep(0.05)


@pytest.fixture
def place(tmp_path, kafka_node):
    return Place(tmp_path, kafka_node.bootstrap)


def test_incidents_and_verdicts_become_alerts_and_deliveries(place):
    worker = place.start()
    place.put(topics.INCIDENTS, incident())
    place.until(lambda: len(place.alerts()) == 2, worker)
    place.put(topics.VERDICTS, public.encode(verdict()), verdict(centre="nobody"), b"junk", b"{}", incident())
    place.until(lambda: len(place.alerts()) == 4, worker)
    place.until(lambda: len(place.delivered()) == 4, worker)
    place.end(worker)
    gate = VerdictGate((LOIRE, MAINE))
    assert place.alerts() == [*gate.feed(incident()), *gate.feed(verdict())]
    assert [record.key for record in place.read(topics.ALERTS)] == [b"i1.cta-44", b"i1.cta-49"] * 2
    assert sorted(place.delivered()) == sorted(one.alert_id for one in place.alerts())
    letters = [wire.decode(record.value) for record in place.read(topics.DEAD_LETTERS)]
    assert sorted((one.stage, one.reason) for one in letters if isinstance(one, DeadLetter)) == [
        ("gate", "refused_verdict"),
        *[("gate", "wrong_type")] * 3,
    ]


@pytest.mark.parametrize("point", ["before the topic", "after the topic", "before the checkpoint"])
def test_a_fall_anywhere_loses_no_alert_and_doubles_none(place, monkeypatch, point):
    fell = threading.Event()
    armed = threading.Event()

    def falls(*given, real):
        if armed.is_set() and not fell.is_set():
            fell.set()
            raise RuntimeError("it falls")
        return real(*given)

    from tocsin.distributed.keeping import Keeper
    from tocsin.pipeline.handover import Mail

    owner, name = {
        "before the topic": (Producer, "transaction"),
        "after the topic": (Mail, "carry"),
        "before the checkpoint": (Keeper, "keep"),
    }[point]
    real = getattr(owner, name)
    monkeypatch.setattr(owner, name, lambda self, *given, **named: falls(real=lambda: real(self, *given, **named)))
    worker = place.start()
    place.put(topics.INCIDENTS, incident())
    place.until(lambda: len(place.alerts()) == 2, worker)
    armed.set()
    place.put(topics.INCIDENTS, incident(2), incident(3, reason="corrected"))
    place.put(topics.VERDICTS, verdict(at=T0 + 400_000))
    place.until(fell.is_set)
    worker.join(PATIENCE_SECS)
    assert str(worker.error) == "it falls"
    again = place.start()
    place.until(lambda: len({one.alert_id for one in place.alerts()}) == 8, again)
    place.until(lambda: len(set(place.delivered())) == 8, again)
    place.end(again)
    alerts = place.alerts()
    identities = [one.alert_id for one in alerts]
    assert len(identities) == len(set(identities)) == 8
    assert sorted(place.delivered()) == sorted(identities)
    assert sum(one.status == "Actual" for one in alerts if isinstance(one, Alert)) == 1


def test_the_door_of_the_worker_shows_alerts_and_takes_verdicts_across_a_restart(tmp_path, kafka_node):
    place = Place(tmp_path, kafka_node.bootstrap, door=True)
    base = f"http://127.0.0.1:{place.settings.dispatch.door.port}"
    with httpx.Client(base_url=base, headers={"authorization": f"Bearer {TOKEN}"}, timeout=20, trust_env=False) as http:

        def told():
            try:
                return [(one["centre"], one["status"]) for one in http.get("/alerts").json()["messages"]]
            except httpx.TransportError:
                return []  # not served yet

        worker = place.start()
        place.put(topics.INCIDENTS, incident())
        place.until(lambda: told() == [("cta-44", "Draft")], worker)
        assert http.post("/verdicts", content=public.encode(verdict(centre="cta-49"))).status_code == 403
        assert http.post("/verdicts", content=public.encode(verdict(operator=""))).status_code == 422
        assert http.post("/verdicts", content=public.encode(verdict())).status_code == 202
        place.until(lambda: told() == [("cta-44", "Draft"), ("cta-44", "Actual")], worker)
        place.end(worker)
        again = place.start()
        place.until(lambda: told() == [("cta-44", "Draft"), ("cta-44", "Actual")], again)
        place.end(again)
    assert [wire.decode(record.value) for record in place.read(topics.VERDICTS)] == [verdict()]
