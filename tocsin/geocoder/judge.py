"""Whether what a server found answers the question, and the place it gives. Pure.

Servers rarely say "unknown": asked for a street that is not there, they give the town, a street of a like name, or the same street of
another town. So a result must bear the words of the name, be no coarser than what was asked, and lie by the town.
"""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING, Final

from tocsin.model import Place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.geocoder.service import Found
    from tocsin.model import Ask, PlaceKind

BEYOND_TOWN_KM: Final = 12.0
"""How far beyond the uncertainty of its town a thing may lie: the station of a small town stands in the next commune."""
LEAST_TRUST: Final = 0.4
"""A server that is less sure than this has guessed."""
SHARE_OF_WORDS: Final = 0.67
"""Share of the words of a name that the result must bear: given names are left out as often as written."""
TYPICAL_KM: Final[dict[PlaceKind, float]] = {"street": 0.6, "quarter": 1.2, "poi": 0.4}
"""Uncertainty of a kind where the server tells no extent; ``OTHER_KM`` for the rest."""
OTHER_KM: Final = 0.4
LEAST_KM: Final = 0.1
WIDEST_KM: Final = 6.0
"""A street that is longer is a road through several towns: it is no sharper than the town."""
COARSE: Final = frozenset(
    {
        "municipality",
        "city",
        "town",
        "village",
        "county",
        "state",
        "country",
        "region",
        "province",
        "state_district",
        "postcode",
        "administrative",
        "boundary",
        "other",
    }
)
"""What servers call things that are no finer than a town."""
_EARTH_KM: Final = 6371.0088
_LIGATURES: Final = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d"})


def place_of(ask: Ask, results: Sequence[Found], service: str) -> Place | None:
    """Give the place of the first result that answers the question, or ``None``.

    Its score says how far the server trusts it; its position is the server's, its town the question's.
    """
    for found in results:
        gap_km = distance_km(ask.town.lat, ask.town.lon, found.lat, found.lon)
        if (
            found.rank.lower() in COARSE
            or found.trust < LEAST_TRUST
            or gap_km > ask.town.uncertainty_km + BEYOND_TOWN_KM
            or not bears(found.name, ask.name)
        ):
            continue
        typical = TYPICAL_KM.get(ask.kind, OTHER_KM)
        reach_km = typical if found.extent_km is None else max(LEAST_KM, found.extent_km)
        if reach_km > WIDEST_KM:
            continue
        return Place(
            id=f"{service}:{found.lat:.4f},{found.lon:.4f}",
            name=f"{found.name} ({ask.town.name})",
            kind=ask.kind,
            lat=found.lat,
            lon=found.lon,
            uncertainty_km=round(reach_km, 3),
            country=ask.town.country,
            admin=ask.town.admin,
            method="geocoder",
            score=round(0.5 + found.trust / 2, 4),
        )
    return None


def bears(name: str, wanted: Sequence[str]) -> bool:
    """Tell whether a result bears enough of the wanted words, the last one (the one people say) in any case.

    >>> bears("Rue d'Aubagne", ("aubagne",)), bears("Rue du Général Leclerc", ("leclerc",)), bears("Rue d'Auriol", ("aubagne",))
    (True, True, False)
    """
    has = set(words_of(name))
    if not wanted or wanted[-1] not in has:
        return False
    return sum(word in has for word in wanted) >= SHARE_OF_WORDS * len(wanted)


def words_of(name: str) -> list[str]:
    """Give the words of a name, lower case, without accents.

    >>> words_of("Bd. de la Libération-Œillets")
    ['bd', 'de', 'la', 'liberation', 'oeillets']
    """
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_LIGATURES))
    return "".join(c if c.isalnum() else "" if unicodedata.combining(c) else " " for c in plain).split()


def distance_km(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Give the great-circle distance (haversine)."""
    phi, other_phi = math.radians(lat), math.radians(other_lat)
    half = (
        math.sin((other_phi - phi) / 2) ** 2
        + math.cos(phi) * math.cos(other_phi) * math.sin(math.radians(other_lon - lon) / 2) ** 2
    )
    return 2 * _EARTH_KM * math.asin(math.sqrt(min(1.0, half)))
