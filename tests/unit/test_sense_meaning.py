"""The sentence encoder: what reaches it, that it depends on the text alone, and that it knows paraphrases across languages."""

from __future__ import annotations

from threading import Thread

import numpy as np
import pytest

from nlp.meaning import (
    CHARS_ENCODED,
    DIMENSIONS,
    MOST_SURE,
    MeaningError,
    SentenceEncoder,
    kept,
    plain,
    read_off,
    unpacked,
)
from nlp.naming import NAMED


@pytest.fixture(scope="module")
def encoder():
    return SentenceEncoder()


def test_links_handles_and_hash_signs_are_left_out():
    assert plain("RT @someone: #Feu à #Sète\n\nhttps://example.org/a?b#c") == "RT @user: Feu à Sète"
    assert plain("") == plain("https://example.org") == "."


def test_a_text_without_end_is_cut():
    assert len(plain("a" * 100_000)) == CHARS_ENCODED
    assert len(plain("mot " * 100_000)) <= CHARS_ENCODED


@pytest.mark.parametrize(
    "text", ["", "\ud800", "🔥" * 500, "\x00\x01", "\u202eabc", "é" * 3_000, "漢字かな", "a\n" * 900]
)
def test_any_text_has_a_vector_inside_its_bounds(encoder, text):
    vector = encoder.vectors([text])[0]
    assert vector.shape == (DIMENSIONS,)
    assert np.isfinite(vector).all()
    assert -MOST_SURE <= vector[0] <= MOST_SURE
    assert (vector[1:] <= 0.0).all()
    assert 1.0 - len(vector) * np.exp(-MOST_SURE) <= np.exp(vector[1:]).sum() <= 1.0 + len(vector) * np.exp(-MOST_SURE)


def test_answers_become_log_odds_and_log_shares_row_by_row():
    answers = np.zeros((2, DIMENSIONS))
    answers[0, 0], answers[1, 0], answers[1, 3] = 1.5, -20.0, 30.0
    first, second = read_off(answers)
    assert first.tolist() == pytest.approx([1.5, *[-np.log(14)] * 14])
    assert second[[0, 3]].tolist() == pytest.approx([-MOST_SURE, 0.0], abs=1e-9)
    assert second[1] == -MOST_SURE


def test_the_vector_depends_on_nothing_but_the_text(encoder):
    before = encoder.vectors(["ça brûle derrière la gare"])[0]
    encoder.vectors(["something else entirely"])
    assert encoder.vectors(["ça brûle derrière la gare"])[0].tobytes() == before.tobytes()
    assert SentenceEncoder().vectors(["ça brûle derrière la gare"])[0].tobytes() == before.tobytes()


LENGTHS = (1, 3, 4, 9, 14, 15, 16, 17, 31, 60, 90, 200)
WORDS = [
    "the",
    "river",
    "is",
    "in",
    "our",
    "kitchen",
    "and",
    "fire",
    "brigade",
    "says",
    "leave",
    "now",
    "🔥",
    "ça",
    "pète",
    "à",
    "côté",
    "Überschwemmung",
    "en",
    "la",
    "plaza",
]


@pytest.mark.parametrize("seed", range(6))
def test_a_text_is_read_to_the_last_bit_as_if_it_were_alone(encoder, seed):
    """One machine and many divide the same posts into other blocks, and must give the same incidents byte for byte."""
    random = np.random.default_rng(seed)
    texts = [" ".join(random.choice(WORDS, size=length)) for length in random.permutation(LENGTHS).tolist()]
    alone = [encoder.vectors([text])[0].tobytes() for text in texts]
    for size in (len(texts), 5, 2):
        for low in range(0, len(texts), size):
            found = encoder.vectors(texts[low : low + size])
            assert [row.tobytes() for row in found] == alone[low : low + size]


def test_no_texts_have_no_vectors(encoder):
    assert encoder.vectors([]).shape == (0, DIMENSIONS)


def test_threads_get_the_same_vectors(encoder):
    texts = [f"explosion number {n}" for n in range(8)]
    alone = {text: encoder.vectors([text])[0].tobytes() for text in texts}
    found = {}
    threads = [Thread(target=lambda t=text: found.update({t: encoder.vectors([t])[0].tobytes()})) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == alone


def test_a_matrix_is_kept_within_half_a_step_of_its_row():
    random = np.random.default_rng(0)
    layer = {"q.w": random.normal(size=(6, 32)).astype(np.float32), "q.b": random.normal(size=6).astype(np.float32)}
    layer["q.w"][3] = 0.0
    found = unpacked(kept(layer, 5), 5)
    assert found["q.b"].tolist() == layer["q.b"].tolist()
    assert np.all(np.abs(found["q.w"] - layer["q.w"]) <= np.abs(layer["q.w"]).max(axis=1, keepdims=True) / 254 + 1e-7)
    assert unpacked(kept(layer, 5), 6) == {}


HAPPENS = {
    "en": "the house next door is on fire, flames out of the windows",
    "fr": "la maison d'à côté est en feu, les flammes sortent par les fenêtres",
    "es": "la casa de al lado está ardiendo, salen llamas por las ventanas",
    "de": "das Haus nebenan brennt, Flammen schlagen aus den Fenstern",
    "it": "la casa accanto è in fiamme, il fuoco esce dalle finestre",
    "pt": "a casa ao lado está a arder, saem chamas pelas janelas",
}


@pytest.mark.parametrize("text", HAPPENS.values(), ids=HAPPENS)
def test_a_fire_is_real_and_a_fire_in_every_language(encoder, text):
    vector = encoder.vectors([text])[0]
    assert vector[0] > 1.0
    assert NAMED[int(vector[1:].argmax())] == "fire"


@pytest.mark.parametrize(
    "text",
    [
        "the new album of this band is pure fire, on repeat all day",
        "mon ex a mis le feu à ma boîte mail, 40 messages cette nuit",
        "mi abuela quemó el arroz otra vez, huele hasta la calle jajaja",
        "mein Chef brennt für Excel, drei Stunden Meeting",
    ],
)
def test_a_figure_of_speech_is_less_real_than_any_fire(encoder, text):
    assert encoder.vectors([text])[0][0] < min(encoder.vectors([real])[0][0] for real in HAPPENS.values())


def test_a_file_for_another_encoder_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", heads=np.zeros((512, DIMENSIONS)), bias=np.zeros(3))
    with pytest.raises(MeaningError, match=r"other\.npz"):
        SentenceEncoder(tmp_path / "other.npz").vectors(["x"])
