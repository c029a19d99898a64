"""How a sentence leads to a name, and so how the name is tied to what is told: in it, near it, seen from it, or only somebody's home.

Roles: ``at`` (in, on), ``near`` (by it, not in it), ``towards``, ``origin`` (seen, heard or sent from it), ``of``, ``bare``; ``ground`` is
that of a service which speaks or acts; ``service`` and ``media`` name a town's people who go or tell elsewhere; ``likeness`` names another
time or place as an example.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nlp import placewords as lists
from nlp.agencies import named_after, named_before

if TYPE_CHECKING:
    from nlp.words import Words

GAPS_LED: Final = frozenset(
    {
        " ",
        "'",
        "’",
        " #",
        " l'",
        " d'",
        " l’",
        " d’",
        "-",
        "  ",
        ' "',
        " «",
        " « ",
        "\xa0",
    }
)
"""What may stand between a preposition and the name that it leads to."""
WIDE_ROLES: Final = frozenset({"origin", "towards", "near", "media", "service", "likeness", "journey", "ground"})
"""Roles of places by which, and not in which, the thing is."""
MAX_BETWEEN: Final = 4
"""Words from "between" to the "and" of its second place."""
_EDITION: Final = frozenset({b"morning", b"evening", b"daily"})


def lead(words: Words, first: int) -> tuple[str, str]:  # noqa: C901, PLR0911  # one case a role
    """Give how the words before a name lead to it: its role and the feature of that (empty for none)."""
    items = words.items
    index = first - 1
    if index < 0 or items[first].gap not in GAPS_LED:
        return "bare", ""
    if items[index].data in lists.ARTICLES and index > 0 and items[index].gap in {" ", "'", "’"}:
        index -= 1
    word = items[index]
    if word.mark:
        return "bare", ""
    if word.data in lists.ORIGIN:
        return "origin", "origin"
    by = index > 0 and items[index - 1].data in lists.NEAR and not items[index - 1].mark
    if by and word.data in {b"to", b"a", b"al"}:
        return "near", "at"  # "close to X", "vicino a X"
    if word.data in lists.BETWEEN or (word.data in lists.AND and _between(words, index)):
        return "near", "at"
    if word.data in lists.TOWARDS:
        return "towards", "towards" if word.data != b"to" else "of"
    if word.data in lists.LOCATIVE or word.data in lists.NEAR:
        return _inside_or_near(words, index)
    if word.data in lists.GENITIVE and word.data != b"s":
        return _genitive(words, index - 1) if index > 0 else ("of", "of")
    if word.data in lists.LOCAL_NOUNS or word.data == b"on":
        return "at", "at_weak"
    service = named_before(words, index, of=False)
    return (service, "of") if service else ("bare", "")


def _inside_or_near(words: Words, index: int) -> tuple[str, str]:
    word = words.items[index]
    # "a" may be the French verb or the English article
    sure = len(word.data) > 1 or "à" in words.text[word.start : word.end].lower()
    feature = "at" if sure else "at_weak"
    if index > 0 and words.items[index - 1].data in lists.LIKENESS and not words.items[index - 1].mark:
        return "likeness", feature
    return ("near" if word.data in lists.NEAR else "at"), feature


def _between(words: Words, index: int) -> bool:
    """Tell whether the "and" at an index stands before the second of two places that a thing lies between."""
    return any(
        word.data in lists.BETWEEN and not word.mark for word in words.items[max(0, index - MAX_BETWEEN) : index]
    )


def _genitive(words: Words, index: int) -> tuple[str, str]:
    """Give the role behind "of" or "de", by the word before it, which stands at an index."""
    word = words.items[index]
    before = word.data
    beside = before == b"cote" and index > 0 and words.items[index - 1].data == b"a"  # "à côté de X"
    if beside or before in lists.NEAR or (before in lists.COMPASS and not _part_of(words, index)):
        return "near", "local_noun"
    service = named_before(words, index, of=True)
    if service:
        return service, "of"
    if before in lists.NEWSPAPER_OF and word.capital and not words.shouting:
        return "media", "of"
    if before in lists.LOCAL_NOUNS or before in lists.LOCATIVE:
        return "at", "local_noun"
    return "of", "of"


def _part_of(words: Words, index: int) -> bool:
    """Tell whether the compass word at an index names a part of the place ("in the north of X", "le nord de X")."""
    return index > 0 and words.items[index - 1].data in lists.ARTICLES


def paper(words: Words, first: int, last: int) -> bool:
    """Tell whether the place is half of a newsroom's name ("Ouest-France", "France Bleu")."""
    items = words.items
    return (words.linked(first) and items[first - 1].data + b" " + items[first].data in lists.PAPERS) or (
        words.linked(last + 1) and items[last].data + b" " + items[last + 1].data in lists.PAPERS
    )


def organisation(words: Words, first: int, last: int) -> str:
    """Give the role of a place that only names somebody: ``media``, ``ground``, ``service``, empty when it does not.

    "CBS Dallas" and "Dallas Morning News" tell of a thing, "Dallas Police" acts on its own ground, "Dallas firefighters" go to it.
    """
    items = words.items
    following = last + 1
    if following < len(items) and words.linked(following):
        after = items[following].data
        then = items[following + 1].data if following + 1 < len(items) and words.linked(following + 1) else b""
        newspaper = after in lists.NEWSPAPER and items[following].capital and not words.shouting
        if newspaper or after in lists.NEWSROOM or (after in _EDITION and then in lists.NEWSROOM):
            return "media"
    if first > 0 and words.linked(first) and items[first - 1].data in lists.NEWSROOM and items[first - 1].capital:
        return "media"
    return named_after(words, first, last)
