"""A whole deployment in this process: each worker a thread, over a real broker and a store; quick to start, and it can be looked into."""

import threading
import time

from fleet import records_of, tally_of
from words import WordExtractor, WordGate

from tocsin import topics, wire
from tocsin.distributed.detect_worker import run_detect
from tocsin.distributed.dispatch_worker import run_dispatch
from tocsin.distributed.extract_worker import run_extract
from tocsin.distributed.ingest_worker import run_ingest
from tocsin.distributed.shell import Shell
from tocsin.runtime.kafka import Cluster
from tocsin.runtime.metrics import Metrics
from tocsin.runtime.stop import Stop
from tocsin.settings import Settings

PATIENCE_SECS = 90.0


class Worker(threading.Thread):
    """One worker; what it raised is kept."""

    def __init__(self, name, work, shell, *given, **options):
        super().__init__(name=name, daemon=True)
        self.stop, self.error = shell.stop, None
        self._work = lambda: work(shell, *given, **options)

    def run(self):
        try:
            self._work()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.error = error


class Deployment:
    """Two extract workers, a detector, dispatch, and an ingest worker for each origin; recorded files, read once.

    ``kafka`` adds settings of the cluster for all, ``users`` for the workers of a stage.
    """

    def __init__(self, folder, bootstrap, store, name, origins, *, partitions=2, **options):
        self.folder, self.store = folder, store
        self.incidents = folder / f"{name}.jsonl"
        self.settings = Settings.model_validate(
            {
                "metrics": {"enabled": False},
                "distributed": {
                    "origins": {origin: (path,) for origin, path in origins.items()},
                    "follow": False,
                    "progress_secs": options.get("progress_secs", 10.0),
                    "record_posts": options.get("record_posts", 50),
                    "checkpoint_secs": options.get("checkpoint_secs", 0.5),
                    "max_lines_per_sec": options.get("max_lines_per_sec"),
                },
                "kafka": {
                    "bootstrap_servers": (bootstrap,),
                    "prefix": f"{name}.",
                    "posts_partitions": partitions,
                    "session_secs": options.get("session_secs", 6.0),
                }
                | options.get("kafka", {}),
                "runtime": {"block_lines": options.get("block_lines", 25)},
            }
        )
        self.cluster = Cluster(self.settings.kafka)
        self.cluster.apply_topics(topics.TOPICS)
        self._users = options.get("users", {})
        self.workers = {}

    def start(self, name, work, *given, store=None, **options):
        """Start a worker under a name of its group."""
        own = self.settings.kafka.model_copy(update=self._users.get(name.partition("-")[0], {}))
        shell = Shell(
            settings=self.settings.model_copy(update={"kafka": own}),
            cluster=Cluster(own),
            store=store or self.store,
            metrics=Metrics(),
            stop=Stop(),
            member=name,
        )
        self.workers[name] = Worker(name, work, shell, *given, **options)
        self.workers[name].start()

    def start_all(self, *, but=()):
        """Start every worker that is not named."""
        for number in (1, 2):
            self.start(f"extract-{number}", run_extract, WordExtractor())
        if "detect" not in but:
            self.start("detect", run_detect, until_end=True)
        self.start("dispatch", run_dispatch, self.incidents)
        for origin in self.settings.distributed.origins:
            if origin not in but:
                self.start(f"ingest-{origin}", run_ingest, origin, WordGate())

    def until(self, holds):
        """Return when something holds; a worker that failed fails the test."""
        until = time.monotonic() + PATIENCE_SECS
        while not holds():
            failed = {name: worker.error for name, worker in self.workers.items() if worker.error}
            assert not failed, failed
            assert time.monotonic() < until, "it never came to hold"
            time.sleep(0.02)

    def finish(self, detector="detect"):
        """Wait until all is detected, then until all is written."""
        self.until(lambda: not self.workers[detector].is_alive())
        self.stop()

    def stop(self):
        """End all workers in good order."""
        for worker in self.workers.values():
            worker.stop.wanted = True
        for worker in self.workers.values():
            worker.join(PATIENCE_SECS)
            assert not worker.is_alive(), worker.name

    def put(self, topic, messages):
        """Write messages, one a record."""
        producer = self.cluster.producer()
        for message in messages:
            value = wire.encode_batch([message]) if topic.packed else wire.encode(message)
            producer.send(self.cluster.name(topic), 0, value)
        producer.settle()
        producer.close()

    def records(self, topic):
        """Give the values of all committed records of a topic."""
        return records_of(self.cluster, topic)

    def tally(self):
        """What the detector's checkpoint says became of every item, by ``stage.outcome`` or ``stage.outcome.reason``."""
        return tally_of(self.store)

    def lines(self):
        """Give the lines of the file of incidents."""
        return self.incidents.read_bytes().splitlines()
