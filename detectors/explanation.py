"""Other explanations of a burst than an event here and now: a drill, a match, fireworks, an old article going round.

An asserted explanation counts from two independent voices, or from one official, and only while at most ``OUTNUMBERED`` times as many
voices tell of an event: two who write of the match beside forty who write of an attack explain nothing. It then accounts for the voices
that tell no consequence, and for those that tell only what it brings by itself; if what is left passes the threshold alone, the incident
is raised all the same (an accident during a match). A question ("is it a drill?") is no explanation: it proves perception. Denials weigh
against the evidence, each by itself.

Fails when: two people are mistaken in the same way within the hour; the refusal is visible, and two new first-hand voices reopen it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from detectors.voices import Voice

AGREEING_VOICES: Final = 2
"""Independent voices that make an explanation stand."""
OUTNUMBERED: Final = 4
"""Voices that tell of an event for each one that explains it away, beyond which the explanation does not stand."""
OFFICIAL_VOICES: Final = 3
"""How many voices an official one counts for in that."""
DENIAL_NATS: Final = 1.5
"""What one denial takes from the evidence: it is 4.5 times as likely where nothing happens."""
OFFICIAL_DENIAL_NATS: Final = 4.0
"""What an official denial takes."""
BRINGS: Final[Mapping[str, frozenset[str]]] = {
    "sport": frozenset({"injured", "blocked", "responders"}),
    "politics": frozenset({"blocked", "responders"}),
    "advert": frozenset({"damage", "blocked"}),
    "warning": frozenset({"blocked", "evacuated", "responders"}),
}
"""The consequences that an explanation brings by itself: a match has injured players, no evacuations. A drill, a film, a commemoration and
old news may tell of any."""
SURE_PROBABILITY: Final = 0.7
"""Probability from which a retold consequence stands against an explanation that does not bring it."""
SURE_WEIGHT: Final = 3.0
"""Mark from which a first-hand voice stands by itself against an explanation."""


def standing(voices: Sequence[Voice], telling: int) -> str | None:
    """Give the explanation that stands among some voices beside ``telling`` voices of an event there, by its kind, or ``None``.

    >>> def said(author: str, witness: str) -> Voice:
    ...     return Voice(number=0, post_id=author, author=author, source="", at=0, role="explanation", explanation="exercise",
    ...         hazards={}, main="attack", probability=0.1, weight=0.5, witness=witness)
    >>> standing([said("a", "unknown")], 3), standing([said("a", "official")], 3), standing([said("a", ""), said("b", "")], 3)
    (None, 'exercise', 'exercise')
    >>> standing([said("a", ""), said("b", "")], 9) is None
    True
    """
    authors: dict[str, set[str]] = {}
    official: dict[str, bool] = {}
    for voice in voices:
        if voice.role == "explanation":
            authors.setdefault(voice.explanation, set()).add(voice.author)
            official[voice.explanation] = official.get(voice.explanation, False) or voice.witness == "official"
    agreed = [kind for kind in authors if official[kind] or len(authors[kind]) >= AGREEING_VOICES]
    saying = sum(len(authors[kind]) + (OFFICIAL_VOICES - 1) * official[kind] for kind in agreed)
    if telling > OUTNUMBERED * saying:
        return None
    return max(agreed, key=lambda kind: (official[kind], len(authors[kind]), kind), default=None)


def accounts_for(voice: Voice, kind: str) -> bool:
    """Tell whether an explanation of a kind accounts for a voice: any but who surely tells a consequence, at first hand or beyond the kind.

    >>> def told(consequence: str, probability: float) -> Voice:
    ...     return Voice(number=0, post_id="p", author="a", source="", at=0, hazards={"attack": 1.0}, main="attack",
    ...         probability=probability, weight=1.5, witness="relay", consequences=(consequence,))
    >>> accounts_for(told("evacuated", 0.9), "sport"), accounts_for(told("evacuated", 0.9), "exercise")
    (False, True)
    >>> accounts_for(told("injured", 0.9), "sport"), accounts_for(told("evacuated", 0.4), "sport")
    (True, True)
    """
    if voice.perception_only or not voice.consequences:
        return True
    if voice.first_hand and voice.weight >= SURE_WEIGHT:
        return False
    beyond = kind in BRINGS and not BRINGS[kind].issuperset(voice.consequences)
    return not (beyond and voice.probability >= SURE_PROBABILITY)


def denial_nats(voices: Sequence[Voice]) -> float:
    """Give what the denials among some voices take from the evidence, in nats: once an author."""
    by_author: dict[str, float] = {}
    for voice in voices:
        if voice.role == "denial":
            nats = OFFICIAL_DENIAL_NATS if voice.witness == "official" else DENIAL_NATS
            by_author[voice.author] = max(nats, by_author.get(voice.author, 0.0))
    return sum(by_author.values())
