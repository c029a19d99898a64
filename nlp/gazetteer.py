"""The gazetteer: which places a name may mean, and what is known of each place.

Every place is a row, every folded name an id; a name has candidate rows, a row many names. The file is built by
``scripts/build_gazetteer.py`` from the sources named in ``nlp/data/GAZETTEER.md``. Finding names in folded text is one pass of an
Aho-Corasick automaton over all names (Aho and Corasick 1975), so its cost does not grow with the number of places.

A name found is a candidate, never a decision: nine posts of ten hold some word that some place is called.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self, cast

import numpy as np
import numpy.typing as npt
from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind
from scipy.spatial import cKDTree

from nlp.fold import fold_name
from nlp.gazetteer_file import GazetteerError, Lines, Tables, join, read_layer
from tocsin.model import Admin, Place, PlaceKind

KINDS: Final[tuple[PlaceKind, ...]] = (
    "town", "quarter", "departement", "region", "country", "stop", "station",
    "hospital", "school", "stadium", "poi", "street", "road", "point",
)  # fmt: skip
"""Order of the codes in the ``kind`` column."""

LANGUAGES: Final = ("fr", "en", "es", "it", "pt", "de")
"""Bit ``i`` of a name's word flags stands for the ``i``-th of these."""

PRIMARY, ALTERNATE, SHORT, CODE = range(4)
"""How a row answers to a name: its own, another one, a shortened one, or a code that counts only in capitals."""

NEEDS_CONTEXT: Final = 1
BORROWED_POSITION: Final = 2
_CONTRACTED: Final = 64
_EARTH_RADIUS_KM: Final = 6371.0088


__all__ = ["KINDS", "Gazetteer", "GazetteerError"]


class Gazetteer:
    """Names, places, and the automaton between them. Immutable; load it once a process.

    Rows are ``int`` indices, stable for one file only: never store them, store ``Place.id``.
    """

    def __init__(self, tables: Tables, roads: Mapping[tuple[str, str], tuple[str, ...]] | None = None) -> None:
        columns, blobs = tables.columns, tables.blobs
        self._lat = columns["lat"]
        self._lon = columns["lon"]
        self._population = columns["population"]
        self._uncertainty = columns["uncertainty"]
        self._kind = columns["kind"]
        self._flags = columns["flags"]
        self._country = columns["country"]
        self._region = columns["region"]
        self._departement = columns["departement"]
        self._town = columns["town"]
        self._name_starts = columns["name_starts"]
        self._pair_rows = columns["pair_rows"]
        self._pair_how = columns["pair_how"]
        self._name_flags = columns["name_flags"]
        self._ids = Lines(blobs["ids"])
        self._display = Lines(blobs["display"])
        self._communes = Lines(blobs["communes"])
        self._names = Lines(blobs["names"])
        self._names_split = tables.names_split
        self._regions = blobs["region"].decode().split("\n")
        self._departements = blobs["departement"].decode().split("\n")
        self._countries = blobs["country"].decode().split("\n")
        self._roads = dict(roads or {})
        self._pattern_name, self._pattern_skip, self._automaton = self._build_automaton()
        self._trees: dict[str, tuple[cKDTree, npt.NDArray[np.int64]]] = {}
        self._row_by_id: dict[bytes, int] | None = None

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """Load the built files of a folder, the packaged ones by default: ``gazetteer.bin`` and, if there, ``subtown.bin``, ``roads.tsv``.

        Raises:
            GazetteerError: a file is damaged, of another format, or built with another one.
            OSError: it cannot be read.
        """
        folder = path or Path(__file__).with_name("data")
        below, roads = folder / "subtown.bin", folder / "roads.tsv"
        tables = join(read_layer(folder / "gazetteer.bin"), read_layer(below) if below.exists() else None)
        return cls(tables, _read_roads(roads) if roads.exists() else None)

    # --- names ---

    def find(self, data: bytes) -> list[tuple[int, int, int]]:
        """Give every name in folded bytes as ``(start, end, name_id)``, by start, longest first.

        ``data`` is ``Folded.data``: padded with one space at both ends. Matches stand between spaces and may overlap or nest; of a name
        whose French article has melted into a preposition ("au havre") the span holds only what is left ("havre").
        """
        found = []
        for pattern, start, end in self._automaton.find_matches_as_indexes(data, overlapping=True):
            found.append((start + 1 + int(self._pattern_skip[pattern]), end - 1, int(self._pattern_name[pattern])))
        found.sort(key=lambda match: (match[0], -match[1], match[2]))
        return found

    def candidates(self, name_id: int) -> Sequence[int]:
        """Give the rows a name may mean: most likely first (by population, kind, and how it answers to the name)."""
        return cast("list[int]", self._pair_rows[self._name_starts[name_id] : self._name_starts[name_id + 1]].tolist())

    def candidates_how(self, name_id: int) -> Sequence[int]:
        """Give, beside ``candidates``, how each row answers to the name: PRIMARY, ALTERNATE, SHORT or CODE."""
        return cast("list[int]", self._pair_how[self._name_starts[name_id] : self._name_starts[name_id + 1]].tolist())

    def name_id(self, name: str) -> int | None:
        """Give the id of a name in any spelling that folds alike, or ``None``."""
        folded = fold_name(name)
        for low, high in ((0, self._names_split), (self._names_split, len(self._names))):
            at = bisect_left(self._names, folded, low, high)
            if at < high and self._names[at] == folded:
                return at
        return None

    def lookup(self, name: str) -> Sequence[int]:
        """Give the rows that a name may mean, best first; empty when no place is called so."""
        name_id = self.name_id(name)
        return [] if name_id is None else self.candidates(name_id)

    def folded(self, name_id: int) -> bytes:
        """Give the folded name."""
        return self._names[name_id]

    def ordinary_in(self, name_id: int) -> tuple[str, ...]:
        """Give the languages in which the name is also an ordinary word ("tours", "nice", "die"): it needs a reason to be a place."""
        flags = int(self._name_flags[name_id])
        return tuple(lang for bit, lang in enumerate(LANGUAGES) if flags >> bit & 1)

    def is_ordinary(self, name_id: int, lang: str | None = None) -> bool:
        """Tell whether the name is an ordinary word of a language, or of any when the language is unknown or not covered."""
        flags = int(self._name_flags[name_id]) & (_CONTRACTED - 1)
        return bool(flags >> LANGUAGES.index(lang) & 1) if lang in LANGUAGES else flags != 0

    # --- rows ---

    def __len__(self) -> int:
        return len(self._lat)

    @property
    def names_count(self) -> int:
        """Number of distinct folded names."""
        return len(self._names)

    def id(self, row: int) -> str:
        """Give the stable id: ``fr:44109`` (INSEE), ``fr-dep:44``, ``fr-reg:52``, ``gn:2643743``, ``a1:US.TX``, ``cc:FR``..."""
        return self._ids[row].decode()

    def row_of(self, place_id: str) -> int | None:
        """Give the row of a stable id, or ``None``."""
        if self._row_by_id is None:
            self._row_by_id = {self._ids[row]: row for row in range(len(self))}
        return self._row_by_id.get(place_id.encode())

    def name(self, row: int) -> str:
        """Give the name for reading."""
        return self._display[row].decode()

    def kind(self, row: int) -> PlaceKind:
        """Give the kind of place."""
        return KINDS[int(self._kind[row])]

    def lat(self, row: int) -> float:
        """Give the latitude, WGS 84 degrees."""
        return int(self._lat[row]) / 1e5

    def lon(self, row: int) -> float:
        """Give the longitude, WGS 84 degrees."""
        return int(self._lon[row]) / 1e5

    def population(self, row: int) -> int:
        """Give the number of people, 0 when unknown."""
        return int(self._population[row])

    def country(self, row: int) -> str:
        """Give the ISO 3166-1 alpha-2 code; ``FR`` overseas too."""
        return self._countries[int(self._country[row])]

    def region(self, row: int) -> str | None:
        """Give the code of the first-level region: INSEE région in France, GeoNames code elsewhere (``US.TX``)."""
        return self._regions[int(self._region[row])] or None

    def departement(self, row: int) -> str | None:
        """Give the code of the département, elsewhere the GeoNames code of the second-level region."""
        return self._departements[int(self._departement[row])] or None

    def commune(self, row: int) -> str | None:
        """Give the INSEE code of the commune it is or lies in."""
        town = int(self._town[row])
        if row >= len(self._communes):  # below the town: the commune is the town's
            return self.commune(town)
        code = self._communes[row]
        return self.id(row).removeprefix("fr:") if code == b"=" else code.decode() or None

    def town(self, row: int) -> int | None:
        """Give the row of the town that a place below the town lies in; ``None`` for towns and coarser places."""
        town = int(self._town[row])
        return town if town >= 0 else None

    def uncertainty_km(self, row: int) -> float:
        """Give the radius within which the thing meant lies nine times of ten."""
        return int(self._uncertainty[row]) / 10

    def needs_context(self, row: int, name_id: int | None = None) -> bool:
        """Tell whether the place is to be believed only beside its town: its name is not known beyond it.

        With the name it was found by, a place whose town stands in that name ("CHU de Nantes", "gare d'Annecy") needs no other context.
        """
        if not self._flags[row] & NEEDS_CONTEXT:
            return False
        town = self.town(row)
        if name_id is None or town is None:
            return True
        return b" %b " % fold_name(self.name(town)) not in b" %b " % self._names[name_id]

    def borrowed_position(self, row: int) -> bool:
        """Tell whether the position is that of the parent, since no source places it."""
        return bool(self._flags[row] & BORROWED_POSITION)

    def place(self, row: int, *, method: str, score: float) -> Place:
        """Give the row as a ``Place`` of a message."""
        return Place(
            id=self.id(row),
            name=self.name(row),
            kind=self.kind(row),
            lat=self.lat(row),
            lon=self.lon(row),
            uncertainty_km=self.uncertainty_km(row),
            country=self.country(row),
            admin=Admin(region=self.region(row), departement=self.departement(row), commune=self.commune(row)),
            method=method,
            score=score,
            population=self.population(row),
        )

    # --- roads ---

    def road(self, ref: str, country: str | None = None) -> Sequence[int]:
        """Give the towns a road serves, end to end: "A7" (of France unless another country is given), "M25", "périphérique".

        With no country, a road of France, else the United Kingdom, else any; empty when the road is not known.
        """
        key = ref.strip().lower().replace(" ", "").replace("-", "")
        countries = (country,) if country else ("FR", "GB", *sorted({code for code, _ in self._roads} - {"FR", "GB"}))
        ids = next((self._roads[code, key] for code in countries if (code, key) in self._roads), ())
        return [row for row in map(self.row_of, ids) if row is not None]

    # --- space ---

    def nearest_town(self, lat: float, lon: float, *, within_km: float = 50.0) -> int | None:
        """Give the town whose centre lies nearest to a position, or ``None`` when there is none within ``within_km``."""
        tree, rows = self._space("town")
        chord = _chord(within_km)
        distance, at = tree.query(_unit(np.array([lat]), np.array([lon]))[0], distance_upper_bound=chord + 1e-12)
        return int(rows[at]) if np.isfinite(distance) else None

    def within(self, lat: float, lon: float, km: float, *, kind: PlaceKind = "town") -> list[int]:
        """Give the places of a kind (towns by default) whose centres lie within ``km`` of a position, nearest first."""
        tree, rows = self._space(kind)
        centre = _unit(np.array([lat]), np.array([lon]))[0]
        found = np.array(sorted(tree.query_ball_point(centre, _chord(km))), np.int64)
        if not len(found):
            return []
        distances = np.linalg.norm(tree.data[found] - centre, axis=1)
        return cast("list[int]", rows[found[np.argsort(distances, kind="stable")]].tolist())

    def distance_km(self, row: int, lat: float, lon: float) -> float:
        """Give the great-circle distance from a place to a position."""
        here, there = _unit(np.array([self.lat(row), lat]), np.array([self.lon(row), lon]))
        return float(2 * _EARTH_RADIUS_KM * np.arcsin(min(1.0, float(np.linalg.norm(here - there)) / 2)))

    def _space(self, kind: PlaceKind) -> tuple[cKDTree, npt.NDArray[np.int64]]:
        if kind not in self._trees:
            rows = np.flatnonzero(self._kind == KINDS.index(kind))
            self._trees[kind] = cKDTree(_unit(self._lat[rows] / 1e5, self._lon[rows] / 1e5)), rows
        return self._trees[kind]

    def _build_automaton(self) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint8], BytesAhoCorasick]:
        names = self._names.data.split(b"\n")
        melted = list(self._melted(names))
        patterns = [b" %b " % name for name in names] + [pattern for pattern, _, _ in melted]
        automaton = BytesAhoCorasick(
            patterns, matchkind=MatchKind.Standard, implementation=Implementation.ContiguousNFA
        )
        pattern_name = np.concatenate((np.arange(len(names)), [name for _, name, _ in melted])).astype(np.uint32)
        pattern_skip = np.concatenate((np.zeros(len(names)), [skip for _, _, skip in melted])).astype(np.uint8)
        return pattern_name, pattern_skip, automaton

    def _melted(self, names: Sequence[bytes]) -> Iterator[tuple[bytes, int, int]]:
        for name_id in np.flatnonzero(self._name_flags & _CONTRACTED).tolist():
            article, rest = names[name_id].split(b" ", 1)
            for preposition in (b"au", b"du") if article == b"le" else (b"aux", b"des"):
                yield b" %b %b " % (preposition, rest), name_id, len(preposition) + 1


def _unit(lat: npt.NDArray[Any], lon: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    phi, lam = np.radians(lat), np.radians(lon)
    return np.column_stack((np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)))


def _chord(km: float) -> float:
    """Give the chord of the unit sphere under an arc of ``km`` on the Earth."""
    return float(2 * np.sin(min(km / _EARTH_RADIUS_KM, np.pi) / 2))


def _read_roads(path: Path) -> dict[tuple[str, str], tuple[str, ...]]:
    fields = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    return {
        (country, reference.lower().replace(" ", "")): tuple(ids.split())
        for reference, country, _known_by, ids in fields
    }
