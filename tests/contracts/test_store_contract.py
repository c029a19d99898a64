"""What every store must do."""

from __future__ import annotations

import pytest

from tocsin.runtime.failures import FencedError
from tocsin.runtime.store import MAX_KEYS, Checkpoint, MemoryStore, StoreError


class FakeClock:
    """Milliseconds that pass only when told to."""

    def __init__(self) -> None:
        self.ms = 0

    def __call__(self) -> int:
        return self.ms


def checkpoint(epoch: int, state: bytes = b"") -> Checkpoint:
    return Checkpoint(epoch=epoch, state=state, inputs={"mentions/0": 7}, outputs={"incidents/0": 3})


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

    def test_of_many_keys_each_is_made_once(self, store):
        assert store.put_each_if_absent({}, 60_000) == []
        assert store.put_each_if_absent({"a": b"1", "b": b"2"}, 60_000) == [b"1", b"2"]
        assert store.put_each_if_absent({"c": b"3", "a": b"9"}, 60_000) == [b"3", b"1"]
        store.put({"b": b""}, ttl_ms=60_000)  # an empty value stands like any other
        assert store.put_each_if_absent({"b": b"8"}, 60_000) == [b""]
        assert store.get(["a", "b", "c"]) == [b"1", b"", b"3"]

    def test_keys_made_together_die_together(self, store):
        store.put_each_if_absent({"a": b"1", "b": b"2"}, 60)
        self.pass_ms(100)
        assert store.get(["a", "b"]) == [None, None]
        assert store.put_each_if_absent({"a": b"3"}, 60_000) == [b"3"]

    def test_making_a_key_again_does_not_lengthen_its_life(self, store):
        store.put_each_if_absent({"a": b"1"}, 150)
        self.pass_ms(100)
        store.put_each_if_absent({"a": b"2"}, 60_000)
        self.pass_ms(100)
        assert store.get(["a"]) == [None]

    def test_a_register_knows_its_earliest_member(self, store):
        assert store.first_mark("texts", 0) is None
        store.mark("texts", {"p": 300, "q": 100, "r": 200})
        store.mark("texts", {"q": 50, "p": 900})  # they keep their own
        store.mark("other", {"x": 1})
        assert store.first_mark("texts", 0) == 100
        store.unmark("texts", ["q", "none"])
        assert store.first_mark("texts", 0) == 200
        assert store.first_mark("texts", 250) == 300
        assert store.first_mark("texts", 0) == 300  # what was before is forgotten
        assert store.first_mark("texts", 301) is None
        store.mark("texts", {})
        store.unmark("texts", [])

    def test_a_checkpoint_follows_the_one_before_it(self, store):
        assert store.load("detect") is None
        with pytest.raises(FencedError):
            store.swap("detect", checkpoint(2))
        store.swap("detect", checkpoint(1, b"x"))
        with pytest.raises(FencedError):
            store.swap("detect", checkpoint(1))
        assert store.load("detect") == checkpoint(1, b"x")
        store.swap("detect", checkpoint(2))
        assert store.load("detect") == checkpoint(2)
        assert store.load("other") is None

    @pytest.mark.parametrize("epoch", [0, 1, 3])
    def test_a_checkpoint_that_follows_none_changes_nothing(self, store, epoch):
        store.swap("w", checkpoint(1, b"stands"))
        with pytest.raises(FencedError, match=f"w: expected to follow epoch {epoch - 1}, got 1 in the store"):
            store.swap("w", checkpoint(epoch))
        assert store.load("w") == checkpoint(1, b"stands")

    def test_of_two_owners_only_one_goes_on(self, store):
        store.swap("w", checkpoint(1))
        store.swap("w", checkpoint(2, b"standby"))
        with pytest.raises(FencedError, match="expected to follow epoch 1, got 2"):
            store.swap("w", checkpoint(2, b"zombie"))
        assert store.load("w").state == b"standby"


class TestMemory(StoreContract):
    @pytest.fixture
    def store(self):
        self.clock = FakeClock()
        return MemoryStore(self.clock)

    def pass_ms(self, ms: int) -> None:
        self.clock.ms += ms

    def test_what_is_past_its_time_does_not_stay_in_memory_unasked(self, store):
        store.put({"secret": b"1"}, ttl_ms=5)
        self.pass_ms(20_000)
        store.get(["another"])
        assert store._values == {}

    def test_the_number_of_keys_is_bounded_loudly(self, store, monkeypatch):
        monkeypatch.setattr("tocsin.runtime.store.MAX_KEYS", 2)
        store.put({"a": b"", "b": b""}, ttl_ms=5)
        self.pass_ms(5)
        store.put({"c": b"", "d": b""})  # the dead make room
        with pytest.raises(StoreError, match="at most 2 keys"):
            store.put({"e": b""})
        assert MAX_KEYS > 2
