"""Mentions that tests make by hand: one voice each, first-hand, of its own author."""

from __future__ import annotations

from tocsin.model import Mention, Place
from tocsin.time import SECOND_MS

T0 = 1_775_540_880_000  # 2026-04-07T05:48:00Z


def mention(number: int, secs: float, *places: Place, hazard: str = "fire", **changes: object) -> Mention:
    """The voice of one author, so many seconds after ``T0``, at places; anything else by name."""
    at = T0 + round(secs * SECOND_MS)
    fields: dict[str, object] = {
        "post_id": f"p{number:06d}",
        "source": "a",
        "author": f"a{number:06d}",
        "event_at": at,
        "received_at": at,
        "hazards": {hazard: 1.0},
        "terms": (hazard,),
        "witness": "first_hand",
        "probability": 0.7,
        "places": places,
    }
    return Mention(**(fields | changes))  # type: ignore[arg-type]
