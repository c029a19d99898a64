"""One hypothesis weighed: is there an event of this hazard around this place, now?

Gathers the voices that may speak of it (once an author), sets aside those that an explanation accounts for, measures each against the rate
expected where and when it was heard, and gives the prior-weighted evidence of all zones together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec
import numpy as np

from detectors import explanation
from detectors.baseline import PEOPLE_OF_KIND, Baseline
from detectors.evidence import evidence, log_sum, loudest
from detectors.geometry import Floats, distance_km
from detectors.hazards import PRIOR, SPREAD_KM, SUPPORT, lends
from detectors.place import NONE_SHARE, Candidates, Whereabouts, candidates_of, fits, nominate, whereabouts
from detectors.pool import Pool
from detectors.retelling import retold
from detectors.voices import RETOLD, Voice, across_the_roll
from tocsin.model import COARSE_KINDS, HAZARDS, Place
from tocsin.settings.detector import DetectorSettings
from tocsin.time import MINUTE_MS

LOOK_BACK_UNLOCATED_MINS: Final = 60.0
TERRITORY_PEOPLE: Final = 7e7
"""People of the territory that a budget is for."""
LEAST_PEOPLE: Final = 2e5
"""A place is as likely the scene of an event as a town of so many people, however small it is: roads and fields have accidents too."""
LEAST_SUPPORT: Final = 0.3
"""Support of a hazard below which a located voice is not of the event."""
LEAST_SUPPORT_UNLOCATED: Final = 0.45
"""The same for what a voice without a place names: who says neither what nor where is no evidence, though an open incident may claim it."""
BREADTH_KM: Final = 30.0
BREADTH_SPREADS: Final = 3.0
"""An area whose r90 is larger than this is no place: nobody could be sent there."""
NAMED: Final = frozenset(HAZARDS)
PLACED_SCORE: Final = 0.4
"""A voice is placed when its fine candidates are together at least so probable."""
UNLOCATED_FOR_ONE: Final = 2
"""Voices without a place that are weighed for each one with a place, the latest first: they are shared by all places, and a third of the
witnesses of an event, so more of them tell of something else."""
LEAST_NATS: Final = 0.7
"""A voice speaks for an event when it doubles the odds: one that adds less could as well be ordinary talk."""
LEAST_FIT: Final = 0.02
"""A place that fits a zone less than this is not counted in what is expected there."""

Echo = Callable[[str, Place | None], float]
"""Voices a minute expected to name a place (``None``: no place) because open incidents elsewhere are talked of."""


class Hypothesis(msgspec.Struct, frozen=True):
    """What was found: who speaks for it, where, how strongly."""

    hazard: str
    voices: tuple[Voice, ...]
    """Those that speak for the best zone, in canonical order."""
    placed: int
    """How many of them name a place of the best zone, finer than a département."""
    eyewitnesses: int
    """How many of them name the hazard and the place at first hand."""
    testimonies: int
    """How many of them name the hazard and the place, and are no newsroom."""
    where: Whereabouts
    nats: float
    """Prior-weighted evidence over all zones, less the denials."""
    window_mins: float
    expected: float
    """Voices expected here in that window on an ordinary day."""
    against: float
    """What denials took, in nats."""
    explained: str | None
    """The explanation that stands, if any; the voices it accounts for are not among ``voices``."""

    def meets_floors(self, settings: DetectorSettings) -> bool:
        """Tell whether enough independent, placed and unmediated voices speak for it, and credibly."""
        unmediated = sum(not voice.media for voice in self.voices)
        mean = sum(voice.probability for voice in self.voices) / max(1, len(self.voices))
        return (
            len(self.voices) >= settings.min_voices
            and (self.placed >= settings.min_placed_voices or self.has_sure_place(settings))
            and self.named >= settings.min_named_voices
            and self.testimonies >= settings.min_testimonies
            and self.where.r90_km <= BREADTH_KM + BREADTH_SPREADS * spread_of(self.hazard, settings)
            and unmediated >= settings.min_unmediated_voices
            and mean >= settings.min_mean_probability
        )

    def has_sure_place(self, settings: DetectorSettings) -> bool:
        """Tell whether the evidence is so strong that the one voice that names the place, at first hand, is enough."""
        threshold = math.log(settings.budget_mins(self.where.place.country))
        return self.eyewitnesses > 0 and self.nats >= threshold + settings.sole_place_nats

    @property
    def named(self) -> int:
        """How many voices name a hazard of the family."""
        return sum(named_support(voice, self.hazard) >= LEAST_SUPPORT for voice in self.voices)

    @property
    def mere_perception(self) -> bool:
        """Only noise, smoke, sirens and questions were heard so far: nobody told a consequence."""
        return all((voice.perception_only or voice.question) and not voice.consequences for voice in self.voices)


def spread_of(hazard: str, settings: DetectorSettings) -> float:
    """Give the spread of a hazard in km."""
    return settings.spread_km.get(hazard, SPREAD_KM[hazard])


def support_of(voice: Voice, hazard: str) -> float:
    """Give how well a voice supports a hypothesis, from 0 to 1."""
    return lends(voice.hazards, hazard, perception_only=voice.perception_only)


def named_support(voice: Voice, hazard: str) -> float:
    """Give how well the hazards that a voice names support a hypothesis, from 0 to 1."""
    return sum(mass * SUPPORT[told][hazard] for told, mass in voice.hazards.items() if told in NAMED)


def trust_of(voices: Sequence[Voice]) -> Floats:
    """Give how much each voice's word on the place counts: full at first hand, a quarter when retold."""
    return np.array([1.0 if v.first_hand else 0.25 if v.witness in RETOLD else 0.6 for v in voices])


def zone_prior(zones: Sequence[Place]) -> Floats:
    """Give the prior probability of each zone within its territory: by its people, with a floor."""
    people = [max(float(zone.population) or PEOPLE_OF_KIND.get(zone.kind, 0.0), LEAST_PEOPLE) for zone in zones]
    return np.array(people) / TERRITORY_PEOPLE


def once_an_author(voices: Iterable[Voice]) -> list[Voice]:
    """Keep the voice of each author that says most (greatest mark; the earlier one of equals), in canonical order.

    Of voices before and after a roll of the author keys only as many stay as one side has.
    """
    best: dict[str, Voice] = {}
    for voice in voices:
        known = best.get(voice.author)
        if known is None or (bool(voice.places), voice.weight) > (bool(known.places), known.weight):
            best[voice.author] = voice
    return across_the_roll(list(best.values()))


def weigh(  # noqa: PLR0913, PLR0917  (a hypothesis and all it is measured against)
    hazard: str, seed: Place, now_at: int, pool: Pool, baseline: Baseline, echo: Echo, settings: DetectorSettings
) -> Hypothesis | None:
    """Weigh the hypothesis of an event of ``hazard`` around ``seed`` at ``now_at``; ``None`` when too few speak for it."""
    spread = spread_of(hazard, settings)
    reach = 3.0 * spread + 15.0
    near = [v for v in pool.near(seed, reach) if support_of(v, hazard) >= LEAST_SUPPORT]
    since = now_at - int(LOOK_BACK_UNLOCATED_MINS * MINUTE_MS)
    floating = pool.unlocated(since, settings.max_hypothesis_voices)
    floating = [v for v in floating if named_support(v, hazard) >= LEAST_SUPPORT_UNLOCATED]
    located = sum(v.role == "event" for v in near)
    heard = [*near, *floating[-UNLOCATED_FOR_ONE * located :]] if located else near
    telling = once_an_author(v for v in heard if v.role == "event")
    if len(telling) < settings.min_voices:
        return None
    recent = now_at - int(settings.explanation_mins * MINUTE_MS)
    other = [v for v in heard if v.role != "event" and v.at >= recent and (v.places or v.witness != "official")]
    explained = explanation.standing(other, len(telling))
    if explained is not None:
        telling = [v for v in telling if not explanation.accounts_for(v)]
    telling = telling[-settings.max_hypothesis_voices :]
    zones = [
        zone
        for zone in nominate(telling, 4 * settings.max_hypothesis_zones)
        if distance_km(zone.lat, zone.lon, seed.lat, seed.lon) <= reach
    ][: settings.max_hypothesis_zones]
    if len(telling) < settings.min_voices or not zones:
        return _refused(hazard, seed, explained)
    named = candidates_of(telling)
    ages = np.array([max(0.0, (now_at - v.at) / MINUTE_MS) for v in telling])
    matrix = fits(zones, named.places, spread)
    pulls, rates = _pulls(hazard, telling, named, matrix, baseline, echo, retold(telling, spread, settings))
    nats, _ = evidence(ages, pulls, settings.sizes_voices, settings.windows_mins, settings.voice_cap_nats)
    weighed = nats + np.log(zone_prior(zones)) + math.log(PRIOR)
    best = int(np.argmax(np.round(weighed, 6)))
    added, window = loudest(ages, pulls[best], settings.sizes_voices, settings.windows_mins, settings.voice_cap_nats)
    against = explanation.denial_nats(other)
    meant, finely = _meant(telling, named, matrix[best])
    speaks = [
        added[index] >= LEAST_NATS and (not voice.places or meant[index] >= settings.min_meant)
        for index, voice in enumerate(telling)
    ]
    speaking = [voice for voice, does in zip(telling, speaks, strict=True) if does]
    placed = sum(does and finely[index] >= PLACED_SCORE for index, does in enumerate(speaks))
    told_there = [
        voice
        for index, (voice, does) in enumerate(zip(telling, speaks, strict=True))
        if does and finely[index] >= PLACED_SCORE and named_support(voice, hazard) >= LEAST_SUPPORT
    ]
    testimonies = sum(not voice.media for voice in told_there)
    eyewitnesses = sum(voice.first_hand for voice in told_there)
    fine = nominate(speaking, settings.max_hypothesis_zones)
    if not fine:
        return _refused(hazard, seed, explained)
    return Hypothesis(
        hazard=hazard,
        voices=tuple(speaking),
        placed=placed,
        eyewitnesses=eyewitnesses,
        testimonies=testimonies,
        where=whereabouts(fine, zone_prior(fine), speaking, trust_of(speaking), spread),
        nats=round(log_sum(weighed) - against + settings.calibration_nats, 6),
        window_mins=window,
        expected=round(float(rates[best]) * window, 9),
        against=against,
        explained=explained,
    )


def _refused(hazard: str, seed: Place, explained: str | None) -> Hypothesis | None:
    if explained is None:
        return None
    return Hypothesis(
        hazard, (), 0, 0, 0, Whereabouts((seed,), (1.0,), 0, 0.5, 0.5), float("-inf"), 0.0, 0.0, 0.0, explained
    )


def _pulls(  # noqa: PLR0913, PLR0917  (what was heard and all it is measured against)
    hazard: str,
    voices: Sequence[Voice],
    named: Candidates,
    matrix: Floats,
    baseline: Baseline,
    echo: Echo,
    drawn: Floats,
) -> tuple[Floats, Floats]:
    """Give ``x_i`` for each zone and voice, in minutes, and the expected voices a minute around each zone."""
    zones = matrix.shape[0]
    pulls = np.zeros((zones, len(voices)))
    rates = np.zeros(zones)
    seen: set[str] = set()
    for column, owner in enumerate(named.owner):
        voice, place = voices[owner], named.places[column]
        rate = baseline.rate(voice.main, place) + echo(hazard, place)
        pulls[:, owner] += named.scores[column] * matrix[:, column] / (rate + drawn[owner])
        if place.id not in seen:
            seen.add(place.id)
            rates += np.where(matrix[:, column] > LEAST_FIT, rate, 0.0)
    for index, voice in enumerate(voices):
        if not voice.places:
            rate = baseline.unlocated_rate(voice.main) + echo(hazard, None) + drawn[index]
            pulls[:, index] = NONE_SHARE / rate
        pulls[:, index] *= voice.weight / baseline.mean_mark * support_of(voice, hazard)
    return pulls, rates


def _meant(voices: Sequence[Voice], named: Candidates, row: Floats) -> tuple[Floats, Floats]:
    """Give for each voice the probability that it means a place that fits a zone, and a fine one."""
    meant, finely = np.zeros(len(voices)), np.zeros(len(voices))
    for column, owner in enumerate(named.owner):
        if row[column] >= LEAST_FIT:
            meant[owner] += named.scores[column]
            if named.places[column].kind not in COARSE_KINDS:
                finely[owner] += named.scores[column]
    return np.round(meant, 9), np.round(finely, 9)
