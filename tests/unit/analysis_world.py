"""Hand-made mentions for the tests of the analyst's tools: who says what, where and when, and nothing random."""

from __future__ import annotations

from mentions import T0, mention
from towns import NANTES

from tocsin.model import Mention, Place
from tocsin.time import SECOND_MS


def said(number: int, secs: float, place: Place | None = NANTES, hazard: str = "fire", **changes: object) -> Mention:
    places = () if place is None else (place,)
    return mention(number, secs, *places, hazard=hazard, **({"consequences": ("damage",)} | changes))  # type: ignore[arg-type]


def burst(
    first: int, start: float, place: Place | None = NANTES, count: int = 6, gap: float = 25.0, **changes: object
) -> list[Mention]:
    return [said(first + n, start + gap * n, place, **changes) for n in range(count)]  # type: ignore[arg-type]


def event(name: str, place: Place, secs: float, hazard: str = "fire") -> dict[str, object]:
    """One event of a truth file."""
    from tocsin.time import format_instant

    start = format_instant(T0 + round(secs * SECOND_MS))
    return {
        "name": name,
        "hazard": [hazard],
        "lat": place.lat,
        "lon": place.lon,
        "radius_km": 15,
        "start": start,
        "first_relevant_post": start,
    }
