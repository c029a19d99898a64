"""What is kept: patience with an absent store, certainty about a repeated compare-and-set, a file that is never written twice."""

import pytest

from tocsin.distributed.dispatch_worker import AppendedFile
from tocsin.distributed.keeping import Keeper, PatientStore
from tocsin.runtime import metrics as declared
from tocsin.runtime.failures import DivergedError, FencedError
from tocsin.runtime.metrics import Metrics
from tocsin.runtime.store import Checkpoint, MemoryStore, StoreError


class Shaky(MemoryStore):
    """Fails so many times, before or after it has done what was asked."""

    def __init__(self, fails, *, after):
        super().__init__()
        self.fails, self.after = fails, after

    def swap(self, stage, checkpoint):
        if self.fails and not self.after:
            self.fails -= 1
            raise StoreError("away")
        super().swap(stage, checkpoint)
        if self.fails:
            self.fails -= 1
            raise StoreError("the answer was lost")


def kept(epoch, state=b"s"):
    return Checkpoint(epoch=epoch, state=state, inputs={}, outputs={})


@pytest.mark.parametrize("after", [False, True])
def test_a_store_that_comes_back_has_the_checkpoint_once(after):
    waits = []
    store = Shaky(3 if not after else 1, after=after)
    PatientStore(store, 30.0, wait=waits.append).swap("w", kept(1))
    assert store.load("w") == kept(1)
    assert len(waits) == (1 if after else 3)


def test_a_store_that_stays_away_is_an_error():
    store = PatientStore(Shaky(9, after=False), 0.0, wait=lambda _: None)
    with pytest.raises(StoreError, match="away"):
        store.swap("w", kept(1))


def test_patience_does_not_hide_that_another_took_over():
    memory = MemoryStore()
    memory.swap("w", kept(1, b"another's"))
    with pytest.raises(FencedError):
        PatientStore(memory, 30.0).swap("w", kept(1, b"mine"))


def test_a_keeper_follows_the_last_epoch_and_says_when():
    memory, metrics = MemoryStore(), Metrics()
    memory.swap("w", kept(1))
    keeper = Keeper("w", memory, 3_600.0, metrics)
    assert keeper.load() == kept(1)
    assert not keeper.due
    keeper.keep(b"state", inputs={"posts/0": 4})
    assert memory.load("w") == Checkpoint(epoch=2, state=b"state", inputs={"posts/0": 4}, outputs={})
    assert metrics.value(declared.CHECKPOINT_BYTES, "w") == 5
    assert metrics.value(declared.CHECKPOINT_AT, "w") > 0


LINES = [b"one\n", b"two\n", b"three\n"]


@pytest.mark.parametrize("fell_at", range(15))
def test_a_writer_that_fell_anywhere_leaves_the_whole_file_once(tmp_path, fell_at):
    path = tmp_path / "incidents.jsonl"
    whole = b"".join(LINES)
    path.write_bytes(whole[:fell_at])
    written = AppendedFile(path, min(4, fell_at) if fell_at >= 4 else 0)
    for line in LINES[1 if fell_at >= 4 else 0 :]:
        written.write(line)
    written.close()
    assert path.read_bytes() == whole
    assert written.size == len(whole)


def test_a_file_that_is_not_the_one_written_is_said_loudly(tmp_path):
    path = tmp_path / "incidents.jsonl"
    path.write_bytes(b"one\nTWO\n")
    with pytest.raises(DivergedError, match="at byte 4 stands another line"):
        AppendedFile(path, 4).write(b"two\n")
    with pytest.raises(DivergedError, match="expected at least 99 bytes"):
        AppendedFile(path, 99)
