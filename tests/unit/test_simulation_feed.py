"""The feed of the demonstration: every line once, in order, none before its time."""

from __future__ import annotations

from tocsin.cli.demo_feed import Feed
from tocsin.simulation.draw import drawn
from tocsin.simulation.scenario import Faults
from tocsin.simulation.stream import Stream


class Clock:
    """A clock that moves only when somebody waits, or looks."""

    def __init__(self):
        self.at = 100.0

    def now(self):
        self.at += 0.001
        return self.at

    def wait(self, secs):
        self.at += secs


LATE = Faults(late_share=0.2, late_secs=900.0)
SCENARIO = drawn(seed=5, hours=0.5, rate_per_min=40.0, incidents=1, decoys=0, faults=LATE)


def lines_of(blocks):
    return [line for block in blocks if block is not None for line in block.lines()]


def test_as_fast_as_it_goes_it_gives_every_line_once_in_order():
    feed = Feed(Stream(SCENARIO), 0, block_lines=50)
    blocks = list(feed.blocks())
    assert None not in blocks
    assert lines_of(blocks) == [sent.line for sent in Stream(SCENARIO)]
    assert [block.number for block in blocks] == list(range(len(blocks)))
    assert all(block.count == 50 for block in blocks[:-1])
    assert blocks[1].where(0) == ("simulated", 51)


def test_no_line_comes_before_its_time_and_the_play_lasts_as_long_as_asked():
    clock = Clock()
    feed = Feed(Stream(SCENARIO), 18.0, block_lines=50, now=clock.now, wait=clock.wait)
    due = [sent.received_at for sent in Stream(SCENARIO)]
    assert due[-1] > SCENARIO.end_at
    heard = blocks = 0
    for block in feed.blocks():
        if block is not None:
            heard += block.count
            blocks += 1
            if due[heard - 1] >= SCENARIO.end_at:
                continue  # late lines that arrive after the end of the play come with its end
            # 1,800 simulated seconds in 18: a hundred to one. A tick and the cost of looking may make it late, never early.
            assert due[heard - 1] <= SCENARIO.start_at + (clock.at - 100.0) * 100_000 + 200
    assert heard == len(due)
    assert blocks <= 18 / 0.25 + 1
    assert 17.0 < clock.at - 100.0 < 19.0


def test_it_keeps_the_relevant_voices_of_each_event_in_time_order():
    feed = Feed(Stream(SCENARIO), 0, block_lines=500)
    list(feed.blocks())
    truth = {event["name"]: event["relevant_posts"] for event in _truth()["events"]}
    for name, count in truth.items():
        voices = feed.voices[name]
        assert len(voices) == count
        assert [voice.at_s for voice in voices] == sorted(voice.at_s for voice in voices)
        assert any(voice.is_repost for voice in voices)


def _truth():
    stream = Stream(SCENARIO)
    list(stream)
    return stream.ledger.truth()
