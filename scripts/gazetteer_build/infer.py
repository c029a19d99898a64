"""Quarters that no list names, from the names round them: "Gerland", "Place de Gerland", "Stade de Gerland", "Debourg - Gerland".

A run of one to three words is taken for a quarter when at least ``MIN_NAMES`` distinct names within ``RADIUS_KM`` hold it and most of its
uses in the surroundings lie there. It is an inference from public lists, and marked so in ``nlp/data/GAZETTEER.md``.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable
from statistics import median
from typing import Final

from gazetteer_build.rows import distance_km
from nlp.fold import fold_name

MIN_NAMES: Final = 4
RADIUS_KM: Final = 1.3
SURROUNDINGS_KM: Final = 25.0
MIN_SHARE: Final = 0.7
SMALL_WORDS: Final = frozenset(
    {
        "le",
        "la",
        "les",
        "l",
        "de",
        "du",
        "des",
        "d",
        "en",
        "sur",
        "sous",
        "et",
        "a",
        "au",
        "aux",
        "saint",
        "st",
        "ste",
        "sainte",
        "the",
        "of",
    }
)
_WORD: Final = re.compile(r"[^\W\d_]+")


def inferred_quarters(
    places: list[tuple[str, float, float]], is_common: Callable[[list[bytes]], bool]
) -> list[tuple[str, float, float]]:
    """Give the name and middle of each quarter inferred from named positions, by name; ``is_common`` refuses ordinary words."""
    uses: dict[tuple[str, ...], list[tuple[str, float, float, str]]] = defaultdict(list)
    for name, lat, lon in places:
        words = _WORD.findall(name)
        folded = [fold_name(word).decode() for word in words]
        for size in (1, 2, 3):
            for start in range(len(words) - size + 1):
                run = tuple(folded[start : start + size])
                if (
                    run[0] in SMALL_WORDS - {"la", "le", "les", "saint", "sainte", "st", "ste"}
                    or run[-1] in SMALL_WORDS
                    or not all(run)
                ):
                    continue
                uses[run].append((fold_name(name).decode(), lat, lon, " ".join(words[start : start + size])))
    found = []
    for run, spots in sorted(uses.items()):
        text = " ".join(run)
        if len(spots) < MIN_NAMES or len(text) < 5 or is_common([w.encode() for w in run if w not in SMALL_WORDS]):
            continue
        found += _clusters(text, spots)
    return found


def _clusters(text: str, spots: list[tuple[str, float, float, str]]) -> list[tuple[str, float, float]]:
    left = sorted(set(spots))
    found = []
    while len(left) >= MIN_NAMES:
        best: list[tuple[str, float, float, str]] = []
        for _, lat, lon, _ in left:
            near = [spot for spot in left if distance_km(lat, lon, spot[1], spot[2]) <= RADIUS_KM]
            if len({spot[0] for spot in near}) > len({spot[0] for spot in best}):
                best = near
        if len({spot[0] for spot in best}) < MIN_NAMES:
            break
        lat, lon = median(spot[1] for spot in best), median(spot[2] for spot in best)
        around = [spot for spot in spots if distance_km(lat, lon, spot[1], spot[2]) <= SURROUNDINGS_KM]
        written = [spot[3] for spot in best if not spot[3].isupper()] or [text.title()]
        if len({spot[0] for spot in best}) / len({spot[0] for spot in around}) >= MIN_SHARE and math.isfinite(lat):
            found.append((max(sorted(set(written)), key=written.count), lat, lon))
        left = [spot for spot in left if spot not in best]
    return found
