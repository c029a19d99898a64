"""The first looks of the gate: from the rarest part of each form to what stands near it, each look dearer than the one before.

A frame ("voiture … fossé") can only be where its rarest part is, with the second rarest within the words that its gaps allow. So the
looks are, over a whole batch: an automaton for the rarest parts (the *anchors*) and the weighed words; a table that knows with which
letters the *companions* of each anchor may begin, asked of the words near it; and for the few texts left, one by one, an automaton of
those companions. A look may let too much through, never too little: what passes is read with the whole lexicon.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

import numpy as np
import numpy.typing as npt
from ahocorasick_rs import BytesAhoCorasick, Implementation

from nlp.fold import SEPARATOR
from nlp.matcher import Matcher, by_rarity, padded, reach
from nlp.pattern import Frame
from nlp.weighed import WeighedWords

LEADS: Final = 1_024
"""How many beginnings of words are told apart; those of equal number count as one."""
LEAD_FACTORS: Final = (1_369, 37, 1)
"""What each of the bytes that begin a word counts for in the number of its beginning: letters of three places share few numbers."""
SPACE: Final = ord(" ")
_ROUNDING: Final = 1e-6

Sight = tuple[int, int, int]
"""Number of a form, and where it begins and ends, as the automaton reports it."""
_Places = npt.NDArray[np.intp]


def lead(pattern: bytes) -> int | None:
    """Give the number of how a padded form begins; ``None`` for one too short to tell, a stem of one or two letters.

    >>> lead(b" voiture "), lead(b" voitur"), lead(b" la "), lead(b" vo")
    (890, 890, 945, None)
    """
    if len(pattern) <= len(LEAD_FACTORS):
        return None
    return sum(factor * byte for factor, byte in zip(LEAD_FACTORS, pattern[1:], strict=False)) % LEADS


def _leads(raw: npt.NDArray[np.uint8], spaces: _Places) -> _Places:
    """Give the numbers of how the words after some spaces begin, as ``lead`` does."""
    sums = np.zeros(len(spaces), dtype=np.uint32)
    for at, factor in enumerate(LEAD_FACTORS, 1):
        sums += raw.take(spaces + at, mode="clip") * np.uint32(factor)
    return (sums % np.uint32(LEADS)).astype(np.intp)


class _Company:
    """What must stand near some anchors for them to count."""

    __slots__ = ("_automaton", "_forms")

    def __init__(self, forms: frozenset[bytes]) -> None:
        self._forms = forms
        self._automaton: BytesAhoCorasick | None = None

    def is_in(self, data: bytes) -> bool:
        """Tell whether one of the forms is in folded words, given with their outer spaces."""
        if self._automaton is None:
            # Built when first needed: most anchors are seen seldom, and all together they would take long.
            self._automaton = BytesAhoCorasick(
                [padded(form) for form in sorted(self._forms)], implementation=Implementation.ContiguousNFA
            )
        return bool(self._automaton.find_matches_as_indexes(data))


@dataclass(slots=True, eq=False)
class _Anchor:
    """The rarest part of some frames: what it can be worth alone, and with one of its companions near it."""

    alone: float = 0.0
    together: float = 0.0
    before: int = 0
    """Within how many words before it a companion counts."""
    after: int = 0
    companions: set[bytes] = field(default_factory=set)
    company: _Company | None = None

    def add(self, frame: Frame, order: Sequence[int], worth: float) -> None:
        """Take a frame whose rarest part this is, with the places of its parts in order of rarity."""
        self.together = max(self.together, worth)
        if len(order) == 1:
            self.alone = max(self.alone, worth)
            return
        self.companions |= frame.parts[order[1]]
        before, after = reach(frame, order[0], order[1])
        self.before, self.after = max(self.before, before), max(self.after, after)

    def worth(self, near: bytes) -> float:
        """Give the most that one sight of the anchor can be worth with these words around it."""
        if self.company is None or self.alone >= self.together:
            return self.alone
        return self.together if self.company.is_in(near) else self.alone


class Looks:
    """Which texts of a batch may open the gate.

    Args:
        frames: of all entries that can have a part in it, each with the most that a sight of it adds.
        enough: the sum from which a text may open it.
        weighed: words that may open it together.
    """

    def __init__(self, frames: Iterable[tuple[Frame, float]], enough: float, weighed: WeighedWords | None) -> None:
        self._enough = enough
        self._weighed = weighed
        places: dict[frozenset[bytes], int] = {}
        anchors: list[_Anchor] = []
        for frame, worth in frames:
            order = by_rarity(frame)
            place = places.setdefault(frame.parts[order[0]], len(places))
            if place == len(anchors):
                anchors.append(_Anchor())
            anchors[place].add(frame, order, worth)
        companies: dict[frozenset[bytes], _Company] = {}
        for anchor in anchors:
            if anchor.companions:
                forms = frozenset(anchor.companions)
                anchor.company = companies.setdefault(forms, _Company(forms))
        words = weighed.forms if weighed is not None else ()
        self._matcher = Matcher(
            (Frame((part,), ()), place)
            for part, place in (
                *places.items(),
                *((frozenset({form}), len(anchors) + at) for at, form in enumerate(words)),
            )
        )
        payloads = self._matcher.payloads
        self._seen_as = [tuple(anchors[place] for place in found if place < len(anchors)) for found in payloads]
        weights = (0.0,) * len(anchors) + (weighed.weights if weighed is not None else ())
        self._weights = np.asarray([sum(weights[place] for place in found) for found in payloads])
        kinds = {found: row for row, found in enumerate(dict.fromkeys(self._seen_as))}
        self._kinds = np.asarray([kinds[found] for found in self._seen_as], dtype=np.intp)
        """For each form which anchors it stands for: a row of the tables that follow."""
        self._together = np.asarray([max((anchor.together for anchor in found), default=0.0) for found in kinds])
        self._alone = np.asarray([max((anchor.alone for anchor in found), default=0.0) for found in kinds])
        self._alone_as: list[float] = self._alone[self._kinds].tolist()
        """The same for each form: what is asked one by one is asked of a list."""
        self._before = np.asarray([max((anchor.before for anchor in found), default=0) for found in kinds])
        self._after = np.asarray([max((anchor.after for anchor in found), default=0) for found in kinds])
        self._beginnings = _beginnings(list(kinds))
        for anchor in anchors:
            anchor.companions.clear()  # shared by company from here on

    def likely(self, data: bytes) -> list[tuple[int, bytes, bool]]:
        """Give the texts of a folded batch (``fold_many``) that may open the gate: place in the batch, text, whether weighed words may."""
        sights = self._matcher.scan(data)
        if not sights:
            return []
        raw = np.frombuffer(data, dtype=np.uint8)
        ends = np.append(np.flatnonzero(raw == SEPARATOR[0]), len(data))
        begins = np.concatenate(([0], ends[:-1] + 1))
        numbers, starts, stops = np.fromiter(chain.from_iterable(sights), np.intp, 3 * len(sights)).reshape(-1, 3).T
        kinds = self._kinds[numbers]
        # The automaton reports in order of place, so the sights of one text stand together.
        texts = np.searchsorted(ends, starts, side="right")
        heavy = self._heavy(np.bincount(texts, self._weights[numbers], len(ends)).astype(np.float64), ends - begins)
        if self._weighed is not None and heavy.any():
            chances = np.flatnonzero(heavy)
            spans = zip(begins[chances].tolist(), ends[chances].tolist(), strict=True)
            heavy[chances] = self._weighed.approved([data[begin:end] for begin, end in spans])
        worthy = np.bincount(texts, self._together[kinds], len(ends)) >= self._enough
        chosen = np.flatnonzero((worthy & ~heavy)[texts])
        near = np.zeros((len(sights), 2), dtype=np.intp)
        if len(chosen):
            spaces = np.flatnonzero(raw == SPACE)
            firsts = np.searchsorted(spaces, begins)[texts[chosen]]
            lasts = np.searchsorted(spaces, ends)[texts[chosen]] - 1
            own = np.searchsorted(spaces, starts[chosen]), np.searchsorted(spaces, stops[chosen] - 1)
            low = np.maximum(own[0] - self._before[kinds[chosen]], firsts)
            high = np.minimum(own[1] + self._after[kinds[chosen]], lasts)
            company = self._may_have_company(_leads(raw, spaces), kinds[chosen], (low, high), own)
            near[chosen[company]] = np.stack((spaces[low], spaces[high] + 1), axis=1)[company]
            worths = np.where(company, self._together[kinds[chosen]], self._alone[kinds[chosen]])
            worthy = np.bincount(texts[chosen], worths, len(ends)) >= self._enough
        passing = np.flatnonzero(worthy | heavy)
        bounds = np.searchsorted(texts, (passing, passing + 1)).T.tolist()
        return [
            (text, data[begins[text] : ends[text]], bool(heavy[text]))
            for text, (first, last) in zip(passing.tolist(), bounds, strict=True)
            if heavy[text] or self._is_enough(data, sights[first:last], near[first:last].tolist())
        ]

    def _heavy(self, sums: npt.NDArray[np.float64], lengths: _Places) -> npt.NDArray[np.bool_]:
        """Tell which texts of a batch weigh enough, words that come twice counted twice."""
        if self._weighed is None:
            return np.zeros(len(sums), dtype=np.bool_)
        return sums >= self._weighed.marks(lengths) - _ROUNDING

    def _may_have_company(
        self, leads: _Places, kinds: _Places, near: tuple[_Places, _Places], own: tuple[_Places, _Places]
    ) -> npt.NDArray[np.bool_]:
        """Tell for each sight whether a word near it, but not its own, begins like a companion.

        ``near`` and ``own`` are ranges of places in ``leads``, one a sight; ``kinds`` are rows of the table.
        """
        counts = near[1] - near[0]
        sight = np.repeat(np.arange(len(kinds)), counts)
        word = np.arange(len(sight)) - np.repeat(np.cumsum(counts) - counts - near[0], counts)
        begins = self._beginnings[kinds[sight], leads[word]] & ((word < own[0][sight]) | (word >= own[1][sight]))
        return np.bincount(sight[begins], minlength=len(kinds)) > 0

    def _is_enough(self, data: bytes, sights: Sequence[Sight], near: Sequence[Sequence[int]]) -> bool:
        """Tell whether the anchors seen in a text can be enough, now that their companions are looked for near each.

        ``near`` is the bytes of ``data`` in which they count, for each sight; none where no word begins like a companion.
        """
        total = 0.0
        for (number, _, _), (begin, end) in zip(sights, near, strict=True):
            best = self._alone_as[number]
            if end:
                for anchor in self._seen_as[number]:
                    if anchor.together > best:
                        best = max(best, anchor.worth(data[begin:end]))
            total += best
            if total >= self._enough:
                return True
        return False


def _beginnings(kinds: Sequence[Sequence[_Anchor]]) -> npt.NDArray[np.bool_]:
    """Give for each kind of sight how a word may begin that is a companion of one of its anchors."""
    table = np.zeros((len(kinds), LEADS), dtype=np.bool_)
    known: dict[bytes, int | None] = {}
    for row, anchors in enumerate(kinds):
        for form in set().union(*(anchor.companions for anchor in anchors)):
            if form not in known:
                known[form] = lead(padded(form))
            number = known[form]
            table[row, slice(None) if number is None else number] = True
    return table
