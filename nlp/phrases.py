"""Kind phrases: stretches that a kind word holds together ("rue d'Aubagne", "gare de Rennes", "Kirkstall Road", "Butte County").

A name inside one belongs to the street, the bridge or the school, not to the town of that name; some kinds ("gare de", "hôpital de",
"route de") mostly bear the name of their town, so the thing is in it or near it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from nlp import placewords as lists

if TYPE_CHECKING:
    from nlp.words import Words

MAX_PHRASE_WORDS: Final = 6
"""Words of a kind phrase ("rue du Général de Gaulle")."""

_BREAKS: Final = frozenset({b"a", b"au", b"aux", b"and", b"n", b"j", b"c", b"qu"})
"""Small words that end a name: "marché à Pau"."""
_JOINTS: Final = frozenset({" ", "-", "'", "’", " l'", " d'", " l’", " d’", " #", "\xa0"})


class Phrase(NamedTuple):
    """Words ``first..last`` held together by a kind word, the name itself in ``inner``."""

    first: int
    last: int
    inner: tuple[int, int]
    site: bool
    """The name inside is often the town's ("gare de Rennes")."""
    regional: bool
    """The kind word makes a region or a town of it ("Butte County")."""


def find_phrases(words: Words, lang: str | None) -> list[Phrase]:
    """Find the kind phrases of a post, in order, without overlaps; French ones (kind word first) win over English ones."""
    items = words.items
    phrases: list[Phrase] = []
    index = 0
    while index < len(items):
        word = items[index]
        if not word.mark and word.data in lists.BEFORE and (lang != "en" or _romance(words, index)):
            first, last = _name_after(words, index)
            if last > index:
                phrases.append(
                    Phrase(
                        index,
                        last,
                        (first, last),
                        word.data in lists.SITE_BEFORE,
                        regional=False,
                    )
                )
                index = last + 1
                continue
        if (
            not word.mark
            and word.data in lists.STREET_AFTER
            and not _organisation(words, index)
            and words.near(index)
            and (word.capital or _lower_street(words, index))
        ):
            first = _name_before(words, index)
            if first < index and not (phrases and phrases[-1].last >= first):
                site, regional = (
                    word.data in lists.SITE_AFTER,
                    word.data in lists.REGION_AFTER,
                )
                phrases.append(Phrase(first, index, (first, index - 1), site, regional))
        index += 1
    return phrases


def _organisation(words: Words, index: int) -> bool:
    return index > 0 and words.items[index - 1].data + b" " + words.items[index].data in lists.ORGANISATIONS


def _romance(words: Words, index: int) -> bool:
    """Tell whether "de" or its like follows a kind word: in an English post only then it stands before its name."""
    return index + 1 < len(words.items) and words.items[index + 1].data in {
        b"de",
        b"du",
        b"des",
        b"d",
        b"la",
        b"del",
        b"da",
        b"do",
    }


def _lower_street(words: Words, index: int) -> bool:
    """Tell whether a post without capitals names a street ("on wellesley road")."""
    before = words.items[index - 1]
    return (
        words.caseless
        and words.items[index].data in {b"road", b"street", b"lane", b"quay", b"avenue"}
        and len(before.data) >= 5
        and before.data.isalpha()
        and before.data not in lists.NOT_PLACES
        and before.data not in lists.PLAIN_ADJECTIVES
    )


def _name_after(words: Words, index: int) -> tuple[int, int]:
    """Give the words of the name behind a kind word; ``(index, index)`` when none follows."""
    items = words.items
    position, first, last = index + 1, index, index
    while position < len(items) and position <= index + MAX_PHRASE_WORDS:
        word = items[position]
        if word.gap not in _JOINTS and not (word.gap == ". " and len(items[position - 1].data) <= 3):
            break
        if word.data in _BREAKS or (word.upper and last > index and not items[last].upper):
            break
        if word.data in lists.CONNECTORS:
            if last > index and not _goes_on(words, position):
                break
            position += 1
            continue
        glued = words.glued(position) and last > index
        if not (word.capital or glued or (last == index and _lower_name(words, index, position))):
            break
        if word.data in lists.NOT_PLACES and not glued:
            break
        first = position if last == index else first
        last = position
        position += 1
    return first, last


def _goes_on(words: Words, position: int) -> bool:
    """Tell whether a capitalised word follows the small words at ``position`` ("rue Anne *de* Bretagne")."""
    items = words.items
    following = position + 1
    while following < len(items) and items[following].data in lists.CONNECTORS and following < position + 3:
        following += 1
    return following < len(items) and (items[following].capital or words.glued(following))


def _lower_name(words: Words, index: int, position: int) -> bool:
    """Tell whether a lower-case word may be the name behind a kind word ("rue des sarrazins", "quai des antilles")."""
    word, kind = words.items[position], words.items[index]
    return (
        kind.data in lists.LOWER_KINDS
        and word.data not in lists.NOT_PLACES
        and word.data not in lists.BEFORE
        and len(word.data) >= 4
        and word.data.isalpha()
        and (position == index + 1 or words.items[position - 1].data not in lists.LOCATIVE)
    )


def _name_before(words: Words, index: int) -> int:
    """Give the first word of the capitalised name before a kind word, ``index`` when there is none."""
    items = words.items
    first = index
    position = index - 1
    while position >= 0 and position >= index - 3 and words.linked(position + 1):
        word = items[position]
        possessive = word.data == b"s" and position + 1 < index + 1 and first <= index and not word.capital
        if possessive and words.linked(position) and position > 0 and items[position - 1].capital:
            position -= 1
            continue
        lower = words.caseless and position == index - 1 and not items[index].capital
        if not (word.capital or lower) or word.mark or word.data in lists.NOT_PLACES:
            break
        if word.data in lists.LOCATIVE and word.initial:
            break
        first = position
        if word.initial or lower:
            break
        position -= 1
    return first
