"""Alerts of the commands as a user starts them: a replay's file of alerts; a live run with a door, a webhook receiver and a folder."""

from __future__ import annotations

import base64
import json
import signal
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
import standardwebhooks
from dispatch_schemas import cap_faults
from httpx_sse import connect_sse
from test_runtime_cli import LIMIT_SECS, SAID, command, finish, post, posts

TOKEN = "loire-may-decide-0000001"
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
TERRITORIES = """
[[dispatch.territories]]
centre = "cta-44"
departements = ["44"]
recipients = ["fr.fire.sdis440"]
[[dispatch.territories]]
centre = "cta-75"
departements = ["75"]
"""


def test_a_replay_writes_the_alerts_that_centres_would_have_got(tmp_path):
    stream, config = tmp_path / "posts.jsonl", tmp_path / "tocsin.toml"
    stream.write_bytes(b"\n".join(posts()) + b"\n")
    config.write_text(TERRITORIES)
    incidents, alerts = tmp_path / "incidents.jsonl", tmp_path / "alerts.jsonl"
    code, _, err = finish(
        command(
            "replay",
            str(stream),
            "--incidents",
            str(incidents),
            "--alerts",
            str(alerts),
            "--config",
            str(config),
            "--processes",
            "0",
        )
    )
    assert code == 0, err
    told = [json.loads(line) for line in alerts.read_bytes().splitlines()]
    revisions = [json.loads(line) for line in incidents.read_bytes().splitlines()]
    assert next((one["centre"], one["status"], one["msg_type"]) for one in told) == ("cta-44", "Draft", "Alert")
    assert {one["centre"] for one in told} == {"cta-44"}
    assert [one["incident"]["revision"] for one in told] == [one["revision"] for one in revisions]
    assert told[0]["delivery"] == "interrupt"
    code, _, err = finish(command("replay", str(stream), "--incidents", str(incidents), "--alerts", str(incidents)))
    assert code == 2
    assert "named twice" in err


class Hook(BaseHTTPRequestHandler):
    """A receiver that answers 500 at first, and checks signatures with the standard's own library."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            told = standardwebhooks.Webhook(SECRET).verify(body, headers)
        except standardwebhooks.WebhookVerificationError as error:
            self.server.faults.append(str(error))
            told = None
        self.server.calls.append(headers["webhook-id"])
        ill = len(self.server.calls) <= 2
        if told and not ill:
            self.server.took.append(told)
        self.send_response(500 if ill else 204)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.calls, server.took, server.faults = [], [], []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def until(holds, process):
    limit = time.monotonic() + LIMIT_SECS
    while not holds():
        assert process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() < limit, "it never came to hold"
        time.sleep(0.05)


def test_a_live_run_tells_its_centres_and_takes_their_verdicts(tmp_path, receiver):
    path, config, folder = tmp_path / "posts.jsonl", tmp_path / "tocsin.toml", tmp_path / "caps"
    path.write_bytes(b"")
    (tmp_path / "tokens").write_text(f"{TOKEN} cta-44 decide\n")
    (tmp_path / "secret").write_text(SECRET)
    config.write_text(
        f'[ingest]\nfollow_paths = ["{path}"]\nfollow_poll_secs = 0.05\n[time]\npane_secs = 1\nlateness_secs = 1\n[runtime]\ntick_secs = 0.1\n'
        f'[dispatch]\noutbox_path = "{tmp_path}/outbox.db"\n'
        f'[dispatch.door]\nenabled = true\nport = 0\ntokens_path = "{tmp_path}/tokens"\n'
        f'[[dispatch.webhooks]]\nname = "hook"\nurl = "http://127.0.0.1:{receiver.server_port}/x"\nsecret_path = "{tmp_path}/secret"\n'
        f'[[dispatch.folders]]\nname = "caps"\npath = "{folder}"\nformat = "cap"\nonly_actual = true\n' + TERRITORIES
    )
    process = command("run", "--config", str(config), "--incidents", str(tmp_path / "incidents.jsonl"))
    addresses = {}
    while not {"door open", "serving"} <= addresses.keys():
        line = json.loads(process.stderr.readline())
        addresses[line["event"]] = line.get("address")
    with httpx.Client(
        base_url=addresses["door open"],
        headers={"authorization": f"Bearer {TOKEN}"},
        timeout=LIMIT_SECS,
        trust_env=False,
    ) as http:
        ready = f"http://{addresses['serving']}/readyz"
        until(lambda: httpx.get(ready, trust_env=False).status_code == 200, process)
        with connect_sse(http, "GET", "/alerts/stream", headers={"last-event-id": "0"}) as source:
            with path.open("ab") as stream:
                now = time.time_ns() // 1_000_000
                stream.write(b"\n".join([*(post(i, now, text) for i, text in enumerate(SAID)), b""]))
            first = json.loads(next(source.iter_sse()).data)
        assert (first["centre"], first["status"], first["incident"]["hazard"]) == ("cta-44", "Draft", "fire")
        verdict = {
            "incident_id": first["incident_id"],
            "centre": "cta-44",
            "operator": "operator-7",
            "at": datetime.now(UTC).isoformat(),
            "decision": "confirmed",
            "revision": first["incident"]["revision"],
        }
        assert http.post("/verdicts", json=verdict).status_code == 202
        until(lambda: any(folder.glob("*.cap.xml")) if folder.exists() else False, process)
        until(lambda: any(one["status"] == "Actual" for one in receiver.took), process)
    process.send_signal(signal.SIGTERM)
    code, _, err = finish(process)
    assert code == 0, err
    caps = [one.read_bytes() for one in folder.iterdir()]
    assert [cap_faults(document) for document in caps] == [[]]
    assert b"<status>Actual</status>" in caps[0]
    assert receiver.faults == []
    taken = [one["alert_id"] for one in receiver.took]
    assert len(taken) == len(set(taken))
    assert set(taken) == set(receiver.calls)  # what was answered with 500 came again, under the same key
    assert [one["sequence"] for one in receiver.took] == sorted(one["sequence"] for one in receiver.took)
    assert b"operator-7" not in b"".join(caps) + json.dumps(receiver.took).encode()
