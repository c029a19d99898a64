"""RabbitMQ of Debian on loopback, as the hub of the French services is: TLS only, clients known by their certificates."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from conftest import free_port, missing, wait_for_port

SENDER = "fr.health.tocsin"
EXCHANGE = "hubsante"
QUEUE = "fr.health.samu440.message"


def program() -> Path:
    """The server itself, not Debian's wrapper, which wants a service user."""
    found = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin/rabbitmq-server"))
    if not found or shutil.which("erl") is None:
        missing("rabbitmq-server")
    return found[-1]


class Rabbit:
    """A broker in a folder, that can be stopped and started again; ended by the process ids that it started."""

    def __init__(self, folder, authority):
        self.folder, self.port, self._dist, self._epmd = folder, free_port(), free_port(), free_port()
        cert, key, _ = authority.issue("127.0.0.1", "localhost", common_name="rabbit")
        definitions = {
            "vhosts": [{"name": "/"}],
            "users": [
                {"name": SENDER, "password_hash": "", "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": ""}
            ],
            "permissions": [{"user": SENDER, "vhost": "/", "configure": "^$", "write": f"^{EXCHANGE}$", "read": ".*"}],
            "exchanges": [
                {
                    "name": EXCHANGE,
                    "vhost": "/",
                    "type": "direct",
                    "durable": True,
                    "auto_delete": False,
                    "internal": False,
                    "arguments": {},
                }
            ],
            "queues": [{"name": QUEUE, "vhost": "/", "durable": True, "auto_delete": False, "arguments": {}}],
            "bindings": [
                {
                    "source": EXCHANGE,
                    "vhost": "/",
                    "destination": QUEUE,
                    "destination_type": "queue",
                    "routing_key": SENDER,
                    "arguments": {},
                }
            ],
        }
        (folder / "definitions.json").write_text(json.dumps(definitions))
        (folder / "plugins").write_text("[rabbitmq_auth_mechanism_ssl].")
        (folder / "rabbit.conf").write_text(
            "\n".join(
                [
                    "listeners.tcp = none",
                    f"listeners.ssl.1 = 127.0.0.1:{self.port}",
                    f"ssl_options.cacertfile = {authority.path}",
                    f"ssl_options.certfile = {cert}",
                    f"ssl_options.keyfile = {key}",
                    "ssl_options.verify = verify_peer",
                    "ssl_options.fail_if_no_peer_cert = true",
                    "auth_mechanisms.1 = EXTERNAL",
                    "ssl_cert_login_from = common_name",
                    f"load_definitions = {folder}/definitions.json",
                    "log.console.level = warning",
                    "distribution.listener.interface = 127.0.0.1",
                    f"distribution.listener.port_range.min = {self._dist}",
                    f"distribution.listener.port_range.max = {self._dist}",
                ]
            )
        )
        self.process: subprocess.Popen | None = None

    def start(self):
        environ = os.environ | {
            "RABBITMQ_NODENAME": f"tocsin{self.port}@localhost",
            "RABBITMQ_BASE": str(self.folder),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbit.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_DIST_PORT": str(self._dist),
            "ERL_EPMD_PORT": str(self._epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "HOME": str(self.folder),
        }
        with (self.folder / "out.log").open("ab") as out:
            # A session of its own: what Erlang starts beside itself is ended with it.
            self.process = subprocess.Popen(
                [str(program())], stdout=out, stderr=out, env=environ, start_new_session=True
            )
        wait_for_port(self.port, self.process, 90.0)

    def stop(self):
        if self.process is None:
            return
        group, self.process = os.getpgid(self.process.pid), (self.process)
        os.killpg(group, signal.SIGTERM)
        self.process.wait(60)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                os.killpg(group, signal.SIGKILL)
            except ProcessLookupError:
                break
            time.sleep(0.1)
        self.process = None
        self._end_epmd()

    def _end_epmd(self):
        """Erlang's port mapper makes a session of its own: found by the port that only ours listens on."""
        subprocess.run(
            ["epmd", "-port", str(self._epmd), "-kill"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
