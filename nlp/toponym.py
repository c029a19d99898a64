"""Which stretches of a post may name a place.

A gazetteer is only a source of candidates: nine posts of ten hold some word that is somewhere a village. Each match is weighed by its
surroundings (``nlp.evidence``). Names that no gazetteer holds are seen by preposition and capital, by kind words ("rue …", "… Road") and by
NER; they stay unresolved. A part of a hashtag ("#KeralaFloods") gives a candidate but is not shown: it is a hint, not a mention.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from nlp import placewords as lists
from nlp.evidence import (
    Frame,
    NameInfo,
    features_of,
    in_tag,
    lead,
    ner_feature,
    person,
    total,
    whole_tag,
)
from nlp.phrases import find_phrases
from nlp.roads import RoadSight, find_roads
from nlp.words import Word, Words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nlp.fold import Folded
    from nlp.ner import Entity
    from nlp.phrases import Phrase

SightKind = Literal["name", "site", "street", "road", "unknown"]

MAX_SIGHTS: Final = 16
"""Stretches kept for one post, the strongest first."""
MAX_UNKNOWN_WORDS: Final = 4
"""Words of a name that no gazetteer holds."""
STRONG_POPULATION: Final = 15_000
"""From this size on a name tied by a hyphen to another is a list ("Tarbes-Lourdes")."""
SURE_DOUBT: Final = 0.3
"""Log-odds that an unknown English name loses even behind "in" or "near"."""
LOOSE_DOUBT: Final = 2.0
"""The same behind other words, or in a headline."""
TERM_SLACK: Final = 3
"""Characters by which a hazard term may exceed a name and still be the same word with its article."""
HOPELESS: Final = -1.5
"""A match below these log-odds never wins over a shorter one."""


class Sight(NamedTuple):
    """A stretch of the post that may name a place."""

    first: int
    last: int
    start: int
    end: int
    kind: SightKind
    role: str
    """How the sentence leads to it: at, of, origin, towards, bare, tag."""
    rows: tuple[tuple[int, int], ...]
    logit: float
    wide: bool = False
    """The thing is near, not there ("sortie Mantes", "heard from X", "Mantes-Sud")."""
    shown: bool = True
    """It counts as a mention of its own (a part of a hashtag does not)."""
    road: RoadSight | None = None
    admin: bool = False
    """It stands behind another name and a comma, where a region or country is told ("Moore, Oklahoma")."""
    features: Mapping[str, float] | None = None

    @property
    def probability(self) -> float:
        """The probability, from the surroundings alone, that the stretch names a place."""
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, self.logit))))


class Reader:
    """Finds the sights of a post.

    Args:
        find: the gazetteer's matches ``(at, to, name_id)`` in folded bytes.
        info: what is known of a gazetteer name in a post of a language.
        dotted: what is known of a code written with full stops ("U.S.", "N.C."), given without them; ``None`` when it is none.
        shortened: what is known of a town's name cut to its first word ("Mantes"), in French; ``None`` when it is none.
    """

    def __init__(
        self,
        find: Callable[[bytes], Sequence[tuple[int, int, int]]],
        info: Callable[[int, str | None], NameInfo],
        dotted: Callable[[bytes], NameInfo | None],
        shortened: Callable[[bytes], NameInfo | None],
    ) -> None:
        self._find = find
        self._shortened = shortened
        self._info = info
        self._dotted = dotted

    def sights(
        self,
        text: str,
        folded: Folded,
        lang: str | None,
        taken: Sequence[tuple[int, int]],
        entities: Sequence[Entity] | None = None,
    ) -> list[Sight]:
        """Give the sights of a post, in order, without overlaps.

        ``taken`` are the spans of hazard terms: a name that is no more than such a term is none ("Tornade", "Séisme"), while a long one may
        hold a name ("crash near Cobham"). ``entities`` are those of NER, ``None`` when it did not read.
        """
        words = Words(text, folded)
        if not words.items:
            return []
        phrases = find_phrases(words, lang)
        roads = find_roads(words, lang)
        blocked = [(road.start, road.end) for road in roads]
        matches = self._matches(words, folded, lang)
        named = frozenset(
            index for first, last, _ in matches for index in range(first, last + 1) if words.items[first].capital
        )
        strong = frozenset(
            index
            for first, last, info in matches
            for index in range(first, last + 1)
            if index in named and (info.coarse or info.population >= STRONG_POPULATION)
        )
        frame = Frame(words, phrases, named, strong, taken, _storms(words), entities)
        found = []
        for first, last, info in matches:
            sight = _weigh(frame, first, last, info)
            if sight is None or _inside(sight.start, sight.end, blocked) or _hazard_word(words, sight, taken):
                continue
            found.append(sight)
        kept = [_widened(words, sight) for sight in _choose(found)]
        kept += _phrase_sights(words, phrases, kept, blocked)
        kept += _macro_sights(words, kept)
        unknown = [
            sight
            for sight in _unknown_sights(words, lang, kept, blocked, entities)
            if not _hazard_word(words, sight, taken)
        ]
        kept = [
            sight for sight in kept if not any(sight.first <= one.last and one.first <= sight.last for one in unknown)
        ]
        kept += unknown
        kept += [_road_sight(road) for road in roads]
        kept.sort(key=lambda sight: (-sight.logit, sight.start))
        return sorted(kept[:MAX_SIGHTS], key=lambda sight: (sight.start, sight.end))

    def _matches(self, words: Words, folded: Folded, lang: str | None) -> list[tuple[int, int, NameInfo]]:
        items = words.items
        matches: list[tuple[int, int, NameInfo]] = []
        held_back: list[tuple[int, int, NameInfo]] = []
        for at, to, name_id in self._find(folded.data):
            where = words.range(at, to)
            if where is None:
                continue
            first, last = where
            if first == last and _never_alone(items[first], lang):
                if items[first].data in lists.DIRECTIONS and items[first].capital:
                    held_back.append((first, last, self._info(name_id, lang)))
                continue
            if items[first].mark in {"@", "/"} or items[last].mark in {"@", "/"}:
                continue
            matches.append((first, last, self._info(name_id, lang)))
        # A town called "West" is one when its state follows it.
        regions = {first for first, _, info in matches if info.coarse or info.codes}
        matches += [one for one in held_back if one[1] + 1 in regions and items[one[1] + 1].gap == ", "]
        if lang == "fr":
            matches += self._cut_names(
                words,
                {index for first, last, _ in matches for index in range(first, last + 1)},
            )
        first = 0
        while first < len(items):
            last = first
            while (
                last + 1 < len(items)
                and len(items[last].data) == 1
                and items[last + 1].gap in {".", ". "}
                and len(items[last + 1].data) == 1
            ):
                last += 1
            if last > first and items[first].capital:
                info = self._dotted(b"".join(word.data for word in items[first : last + 1]))
                if info is not None:
                    matches.append((first, last, info))
            first = last + 1
        return matches

    def _cut_names(self, words: Words, covered: set[int]) -> list[tuple[int, int, NameInfo]]:
        """Find towns called by their first word, where a preposition or a capital leads to it."""
        found = []
        for index, word in enumerate(words.items):
            if index in covered or word.mark or len(word.data) < 5 or word.data in lists.NOT_PLACES:
                continue
            if (word.capital and not word.initial) or (words.caseless and lead(words, index)[0] != "bare"):
                info = self._shortened(word.data)
                if info is not None:
                    found.append((index, index, info))
        return found


def _storms(words: Words) -> frozenset[bytes]:
    """Give the given names of storms that the post tells of ("Hurricane Harvey", "tempête Ciaran", "#HurricaneIrma")."""
    items = words.items
    return frozenset(
        items[index].data
        for index in range(1, len(items))
        if items[index - 1].data in lists.STORM_WORDS
        and (items[index].gap in {" ", "", " #"})
        and len(items[index].data) > 2
    )


def _never_alone(word: Word, lang: str | None) -> bool:
    """Tell whether a single word is no name whatever the gazetteer says; "Nord" is a French département."""
    if word.data in lists.DIRECTIONS:
        return not (word.data == b"nord" and word.capital and not word.initial and lang == "fr")
    return (
        word.data in lists.NOT_PLACES
        or word.data in lists.STREET_AFTER
        or word.data in lists.BEFORE
        or word.data.isdigit()
    )


def _weigh(frame: Frame, first: int, last: int, info: NameInfo) -> Sight | None:
    words = frame.words
    items = words.items
    features, role, wide, code = features_of(frame, first, last, info)
    rows = (*info.codes, *info.rows) if code else info.rows
    if not rows:
        return None
    shown = not in_tag(words, first) or whole_tag(words, first, last) or _tag_of_places(frame, first)
    start, end = items[first].start, items[last].end
    gap = items[first].gap
    admin = first - 1 in frame.named and (gap in {", ", " (", ","} or (gap in {" ", " #"} and (info.coarse or code)))
    return Sight(
        first, last, start, end, "name", role, rows, total(features), wide, shown, admin=admin, features=features
    )


def _tag_of_places(frame: Frame, index: int) -> bool:
    """Tell whether all words of the hashtag round a word are names or directions ("#NantesCentre")."""
    items = frame.words.items
    first = index
    while items[first].mark != "#":
        first -= 1
    last = first
    while last + 1 < len(items) and items[last + 1].gap == "":
        last += 1
    return all(
        position in frame.named or items[position].data in lists.DIRECTIONS for position in range(first, last + 1)
    )


def _hazard_word(words: Words, sight: Sight, taken: Sequence[tuple[int, int]]) -> bool:
    """Tell whether the sight is a hazard term: inside one that is hardly longer, or inside any when it has no capital."""
    length = sight.end - sight.start
    plain = not words.items[sight.first].capital or words.shouting
    return any(
        low <= sight.start
        and sight.end <= high
        and (high - low <= length + TERM_SLACK or (plain and sight.role == "bare"))
        for low, high in taken
    )


def _inside(start: int, end: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start < high and low < end for low, high in spans)


def _choose(found: list[Sight]) -> list[Sight]:
    """Keep non-overlapping sights: the longest that is not hopeless, then the most probable."""
    kept: list[Sight] = []
    for sight in sorted(
        found,
        key=lambda one: (
            one.logit < HOPELESS,
            -(one.last - one.first),
            -one.logit,
            one.start,
        ),
    ):
        if all(sight.last < other.first or other.last < sight.first for other in kept):
            kept.append(sight)
    return kept


def _widened(words: Words, sight: Sight) -> Sight:
    """Take a direction written with a capital into the span ("Northern California", "South London"): the place is wider."""
    before = sight.first - 1
    if before >= 0 and sight.logit > 0 and words.linked(sight.first):
        word = words.items[before]
        if word.data in lists.DIRECTIONS and word.capital and not words.caseless and word.data != b"centre":
            return sight._replace(first=before, start=word.start)
    return sight


def _road_sight(road: RoadSight) -> Sight:
    return Sight(
        -1,
        -1,
        road.start,
        road.end,
        "road",
        "at",
        (),
        2.5 if road.sure else 0.3,
        wide=True,
        road=road,
    )


def _overlapping(kept: Sequence[Sight], first: int, last: int) -> list[Sight]:
    return [sight for sight in kept if sight.first <= last and first <= sight.last]


def _phrase_sights(
    words: Words,
    phrases: Sequence[Phrase],
    kept: list[Sight],
    blocked: Sequence[tuple[int, int]],
) -> list[Sight]:
    """Give the kind phrases that no gazetteer name fills, as unresolved streets and sites; weak names inside them go."""
    added: list[Sight] = []
    for phrase in phrases:
        start, end = words.items[phrase.first].start, words.items[phrase.last].end
        overlapping = _overlapping(kept, phrase.first, phrase.last)
        if _inside(start, end, blocked) or any(sight.logit > 0 for sight in overlapping):
            continue
        role, feature = lead(words, phrase.first)
        capital = any(word.capital for word in words.items[phrase.inner[0] : phrase.inner[1] + 1])
        vague = words.items[phrase.first].data in lists.VAGUE_KINDS
        logit = (0.3 if vague else 0.9) if capital and not words.shouting else (-1.0 if vague else 0.1)
        logit += 0.8 if feature in {"at", "local_noun", "origin", "towards"} else 0.0
        for sight in overlapping:
            kept.remove(sight)
        added.append(
            Sight(
                phrase.first,
                phrase.last,
                start,
                end,
                "site" if phrase.site else "street",
                role,
                (),
                logit,
            )
        )
    return added


def _macro_sights(words: Words, kept: list[Sight]) -> list[Sight]:
    """Give the continents and other parts of the world, larger than any gazetteer row: recognised, never resolved."""
    added = []
    items = words.items
    for index, word in enumerate(items):
        two = word.data + b" " + items[index + 1].data if index + 1 < len(items) else b""
        last = index + 1 if two in lists.MACRO else index if word.data in lists.MACRO else -1
        if last == index and len(word.data) < 4 and not word.upper:
            continue
        if last < 0 or word.mark in {"@", "/"} or (not word.capital and not words.caseless):
            continue
        if not (not in_tag(words, index) or whole_tag(words, index, last)):
            continue
        for sight in _overlapping(kept, index, last):
            kept.remove(sight)
        first = index
        if index > 0 and words.linked(index) and items[index - 1].data in lists.DIRECTIONS and items[index - 1].capital:
            first = index - 1
        added.append(
            Sight(
                first,
                last,
                items[first].start,
                items[last].end,
                "unknown",
                lead(words, first)[0],
                (),
                2.0,
            )
        )
    return added


def _unknown_sights(
    words: Words,
    lang: str | None,
    kept: Sequence[Sight],
    blocked: Sequence[tuple[int, int]],
    entities: Sequence[Entity] | None,
) -> list[Sight]:
    """Give capitalised names behind a locative, and NER's places, that the gazetteer does not hold; they stay unresolved."""
    covered = {index for sight in kept if sight.logit > 0 for index in range(sight.first, sight.last + 1)}
    added: list[Sight] = []
    index = 0
    while index < len(words.items):
        last = index
        if _may_open(words, index, covered):
            last = _unknown_end(words, index, covered)
            sight = _unknown(words, lang, index, last, entities)
            if sight is not None and not _inside(sight.start, sight.end, blocked):
                added.append(sight)
                covered.update(range(index, last + 1))
        index = last + 1
    for entity in entities or ():
        sight = _entity_sight(words, entity, covered) if entity.label == "place" else None
        if sight is not None and not _inside(sight.start, sight.end, blocked):
            added.append(sight)
            covered.update(range(sight.first, sight.last + 1))
    return added


def _may_open(words: Words, index: int, covered: set[int]) -> bool:
    word = words.items[index]
    return (
        index not in covered
        and word.capital
        and not word.mark
        and not word.initial
        and not words.caseless
        and len(word.data) >= 3
        and word.data not in lists.NOT_PLACES
        and word.data not in lists.NOT_NAMES
    )


def _unknown_end(words: Words, index: int, covered: set[int]) -> int:
    last = index
    while (
        last + 1 < len(words.items)
        and last - index + 1 < MAX_UNKNOWN_WORDS
        and last + 1 not in covered
        and _continues(words, last + 1)
    ):
        last += 1
    while last > index and words.items[last].data in lists.CONNECTORS:
        last -= 1
    return last


def _unknown(
    words: Words,
    lang: str | None,
    first: int,
    last: int,
    entities: Sequence[Entity] | None,
) -> Sight | None:
    role, feature = lead(words, first)
    if role not in {"at", "origin", "towards"} or feature == "of":
        return None
    word, end = words.items[first], words.items[last].end
    features: dict[str, float] = {"base": 1.0, feature: 1.0}
    person(features, words, first, last, frozenset())
    verdict = ner_feature(word.start, end, entities)
    if verdict:
        features[verdict] = 1.0
    logit = total(features) + (0.4 if last > first else 0.0)
    if lang != "fr":
        # English puts many things in capitals behind "in the", "at" and "from": without NER's word such a name stays in doubt.
        led = word.gap == " " and words.items[first - 1].data in lists.SURE_PREPOSITIONS
        logit -= SURE_DOUBT if led and not words.titled else LOOSE_DOUBT
    if word.upper:
        logit -= 0.8
    return Sight(first, last, word.start, end, "unknown", role, (), logit) if logit > HOPELESS else None


def _entity_sight(words: Words, entity: Entity, covered: set[int]) -> Sight | None:
    inside = [
        position for position, word in enumerate(words.items) if entity.start <= word.start and word.end <= entity.end
    ]
    if not inside or covered.intersection(inside):
        return None
    while inside and words.items[inside[0]].data in lists.ARTICLES | lists.GENITIVE | lists.NOT_PLACES | lists.LOCATIVE:
        inside.pop(0)
    if not inside or not words.items[inside[0]].capital or any(words.items[position].mark for position in inside):
        return None
    if len(inside) == 1 and words.items[inside[0]].data in lists.NOT_NAMES:
        return None
    role, feature = lead(words, inside[0])
    logit = 0.2 + (1.0 if feature else 0.0)
    return Sight(
        inside[0],
        inside[-1],
        words.items[inside[0]].start,
        words.items[inside[-1]].end,
        "unknown",
        role,
        (),
        logit,
    )


def _continues(words: Words, index: int) -> bool:
    word = words.items[index]
    if not words.linked(index) or word.mark:
        return False
    if word.data in lists.CONNECTORS:
        following = index + 1
        return (
            following < len(words.items)
            and words.items[following].capital
            and words.linked(following)
            and word.data not in lists.LOCATIVE
        )
    return (word.capital or words.glued(index)) and word.data not in lists.NOT_PLACES
