"""The store: small state that must outlive a worker (cursors, day keys, text keys, geocoder answers, checkpoints).

Two stores speak one protocol: in memory (embedded) and Redis (``tocsin.runtime.redis_store``); one contract suite holds both to it. Keys
are text, values bytes. A time to live is a promise of destruction, not of keeping. Every store also keeps the last checkpoint of each
stage; it is replaced by compare-and-set, so that of two workers that both believe to own a stage only one can go on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from tocsin.runtime.failures import FencedError

MAX_KEYS: Final = 1_000_000
"""Keys that the store in memory holds at most: past that a write is an error, never a silent loss of another key."""
SWEEP_MS: Final = 10_000
"""The store in memory lets go of values past their time to live at least this often while it is written to or asked."""


class StoreError(RuntimeError):
    """The store cannot be reached or refuses; the message says what was tried."""


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker needs to go on where it was: its state, and where it stood on both sides."""

    epoch: int
    """Grows by one with each checkpoint; the compare-and-set is on it."""
    state: bytes
    inputs: dict[str, int]
    """Next offset to read, by ``topic/partition``."""
    outputs: dict[str, int]
    """Next offset written, by ``topic/partition``, at the moment of the state."""


class Store(Protocol):
    """What stages may ask of a store. Every call may raise ``StoreError``."""

    def get(self, keys: Sequence[str]) -> list[bytes | None]:
        """Give the values of keys, ``None`` for those that are absent or past their time to live."""

    def put(self, values: Mapping[str, bytes], ttl_ms: int | None = None) -> None:
        """Write values; with a time to live they are destroyed after it."""

    def put_if_absent(self, key: str, value: bytes, ttl_ms: int | None = None) -> bytes:
        """Write a value unless the key is there; give the value that now stands (a shared day key is made only once)."""

    def put_each_if_absent(self, values: Mapping[str, bytes], ttl_ms: int) -> list[bytes]:
        """Write each value unless its key is there; give the values that now stand, in the order of the keys."""

    def mark(self, name: str, members: Mapping[str, int]) -> None:
        """Note members of a register with an instant each; one that is there keeps its own."""

    def unmark(self, name: str, members: Sequence[str]) -> None:
        """Take members out of a register."""

    def first_mark(self, name: str, since_at: int) -> int | None:
        """Forget the members of a register from before an instant; give the earliest instant of the others, or ``None``."""

    def delete(self, keys: Sequence[str]) -> int:
        """Destroy keys; give how many were there."""

    def load(self, stage: str) -> Checkpoint | None:
        """Give the last checkpoint of a stage."""

    def swap(self, stage: str, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint whose epoch is one less (none, for epoch 1).

        Raises:
            FencedError: the one that stands has another epoch.
        """

    def ping(self) -> None:
        """Return if the store answers."""

    def close(self) -> None:
        """Let connections go."""


class MemoryStore:
    """The store of one process. ``now_ms`` is given by tests; else it is the machine's monotone clock."""

    def __init__(self, now_ms: Callable[[], int] | None = None) -> None:
        self._now_ms = now_ms or (lambda: time.monotonic_ns() // 1_000_000)
        self._values: dict[str, tuple[bytes, int | None]] = {}
        self._checkpoints: dict[str, Checkpoint] = {}
        self._marks: dict[str, dict[str, int]] = {}
        self._swept_ms = self._now_ms()
        self._lock = threading.RLock()

    def get(self, keys: Sequence[str]) -> list[bytes | None]:
        """Give the values of keys."""
        with self._lock:
            self._sweep()
            return [self._live(key) for key in keys]

    def put(self, values: Mapping[str, bytes], ttl_ms: int | None = None) -> None:
        """Write values."""
        with self._lock:
            self._sweep()
            dies_at = None if ttl_ms is None else self._now_ms() + ttl_ms
            self._values.update((key, (value, dies_at)) for key, value in values.items())
            if len(self._values) > MAX_KEYS:
                self._destroy_dead()
            if len(self._values) > MAX_KEYS:
                raise StoreError(f"the store in memory holds at most {MAX_KEYS} keys")

    def put_if_absent(self, key: str, value: bytes, ttl_ms: int | None = None) -> bytes:
        """Write a value unless the key is there."""
        with self._lock:
            standing = self._live(key)
            if standing is not None:
                return standing
            self.put({key: value}, ttl_ms)
            return value

    def put_each_if_absent(self, values: Mapping[str, bytes], ttl_ms: int) -> list[bytes]:
        """Write each value unless its key is there."""
        return [self.put_if_absent(key, value, ttl_ms) for key, value in values.items()]

    def delete(self, keys: Sequence[str]) -> int:
        """Destroy keys."""
        with self._lock:
            there = [key for key in dict.fromkeys(keys) if self._live(key) is not None]
            for key in keys:
                self._values.pop(key, None)
            return len(there)

    def mark(self, name: str, members: Mapping[str, int]) -> None:
        """Note members of a register."""
        with self._lock:
            register = self._marks.setdefault(name, {})
            for member, at in members.items():
                register.setdefault(member, at)
            if len(register) > MAX_KEYS:
                raise StoreError(f"a register of the store in memory holds at most {MAX_KEYS} members")

    def unmark(self, name: str, members: Sequence[str]) -> None:
        """Take members out of a register."""
        with self._lock:
            register = self._marks.get(name, {})
            for member in members:
                register.pop(member, None)

    def first_mark(self, name: str, since_at: int) -> int | None:
        """Forget the members of a register from before an instant; give the earliest instant of the others."""
        with self._lock:
            self._sweep()
            kept = {member: at for member, at in self._marks.get(name, {}).items() if at >= since_at}
            self._marks[name] = kept
            return min(kept.values(), default=None)

    def load(self, stage: str) -> Checkpoint | None:
        """Give the last checkpoint of a stage."""
        return self._checkpoints.get(stage)

    def swap(self, stage: str, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint whose epoch is one less."""
        with self._lock:
            standing = self._checkpoints.get(stage)
            epoch = 0 if standing is None else standing.epoch
            if checkpoint.epoch != epoch + 1:
                raise FencedError(f"{stage}: expected to follow epoch {checkpoint.epoch - 1}, got {epoch} in the store")
            self._checkpoints[stage] = checkpoint

    def ping(self) -> None:
        """Return: memory always answers."""

    def close(self) -> None:
        """Forget everything."""
        self._values.clear()
        self._checkpoints.clear()
        self._marks.clear()

    def _live(self, key: str) -> bytes | None:
        held = self._values.get(key)
        if held is None:
            return None
        value, dies_at = held
        if dies_at is not None and self._now_ms() >= dies_at:
            del self._values[key]
            return None
        return value

    def _sweep(self) -> None:
        if self._now_ms() - self._swept_ms >= SWEEP_MS:
            self._destroy_dead()

    def _destroy_dead(self) -> None:
        now_ms = self._swept_ms = self._now_ms()
        self._values = {k: v for k, v in self._values.items() if v[1] is None or v[1] > now_ms}
