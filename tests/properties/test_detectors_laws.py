"""Laws of the detector: order, batches, duplicates and snapshots change nothing."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mentions import T0, mention
from towns import BREST, MARSEILLE, NANTES, town

from detectors import Detector
from tocsin.model import Incident, Mention, Retraction, SourceGap

TOWNS = [NANTES, town("Saint-Herblain", 47.212, -1.65, 48_000, code="44162"), BREST, MARSEILLE]


Said = Mention | Retraction | SourceGap


def at_of(item: Said) -> int:
    if isinstance(item, Mention):
        return item.event_at
    if isinstance(item, SourceGap):
        return item.from_at if item.to_at is None else item.to_at
    return item.at


def stream(seed: int, count: int = 60) -> list[Said]:
    """A seeded stream: a few bursts, noise, denials, explanations, copies, deletions, outages."""
    rng = random.Random(seed)
    items: list[Said] = []
    for number in range(count):
        burst = rng.random() < 0.7
        here = TOWNS[seed % 4] if burst else rng.choice(TOWNS)
        at = T0 + (rng.randrange(400_000) if burst else rng.randrange(5_000_000))
        items.append(
            mention(
                number,
                0,
                *(() if rng.random() < 0.35 else (here,)),
                source="s",
                author=f"a{rng.randrange(40)}",
                event_at=at,
                received_at=at,
                hazards={rng.choice(["fire", "fire", "explosion", "flood"]): 0.7, "open": 0.3},
                probability=rng.choice([0.1, 0.4, 0.8]),
                modality=rng.choice(["asserted"] * 8 + ["exercise", "negated", "question"]),
                witness=rng.choice(["first_hand", "unknown", "relay", "media"]),
                perception_only=rng.random() < 0.2,
                consequences=rng.choice([(), ("injured",)]),
                fingerprint=rng.choice([0, 0, 0, rng.getrandbits(63)]),
            )
        )
        if rng.random() < 0.05:
            items.append(Retraction(post_id=f"p{rng.randrange(count):06d}", at=at + rng.randrange(100_000)))
    for origin in ("s", "t"):
        from_at = T0 + rng.randrange(2_000_000)
        items.append(SourceGap(origin=origin, from_at=from_at))
        if rng.random() < 0.7:
            items.append(
                SourceGap(
                    origin=origin, from_at=from_at, to_at=from_at + rng.randrange(3_000_000), filled=rng.random() < 0.3
                )
            )
    return items


def exposures() -> list[tuple[int, str, int]]:
    return [(T0 - T0 % 10_000 + n * 10_000, "s", 3 + n % 5) for n in range(0, 500, 7)]


def run(items: list[Said]) -> list[Incident]:
    detector = Detector()
    detector.feed(items)
    for exposure in exposures():
        detector.exposure(*exposure)
    return detector.finish()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 999), order=st.randoms(use_true_random=False))
def test_order_and_duplicates_change_nothing(seed: int, order: random.Random) -> None:
    items = stream(seed)
    shuffled = items + order.sample(items, 10)
    order.shuffle(shuffled)
    assert run(shuffled) == run(items)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 999), chunk=st.integers(1, 30))
def test_batches_as_they_come_change_nothing(seed: int, chunk: int) -> None:
    items = sorted(stream(seed), key=at_of)
    detector = Detector()
    for exposure in exposures():
        detector.exposure(*exposure)
    written = []
    for low in range(0, len(items), chunk):
        part = items[low : low + chunk]
        detector.feed(part)
        written += detector.advance(at_of(part[-1]))
    written += detector.finish()
    assert written == run(items)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 999), cut_secs=st.integers(0, 5_000))
def test_a_restored_detector_goes_on_alike(seed: int, cut_secs: int) -> None:
    items = stream(seed)
    whole = Detector()
    whole.feed(items)
    for exposure in exposures():
        whole.exposure(*exposure)
    before = whole.advance(T0 + cut_secs * 1_000)
    data = whole.snapshot()
    twin = Detector.restore(data)
    assert twin.snapshot() == data
    after = whole.finish()
    assert twin.finish() == after
    assert before + after == run(items)


@pytest.mark.parametrize("seed", range(8))
def test_revisions_of_an_incident_count_up_and_it_is_raised_once(seed: int) -> None:
    written = run(stream(seed))
    numbers: dict[str, list[int]] = {}
    for incident in written:
        numbers.setdefault(incident.incident_id, []).append(incident.revision)
    assert all(revisions == list(range(1, len(revisions) + 1)) for revisions in numbers.values())
    assert [i.updated_at for i in written] == sorted(i.updated_at for i in written)
    assert all(sum(i.reason == "raised" for i in written if i.incident_id == name) <= 1 for name in numbers)


def test_the_streams_of_these_laws_do_raise_incidents() -> None:
    assert sum(any(i.state == "open" for i in run(stream(seed))) for seed in range(20)) >= 10
