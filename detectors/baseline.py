"""How many voices of a hazard a place has on an ordinary day: the rate that evidence is measured against.

Two questions, two shrinkages:

* *how much is this hazard talked of?* Gamma–Poisson: with prior shape ``a``, prior rate ``r`` a post and ``n`` voices heard in ``E`` posts
  the rate a post is ``(a + n) / (a / r + E)``; times the posts a minute now, it is voices a minute. So the hour of the day and an
  outage of a source show in the expected rate by themselves.
* *what part of it names this place?* Dirichlet–multinomial with back-off along country, region, département, place: with ``n_s`` voices at
  a child and ``n`` at its parent, the child's share is ``(n_s + k * q_s) / (n + k)``, where ``q_s`` is its share of the parent's people.
  The shares of one hazard are shrunk in the same way to those of all hazards.

What names no place is measured against what names none in its language: where few speak German, few who do tell of a fire by chance.
The part of a language is ``(n_lang + k) / (n + k)``, ``n`` being those whose language was noted, so until many were it is all of them.

The result is the upper 80 % quantile of a Gamma posterior of shape ``1 + n_s`` (Wilson–Hilferty). History is weighed by age with
forward decay. Voices younger than the guard, and voices of raised incidents, are no history.

Good at: cold starts, villages without history, popular cities. Fails when: a place doubles its talk for an ordinary reason within the
guard (a festival): evidence then rises until the guard has passed.

Sources: W. James, C. Stein, 1961 (shrinkage); E. Wilson, M. Hilferty, PNAS 1931; G. Cormode et al., "Forward decay", ICDE 2009; D. MacKay,
L. Peto, "A hierarchical Dirichlet language model", 1995.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import msgspec

from detectors.people import chain_of, prior_share
from detectors.voices import Voice
from tocsin.model import OPEN, Place
from tocsin.settings.detector import DetectorSettings
from tocsin.time import DAY_MS, MINUTE_MS

PRIOR_PER_POST: Final[Mapping[str, float]] = {
    "fire": 2.5e-3,
    "road_accident": 2.5e-3,
    "rail_accident": 1.0e-3,
    "aviation_accident": 5.0e-4,
    "explosion": 1.0e-3,
    "attack": 2.5e-3,
    "flood": 1.5e-3,
    "storm": 1.5e-3,
    "earthquake": 1.0e-3,
    "collapse": 5.0e-4,
    "industrial": 5.0e-4,
    "rescue": 1.0e-3,
    "landslide": 2.0e-4,
    OPEN: 1.0e-3,
}
"""The packaged prior: voices a post of a mixed stream without events."""
PRIOR_VOICES: Final = 10.0
"""Weight of the packaged prior, in voices."""
PRIOR_POSTS_PER_MIN: Final = 20.0
"""The pace of posts taken for granted until a source says how many it has."""
PACE_MINS: Final = 60.0
"""Time over which the pace of posts is averaged."""
NOWHERE: Final = ""
"""Stands for the place of what names none."""
SPOKEN: Final = "-:"
"""Key of voices that name no place and whose language is known; with the language behind it, of those in one."""
RECENT_MINS: Final = 60.0
RECENT_DELAY_MINS: Final = 5.0
"""A voice without a place may be from anywhere; what such voices are measured against follows the last hour, but for its last minutes, so
that a song, a meme or a far event that fills the stream with a hazard's words does not speak for every town."""
PRIOR_MARKS: Final = 100.0
"""Weight of the packaged mean of the marks, in voices."""
SHRINK_VOICES: Final = 20.0
"""Weight of a parent's share, in voices."""
UNLOCATED_SHARE: Final = 0.5
"""Share of ordinary voices that name no place, before any was heard."""
PART_OF_PARENT: Final = 0.05
"""A place is measured against at least this part of what is said of its département (region, country): two stations of one city are rarely
named, but some two of its hundreds are named every hour."""


def quantile_factor(shape: float, sigmas: float) -> float:
    """Give the quantile of a Gamma distribution over its mean (Wilson–Hilferty), ``sigmas`` standard normal deviations up.

    >>> round(quantile_factor(1.0, 0.8416), 2), round(quantile_factor(100.0, 0.8416), 2)
    (1.6, 1.08)
    """
    return (1 - 1 / (9 * shape) + sigmas / (3 * math.sqrt(shape))) ** 3


class History(msgspec.Struct):
    """What was heard, in forward-decayed weights: voices by hazard and key, posts, and the pace of posts."""

    origin_at: int | None = None
    posts: float = 0.0
    voices: dict[str, dict[str, float]] = {}
    """By key (``""`` the world, ``"-"`` no place, ``"-:"`` the same in a known language, ``"-:fr"`` in French, a country, region,
    département or place), then by hazard and ``""`` for all."""
    waiting: list[tuple[int, str]] = []
    """Voices without a place that are too young for ``recent``: when, and under which key of it."""
    recent: dict[str, float] = {}
    """Voices a minute without a place by hazard, and by hazard and language (``"fire:fr"``), averaged over ``RECENT_MINS``, as of
    ``recent_at``."""
    recent_at: int = 0
    marks: float = 0.0
    """Sum of the marks of ordinary voices, in forward-decayed weights."""
    young_posts: list[tuple[int, int]] = []
    """Posts younger than the guard, by the minute: they become history with the voices of their time, not before."""
    pace_posts: float = 0.0
    pace_mins: float = 0.0
    ended_at: int | None = None
    """When it ended, if it was learnt before and elsewhere: what is heard first goes on from there, whenever that is."""


class Baseline:
    """The expected voices a minute of a hazard at a place, or without a place.

    >>> from tocsin.model import Place
    >>> town = Place(id="fr:44109", name="Nantes", kind="town", lat=47.2, lon=-1.55, uncertainty_km=5, country="FR", population=320_000)
    >>> base = Baseline(DetectorSettings())
    >>> 1e-7 < base.rate("fire", town) < 1e-4 < base.unlocated_rate("fire") < 0.1
    True
    """

    def __init__(self, settings: DetectorSettings, history: History | None = None) -> None:
        self._settings = settings
        self.history = history or History()
        self._rates: dict[tuple[str, str], float] = {}

    @property
    def posts_per_min(self) -> float:
        """The pace of posts now; the packaged one until an hour was heard."""
        h = self.history
        return (PRIOR_POSTS_PER_MIN + h.pace_posts) / (1.0 + h.pace_mins)

    def expose(self, at: int, posts: int, minutes: float) -> None:
        """Record that ``posts`` posts were heard in the ``minutes`` before an instant; of 0 minutes no pace is learnt."""
        self._rates.clear()
        h = self.history
        if h.young_posts and h.young_posts[-1][0] > at - MINUTE_MS:
            posts_before = h.young_posts.pop()
            h.young_posts.append((posts_before[0], posts_before[1] + posts))
        else:
            h.young_posts.append((at, posts))
        if minutes <= 0.0:
            return
        fade = math.exp(-minutes / PACE_MINS)
        h.pace_posts = h.pace_posts * fade + posts
        h.pace_mins = h.pace_mins * fade + minutes

    def learn(self, voice: Voice) -> None:
        """Take a voice into history (the caller waited for the guard)."""
        self._rates.clear()
        weight = self._weight(voice.at)
        self.history.marks += weight * voice.weight
        self._count("", voice.main, weight)
        if not voice.places:
            self._count("-", voice.main, weight)
            if voice.lang:
                self._count(SPOKEN, voice.main, weight)
                self._count(SPOKEN + voice.lang, voice.main, weight)
            return
        place = voice.places[0]
        for key in chain_of(place):
            self._count(key, voice.main, weight)

    @property
    def mean_mark(self) -> float:
        """The mean weight of ordinary voices, which evidence divides by: 1 until many were heard.

        >>> Baseline(DetectorSettings()).mean_mark
        1.0
        """
        heard = self._heard("", "")
        return (PRIOR_MARKS + self.history.marks * self.now_scale) / (PRIOR_MARKS + heard)

    def hear_unlocated(self, voice: Voice) -> None:
        """Take a voice without a place into the rate of the last hour (after a delay, so that a burst is not measured against itself)."""
        self.history.waiting.append((voice.at, voice.main))
        if voice.lang:
            self.history.waiting.append((voice.at, f"{voice.main}:{voice.lang}"))

    def rate(self, hazard: str, place: Place) -> float:
        """Give the expected voices a minute of a hazard that name a place."""
        known = self._rates.get((hazard, place.id))
        if known is not None:
            return known
        located = self._world_rate(hazard) * (1.0 - self._unlocated_share(hazard))
        share, heard = self._share(hazard, place)
        share = max(share, PART_OF_PARENT * self._pooled_share(chain_of(place)[:-1], place))
        rate = located * share * quantile_factor(1.0 + heard, self._settings.baseline_quantile_sigmas)
        rate = self._rates[hazard, place.id] = max(rate, self._settings.baseline_floor_per_min)
        return rate

    def share(self, place: Place) -> float:
        """Give the part of all located voices that name a place."""
        return self._pooled_share(chain_of(place), place)

    def unlocated_rate(self, hazard: str, lang: str = "") -> float:
        """Give the expected voices a minute of a hazard that name no place, in a language (in any, when none is given)."""
        told = f"{hazard}:{lang}" if lang else hazard
        known = self._rates.get((told, NOWHERE))
        if known is not None:
            return known
        part = self._spoken_part(lang)
        rate = self._world_rate(hazard) * self._unlocated_share(hazard) * part
        heard = self._heard("-", hazard) * part
        rate *= quantile_factor(1.0 + heard, self._settings.baseline_quantile_sigmas)
        rate = max(rate, self.history.recent.get(told, 0.0), self._settings.baseline_floor_per_min)
        self._rates[told, NOWHERE] = rate
        return rate

    def _spoken_part(self, lang: str) -> float:
        """Give the part of the voices without a place that speak a language: all of them until many were heard.

        A history that was kept before languages were noted holds none, and says of none that it is rare.
        """
        if not lang:
            return 1.0
        return (self._heard(SPOKEN + lang, "") + SHRINK_VOICES) / (self._heard(SPOKEN, "") + SHRINK_VOICES)

    def warm(self, place: Place) -> bool:
        """Tell whether a place has history of its own."""
        return self._heard(chain_of(place)[-1], "") >= 1.0

    def _world_rate(self, hazard: str) -> float:
        prior = PRIOR_PER_POST.get(hazard, PRIOR_PER_POST[OPEN])
        posts = self.history.posts * self.now_scale
        per_post = (PRIOR_VOICES + self._heard("", hazard)) / (PRIOR_VOICES / prior + posts)
        return per_post * self.posts_per_min

    def _unlocated_share(self, hazard: str) -> float:
        heard, total = self._heard("-", hazard), self._heard("", hazard)
        return (heard + SHRINK_VOICES * UNLOCATED_SHARE) / (total + SHRINK_VOICES)

    def _share(self, hazard: str, place: Place) -> tuple[float, float]:
        chain = chain_of(place)
        pooled = self._pooled_share(chain, place)
        own = self._heard(chain[-1], hazard)
        total = self._heard("", hazard) - self._heard("-", hazard)
        return (own + SHRINK_VOICES * pooled) / (max(total, 0.0) + SHRINK_VOICES), own

    def _pooled_share(self, chain: tuple[str, ...], place: Place) -> float:
        share, parent_heard, parent = 1.0, self._heard("", "") - self._heard("-", ""), "w"
        for key in chain:
            prior = prior_share(key, parent, place)
            heard = self._heard(key, "")
            share *= (heard + SHRINK_VOICES * prior) / (max(parent_heard, 0.0) + SHRINK_VOICES)
            parent_heard, parent = heard, key[0]
        return min(share, 1.0)

    def _heard(self, key: str, hazard: str) -> float:
        found = self.history.voices.get(key)
        return 0.0 if found is None else found.get(hazard, 0.0) * self.now_scale

    def _count(self, key: str, hazard: str, weight: float) -> None:
        voices = self.history.voices
        found = voices.get(key)
        if found is None:
            if len(voices) >= self._settings.max_baseline_keys:
                self._forget()
            found = voices[key] = {}
        found[hazard] = found.get(hazard, 0.0) + weight
        found[""] = found.get("", 0.0) + weight

    def _forget(self) -> None:
        """Let the quarter of the places with the least history go; countries and what is above them stay."""
        voices = self.history.voices
        places = sorted((sum(v.values()), key) for key, v in voices.items() if key.startswith("p:"))
        for _, key in places[: max(1, len(places) // 4)]:
            del voices[key]

    def _weight(self, at: int) -> float:
        h = self.history
        if h.origin_at is None:
            h.origin_at = at
        elif h.ended_at is not None:
            h.origin_at += at - h.ended_at
            h.ended_at = None
        return math.exp2((at - h.origin_at) / (self._settings.baseline_half_life_days * DAY_MS))

    @property
    def now_scale(self) -> float:
        """What a weight of history counts now."""
        return self._scale

    _scale: float = 1.0

    def turn(self, now_at: int) -> None:
        """Set the instant to which history is decayed: once a pane."""
        self._rates.clear()
        self._scale = 1.0 / self._weight(now_at)
        h = self.history
        guard_at = now_at - self._settings.baseline_guard_mins * MINUTE_MS
        old = 0
        while old < len(h.young_posts) and h.young_posts[old][0] <= guard_at:
            h.posts += h.young_posts[old][1] * self._weight(h.young_posts[old][0])
            old += 1
        del h.young_posts[:old]
        fade = math.exp(-max(0, now_at - h.recent_at) / (RECENT_MINS * MINUTE_MS))
        h.recent = {hazard: rate * fade for hazard, rate in h.recent.items() if rate * fade > 1e-6}
        h.recent_at = now_at
        due = 0
        while due < len(h.waiting) and h.waiting[due][0] <= now_at - RECENT_DELAY_MINS * MINUTE_MS:
            hazard = h.waiting[due][1]
            h.recent[hazard] = h.recent.get(hazard, 0.0) + 1.0 / RECENT_MINS
            due += 1
        del h.waiting[:due]
