"""Whether more people speak of an incident than a while ago."""

from __future__ import annotations

from typing import Final

import msgspec

from console.board import Step
from tocsin.time import MINUTE_MS

TREND_MS: Final = 10 * MINUTE_MS
"""Two stretches of this length are compared."""


class Trend(msgspec.Struct, frozen=True):
    """Whether more people speak than a while ago."""

    name: str
    """``growing``, ``stable``, ``fading`` or ``new``."""
    now: int
    before: int


def trend(steps: list[Step], first_voice_at: int, now_at: int) -> Trend:
    """Compare the voices of the last stretch with those of the stretch before, from the steps of the history.

    >>> steps = [Step(0, "raised", "", 1.0, 4, 1), Step(700_000, "grown", "", 1.0, 6, 1), Step(1_300_000, "grown", "", 1.0, 12, 1)]
    >>> trend(steps, -60_000, 1_800_000)
    Trend(name='growing', now=6, before=2)
    """

    def heard(at: int) -> int:
        return max((step.voices for step in steps if step.at <= at), default=0)

    now = heard(now_at) - heard(now_at - TREND_MS)
    before = heard(now_at - TREND_MS) - heard(now_at - 2 * TREND_MS)
    if now_at - first_voice_at < TREND_MS:
        return Trend("new", now, before)
    if now > before * 1.5 and now - before >= 2:
        return Trend("growing", now, before)
    if now < before / 1.5 or now == 0:
        return Trend("fading", now, before)
    return Trend("stable", now, before)
