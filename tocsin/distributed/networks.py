"""An origin of networks for an ingest worker, such that a worker that starts again goes on without a hole and without a double.

What a network said cannot be read again the same. So what was heard of each block (posts without a term are only numbers in it, names
are hashed) is written to the store before it is used, sealed under a key that lives beside the texts' keys, and is gone with the next
checkpoint. A worker that starts again takes those blocks first, then connects behind the last of them. Two workers on one origin would
write different blocks: the second is stopped.
"""

from __future__ import annotations

import random
import secrets
from typing import TYPE_CHECKING, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ingest.block import Builder
from ingest.columns import Columns, ColumnsState
from ingest.inbox import Inbox
from ingest.listener import Listener, Position
from ingest.sources.made import make_sources
from tocsin.pipeline.hear import Heard
from tocsin.runtime.failures import FencedError
from tocsin.runtime.logging import get_logger
from tocsin.runtime.vault import Words
from tocsin.settings.source_rules import ORIGIN_PREFIX
from tocsin.time import MINUTE_MS, SECOND_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ingest.block import Block
    from tocsin.model import SourceGap
    from tocsin.runtime.metrics import Metrics
    from tocsin.runtime.store import Store
    from tocsin.settings import Settings

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12


class Ahead(msgspec.Struct, frozen=True):
    """What was heard of a block, and where the sources stood behind it."""

    columns: ColumnsState
    source_names: tuple[str, ...]
    arrived_at: int
    gate_open: int
    words: dict[str, Words]
    positions: dict[str, Position]
    sampled: int
    """Posts that were left out, where sampling is the last resort."""


_decoder: Final = msgspec.msgpack.Decoder(Ahead)


def sections_of(paths: Sequence[Path]) -> frozenset[str]:
    """Give the sections of the settings that an origin names (``source:bluesky``); none for an origin of files."""
    return frozenset(str(path).removeprefix(ORIGIN_PREFIX) for path in paths if str(path).startswith(ORIGIN_PREFIX))


class NetworkOrigin:
    """Networks as an origin.

    Args:
        name: of the origin.
        sections: of the settings, whose sources it hears.
        settings: of the deployment.
        store: keeps what was heard, until the next checkpoint.
        keys: keeps the keys under which that is sealed.
        metrics: of the worker.
        now: the clock, UTC milliseconds.
        cursor: of the checkpoint, or ``None`` at the very first start.
    """

    def __init__(  # noqa: PLR0913 - each is a part of where lines come from
        self,
        name: str,
        sections: frozenset[str],
        *,
        settings: Settings,
        store: Store,
        keys: Store,
        metrics: Metrics,
        now: Callable[[], int],
        cursor: bytes | None,
    ) -> None:
        self._name = name
        self._settings = settings
        self._store = store
        self._keys = keys
        self._metrics = metrics
        self._now = now
        self._ttl_ms = settings.privacy.text_ttl_mins * MINUTE_MS
        self._sources = make_sources(settings, now, only=sections)
        self._positions = {} if not cursor else msgspec.msgpack.decode(cursor, type=dict[str, Position])
        self._listener: Listener | None = None
        self._arrived_at = 0
        self._settled = 0

    def heard(self, number: int, hear: Callable[[Block], Heard]) -> tuple[Heard, int] | None:
        """Give what was heard of the next block, and how many posts were left out by sampling before it.

        It is as an earlier worker wrote it, or new; ``None`` when there is nothing just now.

        Raises:
            FencedError: another worker reads this origin.
            SourceFailedError: a source failed by a defect.
            StoreError: the store is away.
        """
        if self._listener is None:
            standing = self._standing(number)
            if standing is not None:
                return self._taken(standing)
            self._listener = self._connect()
        arrived_at = max(self._arrived_at, self._now())
        lines = self._listener.poll(self._settings.runtime.block_lines)
        if not lines and arrived_at - self._arrived_at < self._settings.runtime.tick_secs * SECOND_MS:
            return None
        builder = Builder()
        for line in lines:
            builder.add(*line)
        heard = hear(builder.take(number=number, arrived_at=arrived_at))
        sampled = self._listener.take_sampled()
        self._write(number, heard, arrived_at, self._listener.positions(), sampled)
        self._listener.settle(self._positions)
        return heard, sampled

    def gaps(self) -> list[SourceGap]:
        """Take the gaps noted since the last look."""
        return [] if self._listener is None else self._listener.gaps

    def cursor(self) -> bytes:
        """Give where the sources stand, for a checkpoint."""
        return msgspec.msgpack.encode(self._positions)

    def settled(self, number: int) -> None:
        """Forget the blocks before a number, and their keys first."""
        olds = range(max(self._settled, number - 100_000), number)
        self._keys.delete([self._key(old) for old in olds])
        self._store.delete([self._block(old) for old in olds])
        self._settled = number

    def close(self) -> None:
        """Let connections go."""
        if self._listener is not None:
            self._listener.close()

    def _connect(self) -> Listener:
        shared = self._settings.sources
        return Listener(
            self._sources,
            positions=self._positions,
            metrics=self._metrics,
            now=self._now,
            draw=random.random,
            inbox=Inbox(max_lines=shared.waiting_lines, max_bytes=shared.waiting_bytes),
        )

    def _write(self, number: int, heard: Heard, arrived_at: int, positions: dict[str, Position], sampled: int) -> None:
        ahead = Ahead(
            columns=heard.columns.snapshot(),
            source_names=heard.source_names,
            arrived_at=arrived_at,
            gate_open=heard.gate_open,
            words=dict(heard.words),
            positions=positions,
            sampled=sampled,
        )
        key, nonce = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(NONCE_BYTES)
        sealed = nonce + AESGCM(key).encrypt(nonce, msgspec.msgpack.encode(ahead), self._block(number).encode())
        # The key first: a block that stands has one, unless it is too old to be taken.
        if self._keys.put_if_absent(self._key(number), key, self._ttl_ms) != key:
            raise FencedError(f"origin {self._name}: another ingest worker reads it")
        if self._store.put_if_absent(self._block(number), sealed, self._ttl_ms) != sealed:
            raise FencedError(f"origin {self._name}: another ingest worker reads it")
        self._positions, self._arrived_at = positions, arrived_at

    def _standing(self, number: int) -> Ahead | None:
        """Give a block that an earlier worker wrote and may have used; one that cannot be opened any more is told."""
        sealed, key = self._store.get([self._block(number)])[0], self._keys.get([self._key(number)])[0]
        if sealed is None:
            # The earlier worker fell between the key and the block: it used neither.
            self._keys.delete([self._key(number)])
            return None
        opened = None if key is None else _opened(key, sealed, self._block(number))
        if opened is None:
            get_logger("ingest").error("what was heard of a block cannot be opened", origin=self._name, block=number)
            self._keys.delete([self._key(number)])
            self._store.delete([self._block(number)])
        return opened

    def _taken(self, ahead: Ahead) -> tuple[Heard, int]:
        self._positions, self._arrived_at = ahead.positions, ahead.arrived_at
        heard = Heard(
            columns=Columns.restore(ahead.columns),
            source_names=ahead.source_names,
            arrived_at=ahead.arrived_at,
            gate_open=ahead.gate_open,
            cpu_secs={},
            words=ahead.words,
        )
        return heard, ahead.sampled

    def _block(self, number: int) -> str:
        return f"heard:{self._name}:{number}"

    def _key(self, number: int) -> str:
        return f"heard-key:{self._name}:{number}"


def _opened(key: bytes, sealed: bytes, name: str) -> Ahead | None:
    """Open what was heard of a block; ``None`` if it was sealed under another key."""
    try:
        return _decoder.decode(AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], name.encode()))
    except InvalidTag:
        return None
