"""The contract of a runtime over a real Kafka, with both stores; and what only this way can do with words from outside."""

import itertools
import subprocess
import sys
from collections import Counter

import pytest
from deployment import PATIENCE_SECS, Deployment
from test_runtime_contract import (
    Played,
    RuntimeContract,
    by_time,
    embedded,
    files,
    fire,
    post,
    small_talk,
    where_is,
)
from words import START

from ingest.privacy import PublicPseudonyms
from tocsin import topics, wire
from tocsin.distributed.detect_worker import run_detect
from tocsin.model import GeocodeResult, SettingsChange
from tocsin.runtime.redis_store import connect
from tocsin.runtime.store import MemoryStore, StoreError
from tocsin.time import SECOND_MS

_numbers = itertools.count()


def fates(tally):
    """What became of posts, all stages together, and the dead by reason."""
    found, dead = Counter(received=tally["ingest.received"], used=tally["detect.used"]), Counter()
    for name, items in tally.items():
        _, outcome, *reason = name.split(".")
        if outcome in ("filtered", "late", "duplicate", "dead"):
            found[outcome] += items
        if outcome == "dead":
            dead[reason[0]] += items
    return +found, +dead


class OverKafka(RuntimeContract):
    """Subclasses give a fixture ``store``: a function of a name."""

    @pytest.fixture
    def deploy(self, tmp_path, kafka_node, store):
        def make(origins, **options):
            name = f"contract{next(_numbers)}"
            paths = files(tmp_path, origins)
            return Deployment(tmp_path, kafka_node.bootstrap, store(name), name, paths, **options)

        return make

    @pytest.fixture
    def play(self, deploy):
        def played(origins, words=(), **options):
            deployed = deploy(origins, **options)
            deployed.put(topics.MENTIONS, words)
            deployed.start_all()
            deployed.finish()
            letters = [wire.decode(raw) for raw in deployed.records(topics.DEAD_LETTERS)]
            found, dead = fates(deployed.tally())
            assert sum(letter.stage != "detect" for letter in letters) == dead.total(), "each is kept for the operator"
            refused = [letter.detail for letter in letters if letter.stage == "detect"]
            assert deployed.lines() == embedded(deployed.folder, origins, words, **options).lines, "as on one machine"
            return Played(deployed.lines(), found, dead, refused)

        return played


class TestKafkaAndMemory(OverKafka):
    @pytest.fixture
    def store(self):
        return lambda _name: MemoryStore()


class TestKafkaAndRedis(OverKafka):
    @pytest.fixture
    def store(self, redis_server):
        opened = []

        def make(name):
            opened.append(connect(redis_server.url, prefix=f"{name}:"))
            return opened[-1]

        yield make
        for store in opened:
            store.close()


class Falling:
    """A store that is gone for good, for the one worker that has it, after so many checkpoints."""

    def __init__(self, store, checkpoints):
        self._store, self._left = store, checkpoints

    def __getattr__(self, name):
        return getattr(self._store, name)

    def swap(self, stage, checkpoint):
        if self._left == 0:
            raise StoreError("the machine of this worker is gone")
        self._left -= 1
        self._store.swap(stage, checkpoint)


@pytest.mark.parametrize("checkpoints", [0, 1, 3])
def test_words_from_outside_survive_a_takeover(tmp_path, kafka_node, checkpoints):
    told = by_time(
        fire("my street"),
        [post("n", 300 * SECOND_MS, "fire in lyon")],
        fire("nantes", name="g", start_s=900),
        small_talk(1_800),
    )
    answers = [
        GeocodeResult(
            post_id=PublicPseudonyms().post(f"f{n}", 0), at=START + 20 * n * SECOND_MS, place=where_is("lyon")
        )
        for n in range(6)
    ]
    deaf = SettingsChange(at=START + 600 * SECOND_MS, toml="[detector]\nmin_voices = 500\n")
    words = [*answers, deaf]
    expected = embedded(tmp_path, {"a": told}, words)
    assert expected.places == ["lyon"], "sharpened by the answers; nantes falls to the settings"
    deployed = Deployment(
        tmp_path,
        kafka_node.bootstrap,
        MemoryStore(),
        f"takeover{checkpoints}",
        {"a": tmp_path / "a.jsonl"},
        checkpoint_secs=0.01,
        session_secs=2.0,
        max_lines_per_sec=40,
        block_lines=5,
    )
    deployed.put(topics.MENTIONS, words)
    deployed.start_all(but=("detect",))
    deployed.start("first", run_detect, store=Falling(deployed.store, checkpoints), until_end=True)
    first = deployed.workers.pop("first")
    first.join(PATIENCE_SECS)
    assert isinstance(first.error, StoreError)
    assert deployed.workers["ingest-a"].is_alive(), "it fell while posts were still coming"
    deployed.start("second", run_detect, until_end=True)
    deployed.finish("second")
    assert deployed.lines() == expected.lines
    written = [wire.decode(raw) for raw in deployed.records(topics.INCIDENTS)]
    assert len({(one.incident_id, one.revision) for one in written}) == len(written), "nothing is written twice"


def test_an_origin_that_never_speaks_is_left_out_by_a_word(tmp_path, kafka_node):
    told = by_time(fire("nantes"), small_talk(1_200))
    paths = files(tmp_path, {"a": told, "b": []})
    deployed = Deployment(tmp_path, kafka_node.bootstrap, MemoryStore(), "gap", paths)
    config = tmp_path / "tocsin.toml"
    config.write_text(
        f'[kafka]\nbootstrap_servers = ["{kafka_node.bootstrap}"]\nprefix = "gap."\n[distributed.origins]\n'
        f'a = ["{paths["a"]}"]\nb = ["{paths["b"]}"]\n'
    )
    deployed.start_all(but=("b",))
    deployed.until(
        lambda: not deployed.workers["ingest-a"].is_alive() and deployed.tally()["ingest.received"] == len(told)
    )
    assert deployed.records(topics.INCIDENTS) == [], "nobody knows what b would have said"
    for origin, code in (("c", 2), ("b", 0)):
        command = [sys.executable, "-m", "tocsin", "gap", origin, "--config", str(config)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == code, done.stderr
    deployed.finish()
    assert deployed.lines() == embedded(tmp_path, {"a": told}).lines
