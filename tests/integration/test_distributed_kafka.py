"""The same stages over a real Kafka and a real Redis: identical incidents, whatever falls, and every post accounted for."""

import io
import itertools
import os
import random
import time

import msgspec
import pytest
from words import WordExtractor, WordGate, stream

from ingest.files import Reading, read_blocks
from ingest.privacy import PublicPseudonyms
from ingest.record import Limits
from tocsin import topics, wire
from tocsin.model import DeadLetter
from tocsin.pipeline.detect import Detect
from tocsin.pipeline.hear import Hear
from tocsin.pipeline.outputs import LineOutputs
from tocsin.pipeline.run import run
from tocsin.runtime.metrics import Metrics
from tocsin.runtime.stop import Stop
from tocsin.settings import Settings

ROUNDS = int(os.environ.get("TORTURE_ROUNDS", "5"))
SEED = int(os.environ.get("TORTURE_SEED", "1"))


def split(folder, lines):
    """Two origins: every other line."""
    paths = folder / "a.jsonl", folder / "b.jsonl"
    for start, path in enumerate(paths):
        path.write_bytes(b"".join(line + b"\n" for line in lines[start::2]))
    return paths


def embedded(paths):
    """The incidents and the counts of the same files on one machine, in this process."""
    settings = Settings.model_validate({"runtime": {"extract_processes": 0}})
    out = io.BytesIO()
    detect = Detect(settings, LineOutputs(out), Metrics())
    hear = Hear(WordGate(), WordExtractor(), PublicPseudonyms(), Limits(), 5_000)
    summary = run(read_blocks([str(path) for path in paths], Reading()), detect, lambda: hear, settings, Stop())
    return out.getvalue().splitlines(), summary.counts


def assert_conserved(found, expected):
    """Each stage's counts add up by themselves, stages agree with each other, and with the embedded run."""

    def of(stage, *outcomes):
        return sum(
            items
            for name, items in found.items()
            if name.startswith(f"{stage}.")
            and name.split(".")[1] in (outcomes or ("used", "filtered", "late", "duplicate", "dead"))
        )

    assert of("ingest", "received") == of("ingest") == expected.received
    assert of("ingest", "used") == of("extract", "received") == of("extract")
    assert of("extract", "used") == of("detect", "received") == of("detect", "used", "late", "duplicate")
    assert of("detect", "used") == expected.used
    assert of("ingest", "duplicate") + of("detect", "duplicate") == expected.duplicate
    assert of("ingest", "late") == expected.late
    assert of("ingest", "dead") + of("extract", "dead") == expected.dead.total()


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenario")
    paths = split(folder, stream())
    lines, counts = embedded(paths)
    assert len({msgspec.json.decode(line)["incident_id"] for line in lines}) == 2, "both fires are raised"
    return paths, lines, counts


_names = itertools.count()


@pytest.fixture
def fleet_on(fleet_of):
    """Give a function that makes a fleet with one origin a file."""
    return lambda paths, **options: fleet_of(f"t{next(_names)}", {path.stem: [path] for path in paths}, **options)


def test_two_origins_two_extractors_and_a_standby_give_the_incidents_of_one_machine(scenario, fleet_on):
    paths, expected, counts = scenario
    fleet = fleet_on(paths)
    fleet.start()
    fleet.wait()
    fleet.stop()
    assert fleet.lines() == expected, fleet.logs()
    assert len(fleet.written()) == len(set(fleet.written()))
    assert_conserved(fleet.tally(), counts)
    buried = [wire.decode(raw) for raw in fleet.records(topics.DEAD_LETTERS)]
    assert all(isinstance(letter, DeadLetter) for letter in buried)
    assert len(buried) == counts.dead.total()
    assert fleet.restarts == 0, fleet.logs()


class Faults:
    """Kills workers and servers at seeded moments; knows what truly fell."""

    def __init__(self, seed, fleet, kafka, redis):
        self.draw = random.Random(seed)
        self.fleet, self.kafka, self.redis = fleet, kafka, redis
        self.fired = []
        self.began = None
        names = list(fleet.roles)
        kinds = [*self.draw.sample(names, 3), *([["broker"], ["store"], []][seed % 3])]
        self.plan = sorted((self.draw.uniform(0, 3), kind) for kind in kinds)

    def __call__(self):
        if self.began is None:
            if self.fleet.flowing():
                self.began = time.monotonic()
            return
        while self.plan and time.monotonic() - self.began >= self.plan[0][0]:
            self.fire(self.plan.pop(0)[1])

    def fire(self, kind):
        if kind == "broker":
            self.kafka.stop(kill=True)
            self.kafka.start()
        elif kind == "store":
            self.redis.stop(kill=True)
            self.redis.start()
        elif not self.fleet.kill(kind):
            return
        self.fired.append(kind)


@pytest.mark.timeout(180 * max(1, ROUNDS // 5) + 240)
@pytest.mark.parametrize("seed", range(SEED, SEED + ROUNDS))
def test_whatever_is_killed_no_incident_is_lost_or_doubled(seed, scenario, fleet_on, kafka_node, redis_server):
    paths, expected, counts = scenario
    fleet = fleet_on(paths, max_lines_per_sec=300)
    faults = Faults(seed, fleet, kafka_node, redis_server)
    fleet.start()
    fleet.wait(faults)
    fleet.stop()
    told = f"seed {seed}: killed {faults.fired}\n{fleet.logs()}"
    assert fleet.lines() == expected, told
    assert len(fleet.written()) == len(set(fleet.written())), told
    assert_conserved(fleet.tally(), counts)
    assert faults.fired, told
    print(f"seed {seed}: killed {', '.join(faults.fired)}; {fleet.restarts} restarts")  # noqa: T201 - a measurement


def test_a_standby_takes_over(scenario, fleet_on):
    paths, expected, _ = scenario
    fleet = fleet_on(paths, max_lines_per_sec=150)
    fleet.start(*(name for name in fleet.roles if name != "detect-2"))
    fleet.until(lambda: fleet.said("detect-1", '"active"'))
    fleet.start("detect-2")
    fleet.until(lambda: fleet.said("detect-2", "standing by") and fleet.written())
    del fleet.roles["detect-1"]
    assert fleet.kill("detect-1")
    del fleet.processes["detect-1"]
    fell_at = time.monotonic()
    fleet.until(lambda: fleet.said("detect-2", '"active"'))
    took_secs = time.monotonic() - fell_at
    fleet.wait()
    fleet.stop()
    assert fleet.lines() == expected, fleet.logs()
    print(f"a standby took over {took_secs:.1f} s after kill -9 of the active detector (session 2 s)")  # noqa: T201 - a measurement
