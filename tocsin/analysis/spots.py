"""Where invented events happen: real places of five kinds, drawn from the gazetteer, and how people there say where they are.

Villages, towns and cities by their inhabitants; a road is a numbered road at a town that lies on it; at sea is off a port.
"""

from __future__ import annotations

import re
from math import cos, pi, radians, sin
from random import Random
from typing import TYPE_CHECKING, Final, Literal, TypeVar

import msgspec

from tocsin.simulation import grammar
from tocsin.simulation.said import slots_of
from tocsin.simulation.world import Town, towns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlp.gazetteer import Gazetteer

T = TypeVar("T")
SpotKind = Literal["city", "town", "village", "road", "sea"]
KINDS: Final[tuple[SpotKind, ...]] = ("city", "town", "village", "road", "sea")
PEOPLE: Final[dict[str, tuple[int, int]]] = {
    "city": (150_000, 100_000_000),
    "town": (10_000, 100_000),
    "village": (200, 2_000),
}
"""Inhabitants of a kind of place: from, to."""
LANGUAGES: Final[dict[str, Literal["fr", "en"]]] = {"FR": "fr", "GB": "en"}
"""Countries whose people the grammar speaks for."""
PORTS: Final[dict[str, tuple[str, ...]]] = {
    "FR": (
        "Calais", "Boulogne-sur-Mer", "Dieppe", "Fécamp", "Le Havre", "Cherbourg-en-Cotentin", "Granville", "Saint-Malo", "Roscoff",
        "Brest", "Concarneau", "Lorient", "Saint-Nazaire", "Les Sables-d'Olonne", "La Rochelle", "Arcachon", "Port-Vendres", "Sète",
        "Marseille", "Toulon", "Ajaccio", "Bastia",
    ),
    "GB": ("Plymouth", "Falmouth", "Dover", "Ramsgate", "Great Yarmouth", "Grimsby", "Whitby", "Aberdeen", "Fishguard", "Blackpool"),
}  # fmt: skip
IMPOSSIBLE: Final[dict[SpotKind, frozenset[str]]] = {
    "road": frozenset({"rail_accident"}),
    "sea": frozenset({"road_accident", "rail_accident", "collapse", "landslide", "flood"}),
}
"""Hazards that a kind of place does not have."""
OFF_KM: Final = 8.0
NEARBY_KM: Final = 25.0
_SHARES: Final[dict[SpotKind, tuple[tuple[str, float], ...]]] = {
    "city": (("town", 0.40), ("street", 0.15), ("near", 0.05), ("silent", 0.40)),
    "town": (("town", 0.45), ("street", 0.10), ("near", 0.08), ("silent", 0.37)),
    "village": (("town", 0.42), ("street", 0.05), ("near", 0.18), ("silent", 0.35)),
    "road": (("road", 0.60), ("near", 0.05), ("silent", 0.35)),
    "sea": (("sea", 0.60), ("silent", 0.40)),
}
"""How people say where, by kind of place: they sum to 1. Over a third name no place, as the simulated world and real posts have it."""
_AT_SEA: Final = {
    "fr": ("au large {of}", "en mer au large {of}", "en rade {of}", "à quelques milles {of}", "devant le port {of}"),
    "en": ("off {town}", "a few miles off {town}", "at sea off {town}", "outside {town} harbour"),
}


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """A place where something happens."""

    kind: SpotKind
    town: Town
    """The town that people name, with what is around it."""
    lat: float
    lon: float
    tolerance_km: float
    """An incident whose centre lies so near is this event."""

    def said(self, rng: Random, silent_words: float = 0.35) -> tuple[str, str]:
        """Give how one person says where: the level, and the phrase (empty when nothing is said of it)."""
        dice, level = rng.random(), "silent"
        for name, share in _SHARES[self.kind]:
            if dice < share:
                level = name
                break
            dice -= share
        if level == "silent" and rng.random() < silent_words:
            return level, ""
        if level == "sea":
            options = _AT_SEA[self.town.lang]
            phrase = options[int(rng.random() * len(options))]
            slots = slots_of(self.town, rng)
            return level, phrase.replace("{of}", slots[_OF]).replace("{town}", self.town.name)
        rules = grammar.load(self.town.lang)
        rule = rules.rule("nowhere" if level == "silent" else f"at.{level}")
        return level, rules.expand(rule, slots_of(self.town, rng), rng.random)


_OF: Final = grammar.SLOTS.index("of_town")


def draw(kind: SpotKind, count: int, country: str, gazetteer: Gazetteer, rng: Random) -> list[Spot]:
    """Draw places of a kind, without repeats while there are others.

    Raises:
        ValueError: the country has no such places, or nobody speaks for it.
    """
    if country not in LANGUAGES:
        raise ValueError(f"--country: expected one of {', '.join(LANGUAGES)}, got {country}")
    if kind == "road":
        lying = [town for town in towns() if town.country == country and any(_numbered(road) for road in town.roads)]
        found = [_on_road(town) for town in _some(lying, count, rng)]
    elif kind == "sea":
        candidates = (
            (row for row in gazetteer.lookup(name) if _is_port(row, country, gazetteer)) for name in PORTS[country]
        )
        rows = [row for own in candidates for row in [*own][:1]]
        found = [_at_sea(_town_of(row, gazetteer), gazetteer) for row in _some(rows, count, rng)]
    else:
        low, high = PEOPLE[kind]
        rows = [
            row
            for row in range(len(gazetteer))
            if gazetteer.kind(row) == "town"
            and gazetteer.country(row) == country
            and low <= gazetteer.population(row) < high
        ]
        found = [_inland(kind, _town_of(row, gazetteer)) for row in _some(rows, count, rng)]
    if not found:
        raise ValueError(f"--kinds: expected kinds of places that {country} has, got {kind}")
    return found


def _some(things: Sequence[T], count: int, rng: Random) -> list[T]:
    """Draw ``count`` of some things: each once before any comes again."""
    drawn: list[T] = []
    while things and len(drawn) < count:
        drawn += rng.sample(list(things), min(len(things), count - len(drawn)))
    return drawn


def _is_port(row: int, country: str, gazetteer: Gazetteer) -> bool:
    return gazetteer.kind(row) == "town" and gazetteer.country(row) == country


def _numbered(road: str) -> bool:
    return re.fullmatch(r"[AMN]\d+", road) is not None


def _on_road(town: Town) -> Spot:
    named = msgspec.structs.replace(town, roads=tuple(road for road in town.roads if _numbered(road)))
    return Spot(kind="road", town=named, lat=town.lat, lon=town.lon, tolerance_km=30.0)


def _inland(kind: SpotKind, town: Town) -> Spot:
    return Spot(kind=kind, town=town, lat=town.lat, lon=town.lon, tolerance_km=15.0)


def _at_sea(town: Town, gazetteer: Gazetteer) -> Spot:
    """Give a position off a port: of eight directions, the one that leads farthest from any town."""
    best = (-1.0, town.lat, town.lon)
    for step in range(8):
        north, east = OFF_KM * cos(step * pi / 4), OFF_KM * sin(step * pi / 4)
        lat, lon = town.lat + north / 111.195, town.lon + east / (111.195 * cos(radians(town.lat)))
        nearest = gazetteer.nearest_town(lat, lon)
        apart = OFF_KM if nearest is None else gazetteer.distance_km(nearest, lat, lon)
        best = max(best, (round(apart, 6), lat, lon))
    return Spot(kind="sea", town=town, lat=best[1], lon=best[2], tolerance_km=30.0)


def _town_of(row: int, gazetteer: Gazetteer) -> Town:
    """Give a town of the gazetteer in the words of the simulated world: its own names, and its largest neighbours."""
    lat, lon = gazetteer.lat(row), gazetteer.lon(row)
    lang = LANGUAGES[gazetteer.country(row)]
    around = [other for other in gazetteer.within(lat, lon, NEARBY_KM) if other != row]
    around.sort(key=lambda other: (-gazetteer.population(other), other))
    near = tuple((gazetteer.name(other), gazetteer.lat(other), gazetteer.lon(other)) for other in around[:3])
    name = gazetteer.name(row)
    return Town(
        name=name,
        lang=lang,
        country=gazetteer.country(row),
        admin=name,
        lat=lat,
        lon=lon,
        population=gazetteer.population(row),
        quarters=(("centre-ville" if lang == "fr" else "the town centre", lat, lon),),
        near=near or ((name, lat, lon),),
        roads=("départementale" if lang == "fr" else "main road",),
        rivers=("rivière" if lang == "fr" else "river",),
    )
