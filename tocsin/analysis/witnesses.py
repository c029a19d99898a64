"""What the witnesses of an invented event post: the words of the simulated world, read by the real extractor."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

import msgspec

from ingest.privacy import PublicPseudonyms
from tocsin.analysis.hearing import record
from tocsin.model import HAZARDS, Mention
from tocsin.simulation import grammar
from tocsin.simulation.draw import curve_of
from tocsin.simulation.events import delay_secs
from tocsin.simulation.said import slots_of
from tocsin.simulation.speech import habit_of, typed
from tocsin.time import HOUR_MS, SECOND_MS, format_instant

if TYPE_CHECKING:
    from tocsin.analysis.spots import Spot
    from tocsin.settings import Settings

FIRST_AT: Final = 1_767_225_600_000
"""2026-01-01: when invented posts are dated for the extractor; the detector hears them at the instant of the event."""
LONGEST_SECS: Final = 1_800.0
"""A witness posts within half an hour."""
_SPOKEN: Final = (("cry", 0.25), ("witness", 0.85), ("detail", 1.0))
"""Kinds of first-hand posts, by their running share."""
PROFILE_SHARE: Final = 0.2
GPS_SHARE: Final = 0.02


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """One post of one witness."""

    post_id: str
    after_ms: int
    """After the start of the event."""
    line: dict[str, object]
    """As a source would give it, but for its date."""


def told(spot: Spot, hazard: str, count: int, seed: str) -> list[Telling]:
    """Give the posts of ``count`` witnesses of one event, each by a person of its own, in no order.

    Args:
        spot: where.
        hazard: what.
        count: how many.
        seed: the same gives the same posts.

    Raises:
        ValueError: no such hazard.
    """
    if hazard not in HAZARDS:
        raise ValueError(f"expected one of {', '.join(HAZARDS)}, got {hazard}")
    rng = Random(f"tocsin witnesses {seed} {hazard} {spot.town.name}")  # noqa: S311  # seeded: same seed, same posts
    words = grammar.load(spot.town.lang)
    curve = curve_of(hazard, rng)
    out = []
    for number in range(count):
        dice = rng.random()
        kind = next(name for name, edge in _SPOKEN if dice < edge)
        level, phrase = spot.said(rng)
        author = rng.randrange(1 << 30)
        text = words.expand(words.rule(f"{hazard}.{kind}", hazard), slots_of(spot.town, rng, where=phrase), rng.random)
        line: dict[str, object] = {
            "text": typed(text, spot.town.lang, habit_of(author), rng.random),
            "lang": spot.town.lang,
            "source": "power",
        }
        if rng.random() < PROFILE_SHARE and spot.kind != "sea":
            line["place"] = spot.town.name
        if level != "silent" and rng.random() < GPS_SHARE:
            line["lat"], line["lon"] = round(spot.lat, 4), round(spot.lon, 4)
        after = min(LONGEST_SECS, delay_secs(curve, rng.random()))
        name = f"power {seed} {hazard} {spot.town.name} {number}"
        out.append(Telling(post_id=name, after_ms=round(after * SECOND_MS), line=line))
    return out


def extracted(settings: Settings) -> Callable[[Sequence[Telling]], dict[str, Mention]]:
    """Give what reads invented posts with the real ingest, gate and extractor; the answer names posts by their first identity."""

    def hear(tellings: Sequence[Telling]) -> dict[str, Mention]:
        pseudonyms = PublicPseudonyms()
        with tempfile.TemporaryDirectory(prefix="tocsin-") as folder:
            path = Path(folder) / "posts.jsonl"
            with path.open("w", encoding="utf-8") as out:
                for number, telling in enumerate(tellings):
                    # An hour apart: nothing is late, and no copy of another event's words is set aside for it.
                    at = format_instant(FIRST_AT + number * HOUR_MS)
                    post = {"id": telling.post_id, "author": telling.post_id, "created_at": at, **telling.line}
                    out.write(json.dumps(post, ensure_ascii=False) + "\n")
            heard = {mention.post_id: mention for mention in record([path], settings).mentions}
        by_name = {telling.post_id: pseudonyms.post(telling.post_id, 0) for telling in tellings}
        return {name: heard[pseudonym] for name, pseudonym in by_name.items() if pseudonym in heard}

    return hear
