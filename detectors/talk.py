"""How much each hazard is talked of with a place, in the last hour, anywhere: what the talk without a place is shared out by.

Each language is counted by itself: who names no place means a place that those name who speak as he does.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile
from typing import Final

from detectors.hazards import LEAST_TALK, TALK_UNIT
from detectors.voices import Voice
from tocsin.time import MINUTE_MS

TALK_MS: Final = 60 * MINUTE_MS
UNIT: Final = TALK_UNIT
LEAST_SUPPORT: Final = LEAST_TALK


def named_support(voice: Voice, hazard: str) -> float:
    """Give how well the hazards that a voice names support a hypothesis, from 0 to 1."""
    return voice.names[hazard]


def talk_of(voice: Voice) -> Mapping[str, int]:
    """Give what a voice adds to the talk of hazards, in ``UNIT``; nothing unless it tells of an event and names a place."""
    if not voice.places or voice.role != "event":
        return _NOTHING
    return voice.reading.talk


_NOTHING: Final[Mapping[str, int]] = {}


class Talk:
    """The located talk of each hazard over the last hour.

    >>> from tocsin.model import Place
    >>> town = Place(id="t", name="T", kind="town", lat=0, lon=0, uncertainty_km=1)
    >>> talk = Talk()
    >>> talk.add(Voice(number=0, post_id="p", author="a", source="", at=0, hazards={"fire": 1.0}, main="fire",
    ...     probability=0.5, weight=1.0, places=(town,)))
    >>> talk.forget(TALK_MS); talk.of("fire")
    10000
    >>> talk.forget(TALK_MS + 1); talk.of("fire")
    0
    """

    def __init__(self) -> None:
        self._held: dict[int, tuple[int, str, Mapping[str, int]]] = {}
        self._sums: dict[tuple[str, str], int] = {}

    def add(self, voice: Voice) -> None:
        """Count a voice; the caller adds in canonical order."""
        told = talk_of(voice)
        if told:
            self._held[voice.number] = (voice.at, voice.lang, told)
            self._count(voice.lang, told, 1)

    def remove(self, number: int) -> None:
        """Count a voice no more."""
        held = self._held.pop(number, None)
        if held is not None:
            self._count(held[1], held[2], -1)

    def forget(self, now_at: int) -> None:
        """Let go what is older than an hour."""
        for number in list(takewhile(lambda number: self._held[number][0] < now_at - TALK_MS, self._held)):
            self.remove(number)

    def of(self, hazard: str, lang: str = "") -> int:
        """Give the talk of a hazard in a language (in all, when none is given), in ``UNIT``."""
        return self._sums.get((hazard, lang), 0)

    def _count(self, lang: str, told: Mapping[str, int], sign: int) -> None:
        for hazard, units in told.items():
            for key in {(hazard, ""), (hazard, lang)}:
                left = self._sums.get(key, 0) + sign * units
                if left:
                    self._sums[key] = left
                else:
                    self._sums.pop(key, None)
