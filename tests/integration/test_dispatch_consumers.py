"""The consumer kit, as a centre would start it: Python and Java on the alerts topic, and a webhook receiver that checks signatures."""

from __future__ import annotations

import base64
import json
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
from conftest import free_port, missing
from kafka import KafkaConsumer

sys.path.insert(0, str(Path(__file__).parents[2] / "deploy" / "kafka"))
from examples import alert

from dispatch import public
from dispatch.sink import DONE, Parcel
from dispatch.webhook import Webhook, sign
from tocsin import topics
from tocsin.model import Alert
from tocsin.runtime.kafka import Cluster, slot
from tocsin.settings.kafka import KafkaSettings
from tocsin.settings.sinks import WebhookSettings

KIT = Path(__file__).parents[2] / "deploy" / "consumers"
SECRET_BYTES = bytes(range(32))
PATIENCE_SECS = 60.0


class Program:
    """A program whose lines are read as they come; ended by its own process id."""

    def __init__(self, *command):
        self.process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._lines: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(line)

    def line(self):
        try:
            return self._lines.get(timeout=PATIENCE_SECS).decode().rstrip("\n")
        except queue.Empty:
            self.process.kill()
            pytest.fail(f"it printed nothing: {self.process.stderr.read().decode()[-2_000:]}")

    @property
    def quiet(self):
        return self._lines.empty()

    def end(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(PATIENCE_SECS)


def write(cluster, alerts):
    producer = cluster.producer(transaction="kit")
    producer.take_over()
    with producer.transaction():
        for one in alerts:
            producer.send("kit.alerts", 0, public.encode(one), key=f"{one.incident_id}.{one.centre}".encode())
        producer.settle()
    producer.close()


@pytest.fixture(scope="module")
def written(kafka_node):
    """A topic of alerts: name of the cluster, name of the topic, the alerts."""
    cluster = Cluster(KafkaSettings(bootstrap_servers=(kafka_node.bootstrap,), prefix="kit."))
    cluster.apply_topics(topics.TOPICS)
    alerts = [
        alert(alert_id=f"{number:016x}", sequence=number, status=status)
        for number, status in enumerate(("Draft", "Actual", "Draft"), 1)
    ]
    write(cluster, alerts)
    return kafka_node.bootstrap, "kit.alerts", alerts


def committed(bootstrap, topic):
    """How far the group has read, for sure."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, group_id="python", enable_auto_commit=False)
    try:
        return consumer.committed(slot(topic, 0)) or 0
    finally:
        consumer.close(autocommit=False)


def test_ten_lines_of_python_print_every_alert_and_go_on_where_they_were(written):
    bootstrap, topic, alerts = written
    consumer = Program(sys.executable, KIT / "kafka_alerts.py", bootstrap, topic, "python")
    printed = [consumer.line().split("\t") for _ in alerts]
    until = time.monotonic() + PATIENCE_SECS
    while committed(bootstrap, topic) < len(alerts):
        assert time.monotonic() < until
        time.sleep(0.05)
    consumer.end()
    again = Program(sys.executable, KIT / "kafka_alerts.py", bootstrap, topic, "python")
    write(Cluster(KafkaSettings(bootstrap_servers=(bootstrap,), prefix="kit.")), [alert(alert_id="f" * 16)])
    assert again.line().startswith("f" * 16)
    again.end()
    assert printed == [[one.alert_id, "cta-44", one.status, "Alert", "fire", "Nantes"] for one in alerts]


def test_the_same_in_java(written):
    bootstrap, topic, alerts = written
    java = shutil.which("java")
    if (
        java is None
        or b"jdk.compiler" not in subprocess.run([java, "--list-modules"], capture_output=True, check=True).stdout
    ):
        missing("a Java that runs source files")
    from node import jars

    consumer = Program(java, "-cp", f"{jars()}/*", KIT / "KafkaAlerts.java", bootstrap, topic, "java")
    printed = []
    while len(printed) < len(alerts):
        line = consumer.line()
        if "\t{" in line:  # the client's own log lines go the same way
            printed.append(line.split("\t", 1))
    consumer.end()
    assert [public.decode(body.encode(), Alert) for _, body in printed[: len(alerts)]] == alerts
    assert {key for key, _ in printed} == {"i1.cta-44"}


@pytest.fixture
def receiver(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("whsec_" + base64.b64encode(SECRET_BYTES).decode())
    port = free_port()
    program = Program(sys.executable, KIT / "webhook_receiver.py", port, secret)
    until = time.monotonic() + PATIENCE_SECS
    while True:
        try:
            httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)
            break
        except httpx.ConnectError:
            assert time.monotonic() < until
            time.sleep(0.02)
    yield program, f"http://127.0.0.1:{port}/alerts", secret
    program.end()


def test_the_receiver_takes_what_is_signed_once_and_nothing_else(receiver):
    program, url, secret = receiver
    hook = Webhook(WebhookSettings(name="hook", url=url, secret_path=secret), now=lambda: time.time_ns() // 1_000_000)
    parcels = [
        Parcel(key=key, order="i1", media_type="application/json", body=public.encode(alert(alert_id=key)))
        for key in ("a" * 16, "b" * 16)
    ]
    assert [hook.deliver(one) for one in (parcels[0], parcels[0], parcels[1])] == [DONE] * 3
    assert [program.line() for _ in range(2)] == [f"{'a' * 16}\tDraft\tcta-44", f"{'b' * 16}\tDraft\tcta-44"]
    now_secs = int(time.time())
    body = json.dumps({"centre": "x"}).encode()
    for key, at, signature in (
        ("c", now_secs, sign(b"another secret, also 32 bytes..", "c", now_secs, body)),
        ("c", now_secs - 301, sign(SECRET_BYTES, "c", now_secs - 301, body)),
        ("c", now_secs, sign(SECRET_BYTES, "d", now_secs, body)),
        ("c", now_secs, sign(SECRET_BYTES, "c", now_secs, body + b" ")),
        ("c", "soon", ""),
    ):
        headers = {"webhook-id": key, "webhook-timestamp": str(at), "webhook-signature": signature}
        assert httpx.post(url, content=body, headers=headers, trust_env=False).status_code == 401
    assert program.quiet
    hook.close()
