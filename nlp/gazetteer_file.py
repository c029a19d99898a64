"""Reading of the built files of the gazetteer: layers of columns, joined into one table.

Each file is one zstd frame with a msgpack map of columns (numpy bytes) and blobs (lines). The second layer, places below the town, names
its towns by row of the first, so it carries the first file's digest: two files that were not built together are refused.
"""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import zstandard

FORMAT: Final = 2
MAX_FILE_BYTES: Final = 256 * 1024 * 1024
"""Limit of one unpacked file: a longer one is refused."""

ROW_COLUMNS: Final = ("lat", "lon", "population", "uncertainty", "kind", "flags", "town")
ADMIN_COLUMNS: Final = ("country", "region", "departement")

Column = npt.NDArray[Any]


class GazetteerError(ValueError):
    """A file is not a gazetteer of this version, or two files were not built together."""


class Lines:
    """A list of byte strings without line feeds, in one buffer."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))
        self._starts = np.concatenate(([0], ends + 1)).astype(np.uint32)
        self._ends = np.append(ends, len(data)).astype(np.uint32)

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, index: int) -> bytes:
        return self.data[self._starts[index] : self._ends[index]]


class Layer(NamedTuple):
    """One file: columns by name, blobs by name, the digest of the layer it stands on, its own digest."""

    columns: dict[str, Column]
    blobs: dict[str, bytes]
    base: str
    digest: str


class Tables(NamedTuple):
    """All layers as one: row columns, names with their candidate pairs, and how many names the first layer has."""

    columns: dict[str, Column]
    blobs: dict[str, bytes]
    names_split: int
    """Names below this id are sorted among themselves, and so are those from it on."""


def read_layer(path: Path) -> Layer:
    """Read one built file.

    Raises:
        GazetteerError: the file is damaged or of another format.
        OSError: it cannot be read.
    """
    packed = path.read_bytes()
    try:
        body = zstandard.ZstdDecompressor().decompress(packed, max_output_size=MAX_FILE_BYTES)
        file = msgspec.msgpack.decode(body, type=dict[str, Any])
    except (zstandard.ZstdError, msgspec.DecodeError, msgspec.ValidationError) as error:
        raise GazetteerError(f"{path} is no gazetteer: {error}") from error
    if file.get("format") != FORMAT:
        raise GazetteerError(f"{path} has format {file.get('format')!r}, this version reads {FORMAT}")
    columns = {key: np.frombuffer(data, dtype) for key, (dtype, data) in file["columns"].items()}
    return Layer(columns, file["blobs"], file["base"], blake2b(packed, digest_size=16).hexdigest())


def join(first: Layer, second: Layer | None) -> Tables:
    """Join the towns and, if given, the places below them.

    Raises:
        GazetteerError: the second layer stands on another file than the first.
    """
    if second is None:
        return Tables(first.columns, first.blobs, first.blobs["names"].count(b"\n") + 1)
    if second.base != first.digest:
        raise GazetteerError("the table below the town was built for another table of towns: build both together")
    columns = {key: np.concatenate((first.columns[key], second.columns[key])) for key in ROW_COLUMNS}
    # Whatever lies in a town shares the town's country, region, département and commune.
    columns |= {
        key: np.concatenate((first.columns[key], first.columns[key][second.columns["town"]])) for key in ADMIN_COLUMNS
    }
    known = {name: index for index, name in enumerate(first.blobs["names"].split(b"\n"))}
    names = second.blobs["names"].split(b"\n")
    fresh = [name for name in names if name not in known]
    number = known | {name: len(known) + index for index, name in enumerate(fresh)}
    ids = np.array([number[name] for name in names], np.int64)
    pair_names = np.concatenate((_owners(first.columns["name_starts"]), ids[_owners(second.columns["name_starts"])]))
    order = np.argsort(pair_names, kind="stable")  # a town before what is called so elsewhere
    for key in ("pair_rows", "pair_how"):
        columns[key] = np.concatenate((first.columns[key], second.columns[key]))[order]
    columns["name_starts"] = np.concatenate(([0], np.cumsum(np.bincount(pair_names, minlength=len(number))))).astype(
        np.uint32
    )
    flags = np.zeros(len(number), np.uint8)
    flags[: len(known)] = first.columns["name_flags"]
    flags[ids] = second.columns["name_flags"]
    columns["name_flags"] = flags
    blobs = {key: first.blobs[key] + b"\n" + second.blobs[key] for key in ("ids", "display")}
    blobs |= {key: first.blobs[key] for key in (*ADMIN_COLUMNS, "communes")}
    blobs["names"] = b"\n".join((first.blobs["names"], *fresh))
    return Tables(columns, blobs, len(known))


def _owners(starts: Column) -> npt.NDArray[np.int64]:
    counts: npt.NDArray[np.int64] = starts[1:].astype(np.int64) - starts[:-1].astype(np.int64)
    return np.repeat(np.arange(len(counts)), counts)
