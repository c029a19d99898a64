"""The geocode worker on a real broker and a real store: questions in ``mentions``, answers in ``mentions``, remembered across a restart."""

import os
import signal
import subprocess
import sys
import time

import pytest
from fleet import records_of
from geocoder_server import GeocoderServer
from towns import MARSEILLE

from tocsin import topics, wire
from tocsin.distributed.detect import Detect
from tocsin.model import Ask, GeocodeResult, Mention, Progress
from tocsin.runtime.kafka import Cluster
from tocsin.settings import load_settings

LIMIT_SECS = 80
AT = 1_775_540_880_000
AUBAGNE = Ask("rue d'Aubagne", ("aubagne",), "street", MARSEILLE, 0.8)


def mention(number):
    return Mention(
        post_id=f"p{number}", source="s", author=f"a{number}", event_at=AT + number * 1_000, received_at=AT + number * 1_000,
        hazards={"fire": 1.0}, terms=("feu",), witness="first_hand", probability=0.9, places=(MARSEILLE,), asks=(AUBAGNE,),
        fingerprint=(number + 1) * 0x1234567 << 20,
    )  # fmt: skip


def progress(step, up_to_at, *, ended=False):
    return Progress(origin="o", up_to_at=up_to_at, partition=0, step=step, ended=ended)


@pytest.fixture
def server():
    serving = GeocoderServer("photon")
    yield serving
    serving.close()


@pytest.fixture
def deployment(tmp_path, kafka_node, redis_server, server):
    config = tmp_path / "tocsin.toml"
    config.write_text(
        f"""
        [metrics]
        enabled = false
        [distributed.origins]
        o = ["nowhere"]
        [kafka]
        bootstrap_servers = ["{kafka_node.bootstrap}"]
        prefix = "geo."
        posts_partitions = 1
        session_secs = 2.0
        [store]
        url = "{redis_server.url}"
        prefix = "geo."
        [geocoder]
        enabled = true
        service = "photon"
        domain = "{server.domain}"
        scheme = "http"
        delay_secs = 0
        """
    )
    settings = load_settings(config, {})
    cluster = Cluster(settings.kafka)
    cluster.apply_topics(topics.TOPICS)
    return config, settings, cluster


def start(config):
    environ = {key: value for key, value in os.environ.items() if not key.startswith("TOCSIN_")}
    command = [
        sys.executable,
        "-m",
        "tocsin",
        "--log-format",
        "json",
        "worker",
        "geocode",
        "--config",
        str(config),
        "--member",
        "g1",
    ]
    return subprocess.Popen(command, stderr=subprocess.PIPE, env=environ)


def stop(process):
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err.decode()[-2_000:]
    assert b"ubagne" not in err, "the words are in no log"


def answers(cluster):
    parts = [part for value in records_of(cluster, topics.MENTIONS) for part in wire.decode_batch(value)]
    return [part for part in parts if isinstance(part, GeocodeResult)]


def write(cluster, *batches):
    producer = cluster.producer()
    for batch in batches:
        producer.send(cluster.name(topics.MENTIONS), 0, wire.encode_batch(list(batch)))
    producer.settle()
    producer.close()


def until(true, process):
    end = time.monotonic() + LIMIT_SECS
    while not true():
        assert process.poll() is None, process.communicate()[1].decode()[-2_000:]
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.1)


def test_answers_stand_in_the_topic_and_whoever_reads_it_again_sees_the_same(deployment, server):
    config, settings, cluster = deployment
    write(cluster, [mention(0), mention(1), progress(0, AT + 2_000)])
    process = start(config)
    try:
        until(lambda: len(answers(cluster)) == 2, process)
    finally:
        stop(process)
    assert server.asked == ["rue d'Aubagne, Marseille"]
    write(cluster, [mention(n) for n in range(2, 8)] + [progress(1, AT + 60_000)])
    process = start(config)  # the same member again: it goes on where it was, and remembers
    try:
        until(lambda: len(answers(cluster)) == 8, process)
    finally:
        stop(process)
    assert server.asked == ["rue d'Aubagne, Marseille"], "remembered in the store, across processes"
    write(cluster, [progress(2, AT + 600_000, ended=True)])
    found = {answer.post_id: answer for answer in answers(cluster)}
    assert set(found) == {f"p{n}" for n in range(8)}
    assert all(one.place.lat == 43.2948 for one in found.values())

    def detected():
        detect = Detect(settings)
        written = []
        for offset, value in enumerate(records_of(cluster, topics.MENTIONS)):
            incidents, dead = detect.take(f"mentions/0@{offset}", value)
            assert dead == []
            written += incidents
        return [wire.encode(incident) for incident in written]

    once, again = detected(), detected()
    assert once == again
    last = wire.decode(once[-1])
    assert (last.lat, last.lon) == (43.2948, 5.3812), "the incident stands at the street"


def test_without_a_geocoder_the_worker_says_so(tmp_path):
    config = tmp_path / "off.toml"
    config.write_text("[metrics]\nenabled = false\n")
    process = start(config)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 2
    assert b"geocoder.enabled" in err
