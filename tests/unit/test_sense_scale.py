"""The scale of the sense model on made-up logistics, and the threshold against all thresholds tried one by one."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from nlp.scale import NEAR_BEST, best_threshold, language_offsets, platt


def drawn(count, slope, offset, seed):
    random = np.random.default_rng(seed)
    scores = random.normal(scale=2.0, size=count)
    return scores, random.random(count) < 1 / (1 + np.exp(-(slope * scores + offset)))


def test_platt_finds_the_slope_of_a_made_up_logistic():
    slope, offset = platt(*drawn(40_000, 0.7, -0.4, 1))
    assert slope == pytest.approx(0.7, abs=0.03)
    assert offset == pytest.approx(-0.4, abs=0.05)


def test_a_language_gets_the_offset_that_it_was_drawn_with_beside_the_mixture_of_the_set():
    """The set as a whole is easier (offset 0.8) than the scale's own posts; only what German has more is German's."""
    parts = {"fr": drawn(20_000, 1.0, 0.8, 2), "de": drawn(20_000, 1.0, 1.4, 3)}
    logits, relevant = (np.concatenate([parts[lang][at] for lang in ("fr", "de")]) for at in (0, 1))
    languages = np.repeat(["fr", "de"], 20_000)
    offsets = language_offsets(logits, relevant, languages, np.repeat(["a"], 40_000), {"fr", "en"})
    assert offsets == {"de": pytest.approx(0.6, abs=0.05)}


def test_the_mixture_of_a_set_is_not_the_language_that_it_holds_most_of():
    """Set b is far easier than set a and nearly all Spanish: Spanish keeps the 0.4 that it differs by within each of them."""
    drawings = [
        ("a", "fr", drawn(12_000, 1.0, -0.5, 7)),
        ("a", "es", drawn(12_000, 1.0, -0.1, 8)),
        ("b", "fr", drawn(2_000, 1.0, 2.0, 9)),
        ("b", "es", drawn(22_000, 1.0, 2.4, 10)),
    ]
    logits, relevant = (np.concatenate([made[at] for *_, made in drawings]) for at in (0, 1))
    sets = np.concatenate([np.repeat(name, len(made[0])) for name, _, made in drawings])
    languages = np.concatenate([np.repeat(lang, len(made[0])) for _, lang, made in drawings])
    assert language_offsets(logits, relevant, languages, sets, {"fr"}) == {"es": pytest.approx(0.4, abs=0.06)}


def test_few_posts_move_a_language_little():
    logits, relevant = drawn(2_000, 1.0, 0.0, 4)
    languages = np.array(["fr"] * 1_997 + ["pt"] * 3)
    relevant[-3:] = True
    assert 0.0 < language_offsets(logits, relevant, languages, np.repeat(["a"], 2_000), {"fr"})["pt"] < 0.5


def test_without_a_further_language_there_is_no_offset():
    logits, relevant = drawn(100, 1.0, 0.0, 5)
    assert language_offsets(logits, relevant, np.repeat(["fr"], 100), np.repeat(["a"], 100), {"fr"}) == {}


def test_the_threshold_is_the_middle_of_the_good_ones():
    scores, relevant = drawn(3_000, 0.8, 0.0, 6)
    probability = 1 / (1 + np.exp(-0.8 * scores))
    found = best_threshold(probability, relevant)
    tried = {cut: f1_score(relevant, probability >= cut) for cut in np.arange(0.01, 1.0, 0.01).round(2)}
    best = max(tried.values())
    good = [cut for cut, score in tried.items() if score >= best - NEAR_BEST]
    assert found == pytest.approx((min(good) + max(good)) / 2, abs=0.011)  # rounded to 2 digits
    assert tried[found] >= best - NEAR_BEST
