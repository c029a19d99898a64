"""The term gate: which posts hold a word worth reading on, decided for whole batches before anything else is done with them.

It runs inside ingest: a post that does not open it never leaves memory. It has to be cheap for the many that stay outside (one fold and one
automaton pass over the joined batch) and may take its time for the few that hold a form.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import numpy as np

from nlp.fold import SEPARATOR, fold_many
from nlp.lexicon import SIGN_ROLES, Lexicon
from nlp.matcher import Matcher

WEAK_OPENS_FROM: Final = 0.5
"""Entries that do not open the gate alone open it together when the chance that one of them is meant (noisy or) reaches this."""


class Gate:
    """Opens for texts that hold a term of the lexicon.

    One entry with ``gate = true`` opens it; so do several different weaker ones together ("pompiers" and "rue bloquée"). What a figurative
    phrase cancels does not count. Words that only give context or an explanation never open it.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._matcher = Matcher(
            (frame, number)
            for number, (entry, frames) in enumerate(zip(lexicon.entries, lexicon.frames, strict=True))
            if entry.gate or entry.role == "figurative" or (entry.role in SIGN_ROLES and entry.strength > 0)
            for frame in frames
            if any(frame.parts)
        )

    def open(self, texts: Sequence[str]) -> list[tuple[str, ...]]:
        """Give for each text the ids of the entries that open the gate, in order of appearance; empty where it stays closed."""
        opened: list[tuple[str, ...]] = [()] * len(texts)
        if not texts:
            return opened
        data = fold_many(texts)
        raw = self._matcher.scan(data)
        if not raw:
            return opened
        ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == SEPARATOR[0]).tolist()
        at = 0
        while at < len(raw):
            post = bisect_right(ends, raw[at][1])
            end = ends[post] if post < len(ends) else len(data)
            first = at
            while at < len(raw) and raw[at][1] < end:
                at += 1
            opened[post] = self._decide(data, raw[first:at])
        return opened

    def _decide(self, data: bytes, raw: Sequence[tuple[int, int, int]]) -> tuple[str, ...]:
        found = self._lexicon.winners(self._matcher.resolve(data, raw))
        entries = [self._lexicon.entries[number] for _, _, number in found]
        strong = dict.fromkeys(entry.id for entry in entries if entry.gate)
        if strong:
            return tuple(strong)
        weak = {entry.id: entry.strength for entry in entries if entry.role in SIGN_ROLES}
        missed = 1.0
        for strength in weak.values():
            missed *= 1.0 - strength
        return tuple(weak) if 1.0 - missed >= WEAK_OPENS_FROM else ()
