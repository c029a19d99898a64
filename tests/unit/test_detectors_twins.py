"""Fast routines against slow, obvious twins; closed forms against integrals."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from scipy.stats import gamma
from towns import town as any_town

from detectors.baseline import PRIOR_PER_POST, PRIOR_POSTS_PER_MIN, PRIOR_VOICES, Baseline, quantile_factor
from detectors.copies import Copies
from detectors.evidence import evidence, log_sum, loudest
from detectors.geometry import cells_around, distance_km, distances_km
from detectors.panes import PaneBuffer
from detectors.place import kernel, whereabouts
from detectors.retelling import retold
from detectors.voices import Voice
from tocsin.model import Place, Retraction
from tocsin.settings.detector import DetectorSettings
from tocsin.time import DAY_MS, Panes

SIZES, WINDOWS = (3.0, 10.0), (2.0, 10.0, 60.0)


def slow_evidence(ages: list[float], pulls: list[float], cap: float) -> float:
    """Definition, term by term: sum over onsets of the mean over S and W of the likelihood ratio."""
    total = 0.0
    onsets = [float(o) for o in range(math.ceil(min(max(WINDOWS), ages[0]) + 2))]
    for onset in onsets:
        for size in SIZES:
            for window in WINDOWS:
                ratio = math.exp(-size * min(onset, window) / window)
                for age, pull in zip(ages, pulls, strict=True):
                    if onset - window < age <= onset:
                        ratio *= min(math.exp(cap), 1 + size / window * pull)
                total += ratio / (len(SIZES) * len(WINDOWS))
    return math.log(total)


@pytest.mark.parametrize("seed", range(20))
def test_evidence_equals_its_definition(seed: int) -> None:
    rng = random.Random(seed)
    ages = sorted((rng.uniform(0, 90) for _ in range(rng.randrange(1, 12))), reverse=True)
    pulls = [rng.choice([0.0, 0.1, 5.0, 1e3, 1e6]) for _ in ages]
    fast, by_window = evidence(np.array(ages), np.array([pulls]), SIZES, WINDOWS, 8.0)
    assert fast[0] == pytest.approx(slow_evidence(ages, pulls, 8.0), abs=1e-6)
    assert log_sum(by_window[0]) == pytest.approx(fast[0], abs=1e-6)


@pytest.mark.parametrize("seed", range(20))
def test_the_loudest_burst_equals_trying_each(seed: int) -> None:
    rng = random.Random(seed)
    ages = sorted((rng.choice([rng.uniform(0, 90), 5.0]) for _ in range(rng.randrange(1, 12))), reverse=True)
    pulls = [rng.choice([0.0, 0.1, 5.0, 1e3, 1e6]) for _ in ages]
    best: tuple[float, float, float, float] | None = None
    for window in WINDOWS:
        for size in SIZES:
            for onset in ages:
                total = -size * min(onset, window) / window
                for age, pull in zip(ages, pulls, strict=True):
                    if onset - window < age <= onset:
                        total += min(8.0, math.log(1 + size / window * pull))
                if best is None or total > best[0] + 1e-9:
                    best = total, window, size, onset
    assert best is not None
    _, window, size, onset = best
    inside = [onset - window < age <= onset for age in ages]
    added, length = loudest(np.array(ages), np.array(pulls), SIZES, WINDOWS, 8.0)
    assert length == window
    each = [min(8.0, math.log(1 + size / window * pull)) for pull in pulls]
    assert added.tolist() == pytest.approx([gain if here else 0.0 for gain, here in zip(each, inside, strict=True)])


def test_without_voices_there_is_no_evidence() -> None:
    fast, _ = evidence(np.array([]), np.zeros((2, 0)), SIZES, WINDOWS, 8.0)
    assert fast.tolist() == [-math.inf, -math.inf]


@pytest.mark.parametrize("shape", [1.0, 2.0, 5.0, 30.0, 400.0])
def test_the_quantile_is_near_the_exact_one(shape: float) -> None:
    assert quantile_factor(shape, 0.8416) == pytest.approx(gamma.ppf(0.8, shape) / shape, rel=0.01)


def town(name: str = "t", lat: float = 47.0, lon: float = -1.5, people: int = 50_000, unc: float = 4.0) -> Place:
    return any_town(name, lat, lon, people, uncertainty_km=unc, score=1.0)


def voice(number: int, place: Place | None, at: int = 0, witness: str = "first_hand", hazard: str = "fire") -> Voice:
    return Voice(
        number=number, post_id=f"p{number}", author=f"a{number}", source="s", at=at, hazards={hazard: 1.0}, main=hazard,
        probability=0.5, weight=4.0, witness=witness, places=() if place is None else (place,),
    )  # fmt: skip


def test_a_cold_baseline_is_the_packaged_prior() -> None:
    base = Baseline(DetectorSettings())
    world = PRIOR_PER_POST["fire"] * PRIOR_POSTS_PER_MIN
    assert base.unlocated_rate("fire") == pytest.approx(world * 0.5 * quantile_factor(1.0, 0.8416))


def test_the_baseline_learns_the_pace_and_forgets_with_its_half_life() -> None:
    base = Baseline(DetectorSettings(baseline_half_life_days=1))
    before = base.rate("fire", town())
    for n in range(200):
        base.learn(voice(n, town(), at=n))
    base.turn(200)
    loud = base.rate("fire", town())
    assert loud > 50 * before
    base.turn(10 * DAY_MS)
    assert before <= base.rate("fire", town()) < loud / 20


def test_the_world_rate_is_gamma_poisson() -> None:
    base = Baseline(DetectorSettings())
    for minute in range(600):
        base.expose(minute * 60_000, 40, 1.0)
    for n in range(30):
        base.learn(voice(n, None, at=n))
    base.turn((600 + 120) * 60_000)  # the guard has passed for the last post
    per_post = (PRIOR_VOICES + 30) / (PRIOR_VOICES / PRIOR_PER_POST["fire"] + 600 * 40)
    share = (30 + 20 * 0.5) / (30 + 20)
    posts_per_min = 40  # heard for ten hours: the prior pace has faded
    expected = per_post * posts_per_min * share * quantile_factor(31.0, 0.8416)
    assert base.unlocated_rate("fire") == pytest.approx(expected, rel=0.02)


def test_posts_become_history_with_the_voices_of_their_time() -> None:
    base = Baseline(DetectorSettings(baseline_guard_mins=120))
    cold = base.unlocated_rate("fire")
    for minute in range(119):
        base.expose(minute * 60_000, 20, 1.0)  # the packaged pace
        base.turn(minute * 60_000)
        assert base.unlocated_rate("fire") == pytest.approx(cold)  # no voice could be learnt yet: silence is no calm
    for minute in range(119, 600):
        base.expose(minute * 60_000, 20, 1.0)
        base.turn(minute * 60_000)
    assert base.unlocated_rate("fire") < 0.5 * cold


def test_history_is_bounded() -> None:
    base = Baseline(DetectorSettings(max_baseline_keys=1_000))
    for n in range(5_000):
        base.learn(voice(n, town(f"t{n}"), at=n))
    assert len(base.history.voices) <= 1_000


def test_distances_agree_with_the_law_of_cosines() -> None:
    rng = random.Random(1)
    for _ in range(50):
        a, b, c, d = (math.radians(x) for x in (rng.uniform(-80, 80), rng.uniform(-180, 180), rng.uniform(-80, 80), 10))
        law = 6371 * math.acos(math.sin(a) * math.sin(c) + math.cos(a) * math.cos(c) * math.cos(b - d))
        found = distance_km(*(math.degrees(x) for x in (a, b, c, d)))
        assert found == pytest.approx(law, abs=1e-3)
        matrix = distances_km(*(np.array([math.degrees(x)]) for x in (a, b, c, d)))
        assert matrix[0, 0] == pytest.approx(found, abs=1e-6)


def test_the_cells_around_hold_everything_within_reach() -> None:
    rng = random.Random(2)
    for _ in range(2_000):
        lat, lon = rng.uniform(-85, 85), rng.uniform(-180, 179.9)
        other = (max(-89.9, min(89.9, lat + rng.gauss(0, 1))), (lon + rng.gauss(0, 2) + 180) % 360 - 180)
        if distance_km(lat, lon, *other) <= 100:
            assert (math.floor(other[0]), math.floor(other[1])) in set(cells_around(lat, lon, 100))


def test_the_posterior_equals_bayes_by_hand() -> None:
    here, there = town("a", 47.0, -1.5), town("b", 47.3, -1.5)
    said = [voice(0, here), voice(1, here), voice(2, there)]
    prior = np.array([0.5, 0.5])
    found = whereabouts([here, there], prior, said, np.ones(3), 3.0)
    unc = np.array([4.0, 4.0])
    apart = distance_km(47.0, -1.5, 47.3, -1.5)
    k = kernel(np.array([[0.0, apart], [apart, 0.0]]), 3.0, unc, unc) * 0.30 * 0.8 / 0.8
    like = [math.prod((0.01 + k[z, n]) for n in (0, 0, 1)) for z in (0, 1)]
    assert found.mass[0] == pytest.approx(like[0] / sum(like), abs=1e-6)
    assert found.place.id == "a"


def test_the_medoid_is_a_place_that_was_named_never_between() -> None:
    ends = [town("a", 47.0, -1.5), town("b", 47.0, 1.5)]
    said = [voice(n, ends[n % 2]) for n in range(10)]
    assert whereabouts(ends, np.array([0.5, 0.5]), said, np.ones(10), 3.0).place in ends


def test_a_town_does_not_pull_a_quarter_to_its_hall() -> None:
    lyon = town("lyon", 45.764, 4.836, 520_000, 6.0)
    gerland = Place(id="g", name="Gerland", kind="quarter", lat=45.727, lon=4.833, uncertainty_km=1, country="FR")
    said = [voice(0, gerland), voice(1, gerland), *(voice(n, lyon) for n in range(2, 7))]
    zones = [gerland, lyon]
    assert whereabouts(zones, np.array([0.5, 0.5]), said, np.ones(7), 3.0).place.id == "g"


def test_retelling_equals_its_sum() -> None:
    settings = DetectorSettings()
    here = town()
    said = [voice(0, here, 0), voice(1, here, 60_000, "media"), voice(2, None, 180_000, "unknown")]
    said += [voice(3, here, 240_000, "unknown"), voice(4, here, 240_000, "first_hand")]
    found = retold(said, 3.0, settings)
    same = 0.30
    from_first = 0.2 / 30 * math.exp(-4 / 30) * same
    from_second = 0.8 / 180 * math.exp(-3 / 180) * same
    assert found[3] == pytest.approx(from_first + from_second, abs=1e-9)  # the one without a place tells of none
    assert found[2] == pytest.approx(0.35 * (0.2 / 30 * math.exp(-3 / 30) + 0.8 / 180 * math.exp(-2 / 180)), abs=1e-9)
    assert found[0] == 0.0
    assert found[4] == pytest.approx(
        0.3 * (found[3] + 0.2 / 30 * same), abs=1e-9
    )  # what reads first-hand is seldom retold


@pytest.mark.parametrize("seed", range(5))
def test_copies_are_found_as_by_comparing_all(seed: int) -> None:
    rng = random.Random(seed)
    copies = Copies(bits=6, limit=512)
    known: list[int] = []
    for number in range(200):
        text = known[rng.randrange(len(known))] if known and rng.random() < 0.5 else rng.getrandbits(63) | 1
        for bit in rng.sample(range(62), rng.randrange(9)):
            text ^= 1 << bit
        near = [n for n, other in enumerate(known) if (text ^ other).bit_count() <= 6]
        assert copies.find(f"p{number}", text, None) == (near[0] if near else None)
        copies.add(number, f"p{number}", text)
        known.append(text)


def test_a_pane_gives_its_items_once_in_canonical_order() -> None:
    buffer = PaneBuffer(Panes())
    items = [Retraction(post_id=name, at=at) for name, at in [("b", 5), ("a", 5), ("c", 1), ("d", 10_000)]]
    for item in [*items, *items]:
        buffer.add(item)
    assert [[i.post_id for i in pane.items] for pane in buffer.close(25_000)] == [["c", "a", "b"], ["d"]]
    assert list(buffer.close(25_000)) == []
