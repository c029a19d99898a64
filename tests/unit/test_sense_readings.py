"""Readings by encoders that had not seen the post: what they hold, what they refuse, who answers for the rest."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.extract import Extractor
from nlp.meaning import DIMENSIONS
from nlp.readings import HeldOutEncoder, Readings, ReadingsError, key_of
from tocsin.settings.nlp import NlpSettings


class Packaged:
    """Answers the length of the text."""

    def vectors(self, texts):
        return np.array([np.full(DIMENSIONS, float(len(text))) for text in texts])


def vectors(*firsts):
    found = np.zeros((len(firsts), DIMENSIONS))
    found[:, 0] = firsts
    return found


def test_what_is_held_is_answered_and_the_encoder_is_asked_for_the_rest(tmp_path):
    Readings.of(["ça brûle", "BOUM"], vectors(1.5, -0.25)).save(tmp_path / "r.npz")
    encoder = HeldOutEncoder(Readings.load(tmp_path / "r.npz"), Packaged())
    assert encoder.vectors(["ça brûle", "BOUM", "autre"])[:, 0].tolist() == [1.5, -0.25, 5.0]


def test_texts_are_the_same_that_the_encoder_reads_as_the_same():
    assert key_of("@one BOUM à #Lyon https://example.org") == key_of("@two BOUM à Lyon")
    assert key_of("BOUM à Lyon") != key_of("boum à Lyon")


def test_of_a_text_that_comes_twice_the_first_reading_is_kept():
    readings = Readings.of(["b", "a", "b"], vectors(1, 2, 3))
    encoder = HeldOutEncoder(readings, Packaged())
    assert (*encoder.vectors(["a", "b"])[:, 0], len(readings.keys)) == (2.0, 1.0, 2)


@pytest.mark.parametrize(
    "arrays",
    [
        {"keys": np.zeros(2, dtype=np.uint64)},
        {"keys": np.zeros(2, dtype=np.uint64), "vectors": np.zeros((2, 3))},
        {"keys": np.zeros(2), "vectors": np.zeros((2, DIMENSIONS))},
    ],
)
def test_another_file_is_refused_by_name(tmp_path, arrays):
    np.savez(tmp_path / "other.npz", **arrays)
    with pytest.raises(ReadingsError, match=r"other\.npz"):
        Readings.load(tmp_path / "other.npz")


def test_an_extractor_may_read_training_posts_by_what_was_held_out(tmp_path):
    text = "Gros incendie à Rennes, les pompiers arrivent"
    doubted = vectors(-7.5)
    doubted[0, 1:] = -2.6
    Readings.of([text], doubted).save(tmp_path / "r.npz")
    plain_reader = Extractor.load(NlpSettings(entities=False))
    held_out = Extractor.load(NlpSettings(entities=False, readings_path=tmp_path / "r.npz"))
    for other in ("Énorme explosion quartier nord, vitres cassées",):
        assert held_out.analyse(other).sense.judgement == plain_reader.analyse(other).sense.judgement
    assert (
        held_out.analyse(text).sense.judgement.probability
        < plain_reader.analyse(text).sense.judgement.probability - 0.2
    )


def test_readings_are_added_and_the_first_stand():
    one, two = np.zeros((2, DIMENSIONS)), np.ones((2, DIMENSIONS))
    both = Readings.of(["a", "b"], one).and_of(Readings.of(["b", "c"], two))
    encoder = HeldOutEncoder(both, None)
    assert encoder.vectors(["a", "b", "c"])[:, 0].tolist() == [0.0, 0.0, 1.0]
