"""Who bears a name: a quarter that needs no town beside it, a town at home before a far one that is only also called so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nlp.homelands import HOME, LANGUAGE_COUNTRIES
from nlp.joint import SUBTOWN, Candidate, distance_km
from nlp.placewords import GENERIC_PARTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlp.sight import Sight

ALSO_CALLED: Final = 3.0
"""Log-odds that a far town loses which only answers to a name that a known town at home bears ("Sion", of Jerusalem)."""
KNOWN_TOWN: Final = 5_000
"""People of a town at home that is thought of before a far one's other name; a hamlet called Cologne is not."""
DISTINCT: Final = 0.5
"""Log-odds that a part of a town loses whose name no other town's part bears: the tables do not list them all."""
DISTINCT_LETTERS: Final = 5
ONE_TOWN_KM: Final = 8.0


def told_as_quarter(sight: Sight, options: list[Candidate]) -> list[Candidate]:
    """Give the candidates of "quartier X": no town needs to stand beside a name that is told to be a part of one.

    Nor beside the name of a part that only one town has ("Upperthorpe"), though others may have one that no table lists.
    """
    features = sight.features or ()
    if "quarter" in features:
        return [one._replace(needs_context=False) for one in options]
    if "distinct" in features:
        return [
            one._replace(needs_context=False, penalty=one.penalty + DISTINCT) if one.needs_context else one
            for one in options
        ]
    return options


def home_names_first(options: list[Candidate], lang: str | None, other: float) -> list[Candidate]:
    """Give the candidates with the loss of far towns that only answer to the name too, where a town at home bears it ("Sion").

    ``other`` is the loss by which a candidate is known to answer to another name than its own.
    """
    table = LANGUAGE_COUNTRIES.get(lang or "", {})
    home = [table.get(one.country, 0.0) >= HOME for one in options]
    if not any(
        near and one.kind == "town" and one.population >= KNOWN_TOWN for one, near in zip(options, home, strict=True)
    ):
        return options
    return [
        one if near or one.penalty != other else one._replace(penalty=other + ALSO_CALLED)
        for one, near in zip(options, home, strict=True)
    ]


def is_distinct(name: bytes, known: Sequence[Candidate]) -> bool:
    """Tell whether a name is that of a part of one town only: every place it names lies within ``ONE_TOWN_KM`` of a quarter."""
    quarter = next((one for one in known if one.kind == "quarter"), None)
    if quarter is None or len(name) < DISTINCT_LETTERS or not all(one.kind in SUBTOWN for one in known):
        return False
    if not GENERIC_PARTS.isdisjoint(name.split()):
        return False
    return all(distance_km(one.lat, one.lon, quarter.lat, quarter.lon) < ONE_TOWN_KM for one in known)
