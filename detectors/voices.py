"""A voice is one author, saying one thing, of one event: what evidence is counted in.

Reposts and near copies add nothing: they are counted as copies of the voice that said it first. A denial is a negative voice; an
asserted explanation ("it is a drill") is neither for nor against until a second one, or an official one, agrees.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from itertools import zip_longest
from typing import Final, Literal

import msgspec

from detectors.hazards import Reading, naming, reading
from detectors.remembered import remembered
from tocsin.ids import author_day
from tocsin.model import COARSE_KINDS, Mention, Place
from tocsin.settings.detector import DetectorSettings

Role = Literal["event", "denial", "explanation"]
EXPLAINING: Final = frozenset(
    {"exercise", "commemoration", "advert", "old_news", "fiction", "sport", "politics", "warning"}
)
"""Modalities that assert another explanation than an event here and now."""
RETOLD: Final = frozenset({"media", "relay"})
DEVICE: Final = "gps"
"""Method of a place that is the position of the author's device."""
LEAST_SCORE: Final = 0.1
"""Candidates of a place less probable than this are not looked at."""
MOST_CANDIDATES: Final = 5
MOST_MARKS: Final = 65_536
"""Probabilities whose weight is remembered."""


class Voice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, dict=True):
    """What is kept of one mention; no text."""

    number: int
    """Its place in canonical order."""
    post_id: str
    author: str
    source: str
    lang: str = ""
    """The language it is written in (BCP 47); empty when nobody says."""
    at: int
    role: Role = "event"
    explanation: str = ""
    hazards: dict[str, float]
    main: str
    """The hazard with the greatest mass (``open`` when none was named)."""
    probability: float
    weight: float
    """Odds of its probability over the odds of an ordinary post, clipped."""
    witness: str = "unknown"
    perception_only: bool = False
    question: bool = False
    consequences: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    terms: tuple[str, ...] = ()
    fingerprint: int = 0
    repost_of: str | None = None

    @remembered
    def fine(self) -> tuple[Place, ...]:
        """Its candidate places finer than a département."""
        places = self.places
        if not any(place.kind in COARSE_KINDS for place in places):
            return places
        return tuple(place for place in places if place.kind not in COARSE_KINDS)

    @remembered
    def reading(self) -> Reading:
        """What follows from its hazards."""
        return reading(tuple(self.hazards.items()))

    @remembered
    def backs(self) -> Mapping[str, float]:
        """How well it supports each hazard, from 0 to 1; what it does not name may be any."""
        return self.reading.backs

    @remembered
    def names(self) -> Mapping[str, float]:
        """How well the hazards that it names support each hazard, from 0 to 1."""
        return self.reading.names

    @remembered
    def naming(self) -> Mapping[str, float]:
        """How much likelier what it tells is under each hazard, in nats."""
        return naming(self.hazards, self.weight / (1.0 + self.weight))

    @property
    def first_hand(self) -> bool:
        """It speaks of what it perceives itself."""
        return self.witness == "first_hand"

    @property
    def on_the_spot(self) -> bool:
        """It speaks at first hand, and its device says where it is."""
        return self.first_hand and bool(self.places) and self.places[0].method == DEVICE

    @property
    def media(self) -> bool:
        """It is a newsroom."""
        return self.witness == "media"


def understood(voice: Voice, languages: Collection[str]) -> bool:
    """Tell whether a voice may speak of what others tell of in some languages: in one of them, or in one that nobody says.

    >>> def said(lang: str) -> Voice:
    ...     return Voice(number=0, post_id="p", author="a", source="", lang=lang, at=0, hazards={}, main="fire", probability=0.5,
    ...         weight=1.0)
    >>> [understood(said("fr"), spoken) for spoken in ({"fr", "de"}, {"en"}, {"en", ""})], understood(said(""), {"en"})
    ([True, False, True], True)
    """
    return not voice.lang or voice.lang in languages or "" in languages


def mark_weight(probability: float, settings: DetectorSettings) -> float:
    """Give the weight of a mark: its odds over the base odds, clipped to the floor and the ceiling of the settings.

    >>> mark_weight(0.5, DetectorSettings(base_probability=0.2)), mark_weight(0.0, DetectorSettings())
    (4.0, 0.1)
    """
    return _weight(probability, settings.base_probability, settings.mark_floor, settings.mark_ceiling)


@lru_cache(maxsize=MOST_MARKS)
def _weight(probability: float, base: float, floor: float, ceiling: float) -> float:
    p = min(max(probability, 1e-6), 1 - 1e-6)
    odds = p / (1 - p) * (1 - base) / base
    return round(min(max(odds, floor), ceiling), 6)


def across_the_roll(voices: Sequence[Voice]) -> list[Voice]:
    """Keep of voices on both sides of a roll of the author keys as many as one side has: max(before, after).

    Nobody can tell whether an author after the roll is one from before it, so each is taken for one: the voices of the sides are paired by
    how much they say, which of all pairings leaves the least evidence, and the one that says more is kept. Voices under a key that never
    rolls all stay. In canonical order.

    >>> def said(number: int, author: str, weight: float) -> Voice:
    ...     return Voice(number=number, post_id=str(number), author=author, source="", at=0, hazards={}, main="fire",
    ...         probability=0.5, weight=weight)
    >>> [v.number for v in across_the_roll([said(1, "7.a", 1.0), said(2, "7.b", 3.0), said(3, "8.c", 2.0)])]
    [1, 2]
    >>> [v.number for v in across_the_roll([said(1, "a", 1.0), said(2, "b", 3.0), said(3, "8.c", 2.0)])]
    [1, 2, 3]
    """
    sides: dict[int, list[Voice]] = {}
    kept: list[Voice] = []
    for voice in voices:
        day = author_day(voice.author)
        if day is None:
            kept.append(voice)
        else:
            sides.setdefault(day, []).append(voice)
    ranked = [sorted(side, key=_saying, reverse=True) for side in sides.values()]
    kept += [max(filter(None, pair), key=_saying) for pair in zip_longest(*ranked)]
    return sorted(kept, key=lambda voice: voice.number)


def _saying(voice: Voice) -> tuple[bool, float, int]:
    return bool(voice.places), voice.weight, -voice.number


def main_hazard(hazards: dict[str, float]) -> str:
    """Give the hazard with the greatest mass; the unnamed one counts by what it would lend to any; ties go by name."""
    return reading(tuple(hazards.items())).main


def voice_of(mention: Mention, number: int, settings: DetectorSettings) -> Voice:
    """Make the voice of a mention."""
    role: Role = "event"
    explanation = ""
    if mention.modality in EXPLAINING:
        role, explanation = "explanation", mention.modality
    elif mention.denial or mention.modality == "negated":
        role = "denial"
    ceiling = settings.retold_ceiling if mention.witness in RETOLD else settings.mark_ceiling
    places = mention.places
    if len(places) > MOST_CANDIDATES or any(place.score < LEAST_SCORE for place in places):
        places = tuple(place for place in places if place.score >= LEAST_SCORE)[:MOST_CANDIDATES]
    told = reading(tuple(mention.hazards.items()))
    voice = Voice(
        number=number,
        post_id=mention.post_id,
        author=mention.author,
        source=mention.source,
        lang=mention.lang.partition("-")[0],
        at=mention.event_at,
        role=role,
        explanation=explanation,
        hazards=told.hazards,
        main=told.main,
        probability=mention.probability,
        weight=min(mark_weight(mention.probability, settings), ceiling),
        witness=mention.witness,
        perception_only=mention.perception_only,
        question=mention.modality == "question",
        consequences=mention.consequences,
        places=places,
        terms=mention.terms,
        fingerprint=mention.fingerprint,
        repost_of=mention.repost_of,
    )
    voice.__dict__["reading"] = told
    return voice


def sharpened(voice: Voice, place: Place) -> Voice:
    """Give the voice with a place that a geocoder found: it takes its share first, the candidates of the text divide the rest."""
    others = [one for one in voice.places if one.id != place.id]
    told = sum(one.score for one in others)
    left = min(1.0, max(0.0, 1.0 - place.score) / told) if told > 0 else 0.0
    kept = [msgspec.structs.replace(one, score=round(one.score * left, 4)) for one in others]
    # The sharper place leads: a town that holds it is no rival.
    return msgspec.structs.replace(
        voice, places=(place, *(one for one in kept if one.score >= LEAST_SCORE))[:MOST_CANDIDATES]
    )
