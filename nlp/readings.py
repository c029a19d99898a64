"""What encoders that had not seen a post say of it (``nlp.meaning``), by the fingerprint of its text: for training beside the rules.

Made by ``scripts/tune_encoder.py``. The packaged encoder has learnt its training posts by heart; weights that balance it against rules
and cues must be learnt from answers to posts that it does not know. Texts that are not in the file were no training posts: the packaged
encoder itself reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from nlp.meaning import DIMENSIONS, plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from nlp.meaning import Encoder

KEY_BYTES: Final = 8


class ReadingsError(ValueError):
    """The file holds no readings of this version."""


def key_of(text: str) -> int:
    """Give the fingerprint of what the encoder reads of a text."""
    return int.from_bytes(blake2b(plain(text).encode(), digest_size=KEY_BYTES).digest(), "little")


@dataclass(frozen=True, slots=True)
class Readings:
    """Vectors by fingerprint."""

    keys: npt.NDArray[np.uint64]
    vectors: npt.NDArray[np.float16]

    @classmethod
    def of(cls, texts: Sequence[str], vectors: npt.NDArray[np.float64]) -> Self:
        """Keep the vectors of texts; of a text that comes twice, the first."""
        keys, first = np.unique(np.array([key_of(text) for text in texts], dtype=np.uint64), return_index=True)
        return cls(keys, vectors[first].astype(np.float16))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file.

        Raises:
            OSError: the file is missing.
            ReadingsError: it holds something else.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                keys, vectors = file["keys"], file["vectors"]
        except (KeyError, ValueError) as error:
            raise ReadingsError(f"{path}: expected the arrays keys and vectors: {error}") from error
        if keys.dtype != np.uint64 or vectors.shape != (len(keys), DIMENSIONS):
            raise ReadingsError(f"{path}: expected {DIMENSIONS} numbers a text, got {vectors.shape}")
        return cls(keys, vectors)

    def and_of(self, others: Self) -> Self:
        """Give these readings with those of others; where both hold a text, these stand."""
        keys, first = np.unique(np.concatenate([self.keys, others.keys]), return_index=True)
        return type(self)(keys, np.concatenate([self.vectors, others.vectors])[first])

    def save(self, path: Path) -> None:
        """Write the file."""
        np.savez_compressed(path, keys=self.keys, vectors=self.vectors)


class HeldOutEncoder:
    """An encoder that answers from readings, and asks another one about texts that they do not hold."""

    def __init__(self, readings: Readings, encoder: Encoder) -> None:
        self._rows = {key: row for row, key in enumerate(readings.keys.tolist())}
        self._vectors = readings.vectors
        self._encoder = encoder

    def vectors(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Give what each text means: (texts, ``DIMENSIONS``)."""
        rows = [self._rows.get(key_of(text)) for text in texts]
        found = np.empty((len(texts), DIMENSIONS))
        unread = [at for at, row in enumerate(rows) if row is None]
        if unread:
            found[unread] = self._encoder.vectors([texts[at] for at in unread])
        for at, row in enumerate(rows):
            if row is not None:
                found[at] = self._vectors[row]
        return found
