"""The commands as a user starts them: real models, real signals, real pipes."""

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

from tocsin.time import format_instant, parse_instant

START = parse_instant("2026-04-07T05:00:00Z")
LIMIT_SECS = 150
SAID = [
    "Énorme incendie à Nantes, je vois les flammes depuis ma fenêtre",
    "ça brûle rue Crébillon à Nantes, les pompiers arrivent",
    "Gros incendie dans le centre de Nantes, fumée noire partout",
    "un immeuble en feu à Nantes, on nous évacue !!",
    "Nantes: incendie en cours, des gens aux fenêtres, j'ai peur",
]


def post(number, at, text):
    return json.dumps(
        {"id": f"p{number}", "source": "test", "created_at": format_instant(at), "author": f"u{number}", "text": text}
    ).encode()


def posts(number=400):
    """Small talk each ten seconds; a fire in Nantes in the middle; one broken line."""
    lines = [post(i, START + i * 10_000, f"petit café du matin numéro {i}") for i in range(number)]
    for i, text in enumerate(SAID):
        lines.insert(number // 2 + 2 * i, post(1_000 + i, START + (number // 2 + i) * 10_000, text))
    lines.insert(7, b"{broken")
    return lines


def command(*arguments, **kwargs):
    # Without the entity model a process starts in a tenth of the time; what runs is otherwise the same.
    environ = {**os.environ, "OMP_NUM_THREADS": "1", "TOCSIN_METRICS__PORT": "0", "TOCSIN_NLP__ENTITIES": "false"}
    return subprocess.Popen(
        [sys.executable, "-c", "from tocsin.cli import main; raise SystemExit(main())", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environ | kwargs,
    )


def finish(process, data=None):
    out, err = process.communicate(data, timeout=LIMIT_SECS)
    return process.returncode, out.decode(), err.decode()


@pytest.fixture(scope="module")
def replayed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("replay")
    path = folder / "posts.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n".join(posts()) + b"\n"))
    out, letters = folder / "out" / "incidents.jsonl", folder / "dead.jsonl"
    code, _, err = finish(
        command("replay", str(path), "--incidents", str(out), "--dead-letters", str(letters), "--processes", "2")
    )
    assert code == 0, err
    return path, out, letters, err


def test_a_replay_writes_its_incident_and_accounts_for_every_line(replayed):
    _, out, letters, err = replayed
    first = json.loads(out.read_bytes().splitlines()[0])
    assert (first["hazard"], first["commune"], first["msg_type"]) == ("fire", "44109", "Alert")
    assert first["raised_at"].startswith("2026-04-07T05:3")
    assert [(letter["reason"], letter["line"]) for letter in map(json.loads, letters.read_bytes().splitlines())] == [
        ("not_json", 8)
    ]
    assert re.search(r"406\s+lines received", err)
    assert re.search(r"1\s+\+ dead: not_json", err)
    assert not list(out.parent.glob("*.part"))


def test_standard_input_to_standard_output_gives_the_same_bytes(replayed):
    path, out, _, _ = replayed
    code, written, _ = finish(command("replay", "-", "--incidents", "-", "--processes", "0"), path.read_bytes())
    assert code == 0
    assert written.encode() == out.read_bytes()


def test_an_interrupted_replay_finishes_what_it_read(tmp_path):
    """The pipe and the reader's buffer hold little: once three megabytes are written, it is at work."""
    out = tmp_path / "incidents.jsonl"
    process = command("replay", "-", "--incidents", str(out), "--processes", "1")
    lines = posts()
    filler = [post(10_000 + i, START + 5_000_000 + i * 100, "petit café " * 30) for i in range(7_000)]
    process.stdin.write(b"\n".join([*lines, *filler]) + b"\n")
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    code, _, err = finish(process)
    assert code == 130, err
    assert "stopped; all that was read is in the files" in err
    assert "do not add up" not in err
    assert json.loads(out.read_bytes().splitlines()[0])["hazard"] == "fire"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.jsonl", "--incidents", "out"], "nowhere.jsonl: expected a file of posts, got nothing there"),
        (["--incidents", "out"], "expected at least one file of posts"),
        (["{posts}", "--incidents", "{posts}"], "expected a file of its own"),
        (["-", "-", "--incidents", "out"], "expected standard input once"),
        (["{posts}", "--incidents", "out", "--processes", "-1"], "expected a number from 0 to 256, got -1"),
    ],
)
def test_bad_paths_are_refused_before_anything_is_loaded_or_written(tmp_path, arguments, said):
    (tmp_path / "posts").write_bytes(b"{}\n")
    code, _, err = finish(command("replay", *[part.format(posts=tmp_path / "posts") for part in arguments]))
    assert code == 2
    assert said in err


def test_a_damaged_file_is_replayed_to_the_damage_and_reported(tmp_path):
    path, out = tmp_path / "posts.gz", tmp_path / "out"
    path.write_bytes(gzip.compress(b"\n".join(posts()))[:-9])
    code, _, err = finish(command("replay", str(path), "--incidents", str(out), "--processes", "0"))
    assert code == 2
    assert "cannot be read after line" in err
    assert json.loads(out.read_bytes().splitlines()[0])["hazard"] == "fire"


def metric(address, name):
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as page:
        found = re.search(rf"^{re.escape(name)} (\S+)$", page.read().decode(), re.MULTILINE)
    return float(found[1]) if found else 0.0


def wait_until(met, process):
    deadline = time.monotonic() + LIMIT_SECS
    while time.monotonic() < deadline:
        if met():
            return
        assert process.poll() is None, process.stderr.read().decode()
        time.sleep(0.1)
    pytest.fail("the condition was not met in time")


def test_a_live_run_hears_a_growing_file_serves_its_metrics_and_ends_in_order(tmp_path):
    path, out, config = tmp_path / "posts.jsonl", tmp_path / "incidents.jsonl", tmp_path / "tocsin.toml"
    path.write_bytes(b"an old line, not heard\n")
    config.write_text(
        f'[ingest]\nfollow_paths = ["{path}"]\nfollow_poll_secs = 0.05\n[time]\npane_secs = 1\nlateness_secs = 1\n[runtime]\ntick_secs = 0.1\n'
    )
    process = command("run", "--config", str(config), "--incidents", str(out))
    said = map(json.loads, process.stderr)
    address = next(line["address"] for line in said if line["event"] == "serving")
    wait_until(lambda: metric(address, "tocsin_ready") == 1, process)
    now = time.time_ns() // 1_000_000
    with path.open("ab") as stream:
        stream.write(b"\n".join([*(post(i, now, text) for i, text in enumerate(SAID)), b"{broken", b""]))
    wait_until(lambda: metric(address, 'tocsin_items_received_total{stage="ingest"}') == 6, process)
    wait_until(lambda: metric(address, "tocsin_incidents_open") >= 1, process)
    with urllib.request.urlopen(f"http://{address}/readyz", timeout=10) as page:
        assert page.status == 200
    process.send_signal(signal.SIGTERM)
    code, _, err = finish(process)
    assert code == 0, err
    first = json.loads(out.read_bytes().splitlines()[0])
    assert (first["hazard"], first["commune"]) == ("fire", "44109")
    logged = [json.loads(line) for line in err.splitlines()]
    assert [line["reason"] for line in logged if line["event"] == "dead letter"] == ["not_json"]
    assert logged[-1]["event"] == "ended"
    assert not any(word in err for word in ("fenêtre", "Crébillon", "u1"))


def test_a_run_without_sources_says_what_is_missing():
    code, _, err = finish(command("run"))
    assert code == 2
    assert "expected a network (such as bluesky.enabled) or ingest.follow_paths, got none" in err


def test_the_listings_need_no_models():
    for arguments, word in (
        (["graph"], "ingest"),
        (["graph", "--form", "mermaid"], "flowchart"),
        (["topics"], "dead-letters"),
    ):
        code, out, err = finish(command(*arguments))
        assert code == 0, err
        assert word in out
    code, out, _ = finish(command("topics", "--json"))
    assert code == 0
    assert json.loads(out)[0]["name"] == "posts"
