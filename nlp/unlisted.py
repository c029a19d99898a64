"""Names that no gazetteer holds: streets by their kind word, parts of the world, capitalised words behind a preposition, NER's finds.

They are recognised and never resolved; the dispatcher sees them, the town named beside them gives the position.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nlp import placewords as lists
from nlp.evidence import total
from nlp.leading import lead
from nlp.sight import Sight, inside
from nlp.surroundings import Frame, in_tag, ner_feature, person, whole_tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlp.ner import Entity
    from nlp.phrases import Phrase
    from nlp.words import Words

MAX_UNKNOWN_WORDS: Final = 4
"""Words of a name that no gazetteer holds."""
DOUBTED: Final = -1.5
"""An unknown name below these log-odds is not kept."""
SURE_DOUBT: Final = 0.3
"""Log-odds that an unknown English name loses even behind "in" or "near"."""
LOOSE_DOUBT: Final = 2.0
"""The same behind other words, or in a headline."""


def overlapping(kept: Sequence[Sight], first: int, last: int) -> list[Sight]:
    """Give the sights that share a word with ``first..last``."""
    return [sight for sight in kept if sight.first <= last and first <= sight.last]


def phrase_sights(
    words: Words,
    phrases: Sequence[Phrase],
    kept: list[Sight],
    blocked: Sequence[tuple[int, int]],
) -> list[Sight]:
    """Give the kind phrases that no gazetteer name fills, as unresolved streets and sites; weak names inside them go."""
    added: list[Sight] = []
    for phrase in phrases:
        start, end = words.items[phrase.first].start, words.items[phrase.last].end
        inner = overlapping(kept, phrase.first, phrase.last)
        if inside(start, end, blocked) or any(sight.logit > 0 for sight in inner):
            continue
        role, feature = lead(words, phrase.first)
        capital = any(word.capital for word in words.items[phrase.inner[0] : phrase.inner[1] + 1])
        vague = words.items[phrase.first].data in lists.VAGUE_KINDS
        logit = (0.3 if vague else 0.9) if capital and not words.shouting else (-1.0 if vague else 0.1)
        logit += 0.8 if feature in {"at", "local_noun", "origin", "towards"} else 0.0
        for sight in inner:
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


def macro_sights(words: Words, kept: list[Sight]) -> list[Sight]:
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
        for sight in overlapping(kept, index, last):
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


def unknown_sights(
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
            if sight is not None and not inside(sight.start, sight.end, blocked):
                added.append(sight)
                covered.update(range(index, last + 1))
        index = last + 1
    for entity in entities or ():
        sight = _entity_sight(words, entity, covered) if entity.label == "place" else None
        if sight is not None and not inside(sight.start, sight.end, blocked):
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
    if role not in {"at", "near", "origin", "towards"} or feature == "of":
        return None
    word, end = words.items[first], words.items[last].end
    features: dict[str, float] = {"base": 1.0, feature: 1.0}
    person(features, Frame(words, (), frozenset(), frozenset(), (), frozenset(), entities, lang), first, last)
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
    return Sight(first, last, word.start, end, "unknown", role, (), logit) if logit > DOUBTED else None


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
