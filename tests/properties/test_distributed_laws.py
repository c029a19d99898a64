"""However records of lanes are shuffled, sent again or cut by a fall, the detector hears the same."""

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from words import START, WordExtractor, WordGate, stream

from detectors.outages import Outage
from detectors.state import State
from ingest.block import Builder
from ingest.privacy import PublicPseudonyms
from ingest.record import Limits
from tocsin import wire
from tocsin.distributed.detect import Detect, DetectState
from tocsin.distributed.extract import Extract, Given, IllVersionError
from tocsin.distributed.ingest import Ingest, PassOn
from tocsin.distributed.lanes import Lane
from tocsin.model import Post, Progress, Retraction, SettingsChange, SourceGap
from tocsin.pipeline.hear import Hear
from tocsin.settings import Settings

SETTINGS = Settings.model_validate(
    {
        "distributed": {"origins": {"a": ("a",), "b": ("b",)}, "progress_secs": 20.0, "max_held_steps": 500},
        "kafka": {"posts_partitions": 3},
    }
)


def ingest(origin="a"):
    return Ingest(origin, Hear(WordGate(), PassOn(), PublicPseudonyms(), Limits(), 5_000), SETTINGS)


def blocks(lines, size=20):
    builder = Builder()
    for number, start in enumerate(range(0, len(lines), size)):
        for index, line in enumerate(lines[start : start + size]):
            builder.add("f", start + index + 1, line)
        yield builder.take(number=number)


def records(origin, lines):
    """What an ingest worker writes, by partition."""
    worker, written = ingest(origin), [[] for _ in range(3)]
    for block in blocks(lines):
        for partition, record in worker.take(block).records:
            written[partition].append(record)
    for partition, record in worker.finish().records:
        written[partition].append(record)
    return written


@pytest.fixture(scope="module")
def lanes():
    """The records of ``mentions``, by lane, in the order of each."""
    lines = stream(minutes=75)
    made = []
    for origin, part in (("a", lines[0::2]), ("b", lines[1::2])):
        for written in records(origin, part):
            extract = Extract(WordExtractor(), 5, 100)
            made.append([one.value for one in extract.take([Given("w", record) for record in written])])
    return made


def detected(order, cuts=()):
    """The incidents of records in an order; at each cut the worker falls and goes on from its last snapshot."""
    detect, incidents = Detect(SETTINGS), []
    for index, record in enumerate(order):
        if index in cuts:
            state, detect = detect.snapshot(), Detect(SETTINGS)
            detect.restore(state)
        written, dead = detect.take("w", record)
        assert not dead
        incidents += written
    assert detect.finished
    return [wire.encode(one) for one in incidents], dict(detect.tally)


def test_the_order_of_lanes_and_falls_change_nothing(lanes):
    expected, tally = detected([record for lane in lanes for record in lane])
    assert len({wire.decode(one).incident_id for one in expected}) == 2

    @settings(max_examples=8, deadline=None)
    @given(st.integers(0, 2**32))
    def holds(seed):
        draw = random.Random(seed)
        waiting, order = [list(reversed(lane)) for lane in lanes], []
        while any(waiting):
            lane = draw.choice([one for one in waiting if one])
            order.append(lane.pop())
            if draw.random() < 0.1 and order:
                order.append(draw.choice(order[-30:]))  # sent again
        assert detected(order, {draw.randrange(len(order)) for _ in range(3)}) == (expected, tally)

    holds()


def test_the_counts_of_every_stage_add_up(lanes):
    _, tally = detected([record for lane in lanes for record in lane])

    def of(stage, *outcomes):
        return sum(n for name, n in tally.items() if name.split(".")[0] == stage and name.split(".")[1] in outcomes)

    fates = ("used", "filtered", "late", "duplicate", "dead")
    lines = stream(minutes=75)
    assert of("ingest", "received") == of("ingest", *fates) == sum(1 for line in lines if line.strip())
    assert of("ingest", "used") == of("extract", "received") == of("extract", *fates)
    assert of("extract", "used") == of("detect", "received") == of("detect", *fates)
    assert of("extract", "dead") > 0
    assert of("ingest", "dead") > 0


def test_a_worker_that_fell_writes_the_same_records_again():
    lines = stream(minutes=20)
    through, cut = ingest(), ingest()
    for number, block in enumerate(blocks(lines)):
        expected = through.take(block).records
        if number % 3 == 0:
            state, cut = cut.snapshot(), ingest()
            cut.restore(state)
            assert cut.blocks == number
        assert cut.take(block).records == expected
    assert cut.finish().records == through.finish().records


def test_every_lane_is_numbered_without_a_hole_and_time_never_overtakes_posts():
    for partition, written in enumerate(records("a", stream(minutes=60))):
        heard_at = None
        for number, record in enumerate(written):
            *items, progress = wire.decode_batch(record)
            assert isinstance(progress, Progress)
            assert (progress.origin, progress.partition, progress.step) == ("a", partition, number)
            assert progress.exposures == () or partition == 0
            for item in items:
                assert isinstance(item, Post | Retraction)
                # Its pane was not closed by what was said before it.
                assert (
                    heard_at is None
                    or not isinstance(item, Post)
                    or item.event_at // 10_000 * 10_000 + 15_000 > heard_at
                )
            assert heard_at is None or progress.up_to_at >= heard_at
            heard_at = progress.up_to_at
        assert progress.ended


@given(st.lists(st.integers(0, 12), max_size=60), st.integers(1, 4))
def test_a_lane_gives_each_number_once_and_in_order(numbers, max_held):
    lane, given_ = Lane(max_held), []
    for number in numbers:
        given_ += lane.take(number, number)
        assert len(lane.held) <= max_held
    assert given_ == sorted(set(given_))
    assert lane.expected - lane.lost == len(given_)
    assert lane.repeated == len(numbers) - len(given_) - len(lane.held)


def progress(step, up_to_at, *, origin="a", partition=0, ended=False):
    return wire.encode_batch([Progress(origin=origin, partition=partition, step=step, up_to_at=up_to_at, ended=ended)])


def two_origins():
    detect = Detect(SETTINGS)
    for origin in "ab":
        for partition in range(3):
            detect.take("w", progress(0, START, origin=origin, partition=partition))
    return detect


def test_the_watermark_waits_for_every_lane_and_a_gap_lets_an_origin_go():
    detect = two_origins()
    assert detect.watermark_at == START
    for partition in range(3):
        detect.take("w", progress(1, START + 60_000, partition=partition))
    assert detect.watermark_at == START, "b was not heard further"
    detect.take("w", wire.encode_batch([SourceGap(origin="b", from_at=START)]))
    assert detect.watermark_at == START + 60_000
    detect.take("w", wire.encode_batch([SourceGap(origin="a", from_at=START)]))
    assert detect.gaps == {"b"}, "the last one stays"
    detect.take("w", progress(1, START + 10_000, origin="b"))
    assert detect.watermark_at == START, "it is back, and its other partitions are not"


def test_the_detector_hears_that_an_origin_is_away_and_back():
    def outages(detect):
        state = msgspec.msgpack.decode(detect.snapshot(), type=DetectState)
        return msgspec.msgpack.decode(state.detector, type=State).outages

    detect = two_origins()
    detect.take("w", wire.encode_batch([SourceGap(origin="b", from_at=START)]))
    for step in (1, 2):
        for partition in range(3):
            detect.take("w", progress(step, START + step * 60_000, partition=partition))
    assert outages(detect) == [Outage("b", START)]
    again = Detect(SETTINGS)
    again.restore(detect.snapshot())
    for one in (detect, again):
        for partition in range(3):
            one.take("w", progress(1, START + 180_000, origin="b", partition=partition))
            one.take("w", progress(2, START + 240_000, origin="b", partition=partition))
            one.take("w", progress(3, START + 240_000, partition=partition))
        assert outages(one) == [Outage("b", START, START + 180_000)]
    assert again.snapshot() == detect.snapshot()


def test_a_record_that_never_comes_is_given_up_and_counted():
    detect = two_origins()
    for step in range(2, 2 + 501):
        detect.take("w", progress(step, START + step))
    assert detect.lost == 1
    assert detect.heard("a") == START, "the other partitions were heard no further"


def test_settings_change_at_a_pane_that_is_open():
    detect = two_origins()
    toml = "[detector]\nmin_voices = 4\nmin_placed_voices = 2\n"
    detect.take("w", wire.encode_batch([SettingsChange(at=START - 86_400_000, toml=toml)]))
    for origin in "ab":
        for partition in range(3):
            detect.take("w", progress(1, START + 60_000, origin=origin, partition=partition))
    kept = Detect(SETTINGS)
    kept.restore(detect.snapshot())
    assert b'"min_voices":4' in kept.snapshot()


def test_a_version_that_reads_nothing_stops_before_it_commits():
    extract = Extract(WordExtractor(), 3, 100)
    extract.take([Given("w", b"junk"), Given("w", b"junk")])
    assert not extract.has_read
    with pytest.raises(IllVersionError, match="none of the first 3 records"):
        extract.take([Given("w", b"junk")])
    healthy = Extract(WordExtractor(), 3, 100)
    healthy.take([Given("w", b"junk"), Given("w", progress(0, START))])
    healthy.take([Given("w", b"junk")] * 9)
    assert healthy.has_read
