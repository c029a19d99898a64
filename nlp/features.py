"""The features by which a post is judged: every rule as a number with a name, and hashed words beside them.

The named features are few, bounded and made to mean the same for an incident nobody has seen yet: no place, no hazard and no language
is among them. The hashed words and pairs of words are many and get a small say (see ``nlp.training``).

Source of the hashing: K. Weinberger et al., "Feature hashing for large scale multitask learning", ICML 2009.
"""

from __future__ import annotations

from itertools import pairwise
from math import log1p, sqrt
from typing import TYPE_CHECKING, Final, get_args
from zlib import crc32

import numpy as np

from nlp.cues import CONSEQUENCES, EXPLANATIONS, FAMILIES
from nlp.witness import points
from tocsin.model import Modality, Witness

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from nlp.modality import Frame
    from nlp.reading import Reading
    from nlp.shape import Shape

ROLES: Final = ("hazard", "perception", "consequence", "responder", "explanation", "denial", "context", "figurative")
BUCKETS: Final = 1 << 14
"""How many buckets the hashed words share."""
WORDS_READ: Final = 120
"""Only so many words of a post are hashed."""
COUNTED: Final = 4
"""Counts stop here: ten question marks say no more than four."""

_SHAPE: Final[dict[str, Callable[[Shape], float]]] = {
    "words": lambda s: log1p(min(s.words, 80)) / 2,
    "short": lambda s: float(s.words <= 8),
    "long": lambda s: float(s.words >= 30),
    "link": lambda s: float(s.links > 0),
    "handle": lambda s: float(s.handles > 0),
    "hashtag": lambda s: log1p(min(s.hashtags, COUNTED)),
    "exclamation": lambda s: log1p(min(s.exclamations, COUNTED)),
    "question": lambda s: log1p(min(s.questions, COUNTED)),
    "digit": lambda s: log1p(min(s.digits, 8)) / 2,
    "emoji": lambda s: log1p(min(s.emoji, COUNTED)),
    "clock": lambda s: float(s.clocks > 0),
    "here": lambda s: float(s.here > 0),
    "shouted": lambda s: float(s.shouted),
    "lower_start": lambda s: float(s.lower_start),
    "bulletin": lambda s: float(s.bulletin),
    "prose": lambda s: float(s.prose),
    "stretched": lambda s: float(s.stretched),
}
_SPEAKERS: Final[tuple[Witness, ...]] = ("first_hand", "relay", "media", "official")

NAMES: Final[tuple[str, ...]] = (
    *(f"cue.{family}" for family in FAMILIES),
    *(f"asserted.{family}" for family in (*EXPLANATIONS, "denial")),
    *(f"count.{role}" for role in ROLES),
    *(f"strength.{role}" for role in ("hazard", "perception", "consequence", "responder")),
    "strength.all",
    "strength.max",
    "terms.early",
    "terms.kinds",
    "terms.none",
    "consequences",
    "negated.share",
    "asked.share",
    "past_year",
    "future_year",
    "ago",
    "price",
    "laugh",
    *(f"shape.{name}" for name in _SHAPE),
    *(f"speaker.{name}" for name in _SPEAKERS),
    *(f"modality.{name}" for name in get_args(Modality)),
    "repost",
    "reply",
    "quote",
    "witness.senses",
    "witness.now",
    "witness.alarm_now",
    "story",
    *(f"alone.{family}" for family in (*EXPLANATIONS, "denial")),
    "explanations",
)
"""The named features, in the order of the vector."""
_MODALITIES: Final = get_args(Modality)


def _noisy_or(strengths: list[float]) -> float:
    missed = 1.0
    for strength in strengths:
        missed *= 1.0 - strength
    return 1.0 - missed


def named(reading: Reading, frame: Frame, shape: Shape) -> npt.NDArray[np.float64]:
    """Give the vector of the named features of a post, in the order of ``NAMES``; every value lies in [-2, 4]."""
    counts = {family: min(reading.count(family), COUNTED) for family in FAMILIES}
    by_role: dict[str, list[float]] = {role: [] for role in ROLES}
    for hit in reading.hits:
        if not reading.negated(hit.start, hit.end):
            by_role[hit.entry.role].append(hit.entry.strength)
    telling = [s for role in ("hazard", "perception", "consequence", "responder") for s in by_role[role]]
    terms = reading.terms
    lead = terms[0].start / max(1, len(reading.text)) if terms else 1.0
    kinds = {max(hit.entry.hazards, key=lambda name: hit.entry.hazards[name]) for hit in terms if hit.entry.hazards}
    speakers = points(reading, shape)
    first, senses, now, alarm = (
        counts["first_person"] > 0,
        counts["perception"] > 0,
        counts["now"] > 0 or shape.here > 0,
        counts["alarm"] > 0,
    )
    asserted = [len(reading.asserted(family)) for family in (*EXPLANATIONS, "denial")]
    # An explanation says most where nobody perceives anything, nothing is now and nobody is frightened.
    lifeless = not (senses or now or alarm)
    values = [
        *(log1p(counts[family]) for family in FAMILIES),
        *(log1p(min(count, COUNTED)) for count in asserted),
        *(log1p(min(len(by_role[role]), COUNTED)) for role in ROLES),
        *(_noisy_or(by_role[role]) for role in ("hazard", "perception", "consequence", "responder")),
        _noisy_or(telling),
        max(telling, default=0.0),
        float(lead < 0.25),
        log1p(min(len(kinds), COUNTED)),
        float(not terms),
        log1p(sum(counts[family] > 0 for family in CONSEQUENCES)),
        frame.negated_terms / frame.terms if frame.terms else 0.0,
        frame.asked_terms / frame.terms if frame.terms else 0.0,
        float(frame.past_years > 0),
        float(frame.future_years > 0),
        float(frame.ago > 0),
        float(frame.prices > 0),
        float(frame.laughs > 0),
        *(measure(shape) for measure in _SHAPE.values()),
        *(min(speakers[name], 6.0) / 3 for name in _SPEAKERS),
        *(float(frame.modality == name) for name in _MODALITIES),
        float(reading.repost),
        float(reading.reply),
        float(bool(reading.quotes)),
        float(first and senses),
        float(now and (senses or first)),
        float(alarm and now),
        float(shape.words >= 30 and not now),
        *(float(lifeless and count > 0) for count in asserted),
        log1p(sum(count > 0 for count in asserted)),
    ]
    return np.array(values, dtype=np.float64)


def hashed(reading: Reading) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Give buckets and signed weights of the words and pairs of words of a post; the weights' squares sum to at most 1.

    Digits become 0, so that no year, road or price is learnt by heart.
    """
    data = reading.folded.data.translate(_NO_DIGITS)
    words = data.split()[:WORDS_READ]
    grams = [*words, *(b"%b %b" % pair for pair in pairwise(words))]
    codes = {crc32(gram) for gram in grams}
    if not codes:
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    ordered = np.array(sorted(codes), dtype=np.int64)
    signs = np.where(ordered >> 31 & 1, 1.0, -1.0)
    return ordered % BUCKETS, signs / sqrt(len(ordered))


_NO_DIGITS: Final = bytes(ord("0") if chr(code).isdigit() and code < 128 else code for code in range(256))
