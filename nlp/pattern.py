"""The small language in which lexicon forms are written, and its expansion to folded forms.

======================  ==============================================================================================================
``incendie``            words as people write them; case, accents and punctuation do not matter (forms are folded like posts)
``feu(x|)``             alternatives, inside words or around them; an empty alternative is allowed; they nest
``[gros] incendie``     optional words, the same as ``(gros|)``
``{firemen} partout``   a macro of the language: its text stands there in brackets
``inond*``              at the end of a form: any ending of the last word (at most ``STEM_TAIL`` more letters)
``{car} ... tonneau``   a frame: the parts in this order with at most ``GAP_WORDS`` words between; ``...5`` sets another limit
``rue & bloquée``       a frame in either order with at most ``EITHER_GAP_WORDS`` words between; ``&2`` sets another limit
======================  ==============================================================================================================

A form without ``...`` and ``&`` expands to plain forms; a frame expands to a sequence of sets of plain forms (no products are taken across
its parts, so frames stay small).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from nlp.fold import SEPARATOR, fold_many

FORMS_PER_PART: Final = 20_000
"""How many plain forms one part of a form may expand to."""
PARTS_PER_FRAME: Final = 4
MACRO_DEPTH: Final = 8
GAP_WORDS: Final = 3
EITHER_GAP_WORDS: Final = 5
STEM_TAIL: Final = 8

_JOINT: Final = re.compile(r"\s+(\.\.\.|&)(\d*)\s+")
_SPECIAL: Final = "()[]{}|"


class PatternError(ValueError):
    """A form that breaks the rules of the language; the message says which rule."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A sequence of parts; a form without joints has one part and no gap.

    Attributes:
        parts: for each part its folded plain forms; a trailing ``*`` means any ending.
        gaps: the most words allowed between each part and the next.
    """

    parts: tuple[frozenset[bytes], ...]
    gaps: tuple[int, ...]


def compile_form(form: str, macros: Mapping[str, str]) -> list[Frame]:
    """Expand a form to frames: one, or one for each order where parts are joined by ``&``.

    Raises:
        PatternError: brackets do not match, a macro is unknown or nests too deep, nothing is left after folding, or a limit is passed.

    >>> compile_form("feu(x|) [de] forêt", {})[0].parts == (frozenset({b"feu foret", b"feux foret", b"feu de foret", b"feux de foret"}),)
    True
    >>> [frame.gaps for frame in compile_form("rue & bloquée", {})]
    [(5,), (5,)]
    """
    return Compiler(macros).compile(form)


class Compiler:
    """Expands many forms with the same macros, each macro once."""

    def __init__(self, macros: Mapping[str, str]) -> None:
        self._expansion = _Expansion(macros)

    def compile(self, form: str) -> list[Frame]:
        """Expand a form, see ``compile_form``."""
        pieces = _JOINT.split(" " + form.strip() + " ")
        parts = tuple(_plain_forms(piece, self._expansion) for piece in pieces[0::3])
        signs, limits = pieces[1::3], pieces[2::3]
        if len(parts) > PARTS_PER_FRAME:
            raise PatternError(f"expected at most {PARTS_PER_FRAME} parts, got {len(parts)}")
        gaps = tuple(
            int(limit) if limit else (GAP_WORDS if sign == "..." else EITHER_GAP_WORDS)
            for sign, limit in zip(signs, limits, strict=True)
        )
        frames = [Frame(parts, gaps)]
        if "&" in signs:
            if len(parts) != 2:
                raise PatternError("expected '&' between two parts only")
            frames.append(Frame(parts[::-1], gaps))
        return frames


def _plain_forms(piece: str, expansion: _Expansion) -> frozenset[bytes]:
    texts = [text.strip() for text in expansion.expand(piece)]
    forms: set[bytes] = set()
    for text, padded in zip(texts, fold_many(texts).split(SEPARATOR), strict=True):
        stem = text.endswith("*")
        if "*" in (text[:-1] if stem else text):
            raise PatternError(f"expected '*' only at the end, got {text!r}")
        folded = padded.strip(b" ")
        if not folded:
            raise PatternError(f"expected a letter or digit, got {text!r}")
        forms.add(folded + b"*" if stem else folded)
    return frozenset(forms)


class _Expansion:
    """Recursive descent over one piece; each method gives all the texts its stretch can stand for."""

    def __init__(self, macros: Mapping[str, str]) -> None:
        self._macros = macros
        self._known: dict[str, list[str]] = {}

    def expand(self, text: str, depth: int = 0) -> list[str]:
        """Expand a whole text."""
        if depth > MACRO_DEPTH:
            raise PatternError(f"expected macros nested at most {MACRO_DEPTH} deep")
        texts, end = self._alternatives(text, 0, depth)
        if end != len(text):
            raise PatternError(f"unexpected {text[end]!r} in {text.strip()!r}")
        return texts

    def _alternatives(self, text: str, at: int, depth: int) -> tuple[list[str], int]:
        found: dict[str, None] = {}
        while True:
            texts, at = self._sequence(text, at, depth)
            found.update(dict.fromkeys(texts))
            if at >= len(text) or text[at] != "|":
                return list(found), at
            at += 1

    def _sequence(self, text: str, at: int, depth: int) -> tuple[list[str], int]:
        texts = [""]
        while at < len(text) and text[at] not in ")]|}":
            choices, at = self._item(text, at, depth)
            if len(texts) * len(choices) > FORMS_PER_PART:
                raise PatternError(
                    f"expected at most {FORMS_PER_PART} forms, got {len(texts) * len(choices)} in {text.strip()!r}"
                )
            texts = [left + right for left in texts for right in choices] if choices != [""] else texts
        return texts, at

    def _item(self, text: str, at: int, depth: int) -> tuple[list[str], int]:
        opening = text[at]
        if opening == "{":
            end = text.find("}", at)
            name = text[at + 1 : end]
            if end < 0 or name not in self._macros:
                raise PatternError(f"expected the name of a macro, got {name!r}")
            if name not in self._known:
                self._known[name] = self.expand(self._macros[name], depth + 1)
            return self._known[name], end + 1
        if opening in "([":
            choices, end = self._alternatives(text, at + 1, depth)
            closing = ")" if opening == "(" else "]"
            if end >= len(text) or text[end] != closing:
                raise PatternError(f"expected {closing!r} to close {opening!r} in {text.strip()!r}")
            if opening == "[" and "" not in choices:
                choices.append("")
            return choices, end + 1
        end = at
        while end < len(text) and text[end] not in _SPECIAL:
            end += 1
        return [text[at:end]], end
