"""The console beside a live run: an account made by the command, signed in over HTTP, an incident heard, confirmed, audited."""

from __future__ import annotations

import json
import re
import signal
import socket
import time

import httpx
from test_runtime_cli import SAID, command, finish, post, wait_until

PASSWORD = "a long password"


def test_a_person_confirms_what_a_live_run_heard(tmp_path):
    path, config, audit = tmp_path / "posts.jsonl", tmp_path / "tocsin.toml", tmp_path / "audit.jsonl"
    path.write_bytes(b"")
    accounts = tmp_path / "accounts.toml"
    made = command("account", "op1", "--role", "operator", "--centre", "everywhere", "--file", str(accounts))
    code, said, err = finish(made, f"{PASSWORD}\n".encode())
    assert (code, err) == (0, ""), err
    assert "op1 may enter as operator" in said
    assert accounts.stat().st_mode & 0o077 == 0, "its owner alone may read it"
    heard = tmp_path / "heard.jsonl"
    config.write_text(
        f'[ingest]\nfollow_paths = ["{path}"]\nfollow_poll_secs = 0.05\n[time]\npane_secs = 1\nlateness_secs = 1\n'
        f'[runtime]\ntick_secs = 0.1\n[privacy]\naudit_path = "{audit}"\n[dispatch]\nincidents_path = "{tmp_path}/incidents.jsonl"\n'
        f'mentions_path = "{heard}"\n[console]\nenabled = true\nport = 0\naccounts_path = "{accounts}"\n'
    )
    process = command("run", "--config", str(config))
    address = None
    while address is None:
        line = json.loads(process.stderr.readline())
        address = line["address"] if line["event"] == "console open" else None
    while line["event"] != "serving":
        line = json.loads(process.stderr.readline())
    ready = f"http://{line['address']}/readyz"
    wait_until(lambda: httpx.get(ready).status_code == 200, process)
    with httpx.Client(base_url=address, follow_redirects=True, timeout=30) as person:
        assert person.post("/login", data={"name": "op1", "password": "a wrong password"}).status_code == 401
        assert person.post("/login", data={"name": "op1", "password": PASSWORD}).status_code == 200
        now = time.time_ns() // 1_000_000
        with path.open("ab") as stream:
            stream.write(b"\n".join([*(post(i, now, text) for i, text in enumerate(SAID)), b""]))
        wait_until(lambda: "Incendie" in person.get("/").text, process)
        incident_id = re.search(r'id="row-([0-9a-f]+)"', person.get("/").text)[1]
        sheet = person.get(f"/incidents/{incident_id}?part=sheet").text
        fields = {name: re.search(rf'name="{name}" value="([^"]+)"', sheet)[1] for name in ("csrf", "revision")}
        answer = person.post(f"/incidents/{incident_id}/verdicts", data=fields | {"decision": "confirmed"})
        assert answer.status_code == 200
        wait_until(lambda: "Actual" in person.get(f"/incidents/{incident_id}?part=sheet").text, process)
        for words in SAID:
            assert words not in sheet, "no text of a post leaves"
    process.send_signal(signal.SIGTERM)
    code, _, err = finish(process)
    assert code == 0, err
    assert [json.loads(line)["action"] for line in audit.read_text().splitlines()] == [
        "login.refused",
        "login",
        "verdict.confirmed",
    ]
    verified = command("audit", "verify", str(audit))
    code, said, _ = finish(verified)
    assert (code, "3 entries" in said) == (0, True)
    assert len(heard.read_bytes().splitlines()) == len(SAID)


def test_an_account_is_not_made_twice_and_a_short_password_is_refused(tmp_path):
    file = tmp_path / "accounts.toml"
    arguments = ("account", "op1", "--role", "viewer", "--centre", "c", "--file", str(file))
    assert finish(command(*arguments), b"short\n")[0] == 2
    assert not file.exists()
    assert finish(command(*arguments), f"{PASSWORD}\n".encode())[0] == 0
    code, _, err = finish(command(*arguments), f"{PASSWORD}\n".encode())
    assert code == 2
    assert "has an account already" in err


def test_a_console_whose_port_is_taken_says_so(tmp_path):
    accounts = tmp_path / "accounts.toml"
    finish(command("account", "a", "--role", "auditor", "--file", str(accounts)), f"{PASSWORD}\n".encode())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = tmp_path / "tocsin.toml"
        config.write_text(
            f'[ingest]\nfollow_paths = ["{tmp_path}"]\n[console]\nenabled = true\nport = {port}\naccounts_path = "{accounts}"\n'
            f'[privacy]\naudit_path = "{tmp_path}/audit.jsonl"\n[dispatch]\nincidents_path = "{tmp_path}/i.jsonl"\n'
        )
        code, _, err = finish(command("run", "--config", str(config)))
    assert code == 2
    assert "console:" in err
    assert "in use" in err
