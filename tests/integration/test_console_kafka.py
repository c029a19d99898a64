"""The console worker over a real Kafka: what the topics hold is shown, what a person decides is in the topic, the gate answers."""

from __future__ import annotations

import re
import time

import httpx
import pytest
from deployment import Worker
from examples import T0, incident
from test_dispatch_kafka import Place

from console.accounts import new_account, table
from dispatch import public
from tocsin import topics
from tocsin.distributed import console_worker
from tocsin.distributed.console_worker import run_console
from tocsin.distributed.shell import Shell
from tocsin.model import ExerciseWindow, Verdict
from tocsin.runtime.kafka import Cluster
from tocsin.runtime.metrics import Metrics
from tocsin.runtime.stop import Stop
from tocsin.settings.console import ConsoleSettings
from tocsin.settings.privacy import PrivacySettings

PASSWORD = "a long password"
LIMIT_S = 60.0
DRILL = ExerciseWindow(
    window_id="drill",
    centre="cta-44",
    operator="op2",
    declared_at=T0,
    from_at=T0 - 7_200_000,
    until_at=T0 - 3_600_000,
    label="a drill",
)


class Console:
    """A console worker as a thread, and a person of the centre cta-44 who is signed in."""

    def __init__(self, place, folder):
        accounts = folder / "accounts.toml"
        accounts.write_text(table(new_account("op1", "operator", "cta-44", PASSWORD)))
        settings = place.settings.model_copy(
            update={
                "console": ConsoleSettings(enabled=True, port=0, accounts_path=accounts, lang="en"),
                "privacy": PrivacySettings(audit_path=folder / "audit.jsonl"),
            }
        )
        shell = Shell(
            settings=settings,
            cluster=Cluster(settings.kafka),
            store=place.store,
            metrics=Metrics(),
            stop=Stop(),
            member="console",
        )
        servers = []
        self.worker = Worker("console", run_console, shell, opened=servers.append)
        self.worker.start()
        self.until(lambda: servers)
        self.person = httpx.Client(base_url=servers[0].address, follow_redirects=True, timeout=30)
        assert self.person.post("/login", data={"name": "op1", "password": PASSWORD}).status_code == 200

    def until(self, met):
        until = time.monotonic() + LIMIT_S
        while time.monotonic() < until:
            if self.worker.error is not None:
                raise self.worker.error
            found = met()
            if found:
                return found
            time.sleep(0.05)
        pytest.fail(f"not met within {LIMIT_S:g} s")

    def sheet(self, name):
        return self.person.get(f"/incidents/{name}?part=sheet").text

    def decide(self, name, **form):
        sheet = self.sheet(name)
        hidden = {field: re.search(rf'name="{field}" value="([^"]+)"', sheet)[1] for field in ("csrf", "revision")}
        return self.person.post(
            f"/incidents/{name}/verdicts", data=hidden | form, headers={"accept": "application/json"}
        )

    def end(self):
        self.person.close()
        self.worker.stop.wanted = True
        self.worker.join(30)
        assert not self.worker.is_alive()
        assert self.worker.error is None, self.worker.error


def test_a_decision_on_the_console_makes_the_gate_speak(tmp_path, kafka_node):
    place = Place(tmp_path, kafka_node.bootstrap)
    # What stands in the topics before the console starts is shown; what is older than a day is not read again.
    place.put(topics.INCIDENTS, incident(incident_id="before"))
    place.put(topics.VERDICTS, DRILL)
    console = Console(place, tmp_path)
    console.until(lambda: "row-before" in console.person.get("/").text)
    console.until(lambda: "a drill" in console.person.get("/exercises").text)
    gate = place.start()
    place.put(topics.INCIDENTS, incident(incident_id="after"))
    console.until(lambda: "row-after" in console.person.get("/").text)
    console.until(lambda: "Draft" in console.sheet("after"))
    assert console.decide("after", decision="confirmed").json() == {"said": "Decision recorded: confirmed"}
    # Acknowledged before the person was told: it is in the topic now.
    _, written = [record.value for record in place.read(topics.VERDICTS)]
    written = public.decode(written, Verdict)
    assert (written.incident_id, written.centre, written.operator, written.decision) == (
        "after",
        "cta-44",
        "op1",
        "confirmed",
    )
    console.until(lambda: "Actual" in console.sheet("after"))
    actual = [alert for alert in place.alerts() if alert.status == "Actual"]
    assert [(alert.incident_id, alert.centre) for alert in actual] == [("after", "cta-44")]
    console.end()
    place.end(gate)


def test_what_cannot_be_read_or_sent_is_told_and_stops_nothing(tmp_path, kafka_node):
    place = Place(tmp_path, kafka_node.bootstrap)
    console = Console(place, tmp_path)
    place.put(topics.INCIDENTS, b"\xff no record", incident(incident_id="a"))
    console.until(lambda: "row-a" in console.person.get("/").text)
    refused = console.decide("a", decision="duplicate", duplicate_of="")
    assert refused.status_code == 422
    assert place.read(topics.VERDICTS) == []
    # A verdict of another console, in either form, is shown here, too.
    place.put(topics.VERDICTS, Verdict(incident_id="a", centre="cta-49", operator="x", at=T0 + 1, decision="checking"))
    console.until(lambda: "cta-49" in console.sheet("a"))
    console.end()


def test_without_its_topics_it_ends_with_what_to_do(tmp_path, kafka_node):
    place = Place(tmp_path, kafka_node.bootstrap)
    place.settings = place.settings.model_copy(
        update={"kafka": place.settings.kafka.model_copy(update={"prefix": "nothing-here."})}
    )
    with pytest.raises(Exception, match="topics --apply"):
        Console(place, tmp_path)


def test_what_is_older_than_it_looks_back_is_not_read(tmp_path, kafka_node, monkeypatch):
    # The broker stamps records itself, so none can be made a day old: it looks back no time instead of a day.
    monkeypatch.setattr(console_worker, "BACK_MS", 0)
    place = Place(tmp_path, kafka_node.bootstrap)
    place.put(topics.INCIDENTS, incident(incident_id="old"))
    time.sleep(0.01)  # the broker's stamps have a grain of one millisecond
    console = Console(place, tmp_path)
    place.put(topics.INCIDENTS, incident(incident_id="new"))
    console.until(lambda: "row-new" in console.person.get("/").text)
    assert "row-old" not in console.person.get("/").text
    console.end()
