"""Copies of what was said before add nothing: reposts, and texts nearly the same.

Good at: repost storms, bots that paste, bridged networks. Blind to: paraphrase, and to texts too short for a fingerprint, which are never
collapsed (thousands write "tremblement de terre !!" by themselves).

Source: M. Charikar, STOC 2002 (fingerprints); G. Manku, A. Jain, A. Das Sarma, WWW 2007 (their use on near duplicates).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

import numpy as np

LOOKED_AT_ONCE: Final = 16
"""Fingerprints compared with all that are held in one step: more would not fit the processor's cache."""


class Copies:
    """Finds the voice a mention copies: the post it reposts, or a recent text with nearly the same fingerprint.

    Args:
        bits: fingerprints at most so many bits apart are copies.
        limit: how many fingerprints are held; the oldest go first.

    >>> copies = Copies(bits=3, limit=8)
    >>> copies.add(1, "p1", 0b1111_0000_1111), copies.find("p2", 0b1111_0000_1110, None), copies.find("p3", 0, "p1")
    (None, 1, 1)
    """

    def __init__(self, bits: int, limit: int) -> None:
        self._bits = bits
        self._limit = limit
        self._prints = np.zeros(limit, dtype=np.int64)
        self._numbers = np.full(limit, -1, dtype=np.int64)
        self._next = 0
        self._by_post: OrderedDict[str, int] = OrderedDict()
        self._differing = np.empty((LOOKED_AT_ONCE, limit), dtype=np.int64)
        self._apart = np.empty((LOOKED_AT_ONCE, limit), dtype=np.uint8)

    def find(self, post_id: str, fingerprint: int, repost_of: str | None, *, like_none: bool = False) -> int | None:
        """Give the number of the voice that a post copies (the earliest, if several), or ``None``.

        ``like_none``: what ``like_none_before`` said of its fingerprint, which is then not looked at again.
        """
        known = self._by_post.get(post_id)
        if known is None and repost_of is not None:
            known = self._by_post.get(repost_of)
        if known is not None or like_none or fingerprint == 0:
            return known
        apart = np.bitwise_count(self._prints ^ np.int64(fingerprint))
        near = self._numbers[(apart <= self._bits) & (self._numbers >= 0)]
        return int(near.min()) if len(near) else None

    def like_none_before(self, fingerprints: Sequence[int]) -> list[bool]:
        """Tell for each fingerprint to come whether certainly none held, and none given before it, is near: almost always so.

        >>> Copies(bits=3, limit=8).like_none_before([0b1111_0000_1111, 0b1111_0000_1110, 0])
        [True, False, True]
        """
        told = np.array(fingerprints, dtype=np.int64)
        near = np.tril(np.bitwise_count(told[:, None] ^ told[None, :]) <= self._bits, k=-1).any(axis=1)
        for low in range(0, len(told), LOOKED_AT_ONCE):
            some = told[low : low + LOOKED_AT_ONCE, None]
            differing = np.bitwise_xor(some, self._prints, out=self._differing[: len(some)])
            apart = np.bitwise_count(differing, out=self._apart[: len(some)])
            if apart.min() <= self._bits:  # seldom
                near[low : low + LOOKED_AT_ONCE] |= apart.min(axis=1) <= self._bits
        alone: list[bool] = (~near | (told == 0)).tolist()
        return alone

    def add(self, number: int, post_id: str, fingerprint: int, repost_of: str | None = None) -> None:
        """Remember a post as voice ``number`` (its own, or that of the voice it copies)."""
        by_post = self._by_post
        by_post.setdefault(post_id, number)
        if repost_of is not None:
            by_post.setdefault(repost_of, number)
        while len(by_post) > 2 * self._limit:
            by_post.popitem(last=False)
        if fingerprint:
            here = self._next
            self._prints[here] = fingerprint
            self._numbers[here] = number
            self._next = (here + 1) % self._limit

    def number_of(self, post_id: str) -> int | None:
        """Give the voice of a post."""
        return self._by_post.get(post_id)

    def forget(self, post_id: str) -> int | None:
        """A post was deleted: give the number of the voice that was its own, and let its text be said anew."""
        number = self._by_post.pop(post_id, None)
        if number is None:
            return None
        self._numbers[self._numbers == number] = -1
        return number

    def snapshot(self) -> tuple[list[int], list[int], int, dict[str, int]]:
        """Give what is held: fingerprints, their voices, the place of the next one, and voices by post."""
        return self._prints.tolist(), self._numbers.tolist(), self._next, dict(self._by_post)

    def restore(self, prints: list[int], numbers: list[int], following: int, by_post: dict[str, int]) -> None:
        """Take back what ``snapshot`` gave."""
        self._prints = np.array(prints, dtype=np.int64)
        self._numbers = np.array(numbers, dtype=np.int64)
        self._next, self._by_post = following, OrderedDict(by_post)
