"""What every store must do."""

from __future__ import annotations

import pytest

from tocsin.runtime.store import MAX_KEYS, Checkpoint, MemoryStore, StoreError


class FakeClock:
    """Milliseconds that pass only when told to."""

    def __init__(self) -> None:
        self.ms = 0

    def __call__(self) -> int:
        return self.ms


def checkpoint(epoch: int, sequence: int, state: bytes = b"") -> Checkpoint:
    return Checkpoint(epoch=epoch, sequence=sequence, state=state, inputs={"mentions:0": 7}, outputs={"incidents:0": 3})


class StoreContract:
    """Subclasses give a fixture ``store`` and a way to let time pass."""

    def pass_ms(self, ms: int) -> None:
        raise NotImplementedError

    def test_what_was_put_is_there_and_the_rest_is_not(self, store):
        store.put({"a": b"1", "b": b"\x00\xff"})
        assert store.get(["b", "none", "a"]) == [b"\x00\xff", None, b"1"]
        assert store.get([]) == []
        store.put({"a": b"2"})
        assert store.get(["a"]) == [b"2"]

    def test_deleted_is_gone_and_counted_once(self, store):
        store.put({"a": b"1", "b": b"1"})
        assert store.delete(["a", "a", "none"]) == 1
        assert store.get(["a", "b"]) == [None, b"1"]
        assert store.delete([]) == 0

    def test_a_key_dies_with_its_time_to_live(self, store):
        store.put({"short": b"1"}, ttl_ms=60)
        store.put({"long": b"1"}, ttl_ms=60_000)
        self.pass_ms(100)
        assert store.get(["short", "long"]) == [None, b"1"]
        assert store.put_if_absent("short", b"2") == b"2"

    def test_the_first_of_two_makes_the_shared_value(self, store):
        assert store.put_if_absent("day", b"mine", ttl_ms=60_000) == b"mine"
        assert store.put_if_absent("day", b"yours", ttl_ms=60_000) == b"mine"
        assert store.get(["day"]) == [b"mine"]

    def test_a_checkpoint_is_written_only_over_the_expected_one(self, store):
        assert store.read_checkpoint("detect") is None
        first = checkpoint(1, 0, b"x")
        assert store.write_checkpoint("detect", first, None)
        assert not store.write_checkpoint("detect", checkpoint(1, 0), None)
        assert store.write_checkpoint("detect", checkpoint(1, 1), (1, 0))
        assert not store.write_checkpoint("detect", checkpoint(1, 1), (1, 0))
        assert store.read_checkpoint("detect") == checkpoint(1, 1)
        assert store.read_checkpoint("other") is None

    def test_a_former_owner_is_fenced(self, store):
        assert store.write_checkpoint("w", checkpoint(1, 4), None)
        assert store.write_checkpoint("w", checkpoint(2, 0), (1, 4))  # the standby claims the next epoch
        assert not store.write_checkpoint("w", checkpoint(1, 5), (1, 4))  # the zombie wakes up
        assert store.read_checkpoint("w").epoch == 2


class TestMemory(StoreContract):
    @pytest.fixture
    def store(self):
        self.clock = FakeClock()
        return MemoryStore(self.clock)

    def pass_ms(self, ms: int) -> None:
        self.clock.ms += ms

    def test_the_number_of_keys_is_bounded_loudly(self, store, monkeypatch):
        monkeypatch.setattr("tocsin.runtime.store.MAX_KEYS", 2)
        store.put({"a": b"", "b": b""}, ttl_ms=5)
        self.pass_ms(5)
        store.put({"c": b"", "d": b""})  # the dead make room
        with pytest.raises(StoreError, match="at most 2 keys"):
            store.put({"e": b""})
        assert MAX_KEYS > 2
