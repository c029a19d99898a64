"""``tocsin run`` with four networks at once, each a local server of the real wire: one incident from all four, and a bridged text counts once.

``SOURCES_MINUTES=10`` lets them talk, and break off, for ten minutes; ``SOURCES_SEED`` changes what breaks when.
"""

import json
import os
import random
import signal
import time
from collections import Counter

import pytest
from conftest import free_port
from feed_server import FeedServer, rss
from jetstream_server import POSTS, JetstreamServer, iso
from mastodon_server import TOKEN, MastodonServer, status
from pushing import SECRET, send, sign
from running import Running

MINUTES = float(os.environ.get("SOURCES_MINUTES", "0.2"))
SEED = int(os.environ.get("SOURCES_SEED", "3"))
LONGEST_WAIT_S = 130.0
"""Of a back-off (two minutes at most) and the connection after it: so long the last posts of a network may be on their way."""


class Networks(Running):
    """Four servers, and one ``tocsin run`` that hears them."""

    def __init__(self, folder):
        super().__init__(folder)
        self.bluesky, self.mastodon, self.feeds = JetstreamServer(), MastodonServer(), FeedServer(document=rss([]))
        self.push_port = free_port()
        self.number = 0
        self.items = []
        (folder / "token").write_text(TOKEN)
        (folder / "secret").write_text(SECRET)
        (folder / "tocsin.toml").write_text(
            f"""
[bluesky]
enabled = true
urls = ["{self.bluesky.url}"]
compress = false
[mastodon]
instances = ["{self.mastodon.host}"]
scheme = "http"
token_paths = {{ "{self.mastodon.host}" = "{folder}/token" }}
[feeds]
urls = ["{self.feeds.url}"]
poll_secs = 5
[push]
enabled = true
port = {self.push_port}
secret_paths = {{ mairie = "{folder}/secret" }}
[sources]
positions_path = "{folder}/positions.json"
stall_secs = 3600
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
        self.until(lambda: self.metric("tocsin_ready") == 1.0)
        self.until(
            lambda: all(
                self.metric(f'tocsin_source_connected{{source="{name}"}}') == 1.0 for name in ("bluesky", "push")
            )
        )
        self.until(lambda: self.mastodon.open == 1 and self.feeds.looks)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0, self.log()

    def close(self):
        super().close()
        for server in (self.bluesky, self.mastodon, self.feeds):
            server.close()

    def numbers(self, name):
        """All series of a metric, by the value of their label ``source``."""
        lines = [line for line in self.page() if line.startswith(f"{name}{{")]
        told = Counter()
        for line in lines:
            told[line.partition('source="')[2].partition('"')[0].partition(":")[0]] += float(line.rpartition(" ")[2])
        return told

    def tell(self, network, text):
        """One new author says something in a network."""
        self.number += 1
        now_ms = time.time_ns() // 1_000_000
        if network == "bluesky":
            us = now_ms * 1_000
            record = {"$type": POSTS, "text": text, "createdAt": iso(us), "langs": ["fr"]}
            event = {"did": f"did:plc:{self.number:024d}", "at_us": us, "rev": f"3r{self.number}", "kind": "commit"}
            self.bluesky.publish(
                [event | {"operation": "create", "collection": POSTS, "rkey": f"3k{self.number}", "record": record}]
            )
        elif network == "mastodon":
            made = status(self.number, now_ms, f"<p>{text}</p>")
            self.mastodon.publish(made | {"account": made["account"] | {"bot": False, "indexable": True}})
        elif network == "feeds":
            creator = f"<dc:creator>membre {self.number}</dc:creator>"
            self.items.append((f"urn:forum:{self.number}", text, "", now_ms / 1e3, creator))
            self.feeds.write(rss(self.items))
        else:
            body = json.dumps(
                {"id": f"p{self.number}", "text": text, "author": f"habitant {self.number}", "lang": "fr"}
            ).encode()
            code, _, _ = send(self.push_port, body, sign(body, identity=f"m{self.number}"))
            assert code == 202

    def talk(self, minutes, seed):
        """Let all networks talk of nothing for a while and break off now and then; give who said how much, and what broke."""
        draw, until = random.Random(seed), time.monotonic() + 60 * minutes
        said, broke = Counter(), Counter()
        while time.monotonic() < until:
            network = draw.choice(["bluesky", "bluesky", "mastodon", "feeds", "push"])
            self.tell(network, f"Ici rien de spécial, journée numéro {self.number}")
            said[network] += 1
            del self.items[:-100]  # a feed shows its latest; more than are said between two looks
            if draw.random() < 0.02 or (not broke.total() and said.total() == 10):
                network = draw.choice(["bluesky", "mastodon"])
                server = {"bluesky": self.bluesky, "mastodon": self.mastodon}[network]
                server.down()
                server.up()
                broke[network] += 1
            time.sleep(draw.choice([0.05, 0.2, 0.5]))
        return said, broke

    def gaps(self):
        """The gaps that the log tells so far."""
        *whole, _ = (self.folder / "log").read_text().split("\n")
        return [line for line in map(json.loads, whole) if line["event"] == "gap"]

    def incidents(self):
        path = self.folder / "incidents.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def networks(tmp_path):
    made = Networks(tmp_path)
    yield made
    made.close()


SAID = {
    "bluesky": [
        "Gros incendie rue Foch à Rennes, les flammes sortent du toit",
        "Un immeuble brûle à Rennes, je vois la fumée de chez moi",
    ],
    "mastodon": [
        "Énorme fumée noire au-dessus de Rennes, ça brûle rue Foch",
        "Feu d'immeuble à Rennes, les pompiers arrivent devant nous",
    ],
    "feeds": [
        "Incendie dans un immeuble de Rennes, des habitants évacués",
        "Rennes : le feu est dans la cage d'escalier, on est dehors",
    ],
    "push": [
        "Incendie en cours à Rennes, flammes au troisième étage",
        "Je suis à Rennes rue Foch, l'immeuble d'en face est en feu",
    ],
}


def test_one_incident_from_posts_of_four_networks_and_a_bridged_text_counts_once(networks):
    networks.start()
    bridged = "Explosion très forte à Brest ce soir, les vitres ont tremblé dans tout le quartier de Recouvrance"
    for network in ("bluesky", "mastodon", "push"):
        networks.tell(network, bridged)
    told, next_at = 0, 0.0

    def all_four_are_in():
        nonlocal told, next_at
        if told < 8 and time.monotonic() >= next_at:
            for network, texts in SAID.items():
                networks.tell(network, texts[told % 2] + " !" * (told // 2))
            told, next_at = told + 1, time.monotonic() + 8
        return any(len(one["networks"]) == 4 for one in networks.incidents())

    networks.until(all_four_are_in)
    fire = next(one for one in networks.incidents() if len(one["networks"]) == 4)
    assert (fire["hazard"], fire["state"]) == ("fire", "open")
    assert set(fire["networks"]) == {"bluesky", "mastodon", "feeds", "push-mairie"}
    # One text in three networks is one voice, and one voice raises nothing; different texts of as many authors did.
    assert not [one for one in networks.incidents() if one["hazard"] == "explosion" and one["voices"] > 1]
    networks.until(lambda: networks.metric('tocsin_items_received_total{stage="ingest"}') == 3 + 4 * told)
    networks.stop()
    kept = json.loads((networks.folder / "positions.json").read_text())
    assert {name.partition(":")[0] for name in kept} == {"bluesky", "mastodon", "feed", "push"}
    # What is written while nobody listens is heard after the restart, from each network that can be asked again.
    for network in ("bluesky", "mastodon", "feeds"):
        networks.tell(network, f"Accident grave à Lyon, {network} témoigne")
    networks.start()
    names = ("bluesky", f"mastodon:{networks.mastodon.host}", next(name for name in kept if name.startswith("feed:")))
    networks.until(
        lambda: all((networks.metric(f'tocsin_source_lines_total{{source="{name}"}}') or 0) >= 1 for name in names)
    )
    assert networks.metric('tocsin_source_gap_seconds_total{filled="yes",source="bluesky"}') > 0
    networks.stop()


@pytest.mark.timeout(60 * MINUTES + 4 * LONGEST_WAIT_S)
def test_all_that_four_networks_say_is_heard_once_though_they_break_off(networks):
    """Counted by network, and by what became of it: nothing is lost in a break, nothing comes twice, and every gap is filled."""
    networks.start()
    said, broke = networks.talk(MINUTES, SEED)
    heard = dict.fromkeys(said, 0)

    def all_is_heard():
        heard.update(networks.numbers("tocsin_source_lines_total"))
        heard["feeds"] = heard.pop("feed", 0)
        return all(heard[network] >= said[network] for network in said)

    try:
        networks.until(all_is_heard, LONGEST_WAIT_S)
    finally:
        figures = f"seed {SEED}: said {dict(said)}, heard {heard}, broke off {dict(broke)}"
        print(figures)  # noqa: T201 - what a long run measured
    received = 'tocsin_items_received_total{stage="ingest"}'
    networks.until(lambda: networks.metric(received) == said.total())
    assert heard == said
    assert networks.metric('tocsin_items_duplicate_total{stage="ingest"}') == 0
    assert networks.metric('tocsin_items_late_total{stage="ingest"}') == 0
    networks.until(lambda: {gap["source"].partition(":")[0] for gap in networks.gaps()} == set(broke))
    assert all(gap["filled"] for gap in networks.gaps()), networks.gaps()
    breaks = networks.numbers("tocsin_source_breaks_total")
    assert all(breaks[network] >= 1 for network in broke)
    assert breaks["feed"] == breaks["push"] == 0
    networks.stop()


def test_what_is_said_while_a_network_is_away_is_heard_by_the_next_run_and_told_as_a_gap(networks):
    """A run ends while it waits to connect again: its positions stand behind what it heard, so nothing of the rest is lost."""
    networks.start()
    networks.tell("bluesky", "Ici rien de spécial, avant")
    received = 'tocsin_items_received_total{stage="ingest"}'
    networks.until(lambda: networks.metric(received) == 1)
    networks.bluesky.down()
    networks.mastodon.down()
    mastodon = f"mastodon:{networks.mastodon.host}"
    networks.until(
        lambda: all(
            networks.metric(f'tocsin_source_connected{{source="{name}"}}') == 0.0 for name in ("bluesky", mastodon)
        )
    )
    for number in range(100):  # more than a page of Mastodon's timeline holds
        for network in ("bluesky", "mastodon"):
            networks.tell(network, f"Ici rien de spécial, pendant, numéro {number}, sur {network}")
    networks.stop()
    networks.bluesky.up()
    networks.mastodon.up()
    networks.start()
    networks.until(lambda: (networks.metric(received) or 0) >= 200)
    heard = networks.numbers("tocsin_source_lines_total")
    # What the first run had heard of Bluesky lies within the overlap, and is not asked of it again.
    assert (heard["bluesky"], heard["mastodon"]) == (100, 100)
    assert networks.metric('tocsin_items_duplicate_total{stage="ingest"}') == 0
    for name in ("bluesky", mastodon):
        assert networks.metric(f'tocsin_source_gap_seconds_total{{filled="yes",source="{name}"}}') > 0
        assert networks.metric(f'tocsin_source_gap_seconds_total{{filled="no",source="{name}"}}') is None
    networks.stop()
