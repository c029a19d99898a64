"""What cannot be read stops nothing; a version that can read nothing stops; an absent cluster or store is one clear line."""

import subprocess
import sys

import msgspec
import pytest
from fleet import WORDS
from words import stream

from tocsin import topics, wire
from tocsin.model import DeadLetter, Progress
from tocsin.runtime.kafka import ClusterError, slot


def put(fleet, topic, values):
    producer = fleet.cluster.producer()
    for value in values:
        producer.send(fleet.cluster.name(topic), 0, value)
    producer.settle()
    producer.close()


def test_a_record_that_cannot_be_read_is_one_dead_letter_and_stops_nothing(tmp_path, fleet_of):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join(stream(minutes=45)) + b"\n")
    fleet = fleet_of("poison", {"a": [path]})
    future = wire.encode(Progress(origin="a", up_to_at=0)).replace(b"\x93\x01", b"\x93\x63", 1)
    put(fleet, topics.POSTS, [b"\xc1junk", msgspec.msgpack.encode([msgspec.Raw(future)])])
    put(fleet, topics.MENTIONS, [b"\xc1junk"])
    stranger = wire.encode_batch([Progress(origin="nobody", up_to_at=1)])
    put(fleet, topics.MENTIONS, [stranger])
    put(fleet, topics.INCIDENTS, [b"\xc1junk"])
    fleet.start(*(name for name in fleet.roles if name not in ("detect-2", "extract-2")))
    del fleet.roles["detect-2"]
    fleet.wait()
    fleet.stop()
    letters = [wire.decode(raw) for raw in fleet.records(topics.DEAD_LETTERS)]
    assert all(isinstance(letter, DeadLetter) for letter in letters)
    refused = sorted(
        (one.stage, one.reason) for one in letters if one.stage != "ingest" and one.reason != "stage_error"
    )
    assert refused == [
        ("detect", "wrong_type"),
        ("detect", "wrong_type"),
        ("dispatch", "wrong_type"),
        ("extract", "unknown_version"),
        ("extract", "wrong_type"),
    ]
    assert fleet.lines(), "a fire was raised all the same"
    assert fleet.restarts == 0, fleet.logs()


def test_a_deploy_that_can_read_nothing_stops_and_skips_nothing(tmp_path, fleet_of):
    fleet = fleet_of("ill", {"a": [tmp_path / "a.jsonl"]}, undecodable_records=5)
    put(fleet, topics.POSTS, [b"\xc1junk"] * 9)
    done = subprocess.run(
        [*WORDS, *fleet.roles["extract-1"], "--config", str(fleet.config)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(
        "tocsin worker extract: none of the first 5 records can be read; is this worker older than the writers?"
    )
    assert "Traceback" not in done.stderr
    consumer = fleet.cluster.member("extract", "looks", topics.POSTS)
    assert consumer.committed(slot(fleet.cluster.name(topics.POSTS), 0)) is None, "the right version must see them all"
    consumer.close(autocommit=False)


def worker(config, role, *more):
    return subprocess.run(
        [sys.executable, "-m", "tocsin", "worker", role, "--config", str(config), *more],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_an_absent_cluster_or_store_is_one_line(tmp_path, redis_server):
    config = tmp_path / "tocsin.toml"
    config.write_text(
        '[metrics]\nenabled = false\n[distributed.origins]\na = ["a.jsonl"]\n'
        f'[kafka]\nbootstrap_servers = ["127.0.0.1:1"]\nconnect_secs = 1.0\n[store]\nurl = "{redis_server.url}"\n'
    )
    done = worker(config, "detect")
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("tocsin worker detect: Kafka: could not reach 127.0.0.1:1")
    config.write_text(
        '[metrics]\nenabled = false\n[distributed.origins]\na = ["a.jsonl"]\n[store]\nurl = "redis://127.0.0.1:1/0"\ntimeout_secs = 1\n'
    )
    done = worker(config, "detect")
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("tocsin worker detect: Redis: could not ping")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("role", "options", "said"),
    [
        ("ingest", ["--origin", "c"], "--origin: expected one of a, b, got c"),
        ("ingest", [], "--origin: expected one of a, b, got none"),
        ("dispatch", [], "expected a file in dispatch.incidents_path or --incidents, got none"),
    ],
)
def test_a_wrong_call_is_said_before_anything_is_opened(tmp_path, role, options, said):
    config = tmp_path / "tocsin.toml"
    config.write_text('[distributed.origins]\na = ["a.jsonl"]\nb = ["b.jsonl"]\n')
    done = worker(config, role, *options)
    assert (done.returncode, done.stderr) == (2, f"tocsin worker {role}: {said}\n")


def test_a_topic_with_other_partitions_is_refused(fleet_of, tmp_path):
    fleet = fleet_of("parts", {"a": [tmp_path / "a.jsonl"]})
    assert {made.new for made in fleet.cluster.apply_topics(topics.TOPICS)} == {False}
    kafka = fleet.settings.kafka.model_copy(update={"posts_partitions": 7})
    with pytest.raises(ClusterError, match=r"parts\.posts: expected 7 partitions, got 4"):
        type(fleet.cluster)(kafka).apply_topics([topics.POSTS])
