"""From chosen names to the places of a mention: which of the named places the emergency is at, with shares that sum to at most 1.

The weight of a name is the product of the probability that it is a place, the way the sentence leads to it ("à X" more than "maire
de X", "vu depuis X" least), its nearness to a hazard word, and its fineness: a region or town that holds a finer place named beside it is
a parent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from nlp.joint import COARSE, SUBTOWN, Candidate, distance_km, holds
from tocsin.model import Admin, Place, Point

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nlp.profile import Profile
    from nlp.sight import Sight

MAX_PLACES: Final = 8
"""Candidates that a mention keeps."""
MIN_SCORE: Final = 0.02
"""A candidate below this share is dropped."""
MIN_PROBABILITY: Final = 0.25
"""A name less likely than this to be a place gives no candidate."""
MAX_MASS: Final = 0.97
"""The text never leaves less than this unsaid."""

GPS_ALONE: Final = 0.9
GPS_WITH_NEAR_TEXT: Final = 0.45
GPS_WITH_FAR_TEXT: Final = 0.2
PROFILE_SCORE: Final = 0.35
"""Most that a profile place may weigh."""
PROFILE_MIN_KM: Final = 10.0
"""Least uncertainty of a profile place: people are not always at home."""
WIDE_KM: Final = 12.0
"""Least uncertainty of a place toward or from which something is told."""
NEAR_KM: Final = 15.0
"""Least uncertainty of a town that the thing is said to be near, outside or north of."""
GROUND_FACTOR: Final = 2.0
"""How much wider than its town the ground of a service is."""
JOURNEY_KM: Final = 40.0
"""Least uncertainty of a place that a vehicle comes from or goes to: it has been under way for an hour at most."""
NEAR_FACTOR: Final = 2.5
"""How much wider than the place itself "near" is: near a bus stop is not near a city."""
GPS_KM: Final = 0.3
ROAD_EXTRA_KM: Final = 4.0
"""How much wider than its town a road near it is."""
ROAD_ALONE_SCORE: Final = 0.4
"""What all towns of a road share when no town is named with it."""

JUNCTION_SCORE: Final = 0.85
"""What a junction's place gets: the rest is for a road of the same name elsewhere."""
EXIT_CHARS: Final = 40
"""Characters between a road and a junction of it."""
SURE_TOWN: Final = 0.6
"""From this probability on a town says where the road is."""
ELSEWHERE_KM: Final = 150.0
"""A junction farther than this from every town of the post is another road's of that name."""

ROLE_WEIGHT: Final[dict[str, float]] = {
    "at": 1.0,
    "tag": 0.7,
    "bare": 0.7,
    "of": 0.6,
    "near": 0.9,
    "towards": 0.45,
    "ground": 0.5,
    "service": 0.35,
    "origin": 0.35,
    "media": 0.15,
    "likeness": 0.15,
    "journey": 0.15,
}
"""How places of one post share: the more the sentence ties a place to the thing, the more it gets."""
TIE: Final[dict[str, float]] = {
    "origin": 0.7,
    "ground": 0.9,
    "service": 0.6,
    "media": 0.35,
    "likeness": 0.35,
    "journey": 0.35,
}
"""Probability that the thing is by a place of this role at all, where that is less than sure; the rest is "somewhere else"."""
NEAR_CHARS: Final = 80.0
"""At this distance from the hazard word a name weighs half."""
PARENT: Final = 0.12
"""Weight of a place that holds a finer one named beside it."""
COARSE_BESIDE_FINE: Final = 0.3
"""Weight of a region or country named beside an unrelated finer place."""


class Named(NamedTuple):
    """A sight, the probability that it is a place at all, and its candidates with their probabilities, best first."""

    sight: Sight
    probability: float
    choices: list[tuple[Candidate, float]]


class Make(NamedTuple):
    """How rows become places: the gazetteer's own words."""

    place: Callable[[int, str, float], Place]
    road: Callable[[str, str], Sequence[Candidate]]
    nearest_town: Callable[[float, float], Candidate | None]
    junction: Callable[[str, str, int], Place | None]
    """The place of a road's numbered junction: country, reference, number."""


class _Share(NamedTuple):
    place: Place
    weight: float


def assemble(
    named: Sequence[Named],
    taken: Sequence[tuple[int, int]],
    point: Point | None,
    profile: Profile | None,
    make: Make,
) -> tuple[Place, ...]:
    """Give the candidates of a post, best first; their scores are rounded to 4 digits and sum to at most 1."""
    usable = [
        one for one in named if one.probability >= MIN_PROBABILITY and (one.choices or one.sight.road is not None)
    ]
    towns = [one for one in usable if one.choices]
    shares: list[_Share] = []
    missing = 1.0
    for one in usable:
        weight = one.probability * _role(one.sight.role) * _nearness(one.sight, taken)
        if one.sight.road is not None:
            places = _at_junction(one, usable, towns, profile, make)
            places = places or _road_places(one, towns, profile, point, make)
            weight *= 1.2
        else:
            weight *= _fineness(one, usable)
            places = [(_place(one, candidate, make), share) for candidate, share in one.choices]
        if not places:
            continue
        reach = sum(share for _, share in places)
        missing *= 1.0 - one.probability * min(1.0, reach) * TIE.get(one.sight.role, 1.0)
        shares += [_Share(place, weight * share) for place, share in places]
    mass = min(MAX_MASS, 1.0 - missing)
    total = sum(share.weight for share in shares)
    merged = _merge([(share.place, mass * share.weight / total) for share in shares if total > 0])
    merged = _with_point(merged, mass if total > 0 else 0.0, point, make)
    merged = _with_profile(merged, profile, point, make)
    ranked = sorted(merged, key=lambda pair: (-round(pair[1], 6), pair[0].id))
    kept = [(place, score) for place, score in ranked if score >= MIN_SCORE][:MAX_PLACES]
    return tuple(msgspec.structs.replace(place, score=int(score * 10_000) / 10_000) for place, score in kept)


def _role(role: str) -> float:
    return ROLE_WEIGHT[role]


def _nearness(sight: Sight, taken: Sequence[tuple[int, int]]) -> float:
    if not taken:
        return 1.0
    gap = min(max(0, sight.start - high, low - sight.end) for low, high in taken)
    return 0.4 + 0.6 / (1.0 + gap / NEAR_CHARS)


def _fineness(one: Named, usable: Sequence[Named]) -> float:
    best = one.choices[0][0]
    factor = 1.0
    for other in usable:
        if other is one or not other.choices or other.probability < 0.4:
            continue
        rival = other.choices[0][0]
        if rival.row == best.row:
            continue
        if best.kind in COARSE and rival.kind not in COARSE:
            factor = min(factor, PARENT if holds(best, rival) else COARSE_BESIDE_FINE)
        elif best.kind in COARSE and rival.kind in COARSE and holds(best, rival) and best.kind != rival.kind:
            factor = min(factor, PARENT)
        elif best.kind == "town" and rival.kind in SUBTOWN:
            gap = distance_km(best.lat, best.lon, rival.lat, rival.lon)
            if gap < best.uncertainty_km + 8.0:
                factor = min(factor, 2 * PARENT)
    return factor


def _place(one: Named, candidate: Candidate, make: Make) -> Place:
    place = make.place(candidate.row, "gazetteer" if one.probability >= 0.5 else "gazetteer_weak", 1.0)
    if one.sight.wide and candidate.kind not in COARSE:
        least = WIDE_KM
        if one.sight.role == "near":
            least = max(NEAR_FACTOR * place.uncertainty_km, 0.0 if candidate.kind in SUBTOWN else NEAR_KM)
            place = msgspec.structs.replace(place, method="near")
        elif one.sight.role == "ground":
            least = max(GROUND_FACTOR * place.uncertainty_km, WIDE_KM)
        elif one.sight.role == "journey":
            least = JOURNEY_KM
            place = msgspec.structs.replace(place, method="journey")
        place = msgspec.structs.replace(place, uncertainty_km=max(least, place.uncertainty_km))
    return place


def _at_junction(
    one: Named, usable: Sequence[Named], towns: Sequence[Named], profile: Profile | None, make: Make
) -> list[tuple[Place, float]]:
    """Give the place of "M1 J33": the junction nearest in the text, if the post does not speak of another land."""
    road = one.sight.road
    assert road is not None
    exits = [
        (_chars_between(one.sight, other.sight), other.sight.road)
        for other in usable
        if other.sight.road is not None and other.sight.road.kind == "exit"
    ]
    if road.kind != "ref" or not exits or min(exits)[0] > EXIT_CHARS:
        return []
    exit_ = min(exits)[1]
    country = road.country or exit_.country
    if not country or exit_.country not in {"", country}:
        return []
    place = make.junction(country, road.ref, exit_.number)
    if place is None:
        return []
    told = [town.choices[0][0] for town in towns if town.probability >= SURE_TOWN]
    told += [profile.candidate] if profile is not None else []
    if told and all(
        distance_km(it.lat, it.lon, place.lat, place.lon) > ELSEWHERE_KM + it.uncertainty_km for it in told
    ):
        return []
    return [(place, JUNCTION_SCORE)]


def _chars_between(one: Sight, other: Sight) -> int:
    return max(one.start - other.end, other.start - one.end)


def _road_places(
    one: Named,
    towns: Sequence[Named],
    profile: Profile | None,
    point: Point | None,
    make: Make,
) -> list[tuple[Place, float]]:
    road = one.sight.road
    assert road is not None
    if road.kind in {"exit", "marker"}:
        return []
    anchored: list[tuple[Candidate, float]] = []
    for town in towns:
        candidate, share = town.choices[0]
        if candidate.kind not in COARSE and town.probability >= 0.4:
            anchored.append((candidate, town.probability * share * ROLE_WEIGHT[town.sight.role]))
    if anchored:
        total = sum(weight for _, weight in anchored)
        return [
            (_on_road(road.ref, candidate, make, 0.0), weight / max(total, 1.0)) for candidate, weight in anchored[:4]
        ]
    if point is not None:
        town_near = make.nearest_town(point.lat, point.lon)
        return [] if town_near is None else [(_on_road(road.ref, town_near, make, 0.0), 0.5)]
    if profile is not None and profile.candidate.kind == "town":
        share = PROFILE_SCORE if road.kind == "ref" else ROAD_ALONE_SCORE
        return [(_on_road(road.ref, profile.candidate, make, 8.0), share)]
    along = make.road(road.ref, road.country)[:MAX_PLACES] if road.kind != "line" else []
    return [(_on_road(road.ref, candidate, make, 15.0), ROAD_ALONE_SCORE / len(along)) for candidate in along]


def _on_road(ref: str, town: Candidate, make: Make, extra_km: float) -> Place:
    base = make.place(town.row, "road", 1.0)
    return msgspec.structs.replace(
        base,
        id=f"road:{ref}@{base.id}",
        name=f"{ref} ({base.name})",
        kind="road",
        uncertainty_km=base.uncertainty_km + ROAD_EXTRA_KM + extra_km,
        method="road",
        population=0,
    )


def _merge(pairs: list[tuple[Place, float]]) -> list[tuple[Place, float]]:
    merged: dict[str, tuple[Place, float]] = {}
    for place, score in pairs:
        known = merged.get(place.id)
        if known is None:
            merged[place.id] = (place, score)
        else:
            finer = known[0] if known[0].uncertainty_km <= place.uncertainty_km else place
            merged[place.id] = (finer, known[1] + score)
    return list(merged.values())


def _with_point(
    pairs: list[tuple[Place, float]], mass: float, point: Point | None, make: Make
) -> list[tuple[Place, float]]:
    """Add the device's position: alone it is nearly sure; beside a near place of the text it shares; a far text wins."""
    if point is None:
        return pairs
    town = make.nearest_town(point.lat, point.lon)
    base = make.place(town.row, "gps", 1.0) if town is not None else None
    place = Place(
        id=f"pt:{point.lat:.3f},{point.lon:.3f}",
        name=base.name if base is not None else f"{point.lat:.3f}, {point.lon:.3f}",
        kind="point",
        lat=point.lat,
        lon=point.lon,
        uncertainty_km=GPS_KM,
        country=base.country if base is not None else "",
        admin=base.admin if base is not None else Admin(),
        method="gps",
    )
    near = far = 0.0
    for one, score in pairs:
        gap = distance_km(one.lat, one.lon, point.lat, point.lon)
        if gap < 60.0 + one.uncertainty_km:
            near += score
        else:
            far += score
    share = GPS_ALONE * (1.0 - mass) + GPS_WITH_NEAR_TEXT * near + GPS_WITH_FAR_TEXT * far
    # A fine place of the text keeps its weight against the device; a coarse one gives way to it.
    coarse = sum(score for one, score in pairs if one.kind in COARSE)
    share = min(MAX_MASS, share + 0.4 * coarse * (near > far))
    keep = (1.0 - share) / max(mass, 1e-9) if mass > 1.0 - share else 1.0
    return [*((one, score * keep) for one, score in pairs), (place, share)]


def _with_profile(
    pairs: list[tuple[Place, float]],
    profile: Profile | None,
    point: Point | None,
    make: Make,
) -> list[tuple[Place, float]]:
    if profile is None or point is not None:
        return pairs
    mass = sum(score for _, score in pairs)
    score = min(PROFILE_SCORE, 0.97 - mass) * profile.confidence * (1.0 - mass)
    if score < MIN_SCORE:
        return pairs
    place = make.place(profile.candidate.row, "profile", 1.0)
    if any(one.id == place.id for one, _ in pairs):
        return [(one, value + score if one.id == place.id else value) for one, value in pairs]
    place = msgspec.structs.replace(place, uncertainty_km=max(PROFILE_MIN_KM, 2 * place.uncertainty_km))
    return [*pairs, (place, score)]
