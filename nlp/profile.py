"""The place that an author's profile names ("Nantes", "Lille, France", "Paris 13", "44", "on a boat"): a weak hint, never a proof."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from nlp.fold import fold_name
from nlp.joint import COARSE, INSIDE, Candidate, holds, prior, settle
from nlp.placewords import DIRECTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_PROFILE_CHARS: Final = 80
"""Characters of a profile place that are read."""
MAX_PARTS: Final = 4
"""Parts of it, between commas and slashes, that are read."""
FEW_RIVALS: Final = 4
LARGE_TOWN: Final = 50_000
"""With many namesakes a smaller town than this is a doubtful reading."""

CUT_POPULATION: Final = 50_000
"""A name with a word cut off ("South Yorkshire") means a place of this size at least, not a hamlet of the rest's name."""

_PART: Final = re.compile(r"\s*(?:[,/|•·()\[\];–]|\s-\s|\bet\b|\band\b|\bfrom\b|\bnear\b|&)\s*", re.IGNORECASE)
_DEPARTEMENT: Final = re.compile(r"^(?:0[1-9]|[1-8]\d|9[0-5]|2[abAB]|97[1-6])$")
_DROP: Final = re.compile(
    r"^(?:sud|nord|est|ouest|south|north|east|west|central|greater|quartier|province de|region|région|city of|ville de)\s+",
    re.IGNORECASE,
)


_REGIONAL: Final = re.compile(r"^\s*(?:province|region|région|provincia|landkreis|kreis)\b", re.IGNORECASE)
"""Words before a name that make a region of it; else the town is meant that the region is named after ("Pisa", "Sheffield")."""


class Profile(NamedTuple):
    """The best reading of a profile place."""

    candidate: Candidate
    confidence: float
    """0 to 1: how surely the profile names this place."""


def read_profile(
    text: str,
    lang: str | None,
    lookup: Callable[[bytes], Sequence[Candidate]],
    departement: Callable[[str], Candidate | None],
) -> Profile | None:
    """Read a profile place; ``None`` when no part of it is a known place.

    Args:
        text: the profile's own words.
        lang: the language of the post.
        lookup: the gazetteer's candidates of a folded name.
        departement: the French département of a number ("44").
    """
    parts = [part for part in _PART.split(text[:MAX_PROFILE_CHARS].strip()) if part][:MAX_PARTS]
    found: list[list[Candidate]] = []
    for part in parts:
        if _DEPARTEMENT.match(part.strip()):
            one = departement(part.strip().upper())
            candidates = [] if one is None else [one]
        else:
            candidates = _candidates(part, lookup)
        if candidates:
            found.append(candidates)
    if not found:
        return None
    ranked = sorted(
        ((_weight(one, index, found, lang), -one.row, one) for index, options in enumerate(found) for one in options),
        key=lambda entry: entry[:2],
    )
    best = ranked[-1][2]
    clean = len(found) == len(parts)
    sure = len(ranked) < FEW_RIVALS or best.population > LARGE_TOWN
    return Profile(best, (0.9 if clean else 0.6) * (1.0 if sure else 0.6))


def _weight(one: Candidate, index: int, found: Sequence[Sequence[Candidate]], lang: str | None) -> float:
    """Give the log-weight of a reading: finer parts first, and those that lie inside another part ("Lille, France")."""
    weight = prior(one, lang)
    for other, options in enumerate(found):
        if other != index and any(holds(outer, one) for outer in options):
            weight += INSIDE
    if one.kind in COARSE and len(found) > 1:
        weight -= 3 * INSIDE
    return weight


def _candidates(part: str, lookup: Callable[[bytes], Sequence[Candidate]]) -> list[Candidate]:
    name = fold_name(part)
    if len(name) < 3 or all(word in DIRECTIONS for word in name.split()):
        return []
    for variant in (name, fold_name(_DROP.sub("", part)), name.rstrip(b" 0123456789")):
        if len(variant) >= 3:
            least = 0 if variant == name else CUT_POPULATION
            candidates = [one for one in lookup(variant) if not one.needs_context and one.population >= least]
            if candidates:
                return settle(candidates, admin=False, regional=_REGIONAL.match(part) is not None)
    return []
