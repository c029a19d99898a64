"""The demonstration as a newcomer runs it: it ends by itself, raises what was simulated, and its map can be clicked offline."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import urllib.request

import pytest
from conftest import missing
from geopy.distance import great_circle

pytestmark = pytest.mark.slow

SCENARIO = """
name = "short"
start = "2026-05-12T15:00:00Z"
hours = 0.6
seed = 3

[background]
rate_per_min = 60.0

[[incidents]]
name = "fire"
hazard = "fire"
town = "Rennes"
after_secs = 600
witnesses = 60

[[incidents]]
name = "flood"
hazard = "flood"
town = "Metz"
after_secs = 700
witnesses = 60
curve = { onset_secs = 20, growth_secs = 200, decay_secs = 900 }
"""
TRUE_PLACES = {"fire": (48.1113, -1.6800), "flood": (49.1196, 6.1764)}


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """The finished process and the folder it wrote to."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / "plan.toml").write_text(SCENARIO, encoding="utf-8")
    command = [sys.executable, "-m", "tocsin", "demo", "--secs", "0", "--scenario", str(folder / "plan.toml")]
    done = subprocess.run(
        [*command, "--map", str(folder / "map.html")], capture_output=True, text=True, timeout=280, check=False
    )
    return done, folder


def test_it_ends_with_zero_and_says_how_true_it_was(played):
    done, folder = played
    assert done.returncode == 0, done.stderr
    assert re.search(r"2 of 2 simulated incidents raised, 2 at the right place", done.stdout.replace("\n", " "))
    assert str(folder / "map.html") in done.stdout.replace("\n", "")


def test_each_simulated_incident_was_raised_where_it_was_simulated(played):
    _, folder = played
    lines = [json.loads(line) for line in (folder / "map.incidents.jsonl").read_text(encoding="utf-8").splitlines()]
    for hazard, place in TRUE_PLACES.items():
        near = [
            line
            for line in lines
            if line["hazard"] == hazard and great_circle(place, (line["lat"], line["lon"])).km < 15
        ]
        assert near, hazard
        assert near[0]["sentence"]


def test_the_map_opens_offline_and_an_incident_can_be_clicked(played):
    _, folder = played
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        missing("chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        context = chromium.new_context(offline=True, viewport={"width": 1280, "height": 800})
        window = context.new_page()
        asked, complaints = [], []
        window.on("request", lambda request: asked.append(request.url))
        window.on("pageerror", lambda error: complaints.append(str(error)))
        window.goto((folder / "map.html").as_uri())
        window.wait_for_selector("html[data-ready=true]", state="attached")
        dot = window.locator("#map path[data-incident]").first
        wanted = dot.get_attribute("data-incident")
        dot.click()
        assert window.locator("#detail").is_visible()
        assert window.locator("#list button[aria-current=true]").get_attribute("data-incident") == wanted
        window.keyboard.press("Escape")
        assert window.locator("#detail").is_hidden()
        assert asked == [(folder / "map.html").as_uri()]
        assert complaints == []
        chromium.close()


def test_metrics_are_served_on_loopback_while_it_plays(tmp_path):
    (tmp_path / "plan.toml").write_text(SCENARIO, encoding="utf-8")
    (tmp_path / "tocsin.toml").write_text("[metrics]\nport = 0\n", encoding="utf-8")
    command = [sys.executable, "-m", "tocsin", "demo", "--secs", "600", "--scenario", str(tmp_path / "plan.toml")]
    options = ["--map", str(tmp_path / "map.html"), "--config", str(tmp_path / "tocsin.toml")]
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        said = process.stdout.readline() + process.stdout.readline()
        (address,) = re.findall(r"http://127\.0\.0\.1:\d+/metrics", said.replace("\n", ""))
        with urllib.request.urlopen(address, timeout=10) as answer:
            page = answer.read().decode()
        assert "# TYPE tocsin_ready gauge" in page
    finally:
        process.terminate()
        out, err = process.communicate(timeout=120)
    # A stop that was asked for: the map of what was heard is written, and the code says so.
    assert process.returncode == 130, err
    assert "stopped before the end" in out
    assert (tmp_path / "map.html").is_file()
