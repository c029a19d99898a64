"""Finding lexicon entries in folded bytes: one automaton pass for all plain forms, then the few frames whose parts were seen.

Why padded patterns and overlapping matches: an automaton that reports non-overlapping matches loses terms hidden by a longer word that only
contains them, so every plain form is looked up with its outer spaces, and all matches are reported.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from ahocorasick_rs import BytesAhoCorasick, Implementation

from nlp.pattern import STEM_TAIL, Frame

SEEN_PER_PART: Final = 32
"""How many occurrences of one part of a frame are looked at in one text; a text with more is no sentence."""

UNSEEN_RATE: Final = 0.5
"""Posts in ten thousand assumed to hold a word that is not in the table of common words."""
COMPANY: Final = 0.05
"""How much rarer each further word makes a form."""
STEMS_CACHED: Final = 4_096
PARTS_CACHED: Final = 8_192
COMMON_WORDS: Final = Path(__file__).parent / "data" / "common_words.tsv"

Found = tuple[int, int, int]
"""``(start, end, payload)``: a byte span without outer spaces, and what was found there."""


@dataclass(frozen=True, slots=True)
class _Framed:
    parts: tuple[int, ...]
    gaps: tuple[int, ...]
    payload: int
    needs: frozenset[int]


@lru_cache(maxsize=1)
def _rates() -> dict[bytes, float]:
    """Read how many posts in ten thousand hold each common word, in order of the words."""
    rows = (line.split(b"\t") for line in COMMON_WORDS.read_bytes().splitlines())
    return dict(sorted((word, float(rate)) for word, rate in rows))


def is_common(word: bytes) -> bool:
    """Tell whether a folded word is one that many people write."""
    return word in _rates()


@lru_cache(maxsize=STEMS_CACHED)
def _stem_rate(stem: bytes) -> float:
    """Guess how many posts in ten thousand hold a word that begins with a stem."""
    words = list(_rates())
    at = bisect_left(words, stem)
    total = 0.0
    while at < len(words) and words[at].startswith(stem):
        total += _rates()[words[at]]
        at += 1
    return total or UNSEEN_RATE


@lru_cache(maxsize=PARTS_CACHED)
def _commonness(part: frozenset[bytes]) -> float:
    """Guess how many posts in ten thousand hold one of the forms; only speed depends on it."""
    rates = _rates()
    total = []
    for form in part:
        words = form.split(b" ")
        rarest = min(_stem_rate(word[:-1]) if word.endswith(b"*") else rates.get(word, UNSEEN_RATE) for word in words)
        total.append(rarest * COMPANY ** (len(words) - 1))
    return math.fsum(sorted(total))


def by_rarity(frame: Frame) -> list[int]:
    """Give the places of the parts of a frame, that of the likely rarest first.

    A text without the rarest part holds none of the frame, and few texts hold it: looking for it first is cheap. Which one it is, is
    guessed from a table of common words; a wrong guess costs time only.
    """
    places = range(len(frame.parts))
    return [0] if len(places) == 1 else sorted(places, key=lambda place: _commonness(frame.parts[place]))


def reach(frame: Frame, sight: int, other: int) -> tuple[int, int]:
    """Give within how many words before and after one part of a frame another one ends, if the frame is there.

    >>> from nlp.pattern import compile_form
    >>> (frame,) = compile_form("route ...3 (sous|pleine de) ...2 eau", {})
    >>> reach(frame, 2, 0), reach(frame, 0, 1)
    ((8, 0), (0, 5))
    """
    first, last = min(sight, other), max(sight, other)
    words = [max(form.count(b" ") for form in part) + 1 for part in frame.parts]
    apart = sum(frame.gaps[first:last]) + sum(words[first + 1 : last]) + words[other]
    if frame.parts[sight] == frame.parts[other]:
        return apart, apart
    return (apart, 0) if other < sight else (0, apart)


def padded(form: bytes) -> bytes:
    """Give a plain form as it is looked up: with its outer spaces, a stem without its end."""
    return b" " + form[:-1] if form.endswith(b"*") else b" " + form + b" "


class Matcher:
    """All occurrences of frames in folded bytes.

    Args:
        frames: pairs of a frame and the number it stands for (several frames may share a number).

    >>> from nlp.pattern import compile_form
    >>> matcher = Matcher([(frame, 7) for frame in compile_form("voiture ... retourn*", {})])
    >>> matcher.find(b" une voiture s est retournee ")
    [(5, 28, 7)]
    """

    def __init__(self, frames: Iterable[tuple[Frame, int]]) -> None:
        plain: dict[bytes, list[int]] = {}
        sets: dict[frozenset[bytes], int] = {}
        framed: dict[_Framed, None] = {}
        for frame, payload in frames:
            if len(frame.parts) == 1:
                for form in frame.parts[0]:
                    plain.setdefault(form, []).append(payload)
            else:
                parts = tuple(sets.setdefault(part, len(sets)) for part in frame.parts)
                framed[_Framed(parts, frame.gaps, payload, frozenset(parts))] = None
        parts_of: dict[bytes, list[int]] = {}
        for part, number in sets.items():
            for form in part:
                parts_of.setdefault(form, []).append(number)
        forms = sorted(plain.keys() | parts_of.keys())
        self._stems = [form.endswith(b"*") for form in forms]
        self._payloads = [tuple(dict.fromkeys(plain.get(form, ()))) for form in forms]
        self._parts = [tuple(parts_of.get(form, ())) for form in forms]
        # A frame is looked at only when its two likely rarest parts were seen.
        commonness = {number: _commonness(part) for part, number in sets.items()}
        self._by_anchors: dict[int, dict[int, list[_Framed]]] = {}
        for frame_ in framed:
            rarest, second = sorted(frame_.parts, key=commonness.__getitem__)[:2]
            self._by_anchors.setdefault(rarest, {}).setdefault(second, []).append(frame_)
        patterns = [padded(form) for form in forms]
        self._automaton = BytesAhoCorasick(patterns, implementation=Implementation.ContiguousNFA) if patterns else None
        self.size = len(forms)

    @property
    def payloads(self) -> Sequence[tuple[int, ...]]:
        """For each form number the numbers it stands for as a plain form."""
        return self._payloads

    def scan(self, data: bytes) -> Sequence[tuple[int, int, int]]:
        """Give the raw matches ``(form number, start, end)`` of the automaton, outer spaces included, in order of their end."""
        if self._automaton is None:
            return []
        found: Sequence[tuple[int, int, int]] = self._automaton.find_matches_as_indexes(data, overlapping=True)
        return found

    def find(self, data: bytes) -> list[Found]:
        """Give every occurrence in folded bytes (one space at both ends), sorted by start, end and number."""
        found: set[Found] = set()
        spans: list[tuple[int, int, tuple[int, ...]]] = []
        seen: set[int] = set()
        for number, start, end in self.scan(data):
            start_, end_ = start + 1, end - 1
            if self._stems[number]:
                end_ = data.find(b" ", end - 1)
                if end_ - end > STEM_TAIL:
                    continue
            for payload in self._payloads[number]:
                found.add((start_, end_, payload))
            if parts := self._parts[number]:
                spans.append((start_, end_, parts))
                seen.update(parts)
        for rarest in self._by_anchors.keys() & seen:  # in this order the smaller one is gone through
            beside = self._by_anchors[rarest]
            for second in beside.keys() & seen:
                for frame in beside[second]:
                    if seen >= frame.needs:
                        found.update(self._frame(data, frame, spans))
        return sorted(found)

    @staticmethod
    def _frame(data: bytes, frame: _Framed, spans: Sequence[tuple[int, int, tuple[int, ...]]]) -> list[Found]:
        """Give the occurrences of one frame, for each start of its first part the one that ends first."""
        seen = {part: [(start, end) for start, end, parts in spans if part in parts] for part in frame.needs}
        chains = set(seen[frame.parts[0]][:SEEN_PER_PART])
        for part, gap in zip(frame.parts[1:], frame.gaps, strict=True):
            nexts = seen[part][:SEEN_PER_PART]
            chains = {
                (start, next_end)
                for start, end in chains
                for next_start, next_end in nexts
                if next_start > end and data.count(b" ", end, next_start) - 1 <= gap
            }
        nearest: dict[int, int] = {}
        for start, end in chains:
            nearest[start] = min(end, nearest.get(start, end))
        return [(start, end, frame.payload) for start, end in nearest.items()]
