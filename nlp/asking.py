"""What a geocoder may be asked about a post: streets, quarters and sites that were recognised and that no table holds.

Only a stretch that a kind word opens or closes ("rue …", "lycée …", "… Road") is asked for: a bare capitalised name may be a person's, and
no person's name is to leave the house. Only beside a town: a street alone is in every town. Never a house number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from nlp import placewords as lists
from nlp.fold import fold_name
from nlp.joint import SUBTOWN, distance_km
from tocsin.model import Ask, PlaceKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlp.assemble import Make, Named
    from nlp.profile import Profile
    from nlp.sight import Sight
    from tocsin.model import Place, Point

MAX_ASKS: Final = 2
"""Questions that one post may raise."""
MAX_ASK_CHARS: Final = 60
"""A longer stretch is no name."""
LEAST_PROBABILITY: Final = 0.5
"""A stretch less likely than this to be a place is not asked for."""
LEAST_TOWN: Final = 0.5
"""A town less likely than this to be meant gives no context."""
NEAREST_TOWN_WINS_CHARS: Final = 60.0
"""At this distance from the stretch a town counts half."""
BY_DEVICE: Final = 0.75
"""Weight of the town in which the device stands."""
BY_PROFILE: Final = 0.4
"""Weight of the town of the profile: people speak of other towns, too."""
LARGEST_TOWN_KM: Final = 30.0
"""A "town" wider than this is no context for a street."""

_KIND_WORDS: Final[tuple[tuple[PlaceKind, str], ...]] = (
    ("station", "gare metro tram tramway rer ter station stazione estacion estacao"),
    ("stop", "arret"),
    ("school", "lycee college ecole universite fac faculte campus school university"),
    ("hospital", "hopital chu chr ch clinique hospital ospedale clinic ehpad"),
    ("stadium", "stade arena zenith stadium stadio estadio gymnase"),
    ("quarter", "quartier cite secteur residence za zi zac estate heights lieu hameau"),
    (
        "street",
        (
            "rue av ave avenue bd bld blvd boulevard place pl quai quais cours allee allees impasse chemin rond square "
            "passage esplanade parvis montee rampe venelle sente ruelle rocade carrefour giratoire route street st road rd "
            "lane ln drive dr crescent close quay row terrace court ct calle avenida plaza paseo carrer rua praca via "
            "viale piazza corso largo strasse"
        ),
    ),
)
_KINDS: Final[dict[str, PlaceKind]] = {word: kind for kind, words in _KIND_WORDS for word in words.split()}
_SMALL: Final = frozenset(word.decode() for word in lists.CONNECTORS | lists.GENITIVE)


class Context(NamedTuple):
    """Where a post may be from, beside the names in it."""

    point: Point | None
    profile: Profile | None


def asks_of(text: str, named: Sequence[Named], context: Context, make: Make) -> tuple[Ask, ...]:
    """Give what a geocoder may be asked about a post, best first, at most ``MAX_ASKS``.

    >>> asks_of("feu rue d'Aubagne", (), Context(None, None), None)  # no name was seen, no town is known
    ()
    """
    wanted = [one for one in named if _unplaced(one) and one.probability >= LEAST_PROBABILITY]
    asks: list[Ask] = []
    for one in wanted:
        words = text[one.sight.start : one.sight.end]
        name = name_words(words)
        found = _town(one.sight, named, context, make)
        if found is None or not name or len(words) > MAX_ASK_CHARS:
            continue
        town, weight = found
        asks.append(Ask(words, name, kind_of(words), town, round(one.probability * weight, 4)))
    return tuple(sorted(asks, key=lambda ask: -ask.weight)[:MAX_ASKS])


def kind_of(words: str) -> PlaceKind:
    """Give the kind that the kind word tells, the first or the last word of the stretch; ``poi`` for a kind without a list of its own.

    >>> kind_of("Rue d'Aubagne"), kind_of("Kirkstall Road"), kind_of("marché de Noailles")
    ('street', 'street', 'poi')
    """
    folded = _folded(words)
    ends = (folded[0], folded[-1]) if folded else ()
    return next((_KINDS[word] for word in ends if word in _KINDS), "poi")


def name_words(words: str) -> tuple[str, ...]:
    """Give the folded words of the name in a stretch: without kind words, articles and prepositions.

    >>> name_words("rue d'Aubagne"), name_words("Kirkstall Road"), name_words("quai de la Fosse")
    (('aubagne',), ('kirkstall',), ('fosse',))
    """
    folded = _folded(words)
    if folded and folded[0].encode() in lists.BEFORE:
        folded = folded[1:]
    elif folded and folded[-1].encode() in lists.STREET_AFTER:
        folded = folded[:-1]
    return tuple(word for word in folded if word not in _SMALL)


def _folded(words: str) -> list[str]:
    return fold_name(words).decode("ascii", "ignore").split()


def _unplaced(one: Named) -> bool:
    return one.sight.kind in {"street", "site"} and not one.choices


def _town(sight: Sight, named: Sequence[Named], context: Context, make: Make) -> tuple[Place, float] | None:
    """Give the town that a stretch lies in and how sure that is: the likeliest named one, the nearer the better; else the post's own."""
    best: tuple[float, float, int] | None = None
    for one in named:
        if not one.choices or one.sight.role in {"origin", "towards"}:
            continue
        candidate, share = one.choices[0]
        sure = one.probability * share
        if candidate.kind not in SUBTOWN | {"town"} or sure < LEAST_TOWN or candidate.uncertainty_km > LARGEST_TOWN_KM:
            continue
        gap = max(0, one.sight.start - sight.end, sight.start - one.sight.end)
        near = sure / (1.0 + gap / NEAREST_TOWN_WINS_CHARS)
        if best is None or near > best[0]:
            best = (near, sure, candidate.row)
    if best is not None:
        return _town_of(make.place(best[2], "gazetteer", 1.0), make), best[1]
    if context.point is not None:
        near_town = make.nearest_town(context.point.lat, context.point.lon)
        return None if near_town is None else (make.place(near_town.row, "gps", 1.0), BY_DEVICE)
    profile = context.profile
    if profile is not None and profile.candidate.kind == "town" and profile.candidate.uncertainty_km <= LARGEST_TOWN_KM:
        return make.place(profile.candidate.row, "profile", 1.0), BY_PROFILE * profile.confidence
    return None


def _town_of(place: Place, make: Make) -> Place:
    """Give the town that a place below the town lies in, where one is near; else the place itself."""
    if place.kind == "town":
        return place
    town = make.nearest_town(place.lat, place.lon)
    if town is None or distance_km(place.lat, place.lon, town.lat, town.lon) > LARGEST_TOWN_KM:
        return place
    return make.place(town.row, "gazetteer", 1.0)
