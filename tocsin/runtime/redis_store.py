"""The store over Redis: pipelined, with the checkpoint as one compare-and-set in Lua.

Keys live under a prefix, so that several deployments share a server. A checkpoint is a hash of its epoch and its body; the script
compares the epoch and writes both, which is atomic in Redis. Persistence is the server's matter (``appendonly yes``): a server that
lost the last second gives back an older checkpoint, from which the worker reads again and suppresses what it had already written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, cast
from urllib.parse import urlsplit

import msgspec
import redis

from tocsin.runtime.failures import FencedError
from tocsin.runtime.refusals import NOT_ALLOWED, tls_cause
from tocsin.runtime.store import Checkpoint, StoreError
from tocsin.time import DAY_MS

COMPARE_AND_SET: Final = """
local standing = tonumber(redis.call('HGET', KEYS[1], 'epoch') or '0')
if standing + 1 ~= tonumber(ARGV[1]) then return standing end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'body', ARGV[2])
return -1
"""
PUT_IF_ABSENT: Final = """
local standing = redis.call('GET', KEYS[1])
if standing then return standing end
if ARGV[2] == '' then redis.call('SET', KEYS[1], ARGV[1]) else redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return ARGV[1]
"""
MARKS_KEPT_MS: Final = DAY_MS
"""A register that nobody has written to for so long is destroyed whole."""
SWAPPED: Final = -1
"""What the script answers when it wrote; else it answers the epoch that stands."""
_decoder: Final = msgspec.msgpack.Decoder(Checkpoint)


def connect(url: str, *, timeout_secs: float = 5.0, prefix: str = "tocsin:", **options: Any) -> RedisStore:
    """Open a store at a ``redis://`` or ``rediss://`` (TLS) address; user and password (ACL) stand in the address or in options.

    Args:
        url: where the server is.
        timeout_secs: seconds that connecting and each answer may take.
        prefix: what all keys begin with.
        options: passed to redis-py (``ssl_ca_certs``, ``ssl_certfile``, ``ssl_keyfile``, ``username``, ``password``, ...).

    Raises:
        StoreError: the server does not answer.
    """
    client = redis.Redis.from_url(
        url, socket_timeout=timeout_secs, socket_connect_timeout=timeout_secs, health_check_interval=30, **options
    )
    store = RedisStore(client, prefix)
    try:
        store.ping()
    except StoreError as error:
        place = urlsplit(url)  # of which only this may be shown: it may hold a password
        store.close()
        raise StoreError(f"{error} [{place.hostname or place.path}{f':{place.port}' if place.port else ''}]") from error
    return store


class RedisStore:
    """A store in a Redis server."""

    def __init__(self, client: redis.Redis, prefix: str = "tocsin:") -> None:
        self._client = client
        self._prefix = prefix
        self._compare_and_set = client.register_script(COMPARE_AND_SET)
        self._put_if_absent = client.register_script(PUT_IF_ABSENT)

    def get(self, keys: Sequence[str]) -> list[bytes | None]:
        """Give the values of keys, in one round trip."""
        if not keys:
            return []
        with _said("read"):
            return cast("list[bytes | None]", self._client.mget([self._prefix + key for key in keys]))

    def put(self, values: Mapping[str, bytes], ttl_ms: int | None = None) -> None:
        """Write values, in one round trip."""
        with _said("write"), self._client.pipeline(transaction=False) as pipe:
            for key, value in values.items():
                pipe.set(self._prefix + key, value, px=ttl_ms)
            pipe.execute()

    def put_if_absent(self, key: str, value: bytes, ttl_ms: int | None = None) -> bytes:
        """Write a value unless the key is there."""
        with _said("write"):
            ttl = "" if ttl_ms is None else str(ttl_ms)
            return bytes(self._put_if_absent(keys=[self._prefix + key], args=[value, ttl]))

    def put_each_if_absent(self, values: Mapping[str, bytes], ttl_ms: int) -> list[bytes]:
        """Write each value unless its key is there, in one round trip."""
        if not values:
            return []
        names = [self._prefix + key for key in values]
        with _said("write"), self._client.pipeline(transaction=False) as pipe:
            for name, value in zip(names, values.values(), strict=True):
                pipe.set(name, value, px=ttl_ms, nx=True)
            pipe.mget(names)
            standing = pipe.execute()[-1]
        # A key that died between the two commands stands no more: what we would have written is as good as gone.
        return [b"" if value is None else bytes(value) for value in standing]

    def mark(self, name: str, members: Mapping[str, int]) -> None:
        """Note members of a register (a sorted set)."""
        if members:
            with _said("write"), self._client.pipeline(transaction=False) as pipe:
                pipe.zadd(self._prefix + name, dict(members), nx=True)
                pipe.pexpire(self._prefix + name, MARKS_KEPT_MS)
                pipe.execute()

    def unmark(self, name: str, members: Sequence[str]) -> None:
        """Take members out of a register."""
        if members:
            with _said("delete"):
                self._client.zrem(self._prefix + name, *members)

    def first_mark(self, name: str, since_at: int) -> int | None:
        """Forget the members of a register from before an instant; give the earliest instant of the others."""
        with _said("read"), self._client.pipeline(transaction=False) as pipe:
            pipe.zremrangebyscore(self._prefix + name, "-inf", f"({since_at}")
            pipe.zrange(self._prefix + name, 0, 0, withscores=True)
            first = pipe.execute()[-1]
        return int(first[0][1]) if first else None

    def persists(self) -> bool | None:
        """Tell whether the server writes what it holds to disk; ``None`` if it does not say (its access list forbids the question)."""
        with _said("ask for its settings"):
            try:
                kept = cast("dict[str, str]", self._client.config_get("appendonly", "save"))
            except redis.ResponseError:
                return None
            return kept.get("appendonly") == "yes" or bool(kept.get("save"))

    def delete(self, keys: Sequence[str]) -> int:
        """Destroy keys."""
        if not keys:
            return 0
        with _said("delete"):
            return int(self._client.delete(*(self._prefix + key for key in dict.fromkeys(keys))))

    def load(self, stage: str) -> Checkpoint | None:
        """Give the last checkpoint of a stage.

        Raises:
            StoreError: what stands there is no checkpoint: our own corruption is loud.
        """
        with _said("read the checkpoint of " + stage):
            body = cast("bytes | None", self._client.hget(f"{self._prefix}checkpoint:{stage}", "body"))
        if body is None:
            return None
        try:
            return _decoder.decode(body)
        except msgspec.MsgspecError as error:
            raise StoreError(f"checkpoint {stage}: expected a checkpoint, got {error}") from error

    def swap(self, stage: str, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint whose epoch is one less (compare-and-set in Lua).

        Raises:
            FencedError: the one that stands has another epoch.
        """
        with _said("write the checkpoint of " + stage):
            standing = self._compare_and_set(
                keys=[f"{self._prefix}checkpoint:{stage}"],
                args=[checkpoint.epoch, msgspec.msgpack.encode(checkpoint)],
            )
        if standing != SWAPPED:
            raise FencedError(f"{stage}: expected to follow epoch {checkpoint.epoch - 1}, got {standing} in the store")

    def ping(self) -> None:
        """Return if the server answers."""
        with _said("ping"):
            self._client.ping()

    def close(self) -> None:
        """Let the connections go."""
        self._client.close()


@contextmanager
def _said(what: str) -> Iterator[None]:
    """Turn redis-py's errors into the store's, with what was tried."""
    try:
        yield
    except redis.RedisError as error:
        raise StoreError(f"Redis: could not {what}: {_cause(error)}") from error


def _cause(error: redis.RedisError) -> str:
    """Give what was refused, and the setting to look at."""
    if isinstance(error, redis.exceptions.NoPermissionError):
        return f"{NOT_ALLOWED}: {error}"
    if isinstance(error, redis.AuthenticationError) or "Authentication required" in str(error):
        return "the server does not accept the name or the password (store.username, store.password)"
    return tls_cause(str(error), section="store", address="url") or str(error)
