"""The geocoder as a user meets it: real commands, real models, a server on loopback; only the words of the place leave the machine."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from geocoder_server import GeocoderServer

from tocsin.time import format_instant, parse_instant

START = parse_instant("2026-04-07T05:00:00Z")
LIMIT_SECS = 120
FIRES = [
    "Gros incendie rue d'Aubagne à Marseille, énorme fumée noire",
    "ça brûle rue d'Aubagne à Marseille, les pompiers arrivent",
    "Rue d'Aubagne à Marseille un immeuble est en feu, je vois les flammes",
    "Incendie en cours rue d'Aubagne, Marseille, des gens aux fenêtres",
    "Au feu ! La rue d'Aubagne à Marseille est pleine de fumée, on nous évacue",
    "Marseille, rue d'Aubagne : incendie, j'entends des explosions",
]


def post(number, text, at):
    record = {
        "id": f"p{number}",
        "source": "test",
        "created_at": format_instant(at),
        "author": f"someone{number}",
        "text": text,
    }
    return json.dumps(record | {"lang": "fr"}) + "\n"


@pytest.fixture
def server():
    serving = GeocoderServer("ban")
    yield serving
    serving.close()


@pytest.fixture
def config(tmp_path, server):
    path = tmp_path / "tocsin.toml"
    path.write_text(
        f"""
        [nlp]
        entities = false
        [runtime]
        extract_processes = 0
        tick_secs = 1
        [metrics]
        enabled = false
        [ingest]
        follow_paths = ["{tmp_path}/live.jsonl"]
        from_start = true
        [geocoder]
        enabled = true
        domain = "{server.domain}"
        scheme = "http"
        delay_secs = 0
        answers_path = "{tmp_path}/answers.jsonl"
        """
    )
    return path


def tocsin(*arguments):
    environ = {key: value for key, value in os.environ.items() if not key.startswith("TOCSIN_")}
    command = [sys.executable, "-m", "tocsin", "--log-format", "json", *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ | {"OMP_NUM_THREADS": "1"}
    )


def done(process):
    out, err = process.communicate(timeout=LIMIT_SECS)
    assert process.returncode == 0, err.decode()
    return out.decode(), err.decode()


def test_recorded_posts_are_asked_about_and_the_replay_moves_to_the_street(tmp_path, config, server):
    posts = tmp_path / "posts.jsonl"
    posts.write_text("".join(post(n, text, START + n * 20_000) for n, text in enumerate(FIRES)))
    paths = {name: tmp_path / f"{name}.jsonl" for name in ("before", "mentions", "recorded", "after")}
    done(tocsin("replay", posts, "--incidents", paths["before"], "--mentions", paths["mentions"], "--config", config))
    assert server.requests == [], "a replay asks nobody"
    _, told = done(tocsin("geocode", paths["mentions"], "--answers", paths["recorded"], "--config", config))
    assert f"{len(FIRES)} questions: {len(FIRES)} answered" in told
    assert len(server.asked) == 1, "five of six are remembered"
    (query,) = server.asked
    assert query == "rue d'Aubagne, Marseille"
    done(tocsin("replay", posts, "--incidents", paths["after"], "--answers", paths["recorded"], "--config", config))
    before, after = (
        [json.loads(line) for line in paths[name].read_text().splitlines()] for name in ("before", "after")
    )
    assert before[-1]["place"].startswith("Marseille")
    assert (after[-1]["lat"], after[-1]["lon"]) == (43.2948, 5.3812)
    assert after[-1]["radius_km"] < before[-1]["radius_km"]
    assert after[0]["raised_at"] <= before[0]["raised_at"], "sharper is not later"


def test_a_live_run_asks_beside_the_stream_and_records_what_was_said(tmp_path, config, server):
    live, answers, incidents = tmp_path / "live.jsonl", tmp_path / "answers.jsonl", tmp_path / "incidents.jsonl"
    live.write_text("")
    server.ills = ["slow=2"]
    process = tocsin("run", "--config", config, "--incidents", incidents)
    try:
        now = time.time_ns() // 1_000_000
        with live.open("a") as stream:
            stream.write("".join(post(n, text, now) for n, text in enumerate(FIRES)))
        until = time.monotonic() + LIMIT_SECS
        while not answers.exists() or len(answers.read_text().splitlines()) < len(FIRES):
            assert process.poll() is None, process.communicate()[1].decode()
            assert time.monotonic() < until, "no answers"
            time.sleep(0.1)
    finally:
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=LIMIT_SECS)
    assert process.returncode == 0
    assert server.asked == ["rue d'Aubagne, Marseille"]
    # An incident's line names its place, as its public form does; what was asked stands in no line.
    others = [line for line in err.splitlines() if json.loads(line)["event"] != "incident"]
    assert not any(b"ubagne" in line for line in others), "the words are in no log"
    for line in answers.read_text().splitlines():
        answer = json.loads(line)
        assert answer["place"]["method"] == "geocoder"
        assert set(answer) == {"post_id", "at", "place"}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("enabled = true", "geocoder.domain"),
        ('enabled = true\ndomain = "https://example.org/search"', "geocoder.domain"),
        ('enabled = true\ndomain = "example.org"\nservice = "google"', "geocoder.service"),
    ],
)
def test_bad_settings_are_refused_with_their_key(tmp_path, lines, said):
    path = tmp_path / "bad.toml"
    path.write_text(f"[geocoder]\n{lines}\n")
    process = tocsin("check", path)
    out, err = process.communicate(timeout=LIMIT_SECS)
    assert process.returncode == 2
    assert said in out.decode() + err.decode()


def test_plain_http_to_the_world_is_advised_against(tmp_path):
    path = tmp_path / "open.toml"
    path.write_text('[geocoder]\nenabled = true\ndomain = "geo.example.org"\nscheme = "http"\n')
    process = tocsin("check", path)
    out, err = process.communicate(timeout=LIMIT_SECS)
    assert "geocoder.scheme" in out.decode() + err.decode()


def test_geocode_without_a_geocoder_says_so(tmp_path):
    process = tocsin("geocode", tmp_path / "none.jsonl", "--answers", tmp_path / "a.jsonl")
    _, err = process.communicate(timeout=LIMIT_SECS)
    assert process.returncode == 2
    assert b"geocoder.enabled" in err
