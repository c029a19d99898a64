"""Invariant 4: no author, handle, native id, e-mail, phone number or plate leaves ingest, in any field, on either way.

Lines that give their authors away in every field run through the real commands, live, with the real lexicon; then everything they wrote or
keep is scanned, raw and unpacked. ``tests/unit/test_privacy_scan_finds.py`` is the control: the scan finds what is planted.
"""

import getpass
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request

import pytest
import redis
from fleet import REAL, Fleet
from privacy_scan import broken, found, hostile, needles, plants, scan

from tocsin import topics, wire
from tocsin.model import Incident, Mention, Post
from tocsin.runtime.audit import AuditLog
from tocsin.runtime.kafka import slot
from tocsin.runtime.vault import TextVault, Words
from tocsin.time import HOUR_MS, format_instant

SAID = (
    "Énorme incendie à Nantes, je vois les flammes depuis ma fenêtre",
    "ça brûle à Nantes, les pompiers arrivent, il y a des blessés",
    "Gros incendie dans le centre de Nantes, fumée noire partout",
    "un immeuble en feu à Nantes, on nous évacue",
    "Nantes: incendie en cours, des gens aux fenêtres, deux blessés",
    "incendie à Nantes, l'immeuble s'effondre, on évacue la rue",
    "au feu ! l'immeuble d'en face brûle, Nantes centre, des blessés",
    "grosses flammes à Nantes, plusieurs camions de pompiers, incendie énorme",
)
NUMBERS = range(1, len(SAID) + 1)
BROKEN = 20
DELETED, REMOVED, EDITED = 2, 3, 4
PATIENCE_SECS = 240


def now():
    return format_instant(time.time_ns() // 1_000_000)


def lines():
    """Witnesses who give themselves away; small talk; what is refused; a deletion, an edit, a removed account, one for each of three."""
    made = [json.dumps(hostile(number, text, now())).encode() for number, text in zip(NUMBERS, SAID, strict=True)]
    made += [json.dumps(hostile(30 + n, "petit café du matin", now())).encode() for n in range(5)]
    made += [
        json.dumps(hostile(40, SAID[0], now(), indexable=False)).encode(),
        json.dumps(hostile(41, SAID[0], now(), bot=True)).encode(),
    ]
    return made + broken(BROKEN, now())


def taken_back():
    def native(number):
        told = plants(number)
        return told["at-uri"] if number % 2 else int(told["status id"])

    gone = [
        {"retract": native(DELETED), "at": now()},
        {"retract_author": plants(REMOVED)["did"], "source": "bluesky", "at": now(), "reason": "account"},
        {"retract": native(EDITED), "at": now(), "reason": "edited"},
        hostile(EDITED, "incendie à Nantes, fausse alerte en fait", now()),
    ]
    return [json.dumps(line).encode() for line in gone]


ALL = (*NUMBERS, *range(30, 35), 40, 41, BROKEN)


def files_below(folder, but=()):
    """All bytes of all files, but of those that are the input itself."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path not in but
    }


def page(log):
    """The metrics page of the process whose log this is (the last one, if it fell and was started again)."""
    addresses = re.findall(r'"address": ?"([^"]+)"', log.read_text())
    assert addresses, log.read_text()
    with urllib.request.urlopen(f"http://{addresses[-1]}/metrics", timeout=10) as answer:
        return answer.read()


@pytest.fixture(scope="module")
def embedded(tmp_path_factory):
    """All that ``tocsin run`` wrote, by name."""
    folder = tmp_path_factory.mktemp("embedded")
    posts, log = folder / "posts.jsonl", folder / "stderr.log"
    posts.touch()
    config = folder / "tocsin.toml"
    config.write_text(
        f'[ingest]\nfollow_paths = ["{posts}"]\nfrom_start = true\n[runtime]\nextract_processes = 1\ntick_secs = 0.5\n'
        f'[dispatch]\nincidents_path = "{folder / "incidents.jsonl"}"\ngeojson_path = "{folder / "standing.geojson"}"\nall_states = true\n'
        "[nlp]\nentities = false\n[metrics]\nport = 0\n"
    )
    command = [
        sys.executable,
        "-m",
        "tocsin",
        "--log-format",
        "json",
        "--log-level",
        "debug",
        "run",
        "--config",
        str(config),
    ]
    environ = {key: value for key, value in os.environ.items() if not key.startswith("TOCSIN_")} | {
        "OMP_NUM_THREADS": "1"
    }
    with log.open("wb") as stream, (folder / "stdout.log").open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=stream, env=environ)
    try:
        _until(lambda: "serving" in log.read_text(), process)
        with posts.open("ab") as stream:
            stream.write(b"\n".join(lines()) + b"\n")
        _until(
            lambda: (folder / "incidents.jsonl").stat().st_size > 0 if (folder / "incidents.jsonl").exists() else False,
            process,
        )
        with posts.open("ab") as stream:
            stream.write(b"\n".join(taken_back()) + b"\n")
        _until(lambda: b'tocsin_texts_destroyed_total{reason="edited"} 1.0' in page(log), process)
        metrics = page(log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    assert process.returncode == 0, log.read_text()
    return files_below(folder, but={posts}) | {"metrics page": metrics}


def _until(holds, process):
    until = time.monotonic() + PATIENCE_SECS
    while not holds():
        assert process.poll() is None, "it ended before it came to hold"
        assert time.monotonic() < until, "it never came to hold"
        time.sleep(0.1)


class Dump:
    """Everything that a deployment wrote or keeps."""

    def __init__(self, fleet, kafka_node, redis_server):
        self.topics = {topic.name: self._records(fleet, topic) for topic in topics.TOPICS}
        self.places = {
            f"topic {name} #{n}": record for name, records in self.topics.items() for n, record in enumerate(records)
        }
        self.places |= self._redis(redis_server)
        self.places |= files_below(fleet.folder, but={fleet.input})
        self.places |= {f"redis file {name}": data for name, data in files_below(redis_server.folder).items()}
        for name in fleet.roles:
            self.places[f"metrics of {name}"] = page(fleet.folder / f"{name}.log")

    def _records(self, fleet, topic):
        """Every record of a topic: key, value and headers."""
        reader, found_ = fleet.cluster.consumer(), []
        name = fleet.cluster.name(topic)
        where = [
            slot(name, n)
            for n in range(fleet.settings.kafka.posts_partitions if topic is topics.POSTS else topic.partitions)
        ]
        reader.assign(where)
        ends = reader.end_offsets(where)
        reader.seek_to_beginning(*where)
        while any(reader.position(one) < ends[one] for one in where):
            for records in reader.poll(timeout_ms=200).values():
                for record in records:
                    assert record.key is None or found(record.key, {}) == set()
                    found_.append(record.value + b"".join(value for _, value in record.headers))
        reader.close(autocommit=False)
        return found_

    def _redis(self, server):
        client = redis.Redis.from_url(server.url)
        made = {}
        for key in client.scan_iter("*"):
            kind = client.type(key)
            if kind == b"hash":
                value = b" ".join(field + b" " + held for field, held in client.hgetall(key).items())
            elif kind == b"zset":
                value = b" ".join(client.zrange(key, 0, -1))
            else:
                assert kind == b"string", f"a kind of value that is not scanned: {kind}"
                value = client.get(key)
            made[f"redis {key.decode()}"] = key + b" " + value
        client.close()
        return made

    def messages(self, name, kind):
        for record in self.topics[name]:
            for part in (
                wire.decode_batch(record)
                if topics.POSTS.name == name or topics.MENTIONS.name == name
                else [wire.decode(record)]
            ):
                if isinstance(part, kind):
                    yield part


@pytest.fixture(scope="module")
def distributed(tmp_path_factory, kafka_node, redis_server):
    """All that five workers over Kafka and Redis wrote and keep."""
    folder = tmp_path_factory.mktemp("distributed")
    redis.Redis.from_url(redis_server.url).flushall()
    posts = folder / "posts.jsonl"
    posts.touch()
    fleet = Fleet(
        folder,
        kafka_node.bootstrap,
        redis_server.url,
        {"net": [posts]},
        launcher=REAL,
        name="scan",
        follow=True,
        progress_secs=0.5,
    )
    fleet.input = posts
    text = (
        fleet.config.read_text()
        .replace("[metrics]\nenabled = false", "[metrics]\nport = 0")
        .replace("[runtime]\n", "[runtime]\ntick_secs = 0.5\n")
    )
    fleet.config.write_text(
        text
        + "[ingest]\nfrom_start = true\n[nlp]\nentities = false\n[dispatch]\nall_states = true\n"
        + f'[privacy]\naudit_path = "{folder / "audit.jsonl"}"\nreaders = {{ {json.dumps(getpass.getuser())} = "operator" }}\n'
    )
    fleet.launcher = (*REAL[:3], "--log-format", "json", "--log-level", "debug", "worker")
    for role in ("detect-2", "extract-2"):
        del fleet.roles[role]
    fleet.roles["detect-1"].remove("--until-end")
    fleet.patience_secs = PATIENCE_SECS
    try:
        fleet.start()
        fleet.until(lambda: fleet.said("extract-1", '"started"'))
        first = lines()
        with posts.open("ab") as stream:
            stream.write(b"\n".join(first) + b"\n")
        fleet.until(lambda: fleet.incidents.exists() and fleet.incidents.stat().st_size > 0)
        with posts.open("ab") as stream:
            stream.write(b"\n".join(taken_back()) + b"\n")
        fleet.until(lambda: fleet.tally().get("ingest.received", 0) == len(first) + 4)
        fleet.until(lambda: fleet.tally().get("detect.used", 0) >= len(SAID) + 4)
        dump = Dump(fleet, kafka_node, redis_server)
        dump.config = fleet.config
        dump.vault = TextVault(fleet.store, HOUR_MS, lambda: time.time_ns() // 1_000_000)
        dump.tally = fleet.tally()
        yield dump
    finally:
        fleet.stop()
        fleet.end()


def test_tocsin_run_gives_nobody_away(embedded):
    assert {"incidents.jsonl", "standing.geojson", "stderr.log", "metrics page"} <= set(embedded)
    assert b'"hazard":"fire"' in embedded["incidents.jsonl"]
    assert b'tocsin_items_filtered_total{reason="not_indexable",stage="ingest"} 1.0' in embedded["metrics page"]
    assert b'tocsin_items_filtered_total{reason="bot",stage="ingest"} 1.0' in embedded["metrics page"]
    assert scan(embedded, ALL) == []


def test_workers_over_kafka_and_redis_give_nobody_away(distributed):
    assert scan(distributed.places, ALL) == []


def test_the_scan_looked_at_what_there_was_to_look_at(distributed):
    for name in ("posts", "mentions", "incidents", "dead-letters"):
        assert distributed.topics[name], name
    assert len(list(distributed.messages("posts", Post))) >= len(SAID)
    assert len(list(distributed.messages("mentions", Mention))) >= len(SAID)
    assert any(incident.voices >= 5 and incident.quotable for incident in distributed.messages("incidents", Incident))
    kinds = {
        place.split(":")[0].split(" ")[1].removeprefix("scan.")
        for place in distributed.places
        if place.startswith("redis scan.")
    }
    assert {"text-key", "text", "text-register", "author-key", "post-key", "checkpoint"} <= kinds
    assert len(list(distributed.messages("dead-letters", object))) == len(broken(BROKEN, now()))


def test_texts_lie_sealed_and_only_their_keys_open_them(distributed):
    """The control within the run: the same bytes, opened with the keys, hold the redacted words and the link; without, nothing."""
    posts = list(distributed.messages("posts", Post))
    assert all(post.sealed and not post.text and post.profile_place is None and post.point is None for post in posts)
    said = [phrase.encode() for text in SAID for phrase in text.split(", ")]
    assert not any(phrase in record for record in distributed.topics["posts"] for phrase in said)
    opened = [
        words
        for words in distributed.vault.open([(post.id, post.sealed) for post in posts])
        if isinstance(words, Words)
    ]
    assert len(opened) >= len(SAID) - 3
    for words in opened:
        assert not any(
            found(words.text.encode(), {k: v for k, v in needles(n).items() if k != "surname"}) for n in NUMBERS
        )
        assert any(found(words.link.encode(), {"handle": needles(n)["short handle"]}) for n in NUMBERS)


def test_what_was_taken_back_opens_no_more(distributed):
    posts = list(distributed.messages("posts", Post))
    gone = [
        words
        for words in distributed.vault.open([(post.id, post.sealed) for post in posts])
        if not isinstance(words, Words)
    ]
    assert gone == ["retracted"] * 3  # deleted, account removed, and the words before the edit


def quotes(distributed, incident_id, *options, **environ):
    command = [sys.executable, "-m", "tocsin", "quotes", incident_id, "--config", str(distributed.config), *options]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | environ, timeout=120, check=False)


def test_an_operator_reads_quotes_and_the_reading_is_audited_and_others_read_nothing(distributed):
    incident = max(distributed.messages("incidents", Incident), key=lambda one: (len(one.quotable), one.revision))
    log = AuditLog(distributed.config.parent / "audit.jsonl")
    read = quotes(distributed, incident.incident_id, "--reason", "is it one building?")
    assert read.returncode == 0, read.stderr
    assert sum(line.startswith("- ") and "@___" in line for line in read.stdout.splitlines()) >= 3
    assert "mastodon.social/@" not in read.stdout
    linked = quotes(distributed, incident.incident_id, "--reason", "to look at the photo", "--links")
    assert "https://mastodon.social/@" in linked.stdout
    denied = quotes(
        distributed, incident.incident_id, "--reason", "curious", TOCSIN_PRIVACY__READING_ROLES='["auditor"]'
    )
    assert (denied.returncode, denied.stdout) == (1, "")
    assert "the role operator may not read" in denied.stderr
    assert [entry.action for entry in log.entries()] == ["read.quotes", "read.links", "read.quotes.refused"]
    assert {entry.who for entry in log.entries()} == {getpass.getuser()}
    assert log.chain().broken is None
    unknown = quotes(distributed, "0" * 16, "--reason", "is it there?")
    assert (unknown.returncode, unknown.stdout) == (2, "")


def test_a_name_in_plain_words_reaches_nothing_that_leaves_extraction(distributed, embedded):
    surnames = {str(n): needles(n)["surname"] for n in ALL}
    for place, data in (distributed.places | embedded).items():
        assert not found(data, surnames), place
