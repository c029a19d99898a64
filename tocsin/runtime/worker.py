"""The worker loop: poll, process, emit, checkpoint. One call of ``step`` is one turn, so tests can stop it anywhere.

None lost, none doubled: a checkpoint holds the state and the offsets on both sides, of one moment. A worker that starts again has the
state of that moment, reads the inputs from there, and makes the same outputs again; those that its predecessor had already written stand
in the stream after the checkpoint's output offset, and are compared and not written twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from tocsin.runtime.stream import Checkpoint, FullError, Record, Slot, Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.runtime.stream import Checkpoints

Turn = Literal["idle", "worked", "blocked"]
Point = Literal["polled", "processed", "emitted", "checkpointed"]
"""Where a turn can be cut short: a crash at any of them must lose and double nothing."""


class DivergedError(RuntimeError):
    """A stage, started again on the same input, made another output than before: it is not a pure function of its input."""


class StageIllError(RuntimeError):
    """A stage failed on more posts than ``runtime.max_stage_errors`` allows: it is not the posts."""


class StageWork(Protocol):
    """What a stage does. Its output depends on its state and its input alone."""

    def process(self, records: Sequence[Record]) -> list[tuple[Slot, bytes]]:
        """Take records; give what is to be written, in order."""
        ...

    def snapshot(self) -> bytes:
        """Give the state."""
        ...

    def restore(self, state: bytes) -> None:
        """Take a state back."""
        ...


class Worker:
    """Runs one stage over a stream.

    Args:
        stage: its name, under which its checkpoints stand.
        work: what it does.
        stream: what it reads and writes.
        source: the one partition it reads; a stage over many partitions has a worker for each.
        outputs: the partitions that it alone writes.
        checkpoints: where its progress is kept.
        batch_records: records taken in one turn.
        checkpoint_turns: turns of work between two checkpoints.
        at: called at each point of a turn; a test raises from it.

    Raises:
        GoneError: the stream no longer holds what the checkpoint needs.
        FencedError: another worker has taken the stage over.
        DivergedError: the outputs made again differ from those that stand.
    """

    def __init__(  # noqa: PLR0913 - each is a part that a runtime chooses
        self,
        stage: str,
        work: StageWork,
        stream: Stream,
        *,
        source: Slot,
        outputs: Sequence[Slot],
        checkpoints: Checkpoints,
        batch_records: int = 100,
        checkpoint_turns: int = 1,
        at: Callable[[Point], None] = lambda _point: None,
    ) -> None:
        self._stage = stage
        self._work = work
        self._stream = stream
        self._checkpoints = checkpoints
        self._batch_records = batch_records
        self._checkpoint_turns = checkpoint_turns
        self._at = at
        self._turns_since = 0
        self._pending: list[tuple[Slot, bytes]] = []
        last = checkpoints.load(stage)
        self._epoch = 0 if last is None else last.epoch
        if last is not None:
            work.restore(last.state)
        self._source = source
        self._position = 0 if last is None else last.inputs.get(_key(source), 0)
        self._written = {slot: 0 if last is None else last.outputs.get(_key(slot), 0) for slot in outputs}

    def step(self) -> Turn:
        """Take one turn: ``idle`` without input, ``blocked`` while an output is full, else ``worked``."""
        if self._pending:
            return self._emit_and_keep()
        records = self._stream.read(self._source, self._position, self._batch_records)
        if not records:
            return "idle"
        self._at("polled")
        self._pending = self._work.process(records)
        self._position = records[-1].offset + 1
        self._at("processed")
        return self._emit_and_keep()

    def checkpoint(self) -> None:
        """Keep the progress now (before a graceful end); what is not yet written is written first.

        Raises:
            FullError: an output is full.
            FencedError: another worker has taken the stage over.
        """
        if self._emit() == "blocked":
            raise FullError(f"{self._stage} has outputs that do not fit")
        self._keep()

    def _emit_and_keep(self) -> Turn:
        if self._emit() == "blocked":
            return "blocked"
        self._at("emitted")
        self._turns_since += 1
        if self._turns_since >= self._checkpoint_turns:
            self._keep()
            self._at("checkpointed")
        return "worked"

    def _emit(self) -> Turn:
        while self._pending:
            slot, value = self._pending[0]
            position = self._written[slot]
            if position < self._stream.end(slot):
                self._compare(slot, position, value)
            else:
                try:
                    self._stream.append(slot, [value])
                except FullError:
                    return "blocked"
            self._written[slot] = position + 1
            del self._pending[0]
        return "worked"

    def _compare(self, slot: Slot, position: int, value: bytes) -> None:
        """Check that what stands where we would write is what we would write: a predecessor wrote it before it fell."""
        standing = self._stream.read(slot, position, 1)
        if standing[0].value != value:
            raise DivergedError(
                f"{self._stage}: {_key(slot)} at {position} holds another record than the one made again"
            )

    def _keep(self) -> None:
        checkpoint = Checkpoint(
            epoch=self._epoch + 1,
            state=self._work.snapshot(),
            inputs={_key(self._source): self._position},
            outputs={_key(slot): offset for slot, offset in self._written.items()},
        )
        self._checkpoints.swap(self._stage, checkpoint)
        self._epoch += 1
        self._turns_since = 0
        self._stream.release(self._source, self._position)


def _key(slot: Slot) -> str:
    return f"{slot.topic}/{slot.partition}"
