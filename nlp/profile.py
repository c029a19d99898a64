"""The place that an author's profile names ("Nantes", "Lille, France", "Paris 13", "44", "on a boat"): a weak hint, never a proof."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from nlp.fold import fold_name
from nlp.joint import Candidate, prior
from nlp.placewords import DIRECTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_PROFILE_CHARS: Final = 80
"""Characters of a profile place that are read."""

_PART: Final = re.compile(r"\s*(?:[,/|•·()\[\];–]|\s-\s|\bet\b|\band\b|\bfrom\b|\bnear\b|&)\s*", re.IGNORECASE)  # noqa: RUF001
_DEPARTEMENT: Final = re.compile(r"^(?:0[1-9]|[1-8]\d|9[0-5]|2[abAB]|97[1-6])$")
_DROP: Final = re.compile(
    r"^(?:sud|nord|est|ouest|south|north|east|west|central|greater|quartier|province de|region|région|city of|ville de)\s+",
    re.IGNORECASE,
)


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
    whole = text[:MAX_PROFILE_CHARS].strip()
    parts = [part for part in _PART.split(whole) if part]
    found: list[list[Candidate]] = []
    for part in parts[:4]:
        if _DEPARTEMENT.match(part.strip()):
            one = departement(part.strip().upper())
            if one is not None:
                found.append([one])
            continue
        candidates = _candidates(part, lookup)
        if candidates:
            found.append(candidates)
    if not found:
        return None
    best: tuple[float, int, Candidate] | None = None
    for index, candidates in enumerate(found):
        for one in candidates:
            score = prior(one, lang)
            for other_index, others in enumerate(found):
                if other_index != index and any(_inside(one, other) for other in others):
                    score += 4.0
            if one.kind in {"country", "region", "departement"} and len(found) > 1:
                score -= 12.0
            if best is None or (score, -one.row) > best[:2]:
                best = (score, -one.row, one)
    assert best is not None
    rivals = sum(len(candidates) for candidates in found)
    clean = len(found) == len(parts)
    return Profile(
        best[2],
        (0.9 if clean else 0.6) * (1.0 if rivals < 4 or best[2].population > 50_000 else 0.6),
    )


def _candidates(part: str, lookup: Callable[[bytes], Sequence[Candidate]]) -> list[Candidate]:
    name = fold_name(part)
    if len(name) < 3 or all(word in DIRECTIONS for word in name.split()):
        return []
    for variant in (name, fold_name(_DROP.sub("", part)), name.rstrip(b" 0123456789")):
        if len(variant) >= 3:
            candidates = [one for one in lookup(variant) if not one.needs_context]
            if candidates:
                return candidates
    return []


def _inside(one: Candidate, other: Candidate) -> bool:
    if one.country != other.country:
        return False
    if other.kind == "country":
        return True
    if other.kind == "region":
        return one.region == other.region
    return other.kind == "departement" and one.departement == other.departement
