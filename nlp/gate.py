"""The term gate: which posts hold a word worth reading on, decided for whole batches before anything else is done with them.

It runs inside ingest: a post that does not open it never leaves memory. It has to be cheap for the many that stay outside: one fold and one
automaton pass over the joined batch for the rarest part of each form, then, where one was seen, a small automaton for what must stand
beside it. Only the few that pass both are read with the whole lexicon.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
from ahocorasick_rs import BytesAhoCorasick, Implementation

from nlp.fold import SEPARATOR, fold_many
from nlp.lexicon import SIGN_ROLES, WEIGHED_ID, Entry, Lexicon
from nlp.matcher import Matcher, by_rarity, padded
from nlp.pattern import Frame

WEAK_OPENS_FROM: Final = 0.6
"""Entries that do not open the gate alone open it together when the chance that one of them is meant (noisy or) reaches this."""

_ENOUGH: Final = -math.log(1.0 - WEAK_OPENS_FROM)
_ROUNDING: Final = 1e-6
_NEARLY: Final = _ENOUGH - 1e-9


def _worth(entry: Entry) -> float:
    """Give what a sign adds at most to ``-log(1 - noisy or)``; one that opens alone is enough."""
    return _ENOUGH if entry.gate else min(_ENOUGH, -math.log1p(-min(entry.strength, 0.999)))


@dataclass(slots=True)
class _Anchor:
    """The rarest part of some forms: what it can be worth alone, and with one of its companions in the same text."""

    alone: float = 0.0
    together: float = 0.0
    companions: set[bytes] = field(default_factory=set)
    automaton: BytesAhoCorasick | None = None

    def add(self, rest: frozenset[bytes] | None, worth: float) -> None:
        if rest is None:
            self.alone = max(self.alone, worth)
        else:
            self.companions |= rest
        self.together = max(self.together, worth)

    def worth(self, data: bytes) -> float:
        """Give the most that one sight of the anchor can be worth in a text."""
        if self.alone >= self.together:
            return self.alone
        if self.automaton is None:
            # Built when first needed: most anchors are seen seldom, and all together they would take long.
            self.automaton = BytesAhoCorasick(
                [padded(form) for form in sorted(self.companions)], implementation=Implementation.NoncontiguousNFA
            )
        return self.together if self.automaton.find_matches_as_indexes(data) else self.alone


class Gate:
    """Opens for texts that hold a term of the lexicon.

    One entry with ``gate = true`` opens it; so do several different weaker ones together ("pompiers" and "rue bloquée"). What a figurative
    phrase cancels does not count. Words that only give context or an explanation never open it. Where no entry does, the weighed words may.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        places: dict[frozenset[bytes], int] = {}
        anchors: list[_Anchor] = []
        # What cancels opens nothing, so the first looks do not need it; the last one hears the whole lexicon.
        for entry, frames in zip(lexicon.entries, lexicon.frames, strict=True):
            if not (entry.gate or (entry.role in SIGN_ROLES and entry.strength > 0)):
                continue
            for frame in frames:
                if any(frame.parts):
                    rarest, *others = by_rarity(frame)
                    place = places.setdefault(rarest, len(places))
                    if place == len(anchors):
                        anchors.append(_Anchor())
                    anchors[place].add(others[0] if others else None, _worth(entry))
        weighed = lexicon.weighed
        forms = weighed.forms if weighed is not None else ()
        self._first_look = Matcher(
            (Frame((part,), ()), place)
            for part, place in (
                *places.items(),
                *((frozenset({form}), len(anchors) + at) for at, form in enumerate(forms)),
            )
        )
        payloads = self._first_look.payloads
        self._seen_as = [tuple(anchors[place] for place in found if place < len(anchors)) for found in payloads]
        self._worth = np.asarray([max((anchor.together for anchor in found), default=0.0) for found in self._seen_as])
        self._weighed = weighed
        weights = (0.0,) * len(anchors) + (weighed.weights if weighed is not None else ())
        self._weights = np.asarray([sum(weights[place] for place in found) for found in payloads])

    def open(self, texts: Sequence[str]) -> list[tuple[str, ...]]:
        """Give for each text the ids of the entries that open the gate, in order of appearance; empty where it stays closed."""
        opened: list[tuple[str, ...]] = [()] * len(texts)
        if not texts:
            return opened
        data = fold_many(texts)
        anchors = self._first_look.scan(data)
        if not anchors:
            return opened
        ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == SEPARATOR[0])
        seen = np.asarray(anchors, dtype=np.int64)
        # The automaton reports in order of place, so the sights of one post stand together.
        posts = np.searchsorted(ends, seen[:, 1], side="right")
        worthy = np.bincount(posts, self._worth[seen[:, 0]], len(texts)) >= _NEARLY
        heavy = self._heavy(
            np.bincount(posts, self._weights[seen[:, 0]], len(texts)).astype(np.float64), ends, len(data)
        )
        likely = np.flatnonzero(worthy | heavy)
        firsts = np.searchsorted(posts, likely, side="left").tolist()
        lasts = np.searchsorted(posts, likely, side="right").tolist()
        for post, first, last in zip(likely.tolist(), firsts, lasts, strict=True):
            begin = int(ends[post - 1]) + 1 if post else 0
            end = int(ends[post]) if post < len(ends) else len(data)
            text = data[begin:end]
            if heavy[post] or self._second_look(text, anchors[first:last]):
                opened[post] = self._decide(text)
        return opened

    def _heavy(self, sums: npt.NDArray[np.float64], ends: npt.NDArray[np.intp], length: int) -> npt.NDArray[np.bool_]:
        """Tell which texts of a batch weigh enough, words that come twice counted twice."""
        if self._weighed is None:
            return np.zeros(len(sums), dtype=np.bool_)
        lengths = np.diff(ends, prepend=-1, append=length) - 1
        return sums >= self._weighed.marks(lengths) - _ROUNDING

    def _second_look(self, data: bytes, sights: Sequence[tuple[int, int, int]]) -> bool:
        """Tell whether the anchors seen can be enough, now that their companions are looked for."""
        total = 0.0
        for number, _, _ in sights:
            best = 0.0
            for anchor in self._seen_as[number]:
                if anchor.together > best:
                    best = max(best, anchor.worth(data))
            total += best
            if total >= _NEARLY:
                return True
        return False

    def _decide(self, data: bytes) -> tuple[str, ...]:
        """Give the entries that open the gate for one folded text."""
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
        return () if self._lexicon.weigh(data, found) is None else (WEIGHED_ID,)
