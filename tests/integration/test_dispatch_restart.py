"""A live run that is killed and started again: verdicts stand, its signals go on, no alert goes out twice, none is lost."""

from __future__ import annotations

import json
import signal
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from test_dispatch_run import SECRET, TERRITORIES, TOKEN, Hook, receiver, until  # noqa: F401  # the receiver is a fixture
from test_runtime_cli import LIMIT_SECS, SAID, command, finish, post

MORE = [
    "L'incendie grandit à Nantes, je vois les flammes d'ici",
    "le feu n'est pas éteint à Nantes, énorme fumée noire, on tousse",
    "incendie à Nantes : toute la rue est évacuée, ça brûle encore",
    "je suis à Nantes devant le feu, le toit vient de s'effondrer",
    "Nantes, les pompiers arrosent l'immeuble en feu depuis la grande échelle",
    "ma voisine est sortie en pyjama, notre immeuble brûle à Nantes",
    "quelle fumée au-dessus de Nantes, on voit l'incendie de loin",
    "à Nantes ça flambe toujours, la police bloque le quartier",
]
FLOOD = [
    "inondation à Nantes, l'eau entre dans ma cuisine",
    "Nantes : la rue est sous l'eau, les voitures flottent, inondation",
    "l'eau monte très vite à Nantes, on est montés à l'étage, inondation",
    "grosse inondation en ce moment à Nantes, je suis bloqué chez moi",
    "les égouts débordent à Nantes, inondation dans tout le quartier",
    "inondation à Nantes, j'ai de l'eau jusqu'aux genoux",
]
PARIS = [words.replace("Nantes", "Paris").replace("rue Crébillon", "rue de Rivoli") for words in SAID]


class Run:
    """One start of ``tocsin run``, until it is ended or killed."""

    def __init__(self, config, posts):
        self.posts = posts
        self.process = command("run", "--config", str(config))
        said = {}
        while not {"door open", "serving"} <= said.keys():
            line = json.loads(self.process.stderr.readline())
            said[line["event"]] = line
        self.said = said
        ready = f"http://{said['serving']['address']}/readyz"
        until(lambda: httpx.get(ready, trust_env=False).status_code == 200, self.process)
        self.http = httpx.Client(
            base_url=said["door open"]["address"],
            headers={"authorization": f"Bearer {TOKEN}"},
            timeout=LIMIT_SECS,
            trust_env=False,
        )

    def say(self, texts, first):
        with self.posts.open("ab") as stream:
            now = time.time_ns() // 1_000_000
            stream.write(b"\n".join([*(post(first + i, now, text) for i, text in enumerate(texts)), b""]))

    def told(self, after=0):
        answer = self.http.get("/alerts", params={"after": after}).json()
        return answer["last"], answer["messages"]

    def wait_for(self, holds):
        found = []

        def there():
            found[:] = [one for one in self.told()[1] if holds(one)]
            return found

        until(there, self.process)
        return found[0]

    def send(self, path, body):
        assert self.http.post(path, json=body).status_code == 202

    def kill(self):
        self.http.close()
        self.process.kill()
        self.process.communicate(timeout=LIMIT_SECS)

    def end(self):
        self.http.close()
        self.process.send_signal(signal.SIGTERM)
        code, _, err = finish(self.process)
        assert code == 0, err


@pytest.fixture
def start():
    runs = []

    def started(config, posts):
        runs.append(Run(config, posts))
        return runs[-1]

    yield started
    for run in runs:
        if run.process.poll() is None:
            run.kill()


@pytest.fixture
def settings_of_a_run(tmp_path, receiver):  # noqa: F811
    posts, config = tmp_path / "posts.jsonl", tmp_path / "tocsin.toml"
    posts.write_bytes(b"")
    (tmp_path / "tokens").write_text(f"{TOKEN} * decide\n")
    (tmp_path / "secret").write_text(SECRET)
    config.write_text(
        f'[ingest]\nfollow_paths = ["{posts}"]\nfollow_poll_secs = 0.05\n[time]\npane_secs = 1\nlateness_secs = 1\n[runtime]\ntick_secs = 0.1\n'
        f'[dispatch]\noutbox_path = "{tmp_path}/outbox.db"\nincidents_path = "{tmp_path}/incidents.jsonl"\ngeojson_path = "{tmp_path}/now.geojson"\n'
        f'[dispatch.door]\nenabled = true\nport = 0\ntokens_path = "{tmp_path}/tokens"\n'
        f'[[dispatch.webhooks]]\nname = "hook"\nurl = "http://127.0.0.1:{receiver.server_port}/x"\nsecret_path = "{tmp_path}/secret"\n'
        + TERRITORIES
    )
    return config, posts


def test_a_killed_run_goes_on_where_it_was(tmp_path, settings_of_a_run, receiver, start):  # noqa: F811
    config, posts = settings_of_a_run
    now = datetime.now(UTC)

    first = start(config, posts)
    first.say(SAID, 0)
    fire = first.wait_for(lambda one: one["incident"]["hazard"] == "fire")
    verdict = {
        "incident_id": fire["incident_id"],
        "centre": "cta-44",
        "operator": "operator-7",
        "at": now.isoformat(),
        "decision": "confirmed",
        "revision": fire["incident"]["revision"],
    }
    window = {
        "window_id": "drill",
        "centre": "cta-75",
        "operator": "operator-9",
        "declared_at": now.isoformat(),
        "from_at": (now - timedelta(hours=1)).isoformat(),
        "until_at": (now + timedelta(hours=1)).isoformat(),
        "label": "a drill",
    }
    first.send("/exercises", window)
    first.send("/verdicts", verdict)
    before = first.told()
    first.kill()  # at once after it was said that the verdict is taken
    assert [one["status"] for one in before[1]][-1] == "Actual"

    second = start(config, posts)
    assert second.said["goes on"]["incidents"] == 1
    last, messages = second.told()
    assert messages[: len(before[1])] == before[1]
    assert json.loads((tmp_path / "now.geojson").read_bytes())["features"], "what stands is on the map at once"
    second.send("/verdicts", verdict)  # said twice: it is known
    assert second.told() == (last, messages)
    second.say(MORE, 100)
    grown = second.wait_for(lambda one: one["sequence"] > messages[-1]["sequence"])
    assert (grown["incident_id"], grown["evaluation"], grown["proposal"]) == (fire["incident_id"], "confirmed", True)
    assert [one["centre"] for one in grown["opinions"]] == ["cta-44"]
    second.say(PARIS, 200)
    drill = second.wait_for(lambda one: one["centre"] == "cta-75")
    assert (drill["status"], drill["exercise"]) == ("Exercise", "a drill")
    second.end()

    third = start(config, posts)
    assert third.said["goes on"]["incidents"] == 2
    third.say(FLOOD, 300)
    flood = third.wait_for(lambda one: one["incident"]["hazard"] == "flood")
    everything = third.told()[1]
    until(lambda: {one["alert_id"] for one in receiver.took} >= {one["alert_id"] for one in everything}, third.process)
    third.kill()

    assert {one["incident_id"] for one in everything} == {one["incident_id"] for one in (fire, drill, flood)}
    taken = [one["alert_id"] for one in receiver.took]
    assert len(taken) == len(set(taken)), "no alert is taken twice"
    assert taken.index(fire["alert_id"]) == 0
    for incident in (fire, drill, flood):
        told = [one["sequence"] for one in receiver.took if one["incident_id"] == incident["incident_id"]]
        assert told == list(range(1, len(told) + 1)), "none is lost, and they came in their order"


def test_without_a_file_the_log_says_that_a_restart_forgets(tmp_path):
    config = tmp_path / "tocsin.toml"
    config.write_text(
        f'[ingest]\nfollow_paths = ["-"]\n[runtime]\nextract_processes = 0\n[dispatch]\nincidents_path = "{tmp_path}/incidents.jsonl"\n'
    )
    code, _, err = finish(command("run", "--config", str(config)), b"")
    assert code == 0, err
    assert "a restart forgets alerts" in err
