"""Who is told: the share of an incident's place posterior that lies in the territory of each centre.

Fails when: an incident carries no areas; then its one named place stands for all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from tocsin.model import AreaMass, Incident, Zone
from tocsin.settings.territory import TerritorySettings

TOLD_MASS: Final = 0.15
"""A centre is told of an incident from this share of the posterior on."""
LEFT_MASS: Final = 0.05
"""A centre that was told stops being told below this share: not at the former one, so that it does not flutter."""
EVERYWHERE: Final = TerritorySettings(centre="everywhere", name="Everywhere")
"""The one centre of a run without territories: it is told of everything."""


def holds(territory: TerritorySettings, area: AreaMass | Zone) -> bool:
    """Tell whether an area or a zone lies in a territory: any of its codes or shapes says so, or it has none at all.

    >>> from tocsin.settings.territory import TerritorySettings
    >>> nantes = AreaMass(place="Nantes", mass=1.0, lat=47.22, lon=-1.55, country="FR", departement="44")
    >>> [holds(TerritorySettings(centre="c", departements=(code,)), nantes) for code in ("44", "49")]
    [True, False]
    >>> holds(TerritorySettings(centre="c", bbox=(47.0, -2.0, 48.0, -1.0)), nantes)
    True
    """
    coded = (
        (area.country, territory.countries),
        (area.region, territory.regions),
        (area.departement, territory.departements),
        (area.commune, territory.communes),
    )
    if any(code and code in codes for code, codes in coded):
        return True
    if territory.bbox is not None and in_box(area.lat, area.lon, territory.bbox):
        return True
    if territory.polygon and in_polygon(area.lat, area.lon, territory.polygon):
        return True
    return not (any(codes for _, codes in coded) or territory.bbox is not None or territory.polygon)


def in_box(lat: float, lon: float, box: tuple[float, float, float, float]) -> bool:
    """Tell whether a position lies in a box of south, west, north, east; a box may cross the antimeridian.

    >>> in_box(-17.0, 179.5, (-20.0, 177.0, -15.0, -178.0)), in_box(-17.0, 0.0, (-20.0, 177.0, -15.0, -178.0))
    (True, False)
    """
    south, west, north, east = box
    across = west <= lon <= east if west <= east else lon >= west or lon <= east
    return south <= lat <= north and across


def in_polygon(lat: float, lon: float, ring: Sequence[tuple[float, float]]) -> bool:
    """Tell whether a position lies in a ring of (lat, lon), closed or not, that does not cross the antimeridian: even-odd rule.

    >>> square = [(0.0, 0.0), (0.0, 2.0), (2.0, 2.0), (2.0, 0.0)]
    >>> in_polygon(1.0, 1.0, square), in_polygon(1.0, 3.0, square)
    (True, False)
    """
    inside = False
    last_lat, last_lon = ring[-1]
    for at_lat, at_lon in ring:
        if (at_lat > lat) != (last_lat > lat):
            crossing = (last_lon - at_lon) * (lat - at_lat) / (last_lat - at_lat) + at_lon
            inside ^= lon < crossing
        last_lat, last_lon = at_lat, at_lon
    return inside


def areas_of(incident: Incident) -> tuple[AreaMass, ...]:
    """Give the areas of an incident; the place it is named by, if it carries none."""
    if incident.areas:
        return incident.areas
    return (
        AreaMass(
            place=incident.place,
            mass=1.0,
            lat=incident.lat,
            lon=incident.lon,
            country=incident.country,
            region=incident.region,
            departement=incident.departement,
            commune=incident.commune,
        ),
    )


def shares(incident: Incident, territories: Iterable[TerritorySettings]) -> dict[str, float]:
    """Give the posterior mass, from 0 to 1 in 4 digits, that lies in the territory of each centre that has any.

    Territories may overlap (a fire brigade and an ambulance service of one département): each has its own share. A mass event is wherever
    people tell of it: a territory that holds one of its zones counts for no less than ``TOLD_MASS``.
    """
    areas = areas_of(incident)
    found: dict[str, float] = {}
    for territory in territories:
        mass = sum(area.mass for area in areas if holds(territory, area))
        if any(holds(territory, zone) for zone in incident.zones):
            mass = max(mass, TOLD_MASS)
        if mass > 0:
            found[territory.centre] = round(min(1.0, found.get(territory.centre, 0.0) + mass), 4)
    return found


def told(masses: Mapping[str, float]) -> tuple[str, ...]:
    """Give the centres to tell: all with at least ``TOLD_MASS``; the one with most if none has, so that nobody's is not everybody's.

    >>> told({"a": 0.6, "b": 0.2, "c": 0.1}), told({"a": 0.1, "b": 0.12}), told({})
    (('a', 'b'), ('b',), ())
    """
    enough = sorted(centre for centre, mass in masses.items() if mass >= TOLD_MASS)
    if enough or not masses:
        return tuple(enough)
    return (min(masses, key=lambda centre: (-masses[centre], centre)),)
