"""The ordinary noise: a Poisson stream with a day and a night, endless and in constant memory."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from math import cos, log, pi
from random import Random
from typing import Final

from tocsin.model import HAZARDS
from tocsin.simulation import grammar
from tocsin.simulation.said import Kind, Said, slots_of
from tocsin.simulation.scenario import Background, Scenario
from tocsin.simulation.speech import habit_of, typed
from tocsin.simulation.world import Town, towns
from tocsin.time import DAY_MS, HOUR_MS, MINUTE_MS

BUSIEST_HOUR_UTC: Final = 18.0
VARIANTS: Final = 12
"""Draws of slot values kept for each town; a post picks one of them."""
_GPS_SPREAD_DEG: Final = 0.04


def day_factor(instant_at: int, night_floor: float) -> float:
    """Give the rate at an instant over the mean rate of a day: a cosine with its top at 18:00 UTC.

    >>> top, bottom = day_factor(18 * HOUR_MS, 0.25), day_factor(6 * HOUR_MS, 0.25)
    >>> round(bottom / top, 6), round(sum(day_factor(h * HOUR_MS, 0.25) for h in range(24)) / 24, 6)
    (0.25, 1.0)
    """
    hour = (instant_at % DAY_MS) / HOUR_MS
    swing = (1.0 - night_floor) / (1.0 + night_floor)
    return 1.0 + swing * cos((hour - BUSIEST_HOUR_UTC) * pi / 12.0)


def _lang_towns(lang: str) -> tuple[tuple[Town, ...], list[float]]:
    chosen = tuple(town for town in towns() if town.lang == lang)
    total = 0.0
    edges: list[float] = []
    for town in chosen:
        # People talk of towns by the square root of their size: villages are heard of more than their share.
        total += town.population**0.5
        edges.append(total)
    return chosen, [edge / total for edge in edges]


def background(scenario: Scenario) -> Iterator[Said]:
    """Give the background posts of a scenario in order of time; numbers count from 0."""
    plan: Background = scenario.background
    if plan.rate_per_min <= 0.0:
        return
    rng = Random(f"tocsin background {scenario.seed}")  # noqa: S311  # seeded: the same scenario must give the same bytes
    draw = rng.random
    speakers = {lang: _Speaker(lang, rng) for lang in ("fr", "en")}
    single_edge, hot_edge = plan.single_share, plan.single_share + plan.hot_share
    number = 0
    for minute_at in range(scenario.start_at, scenario.end_at, MINUTE_MS):
        ends_at = min(minute_at + MINUTE_MS, scenario.end_at)
        mean_gap_ms = MINUTE_MS / (plan.rate_per_min * day_factor(minute_at, plan.night_floor))
        # Gaps have no memory, so a new rate may begin with each minute.
        told = minute_at - log(1.0 - draw()) * mean_gap_ms
        while told < ends_at:
            speaker = speakers["fr" if draw() < plan.share_fr else "en"]
            kind: Kind = "plain"
            dice = draw()
            if dice < hot_edge:
                kind = "single_true" if dice < single_edge else "hot"
            # A few write a lot, many write little.
            author = int(draw() * draw() * plan.authors)
            said = speaker.say(int(told), number, author, kind, draw() < plan.profile_share)
            if draw() < plan.gps_share:
                said.lat, said.lon = speaker.position()
            yield said
            number += 1
            told -= log(1.0 - draw()) * mean_gap_ms


class _Speaker:
    """All people of one language."""

    def __init__(self, lang: str, rng: Random) -> None:
        self._lang = lang
        self._draw = rng.random
        self._grammar = grammar.load(lang)
        self._towns, self._edges = _lang_towns(lang)
        self._slots = [
            [slots_of(town, rng, where=slots_of(town, rng)[2]) for _ in range(VARIANTS)] for town in self._towns
        ]
        self._plain = self._grammar.rule("bg", HAZARDS[0])
        self._hot = self._grammar.rule("hot", HAZARDS[0])
        self._town = self._towns[0]

    def say(self, told_at: int, number: int, author: int, kind: Kind, with_profile: bool) -> Said:
        draw = self._draw
        index = bisect_right(self._edges, draw())
        town = self._town = self._towns[index]
        slots = self._slots[index][int(draw() * VARIANTS)]
        hazard: str | None = None
        if kind == "plain":
            rule = self._plain
        elif kind == "hot":
            rule = self._hot
        else:
            hazard = HAZARDS[int(draw() * len(HAZARDS))]
            rule = self._grammar.rule(f"{hazard}.witness", hazard)
        text = typed(self._grammar.expand(rule, slots, draw), self._lang, habit_of(author), draw)
        return Said(
            told_at=told_at,
            number=number,
            author=author,
            text=text,
            lang=self._lang,
            kind=kind,
            hazard=hazard,
            event="none" if hazard else None,
            profile=town.name if with_profile else None,
            names=((town.name, town.lat, town.lon),),
        )

    def position(self) -> tuple[float, float]:
        """Give a device position around the town of the last post."""
        draw, town = self._draw, self._town
        return (
            round(town.lat + (draw() - 0.5) * 2 * _GPS_SPREAD_DEG, 5),
            round(town.lon + (draw() - 0.5) * 2 * _GPS_SPREAD_DEG, 5),
        )
