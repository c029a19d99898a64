"""Who says not to have felt, heard or noticed *the* event says that there was one: such a "no" denies nothing.

A negated perception presupposes what it names with a definite word ("no sentí el temblor", "nobody felt the last quake", "rien senti,
pourtant la secousse…") or as a hashtag: a topic that all share. An indefinite word keeps the denial: "no sentí ningún temblor", "pas senti
de séisme". Presupposition under negation: Karttunen, "Presuppositions of compound sentences", Linguistic Inquiry 4 (1973).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from nlp.cues import Cue
    from nlp.lexicon import Hit

WORDS_READ: Final = 2
"""The word that makes a term definite stands at most this many words before it ("the big quake")."""

_DEFINITE: Final[Mapping[str, frozenset[str]]] = {
    "de": frozenset(("das", "dem", "den", "der", "des", "die", "diese", "dieser", "dieses", "vom", "beim", "zum")),
    "en": frozenset(("the", "this", "that", "these", "those", "another")),
    "es": frozenset(
        ("el", "la", "los", "las", "del", "al", "este", "esta", "ese", "esa", "otro", "otra", "nuevo", "nueva")
    ),
    "fr": frozenset(("le", "la", "les", "l", "du", "ce", "cet", "cette", "ces", "nouveau", "nouvelle")),
    "it": frozenset(
        ("il", "lo", "la", "le", "gli", "i", "l", "del", "dello", "della", "dell", "questo", "questa", "quel", "quella")
    ),
    "pt": frozenset(("o", "a", "os", "as", "do", "da", "no", "na", "este", "esta", "esse", "essa", "outro", "outra")),
}
_INDEFINITE: Final[Mapping[str, frozenset[str]]] = {
    "de": frozenset(("ein", "eine", "einen", "einem", "einer", "kein", "keine", "keinen", "keiner", "irgendein")),
    "en": frozenset(("a", "an", "any", "no", "some")),
    "es": frozenset(("un", "una", "uno", "ningún", "ningun", "ninguna", "ninguno", "algún", "algun", "alguna", "ni")),
    "fr": frozenset(("de", "d", "un", "une", "aucun", "aucune")),
    "it": frozenset(("un", "uno", "una", "nessun", "nessuna", "nessuno", "alcun", "alcuna")),
    "pt": frozenset(("um", "uma", "nenhum", "nenhuma", "qualquer")),
}
_NONE: Final[frozenset[str]] = frozenset()
_WORD: Final = re.compile(r"[^\W_]+")
_BREAK: Final = re.compile(r"[.!?…;:,()\n]")
_LOOK: Final = 40
"""So many code points around a stretch are read for its words."""


def without_unfelt(
    cues: Mapping[str, Sequence[Cue]], hits: Sequence[Hit], text: str, lang: str
) -> Mapping[str, Sequence[Cue]]:
    """Drop the negations and denials that only say that somebody did not perceive an event which the text takes for known.

    Args:
        cues: the cues of a text by family.
        hits: the words of the event itself.
        text: the original text.
        lang: its language, one of ``nlp.language.LANGUAGES``.
    """
    unfelt = [cue for cue in cues.get("unfelt", ()) if _definite(_words_after(text, cue.end)[:1], lang) is not False]
    if not unfelt or not any(_known(text, hit, unfelt, lang) for hit in hits):
        return cues
    kept = dict(cues)
    for family in ("negation", "denial"):
        left = [cue for cue in cues.get(family, ()) if not _inside(cue, unfelt)]
        if left:
            kept[family] = left
        else:
            kept.pop(family, None)
    return kept


def _inside(cue: Cue, stretches: Iterable[Cue]) -> bool:
    return any(stretch.start < cue.end and cue.start < stretch.end for stretch in stretches)


def _known(text: str, hit: Hit, unfelt: Sequence[Cue], lang: str) -> bool:
    """Tell whether a term is a hashtag or stands under a definite word."""
    for cue in unfelt:
        if cue.start <= hit.start < cue.end < hit.end:  # the lexicon knows "felt the shock" as one term
            return bool(_definite(_words_after(text, cue.end)[:1], lang))
    before = text[max(0, hit.start - _LOOK) : hit.start]
    return before.endswith("#") or bool(
        _definite(_WORD.findall(_BREAK.split(before)[-1])[: -WORDS_READ - 1 : -1], lang)
    )


def _words_after(text: str, at: int) -> list[str]:
    return _WORD.findall(_BREAK.split(text[at : at + _LOOK], maxsplit=1)[0])


def _definite(words: Iterable[str], lang: str) -> bool | None:
    """Tell whether the first article or the like among some words is a definite one; ``None`` if there is none."""
    for word in words:
        folded = word.casefold()
        if folded in _DEFINITE.get(lang, _NONE):
            return True
        if folded in _INDEFINITE.get(lang, _NONE):
            return False
    return None
