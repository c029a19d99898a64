"""Who speaks: one who perceives it, one who passes it on, a newsroom, a service; told from style, for names are hashed away.

A first version by points: every cue and trait of shape gives points to a speaker, the most points win, a tie goes to the more
careful reading (relay before first hand). The points are judgements; ``nlp.relevance`` weighs the same traits by data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from nlp.reading import Reading
    from nlp.shape import Shape
    from tocsin.model import Witness

_ORDER: Final[tuple[Witness, ...]] = ("official", "media", "relay", "first_hand")
"""In a tie the earlier one wins."""
ENOUGH_POINTS: Final = 1.3
"""Fewer points than this say nothing."""


def points(reading: Reading, shape: Shape) -> dict[Witness, float]:
    """Give the points of each speaker."""
    count = reading.count
    casual = not shape.links and not reading.repost
    first = (
        1.0 * min(count("first_person"), 2)
        + 1.0 * min(count("perception"), 2)
        + 1.0 * min(count("alarm"), 2)
        + 1.0 * min(count("asking"), 1)
        + 0.5 * min(count("now"), 2)
        + (1.0 if any(hit.entry.role == "perception" for hit in reading.hits) else 0.0)
        + 0.75 * min(count("casual"), 2)
        + (0.75 if shape.lower_start else 0.0)
        + (0.5 if shape.words <= 12 else 0.0)
        + (0.5 if shape.exclamations >= 2 or shape.shouted else 0.0)
    )
    if not casual:
        first *= 0.4
    relay = 1.25 * min(count("relay"), 3) + (4.0 if reading.repost else 0.0) + (1.0 if reading.quotes else 0.0)
    media = (
        1.0 * min(count("media"), 3)
        + (1.5 if shape.links and not count("first_person") else 0.0)
        + (1.5 if shape.bulletin else 0.0)
        + (1.0 if shape.prose and not count("first_person") else 0.0)
    )
    official = 2.0 * min(count("official"), 2) + (0.75 if shape.bulletin else 0.0)
    if count("first_person"):
        media *= 0.5
        official *= 0.5
    return {"first_hand": first, "relay": relay, "media": media, "official": official, "unknown": ENOUGH_POINTS - 1e-9}


def witness_of(reading: Reading, shape: Shape) -> Witness:
    """Give the speaker with the most points; ``unknown`` when none has enough."""
    found = points(reading, shape)
    best = max(_ORDER, key=lambda kind: found[kind])
    return best if found[best] >= ENOUGH_POINTS else "unknown"
