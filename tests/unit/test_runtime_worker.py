"""The worker loop, turn by turn: none lost, none doubled, wherever it falls."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.runtime.memory import MemoryStream
from tocsin.runtime.store import MemoryStore
from tocsin.runtime.stream import FencedError, Slot
from tocsin.runtime.worker import DivergedError, Worker

IN, OUT = Slot("mentions", 0), Slot("incidents", 0)
POINTS = ["polled", "processed", "emitted", "checkpointed"]


class Sums:
    """Writes the running sum at each third record, and at each the records since."""

    def __init__(self):
        self.total = self.count = 0

    def process(self, records):
        written = []
        for record in records:
            self.total += int(record.value)
            self.count += 1
            if self.count % 3 == 0:
                written += [(OUT, b"sum %d" % self.total), (OUT, b"count %d" % self.count)]
        return written

    def snapshot(self):
        return b"%d %d" % (self.total, self.count)

    def restore(self, state):
        self.total, self.count = map(int, state.split())


class CrashError(Exception):
    pass


def world(values=range(20), max_records=1_000):
    stream = MemoryStream(max_records=max_records)
    stream.append(IN, [b"%d" % value for value in values])
    return stream, MemoryStore()


def worker(stream, checkpoints, work=None, **kwargs):
    kwargs = {"batch_records": 4, **kwargs}
    return Worker("detect", work or Sums(), stream, source=IN, outputs=[OUT], checkpoints=checkpoints, **kwargs)


def run(one):
    while one.step() == "worked":
        pass


def written(stream):
    return [record.value for record in stream.read(OUT, 0, 10_000)]


def expected(values=range(20)):
    sums = list(itertools.accumulate(values))
    return [line for at in range(2, len(sums), 3) for line in (b"sum %d" % sums[at], b"count %d" % (at + 1))]


def test_it_takes_all_and_then_is_idle():
    stream, checkpoints = world()
    one = worker(stream, checkpoints)
    assert [one.step() for _ in range(6)] == ["worked"] * 5 + ["idle"]
    assert written(stream) == expected()


@given(
    st.lists(st.tuples(st.sampled_from(POINTS), st.integers(1, 4)), max_size=8), st.integers(1, 7), st.integers(1, 3)
)
def test_falling_at_any_point_loses_and_doubles_nothing(falls, batch, turns):
    stream, checkpoints = world()
    fallen = 0
    for point, nth in falls:
        seen = itertools.count(1)

        def fall(at, point=point, nth=nth, seen=seen):
            if at == point and next(seen) == nth:
                raise CrashError

        try:
            run(worker(stream, checkpoints, at=fall, batch_records=batch, checkpoint_turns=turns))
        except CrashError:
            fallen += 1
    run(worker(stream, checkpoints, batch_records=batch, checkpoint_turns=turns))
    assert written(stream) == expected()
    assert fallen <= len(falls)


@pytest.mark.parametrize("point", POINTS)
def test_each_point_is_really_reached(point):
    stream, checkpoints = world()

    def fall(at):
        if at == point:
            raise CrashError

    with pytest.raises(CrashError):
        run(worker(stream, checkpoints, at=fall))


def test_a_full_output_blocks_and_reads_no_further():
    stream = MemoryStream(max_records=12)
    stream.append(IN, [b"1"] * 12)
    one = worker(stream, MemoryStore(), batch_records=12)
    stream.append(OUT, [b"sum 3", b"count 3"])  # a predecessor wrote these before it fell
    assert one.step() == "worked"
    stream.append(IN, [b"1"] * 12)
    assert one.step() == "blocked"
    assert one.step() == "blocked"
    assert stream.end(OUT) == 12
    stream.release(OUT, 8)
    assert one.step() == "worked"
    assert stream.end(OUT) == 16


def test_an_output_made_again_that_differs_is_an_alarm():
    stream, checkpoints = world()
    stream.append(OUT, [b"another"])
    with pytest.raises(DivergedError, match="incidents/0 at 0 holds another record"):
        worker(stream, checkpoints).step()


def test_a_worker_that_was_replaced_in_the_middle_of_a_turn_stops_and_doubles_nothing():
    stream, checkpoints = world()
    new = worker(stream, checkpoints)

    def replace(at):
        if at == "processed":
            new.step()

    with pytest.raises(FencedError):
        worker(stream, checkpoints, at=replace).step()
    run(new)
    assert written(stream) == expected()


def test_a_graceful_end_keeps_what_was_done():
    stream, checkpoints = world()
    one = worker(stream, checkpoints, checkpoint_turns=100)
    one.step()
    one.checkpoint()
    assert checkpoints.load("detect").inputs == {"mentions/0": 4}
    run(worker(stream, checkpoints))
    assert written(stream) == expected()


def test_inputs_are_kept_until_the_checkpoint_that_covers_them():
    stream, checkpoints = world()
    one = worker(stream, checkpoints, checkpoint_turns=2)
    one.step()
    assert len(stream.read(IN, 0, 100)) == 20
    one.step()
    assert len(stream.read(IN, 8, 100)) == 12
