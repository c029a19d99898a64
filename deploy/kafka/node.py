"""Start one Apache Kafka node (KRaft) on loopback, for tests and trials.

Usage: python deploy/kafka/node.py FOLDER [--port 9092]

The jars are resolved by Maven from ``pom.xml`` into a user cache, once, and checked against ``jars.sha256``. Java 17 is needed. Given a
``Guard``, the node also listens with TLS and asks for names: SCRAM on one port, client certificates on another.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
START_LIMIT_S: Final = 90.0
STOP_LIMIT_S: Final = 30.0
HEAP: Final = "512m"


class KafkaNodeError(RuntimeError):
    """The node cannot be had or started; the message says why and what to do."""


@dataclass(frozen=True)
class Guard:
    """How a node is secured: its certificate and key in one PEM file, whom it trusts, and who may log in with which password."""

    identity: Path
    ca: Path
    passwords: dict[str, str] = field(repr=False)
    """By user name, for SCRAM-SHA-512. Nobody may do anything until an access list says so."""


def expected_jars() -> dict[str, str]:
    """Give the SHA-256 of each jar by its name."""
    lines = (HERE / "jars.sha256").read_text(encoding="ascii").split("\n")
    return {name: digest for digest, name in (line.split(maxsplit=1) for line in lines if line)}


def jars() -> Path:
    """Give the folder of the jars; resolve them by Maven when they are not in the user cache.

    Raises:
        KafkaNodeError: Java or Maven is missing, Maven fails, or a jar is not the one that is expected.
    """
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            raise KafkaNodeError(
                f"{program} is missing: install Java 17 and Maven (Debian: openjdk-17-jre-headless, maven)"
            )
    pin = hashlib.sha256((HERE / "jars.sha256").read_bytes()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tocsin" / f"kafka-{pin}"
    if not cache.is_dir():
        _resolve(cache)
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in cache.glob("*.jar")}
    expected = expected_jars()
    if found != expected:
        wrong = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
        raise KafkaNodeError(
            f"{cache}: other jars than deploy/kafka/jars.sha256 expects: {', '.join(wrong)}; remove the folder"
        )
    return cache


def _resolve(cache: Path) -> None:
    """Let Maven copy the jars; the folder appears whole or not at all."""
    fresh = cache.with_name(f"{cache.name}.{os.getpid()}")
    command = [
        "mvn",
        "-B",
        "-q",
        "-f",
        str(HERE / "pom.xml"),
        "dependency:copy-dependencies",
        f"-DoutputDirectory={fresh}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(fresh, ignore_errors=True)
        raise KafkaNodeError(f"Maven could not resolve the jars (exit code {done.returncode}):\n{done.stdout[-2000:]}")
    try:
        fresh.rename(cache)
    except OSError:  # another process was faster: its folder is checked like ours
        shutil.rmtree(fresh, ignore_errors=True)


def free_port() -> int:
    """Give a port of loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class KafkaNode:
    """One node with its data in a folder: it can be started, stopped, killed and started again on the same port."""

    def __init__(self, folder: Path, port: int | None = None, guard: Guard | None = None) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.guard = guard
        self.scram_port, self.certificate_port = (free_port(), free_port()) if guard else (0, 0)
        self._controller_port = free_port()
        self._jars = jars()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """The address that clients are given."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Format the folder on the first start, start the node, return when it listens.

        Raises:
            KafkaNodeError: it ends or does not listen within ``START_LIMIT_S``.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        properties = self._write_properties()
        if not (self.folder / "data" / "meta.properties").exists():
            self._format(properties)
        with (self.folder / "node.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command("kafka.Kafka", str(properties)),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until = time.monotonic() + START_LIMIT_S
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise KafkaNodeError(f"Kafka ended with {self._process.returncode}: see {self.folder / 'node.log'}")
            try:
                for port in filter(None, (self.port, self.scram_port, self.certificate_port)):
                    socket.create_connection(("127.0.0.1", port), 0.5).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise KafkaNodeError(f"Kafka did not listen within {START_LIMIT_S} s: see {self.folder / 'node.log'}")

    def stop(self, *, kill: bool = False) -> None:
        """End the node that this object started, in good order or at once."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_LIMIT_S)
        self._process = None

    def _format(self, properties: Path) -> None:
        # With an equals sign: one id in 64 begins with a hyphen and would be read as an option.
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        users = [] if self.guard is None else list(self.guard.passwords.items())
        scram = [
            part for name, secret in users for part in ("--add-scram", f"SCRAM-SHA-512=[name={name},password={secret}]")
        ]
        done = self._java("kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", str(properties), *scram)
        if done.returncode:
            raise KafkaNodeError(f"Kafka could not format its folder: {done.stderr.decode(errors='replace')[-1000:]}")

    def _write_properties(self) -> Path:
        own = {
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self._controller_port}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller_port}",
            "log.dirs": str(self.folder / "data"),
        }
        if self.guard is not None:
            own |= self._guarded(self.guard, own)
        base = (HERE / "server.properties").read_text(encoding="utf-8")
        properties = self.folder / "server.properties"
        properties.write_text(base + "".join(f"{key}={value}\n" for key, value in own.items()), encoding="utf-8")
        return properties

    def _guarded(self, guard: Guard, own: dict[str, str]) -> dict[str, str]:
        """Give the properties of a secured node; its own traffic stays on the plain listener, whose anonymous user may do all."""
        listeners = f"SCRAM://127.0.0.1:{self.scram_port},CERTIFICATE://127.0.0.1:{self.certificate_port}"
        protocols = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SCRAM:SASL_SSL,CERTIFICATE:SSL"
        return {
            "listeners": f"{own['listeners']},{listeners}",
            "advertised.listeners": f"{own['advertised.listeners']},{listeners}",
            "listener.security.protocol.map": protocols,
            "inter.broker.listener.name": "PLAINTEXT",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.scram.scram-sha-512.sasl.jaas.config": (
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            ),
            "listener.name.certificate.ssl.client.auth": "required",
            "ssl.principal.mapping.rules": "RULE:^.*CN=([^,]+).*$/$1/",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(guard.identity),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(guard.ca),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        }

    def _command(self, main: str, *arguments: str) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={HERE / 'log4j2.yaml'}"
        return ["java", f"-Xmx{HEAP}", "-XX:TieredStopAtLevel=1", logging, "-cp", f"{self._jars}/*", main, *arguments]

    def _java(self, main: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(self._command(main, *arguments), capture_output=True, check=False)


def main() -> int:
    """Run a node until it is interrupted."""
    parser = argparse.ArgumentParser(description="Start one Apache Kafka node on loopback, for trials.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=9092)
    given = parser.parse_args()
    try:
        node = KafkaNode(given.folder, given.port)
        node.start()
    except KafkaNodeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"Kafka listens on {node.bootstrap}; Ctrl-C ends it\n")
    try:
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
    finally:
        node.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
