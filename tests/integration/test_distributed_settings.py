"""``tocsin settings``: new detector settings while the workers run, and those in force, over a real broker and a real store."""

import subprocess
import sys

import pytest
import structlog
from deployment import Deployment
from words import stream

from tocsin import topics
from tocsin.distributed.detect_worker import run_detect
from tocsin.runtime.redis_store import connect


@pytest.fixture
def deployed(tmp_path, kafka_node, redis_server):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join(stream(minutes=45)) + b"\n")
    store = connect(redis_server.url, prefix=f"told-{tmp_path.name}:")
    made = Deployment(tmp_path, kafka_node.bootstrap, store, f"told-{tmp_path.name}", {"a": path})
    made.config = tmp_path / "tocsin.toml"
    made.config.write_text(
        f'[kafka]\nbootstrap_servers = ["{kafka_node.bootstrap}"]\nprefix = "told-{tmp_path.name}."\nposts_partitions = 2\n'
        f'connect_secs = 2.0\n[store]\nurl = "{redis_server.url}"\nprefix = "told-{tmp_path.name}:"\n[detector]\nmin_voices = 4\n'
    )
    yield made
    made.stop()
    store.close()


def tocsin(deployed, *words):
    command = [sys.executable, "-m", "tocsin", "settings", *words, "--config", str(deployed.config)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_what_is_applied_acts_and_is_shown_and_outlives_the_worker(deployed, tmp_path):
    before = tocsin(deployed, "show")
    assert before.returncode == 0, before.stderr
    assert "No detector has kept a checkpoint yet" in before.stdout
    assert "min_voices = 4" in before.stdout

    new = tmp_path / "new.toml"
    new.write_text('[detector]\nmin_voices = 500\n[kafka]\nsasl_password = "secret-of-a-file"\n')
    done = tocsin(deployed, "apply", str(new), "--at", "2026-04-07T00:00:00Z")
    assert (done.returncode, done.stderr) == (0, "")
    assert "acts from 2026-04-07T00:00:00.000Z on" in done.stdout
    assert "detector.min_voices = 500 (the workers' file: 4)" in done.stdout
    assert not any(b"secret-of-a-file" in raw for raw in deployed.records(topics.MENTIONS)), "only [detector] travels"

    deployed.start_all()
    deployed.finish()
    assert deployed.lines() == [], "nothing has 500 voices"
    shown = tocsin(deployed, "show")
    assert shown.returncode == 0, shown.stderr
    assert "In force at checkpoint" in shown.stdout
    assert "min_voices = 500" in shown.stdout

    with structlog.testing.capture_logs() as logs:
        deployed.start("detect-2", run_detect)
        deployed.until(lambda: any(line["event"] == "active" for line in logs))
    warned = next(line for line in logs if "with the settings in force" in line["event"])
    assert warned["log_level"] == "warning"
    assert warned["keys"] == ["min_voices"]


@pytest.mark.parametrize(
    ("text", "more", "said"),
    [
        ("[detector]\nmin_voicse = 3\n", [], "new.toml:2: detector.min_voicse: expected a key of [detector]"),
        ("[runtime]\n", [], "new.toml: expected a section [detector], got none"),
        ("[detector]\n", ["--at", "noon"], "--at: expected an instant as 2026-06-01T06:00:00Z, got noon"),
    ],
)
def test_what_cannot_act_is_refused_before_it_is_sent(deployed, tmp_path, text, more, said):
    new = tmp_path / "new.toml"
    new.write_text(text)
    done = tocsin(deployed, "apply", str(new), *more)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert deployed.records(topics.MENTIONS) == []


def test_an_absent_cluster_is_one_line(deployed, tmp_path):
    new = tmp_path / "new.toml"
    new.write_text("[detector]\n")
    lines = deployed.config.read_text().splitlines()
    deployed.config.write_text(
        "\n".join(['[kafka]\nbootstrap_servers = ["127.0.0.1:1"]\nconnect_secs = 1.0', *lines[5:]])
    )
    done = tocsin(deployed, "apply", str(new))
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("tocsin settings apply: Kafka: could not reach 127.0.0.1:1")
    assert len(done.stderr.splitlines()) == 1, "what kafka-python logs on the way is not for this line"
