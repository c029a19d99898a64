"""What a post means as a whole, in fifteen numbers: is this told as real, here and now; and of which hazard.

A small transformer (``nlp.transformer``) reads the word pieces of the post; the mean of what it makes of them goes to two linear heads. Its
lower layers are those of the package; the upper ones were trained further on labelled posts together with the heads
(``scripts/tune_encoder.py``), so that a fire and a figure of speech in the same words, which the package places side by side, lie
apart. ``data/meaning.npz`` holds the trained layers and the heads.

Loaded at the first use (a third of a second, 140 MB, and a mapped file of 72 MB that all processes share). Texts are read some at a
time, side by side, because reading the weights is what costs: each by itself, on one thread, and to the last bit as if it were alone,
so the answer cannot depend on the batch.

Good at: the same thing told in words that no list holds; which language does not matter; jokes, figures of speech and harmless causes told
without a "not". Bad at: saying why. The rules do that.
"""

from __future__ import annotations

import itertools
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import numpy as np
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]  # it ships no hints

from nlp.transformer import LAYERS, Embedding, Layer, Packed, WordPieces, passed
from tocsin.model import HAZARDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt

PACKAGED: Final = Path(__file__).parent / "data" / "meaning.npz"
DIMENSIONS: Final = 2 + len(HAZARDS)
"""Length of a vector: the log-odds that the post tells of something real, then the log-shares of the hazards and of ``open``."""
REAL: Final = 0
"""Where in a vector the log-odds stand."""
CHARS_ENCODED: Final = 600
"""Only so much of a post is encoded: cost must have a limit."""
MOST_SURE: Final = 8.0
"""Log-odds are kept inside plus and minus this, log-shares above minus this."""
COLUMNS_TOGETHER: Final = 192
"""Texts are read side by side up to so many word pieces; more does not pay."""
LEAST_COLUMNS: Final = 16
"""Fewer are filled up with nothing: very narrow products are computed in another order on some processors, and so is the last bit."""
_LINK: Final = re.compile(r"https?://\S+")
_HANDLE: Final = re.compile(r"@\w+")


class MeaningError(ValueError):
    """The file holds no layers for the packaged transformer."""


class Encoder(Protocol):
    """Whatever turns texts into vectors of ``DIMENSIONS``; the answer depends on nothing but the text."""

    def vectors(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Give what each text means: (texts, ``DIMENSIONS``)."""
        ...


class _Loaded(NamedTuple):
    pieces: WordPieces
    embedding: Embedding
    layers: list[Layer]
    heads: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    threads: ThreadpoolController


class SentenceEncoder:
    """The packaged encoder; may be asked by several threads.

    Args:
        path: trained layers and heads; the packaged ones by default.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = PACKAGED if path is None else path
        self._model: _Loaded | None = None
        self._lock = threading.Lock()

    def vectors(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Give what each text means, as ``read_off`` says: (texts, ``DIMENSIONS``).

        Raises:
            MeaningError: the file was made for another transformer.
        """
        with self._lock:
            if self._model is None:
                self._model = _load(self._path)
            model = self._model
            found = np.empty((len(texts), DIMENSIONS))
            with model.threads.limit(limits=1, user_api="blas"):
                divided = [model.pieces.divided(plain(text)) for text in texts]
                for low, high in together([len(pieces) for pieces in divided]):
                    found[low:high] = _read(model, divided[low:high])
            return found


def together(lengths: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Give from where to where texts of these lengths are read side by side: neighbours, up to ``COLUMNS_TOGETHER``, at least one.

    >>> list(together([100, 90, 20, 300, 5]))
    [(0, 2), (2, 3), (3, 4), (4, 5)]
    """
    low = width = 0
    for at, length in enumerate(lengths):
        if at > low and width + length > COLUMNS_TOGETHER:
            yield low, at
            low, width = at, 0
        width += length
    if lengths:
        yield low, len(lengths)


def _read(model: _Loaded, divided: Sequence[Sequence[int]]) -> npt.NDArray[np.float64]:
    ends = list(itertools.accumulate(len(pieces) for pieces in divided))
    spans = list(itertools.pairwise([0, *ends]))
    columns = np.zeros((len(model.heads), max(LEAST_COLUMNS, ends[-1])), dtype=np.float32)
    for (start, stop), pieces in zip(spans, divided, strict=True):
        columns[:, start:stop] = model.embedding.of(pieces)
    for layer in model.layers:
        columns = passed(layer, columns, spans)
    means = (np.ascontiguousarray(columns[:, start:stop]).mean(axis=1) for start, stop in spans)
    return read_off(np.array([mean @ model.heads + model.bias for mean in means]))


def read_off(answers: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Give the vector for the answers of the two heads: log-odds, then log-shares, cut at ``MOST_SURE``; along the last axis.

    >>> read_off(np.array([9.0, *[0.0] * 14]))[:2].round(2).tolist()
    [8.0, -2.64]
    """
    found = answers.astype(np.float64)
    named = found[..., REAL + 1 :]
    named -= named.max(axis=-1, keepdims=True)
    named -= np.log(np.exp(named).sum(axis=-1, keepdims=True))
    vector: npt.NDArray[np.float64] = np.clip(found, -MOST_SURE, MOST_SURE)
    return vector


def _load(path: Path) -> _Loaded:
    packed = Packed()
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    trained = {number: layer for number in range(LAYERS) if (layer := unpacked(arrays, number))}
    heads, bias = arrays.get("heads"), arrays.get("bias")
    fits = all(
        {name: array.shape for name, array in layer.items()}
        == {name: array.shape for name, array in packed.weights(number).items()}
        for number, layer in trained.items()
    )
    if (
        not fits
        or heads is None
        or bias is None
        or (heads.shape, bias.shape) != ((packed.size, DIMENSIONS), (DIMENSIONS,))
    ):
        raise MeaningError(f"{path}: made for another transformer or other hazards; run scripts/tune_encoder.py again")
    layers = [packed.layer(number, trained.get(number)) for number in range(LAYERS)]
    return _Loaded(WordPieces(packed), Embedding(packed), layers, heads, bias, ThreadpoolController())


def kept(layer: Mapping[str, npt.NDArray[np.float32]], number: int) -> dict[str, npt.NDArray[Any]]:
    """Give the arrays of a trained layer as the file holds them: matrices in bytes, with a scale for each row."""
    found: dict[str, npt.NDArray[Any]] = {}
    for name, array in layer.items():
        if array.ndim == 1:
            found[f"l{number}.{name}"] = array.astype(np.float32)
            continue
        scale = np.maximum(np.abs(array).max(axis=1), np.finfo(np.float32).tiny) / 127.0
        found[f"l{number}.{name}"] = np.rint(array / scale[:, None]).astype(np.int8)
        found[f"l{number}.{name}.scale"] = scale.astype(np.float32)
    return found


def unpacked(arrays: Mapping[str, npt.NDArray[Any]], number: int) -> dict[str, npt.NDArray[np.float32]]:
    """Give the weights of a trained layer that ``kept`` made arrays of; none if there are none."""
    start, found = f"l{number}.", {}
    for name, array in arrays.items():
        if name.startswith(start) and not name.endswith(".scale"):
            scale = arrays.get(f"{name}.scale")
            found[name.removeprefix(start)] = array.astype(np.float32) * (1.0 if scale is None else scale[:, None])
    return found


def plain(text: str) -> str:
    """Give what is encoded of a post: no links, no handles, no hash signs, no lone surrogates, one space at a time.

    >>> plain("@abc  BOUM à #Lyon https://example.org/x")
    '@user BOUM à Lyon'
    """
    short = text[: 2 * CHARS_ENCODED].encode("utf-8", "replace").decode("utf-8")
    bare = _HANDLE.sub("@user", _LINK.sub("", short)).replace("#", "")
    return " ".join(bare.split())[:CHARS_ENCODED] or "."
