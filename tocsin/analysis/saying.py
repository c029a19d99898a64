"""Instants and periods in words."""

from __future__ import annotations

from tocsin.time import format_instant


def period_words(mins: float) -> str:
    """Say a period in the unit people think in.

    >>> period_words(43_200.0), period_words(4_320_000.0), period_words(30.0)
    ('30 days', '8.2 years', '0.5 hours')
    """
    days = mins / 1_440
    if days < 1:
        return f"{mins / 60:.2g} hours"
    return f"{days:.3g} days" if days < 730 else f"{days / 365.25:.2g} years"


def instant_words(at: int) -> str:
    """Write an instant for reading."""
    return format_instant(at)[:19].replace("T", " ")


def hazard_at(hazard: str, place: str) -> str:
    """Name an incident by its hazard and place.

    >>> hazard_at("rail_accident", "Lille"), hazard_at("fire", "between Lyon and Bron")
    ('rail accident at Lille', 'fire between Lyon and Bron')
    """
    return f"{hazard.replace('_', ' ')} {place if place.startswith('between ') else f'at {place}'}"
