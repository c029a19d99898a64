"""A fleet of real worker processes over a real broker and a real store."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import msgspec

from tocsin import topics, wire
from tocsin.distributed.detect import DetectState
from tocsin.model import Incident
from tocsin.runtime.kafka import Cluster
from tocsin.runtime.redis_store import connect
from tocsin.settings import load_settings

HERE = Path(__file__).parent
WORDS = (sys.executable, str(HERE / "word_worker.py"))
REAL = (sys.executable, "-m", "tocsin", "--log-format", "json", "worker")
PATIENCE_SECS = 150
"""How long a fleet may take: generous, since no test asserts a time."""


def records_of(cluster, topic):
    """All committed records of a topic."""
    from kafka import TopicPartition

    consumer = cluster.consumer()
    try:
        slots = [TopicPartition(cluster.name(topic), n) for n in range(cluster.partitions(topic))]
        consumer.assign(slots)
        ends = consumer.end_offsets(slots)
        for slot in slots:
            consumer.seek(slot, 0)
        found = []
        while any(consumer.position(slot) < ends[slot] for slot in slots):
            for records in consumer.poll(timeout_ms=200).values():
                found += [record.value for record in records]
        return found
    finally:
        consumer.close(autocommit=False)


def tally_of(store):
    """What the detector's checkpoint says became of every item, by ``stage.outcome`` or ``stage.outcome.reason``."""
    kept = store.load("detect")
    return Counter() if kept is None else Counter(msgspec.msgpack.decode(kept.state, type=DetectState).tally)


class Fleet:
    """Workers of one deployment, by name; each can be killed and is then started anew."""

    def __init__(self, folder, kafka, redis, origins, *, launcher=WORDS, name="t", **shared):
        self.folder = folder
        self.launcher = launcher
        self.prefix = f"{name}."
        self.incidents = folder / "incidents.jsonl"
        self.config = folder / "tocsin.toml"
        options = {"follow": False, "progress_secs": 10.0, "checkpoint_secs": 0.5} | shared
        lines = ["[metrics]", "enabled = false", "[distributed]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in options.items()]
        lines += ["[distributed.origins]"]
        lines += [f"{key} = {json.dumps([str(path) for path in paths])}" for key, paths in origins.items()]
        lines += [
            "[kafka]",
            f'bootstrap_servers = ["{kafka}"]',
            f'prefix = "{self.prefix}"',
            "posts_partitions = 4",
            "session_secs = 2.0",
            "[store]",
            f'url = "{redis}"',
            f'prefix = "{self.prefix}"',
            "[runtime]",
            "block_lines = 25",
        ]
        self.config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.settings = load_settings(self.config, {})
        self.cluster = Cluster(self.settings.kafka)
        self.cluster.apply_topics(topics.TOPICS)
        self.store = connect(redis, prefix=self.prefix)
        self.roles = {f"ingest-{origin}": ["ingest", "--origin", origin] for origin in origins}
        self.roles |= {f"extract-{n}": ["extract"] for n in (1, 2)}
        self.roles |= {f"detect-{n}": ["detect", "--until-end"] for n in (1, 2)}
        self.roles |= {"dispatch": ["dispatch", "--incidents", str(self.incidents)]}
        self.processes = {}
        self.patience_secs = PATIENCE_SECS
        self.restarts = 0

    def start(self, *names):
        for name in names or self.roles:
            command = [*self.launcher, *self.roles[name], "--config", str(self.config), "--member", name]
            environ = {key: value for key, value in os.environ.items() if not key.startswith("TOCSIN_")}
            with (self.folder / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    command, stdout=log, stderr=log, env=environ | {"OMP_NUM_THREADS": "1"}
                )

    def kill(self, name):
        """kill -9; give whether it was alive."""
        process = self.processes[name]
        alive = process.poll() is None
        process.kill()
        process.wait()
        return alive

    def supervise(self):
        """Start again whoever fell, as compose or systemd would."""
        for name, process in list(self.processes.items()):
            if process.poll() not in (None, 0):
                self.restarts += 1
                self.start(name)

    def detected(self):
        return all(self.processes[name].poll() == 0 for name in self.roles if name.startswith("detect"))

    def said(self, name, word):
        """Whether a worker's log holds a word."""
        path = self.folder / f"{name}.log"
        return path.exists() and word in path.read_text(errors="replace")

    def flowing(self):
        """Whether an ingest worker has begun to write: the moment from which faults are worth injecting."""
        return any(self.said(name, '"started"') for name in self.roles if name.startswith("ingest"))

    def until(self, holds):
        """Return when something holds; start again whoever falls."""
        until = time.monotonic() + self.patience_secs
        while not holds():
            assert time.monotonic() < until, f"it never came to hold\n{self.logs()}"
            self.supervise()
            time.sleep(0.05)

    def wait(self, each=lambda: None):
        """Return when all is detected."""
        until = time.monotonic() + self.patience_secs
        while not self.detected():
            assert time.monotonic() < until, f"not detected in time\n{self.logs()}"
            self.supervise()
            each()
            time.sleep(0.05)

    def stop(self):
        """End all in good order; dispatch first writes what stands in the topic."""
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for name, process in self.processes.items():
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                self.kill(name)

    def lines(self):
        return self.incidents.read_bytes().splitlines()

    def logs(self):
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[-1500:]}" for path in sorted(self.folder.glob("*.log"))
        )

    def records(self, topic):
        return records_of(self.cluster, topic)

    def tally(self):
        return tally_of(self.store)

    def end(self):
        """Kill whoever still lives."""
        for name in self.processes:
            self.kill(name)
        self.store.close()

    def written(self):
        """(incident, revision) of all that the detector wrote, in order."""
        incidents = [wire.decode(raw) for raw in self.records(topics.INCIDENTS)]
        return [(one.incident_id, one.revision) for one in incidents if isinstance(one, Incident)]
