"""Real servers for the integration tests, started on loopback and ended by process id."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest


def pytest_configure() -> None:
    """Hear an interrupt: a shell in the background ignores it, and all programs that the tests start would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def missing(what: str) -> None:
    """A real part is absent: an error in CI, elsewhere a skip that says why."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing, and CI must have it", pytrace=False)
    pytest.skip(f"{what} is missing on this machine")


@pytest.fixture(autouse=True)
def _all_clients_are_closed():
    """No test leaves a Kafka client behind: its thread would call a broker that is gone, and log, while other tests run."""
    yield
    left = [thread.name for thread in threading.enumerate() if thread.name.startswith("kafka-io-")]
    assert left == []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port: int, process: subprocess.Popen, limit_s: float = 60.0) -> None:
    """Return when the port accepts; fail when the process ends or the limit is over."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        if process.poll() is not None:
            pytest.fail(f"{process.args[0]} ended with {process.returncode} before it listened", pytrace=False)
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"{process.args[0]} did not listen on {port} within {limit_s} s", pytrace=False)


class RedisServer:
    """A redis-server of Debian, by default with append-only persistence in its folder, that can be stopped, killed and started again."""

    def __init__(self, folder, *, persists: bool = True) -> None:
        self.folder, self.persists = folder, persists
        self.port = free_port()
        self.process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        options = [
            "--port",
            self.port,
            "--bind",
            "127.0.0.1",
            "--dir",
            self.folder,
            "--appendonly",
            "yes" if self.persists else "no",
            "--save",
            "",
        ]
        command = ["redis-server", *map(str, options), "--appendfsync", "always"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_for_port(self.port, self.process)

    def stop(self, *, kill: bool = False) -> None:
        if self.process:
            (self.process.kill if kill else self.process.terminate)()
            self.process.wait(20)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory):
    """A running Redis server; it holds whatever the tests of the session wrote."""
    if shutil.which("redis-server") is None:
        missing("redis-server")
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def kafka_node(tmp_path_factory):
    """A running Apache Kafka node; tests keep apart by the prefixes of their topics."""
    sys.path.insert(0, str(Path(__file__).parents[2] / "deploy" / "kafka"))
    from node import KafkaNode, KafkaNodeError

    try:
        node = KafkaNode(tmp_path_factory.mktemp("kafka"))
        node.start()
    except KafkaNodeError as error:
        missing(f"Apache Kafka ({error})")
    yield node
    node.stop()


@pytest.fixture
def fleet_of(tmp_path, kafka_node, redis_server):
    """Give a function that makes a fleet of workers; all its processes are ended with the test."""
    from fleet import Fleet

    made = []

    def make(name, origins, **options):
        made.append(Fleet(tmp_path, kafka_node.bootstrap, redis_server.url, origins, name=name, **options))
        return made[-1]

    yield make
    for one in made:
        one.end()


@pytest.fixture(scope="module")
def chromium():
    """A headless Chromium of the system; no longer than a module, for while it lives no other event loop can run in this thread."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        missing("chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()
