"""The embedded runner: order, bounds, graceful and ungraceful ends. Nothing here sleeps to let something happen."""

import os
import signal
import threading

import pytest

from tocsin.runtime.embedded import Plan, WorkerError, Workers, run_embedded
from tocsin.runtime.stop import Stop


def square():
    return lambda number: (number * number, os.getpid())


def refuse_to_start():
    raise ValueError("no lexicon at /nowhere")


def die_on_seven():
    def work(number):
        if number == 7:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    return work


def fail_on_seven():
    def work(number):
        if number == 7:
            raise ZeroDivisionError("the words of a post")
        return number

    return work


def plan(processes, **kwargs):
    return Plan(processes=processes, **{"queue_blocks": 2, "start_secs": 60, **kwargs})


@pytest.mark.parametrize("processes", [0, 1, 3])
def test_results_come_in_the_order_of_the_blocks(processes):
    got = []
    run_embedded(iter(range(40)), square, got.append, plan=plan(processes), stop=Stop())
    assert [value for value, _ in got] == [number * number for number in range(40)]
    workers = {pid for _, pid in got}
    assert (os.getpid() in workers) == (processes == 0)
    assert 1 <= len(workers) <= max(1, processes)  # a fast worker may leave nothing to a slow one


@pytest.mark.parametrize("processes", [0, 1, 2])
def test_a_slow_consumer_holds_the_reader_back(processes):
    """However slow the consumer, no more blocks are read ahead than the queues may hold."""
    read = consumed = ahead = 0

    def blocks():
        nonlocal read
        for number in range(50):
            read += 1
            yield number

    def consume(_result):
        nonlocal consumed, ahead
        ahead = max(ahead, read - consumed)
        consumed += 1

    run_embedded(blocks(), square, consume, plan=plan(processes, queue_blocks=3), stop=Stop())
    assert consumed == 50
    assert ahead <= max(1, processes * 3)


def test_blocks_larger_than_a_pipe_do_not_lock_both_sides():
    got = []
    run_embedded(iter([bytes(3_000_000)] * 8), echo, got.append, plan=plan(1, queue_blocks=4), stop=Stop())
    assert [len(result) for result in got] == [3_000_000] * 8


def echo():
    return lambda data: data


@pytest.mark.parametrize("processes", [0, 2])
def test_once_a_stop_is_wanted_nothing_more_is_read_and_all_that_was_is_consumed(processes):
    stop, read, got = Stop(), [], []

    def blocks():
        for number in range(1_000):
            read.append(number)
            if number == 20:
                stop.wanted = True
            yield number

    run_embedded(blocks(), square, lambda result: got.append(result[0]), plan=plan(processes), stop=stop)
    assert got == [number * number for number in read]
    assert len(read) == 21


@pytest.mark.parametrize("processes", [0, 1])
def test_none_means_nothing_just_now(processes):
    got = []
    run_embedded(
        iter([1, None, None, 2, None]), square, lambda result: got.append(result[0]), plan=plan(processes), stop=Stop()
    )
    assert got == [1, 4]


@pytest.mark.parametrize("processes", [0, 2])
def test_a_source_that_breaks_is_reported_after_all_before_it_is_consumed(processes):
    got = []

    def blocks():
        yield from range(9)
        raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        run_embedded(blocks(), square, lambda result: got.append(result[0]), plan=plan(processes), stop=Stop())
    assert got == [number * number for number in range(9)]


def test_a_killed_worker_ends_the_run_loudly():
    with pytest.raises(WorkerError, match=r"worker extract-\d was killed by signal 9 while the run went on"):
        run_embedded(iter(range(50)), die_on_seven, lambda _: None, plan=plan(2), stop=Stop())


def test_a_worker_killed_from_outside_ends_the_run_loudly_and_takes_the_others_with_it():
    workers = Workers(square, plan(2))
    os.kill(workers.pids[0], signal.SIGKILL)
    with pytest.raises(WorkerError, match="worker extract-0 was killed by signal 9"):
        workers.take(None)
    pids = workers.pids
    workers.kill()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_failing_worker_tells_the_error_and_its_place_but_not_its_words():
    with pytest.raises(WorkerError, match="ZeroDivisionError") as caught:
        run_embedded(iter(range(50)), fail_on_seven, lambda _: None, plan=plan(1), stop=Stop())
    assert "raise ZeroDivisionError" in str(caught.value)
    assert "\nZeroDivisionError" not in str(caught.value)


@pytest.mark.parametrize("processes", [0, 1])
def test_a_worker_that_cannot_start_says_why(processes):
    with pytest.raises(WorkerError, match="ValueError: no lexicon at /nowhere"):
        run_embedded(iter(range(3)), refuse_to_start, lambda _: None, plan=plan(processes), stop=Stop())


def never_ready():
    threading.Event().wait()


def test_a_worker_that_takes_too_long_to_start_is_not_waited_for():
    with pytest.raises(WorkerError, match=r"was not ready after 0\.5 s"):
        run_embedded(iter(range(3)), never_ready, lambda _: None, plan=plan(1, start_secs=0.5), stop=Stop())


def test_workers_do_not_hear_the_signals_of_the_terminal():
    workers = Workers(square, plan(1))
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(workers.pids[0], number)
    workers.give(0, 5)
    assert workers.take(None)[0][1][0] == 25
    workers.close()


def test_the_first_signal_is_a_wish_and_the_second_an_order():
    before = signal.getsignal(signal.SIGINT)
    stop = Stop()
    with stop.on_signals():
        signal.raise_signal(signal.SIGTERM)
        assert stop.wanted
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) == before


def loop_for_ever():
    return lambda _number: threading.Event().wait()


def test_a_worker_caught_in_a_loop_is_not_waited_for():
    with pytest.raises(WorkerError, match=r"no worker gave a result in 0\.2 s"):
        run_embedded(iter(range(3)), loop_for_ever, lambda _: None, plan=plan(1, stuck_secs=0.2), stop=Stop())
