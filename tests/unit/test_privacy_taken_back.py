"""Deletion, edit, account removal, on both ways: the text key is gone and the incident is scored anew within 60 s of a virtual clock."""

import json

import msgspec
import pytest
from words import WordExtractor, WordGate

from ingest.block import Builder
from ingest.privacy import DayPseudonyms
from ingest.record import Limits
from tocsin import wire
from tocsin.distributed.detect import Detect as DistributedDetect
from tocsin.distributed.extract import Extract, Given
from tocsin.distributed.ingest import Ingest, PassOn
from tocsin.model import Post
from tocsin.pipeline.detect import Detect
from tocsin.pipeline.hear import Hear
from tocsin.pipeline.sealing import Sealer
from tocsin.pipeline.secrecy import LiveKeys
from tocsin.runtime import metrics as declared
from tocsin.runtime.metrics import Metrics
from tocsin.runtime.store import MemoryStore
from tocsin.runtime.vault import TextVault
from tocsin.settings import Settings
from tocsin.time import HOUR_MS, SECOND_MS, format_instant, parse_instant

START = parse_instant("2026-04-07T12:00:00Z")
SETTINGS = Settings.model_validate(
    {"distributed": {"origins": {"a": ("a",)}, "progress_secs": 1.0}, "kafka": {"posts_partitions": 2}}
)


class Clock:
    def __init__(self, at=START):
        self.at = at

    def __call__(self):
        return self.at


class Embedded:
    """``tocsin run`` without its files: blocks, hearing, detection in one process."""

    def __init__(self, clock):
        self.clock, self.store, self.metrics = clock, MemoryStore(clock), Metrics()
        self.keys = LiveKeys(self.store, clock)
        self.vault = TextVault(self.store, HOUR_MS, clock)
        self.hear = Hear(WordGate(), WordExtractor(), None, Limits(), 5_000)
        self.incidents, self.mentions = [], []
        self.detect = Detect(SETTINGS, self, self.metrics, sealer=Sealer(self.vault, self.metrics, clock))

    def take(self, block):
        self.detect.take(self.hear(self.keys.on(block)))

    def extract(self):
        """Extraction has no queue of its own here."""

    def text_of(self, native_id, at):
        post_id = self.post_id(native_id, at)
        [sealed] = self.vault.kept([post_id])
        return None if sealed is None else self.vault.open([(post_id, sealed)])[0]

    def post_id(self, native_id, at):
        return DayPseudonyms(self.keys.current()).post(native_id, at)

    def filtered(self, stage, reason):
        return self.metrics.value(declared.FILTERED, stage, reason)

    def incident(self, incident):
        self.incidents.append(incident)

    def mention(self, mention):
        self.mentions.append(mention)

    def dead_letter(self, letter):
        raise AssertionError(letter)

    def progress(self, summary):
        assert summary.counts.balanced

    def geocoded(self, answer):
        raise AssertionError(answer)


class Distributed(Embedded):
    """The distributed stages without their brokers; extraction reads what waits only when told to."""

    def __init__(self, clock, *, eager=True):
        super().__init__(clock)
        hear = Hear(WordGate(), PassOn(), None, Limits(), 5_000)
        self.ingest = Ingest("a", hear, SETTINGS, Sealer(self.vault, self.metrics, clock))
        self.extractor = Extract(WordExtractor(), 5, 100, self.vault)
        self.detector = DistributedDetect(SETTINGS)
        self.eager, self.waiting, self.records = eager, [], []

    def take(self, block):
        made = self.ingest.take(self.keys.on(block))
        assert made.counts.balanced
        self.waiting += [record for _, record in made.records]
        self.records += [record for _, record in made.records]
        if self.eager:
            self.extract()

    def extract(self):
        for made in self.extractor.take([Given("posts", record) for record in self.waiting]):
            assert made.counts.balanced
            assert not made.dead
            incidents, dead = self.detector.take("mentions", made.value)
            assert not dead
            self.incidents += incidents
        self.waiting = []

    def filtered(self, stage, reason):
        return self.detector.tally[f"{stage}.filtered.{reason}"]


class Stream:
    """A live stream: a line, then a second in which nothing is said, and so on."""

    def __init__(self, way):
        self.way, self.clock, self.number = way, way.clock, 0

    def say(self, *lines):
        builder = Builder()
        for index, line in enumerate(lines):
            builder.add("s", index + 1, json.dumps({"created_at": format_instant(self.clock.at), **line}).encode())
        self.way.take(builder.take(number=self.number, arrived_at=self.clock.at))
        self.number += 1

    def wait(self, secs):
        for _ in range(secs):
            self.clock.at += SECOND_MS
            self.say()

    def fire(self, voices=10):
        for number in range(voices):
            self.say(post(number))
            self.wait(12)
        self.wait(20)


def post(number, text=None, **more):
    return {
        "id": f"at://did:plc:author{number}/post/{number}",
        "source": "bluesky",
        "author": f"did:plc:author{number}",
        "text": text or f"fire in nantes, seen from window {number}",
        **more,
    }


def gone(number, reason="deleted", at=START):
    return {"retract": f"at://did:plc:author{number}/post/{number}", "at": format_instant(at), "reason": reason}


@pytest.fixture(params=[Embedded, Distributed], ids=["embedded", "distributed"])
def way(request):
    return request.param(Clock())


def standing(way):
    """The last revision of the one incident."""
    assert len({incident.incident_id for incident in way.incidents if incident.state in ("open", "quiet")}) == 1
    return way.incidents[-1]


def voices_by_id(way):
    detector = (
        way.detect._detector
        if isinstance(way, Embedded) and not isinstance(way, Distributed)
        else way.detector._detector
    )
    [case] = detector._memory.cases.values()
    return {voice.post_id for voice in case.voices}


@pytest.mark.parametrize("reason", ["deleted", "edited"])
def test_a_text_taken_back_is_gone_and_its_voice_leaves_the_incident_within_60_s(way, reason):
    stream = Stream(way)
    stream.fire()
    written_at = stream.clock.at
    target = way.post_id(post(3)["id"], written_at)
    assert way.text_of(post(3)["id"], written_at).text == "fire in nantes, seen from window 3"
    assert target in voices_by_id(way)
    taken_at = stream.clock.at
    stream.say(gone(3, reason))
    assert way.text_of(post(3)["id"], written_at) is None
    assert way.vault.open([(target, way.vault.seal_away(target, None))]) == ["retracted"]
    while target in voices_by_id(way):
        assert stream.clock.at - taken_at <= 60 * SECOND_MS
        stream.wait(1)


def test_when_most_witnesses_delete_the_incident_is_withdrawn_within_60_s(way):
    stream = Stream(way)
    stream.fire()
    assert standing(way).state == "open"
    taken_at = stream.clock.at
    stream.say(*(gone(number) for number in range(1, 10)))
    while way.incidents[-1].reason != "withdrawn":
        assert stream.clock.at - taken_at <= 60 * SECOND_MS
        stream.wait(1)
    assert way.metrics.value(declared.TEXTS_DESTROYED, "deleted") == 9


def test_a_removed_account_takes_all_its_posts_with_it_within_60_s(way):
    stream = Stream(way)
    stream.fire()
    written_at = stream.clock.at
    stream.say(post(100, author="did:plc:author3", text="fire in nantes again, it grows"))
    removed = {
        "retract_author": "did:plc:author3",
        "source": "bluesky",
        "at": format_instant(START),
        "reason": "account",
    }
    taken_at = stream.clock.at
    stream.say(removed)
    for number in (3, 100):
        assert way.text_of(post(number)["id"], written_at) is None
    assert way.text_of(post(4)["id"], written_at) is not None
    target = way.post_id(post(3)["id"], written_at)
    while target in voices_by_id(way):
        assert stream.clock.at - taken_at <= 60 * SECOND_MS
        stream.wait(1)
    stream.say(removed)  # nothing is left to take back
    stream.wait(20)
    assert way.filtered("ingest", "unknown_account") == 1
    assert way.metrics.value(declared.TEXTS_DESTROYED, "account") == 1


def test_an_edited_post_is_heard_anew_with_its_new_text(way):
    stream = Stream(way)
    stream.fire(4)
    at = stream.clock.at
    stream.say(gone(2, "edited"), post(2, text="fire in nantes, two houses now"))
    stream.wait(20)
    assert way.text_of(post(2)["id"], at).text == "fire in nantes, two houses now"


def test_an_edit_and_its_new_text_are_told_apart_within_one_block(way):
    stream = Stream(way)
    stream.say(post(1, text="fire in nantes, old words"), gone(1, "edited"), post(1, text="fire in nantes, new words"))
    stream.wait(20)
    assert way.text_of(post(1)["id"], START).text == "fire in nantes, new words"


def test_a_post_deleted_within_its_own_block_is_never_readable(way):
    stream = Stream(way)
    stream.say(post(1), gone(1), post(2))
    stream.wait(20)
    assert way.text_of(post(1)["id"], START) in (None, "retracted")
    assert way.text_of(post(2)["id"], START) is not None


def test_a_late_copy_of_a_deleted_post_cannot_be_read(way):
    stream = Stream(way)
    stream.say(gone(1))
    stream.say(post(1))
    stream.wait(20)
    assert way.text_of(post(1)["id"], START) in (None, "retracted")


def test_a_deletion_on_the_day_after_still_meets_its_post(way):
    way.clock.at = parse_instant("2026-04-08T03:59:00Z")
    stream = Stream(way)
    stream.say(post(1), post(2))
    at = stream.clock.at
    stream.wait(120)
    stream.say(gone(1))
    assert way.text_of(post(1)["id"], at) is None
    assert way.text_of(post(2)["id"], at) is not None


# What only the distributed way has: texts that wait on a topic.


def test_texts_lie_sealed_on_the_topic():
    way = Distributed(Clock(), eager=False)
    Stream(way).say(post(1, link="https://bsky.app/profile/author1/post/1", place="Nantes", lat=47.2181, lon=-1.5528))
    posts = [part for record in way.records for part in wire.decode_batch(record) if isinstance(part, Post)]
    [sent] = posts
    assert (sent.text, sent.profile_place, sent.point) == ("", None, None)
    raw = b"".join(way.records)
    for words in (b"fire in", b"window", b"bsky.app", b"Nantes", msgspec.msgpack.encode(47.218)):
        assert words not in raw
    [words] = way.vault.open([(sent.id, sent.sealed)])
    assert (words.text, words.link) == ("fire in nantes, seen from window 1", "https://bsky.app/profile/author1/post/1")
    assert words.profile_place == "Nantes"


@pytest.mark.parametrize("reason", ["deleted", "edited", "account"])
def test_a_text_taken_back_before_extraction_is_not_heard_and_counted(reason):
    way = Distributed(Clock(), eager=False)
    stream = Stream(way)
    stream.say(post(1), post(2))
    line = gone(1, reason)
    if reason == "account":
        line = {"retract_author": "did:plc:author1", "source": "bluesky", "at": format_instant(START)}
    stream.say(line)
    way.extract()
    stream.wait(20)
    way.extract()
    assert way.filtered("extract", "retracted") == 1
    assert way.detector.tally["detect.used"] == 2  # the other post, and the retraction
    assert way.detector.tally["extract.received"] == 3 == way.detector.tally["ingest.used"]


def test_a_text_whose_hour_is_over_before_extraction_is_not_heard_and_counted():
    way = Distributed(Clock(), eager=False)
    stream = Stream(way)
    stream.say(post(1))
    stream.clock.at += HOUR_MS
    stream.say(post(2))
    way.extract()
    stream.wait(20)
    way.extract()
    assert way.filtered("extract", "expired") == 1
    assert way.filtered("extract", "retracted") == 0


def test_recorded_files_are_sealed_too_and_detected_the_same_however_far_extraction_is():
    clock = Clock()
    way = Distributed(clock, eager=False)
    way.ingest._sealer = Sealer(way.vault, way.metrics, clock, obey=False)
    stream = Stream(way)
    stream.say(post(1))
    stream.say(gone(1))
    way.extract()
    assert way.filtered("extract", "retracted") == 0
    assert not any(b"fire in" in record for record in way.records)


def test_the_metric_tells_the_oldest_readable_text(way):
    stream = Stream(way)
    stream.say(post(1))
    stream.wait(11)
    assert way.metrics.value(declared.OLDEST_TEXT) == START / SECOND_MS
    stream.say(gone(1))
    stream.wait(11)
    assert way.metrics.value(declared.OLDEST_TEXT) == 0
