"""Places below the town: stations, stops, quarters, hospitals, universities, stadiums, each tied to the town it lies in."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Final

from gazetteer_build.infer import inferred_quarters
from gazetteer_build.rows import ALTERNATE, NEEDS_CONTEXT, SHORT, Row, Table, distance_km
from gazetteer_build.towns import Towns
from gazetteer_build.tsv import read_csv, read_table
from gazetteer_build.words import EVERY_LANGUAGE
from nlp.fold import fold_name

ALLOWED: Final = frozenset(read[0] for read in read_table("subtown_sources.tsv"))
"""Marks of the sources whose terms allow it; the others of the folder are left out (``nlp/data/GAZETTEER.md`` says which and why)."""

UNCERTAINTY_KM: Final = {
    "stop": 0.4,
    "station": 0.5,
    "quarter": 0.9,
    "hospital": 0.5,
    "school": 0.7,
    "stadium": 0.4,
    "poi": 0.6,
}
RANK: Final = ("station", "stadium", "hospital", "school", "poi", "quarter", "stop")
"""Of one place told by several sources under one name, the kind that comes first here is kept."""

HOSPITAL_MARKS: Final = (
    frozenset({"chu", "chr", "chru", "chuv"}),
    frozenset({"ch", "hospitalier"}),
    frozenset({"hopital"}),
)
"""Words of a hospital's name, from the one that makes it the main hospital of its town on."""

SAME_PLACE_KM: Final = 1.5
GENERIC_TOWNS: Final = 4
"""A name of ordinary words found in this many towns ("Mairie", "Hôtel de Ville") says nothing."""

SWISS_TOWN_POPULATION: Final = 5_000
"""Swiss village stops add nothing to their village; those of towns from this size on are kept."""

MAX_WORDS: Final = 6
"""Longer names of stops, hospitals and schools are written by clerks, not by people."""

_PARENTHESIS: Final = re.compile(r"\s*[(\[].*$")
_HOSPITAL: Final = re.compile(
    r"\b(?:hopital|hospital|chu|chr|chru|ch|clinique|centre hospitalier|polyclinique|ziekenhuis|spital|urgences|kliniek|hopitaux)\b"
)
_INNER: Final = re.compile(
    r"\b(?:service|unite|cmp|medico psy|psy|jour|secteur|antenne|usld|ssr|had|dialyse|imagerie|soins|equipe|consultation|gerontolog\w*|ehpad|annexe)\b"
)
"""Parts of hospitals that nobody names in a post."""


@dataclass(slots=True)
class Spot:
    """One place of one source, before merging."""

    name: str
    kind: str
    lat: float
    lon: float
    town: int
    country: str
    uic: str = ""
    unique: bool = False
    uncertainty_km: float = 0.0
    others: list[str] = field(default_factory=list)


class Subtown:
    """Adds the places below the town to a table that already holds the towns."""

    def __init__(self, table: Table, sources: Path, ordinary: dict[bytes, int]) -> None:
        self.table = table
        self.sources = sources
        self.ordinary = ordinary
        self.towns = Towns(table)

    def add(self) -> None:
        """Read, clean, merge, and add."""
        spots = [*self._landmarks(), *self._sncf(), *self._folder()]
        spots += [
            Spot(name, "quarter", lat, lon, town, self.table.rows[town].country, uncertainty_km=1.2)
            for name, lat, lon in inferred_quarters([(s.name, s.lat, s.lon) for s in spots], self._is_common)
            if (town := self.towns.at(lat, lon)) is not None
        ]
        kept = [spot for spot in self._merge(spots) if not self._says_nothing(spot)]
        generic = self._generic_names(kept)
        for spot in kept:
            if fold_name(spot.name) not in generic:
                self._add_spot(spot)
        self._call_main_hospitals()

    def _call_main_hospitals(self) -> None:
        """Let the main hospital of a French or Belgian town answer to "hôpital de X", "CHU X": a university hospital before a plain one."""
        best: dict[int, tuple[int, int, int]] = {}
        for index, row in enumerate(self.table.rows):
            words = fold_name(row.name).decode().split()
            if row.kind != "hospital" or row.country not in {"FR", "BE"} or row.town < 0:
                continue
            rank = next((rank for rank, mark in enumerate(HOSPITAL_MARKS) if mark & set(words)), len(HOSPITAL_MARKS))
            best[row.town] = min(best.get(row.town, (9, 0, 0)), (rank, len(words), index))
        for town, (rank, _, index) in sorted(best.items()):
            name = fold_name(self.table.rows[town].name).decode()
            if rank < len(HOSPITAL_MARKS):
                titles = (
                    ("chu", "chr", "chru", "hopital", "centre hospitalier")
                    if rank == 0
                    else ("ch", "hopital", "centre hospitalier")
                )
                for title in titles:
                    self.table.call(index, f"{title} {_of(name)}", ALTERNATE)
                    self.table.call(index, f"{title} {name}", ALTERNATE)

    def _landmarks(self) -> list[Spot]:
        """Read the hand-made table; a position far from its town is a mistake of ours.

        Raises:
            ValueError: no such town lies near.
        """
        spots = []
        for name, kind, lat, lon, town_name, country, unique, others in read_table("landmarks.tsv"):
            town = self.towns.called(town_name, country, near=(float(lat), float(lon)))
            row = self.table.rows[town]
            spots.append(
                Spot(
                    name,
                    kind,
                    float(lat),
                    float(lon),
                    town,
                    row.country,
                    unique=unique == "u",
                    others=[o for o in others.split("|") if o != "-"],
                )
            )
        return spots

    def _sncf(self) -> list[Spot]:
        """Read the stations of SNCF: one row a station and line there, one spot a station here."""
        stations: dict[str, dict[str, str]] = {}
        for record in read_csv(self.sources / "sncf-gares.csv.gz"):
            if record["voyageurs"] == "O" and record["lat"]:
                stations.setdefault(record["code_uic"], record)
        spots = []
        for uic, record in sorted(stations.items()):
            lat, lon = float(record["lat"]), float(record["lon"])
            town = self.towns.near_called(record["commune"], lat, lon)
            if town is not None:
                spots.append(
                    Spot(record["libelle"].replace("-", " ").strip(), "station", lat, lon, town, "FR", uic=uic)
                )
        return spots

    def _folder(self) -> list[Spot]:
        spots = []
        for file in (
            "stations",
            "quarters",
            "iris_quarters",
            "hospitals",
            "universities",
            "stadiums",
            "stops_fr",
            "stops_intl",
            "places_wof",
        ):
            for record in read_csv(self.sources / "subtown" / f"{file}.csv.gz"):
                if not any(mark in record["source"] for mark in ALLOWED):
                    continue
                spot = self._read(record)
                if spot is not None:
                    spots.append(spot)
        return spots

    def _read(self, record: dict[str, str]) -> Spot | None:
        kind = {"university": "school", "ward": "quarter"}.get(record["kind"], record["kind"])
        name = _PARENTHESIS.sub("", record["name"]).strip(" -,")
        folded = fold_name(name)
        if kind == "town" or len(folded) < 4 or folded[:1].isdigit():
            return None
        lat, lon = float(record["lat"]), float(record["lon"])
        if kind == "hospital" and (not _HOSPITAL.search(folded.decode()) or _INNER.search(folded.decode())):
            return None
        if "Hauts-de-France" in record["source"] and " - " in name:
            return None  # "Place - Monument": parts of a village, said in no post
        town = self.towns.with_code(record["insee"]) if record["insee"] else None
        if town is None:
            town = self.towns.near_called(record["commune"], lat, lon)
        if town is None or (
            record["country"] == "CH" and kind == "stop" and self.table.rows[town].population < SWISS_TOWN_POPULATION
        ):
            return None
        if "," in name:  # Luxembourg writes "town, stop"
            name = name.rpartition(",")[2].strip()
        radius = 3.0 if record["kind"] == "ward" else 0.0
        return Spot(name, kind, lat, lon, town, record["country"], uncertainty_km=radius)

    def _merge(self, spots: list[Spot]) -> list[Spot]:
        """Keep one of several spots of one name that lie within ``SAME_PLACE_KM`` of it: the best kind, of equals the first."""
        by_name: dict[bytes, list[Spot]] = defaultdict(list)
        kept: list[Spot] = []
        for spot in sorted(
            spots, key=lambda spot: (not spot.unique, not spot.others, RANK.index(spot.kind), not spot.uic)
        ):
            if any(
                distance_km(spot.lat, spot.lon, other.lat, other.lon) <= SAME_PLACE_KM
                for other in by_name[fold_name(spot.name)]
            ):
                continue
            kept.append(spot)
            for name in (spot.name, *spot.others):
                by_name[fold_name(name)].append(spot)
        return sorted(kept, key=lambda spot: (fold_name(spot.name), spot.lat, spot.lon))

    def _is_common(self, words: list[bytes]) -> bool:
        bits = EVERY_LANGUAGE
        for word in words:
            bits &= self.ordinary.get(word, 0)
        return bits != 0

    def _says_nothing(self, spot: Spot) -> bool:
        """Tell names that would match ordinary talk or nothing: one plain word, a whole sentence, "Paris 1"."""
        words = fold_name(spot.name).split()
        if spot.kind in {"quarter", "station", "stadium", "poi"} or spot.unique:
            return not words
        return (
            not words or len(words) > MAX_WORDS or words[-1].isdigit() or (len(words) == 1 and self._is_common(words))
        )

    def _generic_names(self, spots: list[Spot]) -> set[bytes]:
        towns: dict[bytes, set[int]] = defaultdict(set)
        for spot in spots:
            if spot.kind != "station" and not spot.others:
                towns[fold_name(spot.name)].add(spot.town)
        return {name for name, found in towns.items() if len(found) >= GENERIC_TOWNS and self._is_common(name.split())}

    def _add_spot(self, spot: Spot) -> None:
        town = self.table.rows[spot.town]
        folded, town_folded = fold_name(spot.name), fold_name(town.name)
        key = f"{spot.kind}|{folded.decode()}|{town.id}|{spot.lat:.2f}|{spot.lon:.2f}"
        id_ = f"st:{spot.uic}" if spot.uic else f"sub:{blake2b(key.encode(), digest_size=5).hexdigest()}"
        if id_ in self.table.by_id:
            return
        known_place = any(
            row.kind in {"town", "quarter"} and distance_km(row.lat, row.lon, spot.lat, spot.lon) < 8
            for row in (self.table.rows[index] for index in self.table.names.get(folded, {}))
        )
        hidden = known_place and spot.kind in {
            "station",
            "stop",
            "hospital",
        }  # "Chars" alone is the town, not its station
        index = self.table.add(
            Row(
                id=id_,
                name=spot.name,
                kind=spot.kind,
                lat=spot.lat,
                lon=spot.lon,
                uncertainty_km=spot.uncertainty_km or UNCERTAINTY_KM[spot.kind],
                country=town.country,
                region=town.region,
                departement=town.departement,
                commune=town.commune,
                town=spot.town,
                # "Gare d'Annecy" names its town itself.
                flags=0
                if spot.unique or (hidden and spot.kind == "station" and town_folded in folded)
                else NEEDS_CONTEXT,
            ),
            named=not hidden,
        )
        for other in spot.others:
            self.table.call(index, other, ALTERNATE)
        if spot.kind == "station":
            self._call_station(index, spot.name, town.country)
        rest = folded.removeprefix(town_folded + b" ")
        if rest != folded and len(rest) >= 5 and not (self._is_common(rest.split()) and spot.kind == "stop"):
            self.table.call(index, rest.decode(), SHORT)
            if spot.kind == "station":
                self._call_station(index, rest.decode(), town.country)
        parts = [part.strip() for part in re.split(r" - | / |/", spot.name)]
        for part in parts if len(parts) > 1 else []:
            words = fold_name(part).split()
            if len(fold_name(part)) >= 5 and not self._is_common(words) and fold_name(part) != town_folded:
                self.table.call(index, part, SHORT)

    def _call_station(self, index: int, name: str, country: str) -> None:
        folded = fold_name(name).decode()
        if folded.startswith(("gare ", "aeroport")):
            return
        if country in {"GB", "IE"}:
            self.table.call(index, f"{folded} station", ALTERNATE)
            self.table.call(index, f"{folded} railway station", ALTERNATE)
            return
        self.table.call(index, f"gare {_of(folded)}", ALTERNATE)
        self.table.call(index, f"gare {folded}", ALTERNATE)
        self.table.call(index, f"gare sncf {_of(folded)}", ALTERNATE)


def _of(folded: str) -> str:
    """Put French "of" before a folded name: "du mans", "d annecy", "de lyon"."""
    if folded.startswith("le "):
        return "du " + folded[3:]
    if folded.startswith("les "):
        return "des " + folded[4:]
    return ("d " if folded[0] in "aeiouyh" else "de ") + folded
