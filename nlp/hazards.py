"""From lexicon hits to what a post tells of: the distribution over hazards, the words, the reported consequences."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, Final

from nlp.cues import CONSEQUENCES
from nlp.fold import shown
from tocsin.model import HAZARDS, OPEN, Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nlp.lexicon import Hit
    from nlp.reading import Reading

SAY: Final = {"hazard": 1.0, "perception": 0.8, "consequence": 0.6, "responder": 0.3, "denial": 0.5, "context": 0.25}
"""How much the hazards of an entry count by its role; other roles name none."""
NEGATED_SAY: Final = 0.1
"""What is left of a term inside the reach of a negation: "pas une explosion, un incendie" is a fire."""
LEAST_SHARE: Final = 0.02
"""Hazards with a smaller share are left out."""
OPENING_ROLES: Final = frozenset({"hazard", "perception", "consequence", "responder", "denial"})
"""Roles whose words are terms of a mention."""
LEADING_FROM: Final = 0.8
"""A hazard with a smaller share does not lead. From here on it is right in nine of ten (docs/decisions/0049)."""
TERMS: Final = 16
"""A mention holds at most this many terms and spans."""


def distribution(reading: Reading) -> dict[str, float]:
    """Give the distribution over ``HAZARDS`` and ``OPEN`` of a post; the values, rounded to 4 digits, sum to 1.

    Each hit speaks for its hazards with its strength; hits for one hazard join as independent hints (noisy or); the open mass shrinks
    by whatever the surest hazard holds. Without any hint all mass is open.
    """
    missed = _missed(reading)
    mass = {name: 1.0 - missed[name] for name in (*HAZARDS, OPEN) if name in missed}
    surest = max((value for name, value in mass.items() if name != OPEN), default=0.0)
    if OPEN in mass:
        mass[OPEN] *= 1.0 - surest
    total = sum(mass.values())
    if total <= 0.0:
        return {OPEN: 1.0}
    kept = {name: value / total for name, value in mass.items() if value / total >= LEAST_SHARE}
    total = sum(kept.values())
    rounded = {name: round(value / total, 4) for name, value in kept.items()}
    leading = max(rounded, key=lambda name: rounded[name])
    rounded[leading] = round(rounded[leading] + 1.0 - sum(rounded.values()), 4)
    return rounded


def leading(shares: Mapping[str, float]) -> str:
    """Give the hazard that a post is said to tell of: the one that holds at least ``LEADING_FROM`` of a distribution, else ``OPEN``.

    >>> leading({"fire": 0.9, "open": 0.1}), leading({"fire": 0.5, "storm": 0.5})
    ('fire', 'open')
    """
    most = min(shares, key=lambda name: (-shares[name], name), default=OPEN)
    return most if shares.get(most, 0.0) >= LEADING_FROM else OPEN


def heard(reading: Reading) -> dict[str, float]:
    """Give how strongly a post's words speak for each hazard that they name, and ``OPEN``: ``-log`` of the chance that none means it."""
    return {name: -log(chance) for name, chance in _missed(reading).items()}


def _missed(reading: Reading) -> dict[str, float]:
    missed: dict[str, float] = {}
    for hit in reading.hits:
        say = SAY.get(hit.entry.role, 0.0) * max(hit.entry.strength, 0.05)
        if say and reading.negated(hit.start, hit.end):
            say *= NEGATED_SAY
        for hazard, share in hit.entry.hazards.items():
            missed[hazard] = missed.get(hazard, 1.0) * (1.0 - min(say * share, 0.99))
    return missed


def terms_of(reading: Reading) -> tuple[tuple[str, ...], tuple[Span, ...]]:
    """Give the matched words (folded but for emoji, in order, without repeats) and their spans, at most ``TERMS`` of each."""
    telling = [hit for hit in reading.hits if hit.entry.role in OPENING_ROLES]
    words = tuple(dict.fromkeys(shown(hit.form) for hit in telling))[:TERMS]
    return words, tuple(Span(hit.start, hit.end, hit.entry.id) for hit in telling[:TERMS])


def consequences_of(reading: Reading) -> tuple[str, ...]:
    """Give the reported consequences, in the order of the closed list; negated ones ("aucun blessé") are not reported."""
    found = {
        hit.entry.consequence
        for hit in reading.hits
        if hit.entry.consequence and hit.entry.role != "figurative" and not _denied(reading, hit)
    }
    return tuple(name for name in CONSEQUENCES if name in found)


def _denied(reading: Reading, hit: Hit) -> bool:
    if reading.negated(hit.start, hit.end):
        return True
    return any(false.start <= hit.start and hit.end <= false.end for false in reading.cues.get("false_negation", ()))


def perceives_only(reading: Reading, consequences: tuple[str, ...]) -> bool:
    """Tell whether the post holds noise, smoke, sirens or shaking, but neither the thing itself nor what it did."""
    roles = {hit.entry.role for hit in reading.hits if not reading.negated(hit.start, hit.end)}
    return "perception" in roles and "hazard" not in roles and not set(consequences) - {"responders"}
