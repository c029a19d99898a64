"""How much each hazard is talked of with a place, in the last hour, anywhere: what the talk without a place is shared out by."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from detectors.hazards import MOST_DISTRIBUTIONS
from detectors.voices import Voice
from tocsin.model import HAZARDS
from tocsin.time import MINUTE_MS

TALK_MS: Final = 60 * MINUTE_MS
UNIT: Final = 10_000
"""Support is counted in ten-thousandths, so that sums are exact whatever their order."""
LEAST_SUPPORT: Final = 0.3
"""Support of a hazard below which a voice is not of the event."""
INDEX: Final[Mapping[str, int]] = {hazard: index for index, hazard in enumerate(HAZARDS)}


def named_support(voice: Voice, hazard: str) -> float:
    """Give how well the hazards that a voice names support a hypothesis, from 0 to 1."""
    return voice.names[hazard]


def talk_of(voice: Voice) -> tuple[int, ...]:
    """Give what a voice adds to the talk of each hazard, in ``UNIT``; nothing unless it tells of an event and names a place."""
    if not voice.places or voice.role != "event":
        return _NOTHING
    return _units(tuple(voice.names.values()))


@lru_cache(maxsize=MOST_DISTRIBUTIONS)
def _units(supports: tuple[float, ...]) -> tuple[int, ...]:
    return tuple(round(UNIT * s) if s >= LEAST_SUPPORT else 0 for s in supports)


_NOTHING: Final = (0,) * len(HAZARDS)


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
        self._held: dict[int, tuple[int, tuple[int, ...]]] = {}
        self._sums = [0] * len(HAZARDS)

    def add(self, voice: Voice) -> None:
        """Count a voice; the caller adds in canonical order."""
        told = talk_of(voice)
        if any(told):
            self._held[voice.number] = (voice.at, told)
            for index, units in enumerate(told):
                self._sums[index] += units

    def remove(self, number: int) -> None:
        """Count a voice no more."""
        held = self._held.pop(number, None)
        if held is not None:
            for index, units in enumerate(held[1]):
                self._sums[index] -= units

    def forget(self, now_at: int) -> None:
        """Let go what is older than an hour."""
        while self._held:
            oldest = next(iter(self._held))
            if self._held[oldest][0] >= now_at - TALK_MS:
                break
            self.remove(oldest)

    def of(self, hazard: str) -> int:
        """Give the talk of a hazard, in ``UNIT``."""
        return self._sums[INDEX[hazard]]
