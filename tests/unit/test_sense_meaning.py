"""The sentence encoder: what reaches it, that it depends on the text alone, and that it knows paraphrases across languages."""

from __future__ import annotations

from threading import Thread

import numpy as np
import pytest

from nlp.meaning import CHARS_ENCODED, DIMENSIONS, SentenceEncoder, plain


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
def test_any_text_has_a_finite_vector_of_length_one(encoder, text):
    vector = encoder.vector(text)
    assert vector.shape == (DIMENSIONS,)
    assert float(np.sum(vector.astype(float) ** 2)) == pytest.approx(1.0, abs=1e-4)


def test_the_vector_depends_on_nothing_but_the_text(encoder):
    before = encoder.vector("ça brûle derrière la gare")
    encoder.vector("something else entirely")
    assert encoder.vector("ça brûle derrière la gare").tobytes() == before.tobytes()
    assert SentenceEncoder().vector("ça brûle derrière la gare").tobytes() == before.tobytes()


def test_threads_get_the_same_vectors(encoder):
    texts = [f"explosion number {n}" for n in range(8)]
    alone = {text: encoder.vector(text).tobytes() for text in texts}
    found = {}
    threads = [Thread(target=lambda t=text: found.update({t: encoder.vector(t).tobytes()})) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == alone


def test_the_same_thing_in_another_language_is_nearer_than_another_thing(encoder):
    fire = encoder.vector("the house next door is on fire")
    for text in (
        "la maison d'à côté est en feu",
        "la casa de al lado está ardiendo",
        "das Haus nebenan brennt",
        "la casa accanto è in fiamme",
        "a casa ao lado está a arder",
    ):
        other = encoder.vector("the new album of this band comes out on Friday")
        assert float(fire @ encoder.vector(text)) > float(fire @ other) + 0.3
