"""Writes the table as one file: columns and blobs in msgpack under zstd, the same bytes for the same table."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import Final, cast

import msgspec
import numpy as np
import zstandard

from gazetteer_build.rows import CODE, PRIMARY, Row, Table
from gazetteer_build.words import EVERY_LANGUAGE
from nlp.gazetteer import KINDS
from nlp.gazetteer_file import FORMAT
from tocsin.model import PlaceKind

EXEMPT_POPULATION: Final = 1_000_000
"""A city this large is meant more often than the word that sounds like it (``paris`` are bets in French)."""

PHRASE_POPULATION: Final = 20_000
"""Below this, a name made of two ordinary words of one language ("Bon Air") is treated like an ordinary word."""

CONTRACTED: Final = 64
"""The name begins with a French article that melts with a preposition: "au Havre", "du Mans", "aux Ulis", "des Lilas"."""

ARTICLES: Final = frozenset(
    {"le", "la", "les", "l", "el", "los", "las", "il", "lo", "gli", "i", "the", "der", "die", "das", "o", "os", "as"}
)
SAINTS: Final = frozenset(
    {b"saint", b"sainte", b"st", b"ste", b"san", b"santa", b"santo", b"sao", b"mont", b"fort", b"new"}
)
"""First words that make a place name of whatever follows."""

FRENCH_SPEAKING: Final = frozenset({"FR", "BE", "CH", "CA", "LU"})
WEIGHT_OF_NAME: Final = (1.0, 0.3, 0.1, 0.01)
"""How likely a place is meant by its own name, another name, a shortened one, a code."""

WEIGHT_OF_KIND: Final = {"country": 1.0, "region": 0.3, "departement": 0.1, "town": 1.0}


def pack(  # what is packed, where, and upon what
    table: Table,
    ordinary: dict[bytes, int],
    frequent: dict[bytes, int],
    path: Path,
    *,
    first_row: int = 0,
    base: bytes = b"",
) -> dict[str, int]:
    """Write the rows from ``first_row`` on and the names that point at them; give counts for the log.

    ``ordinary`` are words, ``frequent`` whole names that are written too often for their towns (``gazetteer_build.words``).

    A later layer (``first_row > 0``) holds the packed ``base`` layer's digest and, for each of its names, the number of the same name there.
    """
    rows = table.rows[first_row:]
    named = {name: {row: how for row, how in found.items() if row >= first_row} for name, found in table.names.items()}
    names = sorted(name for name, found in named.items() if found)
    starts, pair_rows, pair_how, flags = [0], [], [], bytearray()
    for name in names:
        found = sorted(
            named[name].items(),
            key=lambda pair: (-weight(table, table.rows[pair[0]]) * WEIGHT_OF_NAME[pair[1]], pair[0]),
        )
        pair_rows += [row for row, _ in found]
        pair_how += [how for _, how in found]
        starts.append(len(pair_rows))
        flags.append(
            name_flags(name, [(table.rows[row], how) for row, how in table.names[name].items()], ordinary, frequent)
        )
    columns = {
        "lat": np.array([round(row.lat * 1e5) for row in rows], "<i4"),
        "lon": np.array([round(row.lon * 1e5) for row in rows], "<i4"),
        "population": np.array([row.population for row in rows], "<u4"),
        "uncertainty": np.array([max(1, min(65_535, round(row.uncertainty_km * 10))) for row in rows], "<u2"),
        "kind": np.array([KINDS.index(cast("PlaceKind", row.kind)) for row in rows], "u1"),
        "flags": np.array([row.flags for row in rows], "u1"),
        "town": np.array([row.town for row in rows], "<i4"),
        "name_starts": np.array(starts, "<u4"),
        "pair_rows": np.array(pair_rows, "<u4"),
        "pair_how": np.array(pair_how, "u1"),
        "name_flags": np.frombuffer(bytes(flags), "u1"),
    }
    blobs = {
        "ids": "\n".join(row.id for row in rows).encode(),
        "display": "\n".join(row.name for row in rows).encode(),
        "names": b"\n".join(names),
    }
    if not first_row:
        for attribute in ("country", "region", "departement"):
            codes = sorted({getattr(row, attribute) for row in rows})
            number = {code: index for index, code in enumerate(codes)}
            columns[attribute] = np.array([number[getattr(row, attribute)] for row in rows], "<u2")
            blobs[attribute] = "\n".join(codes).encode()
        blobs["communes"] = "\n".join(
            row.commune if row.commune != row.id.removeprefix("fr:") else "=" for row in rows
        ).encode()
    body = msgspec.msgpack.encode(
        {
            "format": FORMAT,
            "base": blake2b(base, digest_size=16).hexdigest() if base else "",
            "columns": {key: [column.dtype.str, column.tobytes()] for key, column in columns.items()},
            "blobs": blobs,
        }
    )
    path.write_bytes(zstandard.ZstdCompressor(level=19, write_content_size=True).compress(body))
    return {"rows": len(rows), "names": len(names), "pairs": len(pair_rows), "bytes": path.stat().st_size}


def weight(table: Table, row: Row) -> float:
    """Give how likely a place is meant by its name when nothing else is known, on no particular scale; of stops, those of large towns first."""
    people = row.population or (table.rows[row.town].population / 100 if row.town >= 0 else 0)
    return (people + 10) * WEIGHT_OF_KIND.get(row.kind, 0.5)


def name_flags(
    name: bytes, found: list[tuple[Row, int]], ordinary: dict[bytes, int], frequent: dict[bytes, int]
) -> int:
    """Give the bits of the languages in which a name is an ordinary word, and whether its article melts."""
    words = name.split()
    primary = [row for row, how in found if how == PRIMARY]
    largest = max((row.population for row, how in found if how != CODE), default=0)
    contracted = (
        CONTRACTED
        if words[0] in {b"le", b"les"} and len(words) > 1 and any(r.country in FRENCH_SPEAKING for r in primary)
        else 0
    )
    if len(name) <= 2 or all(how == CODE for _, how in found):
        return EVERY_LANGUAGE | contracted
    if any(row.kind == "town" and row.population >= EXEMPT_POPULATION for row, how in found if how != CODE):
        return contracted
    bits = ordinary.get(name, 0) | frequent.get(name, 0)
    if len(words) == 2 and words[0].decode() in ARTICLES:
        bits |= _common_bits(words[1:], ordinary)
    elif len(words) == 2 and largest < PHRASE_POPULATION and words[0] not in SAINTS:
        bits |= _common_bits(words, ordinary)
    return bits | contracted


def _common_bits(words: list[bytes], ordinary: dict[bytes, int]) -> int:
    bits = EVERY_LANGUAGE
    for word in words:
        bits &= ordinary.get(word, 0)
    return bits
