"""The text vault: each text is sealed under a key of its own, and the key has at most an hour to live.

What travels and is copied (topics, segments on disk, replicas, backups) is sealed; what opens it is one small value in the store. Once that
is destroyed the text is gone everywhere at once. Sealing is AES-256-GCM with a fresh nonce (NIST SP 800-38D), bound to the post's id: a
sealed text put in the place of another does not open.
"""

from __future__ import annotations

import secrets
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tocsin.ids import KEY_BYTES
from tocsin.model import Point
from tocsin.time import HOUR_MS, MINUTE_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.runtime.store import Store

MAX_TTL_MS: Final = HOUR_MS
"""No text can be read for longer, whatever the settings say."""
NONCE_BYTES: Final = 12
MARK_BYTES: Final = 8
DESTROYED: Final = b""
"""Stands in place of a key that was destroyed, for as long as the key might have lived: no later copy of the post makes a new one."""
UNSEEN_MS: Final = 5 * MINUTE_MS
"""How long a deletion is remembered whose post has not been seen: as long as a network may deliver the two in the wrong order."""
EDITED: Final = b"\x00"
"""Stands in place of the key of a post that was edited, until its new text makes a new one."""
REGISTER: Final = "text-register"
VERSION: Final = b"\x01"

Gone = Literal["retracted", "expired"]
"""Why a text cannot be opened: its post was deleted, edited or its account removed; or its hour is over."""


class Words(msgspec.Struct, frozen=True, array_like=True):
    """What is sealed of a post: what it says and what leads to it."""

    text: str
    link: str | None = None
    """Address of the original."""
    profile_place: str | None = None
    point: Point | None = None


class SealError(ValueError):
    """A sealed text was damaged, or put in the place of another: our own corruption, to be said aloud."""


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Words)


def seal(key: bytes, post_id: str, words: Words) -> bytes:
    """Seal words under a key (``KEY_BYTES`` random bytes), bound to the id of their post.

    The result is a version, a mark of the key, a nonce and the sealed words.
    """
    nonce = secrets.token_bytes(NONCE_BYTES)
    body = AESGCM(key).encrypt(nonce, _encoder.encode(words), post_id.encode())
    return VERSION + _mark(key) + nonce + body


def unseal(key: bytes, post_id: str, sealed: bytes) -> Words | None:
    """Open sealed words; ``None`` if they were sealed under another key (the post was edited since).

    Raises:
        SealError: they are damaged, of another post, or no sealed words.

    >>> key = b"k" * 32
    >>> unseal(key, "p", seal(key, "p", Words("feu"))).text, unseal(b"l" * 32, "p", seal(key, "p", Words("feu")))
    ('feu', None)
    """
    start = len(VERSION) + MARK_BYTES
    if sealed[: len(VERSION)] != VERSION or len(sealed) < start + NONCE_BYTES:
        raise SealError("expected sealed words, got others")
    if sealed[len(VERSION) : start] != _mark(key):
        return None
    nonce, body = sealed[start : start + NONCE_BYTES], sealed[start + NONCE_BYTES :]
    try:
        return _decoder.decode(AESGCM(key).decrypt(nonce, body, post_id.encode()))
    except (InvalidTag, msgspec.MsgspecError) as error:
        raise SealError("sealed words were damaged, or stand in the place of others") from error


class TextVault:
    """Seals the texts of posts, opens them while their keys live, destroys keys.

    Each call is a few round trips to the store, however many posts it is about.

    Args:
        store: keeps the keys; one that writes nothing to disk keeps no copy of a destroyed key either.
        ttl_ms: how long a text can be read, at most ``MAX_TTL_MS``.
        now: the clock, UTC milliseconds.

    Raises:
        ValueError: ``ttl_ms`` is not from 1 to ``MAX_TTL_MS``.
        StoreError: from any method, when the store is away.
    """

    def __init__(self, store: Store, ttl_ms: int, now: Callable[[], int]) -> None:
        if not 0 < ttl_ms <= MAX_TTL_MS:
            raise ValueError(f"expected a time to live from 1 to {MAX_TTL_MS} ms, got {ttl_ms}")
        self._store = store
        self._ttl_ms = ttl_ms
        self._now = now

    def seal(self, texts: Sequence[tuple[str, Words]]) -> list[bytes]:
        """Seal the words of posts, each under the key of its post, which is made if there is none.

        Words of a post whose key was destroyed are sealed under a key that nobody keeps.
        """
        if not texts:
            return []
        ids = list(dict.fromkeys(post_id for post_id, _ in texts))
        fresh = {_key(post_id): secrets.token_bytes(KEY_BYTES) for post_id in ids}
        standing = dict(zip(ids, self._store.put_each_if_absent(fresh, self._ttl_ms), strict=True))
        renewed = {post_id: fresh[_key(post_id)] for post_id, key in standing.items() if key == EDITED}
        if renewed:
            self._store.put({_key(post_id): key for post_id, key in renewed.items()}, self._ttl_ms)
            standing |= renewed
        made_at = self._now()
        self._store.mark(
            REGISTER, {post_id: made_at for post_id, key in standing.items() if key == fresh[_key(post_id)]}
        )
        return [seal(standing[post_id] or secrets.token_bytes(KEY_BYTES), post_id, words) for post_id, words in texts]

    def seal_away(self, post_id: str, words: Words) -> bytes:
        """Seal words for good: under a key that nobody keeps. They look like any others."""
        return seal(secrets.token_bytes(KEY_BYTES), post_id, words)

    def keep(self, sealed: dict[str, bytes]) -> None:
        """Keep sealed words by the id of their post, for readers, as long as a key may live."""
        self._store.put({_text(post_id): words for post_id, words in sealed.items()}, self._ttl_ms)

    def kept(self, post_ids: Sequence[str]) -> list[bytes | None]:
        """Give the sealed words that were kept, ``None`` where there are none any more."""
        return self._store.get([_text(post_id) for post_id in post_ids])

    def open(self, sealed: Sequence[tuple[str, bytes]]) -> list[Words | Gone]:
        """Open the sealed words of posts, in order; where that is no longer possible, say why.

        Raises:
            SealError: sealed words are damaged.
        """
        keys = self._store.get([_key(post_id) for post_id, _ in sealed])
        opened: list[Words | Gone] = []
        for (post_id, words), key in zip(sealed, keys, strict=True):
            if key is None:
                opened.append("expired")
            elif key in (DESTROYED, EDITED):
                opened.append("retracted")
            else:
                opened.append(unseal(key, post_id, words) or "retracted")
        return opened

    def destroy(self, post_ids: Sequence[str]) -> None:
        """Destroy the keys of posts that were deleted; a copy of such a post that comes later cannot be read either.

        Most deletions of a network are of posts that never passed the gate: of those it is remembered for ``UNSEEN_MS`` only.
        """
        if post_ids:
            keys = [_key(post_id) for post_id in post_ids]
            seen = {key for key, standing in zip(keys, self._store.get(keys), strict=True) if standing is not None}
            self._store.put(dict.fromkeys(seen, DESTROYED), self._ttl_ms)
            self._store.put(dict.fromkeys(set(keys) - seen, DESTROYED), min(UNSEEN_MS, self._ttl_ms))
            self._forget(post_ids)

    def replace(self, post_ids: Sequence[str]) -> None:
        """Destroy the keys of posts that were edited; their new text gets a new one. What was deleted stays so."""
        if post_ids:
            standing = self._store.get([_key(post_id) for post_id in post_ids])
            edited = [one for one, key in zip(post_ids, standing, strict=True) if key != DESTROYED]
            self._store.put(dict.fromkeys(map(_key, edited), EDITED), self._ttl_ms)
            self._forget(post_ids)

    def oldest_at(self) -> int | None:
        """Give when the oldest text that can still be read was sealed (UTC milliseconds), or ``None`` when none can."""
        return self._store.first_mark(REGISTER, self._now() - self._ttl_ms)

    def _forget(self, post_ids: Sequence[str]) -> None:
        self._store.delete([_text(post_id) for post_id in post_ids])
        self._store.unmark(REGISTER, list(post_ids))


def _key(post_id: str) -> str:
    return f"text-key:{post_id}"


def _text(post_id: str) -> str:
    return f"text:{post_id}"


def _mark(key: bytes) -> bytes:
    """Tell keys apart without telling anything of them."""
    return blake2b(key, digest_size=MARK_BYTES, person=b"tocsin key mark").digest()
