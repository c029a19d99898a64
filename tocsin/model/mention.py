"""What one post says of an emergency, and the closed lists it is said in."""

from __future__ import annotations

from typing import Final, Literal, get_args

import msgspec

from tocsin.model.place import Place, PlaceKind

Hazard = Literal[
    "fire",
    "road_accident",
    "rail_accident",
    "aviation_accident",
    "explosion",
    "attack",
    "flood",
    "storm",
    "earthquake",
    "collapse",
    "industrial",
    "rescue",
    "landslide",
]

HAZARDS: Final[tuple[Hazard, ...]] = get_args(Hazard)
"""The closed list of hazards; each maps to a CISU code and a CAP category."""

OPEN: Final = "open"
"""The name of the mass of a hazard distribution that names no hazard ("BOUM ???")."""

Modality = Literal[
    "asserted",
    "question",
    "negated",
    "hypothetical",
    "past",
    "figurative",
    "exercise",
    "commemoration",
    "advert",
    "old_news",
    "warning",
    "fiction",
    "sport",
    "politics",
]
"""How the post tells of it. Only ``asserted`` and ``question`` (which proves perception) speak for something real, here and now."""

Witness = Literal["first_hand", "relay", "media", "official", "unknown"]
"""Who speaks: a person who perceives it, one who passes it on, a newsroom, a service or operator."""


class Span(msgspec.Struct, frozen=True, array_like=True):
    """A stretch ``[start, end)`` of the original text, in code points, and the lexicon entry it matched."""

    start: int
    end: int
    entry: str


class Ask(msgspec.Struct, frozen=True):
    """A street, quarter or site that a post names and no table holds, for a geocoder; only ``words`` and the town's name go out."""

    words: str
    """As written, with its kind word ("rue d'Aubagne")."""
    name: tuple[str, ...]
    """Folded words of the name itself ("aubagne"): an answer has to bear them."""
    kind: PlaceKind
    town: Place
    """The town that the post, its device or its profile gives it."""
    weight: float
    """Probability that the post means this thing in this town."""


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """What one post says of an emergency. It holds no text but matched words."""

    post_id: str
    source: str
    author: str
    event_at: int
    received_at: int
    lang: str = ""
    hazards: dict[str, float]
    """Distribution over ``HAZARDS`` and ``OPEN``; the values sum to 1 (rounded to 4 digits)."""
    terms: tuple[str, ...]
    """Matched words, folded, in order of appearance, without repeats."""
    spans: tuple[Span, ...] = ()
    modality: Modality = "asserted"
    witness: Witness = "unknown"
    probability: float
    """Calibrated probability, rounded to 4 digits, that the post tells (first-hand or as a relay) of something real, here and now."""
    reasons: tuple[str, ...] = ()
    """Why the probability is what it is: signed names of the strongest features; "hazard.meaning" where more
    than the words named the hazard."""
    denial: bool = False
    """The post says that there is nothing ("fausse alerte", "c'était un exercice"): a negative voice."""
    perception_only: bool = False
    """Noise, smoke, siren, shaking, without a consequence: it may still be nothing."""
    consequences: tuple[str, ...] = ()
    """Reported consequences, from a closed list: dead, injured, trapped, missing, evacuated, damage, blocked, responders."""
    places: tuple[Place, ...] = ()
    """Candidates, best first; empty when the post names no place. Their scores sum to at most 1."""
    fingerprint: int = 0
    """64-bit SimHash of the normalised text, as a signed integer; 0 when the text is too short to tell a copy from a coincidence."""
    repost_of: str | None = None
    reply_to: str | None = None
    shed: tuple[str, ...] = ()
    """Gates left out under pressure, in the order they were shed."""
    asks: tuple[Ask, ...] = ()
    """What a geocoder may be asked of it, best first; empty where none is configured."""

    @property
    def place(self) -> Place | None:
        """The best candidate, if any."""
        return self.places[0] if self.places else None
