"""Which stretches of a post may name a place, and how strongly the words round each say so.

A gazetteer is only a source of candidates: nine posts of ten hold some word that is somewhere a village. Each match is therefore weighed by
its surroundings (case, preposition, hyphen, neighbours, kind words, hash) as a sum of log-odds with a name each, so that a decision can be
read. Names that no gazetteer holds are seen by preposition and capital, by kind words ("rue …", "… Road") and by NER; they stay unresolved.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from nlp import placewords as lists
from nlp.roads import RoadSight, find_roads
from nlp.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nlp.fold import Folded
    from nlp.ner import Entity

SightKind = Literal["name", "site", "street", "road", "unknown"]
Role = Literal["at", "of", "origin", "towards", "bare", "tag"]

MAX_SIGHTS: Final = 16
"""Stretches kept for one post, the strongest first."""
MAX_PHRASE_WORDS: Final = 6
"""Words of a kind phrase ("rue du Général de Gaulle")."""
MAX_UNKNOWN_WORDS: Final = 4
"""Words of a name that no gazetteer holds."""

WEIGHTS: Final[dict[str, float]] = {
    "base": -1.6,
    "capital": 1.6,
    "capital_initial": 0.4,
    "lower": -1.6,
    "caseless": -0.2,
    "upper": 0.6,
    "at": 2.4,
    "of": 0.9,
    "local_noun": 2.2,
    "long": 1.8,
    "tag": 0.8,
    "size": 0.8,
    "coarse": 1.6,
    "shortened": -0.5,
    "common": -3.2,
    "given_name": -1.6,
    "person_before": -3.0,
    "title_before": -3.0,
    "name_before": -1.4,
    "name_after": -1.0,
    "club": -2.5,
    "listed": 1.2,
    "admin_after": 2.5,
    "short": -2.0,
    "part": -4.0,
    "ner_place": 2.0,
    "ner_person": -2.5,
    "ner_other": -1.0,
    "ner_none": -0.6,
}
"""Log-odds of each surrounding; set by hand on development posts, then checked one by one (benchmarks/places.py)."""


class NameInfo(NamedTuple):
    """What the resolver knows of a gazetteer name before it reads the post."""

    rows: tuple[tuple[int, int], ...]
    """Rows, and how each answers to the name (``nlp.gazetteer.PRIMARY``, ``ALTERNATE``, ``SHORT``)."""
    codes: tuple[tuple[int, int], ...]
    """Rows that answer to it only as a code in capitals ("US", "NZ")."""
    population: int
    """Of the most populous place of that name."""
    short: bool
    """It is nobody's full name ("Mantes" for Mantes-la-Jolie)."""
    coarse: bool
    """A country, region or département bears it."""
    fine: bool
    """Only places below the town bear it."""
    common: bool
    """It is an ordinary word of the language of the post."""


class Sight(NamedTuple):
    """A stretch of the post that may name a place."""

    first: int
    last: int
    start: int
    end: int
    kind: SightKind
    role: Role
    rows: tuple[tuple[int, int], ...]
    logit: float
    wide: bool = False
    """The place named is near, not there ("sortie Mantes", "heard from X", "Mantes-Sud")."""
    road: RoadSight | None = None

    @property
    def probability(self) -> float:
        """The probability, from the surroundings alone, that the stretch names a place."""
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, self.logit))))


class Phrase(NamedTuple):
    """Words ``first..last`` held together by a kind word; ``site`` says that the name inside is often the town's."""

    first: int
    last: int
    site: bool
    regional: bool


def find_phrases(words: Words) -> list[Phrase]:
    """Find kind phrases ("rue d'Aubagne", "gare de Rennes", "Kirkstall Road", "Butte County"), longest first at each word."""
    items = words.items
    phrases: list[Phrase] = []
    index = 0
    while index < len(items):
        word = items[index]
        before = word.data in lists.STREET_BEFORE or word.data in lists.SITE_BEFORE
        if before and not word.mark:
            last = _phrase_end(words, index)
            if last > index:
                site = word.data in lists.SITE_BEFORE
                phrases.append(Phrase(index, last, site, regional=False))
                index = last + 1
                continue
        if word.data in lists.STREET_AFTER and word.capital and not word.mark and words.near(index):
            first = _phrase_start(words, index)
            if first < index and not (phrases and phrases[-1].last >= first):
                site = word.data in {
                    b"station",
                    b"airport",
                    b"hospital",
                    b"university",
                    b"college",
                    b"services",
                    b"stadium",
                }
                phrases.append(Phrase(first, index, site, regional=word.data in lists.REGION_AFTER))
        index += 1
    return phrases


def _phrase_end(words: Words, index: int) -> int:
    """Give the last word of the name behind a kind word, or ``index`` when none follows."""
    items = words.items
    position, last = index + 1, index
    named = 0
    while position < len(items) and position <= index + MAX_PHRASE_WORDS:
        word = items[position]
        if word.gap not in {" ", "-", "'", "’", " l'", " d'", ". ", " #"} or (
            word.gap == ". " and len(items[position - 1].data) > 3
        ):
            break
        if word.data in lists.CONNECTORS:
            if named and not _name_goes_on(words, position):
                break
            position += 1
            continue
        glued = words.glued(position) and named > 0
        linked = named > 0 and items[position - 1].data in lists.CONNECTORS
        if (
            word.capital
            or glued
            or (named == 0 and _may_be_lower_name(words, index, position))
            or (linked and word.capital)
        ):
            named += 1
            last = position
            position += 1
            continue
        break
    return last


def _name_goes_on(words: Words, position: int) -> bool:
    following = position + 1
    items = words.items
    while following < len(items) and items[following].data in lists.CONNECTORS and following < position + 3:
        following += 1
    return (
        following < len(items)
        and (items[following].capital or words.glued(following))
        and items[position].data not in {b"a", b"au", b"aux", b"and"}
    )


def _may_be_lower_name(words: Words, index: int, position: int) -> bool:
    """Tell whether a lower-case word may be the name behind a kind word: a street word, then "de/du", then no function word."""
    word = words.items[position]
    if (
        word.data in lists.NOT_PLACES
        or word.data in lists.STREET_BEFORE
        or len(word.data) < 4
        or not word.data.isalpha()
    ):
        return False
    return position > index + 1 or words.items[index].data in {
        b"rue",
        b"avenue",
        b"bd",
        b"boulevard",
        b"quai",
        b"pont",
        b"stade",
        b"place",
    }


def _phrase_start(words: Words, index: int) -> int:
    """Give the first word of the capitalised name before a kind word, or ``index`` when there is none."""
    items = words.items
    first = index
    position = index - 1
    while position >= 0 and position >= index - 3 and words.linked(position + 1):
        word = items[position]
        if not word.capital and not (word.data == b"s" and items[position + 1].gap == " "):
            break
        if word.mark or word.data in lists.NOT_PLACES or word.data in lists.LOCATIVE and word.initial:
            break
        first = position
        if word.initial:
            break
        position -= 1
    if items[first].data == b"s":
        return index
    return first


class Reader:
    """Finds the sights of a post.

    Args:
        find: the gazetteer's matches ``(at, to, name_id)`` in folded bytes.
        info: what is known of a gazetteer name in a post of a language.
    """

    def __init__(
        self,
        find: Callable[[bytes], Sequence[tuple[int, int, int]]],
        info: Callable[[int, str | None], NameInfo],
    ) -> None:
        self._find = find
        self._info = info

    def sights(
        self,
        text: str,
        folded: Folded,
        lang: str | None,
        taken: Sequence[tuple[int, int]],
        entities: Sequence[Entity] | None = None,
    ) -> tuple[Words, list[Sight]]:
        """Give the words of a post and the sights in it, in order, without overlaps (roads excepted).

        ``taken`` are the spans of hazard terms: no name lies inside one. ``entities`` are those of NER, ``None`` when it did not read.
        """
        words = Words(text, folded)
        phrases = find_phrases(words)
        roads = find_roads(words)
        blocked = [*taken, *((road.start, road.end) for road in roads)]
        matches: list[tuple[int, int, NameInfo]] = []
        for at, to, name_id in self._find(folded.data):
            where = words.range(at, to)
            if where is not None:
                matches.append((*where, self._info(name_id, lang)))
        named = {index for first, last, _ in matches for index in range(first, last + 1) if words.items[first].capital}
        found: list[Sight] = []
        for first, last, info in matches:
            sight = self._weigh(words, first, last, info, phrases, named, entities)
            if sight is not None and not _inside(sight.start, sight.end, blocked):
                found.append(sight)
        kept = _choose(found)
        kept += _phrase_sights(words, phrases, kept, blocked)
        kept += _unknown_sights(words, kept, blocked, entities)
        kept += [
            Sight(-1, -1, road.start, road.end, "road", "at", (), 2.5 if road.sure else 0.3, wide=True, road=road)
            for road in roads
            if not _inside(road.start, road.end, taken)
        ]
        kept.sort(key=lambda sight: (-sight.logit, sight.start))
        return words, sorted(kept[:MAX_SIGHTS], key=lambda sight: (sight.start, sight.end))

    def _weigh(  # noqa: C901, PLR0912, PLR0913, PLR0915  # one row of log-odds after the other; splitting it would hide the sum
        self,
        words: Words,
        first: int,
        last: int,
        info: NameInfo,
        phrases: list[Phrase],
        named: set[int],
        entities: Sequence[Entity] | None,
    ) -> Sight | None:
        items = words.items
        head, tail = items[first], items[last]
        if "@" in {head.mark, tail.mark} or "/" in {head.mark, tail.mark}:
            return None
        start, end = head.start, tail.end
        single = first == last
        if single and (head.data in lists.NOT_PLACES or head.data.isdigit()):
            return None
        rows = info.rows
        if info.codes and head.upper and not words.caseless:
            rows = (*info.codes, *info.rows)
        if not rows:
            return None
        weigh = WEIGHTS
        logit = weigh["base"]
        tagged = head.mark == "#" or (head.gap == "" and first > 0 and _in_tag(words, first))
        capital = all(word.capital or word.data in lists.CONNECTORS for word in items[first : last + 1])
        short = end - start <= 3
        if tagged:
            logit += weigh["tag"] + weigh["capital"] * 0.5
            if _in_tag(words, first) and not _whole_tag(words, first, last):
                logit -= 0.8
        elif capital:
            logit += weigh["capital_initial"] if head.initial and single else weigh["capital"]
            if head.upper and not words.caseless:
                logit += weigh["upper"] if not short else 0.0
        else:
            logit += weigh["caseless"] if words.caseless and not short else weigh["lower"]
        if words.caseless and capital and not tagged:
            logit += weigh["caseless"] - 0.8 * weigh["capital"]
        role, strength = _role(words, first)
        logit += strength
        if last - first >= 1 and not all(len(word.data) <= 2 for word in items[first : last + 1]):
            logit += weigh["long"] if capital or tagged else weigh["long"] * 0.6
        logit += weigh["size"] * (math.log10(info.population + 100) - 4.0)
        if info.coarse:
            logit += weigh["coarse"]
        if info.short:
            logit += weigh["shortened"]
        if info.common and not tagged:
            logit += weigh["common"] * (0.5 if capital and not head.initial and not words.caseless else 1.0)
        if short and not (head.upper and info.population > 100_000) and not (capital and len(head.data) == 3):
            logit += weigh["short"]
        if not tagged:
            logit += _person(words, first, last, named)
        following = last + 1
        if following < len(items) and items[following].gap in {", ", " (", ","} and following in named:
            logit += weigh["admin_after"] * 0.5
        if _listed(words, first, last, named):
            logit += weigh["listed"]
        wide = role in {"origin", "towards"}
        # A hyphen ties the name into a longer one, unless the other part only cuts it ("Mantes-Sud") or is a name too ("Lyon-Valence").
        if following < len(items) and words.glued(following):
            if items[following].data in lists.DIRECTIONS:
                wide = True
            elif following not in named:
                logit += weigh["part"]
        if words.glued(first) and first - 1 not in named:
            logit += (
                weigh["part"]
                if items[first - 1].data not in lists.DIRECTIONS and items[first - 1].data not in {b"tgv", b"ex"}
                else 0.0
            )
        for phrase in phrases:
            if phrase.first <= first and last <= phrase.last:
                if phrase.regional:
                    break
                if first == phrase.first and items[first].data in lists.SITE_BEFORE | lists.STREET_BEFORE:
                    logit += 1.5  # the gazetteer knows the whole thing ("gare de Lyon", "pont d'Aquitaine")
                elif not phrase.site or info.fine:
                    logit += weigh["part"] if not info.fine else 0.5
                else:
                    wide = True
                    logit += 0.8
                break
        if entities is not None and not tagged:
            logit += _ner(start, end, entities)
        return Sight(first, last, start, end, "name", "tag" if tagged and role == "bare" else role, rows, logit, wide)


def _in_tag(words: Words, index: int) -> bool:
    while index >= 0:
        if words.items[index].mark == "#":
            return True
        if words.items[index].gap != "":
            return False
        index -= 1
    return False


def _whole_tag(words: Words, first: int, last: int) -> bool:
    return words.items[first].mark == "#" and (last + 1 >= len(words.items) or words.items[last + 1].gap != "")


def _inside(start: int, end: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start < high and low < end and (low <= start and end <= high or low < end) for low, high in spans)


def _role(words: Words, first: int) -> tuple[Role, float]:
    """Give how the words before a name lead to it, and the log-odds of that."""
    items = words.items
    index = first - 1
    if index < 0 or items[first].gap not in {" ", "'", "’", " #", " l'", " d'", "-", "  ", ' "', " «", " « "}:
        return "bare", 0.0
    if items[index].data in lists.ARTICLES and index > 0 and items[index].gap in {" ", "'", "’"}:
        index -= 1
    word = items[index]
    if word.mark:
        return "bare", 0.0
    if word.data in lists.ORIGIN:
        return "origin", WEIGHTS["at"]
    if word.data in lists.TOWARDS:
        return "towards", WEIGHTS["at"] if word.data != b"to" else WEIGHTS["of"]
    if word.data in lists.LOCATIVE:
        # "pres de", "autour de" end in a genitive; "a" may be the verb or the English article, "in"/"at" are safe
        return "at", WEIGHTS["at"] if len(word.data) > 1 or items[first].capital or words.caseless else WEIGHTS["of"]
    if word.data in lists.GENITIVE:
        before = items[index - 1].data if index > 0 else b""
        if before in lists.LOCAL_NOUNS or before in lists.LOCATIVE or before in {b"pres", b"loin", b"proche"}:
            return "at", WEIGHTS["local_noun"]
        return "of", WEIGHTS["of"] if word.data != b"s" else 0.0
    if word.data in lists.DIRECTIONS or word.data in lists.LOCAL_NOUNS:
        return "at", WEIGHTS["of"]
    return "bare", 0.0


def _person(words: Words, first: int, last: int, named: set[int]) -> float:
    """Give the log-odds that capitalised neighbours make the name a part of a person's or another thing's name."""
    items = words.items
    total = 0.0
    if first > 0 and words.linked(first):
        before = items[first - 1]
        if before.data in lists.TITLES and (before.capital or words.caseless):
            total += WEIGHTS["title_before"]
        elif before.data in lists.GIVEN_NAMES and before.capital:
            total += WEIGHTS["person_before"]
        elif before.data in lists.SPORT_CLUB and (before.upper or before.capital):
            total += WEIGHTS["club"]
        elif (
            before.capital
            and not before.initial
            and first - 1 not in named
            and before.data not in lists.DIRECTIONS | lists.ARTICLES
        ):
            total += WEIGHTS["name_before"] if before.data not in lists.NOT_PLACES and not words.caseless else 0.0
    if last + 1 < len(items) and words.linked(last + 1):
        after = items[last + 1]
        if after.data in lists.CLUB_AFTER and (after.capital or after.data in {b"vs", b"v"}):
            total += WEIGHTS["club"]
        elif after.data in lists.ADVERT_AFTER and after.capital:
            total += WEIGHTS["club"]
        elif (
            after.capital
            and not after.upper
            and not words.caseless
            and last + 1 not in named
            and after.data not in lists.DIRECTIONS
            and after.data not in lists.STREET_AFTER
            and after.data not in lists.NOT_PLACES
        ):
            total += WEIGHTS["name_after"]
    if first == last and items[first].data in lists.GIVEN_NAMES:
        total += WEIGHTS["given_name"]
    return total


def _listed(words: Words, first: int, last: int, named: set[int]) -> bool:
    """Tell whether the name stands in a list of names ("Lyon, Valence et Orange", "Leeds/Bradford")."""
    items = words.items
    separators = {", ", "/", " / ", " - ", ",", " & ", " – "}
    after = last + 1
    if after < len(items) and (
        items[after].gap in separators or items[after].data in {b"et", b"and", b"y", b"e", b"und"}
    ):
        following = after if items[after].gap in separators else after + 1
        if following in named:
            return True
    before = first - 1
    if before >= 0 and items[first].gap in separators and before in named:
        return True
    return before >= 1 and items[before].data in {b"et", b"and", b"y", b"e", b"und"} and before - 1 in named


def _ner(start: int, end: int, entities: Sequence[Entity]) -> float:
    for entity in entities:
        if entity.start < end and start < entity.end:
            longer = (entity.end - entity.start) > (end - start) + 4
            if entity.label == "place":
                return WEIGHTS["ner_place"] * (0.5 if longer else 1.0)
            return WEIGHTS["ner_person" if entity.label == "person" else "ner_other"]
    return WEIGHTS["ner_none"]


def _choose(found: list[Sight]) -> list[Sight]:
    """Keep non-overlapping sights: the longest that is not hopeless, then the most probable."""
    kept: list[Sight] = []
    for sight in sorted(found, key=lambda one: (one.logit < -1.5, -(one.last - one.first), -one.logit, one.start)):
        if all(sight.last < other.first or other.last < sight.first for other in kept):
            kept.append(sight)
    return kept


def _phrase_sights(
    words: Words, phrases: list[Phrase], kept: list[Sight], blocked: Sequence[tuple[int, int]]
) -> list[Sight]:
    """Give the kind phrases that no gazetteer name fills, as unresolved streets and sites."""
    added: list[Sight] = []
    for phrase in phrases:
        start, end = words.items[phrase.first].start, words.items[phrase.last].end
        if _inside(start, end, blocked):
            continue
        overlapping = [sight for sight in kept if sight.first <= phrase.last and phrase.first <= sight.last]
        if any(sight.logit > 0 for sight in overlapping):
            continue
        role, strength = _role(words, phrase.first)
        capital = any(word.capital for word in words.items[phrase.first + 1 : phrase.last + 1])
        logit = 0.6 + 0.4 * strength + (0.5 if capital else -0.6)
        for sight in overlapping:
            kept.remove(sight)
        added.append(Sight(phrase.first, phrase.last, start, end, "site" if phrase.site else "street", role, (), logit))
    return added


def _unknown_sights(
    words: Words, kept: list[Sight], blocked: Sequence[tuple[int, int]], entities: Sequence[Entity] | None
) -> list[Sight]:
    """Give capitalised names behind a locative, and NER's places, that the gazetteer does not hold; they stay unresolved."""
    items = words.items
    covered = {index for sight in kept for index in range(sight.first, sight.last + 1)}
    added: list[Sight] = []
    index = 0
    while index < len(items):
        word = items[index]
        if (
            index in covered
            or word.mark
            or not word.capital
            or word.initial
            or words.caseless
            or word.data in lists.NOT_PLACES
            or len(word.data) < 3
        ):
            index += 1
            continue
        last = index
        while (
            last + 1 < len(items)
            and last - index + 1 < MAX_UNKNOWN_WORDS
            and last + 1 not in covered
            and _continues(words, last + 1)
        ):
            last += 1
        while items[last].data in lists.CONNECTORS and last > index:
            last -= 1
        role, strength = _role(words, index)
        logit = -1.5 + strength + (0.4 if last > index else 0.0) + _person(words, index, last, set())
        if entities is not None:
            logit += _ner(word.start, items[last].end, entities)
        if word.upper:
            logit -= 0.6
        if logit > -1.0 and role in {"at", "origin", "towards"} and not _inside(word.start, items[last].end, blocked):
            added.append(Sight(index, last, word.start, items[last].end, "unknown", role, (), logit))
            covered.update(range(index, last + 1))
        index = last + 1
    for entity in entities or ():
        inside = [
            position for position, word in enumerate(items) if entity.start <= word.start and word.end <= entity.end
        ]
        if entity.label != "place" or not inside or covered.intersection(inside):
            continue
        while inside and (items[inside[0]].data in lists.ARTICLES | lists.GENITIVE | lists.NOT_PLACES | lists.LOCATIVE):
            inside.pop(0)
        if not inside or items[inside[0]].mark in {"@", "/"}:
            continue
        start, end = items[inside[0]].start, items[inside[-1]].end
        if not _inside(start, end, blocked) and items[inside[0]].capital:
            role, strength = _role(words, inside[0])
            added.append(Sight(inside[0], inside[-1], start, end, "unknown", role, (), 0.2 + 0.5 * strength))
    return added


def _continues(words: Words, index: int) -> bool:
    word = words.items[index]
    if not words.linked(index) or word.mark:
        return False
    if word.data in lists.CONNECTORS:
        return (
            index + 1 < len(words.items)
            and words.items[index + 1].capital
            and words.linked(index + 1)
            and word.data not in lists.LOCATIVE
        )
    return word.capital or words.glued(index)
