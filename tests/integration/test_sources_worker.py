"""An ingest worker that hears a network, killed again and again over real Kafka and Redis: every post is received once."""

import json
import random
import time

import pytest
from jetstream_server import POSTS, JetstreamServer, iso
from words import stream

from tocsin import topics, wire
from tocsin.model import SourceGap


@pytest.fixture
def network():
    server = JetstreamServer()
    yield server
    server.close()


@pytest.fixture
def fleet(tmp_path, fleet_of, network):
    made = fleet_of("net", {"net": [tmp_path]}, follow=True, progress_secs=0.5)
    text = made.config.read_text().replace(json.dumps([str(tmp_path)]), '["source:bluesky"]')
    text += f'tick_secs = 0.2\n[bluesky]\nenabled = true\nurls = ["{network.url}"]\ncompress = false\n'
    made.config.write_text(text + "[sources]\nbackoff_min_secs = 0.05\nbackoff_max_secs = 0.2\n")
    del made.roles["detect-2"]
    made.roles["detect-1"].remove("--until-end")
    return made


def test_a_worker_killed_while_it_hears_a_network_receives_every_post_once(fleet, network):
    draw = random.Random(8)
    texts = [json.loads(line).get("text") for line in stream(minutes=40) if line.strip().startswith(b"{")]
    texts = [text for text in texts if text and text.strip()]

    def say(text, number):
        us = time.time_ns() // 1_000
        record = {"$type": POSTS, "text": text, "createdAt": iso(us), "langs": ["fr"]}
        event = {"did": f"did:plc:{number % 300:024d}", "at_us": us, "rev": f"3r{number}", "kind": "commit"}
        network.publish([event | {"operation": "create", "collection": POSTS, "rkey": f"3k{number}", "record": record}])

    fleet.start()
    fleet.until(lambda: network.connections)
    for number, text in enumerate(texts):
        say(text, number)
        if number % 25 == 0:
            fleet.supervise()
        if number in (len(texts) // 5, len(texts) // 3, len(texts) // 2):
            fleet.until(lambda: fleet.tally().get("ingest.received", 0) > 0)
            assert fleet.kill("ingest-net")
        if number == 2 * len(texts) // 3:
            network.faults = [("cut", draw.randrange(5)) for _ in range(3)]
            network.down()
            network.up()
    fleet.until(lambda: fleet.tally().get("ingest.received", 0) >= len(texts))
    fleet.until(lambda: fleet.tally().get("extract.received", 0) == fleet.tally().get("ingest.used", -1))
    assert fleet.restarts >= 3
    fleet.stop()
    found = fleet.tally()
    lying = list(fleet.store._client.scan_iter(f"{fleet.prefix}heard:*"))
    fates = sum(items for name, items in found.items() if name.startswith("ingest.") and name != "ingest.received")
    assert found["ingest.received"] == fates == len(texts), fleet.logs()
    assert not lying, "what was heard is gone with the last checkpoint"
    gaps = [part for raw in fleet.records(topics.MENTIONS) for part in _parts(raw) if isinstance(part, SourceGap)]
    assert gaps
    assert all(gap.filled and gap.origin == "bluesky" for gap in gaps)


def _parts(raw):
    try:
        return wire.decode_batch(raw)
    except ValueError:
        return []
