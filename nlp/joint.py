"""The joint choice: which place each name of a post means, all names together.

Each sight has candidate rows; a row's log-weight is its prior (population, kind, how well its country fits the language) plus the support
it gets from the other names, the device position and the profile place. Support is the expectation, over the other sight's candidates, of
a bonus for lying near or inside one another; two rounds of mean-field updates settle it. Near the idea of Leidner's "one region per
discourse" (2007) and of Smith and Crane's centroids (2001), with every bonus on a log-odds scale. "A place that is not listed" is always
one of the alternatives.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from nlp.homelands import FOREIGN, LANGUAGE_COUNTRIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_CANDIDATES: Final = 8
"""Candidates kept for one sight, the best priors first."""
MAX_JOINT_SIGHTS: Final = 8
"""Sights that support each other; later ones only take."""
ROUNDS: Final = 2

UNLISTED: Final = math.log(300.0)
"""Log-weight of "a place that no gazetteer lists" (a quarter, a hamlet, a bar) for each listed town of that name.

Names that many places bear are borne by unlisted ones as well ("Beaulieu"); a name that one place bears means it ("Chimanimani").
"""
UNLISTED_NEAR: Final = 2.0
"""What it gains when the post has a context (profile, device, another town): unlisted places are spoken of by those near them."""

SUBTOWN: Final = frozenset({"stop", "station", "hospital", "school", "stadium", "poi", "quarter", "street"})
"""Kinds that lie inside a town and need one in context."""
COARSE: Final = frozenset({"departement", "region", "country"})

COUNTRY_FLOOR: Final = 1_500_000
"""Least population a country counts with: a small one is named more often than a town of its size."""
NAMESAKE: Final = 2.5
"""Log-odds that a région or département loses to the town it is named after ("Milano")."""
COUNTY_NAMESAKE: Final = 6.0
"""The same for a second-level region: "Modena" is the town, the province is called "provincia di Modena"."""
NAMESAKE_SHARE: Final = 0.25
"""A town known by another name must hold this share of the region's people to be what the name means ("Milano", not "Oklahoma")."""
BEHIND_COMMA: Final = 2.5
"""Log-odds that a town loses to a region of the same name where a region is told ("Moore, Oklahoma")."""
INSIDE: Final = 4.0
"""Log-odds that a place gains when the region told behind its comma holds it ("West, Texas")."""
NARROW_KM: Final = 80.0
"""A profile no wider than this is a context."""
CONTEXT_POPULATION: Final = 10_000
"""A town of this size named in the post is a context."""
COARSE_FACTOR: Final = 1.5
"""How much more often a region or département is named than a town of its population."""
FAR_REGION_FACTOR: Final = 0.2
"""The same for a region of a country where the language is not at home: few abroad know its name, while they know the city's."""


class Candidate(NamedTuple):
    """A gazetteer row as the choice sees it."""

    row: int
    lat: float
    lon: float
    kind: str
    population: int
    country: str
    region: str
    departement: str
    uncertainty_km: float
    needs_context: bool
    penalty: float = 0.0
    """Log-odds that it loses because the name is only a shortened or another one of it."""


class Anchor(NamedTuple):
    """A position that the post comes from: the device's, or the profile's town."""

    lat: float
    lon: float
    country: str
    weight: float
    """1 for a device position, less for a profile."""
    radius_km: float


def settle(candidates: Sequence[Candidate], *, admin: bool, regional: bool) -> list[Candidate]:
    """Give the candidates of one name with the penalties that they give each other.

    A region and the town it is named after are one name: the town is meant, unless the name stands where a region is told (``admin``) or a
    kind word makes it one (``regional``: "Butte County").
    """
    wanted_coarse = (admin or regional) and any(one.kind in COARSE for one in candidates)
    if wanted_coarse:
        return [one if one.kind in COARSE else one._replace(penalty=one.penalty + BEHIND_COMMA) for one in candidates]
    towns = [one for one in candidates if one.kind == "town" and one.penalty < NAMESAKE / 2]
    settled = []
    for one in candidates:
        namesake = one.kind in {"region", "departement"} and any(
            town.country == one.country
            and (one.kind == "departement" or town.penalty == 0.0 or town.population > NAMESAKE_SHARE * one.population)
            and (holds(one, town) or distance_km(town.lat, town.lon, one.lat, one.lon) < one.uncertainty_km)
            for town in towns
        )
        loss = COUNTY_NAMESAKE if one.kind == "departement" else NAMESAKE
        settled.append(one._replace(penalty=one.penalty + loss) if namesake else one)
    return settled


def distance_km(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Give the great-circle distance in kilometres (haversine, mean Earth radius 6371.0088 km).

    >>> round(distance_km(48.8566, 2.3522, 45.764, 4.8357))
    391
    """
    phi, other_phi = math.radians(lat), math.radians(other_lat)
    half = (
        math.sin((other_phi - phi) / 2) ** 2
        + math.cos(phi) * math.cos(other_phi) * math.sin(math.radians(other_lon - lon) / 2) ** 2
    )
    return 12742.0176 * math.asin(math.sqrt(min(1.0, half)))


def prior(candidate: Candidate, lang: str | None) -> float:
    """Give the log-weight of a candidate before anything else of the post is looked at.

    >>> paris = Candidate(0, 48.86, 2.35, "town", 2_100_000, "FR", "11", "75", 5.0, False)
    >>> texas = Candidate(1, 33.66, -95.55, "town", 25_000, "US", "TX", "", 5.0, False)
    >>> round(prior(paris, "en") - prior(texas, "en"), 1)
    3.5
    """
    population: float = candidate.population
    if candidate.kind == "country":
        population = max(population, COUNTRY_FLOOR)
    elif candidate.kind in COARSE:
        table = LANGUAGE_COUNTRIES.get(lang or "")
        far = table is not None and candidate.country not in table
        population *= FAR_REGION_FACTOR if far else COARSE_FACTOR
    weight = math.log(population + 300.0)
    if candidate.kind in SUBTOWN:
        weight = math.log(1_500.0)
        if candidate.needs_context:
            weight -= 4.0
    weight -= candidate.penalty
    table = LANGUAGE_COUNTRIES.get(lang or "")
    if table is not None:
        weight += table.get(candidate.country, FOREIGN)
    return weight


def bonus(one: Candidate, other: Candidate) -> float:  # noqa: PLR0911  # a ladder of cases, the strongest first
    """Give how much (log-odds) a candidate gains when the post also names the other one."""
    if one.row == other.row:
        return 0.0
    same_country = one.country == other.country and one.country != ""
    if other.kind == "country":
        return 2.5 if same_country else -0.5
    if other.kind == "region":
        inside = same_country and one.region != "" and one.region == other.region
        return 3.5 if inside else (0.8 if same_country else -0.3)
    if other.kind == "departement":
        inside = same_country and one.departement != "" and one.departement == other.departement
        if inside:
            return 4.0
        return 1.5 if same_country and one.region == other.region else 0.0
    if one.kind in COARSE:
        return 1.0 if same_country else 0.0
    gap = distance_km(one.lat, one.lon, other.lat, other.lon)
    reach = 8.0 + other.uncertainty_km
    if one.kind in SUBTOWN or other.kind in SUBTOWN:
        near = 7.0 if gap < reach else 0.0
    else:
        near = 3.5 if gap < 25.0 else 3.0 if gap < 60.0 else 2.8 if gap < 110.0 else 1.5 if gap < 200.0 else 0.0
    if near:
        return near
    if same_country:
        return 0.9 if one.region == other.region and one.region else 0.5
    return 0.0


def holds(outer: Candidate, inner: Candidate) -> bool:
    """Tell whether a country, region or département holds another place, by their codes."""
    if outer.kind not in COARSE or outer.country != inner.country or outer.row == inner.row:
        return False
    if outer.kind == "country":
        return True
    if outer.kind == "region":
        return outer.region == inner.region and inner.kind != "country"
    return outer.departement == inner.departement and inner.kind not in {"country", "region"}


def anchor_bonus(candidate: Candidate, anchor: Anchor) -> float:
    """Give how much (log-odds) a candidate gains from where the post comes from."""
    gap = distance_km(candidate.lat, candidate.lon, anchor.lat, anchor.lon)
    reach = anchor.radius_km + candidate.uncertainty_km
    if candidate.kind in SUBTOWN:
        gain = 7.0 if gap < reach + 8.0 else 3.0 if gap < reach + 25.0 else 0.0
    else:
        gain = 4.0 if gap < reach + 20.0 else 2.8 if gap < reach + 60.0 else 1.5 if gap < reach + 200.0 else 0.0
    if gain == 0.0 and candidate.country and candidate.country == anchor.country:
        gain = 0.8
    return gain * anchor.weight


def choose(  # noqa: PLR0913, PLR0917  # all that the choice may look at, each by its name
    sights: Sequence[Sequence[Candidate]],
    weights: Sequence[float],
    lang: str | None,
    anchors: Sequence[Anchor],
    countries: Mapping[str, float],
    inside: Mapping[int, int],
) -> list[list[tuple[Candidate, float]]]:
    """Give, for each sight, its candidates with the probability that it means them, best first.

    The probabilities of a sight sum to at most 1; what is missing is the chance that it means a place that is not listed.

    Args:
        sights: the candidates of each sight (may be empty).
        weights: the probability that each sight is a place at all: a doubtful name gives little support.
        lang: the language of the post.
        anchors: where the post comes from.
        countries: log-weights of countries that the post's own words favour ("lorry", "CHUV").
        inside: sights that the next one holds by its place behind a comma ("West, Texas"), by index.
    """
    base = [
        [
            prior(one, lang) + countries.get(one.country, 0.0) + sum(anchor_bonus(one, anchor) for anchor in anchors)
            for one in candidates
        ]
        for candidates in sights
    ]
    home = max(LANGUAGE_COUNTRIES.get(lang or "", {"": 0.0}).values())
    unlisted = [
        _unlisted(candidates) + home + UNLISTED_NEAR * _has_context(index, sights, weights, anchors)
        for index, candidates in enumerate(sights)
    ]
    posterior = [_softmax(scores, rest) for scores, rest in zip(base, unlisted, strict=True)]
    joint = [index for index in range(len(sights)) if sights[index]][:MAX_JOINT_SIGHTS]
    if len(joint) > 1:
        for _ in range(ROUNDS):
            posterior = _round(sights, base, unlisted, posterior, weights, joint, inside)
    result = []
    for candidates, shares in zip(sights, posterior, strict=True):
        ranked = sorted(
            zip(candidates, shares, strict=True),
            key=lambda pair: (-pair[1], pair[0].row),
        )
        result.append(ranked[:MAX_CANDIDATES])
    return result


def _unlisted(candidates: Sequence[Candidate]) -> float:
    """Give the log-weight that a name means a place that no gazetteer lists, before its context is looked at."""
    return UNLISTED + math.log(max(1, sum(one.kind not in COARSE for one in candidates)))


def _has_context(
    index: int,
    sights: Sequence[Sequence[Candidate]],
    weights: Sequence[float],
    anchors: Sequence[Anchor],
) -> bool:
    """Tell whether the post says where it is from, or surely names another town of some size."""
    if any(anchor.radius_km < NARROW_KM for anchor in anchors):
        return True
    return any(
        other != index
        and weights[other] > 0.7
        and any(one.kind == "town" and one.population > CONTEXT_POPULATION for one in candidates)
        for other, candidates in enumerate(sights)
    )


def _round(  # noqa: PLR0913, PLR0917  # the state of one mean-field sweep
    sights: Sequence[Sequence[Candidate]],
    base: list[list[float]],
    unlisted: list[float],
    posterior: list[list[float]],
    weights: Sequence[float],
    joint: list[int],
    inside: Mapping[int, int],
) -> list[list[float]]:
    leaders = {
        index: sorted(
            zip(posterior[index], sights[index], strict=True),
            key=lambda pair: (-pair[0], pair[1].row),
        )[:3]
        for index in joint
    }
    updated = list(posterior)
    for index, candidates in enumerate(sights):
        scores = []
        for one, score in zip(candidates, base[index], strict=True):
            total = score
            for other in joint:
                if other != index:
                    told = INSIDE if inside.get(index) == other else 0.0
                    gain = sum(
                        share * math.exp(bonus(one, candidate) + told * holds(candidate, one))
                        for share, candidate in leaders[other]
                    )
                    rest = max(0.0, 1.0 - sum(share for share, _ in leaders[other]))
                    total += math.log(weights[other] * (gain + rest) + 1.0 - weights[other])
            scores.append(total)
        updated[index] = _softmax(scores, unlisted[index])
    return updated


def _softmax(scores: list[float], rest: float) -> list[float]:
    """Give the shares of the scores against each other and a remainder of log-weight ``rest``."""
    if not scores:
        return []
    top = max(rest, *scores)
    powers = [math.exp(score - top) for score in scores]
    total = math.fsum(powers) + math.exp(rest - top)
    return [power / total for power in powers]
