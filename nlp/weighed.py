"""Weighed words: what strangers write when something happens, learnt from labelled posts, none of it enough alone.

A lexicon hears what its authors thought of. This table hears the rest: "roof", "in the street", "everyone out" are words of any day, and
together they are none. Each form has a positive weight, the weights of the different forms of a text add up, and a text passes when the
sum reaches a mark that rises with its length (long texts hold many words by chance). Source: a linear logistic model whose weights may not
be negative, made by ``scripts/build_weighed_words.py``; hazards by multinomial logistic regression over the same forms. Where the table
has letters beside it (``nlp.letters``), a lower sum is enough to be looked at, and the letters decide.

Good at plain talk about things, people and places in trouble; bad at quakes told in two words and at anything in a language that its
posts do not hold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from ahocorasick_rs import BytesAhoCorasick, Implementation

from nlp.fold import fold_name
from nlp.letters import Letters, LettersError
from nlp.matcher import padded
from tocsin.model import HAZARDS, OPEN

MAX_FORMS: Final = 5_000
FILE_BYTES: Final = 1_000_000
LENGTH: Final = 64.0
"""Folded bytes of a text at which the mark is ``base``; it rises by ``charge`` with every doubling."""
SHORTEST: Final = 32
"""Folded bytes below which the mark falls no further: a word alone is not enough."""
STRENGTH: Final = (0.2, 0.6)
"""What such a sum is worth beside an entry's strength, at least and at most."""
LEAST_SHARE: Final = 0.1
"""Hazards less likely than this are not named: their share is open."""
SHOWN: Final = 5
"""How many words of a passing text are shown, the heaviest."""
NAMED: Final = (*HAZARDS, OPEN)
FIELDS: Final = 3
_Row = tuple[float, tuple[float, ...]]


class WeighedError(ValueError):
    """A table of weighed words cannot be used: the line, what was expected there and what came."""

    def __init__(self, line: int, expected: str, got: object) -> None:
        super().__init__(f"line {line}: expected {expected}, got {got}")
        self.line, self.expected, self.got = line, expected, str(got)


@dataclass(frozen=True, slots=True)
class Weighing:
    """What the weighed words of one text come to.

    Attributes:
        start: first byte of the heaviest word in the folded text.
        end: byte after its last.
        words: the heaviest forms as they stand in the text, in order.
        hazards: shares over ``HAZARDS`` and ``OPEN``; they sum to 1.
        strength: the logistic of the sum over its mark, kept within ``STRENGTH``.
    """

    start: int
    end: int
    words: tuple[str, ...]
    hazards: dict[str, float]
    strength: float


@dataclass(frozen=True)
class WeighedWords:
    """A table of forms with weights, and its marks.

    Attributes:
        forms: folded words, pairs of words, or stems (``voitur*``), without outer spaces.
        weights: log-odds of each, positive.
        leanings: for each form what it adds to the log-odds of each of ``NAMED``.
        base: the sum at which a text of ``LENGTH`` bytes passes.
        charge: how much the mark rises with each doubling of the length.
        prior: log-odds of each of ``NAMED`` before any word.
        near: the sum at which a text of ``LENGTH`` bytes is worth the letters' look.
        letters: what decides then; ``None`` where the sum alone decides.
    """

    forms: tuple[bytes, ...]
    weights: tuple[float, ...]
    leanings: tuple[tuple[float, ...], ...]
    base: float
    charge: float
    prior: tuple[float, ...]
    near: float = 0.0
    letters: Letters | None = None

    @classmethod
    def load(cls, path: Path) -> WeighedWords:
        """Read a table: lines ``form<TAB>weight<TAB>hazard:log-odds …``, first those of ``=base``, ``=charge``, ``=prior`` and ``=near``.

        The letters are read from the file of the same name ending in ``.npz``; ``=near`` is of use only with them.

        Raises:
            WeighedError: the file is too large, holds too many forms, a line breaks the format, or the letters cannot be used.
        """
        source = path.read_bytes()
        if len(source) > FILE_BYTES:
            raise WeighedError(1, f"at most {FILE_BYTES} bytes", len(source))
        marks: dict[str, _Row] = {}
        rows: dict[bytes, _Row] = {}
        for number, line in enumerate(source.decode("utf-8", "replace").splitlines(), 1):
            if line.startswith("#") or not line:
                continue
            form, row = _row(line, number)
            if form.startswith("="):
                marks[form] = row
                continue
            key = form.encode("ascii", "replace")
            if row[0] <= 0 or key in rows or fold_name(form.removesuffix("*")) != key.removesuffix(b"*"):
                raise WeighedError(number, "a folded form, once, with a positive weight", line)
            rows[key] = row
        near = marks.pop("=near", (0.0, ()))[0]
        if set(marks) != {"=base", "=charge", "=prior"} or marks["=charge"][0] < 0 or marks["=base"][0] <= 0:
            raise WeighedError(1, "one line each of =base (positive), =charge (0 or more) and =prior", sorted(marks))
        if not 0 < len(rows) <= MAX_FORMS:
            raise WeighedError(1, f"1 to {MAX_FORMS} forms", len(rows))
        beside = path.with_suffix(".npz")
        try:
            letters = Letters.load(beside) if near > 0 and beside.is_file() else None
        except LettersError as error:
            raise WeighedError(1, f"letters in {beside.name}", error) from error
        return cls(
            tuple(rows),
            tuple(weight for weight, _ in rows.values()),
            tuple(leaning for _, leaning in rows.values()),
            marks["=base"][0],
            marks["=charge"][0],
            marks["=prior"][1],
            near,
            letters,
        )

    @cached_property
    def _automaton(self) -> BytesAhoCorasick:
        return BytesAhoCorasick([padded(form) for form in self.forms], implementation=Implementation.ContiguousNFA)

    def marks(self, lengths: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """Give the sums at which folded texts of so many bytes pass, or are worth the letters' look."""
        first = self.base if self.letters is None else self.near
        marks: npt.NDArray[np.float64] = first + self.charge * np.log2(np.maximum(SHORTEST, lengths) / LENGTH)
        return marks

    def approved(self, texts: Sequence[bytes]) -> npt.NDArray[np.bool_]:
        """Tell which folded texts their letters let pass; without letters every text does."""
        if self.letters is None:
            return np.ones(len(texts), dtype=np.bool_)
        return np.array(self.letters.margins(texts)) >= 0.0

    def weigh(self, data: bytes, idle: Sequence[tuple[int, int]] = ()) -> Weighing | None:
        """Weigh a folded text; ``None`` when it does not pass.

        Each form counts once. Words inside an ``idle`` byte span (a figure of speech) do not count.
        """
        seen: dict[int, tuple[int, int]] = {}
        for number, start, end in self._automaton.find_matches_as_indexes(data, overlapping=True):
            first, last = start + 1, data.find(b" ", end - 1)
            if number not in seen and not any(low <= first and last <= high for low, high in idle):
                seen[number] = (first, last)
        margin = math.fsum(self.weights[number] for number in seen) - float(self.marks(np.array(len(data))))
        if margin < 0.0 or not seen:
            return None
        if self.letters is not None:
            margin = self.letters.margin(data)
            if margin < 0.0:
                return None
        heaviest = sorted(seen, key=lambda number: (-self.weights[number], seen[number]))[:SHOWN]
        start, end = seen[heaviest[0]]
        spans: list[tuple[int, int]] = []
        for first, last in sorted(seen[number] for number in heaviest):
            if spans and first < spans[-1][1]:
                spans[-1] = (spans[-1][0], max(last, spans[-1][1]))  # a word and the pair that holds it are shown once
            else:
                spans.append((first, last))
        words = tuple(dict.fromkeys(data[first:last].decode("ascii") for first, last in spans))
        low, high = STRENGTH
        strength = min(high, low + (high - low) * (2.0 / (1.0 + math.exp(-margin)) - 1.0))
        return Weighing(start, end, words, self._shares(tuple(seen)), round(strength, 4))

    def _shares(self, seen: Sequence[int]) -> dict[str, float]:
        sums = [prior + math.fsum(self.leanings[number][at] for number in seen) for at, prior in enumerate(self.prior)]
        top = max(sums)
        odds = [math.exp(value - top) for value in sums]
        total = math.fsum(odds)
        shares = {name: odd / total for name, odd in zip(NAMED, odds, strict=True)}
        kept = {name: round(share, 4) for name, share in shares.items() if share >= LEAST_SHARE and name != OPEN}
        rest = round(1.0 - math.fsum(kept.values()), 4)
        return {**kept, OPEN: rest} if rest > 0.0 else kept


def _row(line: str, number: int) -> tuple[str, _Row]:
    fields = line.split("\t")
    if len(fields) != FIELDS:
        raise WeighedError(number, "form, weight and hazard:log-odds with tabs between", line)
    leaning = dict.fromkeys(NAMED, 0.0)
    try:
        weight = float(fields[1])
        for part in fields[2].split():
            name, _, value = part.partition(":")
            if name not in leaning:
                raise WeighedError(number, "one of " + ", ".join(NAMED), name)
            leaning[name] = float(value)
    except ValueError as error:
        if isinstance(error, WeighedError):
            raise
        raise WeighedError(number, "numbers", line) from error
    if not all(map(math.isfinite, (weight, *leaning.values()))):
        raise WeighedError(number, "finite numbers", line)
    return fields[0], (weight, tuple(leaning.values()))
