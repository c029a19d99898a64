"""The outer shape of a post: length, links, marks, capitals. Newsrooms, services, shops and frightened people write differently."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_LINK: Final = re.compile(r"https?://\S+|www\.\S+|\[(?:lien|link)\]|\bt\.co/", re.IGNORECASE)
_WORD: Final = re.compile(r"[^\W\d_]+")
_BULLETIN: Final = re.compile(
    r"^\W*(?:[🔴⚠🚨🟠🟥❗📢ℹ]|\[[^\]]{2,30}\]|(?:#?[A-ZÀ-Ý][A-ZÀ-Ý’' ]{3,24})\s?[:|·—-]|(?:[01]?\d|2[0-3])[h:][0-5]\d\b"
    r"|BREAKING|URGENT|ALERTE|UPDATE|JUST IN|EN DIRECT)"
)
_CLOCK: Final = re.compile(r"\b(?:[01]?\d|2[0-3])\s?[h:.]\s?[0-5]\d\b|\b(?:[01]?\d|2[0-3])\s?h\b", re.IGNORECASE)
_HERE: Final = re.compile(r"\blà\b(?!\s?-?\s?bas\b)", re.IGNORECASE)
_EMOJI: Final = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]")


@dataclass(frozen=True, slots=True)
class Shape:
    """Counts and traits of a text."""

    words: int
    letters: int
    links: int
    handles: int
    hashtags: int
    exclamations: int
    questions: int
    digits: int
    emoji: int
    clocks: int
    """Clock times ("17 h 20")."""
    here: int
    """The French "là", which the fold cannot tell from the article."""
    shouted: bool
    """Two words and more, most letters in capitals."""
    lower_start: bool
    """It begins with a small letter."""
    bulletin: bool
    """It opens like a bulletin: a red dot, a tag in brackets, BREAKING, "RENNES :"."""
    prose: bool
    """Whole sentences: begins with a capital, ends in a full stop, 12 words and more."""
    stretched: bool
    """A letter three times in a row, or several marks ("??", "!!")."""


def shape_of(text: str) -> Shape:
    """Measure a text.

    >>> shape = shape_of("RENNES : incendie en cours rue de Brest. https://t.co/x")
    >>> shape.links, shape.bulletin, shape.lower_start
    (1, True, False)
    """
    words = _WORD.findall(text)
    letters = sum(map(len, words))
    capitals = sum(c.isupper() for c in text)
    first = next((c for c in text if c.isalpha()), "A")
    stripped = text.rstrip()
    return Shape(
        words=len(words),
        letters=letters,
        links=len(_LINK.findall(text)),
        handles=text.count("@"),
        hashtags=text.count("#"),
        exclamations=text.count("!"),
        questions=text.count("?"),
        digits=sum(c.isdigit() for c in text),
        emoji=len(_EMOJI.findall(text)),
        clocks=len(_CLOCK.findall(text)),
        here=len(_HERE.findall(text)),
        shouted=len(words) >= 2 and letters >= 6 and capitals >= 0.6 * letters,
        lower_start=first.islower(),
        bulletin=_BULLETIN.match(text) is not None,
        prose=not first.islower() and len(words) >= 12 and stripped.endswith((".", "…", "»")),
        stretched=re.search(r"([^\W\d_])\1\1|[!?]{2,}", text) is not None,
    )
