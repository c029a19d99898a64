"""The store as workers use it: patient while the server is away, and sure of what a repeated compare-and-set did."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tocsin.runtime import metrics as declared
from tocsin.runtime.failures import FencedError
from tocsin.runtime.logging import get_logger
from tocsin.runtime.redis_store import RedisStore, connect
from tocsin.runtime.refusals import unreadable
from tocsin.runtime.store import Checkpoint, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tocsin.runtime.metrics import Metrics
    from tocsin.runtime.store import Store
    from tocsin.settings.store import StoreSettings

PAUSE_SECS: Final = 0.5
"""Between two tries."""
T = TypeVar("T")


def open_store(settings: StoreSettings) -> RedisStore:
    """Open the store of the settings.

    Raises:
        StoreError: the server does not answer.
    """
    return _open(settings, settings.url)


def open_key_store(settings: StoreSettings) -> RedisStore | None:
    """Open the store of the keys of texts and days, where it is one of its own.

    Raises:
        StoreError: the server does not answer.
    """
    return None if settings.keys_url is None else _open(settings, settings.keys_url)


def warn_of_copies(store: RedisStore) -> None:
    """Log a warning when the server of the keys writes what it holds to disk: a destroyed key stays there until the file is rewritten."""
    if store.persists():
        get_logger("store").warning(
            "the server of the keys writes to disk: destroyed keys stay in its files until they are rewritten; see store.keys_url"
        )


def _open(settings: StoreSettings, url: str) -> RedisStore:
    options: dict[str, Any] = {"username": settings.username, "password": settings.password}
    if url.startswith("rediss://"):
        paths = {name: getattr(settings, name) for name in ("ssl_ca_path", "ssl_cert_path", "ssl_key_path")}
        wrong = unreadable({f"store.{name}": path for name, path in paths.items()})
        if wrong is not None:
            raise StoreError(f"Redis: {wrong}")
        options |= {
            "ssl_ca_certs": _path(settings.ssl_ca_path),
            "ssl_certfile": _path(settings.ssl_cert_path),
            "ssl_keyfile": _path(settings.ssl_key_path),
        }
    given = {name: value for name, value in options.items() if value is not None}
    return connect(url, timeout_secs=settings.timeout_secs, prefix=settings.prefix, **given)


class PatientStore:
    """A store that asks again, for ``retry_secs``, while its server is away."""

    def __init__(self, store: Store, retry_secs: float, wait: Callable[[float], object] = time.sleep) -> None:
        self._store = store
        self._retry_secs = retry_secs
        self._wait = wait
        self._log = get_logger("store")

    def get(self, keys: Sequence[str]) -> list[bytes | None]:
        """Give the values of keys."""
        return self._patiently(lambda: self._store.get(keys))

    def put(self, values: Mapping[str, bytes], ttl_ms: int | None = None) -> None:
        """Write values."""
        self._patiently(lambda: self._store.put(values, ttl_ms))

    def put_if_absent(self, key: str, value: bytes, ttl_ms: int | None = None) -> bytes:
        """Write a value unless the key is there."""
        return self._patiently(lambda: self._store.put_if_absent(key, value, ttl_ms))

    def put_each_if_absent(self, values: Mapping[str, bytes], ttl_ms: int) -> list[bytes]:
        """Write each value unless its key is there."""
        return self._patiently(lambda: self._store.put_each_if_absent(values, ttl_ms))

    def mark(self, name: str, members: Mapping[str, int]) -> None:
        """Note members of a register."""
        self._patiently(lambda: self._store.mark(name, members))

    def unmark(self, name: str, members: Sequence[str]) -> None:
        """Take members out of a register."""
        self._patiently(lambda: self._store.unmark(name, members))

    def first_mark(self, name: str, since_at: int) -> int | None:
        """Give the earliest instant of a register, those from before an instant forgotten."""
        return self._patiently(lambda: self._store.first_mark(name, since_at))

    def delete(self, keys: Sequence[str]) -> int:
        """Destroy keys."""
        return self._patiently(lambda: self._store.delete(keys))

    def load(self, stage: str) -> Checkpoint | None:
        """Give the last checkpoint of a stage."""
        return self._patiently(lambda: self._store.load(stage))

    def swap(self, stage: str, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint whose epoch is one less.

        Raises:
            FencedError: another worker has written one.
        """
        try:
            self._patiently(lambda: self._store.swap(stage, checkpoint))
        except FencedError:
            # The answer to an earlier try may have been lost on the way: then what stands there is ours.
            if self.load(stage) != checkpoint:
                raise

    def ping(self) -> None:
        """Return if the store answers."""
        self._patiently(self._store.ping)

    def close(self) -> None:
        """Let connections go."""
        self._store.close()

    def _patiently(self, call: Callable[[], T]) -> T:
        until = time.monotonic() + self._retry_secs
        while True:
            try:
                return call()
            except StoreError as error:
                if time.monotonic() >= until:
                    raise
                self._log.warning("the store is away; asking again", error=str(error))
                self._wait(PAUSE_SECS)


class Keeper:
    """Writes the checkpoints of one stage, not more often than every so many seconds."""

    def __init__(self, stage: str, store: Store, every_secs: float, metrics: Metrics) -> None:
        self._stage = stage
        self._store = store
        self._every_secs = every_secs
        self._metrics = metrics
        self._kept_at = time.monotonic()
        self._epoch = 0

    def load(self) -> Checkpoint | None:
        """Give the checkpoint to go on from; later ones follow it."""
        last = self._store.load(self._stage)
        self._epoch = 0 if last is None else last.epoch
        self._kept_at = time.monotonic()
        self._metrics.set(declared.CHECKPOINT_AT, time.time(), self._stage)
        return last

    @property
    def due(self) -> bool:
        """Whether the last checkpoint is old enough for another."""
        return time.monotonic() - self._kept_at >= self._every_secs

    def keep(
        self, state: bytes, *, inputs: dict[str, int] | None = None, outputs: dict[str, int] | None = None
    ) -> None:
        """Write a checkpoint.

        Raises:
            FencedError: another worker has taken the stage over.
            StoreError: the store is away.
        """
        checkpoint = Checkpoint(epoch=self._epoch + 1, state=state, inputs=inputs or {}, outputs=outputs or {})
        self._store.swap(self._stage, checkpoint)
        self._epoch += 1
        self._kept_at = time.monotonic()
        self._metrics.set(declared.CHECKPOINT_AT, time.time(), self._stage)
        self._metrics.set(declared.CHECKPOINT_BYTES, len(state), self._stage)


def _path(path: Any) -> str | None:
    return None if path is None else str(path)
