"""Content identities and keyed pseudonyms.

An identity is a hash of content, so the same content made twice has the same identity. A pseudonym is a hash under a key that is
destroyed later: without the key nobody can go back to the name.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

PUBLIC_REPLAY_KEY: Final = b"tocsin public replay key"
"""The fixed, public key under which ``replay`` pseudonymises raw files: files at hand are no live stream, runs must agree."""

KEY_BYTES: Final = 32
"""Length of a secret key."""


def content_id(*parts: str | int) -> str:
    """Give the identity (16 hex digits) of a tuple of parts; order and types matter.

    >>> content_id("fire", 10) == content_id("fire", 10), content_id("fire", 10) == content_id("fire", "10")
    (True, False)
    """
    digest = blake2b(digest_size=8)
    for part in parts:
        raw = part.encode() if isinstance(part, str) else b"%d" % part
        digest.update(b"%c%d:" % (b"s" if isinstance(part, str) else b"i", len(raw)))
        digest.update(raw)
    return digest.hexdigest()


def pseudonym(key: bytes, domain: str, name: str) -> str:
    """Give the pseudonym (16 hex digits) of a name within a domain (``post``, ``author``) under a key of at most 64 bytes.

    >>> pseudonym(b"k", "author", "x") == pseudonym(b"k", "post", "x")
    False
    """
    return blake2b(
        name.encode("utf-8", "surrogatepass"), digest_size=8, key=key, person=domain.encode()[:16]
    ).hexdigest()


def day_pseudonym(key: bytes, domain: str, name: str, day: int) -> str:
    """Give the pseudonym of a name under the key of a day, with the day before it: ``<day>.<16 hex digits>``.

    The day says nothing that the time of the post does not; without it nobody could tell two authors from one on both sides of a roll.

    >>> author_day(day_pseudonym(b"k", "author", "x", 20_549)), author_day(pseudonym(b"k", "author", "x"))
    (20549, None)
    """
    return f"{day}.{pseudonym(key, domain, name)}"


def author_day(author: str) -> int | None:
    """Give the day under whose key an author's pseudonym was made; ``None`` for one that is the same on all days."""
    day, dot, _ = author.partition(".")
    return int(day) if dot and day.isdecimal() else None
