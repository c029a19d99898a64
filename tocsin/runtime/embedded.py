"""The embedded runner: one process feeds N spawned workers with numbered blocks and consumes their results in order.

Back-pressure is a count: no more than ``queue_blocks`` blocks a worker are read and not yet consumed, so a slow consumer stops the
reader. The result does not depend on the number of workers: each block's work is a pure function of the block, and results are
consumed in the order in which blocks were read. A worker that dies, fails or does not start ends the run loudly.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
import time
import traceback
from contextlib import contextmanager
from multiprocessing import connection
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    from tocsin.runtime.stop import Stop

B = TypeVar("B")
R = TypeVar("R")

JOIN_SECS: Final = 10.0
"""How long a worker that was told to end may take before it is killed."""
_ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Workers are one a processor: threads of the linear algebra below them would only fight."""


class WorkerError(RuntimeError):
    """A worker died, failed or did not start; the message says which and how, without any text it was working on."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How the work is spread. Nothing here changes a result."""

    processes: int
    """Workers; 0 does all in this process."""
    queue_blocks: int = 8
    """Blocks read and not yet consumed, for each worker."""
    start_secs: float = 180.0
    """How long a worker may take to load what it needs."""
    stuck_secs: float = 600.0
    """How long all workers may be at work without one result before the run ends: one of them is caught in a loop."""


class _Ready(msgspec.Struct, frozen=True):
    """A worker has loaded its models."""


class _Failed(msgspec.Struct, frozen=True):
    """A worker's factory or work raised. Of an error at work the message is left out: it may quote a post."""

    error: str
    trace: str


class _Done(msgspec.Struct, Generic[R], frozen=True):
    number: int
    result: R


class Workers(Generic[B, R]):
    """N spawned processes, each doing ``factory()(block)``.

    Args:
        factory: picklable; called once in each worker, it loads what the work needs.
        plan: how many (at least one), how much may wait in one, how long it may take to start.

    Raises:
        WorkerError: from any method, when a worker is gone.
    """

    def __init__(self, factory: Callable[[], Callable[[B], R]], plan: Plan) -> None:
        self._queue_blocks = plan.queue_blocks
        self._context = multiprocessing.get_context("spawn")
        self._processes: list[SpawnProcess] = []
        self._pipes: list[Connection] = []
        self._waiting: list[int] = []
        try:
            with _workers_environment():
                for index in range(plan.processes):
                    ours, theirs = self._context.Pipe()
                    process = self._context.Process(
                        target=_serve, args=(theirs, factory), name=f"extract-{index}", daemon=True
                    )
                    process.start()
                    theirs.close()
                    self._processes.append(process)
                    self._pipes.append(ours)
                    self._waiting.append(0)
            self._await_ready(plan.start_secs)
        except BaseException:
            self.kill()
            raise

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids."""
        return tuple(process.pid for process in self._processes if process.pid is not None)

    @property
    def has_room(self) -> bool:
        """Whether some worker may be given a further block."""
        return min(self._waiting) < self._queue_blocks

    def give(self, number: int, block: B) -> None:
        """Give a block to the worker with the fewest waiting."""
        index = self._waiting.index(min(self._waiting))
        try:
            self._pipes[index].send((number, block))
        except (BrokenPipeError, ConnectionResetError) as error:
            raise self._gone(index) from error
        self._waiting[index] += 1

    def take(self, timeout_secs: float | None) -> list[tuple[int, R]]:
        """Give the results that are there, waiting for one at most ``timeout_secs`` (``None``: as long as it takes)."""
        watched: list[Connection | int] = [*self._pipes, *(process.sentinel for process in self._processes)]
        ready = connection.wait(watched, timeout_secs)
        results: list[tuple[int, R]] = []
        for index, pipe in enumerate(self._pipes):
            if pipe in ready:
                message = self._receive(index)
                if isinstance(message, _Done):
                    self._waiting[index] -= 1
                    results.append((message.number, message.result))
            elif self._processes[index].sentinel in ready:
                raise self._gone(index)
        return results

    def close(self) -> None:
        """Tell the workers to end, and wait for them."""
        for pipe in self._pipes:
            try:
                pipe.send(None)
            except (BrokenPipeError, ConnectionResetError):
                continue  # it has already gone; joined below
        for process in self._processes:
            process.join(JOIN_SECS)
        self.kill()

    def kill(self) -> None:
        """End what still runs."""
        for process in self._processes:
            if process.is_alive():
                process.kill()
            process.join()
        for pipe in self._pipes:
            pipe.close()

    def _await_ready(self, start_secs: float) -> None:
        deadline = time.monotonic() + start_secs
        for index, pipe in enumerate(self._pipes):
            watched: list[Connection | int] = [pipe, self._processes[index].sentinel]
            ready = connection.wait(watched, max(0.0, deadline - time.monotonic()))
            if not ready:
                raise WorkerError(f"worker extract-{index} was not ready after {start_secs:g} s")
            if pipe not in ready:
                raise self._gone(index)
            self._receive(index)

    def _receive(self, index: int) -> _Ready | _Done[R]:
        try:
            message: _Ready | _Done[R] | _Failed = self._pipes[index].recv()
        except (EOFError, ConnectionResetError) as error:
            raise self._gone(index) from error
        if isinstance(message, _Failed):
            raise WorkerError(f"worker extract-{index} failed with {message.error}\n{message.trace.rstrip()}")
        return message

    def _gone(self, index: int) -> WorkerError:
        process = self._processes[index]
        process.join(1.0)
        code = process.exitcode
        how = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with exit code {code}"
        return WorkerError(f"worker extract-{index} {how} while the run went on")


def run_embedded(
    blocks: Iterator[B | None],
    factory: Callable[[], Callable[[B], R]],
    consume: Callable[[R], None],
    plan: Plan,
    stop: Stop,
) -> None:
    """Drive blocks through the work of ``factory()`` and consume the results in the order of the blocks.

    ``blocks`` gives ``None`` when it has nothing just now. Once ``stop`` is wanted, nothing further is read, and all that was read is
    consumed. With 0 processes all happens here. What ``blocks`` or ``consume`` raise comes out, after all blocks before it were consumed.

    Raises:
        WorkerError: a worker died, failed or did not start.
    """
    if plan.processes == 0:
        try:
            work = factory()
        except Exception as error:
            raise WorkerError(f"the stages could not start: {type(error).__name__}: {error}") from error
        for block in blocks:
            if block is not None:
                consume(work(block))
            if stop.wanted:
                return
        return
    workers = Workers[B, R](factory, plan)
    try:
        _drive(blocks, workers, consume, plan, stop)
    except BaseException:
        workers.kill()
        raise
    workers.close()


def _drive(
    blocks: Iterator[B | None], workers: Workers[B, R], consume: Callable[[R], None], plan: Plan, stop: Stop
) -> None:
    results: dict[int, R] = {}
    given = consumed = 0
    source = _Source(blocks)
    while not source.ended or given > consumed:
        source.ended = source.ended or stop.wanted
        full = given - consumed >= plan.processes * plan.queue_blocks or not workers.has_room
        block = None if full else source.next()
        if block is not None:
            workers.give(given, block)
            given += 1
        must_wait = given > consumed and (full or source.ended)
        taken = workers.take(plan.stuck_secs if must_wait else 0)
        if must_wait and not taken:
            raise WorkerError(f"no worker gave a result in {plan.stuck_secs:g} s")
        results.update(taken)
        while consumed in results:
            consume(results.pop(consumed))
            consumed += 1
    if source.failure is not None:
        raise source.failure


class _Source(Generic[B]):
    """Blocks until they end or break; what broke them is kept, to be raised once all before it is consumed."""

    def __init__(self, blocks: Iterator[B | None]) -> None:
        self._blocks = blocks
        self.ended = False
        self.failure: Exception | None = None

    def next(self) -> B | None:
        """Give the next block, or ``None`` for nothing just now, or for the end."""
        if self.ended:
            return None
        try:
            return next(self._blocks)
        except StopIteration:
            self.ended = True
        except Exception as error:  # noqa: BLE001 - raised by the caller, later
            self.ended, self.failure = True, error
        return None


@contextmanager
def _workers_environment() -> Iterator[None]:
    """What workers inherit: signals blocked (the parent ends them in order) and one thread each for linear algebra."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update({name: value or "1" for name, value in before.items()})
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _serve(pipe: Connection, factory: Callable[[], Callable[[B], R]]) -> None:
    """The life of a worker. A thread empties the pipe, so that the parent never waits for a worker that is at work."""
    inbox: queue.SimpleQueue[tuple[int, B] | None] = queue.SimpleQueue()
    at_work = False
    try:
        work = factory()
        pipe.send(_Ready())
        at_work = True
        threading.Thread(target=_listen, args=(pipe, inbox), daemon=True).start()
        while (task := inbox.get()) is not None:
            number, block = task
            pipe.send(_Done(number, work(block)))
    except (BrokenPipeError, ConnectionResetError):
        return  # the parent has gone: nobody is left to tell
    except Exception as error:  # noqa: BLE001 - told to the parent, who ends the run
        name = type(error).__name__
        told = name if at_work else f"{name}: {error}"
        pipe.send(_Failed(told, "".join(traceback.format_tb(error.__traceback__))))


def _listen(pipe: Connection, inbox: queue.SimpleQueue[tuple[int, B] | None]) -> None:
    try:
        while (task := pipe.recv()) is not None:
            inbox.put(task)
        inbox.put(None)
    except (EOFError, OSError):
        inbox.put(None)  # the parent has gone: end as if told to
