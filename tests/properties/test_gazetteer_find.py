"""Finding names and towns against slow, obvious twins."""

from __future__ import annotations

import random
import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.gazetteer import Gazetteer


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.load()


WORDS = ("saint", "st", "denis", "lyon", "le", "les", "au", "aux", "du", "des", "la", "roche", "sur", "yon", "new", "york", "paris", "15e", "ulis",
         "havre", "mans", "etienne", "rouvray", "x", "lyonnais", "villeurbanne", "l", "hay", "roses", "y", "feu")  # fmt: skip


def twin(gazetteer: Gazetteer, data: bytes) -> set[tuple[int, int, int]]:
    """Every stretch of whole words that is a name, by trying them all; and what follows a melted article."""
    words = [(m.start(), m.end()) for m in re.finditer(rb"[^ ]+", data)]
    found = set()
    melted = {b"au": b"le", b"du": b"le", b"aux": b"les", b"des": b"les"}
    for first, (start, first_end) in enumerate(words):
        for _, end in words[first:]:
            text = data[start:end]
            name_id = gazetteer.name_id(text.decode())
            if name_id is not None and gazetteer.folded(name_id) == text:
                found.add((start, end, name_id))
            article = melted.get(data[start:first_end])
            if article and end > first_end and b"  " not in text:
                whole = article + data[first_end:end]
                name_id = gazetteer.name_id(whole.decode())
                if name_id is not None and has_french_own_name(gazetteer, name_id):
                    found.add((first_end + 1, end, name_id))
    return found


def has_french_own_name(gazetteer: Gazetteer, name_id: int) -> bool:
    rows = zip(gazetteer.candidates(name_id), gazetteer.candidates_how(name_id), strict=True)
    return any(how == 0 and gazetteer.country(row) in {"FR", "BE", "CH", "CA", "LU"} for row, how in rows)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=12))
def test_find_equals_trying_every_stretch(gazetteer: Gazetteer, words: list[str]) -> None:
    data = b" " + " ".join(words).encode() + b" " if words else b"  "
    found = gazetteer.find(data)
    assert set(found) == twin(gazetteer, data)
    assert len(set(found)) == len(found)
    assert found == sorted(found, key=lambda match: (match[0], -match[1], match[2]))


def test_find_keeps_longer_and_shorter_names(gazetteer: Gazetteer) -> None:
    data = b" incendie a saint etienne du rouvray pres du havre "
    texts = {data[start:end]: gazetteer.folded(name) for start, end, name in gazetteer.find(data)}
    assert {b"saint etienne du rouvray", b"saint etienne", b"rouvray"} <= set(texts)
    names = [gazetteer.folded(name) for start, end, name in gazetteer.find(data) if data[start:end] == b"havre"]
    assert b"le havre" in names


def test_find_respects_word_boundaries(gazetteer: Gazetteer) -> None:
    assert gazetteer.name_id("lyon") not in {name for _, _, name in gazetteer.find(b" lyonnais olyon ")}
    assert gazetteer.name_id("lyon") in {name for _, _, name in gazetteer.find(b" lyon ")}


@settings(max_examples=40, deadline=None)
@given(st.floats(-60, 70), st.floats(-180, 180))
def test_nearest_town_equals_brute_force(gazetteer: Gazetteer, lat: float, lon: float) -> None:
    towns = _towns(gazetteer)
    distances = _haversine_km(lat, lon, towns[1], towns[2])
    best = float(distances.min())
    row = gazetteer.nearest_town(lat, lon, within_km=50)
    if row is None:
        assert best > 49.999
    else:
        at = int(np.flatnonzero(towns[0] == row)[0])
        assert best <= 50.001
        assert abs(float(distances[at]) - best) < 1e-6


def test_within_equals_brute_force(gazetteer: Gazetteer) -> None:
    rng = random.Random(20260407)  # a seeded sample, no secret
    rows, lat, lon = _towns(gazetteer)
    for _ in range(20):
        at = rng.randrange(len(rows))
        here, there, km = (
            float(lat[at]) + rng.uniform(-0.2, 0.2),
            float(lon[at]) + rng.uniform(-0.2, 0.2),
            rng.uniform(1, 40),
        )
        distances = _haversine_km(here, there, lat, lon)
        inside = {int(row) for row in rows[distances <= km - 1e-6]}
        found = gazetteer.within(here, there, km)
        assert inside <= set(found) <= {int(row) for row in rows[distances <= km + 1e-6]}
        by_row = dict(zip(rows.tolist(), distances.tolist(), strict=True))
        assert all(by_row[a] <= by_row[b] + 1e-6 for a, b in pairwise(found))


def _towns(gazetteer: Gazetteer) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if not hasattr(_towns, "cache"):
        rows = np.array([row for row in range(len(gazetteer)) if gazetteer.kind(row) == "town"])
        _towns.cache = (
            rows,
            np.array([gazetteer.lat(row) for row in rows]),
            np.array([gazetteer.lon(row) for row in rows]),
        )
    return _towns.cache


def _haversine_km(lat: float, lon: float, lats: np.ndarray, lons: np.ndarray) -> np.ndarray:
    a = np.sin(np.radians(lats - lat) / 2) ** 2
    b = np.cos(np.radians(lat)) * np.cos(np.radians(lats)) * np.sin(np.radians(lons - lon) / 2) ** 2
    return 2 * 6371.0088 * np.arcsin(np.sqrt(np.minimum(1, a + b)))
