"""``tocsin run`` that hears X: an incident from its posts; killed without a word, it goes on where it stood, and its budget with it."""

import base64
import json
import time

import pytest
from listening import now_ms
from running import Running
from x_server import TOKEN, XServer, post

SAID = [
    "Gros incendie rue Foch à Rennes, les flammes sortent du toit",
    "Énorme fumée noire au-dessus de Rennes, ça brûle rue Foch",
    "Incendie en cours à Rennes, flammes au troisième étage",
    "Je suis à Rennes rue Foch, l'immeuble d'en face est en feu",
    "Un immeuble brûle à Rennes, je vois la fumée de chez moi",
    "Feu d'immeuble à Rennes, les pompiers arrivent devant nous",
]


class Run(Running):
    """A server, and one ``tocsin run`` that hears it."""

    def __init__(self, folder):
        super().__init__(folder)
        self.x = XServer(now=now_ms)
        self.number = 0
        (folder / "token").write_text(TOKEN + "\n")
        (folder / "tocsin.toml").write_text(
            f"""
[x]
enabled = true
url = "{self.x.url}"
token_path = "{folder}/token"
backfill_mins = 5
monthly_reads = 1000
[sources]
positions_path = "{folder}/positions.json"
[dispatch]
incidents_path = "{folder}/incidents.jsonl"
all_states = true
[metrics]
port = {self.port}
[runtime]
extract_processes = 0
[nlp]
entities = false
"""
        )

    def start(self):
        super().start()
        self.until(lambda: self.x.open == 1)

    def close(self):
        super().close()
        self.x.close()

    def say(self, text):
        self.number += 1
        self.x.publish(post(self.number, now_ms(), text))

    def incidents(self):
        path = self.folder / "incidents.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def reads(self):
        """The reads of the month that the file of positions holds."""
        path = self.folder / "positions.json"
        kept = json.loads(path.read_text()) if path.exists() else {}
        return json.loads(base64.b64decode(kept["x"]["cursor"]))["reads"] if "x" in kept else 0


@pytest.fixture
def run(tmp_path):
    made = Run(tmp_path)
    yield made
    made.close()


def test_an_incident_from_x_and_a_process_that_is_killed_goes_on(run):
    run.start()
    next_at = 0.0

    def a_fire_is_told():
        nonlocal next_at
        if run.number < 24 and time.monotonic() >= next_at:
            run.say(SAID[run.number % len(SAID)] + " !" * (run.number // len(SAID)))
            next_at = time.monotonic() + 1
        return any(one["state"] == "open" for one in run.incidents())

    run.until(a_fire_is_told)
    fire = next(one for one in run.incidents() if one["state"] == "open")
    assert (fire["hazard"], fire["networks"]) == ("fire", ["x"])
    standing = [rule["value"] for rule in run.x.rules.values()]
    assert any("incendie" in value for value in standing)
    assert all(value.endswith(" lang:fr -is:retweet") for value in standing)
    said = run.number
    run.until(lambda: run.reads() == said)
    run.process.kill()
    run.process.wait(10)
    for number in range(5):
        run.say(f"Accident grave à Lyon, je témoigne {number}")
    run.start()
    run.until(lambda: run.metric('tocsin_source_lines_total{source="x"}') == run.number)
    assert run.x.streams[-1].get("backfill_minutes") in ("1", "2")
    assert run.metric('tocsin_source_gap_seconds_total{filled="yes",source="x"}') > 0
    # The reads of before the fall count on, and what came again was read again.
    run.until(lambda: run.reads() == said + run.number)
    run.process.terminate()
    assert run.process.wait(60) == 0, run.log()
    log = (run.folder / "log").read_text()
    assert TOKEN not in log
    assert "témoigne" not in log
