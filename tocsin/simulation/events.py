"""The posts of one incident, or of one burst that only looks like one."""

from __future__ import annotations

from collections.abc import Callable
from math import log, sqrt
from random import Random
from typing import Final

import msgspec

from tocsin.simulation import grammar
from tocsin.simulation.said import Kind, Said, slots_of
from tocsin.simulation.scenario import Curve, DecoyPlan, IncidentPlan, Scenario, Voices
from tocsin.simulation.speech import habit_of, slip, typed
from tocsin.simulation.world import Town, by_name
from tocsin.time import SECOND_MS

NUMBERS_PER_EVENT: Final = 1 << 20
"""Post numbers kept for each event, far above those of the background."""
FIRST_EVENT_NUMBER: Final = 1 << 40
TALKATIVE_SHARE: Final = 0.2
"""Share of first-hand posts by someone who has already posted about it."""
SPREAD_DEG: Final = {"earthquake": 0.25, "storm": 0.08, "flood": 0.03}
"""How far from it people with a device position stand; 0.008 degrees for the rest."""
NO_PLACE_WORDS_SHARE: Final = 0.35
LONGEST_SECS: Final = 6 * 3_600.0

_SPECIAL: Final[dict[str, str]] = {"road_accident": "at.road", "rail_accident": "at.rail", "flood": "at.river"}
"""Hazards that people tie to a road, a line or a river as often as to the town."""
_TAILED: Final = frozenset({"cry", "witness", "detail", "relay", "question"})
"""Kinds of posts to which people add what else goes through their heads."""


class _Follow(msgspec.Struct, frozen=True):
    kind: Kind
    share: Callable[[Voices], float]
    at_least_secs: float
    mean_secs: float
    """Mean of the exponential part of the delay after something that was seen."""


_FOLLOWS: Final = (
    _Follow("question", lambda voices: voices.questions, 5, 120),
    _Follow("relay", lambda voices: voices.relays, 60, 600),
    _Follow("media", lambda voices: voices.media, 700, 1_500),
    _Follow("official", lambda voices: voices.official, 500, 1_200),
    _Follow("denial", lambda voices: voices.denials, 900, 1_500),
    _Follow("after", lambda voices: voices.after, 5_400, 5_400),
)


def position_of(plan: IncidentPlan) -> tuple[float, float]:
    """Give the true position of an incident: its quarter, else its town."""
    town = by_name()[plan.town]
    for name, lat, lon in town.quarters:
        if name == plan.quarter:
            return lat, lon
    return town.lat, town.lon


def delay_secs(curve: Curve, dice: float) -> float:
    """Give the delay of a first-hand post after the event by inverting the curve's distribution (``dice`` uniform in [0, 1)).

    A linear rise over ``growth_secs`` has the mass g/2, the exponential decay from the peak the mass d.

    >>> curve = Curve(onset_secs=10, growth_secs=100, decay_secs=50)
    >>> delay_secs(curve, 0.0), round(delay_secs(curve, 0.5), 6), round(delay_secs(curve, 0.125), 6)
    (10.0, 110.0, 60.0)
    """
    rising = curve.growth_secs / 2
    mass = dice * (rising + curve.decay_secs)
    if mass < rising:
        return curve.onset_secs + curve.growth_secs * sqrt(mass / rising)
    return curve.onset_secs + curve.growth_secs - curve.decay_secs * log(1.0 - (mass - rising) / curve.decay_secs)


class _Scene:
    """Who speaks where about one event."""

    def __init__(self, scenario: Scenario, plan: IncidentPlan | DecoyPlan, index: int, lang: str) -> None:
        self.rng = Random(f"tocsin event {scenario.seed} {index} {plan.name}")  # noqa: S311  # seeded: the same scenario must give the same bytes
        self.draw = self.rng.random
        self.plan = plan
        self.town: Town = by_name()[plan.town]
        self.lang = lang
        self.grammar = grammar.load(lang)
        self.starts_at = scenario.start_at + round(plan.after_secs * SECOND_MS)
        self._next = FIRST_EVENT_NUMBER + index * NUMBERS_PER_EVENT
        self._quarter = plan.quarter if isinstance(plan, IncidentPlan) else None
        self._streets: tuple[str, str] | None = None
        self._spots = {name: (name, lat, lon) for name, lat, lon in (*self.town.quarters, *self.town.near)}
        self._spots[self.town.name] = (self.town.name, self.town.lat, self.town.lon)

    def number(self) -> int:
        """Give the next free post number; a new author takes one too."""
        self._next += 1
        return self._next

    def write(self, rule: str, level: str, kind: Kind, told_at: int, author: int) -> Said:
        """Let an author write one post from a rule, with the place said at a level (``town``, ``quarter``...)."""
        draw, town = self.draw, self.town
        slots = slots_of(town, self.rng, quarter=self._quarter)
        # One incident lies at one corner: all who name a street name these two.
        self._streets = self._streets or (slots[7], slots[8])
        slots[7], slots[8] = self._streets
        slots[0] = self._where(level, slots)
        hazard = self.plan.hazard
        text = self.grammar.expand(self.grammar.rule(rule, hazard), slots, draw)
        more = "decoy.sigh" if kind == "decoy" else "tail" if kind in _TAILED else None
        if more and (tail := self.grammar.expand(self.grammar.rule(more, hazard), slots, draw)):
            tail = tail.lstrip(",. ") if text[-1] in "?!." else tail
            text = f"{text}{tail}" if tail[0] in ",." else f"{text} {tail}"
        names = tuple(spot for name, spot in self._spots.items() if name in text)
        if kind not in ("media", "official"):
            text = typed(text, self.lang, habit_of(author), draw)
        return Said(
            told_at=told_at,
            number=self.number(),
            author=author,
            text=text,
            lang=self.lang,
            kind=kind,
            hazard=hazard,
            event=self.plan.name,
            names=names,
        )

    def _where(self, level: str, slots: list[str]) -> str:
        draw = self.draw
        rule = f"at.{level}"
        if level == "silent":
            if draw() < NO_PLACE_WORDS_SHARE:
                return ""
            rule = "nowhere"
        elif level == "town" and self.plan.hazard in _SPECIAL and draw() < 0.5:
            rule = _SPECIAL[self.plan.hazard]
        return self.grammar.expand(self.grammar.rule(rule), slots, draw)


def incident_posts(scenario: Scenario, plan: IncidentPlan, index: int) -> list[Said]:
    """Give all posts of one incident in order of time; ``index`` is its place among all events of the scenario."""
    scene = _Scene(scenario, plan, index, plan.lang or by_name()[plan.town].lang)
    draw = scene.draw
    first_hand: list[Said] = []
    authors: list[int] = []
    for delay in sorted(delay_secs(plan.curve, draw()) for _ in range(plan.witnesses)):
        if delay > LONGEST_SECS:
            continue
        if authors and draw() < TALKATIVE_SHARE:
            author = authors[int(draw() * len(authors))]
        else:
            author = scene.number()
            authors.append(author)
        kind = _first_hand_kind(delay, plan.curve, draw())
        said = scene.write(
            f"{plan.hazard}.{kind}", _level(plan, draw()), kind, scene.starts_at + round(delay * 1_000), author
        )
        _locate(said, plan, scene)
        first_hand.append(said)
    told = first_hand + [said for follow in _FOLLOWS for said in _others(scene, plan, first_hand, follow)]
    told += _reposts(scene, plan, told)
    told += _bots(scene, plan.bots, told)
    return sorted(told, key=lambda said: (said.told_at, said.number))


def decoy_posts(scenario: Scenario, plan: DecoyPlan, index: int) -> list[Said]:
    """Give all posts of one look-alike in order of time: its own rule, and people who wonder what it is."""
    scene = _Scene(scenario, plan, index, by_name()[plan.town].lang)
    draw = scene.draw
    wondering = plan.kind in ("exercise", "fireworks", "fiction")
    told: list[Said] = []
    for _ in range(plan.posts):
        rule = "question" if wondering and draw() < 0.12 else f"decoy.{plan.kind}"
        level = ("town", "quarter", "silent")[int(draw() * 3)]
        told_at = scene.starts_at + round(plan.lasts_secs * 1_000 * draw() ** 1.5)
        told.append(scene.write(rule, level, "decoy", told_at, scene.number()))
    told += _bots(scene, plan.bots, told)
    for said in told:
        said.kind = "decoy"
    return sorted(told, key=lambda said: (said.told_at, said.number))


def _first_hand_kind(delay: float, curve: Curve, dice: float) -> Kind:
    age = (delay - curve.onset_secs) / curve.growth_secs
    cry, detail = (0.45, 0.0) if age < 0.6 else (0.15, 0.12) if age < 2.0 else (0.03, 0.4)
    return "cry" if dice < cry else "detail" if dice < cry + detail else "witness"


def _level(plan: IncidentPlan, dice: float) -> str:
    shares = plan.places
    levels = (
        ("town", shares.town),
        ("quarter", shares.quarter),
        ("street", shares.street),
        ("near", shares.near),
        ("silent", shares.silent),
    )
    left = dice * sum(share for _, share in levels)
    for level, share in levels:
        if left < share:
            return level
        left -= share
    return "silent"


def _locate(said: Said, plan: IncidentPlan, scene: _Scene) -> None:
    draw = scene.draw
    if draw() < plan.places.gps:
        lat, lon = position_of(plan)
        spread = SPREAD_DEG.get(plan.hazard, 0.008)
        said.lat = round(lat + (draw() - 0.5) * 2 * spread, 5)
        said.lon = round(lon + (draw() - 0.5) * 2 * spread, 5)
    if draw() < plan.places.profile:
        said.profile = scene.town.name if draw() < 0.8 else scene.town.near[int(draw() * len(scene.town.near))][0]


def _others(scene: _Scene, plan: IncidentPlan, first_hand: list[Said], follow: _Follow) -> list[Said]:
    """Relays, questions, newsrooms and services: each comes a while after something that was seen."""
    draw, kind = scene.draw, follow.kind
    out: list[Said] = []
    for _ in range(_rounded(follow.share(plan.voices) * len(first_hand), draw()) if first_hand else 0):
        cause = first_hand[int(draw() * len(first_hand))]
        told_at = cause.told_at + round(1_000 * (follow.at_least_secs - follow.mean_secs * log(1.0 - draw())))
        level = "town" if kind in ("media", "official") else _level(plan, draw())
        rule = f"{plan.hazard}.after" if kind == "after" else kind
        said = scene.write(rule, level, kind, told_at, scene.number())
        if kind in ("relay", "question") and draw() < plan.places.profile:
            said.profile = scene.town.name
        out.append(said)
    return out


def _reposts(scene: _Scene, plan: IncidentPlan, told: list[Said]) -> list[Said]:
    draw = scene.draw
    out: list[Said] = []
    if not told:
        return out
    for _ in range(_rounded(plan.voices.reposts * plan.witnesses, draw())):
        # The first posts are the ones passed on.
        parent = told[int(draw() * draw() * len(told))]
        told_at = parent.told_at + round(1_000 * (10 - 700 * log(1.0 - draw())))
        text = parent.text if draw() < 0.5 else f"RT @user: {parent.text}"
        out.append(_copy(parent, scene, "repost", told_at, text))
        out[-1].repost_of = parent.number
    return out


def _bots(scene: _Scene, count: int, told: list[Said]) -> list[Said]:
    """Accounts made for it say one thing again and again, each a little differently, within five minutes."""
    if not count or not told:
        return []
    draw = scene.draw
    model = told[int(draw() * min(len(told), 5))]
    out: list[Said] = []
    for _ in range(count):
        text = slip(model.text, draw) + ("", "!", " !!", " 🔴", f" {int(draw() * 99)}")[int(draw() * 5)]
        out.append(_copy(model, scene, "bot", model.told_at + round(20_000 + 280_000 * draw()), text))
    return out


def _copy(parent: Said, scene: _Scene, kind: Kind, told_at: int, text: str) -> Said:
    return Said(
        told_at=told_at,
        number=scene.number(),
        author=scene.number(),
        text=text,
        lang=parent.lang,
        kind=kind,
        hazard=parent.hazard,
        event=parent.event,
        names=parent.names,
    )


def _rounded(mean: float, dice: float) -> int:
    """Round a mean to a whole number without bias."""
    return int(mean) + (dice < mean % 1.0)
