"""The words of the lexicon within what it matched: a term tells what the lexicon knows, never what a person put in between.

A frame spans words that nobody listed ("immeuble de … brûle"), and a stem takes any ending ("brul*" would take a surname). Mentions, and
the incidents made of them, outlive the text; so of a match only listed words go on, an unlisted stretch is told as ``…``, and a stem with
an ending that no ordinary word has is told as the stem.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from nlp.matcher import is_common
from nlp.pattern import STEM_TAIL, Frame

ELLIPSIS: Final = "…"
_ENDINGS: Final = (
    "ascii e es s ee ees er ent ez ant ante ants antes ait aient ons a ai as ront ra era eront ement "
    "ements tion tions ation ations ir it is issent ed d ing ings ion ions ment ments r rs ers o os ado "
    "ada ados adas ido ida idos idas ando endo ar aron ieron aba aban an en ato ata ati ate uto uta uti "
    "ute ito ita iti ite ano ono are ere ire ava avano azione azioni ao aram eram iram ou t te ten end "
    "ende enden ung ungen n et ete eten eux euse euses al ale aux aire aires "
)
INFLECTIONS: Final = frozenset(_ENDINGS.encode("ascii").split())
"""Endings of ordinary words, folded, in the languages of the lexicon: with one of them a stem is told as it stands."""
FORM_SETS: Final = 1_024
"""Entries whose forms are remembered as one set."""


@dataclass(frozen=True, slots=True)
class _Listed:
    """The forms of one entry."""

    forms: frozenset[bytes]
    stems: frozenset[bytes]
    most_words: int

    def at(self, words: list[bytes], at: int) -> tuple[int, str]:
        """Give the length in words of the longest listed form that stands at a word, and how it is told; 0 for none."""
        for length in range(min(self.most_words, len(words) - at), 0, -1):
            form = b" ".join(words[at : at + length])
            if form in self.forms:
                return length, form.decode("ascii")
            stem = self._stem_of(form, words[at + length - 1]) if self.stems else None
            if stem is not None:
                whole = form[len(stem) :] in INFLECTIONS or form == stem or is_common(words[at + length - 1])
                return length, form.decode("ascii") if whole else stem.decode("ascii") + ELLIPSIS
        return 0, ""

    def _stem_of(self, form: bytes, last: bytes) -> bytes | None:
        """Give the longest stem that the form is an ending of, within its last word."""
        ends = range(len(form), len(form) - min(STEM_TAIL + 1, len(last)), -1)
        return next((form[:end] for end in ends if form[:end] in self.stems), None)


class Wording:
    """Tells the listed words of matches.

    Args:
        frames: for each entry its frames.

    >>> from nlp.pattern import compile_form
    >>> wording = Wording([compile_form("immeuble ... (brul*|en feu)", {})])
    >>> wording.told(b"immeuble de jeanne exemple brule", 0), wording.told(b"immeuble en feu", 0)
    ('immeuble … brule', 'immeuble en feu')
    >>> wording.told(b"immeuble brulardin", 0)
    'immeuble brul…'
    """

    def __init__(self, frames: Sequence[Iterable[Frame]]) -> None:
        self._frames = frames
        self._plain = [all(_is_plain(frame) for frame in some) for some in frames]
        self._forms = lru_cache(maxsize=FORM_SETS)(self._forms_of)

    def told(self, matched: bytes, number: int) -> str:
        """Give the listed words of what was matched of an entry, by its number."""
        if self._plain[number]:
            return matched.decode("ascii")
        listed = self._forms(number)
        words = matched.split(b" ")
        told: list[str] = []
        at = 0
        while at < len(words):
            length, said = listed.at(words, at)
            if length:
                told.append(said)
            elif not told or told[-1] != ELLIPSIS:
                told.append(ELLIPSIS)
            at += max(1, length)
        return " ".join(told)

    def _forms_of(self, number: int) -> _Listed:
        forms = frozenset(form for frame in self._frames[number] for part in frame.parts for form in part)
        stems = frozenset(form[:-1] for form in forms if form.endswith(b"*"))
        return _Listed(forms, stems, max(form.count(b" ") + 1 for form in forms))


def _is_plain(frame: Frame) -> bool:
    return len(frame.parts) == 1 and not any(form.endswith(b"*") for form in frame.parts[0])
