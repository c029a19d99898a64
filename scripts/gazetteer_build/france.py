"""France: communes (current, delegated, associated, arrondissements), départements, régions, overseas, and the regions of before 2016."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from gazetteer_build.geonames import City, FrenchCities
from gazetteer_build.rows import (
    ALTERNATE,
    BORROWED_POSITION,
    Row,
    Table,
    distance_km,
    radius_of_area_km,
    radius_of_population_km,
)
from gazetteer_build.tsv import read_csv, read_table

COUNTRY_OF_COLLECTIVITY: Final = {
    "975": "PM",
    "977": "BL",
    "978": "MF",
    "984": "TF",
    "986": "WF",
    "987": "PF",
    "988": "NC",
}
ISLAND_RADIUS_KM: Final = 10.0
SMALL_COMMUNE_KM2: Final = 10.0
"""Radius of overseas communes placed by hand: islands and parts of islands."""

POSITION_OF_COLLECTIVITY: Final = {
    "975": (46.95, -56.33, 30.0), "977": (17.90, -62.83, 6.0), "978": (18.07, -63.05, 8.0), "984": (-49.35, 70.22, 2_000.0),
    "986": (-13.30, -176.20, 150.0), "987": (-17.55, -149.57, 800.0), "988": (-21.30, 165.50, 200.0), "989": (10.30, -109.22, 5.0),
}  # fmt: skip
"""Centre and radius (km) of the overseas collectivities: for their few communes that no source places."""


class France:
    """Adds France to a table; keeps what is needed to place regions, roads and stations later."""

    def __init__(self, table: Table, sources: Path, cities: FrenchCities) -> None:
        self.table = table
        self.cities = cities
        self.claims: dict[int, City] = {}
        self._located = {
            row["insee_com"]: row for row in reversed(read_csv(sources / "communes-rcarlier.csv.gz")) if row["lat"]
        }
        self._by_hand = {code: (float(lat), float(lon)) for code, lat, lon in read_table("positions_fr.tsv")}
        self._communes = read_csv(sources / "etalab-communes.csv.gz")
        self._departements = read_csv(sources / "etalab-departements.csv.gz")
        self._regions = read_csv(sources / "etalab-regions.csv.gz")

    def add(self) -> None:
        """Add everything, whole cities first: parts point at them."""
        for record in self._communes:
            if record["type"] == "commune-actuelle":
                self._add_commune(record)
        for record in self._communes:
            if record["type"] == "arrondissement-municipal":
                self._add_arrondissement(record)
            elif record["type"] in {"commune-deleguee", "commune-associee"}:
                self._add_former(record)
        self._add_departements()
        self._add_regions()

    def _add_commune(self, record: dict[str, str]) -> None:
        code, population = record["insee"], int(record["population"] or 0)
        located = self._located.get(code)
        parts = (
            [row for row in self._located.values() if row["commune_type"] == "ARM" and row["insee_parente"] == code]
            if located is None
            else []
        )
        flags = 0
        if located is not None or parts:
            area = sum(float(row["superficie_km2"] or 0) for row in ([located] if located else parts))
            lat, lon = (float(located["lat"]), float(located["lng"])) if located else _middle(parts)
            radius = radius_of_area_km(area) if area else radius_of_population_km(population)
            city = self.cities.claim(record["nom"], lat, lon, max(10.0, 3 * radius))
        else:
            radius = radius_of_population_km(population)
            city = self._claim_unplaced(record)
            child = next(
                (
                    row
                    for c in self._communes
                    if c["parent_insee"] == code
                    for row in [self._located.get(c["insee"])]
                    if row
                ),
                None,
            )
            lat, lon = (float(child["lat"]), float(child["lng"])) if child else (math.nan, math.nan)
            if city is None and child is None:
                lat, lon, radius, flags = self._position_from_elsewhere(record)
        if city is not None:
            # A town's name means its built-up middle, not the middle of its woods and fields.
            lat, lon = city.lat, city.lon
        index = self.table.add(
            Row(
                id=f"fr:{code}",
                name=record["nom"],
                kind="town",
                lat=lat,
                lon=lon,
                population=population,
                uncertainty_km=max(1.0, radius),
                country="FR",
                region=record["region_code"],
                departement=record["dep_code"],
                commune=code,
                flags=flags,
            )
        )
        if city is not None:
            self.claims[index] = city

    def _position_from_elsewhere(self, record: dict[str, str]) -> tuple[float, float, float, int]:
        """Give position, radius and flags of a commune no source places: by hand, of its collectivity, or of what shares its post code."""
        if record["insee"] in self._by_hand:
            return *self._by_hand[record["insee"]], ISLAND_RADIUS_KM, 0
        if record["dep_code"] in POSITION_OF_COLLECTIVITY:
            return *POSITION_OF_COLLECTIVITY[record["dep_code"]], BORROWED_POSITION
        codes = record["codes_postaux"].split("|")
        parts = [row for row in self._located.values() if row["code_postal"] in codes]
        lat, lon = _middle(parts)
        reach = max(distance_km(lat, lon, float(row["lat"]), float(row["lng"])) for row in parts)
        return lat, lon, reach + 3.0, BORROWED_POSITION

    def _claim_unplaced(self, record: dict[str, str]) -> City | None:
        country = COUNTRY_OF_COLLECTIVITY.get(record["dep_code"])
        if country is None:
            chief = next((row for row in self._departements if row["code"] == record["dep_code"]), None)
            place = self._located.get(chief["chef_lieu_insee"]) if chief else None
            return self.cities.claim(record["nom"], float(place["lat"]), float(place["lng"]), 80.0) if place else None
        return self.cities.claim(record["nom"], None, None, 0.0, country)

    def _add_arrondissement(self, record: dict[str, str]) -> None:
        located, whole = self._located[record["insee"]], self.table.by_id[f"fr:{record['parent_insee']}"]
        city = self.table.rows[whole].name
        number = int("".join(c for c in record["nom"] if c.isdigit()))
        index = self.table.add(
            Row(
                id=f"fr:{record['insee']}",
                name=record["nom"],
                kind="quarter",
                lat=float(located["lat"]),
                lon=float(located["lng"]),
                population=int(record["population"] or 0),
                uncertainty_km=max(1.0, radius_of_area_km(float(located["superficie_km2"]))),
                country="FR",
                region=record["region_code"],
                departement=record["dep_code"],
                commune=record["parent_insee"],
                town=whole,
            )
        )
        ordinals = (
            ("1er", "1ere", "premier") if number == 1 else (f"{number}e", f"{number}eme", f"{number}ème", f"{number}th")
        )
        for ordinal in (*ordinals, str(number)):
            self.table.call(index, f"{city} {ordinal}", ALTERNATE)
            self.table.call(index, f"{city}{ordinal}", ALTERNATE)
        for ordinal in ordinals:
            for word in ("arrondissement", "arr", "ardt"):
                self.table.call(index, f"{city} {ordinal} {word}", ALTERNATE)
                self.table.call(index, f"{ordinal} {word} de {city}", ALTERNATE)
        self.table.call(index, f"{city} {record['codes_postaux'].split('|')[0]}", ALTERNATE)

    def _add_former(self, record: dict[str, str]) -> None:
        """Add a delegated or associated commune: a small place of its parent, unless it only repeats the parent's name and code."""
        parent_index = self.table.by_id.get(f"fr:{record['parent_insee']}")
        if parent_index is None or f"fr:{record['insee']}" in self.table.by_id:
            # The former seat keeps the new commune's code: only its name is news.
            if parent_index is not None and record["insee"] == record["parent_insee"]:
                self.table.call(parent_index, record["nom"], ALTERNATE)
            return
        parent, located = self.table.rows[parent_index], self._located.get(record["insee"])
        city = self.cities.claim(
            record["nom"],
            float(located["lat"]) if located else parent.lat,
            float(located["lng"]) if located else parent.lon,
            5.0 if located else parent.uncertainty_km + 8.0,
        )
        if city is not None:
            lat, lon, flags = city.lat, city.lon, 0
        elif located is not None:
            lat, lon, flags = float(located["lat"]), float(located["lng"]), 0
        else:
            lat, lon, flags = parent.lat, parent.lon, BORROWED_POSITION
        radius = (
            parent.uncertainty_km if flags else radius_of_area_km(float((located or {}).get("superficie_km2") or 12))
        )
        self.table.add(
            Row(
                id=f"fr:{record['insee']}",
                name=record["nom"],
                kind="town",
                lat=lat,
                lon=lon,
                population=city.population if city else int((located or {}).get("population_2021") or 0),
                uncertainty_km=max(1.0, radius),
                country="FR",
                region=parent.region,
                departement=parent.departement,
                commune=record["parent_insee"],
                town=parent_index,
                flags=flags,
            )
        )

    def _add_departements(self) -> None:
        for record in self._departements:
            if record["code"] == "75":
                continue  # Paris is one commune: the town says it better
            towns = [row for row in self._towns() if row.departement == record["code"]]
            self._add_area(f"fr-dep:{record['code']}", record["nom"], "departement", towns, departement=record["code"])

    def _add_regions(self) -> None:
        for record in self._regions:
            if record["zone"] == "metro":  # overseas, the région is the département: one place, not two
                towns = [row for row in self._towns() if row.region == record["code"]]
                self._add_area(f"fr-reg:{record['code']}", record["nom"], "region", towns)
        for slug, name, departements in read_table("areas_fr.tsv"):
            codes = frozenset(departements.split())
            towns = [row for row in self._towns() if row.departement in codes]
            self._add_area(f"fr-area:{slug}", name, "region", towns)

    def _towns(self) -> list[Row]:
        return [row for row in self.table.rows if row.kind == "town" and row.town < 0]

    def _add_area(self, id_: str, name: str, kind: str, towns: list[Row], *, departement: str = "") -> None:
        """Add an area made of towns: at their middle, as wide as their land or as nine tenths of them lie."""
        if departement in POSITION_OF_COLLECTIVITY:
            lat, lon, radius = POSITION_OF_COLLECTIVITY[departement]
        elif towns:
            # Communes cover the land: weighed by their area they give its middle.
            lat, lon = centroid((row.lat, row.lon, self._land_km2(row)) for row in towns)
            farthest = sorted(distance_km(lat, lon, row.lat, row.lon) for row in towns)[int(0.9 * (len(towns) - 1))]
            land = sum(self._land_km2(row) for row in towns if row.commune in self._located)
            radius = max(radius_of_area_km(land), farthest, 1.0)
        else:
            return
        self.table.add(
            Row(
                id=id_,
                name=name,
                kind=kind,
                lat=lat,
                lon=lon,
                population=sum(row.population for row in towns),
                uncertainty_km=radius,
                country="FR",
                region=min((row.region for row in towns), default=""),
                departement=departement,
            )
        )

    def _land_km2(self, row: Row) -> float:
        """Give the area of a commune; for those without one that of a small commune."""
        located = self._located.get(row.commune)
        return float(located["superficie_km2"] or 0) if located else SMALL_COMMUNE_KM2


def centroid(weighted: Iterable[tuple[float, float, float]]) -> tuple[float, float]:
    """Give the weighted middle of positions on the sphere (mean of unit vectors), as latitude and longitude."""
    x = y = z = 0.0
    for lat, lon, weight in weighted:
        phi, lam = math.radians(lat), math.radians(lon)
        x += weight * math.cos(phi) * math.cos(lam)
        y += weight * math.cos(phi) * math.sin(lam)
        z += weight * math.sin(phi)
    return round(math.degrees(math.atan2(z, math.hypot(x, y))), 5), round(math.degrees(math.atan2(y, x)), 5)


def _middle(parts: list[dict[str, str]]) -> tuple[float, float]:
    return centroid((float(row["lat"]), float(row["lng"]), float(row["population_2021"] or 1)) for row in parts)
