"""When gates are left out: after lasting pressure, one after another; and when they come back. Time and load are told, nothing waits."""

from __future__ import annotations

import msgspec
import pytest
from structlog.testing import capture_logs

from ingest.block import Block
from tocsin import wire
from tocsin.distributed.extract import Extract, Given
from tocsin.distributed.extract_worker import Lag
from tocsin.distributed.shell import Shell
from tocsin.model import Mention, Post, Progress
from tocsin.pipeline.run import run
from tocsin.pipeline.shedding import Shedding
from tocsin.runtime import metrics as declared
from tocsin.runtime.metrics import Metrics
from tocsin.runtime.pressure import Pressure
from tocsin.runtime.stop import Stop
from tocsin.settings import Settings


def settings(*, processes=1, queue_blocks=8, follow=True, **nlp):
    return Settings.model_validate(
        {
            "runtime": {"extract_processes": processes, "queue_blocks": queue_blocks},
            "distributed": {"follow": follow},
            "nlp": {"shed_after_secs": 10, "shed_queue_share": 0.75, "shed_lag_secs": 60, **nlp},
        }
    )


def test_a_moment_of_pressure_sheds_nothing():
    pressure = Pressure(highest=2, after_secs=10)
    loads = [(0, 2.0), (9.9, 2.0), (10, 0.6), (11, 2.0), (20.9, 2.0)]
    assert [pressure.look(at, load) for at, load in loads] == [0] * 5
    assert pressure.look(21, 2.0) == 1


def test_it_never_passes_the_highest_level_nor_falls_below_none():
    pressure = Pressure(highest=2, after_secs=1)
    assert [pressure.look(at, 1.0) for at in range(6)] == [0, 1, 2, 2, 2, 2]
    assert [pressure.look(at, 0.0) for at in range(6, 12)] == [2, 1, 0, 0, 0, 0]


def test_a_step_is_given_the_time_to_act():
    pressure = Pressure(highest=2, after_secs=10)
    assert [pressure.look(at, 1.0, acted=at >= 40) for at in range(0, 60, 5)] == [0] * 8 + [1, 1, 2, 2]


def test_between_pressure_and_calm_nothing_moves():
    pressure = Pressure(highest=2, after_secs=1)
    pressure.look(0, 1.0)
    assert pressure.look(1, 1.0) == 1
    assert {pressure.look(at, 0.75) for at in range(2, 100)} == {1}


class Desk:
    """A run around which ``Shedding`` stands, turned by hand."""

    def __init__(self, chosen):
        self.at = 0.0
        self.metrics = Metrics()
        self.shedding = Shedding(chosen, self.metrics, clock=lambda: self.at)
        self.waiting = []
        self._blocks = self.shedding.on_each(
            Block(number=number, data=b"", runs=()) for number in range(10_000)
        )  # fmt: skip
        self._consume = self.shedding.around(lambda _heard: None)

    def read(self):
        block = next(self._blocks)
        self.waiting.append(block)
        return block.shed

    def consume(self):
        self._consume(None)
        return self.waiting.pop(0).shed


def test_a_full_queue_sheds_and_an_empty_one_brings_back():
    desk = Desk(settings())
    assert [desk.read() for _ in range(8)] == [0] * 8  # the queue is full at once, and nothing is left out yet
    levels = []
    for _ in range(40):
        desk.at += 2
        desk.consume()
        levels.append(desk.read())
    # The sixth block makes it pressure, at 0 s: the first gate goes at 10 s, in the fifth turn. The eight blocks that were read before
    # have to be heard first; the one that does without is consumed at 26 s, in the thirteenth turn, and then the next gate goes.
    assert levels == [0] * 4 + [1] * 8 + [2] * 8 + [3] * 20
    assert desk.metrics.value(declared.GATES_SHED) == 3
    for _ in range(7):
        desk.consume()
    with capture_logs() as logs:
        calm = []
        for _ in range(20):
            desk.at += 2
            calm.append(desk.read())
            desk.consume()
    assert calm == [3] * 5 + [2] * 5 + [1] * 5 + [0] * 5
    assert desk.metrics.value(declared.GATES_SHED) == 0
    assert [(log["event"], log["gate"], log["left_out"]) for log in logs] == [
        ("a gate is back", "meaning", ("entities", "places")),
        ("a gate is back", "places", ("entities",)),
        ("a gate is back", "entities", ()),
    ]


@pytest.mark.parametrize("chosen", [settings(shed=False), settings(processes=0), settings(queue_blocks=1)])
def test_switched_off_or_without_a_queue_nothing_is_shed(chosen):
    desk = Desk(chosen)
    for _ in range(100):
        desk.at += 10
        assert desk.read() == 0
    assert desk.metrics.value(declared.GATES_SHED) == 0


def test_nothing_just_now_passes_and_is_no_block():
    shedding = Shedding(settings(), Metrics(), clock=lambda: 0.0)
    assert list(shedding.on_each([None, None])) == [None, None]


class Tally:
    """Stands where detection stands: notes how much of each block was left out."""

    def __init__(self):
        self.shed = []

    def take(self, level):
        self.shed.append(level)

    def finish(self):
        return len(self.shed)


def told_by_block():
    return lambda block: block.shed


@pytest.mark.parametrize("live", [True, False])
def test_a_run_sheds_only_where_it_is_told_to_be_live(live):
    """A real worker process and a real queue, held full: the clock leaps, so that its being full lasts."""
    clock = iter(range(0, 100_000, 100))
    chosen = settings(queue_blocks=2, shed_queue_share=0.1)
    tally, metrics = Tally(), Metrics()
    shedding = Shedding(chosen, metrics, clock=lambda: next(clock)) if live else None
    blocks = (Block(number=number, data=b"", runs=()) for number in range(60))
    assert run(blocks, tally, told_by_block, chosen, Stop(), shedding=shedding) == 60
    if live:
        assert set(tally.shed) == {0, 1, 2, 3}
    else:
        assert set(tally.shed) == {0}


def shell(chosen):
    return Shell(settings=chosen, cluster=None, store=None, metrics=Metrics(), stop=Stop(), member="m")


def test_a_worker_far_behind_sheds_and_one_that_has_caught_up_does_not():
    at = 0.0
    lag = Lag(shell(settings()), clock=lambda: at)
    levels = []
    for at, behind in ((0, 59), (5, 61), (14, 90), (15, 90), (25, 90), (35, 40), (50, 30), (59, 0), (60, 0), (70, 0)):  # noqa: B007 - the clock reads it
        lag.look(behind)
        levels.append(lag.level)
    assert levels == [0, 0, 0, 1, 2, 2, 2, 2, 1, 0]


@pytest.mark.parametrize("chosen", [settings(follow=False), settings(shed=False)])
def test_recorded_files_are_heard_whole_by_workers_too(chosen):
    at = 0.0
    lag = Lag(shell(chosen), clock=lambda: at)
    for at in range(0, 1_000, 10):  # noqa: B007 - the clock reads it
        lag.look(3_600)
    assert lag.level == 0


class Shedder:
    """Says on each mention what it was told to leave out."""

    def mentions(self, posts, shed=0):
        return [
            Mention(
                post_id=post.id, source="s", author="a", event_at=1, received_at=1, hazards={"fire": 1.0}, terms=(),
                probability=0.5, shed=("entities", "places")[:shed],
            )
            for post in posts
        ]  # fmt: skip


@pytest.mark.parametrize(("level", "left_out"), [(0, {}), (1, {"entities": 2}), (2, {"entities": 2, "places": 2})])
def test_an_extract_worker_passes_the_level_on_and_counts(level, left_out):
    posts = [Post(id=name, source="s", author="a", event_at=1, received_at=1, text="fire") for name in "xy"]
    progress = Progress(origin="o", up_to_at=1, posts=2)
    value = wire.pack([*(wire.encode(post) for post in posts), wire.encode(progress)])
    (made,) = Extract(Shedder(), 5, 100).take([Given("t/0@0", value)], level)
    assert made.shed == left_out
    *mentions, _ = wire.decode_batch(made.value)
    assert {mention.shed for mention in mentions} == {("entities", "places")[:level]}
    assert msgspec.structs.asdict(made.counts)["used"] == 2
