"""The fingerprint against a slow twin written from the definition, and what it must survive."""

from __future__ import annotations

import pytest

from nlp.fingerprint import (
    LONGEST_BYTES,
    NEAR_BITS,
    SHINGLE_BYTES,
    SHORTEST_BYTES,
    distance_bits,
    fingerprint,
    near,
    normalise,
)

MASK = (1 << 64) - 1


def slow_fingerprint(text: str) -> int:
    """SimHash by hand: each shingle through the finaliser of splitmix64, each bit by majority."""
    data = normalise(text)
    if len(data) < SHORTEST_BYTES:
        return 0
    votes = [0] * 64
    count = len(data) - SHINGLE_BYTES + 1
    for at in range(count):
        x = int.from_bytes(data[at : at + SHINGLE_BYTES], "big")
        x = x * 0x9E3779B97F4A7C15 & MASK
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & MASK
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB & MASK
        x ^= x >> 31
        for bit in range(64):
            votes[bit] += x >> bit & 1
    value = sum(1 << bit for bit in range(64) if votes[bit] * 2 > count)
    value = value - (1 << 64) if value >> 63 else value
    return value or 1


TEXTS = [
    "Énorme explosion dans le centre-ville, les vitres ont tremblé jusqu'au pont",
    "Huge fire behind the old brewery, you can see the smoke from the ring road",
    "L'eau monte très vite dans la rue du moulin, deux voitures emportées déjà 😱😱",
    "x" * (LONGEST_BYTES * 2),
]


@pytest.mark.parametrize("text", TEXTS)
def test_equals_the_slow_twin(text):
    assert fingerprint(text) == slow_fingerprint(text)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: f"RT @someone: {t}",
        lambda t: f"{t} via @someone",
        lambda t: f"{t} https://t.co/AbCdEf12",
        lambda t: t.upper(),
        lambda t: t.replace(" ", "  ") + " !!!",
        lambda t: f"@one @two {t}…",
        lambda t: t.replace("é", "e").replace("É", "E"),
    ],
    ids=["retweet", "via", "link", "capitals", "spaces", "handles", "accents"],
)
@pytest.mark.parametrize("text", TEXTS[:3])
def test_a_copy_in_other_clothes_has_the_same_fingerprint(text, change):
    assert fingerprint(change(text)) == fingerprint(text)


@pytest.mark.parametrize("text", TEXTS[:3])
def test_a_small_edit_stays_near(text):
    words = text.split()
    assert near(fingerprint(" ".join(words[:-1])), fingerprint(text))
    assert near(fingerprint(" ".join(["omg", *words])), fingerprint(text))


def test_different_texts_are_far():
    for first in TEXTS:
        for second in TEXTS:
            if first is not second:
                assert distance_bits(fingerprint(first), fingerprint(second)) > NEAR_BITS


def test_short_texts_have_no_fingerprint_and_are_copies_of_none():
    assert fingerprint("tremblement de terre !!") == 0
    assert not near(fingerprint("BOUM ???"), fingerprint("BOUM ???"))
    assert fingerprint("") == 0


def test_fits_a_signed_64_bit_integer():
    for text in TEXTS:
        assert -(2**63) <= fingerprint(text) < 2**63
