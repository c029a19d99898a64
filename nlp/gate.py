"""The term gate: which posts hold a word worth reading on, decided for whole batches before anything else is done with them.

It runs inside ingest: a post that does not open it never leaves memory. It has to be cheap for the many that stay outside: one fold of the
joined batch and a few looks at it (``nlp.looks``). Only the few that pass them are read with the whole lexicon.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from nlp.fold import fold_many
from nlp.lexicon import SIGN_ROLES, WEIGHED_ID, Entry, Lexicon
from nlp.looks import Looks

WEAK_OPENS_FROM: Final = 0.6
"""Entries that do not open the gate alone open it together when the chance that one of them is meant (noisy or) reaches this."""

_ENOUGH: Final = -math.log(1.0 - WEAK_OPENS_FROM)
_NEARLY: Final = _ENOUGH - 1e-9


def _worth(entry: Entry) -> float:
    """Give what a sign adds at most to ``-log(1 - noisy or)``; one that opens alone is enough."""
    return _ENOUGH if entry.gate else min(_ENOUGH, -math.log1p(-min(entry.strength, 0.999)))


class Gate:
    """Opens for texts that hold a term of the lexicon.

    One entry with ``gate = true`` opens it; so do several different weaker ones together ("pompiers" and "rue bloquée"). What a figurative
    phrase cancels does not count. Words that only give context or an explanation never open it. Where no entry does, the weighed words may.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        # What cancels opens nothing, so the first looks do not need it; the last one hears the whole lexicon.
        self._looks = Looks(
            (
                (frame, _worth(entry))
                for entry, frames in zip(lexicon.entries, lexicon.frames, strict=True)
                if entry.gate or (entry.role in SIGN_ROLES and entry.strength > 0)
                for frame in frames
                if any(frame.parts)
            ),
            _NEARLY,
            lexicon.weighed,
        )

    def open(self, texts: Sequence[str]) -> list[tuple[str, ...]]:
        """Give for each text the ids of the entries that open the gate, in order of appearance; empty where it stays closed."""
        opened: list[tuple[str, ...]] = [()] * len(texts)
        if not texts:
            return opened
        for text, data, heavy in self._looks.likely(fold_many(texts)):
            opened[text] = self._decide(data, heavy=heavy)
        return opened

    def _decide(self, data: bytes, *, heavy: bool) -> tuple[str, ...]:
        """Give the entries that open the gate for one folded text; its words are weighed only where they may be heavy enough."""
        found = self._lexicon.winners(self._lexicon.occurrences(data))
        strong = dict.fromkeys(
            self._lexicon.entries[number].id for _, _, number in found if self._lexicon.entries[number].gate
        )
        if strong:
            return tuple(strong)
        weak: dict[str, float] = {}
        covered = 0
        for start, end, number in found:
            entry = self._lexicon.entries[number]
            # One stretch of text is one sign, whatever number of languages and entries know it.
            if entry.role in SIGN_ROLES and start >= covered and entry.id not in weak:
                weak[entry.id] = entry.strength
                covered = end
        missed = math.prod(1.0 - strength for strength in weak.values())
        if 1.0 - missed >= WEAK_OPENS_FROM:
            return tuple(weak)
        return (WEIGHED_ID,) if heavy and self._lexicon.weigh(data, found) is not None else ()
