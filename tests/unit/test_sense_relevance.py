"""The linear model by hand: what it computes, what it says of itself, what it refuses."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest

from nlp.cues import CueBook
from nlp.features import BUCKETS, NAMES, hashed, named
from nlp.fold import fold_aligned
from nlp.meaning import DIMENSIONS, REAL
from nlp.modality import frame_of
from nlp.reading import read
from nlp.relevance import BASE_RATE, FLOOR, PACKAGED, SenseModel, SenseModelError
from nlp.shape import shape_of
from nlp.training import DOWN, MUTE, UP

BOOK = CueBook.load()
BLANK = np.zeros(DIMENSIONS)


def parts_of(text, lang="fr"):
    folded = fold_aligned(text)
    reading = read(text, folded, lang, [], BOOK.find(folded, lang), year=2026)
    return reading, frame_of(reading), shape_of(text)


def model(bias=0.0, platt=(1.0, 0.0), meaning=0.0, offsets=None, **weights):
    vector = np.zeros(len(NAMES))
    for name, weight in weights.items():
        vector[NAMES.index(name.replace("__", "."))] = weight
    return SenseModel(vector, np.zeros(BUCKETS), meaning, bias, platt, 0.5, offsets or {})


def test_a_vector_has_a_value_for_each_name_and_stays_in_bounds():
    assert len(set(NAMES)) == len(NAMES)
    for text in (
        "",
        "?" * 500,
        "là " * 300,
        "ptn j'entends des cris, appelez les pompiers !!! 🔥🔥 #feu @x https://t.co/x",
    ):
        vector = named(*parts_of(text))
        assert vector.shape == (len(NAMES),)
        assert np.isfinite(vector).all()
        assert vector.min() >= -2.0
        assert vector.max() <= 4.0


def test_probability_is_the_logistic_of_the_weighted_features():
    parts = parts_of("https://t.co/x fumée", "fr")
    # bias 0.5 + link 1 * -1.5 = -1; scaled 2 * -1 + 0.25 = -1.75.
    judged = model(0.5, (2.0, 0.25), shape__link=-1.5).judge(*parts, BLANK)
    assert judged.probability == round(1 / (1 + exp(1.75)), 4)
    assert judged.reasons == ("-shape.link",)


def test_the_meaning_and_the_language_move_the_log_odds():
    vector = np.full(DIMENSIONS, -3.0)
    vector[REAL] = 0.6
    # 0.6 * 5 * slope 0.5 = 1.5, German 0.25 less.
    judged = model(platt=(0.5, 0.0), meaning=5.0, offsets={"de": -0.25})
    assert judged.judge(*parts_of("ok", "fr"), vector).probability == round(1 / (1 + exp(-1.5)), 4)
    assert judged.judge(*parts_of("ok", "de"), vector).probability == round(1 / (1 + exp(-1.25)), 4)
    assert judged.judge(*parts_of("ok", "fr"), vector).reasons == ("+meaning",)


def test_probability_never_says_certain():
    parts = parts_of("https://t.co/x", "fr")
    assert model(100.0).judge(*parts, BLANK).probability == 1.0 - FLOOR
    assert model(-100.0).judge(*parts, BLANK).probability == FLOOR


def test_reasons_are_signed_and_strongest_first():
    parts = parts_of("https://t.co/x ça sent ?", "fr")
    judged = model(shape__link=-0.4, shape__question=2.0, cue__perception=0.01).judge(*parts, BLANK)
    assert judged.reasons == ("+shape.question", "-shape.link")


def test_hashed_words_are_bounded_and_blind_to_numbers():
    first, second = parts_of("feu au 12 rue Foch en 1987")[0], parts_of("feu au 99 rue Foch en 2026")[0]
    for mine, other in zip(hashed(first), hashed(second), strict=True):
        assert mine.tolist() == other.tolist()
    buckets, signs = hashed(first)
    assert buckets.max() < BUCKETS
    assert float(np.sum(signs**2)) == pytest.approx(1.0)
    assert len(hashed(parts_of("")[0])[0]) == 0


def test_a_file_for_other_features_is_refused(tmp_path):
    path = tmp_path / "old.npz"
    np.savez_compressed(
        path,
        names=np.array(["a"]),
        weights=np.zeros(1),
        words=np.zeros(BUCKETS),
        bias=0.0,
        platt=np.ones(2),
        base_rate=0.5,
    )
    with pytest.raises(SenseModelError, match="other features"):
        SenseModel.load(path)


def test_the_packaged_weights_have_the_signs_they_must_have():
    packaged = SenseModel.load()
    assert round(packaged.base_rate, 3) == BASE_RATE
    with np.load(PACKAGED, allow_pickle=False) as file:
        weight = dict(zip(file["names"].tolist(), file["weights"].tolist(), strict=True))
    assert {*UP, *DOWN, *MUTE} <= set(weight)
    assert all(weight[name] >= 0 for name in UP)
    assert all(weight[name] <= 0 for name in DOWN)
    assert all(weight[name] == 0 for name in MUTE)
