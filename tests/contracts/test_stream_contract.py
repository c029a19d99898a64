"""What every stream and every store of checkpoints must do; each implementation runs the same tests."""

import threading

import pytest

from tocsin.runtime.memory import MemoryStream
from tocsin.runtime.store import MemoryStore
from tocsin.runtime.stream import Checkpoint, FencedError, FullError, GoneError, Record, Slot

A, B = Slot("posts", 0), Slot("posts", 1)


@pytest.fixture(params=[MemoryStream], ids=["memory"])
def stream(request):
    return request.param(max_records=5)


@pytest.fixture(params=[MemoryStore], ids=["memory"])
def checkpoints(request):
    return request.param()


def test_a_partition_keeps_the_order_and_offsets_count_from_nought(stream):
    assert stream.append(A, [b"x", b"y"]) == 2
    assert stream.append(A, [b"z"]) == 3
    assert stream.read(A, 0, 10) == [Record(A, 0, b"x"), Record(A, 1, b"y"), Record(A, 2, b"z")]
    assert stream.read(A, 1, 1) == [Record(A, 1, b"y")]
    assert stream.end(A) == 3


def test_reading_moves_nothing(stream):
    stream.append(A, [b"x"])
    assert stream.read(A, 0, 10) == stream.read(A, 0, 10)


def test_there_is_nothing_at_the_end_nor_beyond(stream):
    assert stream.read(A, 0, 10) == []
    assert stream.read(A, 7, 10) == []


def test_partitions_know_nothing_of_each_other(stream):
    stream.append(A, [b"x"])
    assert (stream.end(A), stream.end(B)) == (1, 0)


def test_a_full_partition_takes_all_or_nothing(stream):
    stream.append(A, [b"x"] * 4)
    with pytest.raises(FullError):
        stream.append(A, [b"y", b"y"])
    assert stream.end(A) == 4
    stream.append(A, [b"y"])


def test_release_makes_room_and_keeps_offsets(stream):
    stream.append(A, [b"a", b"b", b"c", b"d", b"e"])
    stream.release(A, 3)
    assert stream.append(A, [b"f", b"g"]) == 7
    assert [record.offset for record in stream.read(A, 3, 10)] == [3, 4, 5, 6]


def test_what_was_released_is_gone_and_that_is_an_error_not_silence(stream):
    stream.append(A, [b"a", b"b"])
    stream.release(A, 1)
    with pytest.raises(GoneError):
        stream.read(A, 0, 10)


def test_more_than_a_partition_may_hold_is_refused_at_once():
    with pytest.raises(ValueError, match="holds 2 records, got 3 at once"):
        MemoryStream(max_records=2, wait_secs=1_000).append(A, [b"x"] * 3)


def test_a_writer_waits_until_a_reader_makes_room():
    stream = MemoryStream(max_records=1, wait_secs=30)
    stream.append(A, [b"x"])
    writer = threading.Thread(target=stream.append, args=(A, [b"y"]))
    writer.start()
    stream.release(A, 1)
    writer.join(30)
    assert [record.value for record in stream.read(A, 1, 10)] == [b"y"]


def checkpoint(epoch, state=b""):
    return Checkpoint(epoch=epoch, state=state, inputs={"posts/0": 3}, outputs={})


def test_there_is_no_checkpoint_at_first(checkpoints):
    assert checkpoints.load("detect") is None


def test_the_last_checkpoint_stands(checkpoints):
    checkpoints.swap("detect", checkpoint(1, b"one"))
    checkpoints.swap("detect", checkpoint(2, b"two"))
    assert checkpoints.load("detect") == checkpoint(2, b"two")
    assert checkpoints.load("extract") is None


@pytest.mark.parametrize("epoch", [0, 1, 3])
def test_of_two_owners_only_one_goes_on(checkpoints, epoch):
    checkpoints.swap("detect", checkpoint(1))
    with pytest.raises(FencedError, match="detect: expected to follow epoch"):
        checkpoints.swap("detect", checkpoint(epoch))
    assert checkpoints.load("detect") == checkpoint(1)
