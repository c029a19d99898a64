"""The towns of the simulated world, and the phrases by which people name them."""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib import resources
from math import asin, cos, radians, sin, sqrt
from typing import Final, Literal

import msgspec

Language = Literal["fr", "en"]
Spot = tuple[str, float, float]
"""A named place with its position: name, latitude, longitude (WGS 84 degrees)."""

_STREETS: Final[dict[str, tuple[str, ...]]] = {
    "fr": (
        "rue de la République",
        "rue Victor Hugo",
        "avenue Jean Jaurès",
        "rue Pasteur",
        "boulevard Gambetta",
        "avenue du Général de Gaulle",
        "rue des Lilas",
        "place de la Mairie",
        "rue du Moulin",
        "rue Jules Ferry",
    ),
    "en": (
        "High Street",
        "Station Road",
        "Church Lane",
        "Victoria Road",
        "Mill Lane",
        "Park Avenue",
        "Queens Road",
        "King Street",
        "Chapel Street",
        "Bridge Street",
    ),
}
_MASCULINE_RIVERS: Final = frozenset(
    {"Rhône", "Touch", "Drac", "Var", "Paillon", "Robec", "Gave de Pau", "Tarn", "Fier", "Thiou", "Flon", "Vincin"}
    | {"Tiretaine", "Monsieur"}
)
_BARE_ROADS: Final = {
    "périphérique": "le périphérique",
    "périph": "le périph",
    "voies sur berges": "les voies sur berges",
}
_VOWELS: Final = frozenset("aeiouyhéèêôîAEIOUYHÉÈÊÔÎ")
EARTH_DIAMETER_KM: Final = 12_742.0


class Town(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A real town: position in WGS 84 degrees, inhabitants, and what people around it name."""

    name: str
    lang: Language
    country: str
    admin: str
    lat: float
    lon: float
    population: int
    quarters: tuple[Spot, ...]
    near: tuple[Spot, ...]
    roads: tuple[str, ...]
    rivers: tuple[str, ...]

    @property
    def streets(self) -> tuple[str, ...]:
        """Names of streets that every town of this language has."""
        return _STREETS[self.lang]


class _World(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    town: tuple[Town, ...]


@cache
def towns() -> tuple[Town, ...]:
    """Give all towns of the simulated world, in a fixed order."""
    raw = resources.files("tocsin.simulation").joinpath("data/towns.toml").read_bytes()
    return msgspec.toml.decode(raw, type=_World).town


@cache
def by_name() -> dict[str, Town]:
    """Give the towns by their name."""
    return {town.name: town for town in towns()}


def distance_km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Give the great-circle distance in kilometres (haversine, sphere of the mean radius).

    >>> round(distance_km(48.8566, 2.3522, 45.7640, 4.8357), -1)
    390.0
    """
    half_lat, half_lon = radians(lat2 - lat1) / 2, radians(lon2 - lon1) / 2
    chord = sin(half_lat) ** 2 + cos(radians(lat1)) * cos(radians(lat2)) * sin(half_lon) ** 2
    return EARTH_DIAMETER_KM * asin(min(1.0, sqrt(chord)))


def at(town: str, lang: Language) -> str:
    """Say "in this town", with the French contraction.

    >>> at("Le Havre", "fr"), at("Nantes", "fr"), at("Leeds", "en")
    ('au Havre', 'à Nantes', 'in Leeds')
    """
    if lang == "en":
        return f"in {town}"
    if town.startswith("Le "):
        return f"au {town[3:]}"
    return f"aux {town[4:]}" if town.startswith("Les ") else f"à {town}"


def of(town: str, lang: Language) -> str:
    """Say "of this town", with the French contraction or elision.

    >>> of("Le Havre", "fr"), of("Angers", "fr"), of("Lyon", "fr")
    ('du Havre', "d'Angers", 'de Lyon')
    """
    if lang == "en":
        return f"of {town}"
    if town.startswith("Le "):
        return f"du {town[3:]}"
    if town.startswith("Les "):
        return f"des {town[4:]}"
    return f"d'{town}" if town[0] in _VOWELS else f"de {town}"


def river_phrase(river: str, lang: Language) -> str:
    """Name a river with its article.

    >>> river_phrase("Rhône", "fr"), river_phrase("Loire", "fr"), river_phrase("Erdre", "fr"), river_phrase("Don", "en")
    ('le Rhône', 'la Loire', "l'Erdre", 'the Don')
    """
    if lang == "en":
        return f"the {river}"
    if river[0].islower():
        return f"la {river}"
    if river[0] in _VOWELS:
        return f"l'{river}"
    return f"le {river}" if river in _MASCULINE_RIVERS else f"la {river}"


def road_phrase(road: str, lang: Language) -> str:
    """Name a road with its article.

    >>> road_phrase("A11", "fr"), road_phrase("N12", "fr"), road_phrase("périph", "fr"), road_phrase("M62", "en")
    ("l'A11", 'la N12', 'le périph', 'the M62')
    """
    if lang == "en":
        return f"the {road}"
    if road in _BARE_ROADS:
        return _BARE_ROADS[road]
    return f"l'{road}" if road[0] in "AE" and road[1:].isdigit() else f"la {road}"


def hashtag(name: str) -> str:
    """Make a hashtag of a name, as people write it: no accents, no spaces.

    >>> hashtag("Clermont-Ferrand"), hashtag("Le Havre"), hashtag("Épinal")
    ('#ClermontFerrand', '#LeHavre', '#Epinal')
    """
    plain = unicodedata.normalize("NFD", name)
    return "#" + "".join(ch for ch in plain if ch.isalnum())
