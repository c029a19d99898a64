"""Runs of letters: what the weighed words find possible is judged once more by all its runs of three, four and five letters.

Words that a table knows are few; endings, compounds and misspellings are many ("vollgelaufen", "ça a pété", "blowed over"), and languages
share their beginnings. A linear logistic model over hashed runs hears them: ``z = base + sum of w[h(run)] / sqrt(n)`` over the ``n``
distinct runs; the text passes from 0 on. Weights may be negative here, because only the few texts that weigh enough pay for it. Made with
the weighed words by ``scripts/build_weighed_words.py``; names were cut out of its texts before.

Good at: the plain talk that the words are good at, in words of the same roots. Bad at: what a small word turns round ("no longer").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

BITS: Final = 16
"""The runs fall into so many buckets (a power of two)."""
SHORTEST_RUN, LONGEST_RUN = 3, 5
BYTES_READ: Final = 1_200
"""Folded bytes of a text that are looked at: cost must have a limit."""
FILE_BYTES: Final = 1_000_000
TEXTS_AT_ONCE: Final = 512
"""So many texts are judged in one go, some 15 MB at the most; fewer than ``2 ** BITS``."""

_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
"""Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4)."""
_ABOVE: Final = np.uint32(BITS)
_BUCKET: Final = np.uint32((1 << BITS) - 1)
_LENGTHS: Final = np.arange(SHORTEST_RUN, LONGEST_RUN + 1).reshape(-1, 1)
_MASKS: Final = (np.uint64(1) << (8 * _LENGTHS).astype(np.uint64)) - np.uint64(1)
_NO_DIGITS: Final = bytes.maketrans(b"123456789", b"000000000")


class LettersError(ValueError):
    """The file holds no weights for the runs of this version."""


@dataclass(frozen=True, eq=False)
class Letters:
    """The weights of the buckets and what a text starts with.

    Attributes:
        weights: float32, ``2 ** BITS`` of them.
        base: the sum of a text without runs, negative where most texts are of no interest.
    """

    weights: npt.NDArray[np.float32]
    base: float

    @classmethod
    def load(cls, path: Path) -> Letters:
        """Read ``weights`` and ``base`` from an ``.npz``.

        Raises:
            LettersError: the file is too large or not such a file.
        """
        if path.stat().st_size > FILE_BYTES:
            raise LettersError(f"expected at most {FILE_BYTES} bytes, got {path.stat().st_size}")
        try:
            with np.load(path, allow_pickle=False) as arrays:
                weights, base = arrays["weights"].astype(np.float32), float(arrays["base"])
        except (KeyError, ValueError, OSError, TypeError) as error:
            raise LettersError(f"expected weights and base, got {error}") from error
        if weights.shape != (1 << BITS,) or not np.isfinite(weights).all() or not math.isfinite(base):
            raise LettersError(f"expected {1 << BITS} finite weights and a finite base, got {weights.shape}, {base}")
        return cls(weights, base)

    def margin(self, data: bytes) -> float:
        """Give how far a folded text lies over the mark (below: negative), rounded to 6 digits."""
        return self.margins((data,))[0]

    def margins(self, texts: Sequence[bytes]) -> list[float]:
        """Give the margin of each of some texts; the same whatever others stand beside it."""
        found: list[float] = []
        for first in range(0, len(texts), TEXTS_AT_ONCE):
            some = texts[first : first + TEXTS_AT_ONCE]
            runs = buckets(some)
            owners = runs >> _ABOVE
            sums = np.bincount(owners, self.weights[runs & _BUCKET], len(some)).tolist()
            counts = np.bincount(owners, minlength=len(some)).tolist()
            found += [
                round(self.base + total / math.sqrt(max(count, 1)), 6)
                for total, count in zip(sums, counts, strict=True)
            ]
        return found


def buckets(texts: Sequence[bytes]) -> npt.NDArray[np.uint32]:
    """Give the distinct buckets of the runs of at most ``TEXTS_AT_ONCE`` folded texts, sorted, each with its text above ``BITS``.

    Digits are alike, and words stand in spaces.
    """
    read = [b" " + text[:BYTES_READ].strip(b" ") + b" " for text in texts]
    sizes = np.array([len(text) for text in read], dtype=np.intp)
    ends = np.cumsum(sizes)
    # Eight bytes from every place on, the first lowest: what lies beyond a run is masked, a run that would leave its text is not one.
    joined = b"".join(read).translate(_NO_DIGITS) + bytes(7)
    places = np.arange(len(joined) - 7)
    words = np.ndarray(len(places), dtype="<u8", buffer=joined, strides=(1,))
    numbers = ((words & _MASKS) * _SPREAD >> np.uint64(64 - BITS)).astype(np.uint32)
    numbers |= np.repeat(np.arange(len(read), dtype=np.uint32) << _ABOVE, sizes)
    found = numbers[np.repeat(ends, sizes) - places >= _LENGTHS]
    found.sort()
    fresh = np.ones(len(found), dtype=np.bool_)
    np.not_equal(found[1:], found[:-1], out=fresh[1:])
    distinct: npt.NDArray[np.uint32] = found[fresh]
    return distinct
