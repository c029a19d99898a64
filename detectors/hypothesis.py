"""One hypothesis weighed: is there an event of this hazard around this place, now?

Gathers the voices that may speak of it (once an author), sets aside those that an explanation accounts for, measures each against the rate
expected where and when it was heard, and gives the prior-weighted evidence of all zones together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import numpy as np

from detectors import explanation
from detectors.baseline import Baseline
from detectors.evidence import evidence, log_sum, loudest
from detectors.geometry import Floats, within_km
from detectors.hazards import PRIOR
from detectors.people import PEOPLE_OF_KIND
from detectors.place import NONE_SHARE, Candidates, Whereabouts, candidates_of, fits, nominate, share_of, whereabouts
from detectors.pool import Pool
from detectors.retelling import retold
from detectors.rivals import without_rivals
from detectors.talk import LEAST_SUPPORT, named_support
from detectors.telling import Told, listen, reach_of, spread_of, support_of
from detectors.voices import RETOLD, Voice
from tocsin.model import COARSE_KINDS, Place
from tocsin.settings.detector import DetectorSettings
from tocsin.time import MINUTE_MS

TERRITORY_PEOPLE: Final = 7e7
"""People of the territory that a budget is for."""
LEAST_PEOPLE: Final = 2e5
"""A place is as likely the scene of an event as a town of so many people, however small it is: roads and fields have accidents too."""
PLACED_SCORE: Final = 0.4
"""A voice is placed when its fine candidates are together at least so probable."""
LEAST_NATS: Final = 0.7
"""A voice speaks for an event when it doubles the odds: one that adds less could as well be ordinary talk."""
ROUNDING_NATS: Final = 1e-5
"""What rounding may have taken from a bound."""
PROFILE: Final = "profile"
"""Method of a place that the author's profile names: it says something that a text with the same name does not."""
CONFIRMING: Final = 0.3
"""A place named with at least this probability confirms the others named around it."""
RARE: Final = 2e-4
"""Where fewer voices than this are expected in the window, two that agree on the place do so hardly by chance."""
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
    agreeing: int
    """How many of them name a place of the best zone, or a larger one that holds it and is not much wider than the hazard."""
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

    @property
    def named(self) -> int:
        """How many voices name a hazard of the family."""
        return sum(named_support(voice, self.hazard) >= LEAST_SUPPORT for voice in self.voices)

    @property
    def witnesses(self) -> int:
        """How many voices speak at first hand."""
        return sum(voice.first_hand for voice in self.voices)

    @property
    def mere_perception(self) -> bool:
        """Only noise, smoke, sirens and questions were heard so far: nobody told a consequence."""
        return all((voice.perception_only or voice.question) and not voice.consequences for voice in self.voices)


def trust_of(voices: Sequence[Voice]) -> Floats:
    """Give how much each voice's word on the place counts: full at first hand, a quarter when retold."""
    return np.array([1.0 if v.first_hand else 0.25 if v.witness in RETOLD else 0.6 for v in voices])


def zone_prior(zones: Sequence[Place]) -> Floats:
    """Give the prior probability of each zone within its territory: by its people, with a floor."""
    people = [max(float(zone.population) or PEOPLE_OF_KIND.get(zone.kind, 0.0), LEAST_PEOPLE) for zone in zones]
    return np.array(people) / TERRITORY_PEOPLE


def weigh(  # noqa: PLR0913, PLR0917  (a hypothesis and all it is measured against)
    hazard: str, seed: Place, now_at: int, pool: Pool, baseline: Baseline, echo: Echo, settings: DetectorSettings
) -> Hypothesis | None:
    """Weigh the hypothesis of an event of ``hazard`` around ``seed`` at ``now_at``; ``None`` when too few speak for it."""
    told = listen(hazard, seed, now_at, pool, settings)
    return weigh_told(hazard, seed, now_at, told, baseline, echo, settings)


def weigh_told(  # noqa: PLR0913, PLR0917  (a hypothesis and all it is measured against)
    hazard: str,
    seed: Place,
    now_at: int,
    told: Told,
    baseline: Baseline,
    echo: Echo,
    settings: DetectorSettings,
    least_nats: float = -math.inf,
) -> Hypothesis | None:
    """Weigh a hypothesis from what may be told of it; ``None`` too when its evidence is below ``least_nats``."""
    telling = told.telling
    if len(telling) < settings.min_voices:
        return None
    explained = explanation.standing(told.other, told.located)
    if explained is not None:
        telling = [v for v in telling if not explanation.accounts_for(v, explained)]
    spread, reach = spread_of(hazard, settings), reach_of(hazard, settings)
    telling = without_rivals(telling[-settings.max_hypothesis_voices :], hazard, spread)
    zones = [
        zone
        for zone in nominate(telling, 4 * settings.max_hypothesis_zones)
        if within_km(zone.lat, zone.lon, seed.lat, seed.lon, reach)
    ][: settings.max_hypothesis_zones]
    if len(telling) < settings.min_voices or not zones:
        return _refused(hazard, seed, explained)
    ages = np.array([max(0.0, (now_at - v.at) / MINUTE_MS) for v in telling])
    prior, against = zone_prior(zones), explanation.denial_nats(told.other)
    worth = _worth(hazard, telling, baseline)
    most = _most_nats(ages, _nearest(telling, worth, told, spread, baseline), prior, settings)
    if most - against + settings.calibration_nats < least_nats:
        return None
    named = candidates_of(telling)
    matrix = fits(zones, named.places, spread)
    drawn = retold(telling, spread, settings)
    pulls = _pulls(hazard, telling, named, matrix, baseline, echo, drawn, told) * worth
    nats, _ = evidence(ages, pulls, settings.sizes_voices, settings.windows_mins, settings.voice_cap_nats)
    weighed = nats + np.log(prior) + math.log(PRIOR)
    total = round(log_sum(weighed) - against + settings.calibration_nats, 6)
    if total < least_nats:
        return None
    best = int(np.argmax(np.round(weighed, 6)))
    added, window = loudest(ages, pulls[best], settings.sizes_voices, settings.windows_mins, settings.voice_cap_nats)
    expected = round(_ordinary(telling, named, matrix[best], baseline) * window, 9)
    heard = (added >= LEAST_NATS).tolist()
    confirming = heard if expected <= RARE else [False] * len(heard)
    meant, finely, broadly = _meant(telling, named, matrix[best], settings.agreeing_spreads * spread, confirming)
    speaks = [
        index
        for index, voice in enumerate(telling)
        if heard[index] and (not voice.places or meant[index] >= settings.min_meant)
    ]
    speaking = [telling[index] for index in speaks]
    agreeing = [index for index in speaks if broadly[index] >= PLACED_SCORE]
    fine = nominate(speaking, settings.max_hypothesis_zones)
    if not fine:
        return _refused(hazard, seed, explained)
    return Hypothesis(
        hazard=hazard,
        voices=tuple(speaking),
        placed=sum(finely[index] >= PLACED_SCORE for index in speaks),
        agreeing=len(agreeing),
        where=whereabouts(fine, zone_prior(fine), speaking, trust_of(speaking), spread),
        nats=total,
        window_mins=window,
        expected=expected,
        against=against,
        explained=explained,
    )


def _refused(hazard: str, seed: Place, explained: str | None) -> Hypothesis | None:
    if explained is None:
        return None
    return Hypothesis(
        hazard, (), 0, 0, Whereabouts((seed,), (1.0,), 0, 0.5, 0.5), float("-inf"), 0.0, 0.0, 0.0, explained
    )


def _worth(hazard: str, voices: Sequence[Voice], baseline: Baseline) -> Floats:
    """Give what each voice counts for, wherever the event is: its mark, times how well it supports the hazard."""
    mean = baseline.mean_mark
    return np.array([voice.weight / mean * support_of(voice, hazard) for voice in voices])


def _nearest(voices: Sequence[Voice], worth: Floats, told: Told, spread_km: float, baseline: Baseline) -> Floats:
    """Give for each voice a value that ``x_i`` never exceeds: as if every place were where the event is, and nothing were retold."""
    most = []
    for voice in voices:
        if voice.places:
            most.append(sum(p.score * share_of(p, spread_km) / baseline.rate(voice.main, p) for p in voice.places))
        else:
            most.append(told.share(voice) * NONE_SHARE / baseline.unlocated_rate(voice.main, voice.lang))
    return np.array(most) * worth


def _most_nats(ages: Floats, most: Floats, prior: Floats, settings: DetectorSettings) -> float:
    """Give a value that the evidence over all zones never exceeds, from one that ``x_i`` never exceeds."""
    nats, _ = evidence(ages, most[None, :], settings.sizes_voices, settings.windows_mins, settings.voice_cap_nats)
    return float(nats[0]) + math.log(prior.sum()) + math.log(PRIOR) + ROUNDING_NATS


def _pulls(  # noqa: PLR0913, PLR0917  (what was heard and all it is measured against)
    hazard: str,
    voices: Sequence[Voice],
    named: Candidates,
    matrix: Floats,
    baseline: Baseline,
    echo: Echo,
    drawn: Floats,
    told: Told,
) -> Floats:
    """Give ``x_i`` for each zone and voice, in minutes, before what the voice counts for."""
    pulls = np.zeros((matrix.shape[0], len(voices)))
    if named.owner:
        rates = [
            baseline.rate(voices[owner].main, place) + echo(hazard, place)
            for owner, place in zip(named.owner, named.places, strict=True)
        ]
        parts = named.scores * matrix / (np.array(rates) + drawn[named.owner])
        np.add.at(pulls.T, np.array(named.owner), parts.T)
    for index, voice in enumerate(voices):
        if not voice.places:
            rate = baseline.unlocated_rate(voice.main, voice.lang) + echo(hazard, None) + drawn[index]
            pulls[:, index] = told.share(voice) * NONE_SHARE / rate
    return pulls


def _ordinary(voices: Sequence[Voice], named: Candidates, row: Floats, baseline: Baseline) -> float:
    """Give the voices a minute that an ordinary day has around a zone, from how well each place fits it."""
    rates: dict[str, float] = {}
    for column, place in enumerate(named.places):
        if row[column] > LEAST_FIT and place.id not in rates:
            rates[place.id] = baseline.rate(voices[named.owner[column]].main, place)
    return sum(rates.values())


def _meant(
    voices: Sequence[Voice], named: Candidates, row: Floats, broadest_km: float, confirming: Sequence[bool]
) -> tuple[Floats, Floats, Floats]:
    """Give for each voice the probability that it means a place that fits a zone, a fine one, and one no wider than ``broadest_km``.

    The places of one zone that several voices name confirm each other: "Villejean" may be anything, and a profile of Rennes says little,
    but a fire in both is hardly chance. The same word again confirms nothing, for whatever it means it means for both; the same town in
    another profile does. Only the voices that are ``confirming`` do it.
    """
    meant, finely, broadly = np.zeros(len(voices)), np.zeros(len(voices)), np.zeros(len(voices))
    for column, owner in enumerate(named.owner):
        if row[column] >= LEAST_FIT:
            place, score = named.places[column], named.scores[column]
            meant[owner] += score
            finely[owner] += score * (place.kind not in COARSE_KINDS)
            broadly[owner] += score * (place.kind not in COARSE_KINDS or place.uncertainty_km <= broadest_km)
    factor = _confirmed(named, row, meant, confirming)
    return np.round(meant * factor, 9), np.round(finely * factor, 9), np.round(broadly * factor, 9)


def _confirmed(named: Candidates, row: Floats, meant: Floats, confirming: Sequence[bool]) -> Floats:
    """Give how much likelier each voice means a zone, given what the others name there."""
    surest: dict[tuple[str, int], float] = {}
    own: dict[int, set[tuple[str, int]]] = {}
    for column, owner in enumerate(named.owner):
        place, score = named.places[column], float(named.scores[column])
        if row[column] >= LEAST_FIT and place.kind not in COARSE_KINDS:
            name = place.name, owner if place.method == PROFILE else -1
            own.setdefault(owner, set()).add(name)
            if confirming[owner] and score >= CONFIRMING:
                surest[name] = max(score, surest.get(name, 0.0))
    factor = np.ones(len(meant))
    for owner, names in own.items():
        doubt = math.prod(1.0 - sure for name, sure in surest.items() if name not in names)
        factor[owner] = (1.0 - (1.0 - min(1.0, meant[owner])) * doubt) / meant[owner]
    return factor
