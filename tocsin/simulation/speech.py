"""How people type: habits of one author, and the slips of one post."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Final, Literal

Habit = Literal["tidy", "lower", "plain", "rough", "shout"]
HABITS: Final[tuple[Habit, ...]] = ("tidy",) * 6 + ("lower",) * 6 + ("plain",) * 3 + ("rough",) * 4 + ("shout",)
"""Habits by their share in twenty authors. ``plain`` drops accents, ``rough`` shortens and mistypes, ``shout`` writes capitals."""

_SHORT: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "fr": (
        (" qu'est-ce que", " keske"),
        ("c'est", "c"),
        ("C'est", "C"),
        ("il y a", "ya"),
        (" quelqu'un", " qqun"),
        (" beaucoup", " bcp"),
        (" tout le monde", " tt le monde"),
        (" toute", " tte"),
        (" tout ", " tt "),
        (" vous ", " vs "),
        (" dans ", " ds "),
        (" pour ", " pr "),
        (" avec ", " av "),
        (" que ", " k "),
        ("j'ai", "jai"),
        (" pas ", " pa "),
        (" toujours", " tjrs"),
        (" maintenant", " mtn"),
        ("énorme", "énoooorme"),
    ),
    "en": (
        (" you ", " u "),
        (" are ", " r "),
        ("people", "ppl"),
        (" because", " cuz"),
        (" please", " pls"),
        (" right now", " rn"),
        ("I can", "i can"),
        (" with ", " w/ "),
        (" everyone", " every1"),
        (" before", " b4"),
        (" to ", " 2 "),
        ("'s ", "s "),
        ("massive", "maaassive"),
        (" and ", " n "),
    ),
}
_NO_ACCENTS: Final = {
    code: plain
    for code in range(0xC0, 0x180)
    if (plain := unicodedata.normalize("NFD", chr(code))[0]) != chr(code) and plain.isascii()
}
SLIP_SHARE: Final = 0.5
"""Share of rough posts with a slip of the finger."""


def habit_of(author: int) -> Habit:
    """Give the habit of an author: fixed by the author's number, so that one author always writes in one way."""
    return HABITS[(author * 2_654_435_761 >> 7) % len(HABITS)]


def typed(text: str, lang: str, habit: Habit, draw: Callable[[], float]) -> str:
    """Give the text as an author of this habit types it; ``draw`` gives uniform numbers in [0, 1).

    >>> typed("il y a le feu à Évreux", "fr", "plain", lambda: 0.9)
    'il y a le feu a Evreux'
    """
    if habit == "lower":
        return text
    if habit == "tidy":
        return text[:1].upper() + text[1:]
    if habit == "plain":
        return text.translate(_NO_ACCENTS)
    if habit == "shout":
        return text.upper() if draw() < 0.5 else text
    for long, short in _SHORT[lang]:
        if long in text:
            text = text.replace(long, short)
    return slip(text, draw) if draw() < SLIP_SHARE else text


def slip(text: str, draw: Callable[[], float]) -> str:
    """Make one slip of the finger in a word: two letters change places, one is lost or doubled. Tags and links are left alone."""
    at = int(draw() * (len(text) - 2)) if len(text) > 4 else 0
    pair = text[at : at + 2]
    if len(pair) < 2 or not pair.isalpha() or "#" in text or "http" in text:
        return text
    kind = draw()
    if kind < 0.4:
        return text[:at] + pair[::-1] + text[at + 2 :]
    if kind < 0.7:
        return text[:at] + text[at + 1 :]
    return text[:at] + pair[0] + text[at:]
