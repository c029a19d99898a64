"""The words of a post, seen both folded and as written.

Place recognition asks the same questions of every word: how is it written (capital, all capitals), what stands between it and its
neighbours (a hyphen, a full stop, a hash), is it inside a link or a handle? They are answered once here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from nlp.fold import Folded

MAX_WORDS: Final = 400
"""Words looked at in one post; what comes after is not searched for places (the limit of a post's cost)."""

_WORD: Final = re.compile(rb"[^ ]+")
_LINK: Final = re.compile(r"(?:https?://|www\.)\S+|\b[\w.+-]+@[\w-]+\.\w+", re.IGNORECASE)
_ENDS_SENTENCE: Final = frozenset('.!?…:\n|•«"“')


class Word(NamedTuple):
    """One folded word ``[at, to)`` of ``Folded.data`` and its stretch ``[start, end)`` in the original text (code points)."""

    data: bytes
    at: int
    to: int
    start: int
    end: int
    capital: bool
    """Its first letter is upper case."""
    upper: bool
    """All its letters (at least two) are upper case."""
    initial: bool
    """It opens the text or a sentence, where a capital says nothing."""
    mark: str
    """``#`` or ``@`` when it is a hashtag or a handle, ``/`` inside a link, else empty."""
    gap: str
    """What stands between the word before and this one."""


class Words:
    """The words of one post with their case, gaps and marks.

    Attributes:
        text: the original text.
        items: the words in order, at most ``MAX_WORDS``.
        caseless: the case of the post says nothing: no capital inside it, or all capitals.
        shouting: it is all capitals.
        titled: it is written like an English headline, nearly every long word with a capital, where a capital says little.
    """

    __slots__ = ("by_at", "by_to", "caseless", "items", "shouting", "text", "titled")

    def __init__(self, text: str, folded: Folded) -> None:
        self.text = text
        links = [match.span() for match in _LINK.finditer(text)]
        items: list[Word] = []
        inner = lower = lower_long = upper = 0
        last_end = 0
        mark_before = ""
        for match in _WORD.finditer(folded.data):
            if len(items) >= MAX_WORDS:
                break
            at, to = match.span()
            start, end = folded.span(at, to)
            gap = text[last_end:start] if start >= last_end else ""
            written = text[start:end]
            capital = written[:1].isupper()
            all_upper = capital and written.isupper() and end - start > 1
            initial = not items or not _ENDS_SENTENCE.isdisjoint(gap) or (mark_before == "@" and gap != "")
            mark = gap[-1] if gap and gap[-1] in "#@" else ""
            if not mark and mark_before == "@" and gap in {"_", "-", "."}:
                mark = "@"
            if links and any(low <= start < high for low, high in links):
                mark = "/"
            items.append(
                Word(
                    match.group(),
                    at,
                    to,
                    start,
                    end,
                    capital,
                    all_upper,
                    initial,
                    mark,
                    gap,
                )
            )
            if not mark and written[:1].isalpha():
                if all_upper:
                    upper += 1
                elif capital:
                    inner += not initial
                else:
                    lower += 1
                    lower_long += end - start > 4
            last_end = end
            mark_before = mark
        self.items = items
        self.by_at = {word.at: index for index, word in enumerate(items)}
        self.by_to = {word.to: index for index, word in enumerate(items)}
        self.titled = inner >= 4 and inner >= 2 * lower_long
        self.shouting = upper >= 3 and upper > 2 * (lower + inner)
        self.caseless = (inner == 0 and upper <= 1) or self.shouting

    def range(self, at: int, to: int) -> tuple[int, int] | None:
        """Give the word indices ``(first, last)`` that a folded stretch ``[at, to)`` covers, or ``None`` when it cuts a word."""
        first, last = self.by_at.get(at), self.by_to.get(to)
        return None if first is None or last is None else (first, last)

    def glued(self, index: int) -> bool:
        """Tell whether a hyphen or an underscore ties the word to the one before it (a part of a longer name)."""
        return 0 < index < len(self.items) and self.items[index].gap in {
            "-",
            "‐",
            "‑",
            "_",
            "–",
        }

    def near(self, index: int) -> bool:
        """Tell whether only a blank stands between the word and the one before it."""
        return 0 < index < len(self.items) and self.items[index].gap == " "

    def linked(self, index: int) -> bool:
        """Tell whether no full stop, comma or other mark parts the word from the one before it."""
        return 0 < index < len(self.items) and self.items[index].gap in {
            " ",
            "-",
            "'",
            "’",
            "  ",
            " #",
            "#",
            " l'",
            "\u00a0",
        }
