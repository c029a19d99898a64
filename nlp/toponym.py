"""Which stretches of a post may name a place.

A gazetteer is only a source of candidates: nine posts of ten hold some word that is somewhere a village. Each match is weighed by its
surroundings (``nlp.evidence``). Names that no gazetteer holds are seen by preposition and capital, by kind words ("rue …", "… Road") and by
NER; they stay unresolved. A part of a hashtag ("#KeralaFloods") gives a candidate but is not shown: it is a hint, not a mention.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nlp import placewords as lists
from nlp.agencies import numbered
from nlp.evidence import NameInfo, features_of, total
from nlp.leading import lead
from nlp.phrases import find_phrases
from nlp.roads import RoadSight, find_roads
from nlp.sight import Sight, inside
from nlp.surroundings import Frame, in_tag, whole_tag
from nlp.unlisted import macro_sights, phrase_sights, unknown_sights
from nlp.words import Word, Words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nlp.fold import Folded
    from nlp.ner import Entity

MAX_SIGHTS: Final = 16
"""Stretches kept for one post, the strongest first."""
STRONG_POPULATION: Final = 15_000
"""From this size on a name tied by a hyphen to another is a list ("Tarbes-Lourdes")."""
TERM_SLACK: Final = 3
"""Characters by which a hazard term may exceed a name and still be the same word with its article."""
LED_SURELY: Final = frozenset({"at", "local_noun", "towards"})
"""Features of a name that a preposition leads to as to a place."""
HOPELESS: Final = -1.5
"""A match below these log-odds never wins over a shorter one."""


class Reader:
    """Finds the sights of a post.

    Args:
        find: the gazetteer's matches ``(at, to, name_id)`` in folded bytes.
        info: what is known of a gazetteer name in a post of a language.
        dotted: what is known of a code written with full stops ("U.S.", "N.C."), given without them; ``None`` when it is none.
        shortened: what is known of a town's name cut to its first word ("Mantes"), in a language; ``None`` when it is none.
        department: what is known of the département of a number ("SDIS 38").
    """

    def __init__(
        self,
        find: Callable[[bytes], Sequence[tuple[int, int, int]]],
        info: Callable[[int, str | None], NameInfo],
        dotted: Callable[[bytes], NameInfo | None],
        shortened: Callable[[bytes, str], NameInfo | None],
        department: Callable[[str], NameInfo | None],
    ) -> None:
        self._find = find
        self._shortened = shortened
        self._department = department
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
        frame = Frame(words, phrases, named, strong, taken, _storms(words), entities, lang)
        found = []
        for first, last, info in matches:
            sight = _weigh(frame, first, last, info)
            if sight is None or inside(sight.start, sight.end, blocked) or _hazard_word(words, sight, taken):
                continue
            found.append(sight)
        wide = [_widened(words, sight) for sight in _choose(found)]
        kept = [sight for sight in wide if not _hazard_word(words, sight, taken)]
        kept += phrase_sights(words, phrases, kept, blocked)
        kept += macro_sights(words, kept)
        unknown = [
            sight
            for sight in unknown_sights(words, lang, kept, blocked, entities)
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
        covered = {index for first, last, _ in matches for index in range(first, last + 1)}
        matches += self._cut_names(words, covered, lang or "")
        if lang == "fr":
            matches += self._spelt_with_two(words, lang)
            numbers = [(first, last, self._department(number)) for first, last, number in numbered(words)]
            matches += [(first, last, info) for first, last, info in numbers if info is not None]
        matches += self._dotted_codes(words)
        return matches

    def _spelt_with_two(self, words: Words, lang: str | None) -> list[tuple[int, int, NameInfo]]:
        """Find names in hashtags whose "de" is written "2" ("#Val2Marne")."""
        items = words.items
        found = []
        for index, word in enumerate(items[:-1]):
            if word.data.endswith(b"2") and items[index + 1].gap == "" and in_tag(words, index):
                name = b" %b de %b " % (word.data[:-1], items[index + 1].data)
                whole = (1, len(name) - 1)
                found += [
                    (index, index + 1, self._info(name_id, lang))
                    for at, to, name_id in self._find(name)
                    if (at, to) == whole
                ]
        return found

    def _dotted_codes(self, words: Words) -> list[tuple[int, int, NameInfo]]:
        """Find codes written with full stops ("U.S.", "N. C.")."""
        items = words.items
        found = []
        first = 0
        while first < len(items):
            last = first
            while last + 1 < len(items) and _dotted_on(items[last], items[last + 1]):
                last += 1
            if last > first and items[first].capital:
                info = self._dotted(b"".join(word.data for word in items[first : last + 1]))
                if info is not None:
                    found.append((first, last, info))
            first = last + 1
        return found

    def _cut_names(self, words: Words, covered: set[int], lang: str) -> list[tuple[int, int, NameInfo]]:
        """Find towns called by their first word, where a preposition leads to it or, in French, a capital says enough."""
        found = []
        for index, word in enumerate(words.items):
            if index in covered or word.mark or len(word.data) < 5 or word.data in lists.NOT_PLACES:
                continue
            told = lang == "fr" and word.capital and not word.initial
            if told or ((word.capital or words.caseless) and lead(words, index)[0] != "bare"):
                info = self._shortened(word.data, lang)
                if info is not None:
                    found.append((index, index, info))
        return found


def _dotted_on(word: Word, following: Word) -> bool:
    return len(word.data) == 1 == len(following.data) and following.gap in {".", ". "}


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
    rows = (*info.codes, *info.rows) if code else info.below if "quarter" in features else info.rows
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
    """Tell whether the sight is a hazard term: inside one that is hardly longer, or inside any when it has no capital.

    With a capital that says something and a preposition before it, the name is a place all the same ("incendie à Vitré").
    """
    length = sight.end - sight.start
    head = words.items[sight.first]
    plain = not head.capital or words.shouting
    if not (plain or head.initial or words.titled or LED_SURELY.isdisjoint(sight.features or ())):
        return False
    return any(
        low <= sight.start
        and sight.end <= high
        and (high - low <= length + TERM_SLACK or (plain and sight.role == "bare"))
        for low, high in taken
    )


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
    if before >= 0 and sight.logit > 0 and words.linked(sight.first) and not words.glued(before):
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
