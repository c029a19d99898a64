"""Runs of letters: what the weighed words find possible is judged once more by all its runs of three, four and five letters.

Words that a table knows are few; endings, compounds and misspellings are many ("vollgelaufen", "ça a pété", "blowed over"), and languages
share their beginnings. A linear logistic model over hashed runs hears them: ``z = base + sum of w[h(run)] / sqrt(n)`` over the ``n``
distinct runs; the text passes from 0 on. Weights may be negative here, because only the few texts that weigh enough pay for it. Made with
the weighed words by ``scripts/build_weighed_words.py``; names were cut out of its texts before.

Good at: the plain talk that the words are good at, in words of the same roots. Bad at: what a small word turns round ("no longer").
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

BITS: Final = 16
"""The runs fall into so many buckets (a power of two)."""
SHORTEST_RUN, LONGEST_RUN = 3, 5
BYTES_READ: Final = 1_200
"""Folded bytes of a text that are looked at: cost must have a limit."""
FILE_BYTES: Final = 1_000_000

_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
"""Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4)."""
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
        found = buckets(data)
        if not len(found):
            return self.base
        return round(self.base + float(self.weights[found].sum(dtype=np.float64)) / math.sqrt(len(found)), 6)


def buckets(data: bytes) -> npt.NDArray[Any]:
    """Give the distinct buckets of the runs of a folded text, sorted; digits are alike, and words stand in spaces."""
    text = b" " + data[:BYTES_READ].strip(b" ").translate(_NO_DIGITS) + b" "
    letters = np.frombuffer(text, dtype=np.uint8).astype(np.uint64)
    runs = letters
    found = []
    for length in range(2, LONGEST_RUN + 1):
        if len(letters) < length:
            break
        runs = runs[:-1] | (letters[length - 1 :] << np.uint64(8 * (length - 1)))
        if length >= SHORTEST_RUN:
            found.append(runs)
    if not found:
        return np.empty(0, dtype=np.uint16)
    numbers = ((np.concatenate(found) * _SPREAD) >> np.uint64(64 - BITS)).astype(np.uint16)
    numbers.sort()  # in place, by radix: half the time of np.unique
    distinct: npt.NDArray[Any] = numbers[np.append(True, numbers[1:] != numbers[:-1])]
    return distinct
