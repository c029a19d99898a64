"""Runs of letters: what they are, what their sum is, what a broken file says, and who decides where a table has them beside it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.fold import fold
from nlp.gate import Gate
from nlp.letters import BITS, BYTES_READ, TEXTS_AT_ONCE, Letters, LettersError, buckets
from nlp.lexicon import WEIGHED_FILE, WEIGHED_ID, Lexicon
from nlp.weighed import WeighedWords

TABLE = "=base\t9\t\n=charge\t0\t\n=prior\t0\t\n=near\t1\t\nroof\t1\t\ngone\t1\t\n"


def slow_buckets(text: str) -> set[int]:
    """Give the buckets one run at a time, with whole numbers of any size."""
    padded = " " + "".join("0" if letter.isdigit() else letter for letter in text.strip(" ")) + " "
    runs = {padded[at : at + length] for length in (3, 4, 5) for at in range(len(padded) - length + 1)}
    return {(int.from_bytes(run.encode("ascii"), "little") * 0x9E3779B97F4A7C15 % 2**64) >> (64 - BITS) for run in runs}


@given(st.text(alphabet="abcz 0179", max_size=60))
def test_runs_are_those_of_a_slow_count(text: str) -> None:
    assert set(buckets([text.encode("ascii")]).tolist()) == slow_buckets(text)


@given(st.text(alphabet="abcd ", min_size=1, max_size=40), st.integers(0, 2**32 - 1))
def test_the_sum_is_that_of_its_different_runs(text: str, seed: int) -> None:
    weights = np.random.default_rng(seed).normal(size=1 << BITS).astype(np.float32)
    runs = slow_buckets(text)
    wanted = -0.5 + (math.fsum(float(weights[run]) for run in runs) / math.sqrt(len(runs)) if runs else 0.0)
    assert Letters(weights, -0.5).margin(text.encode("ascii")) == pytest.approx(wanted, abs=1e-5)


@given(st.lists(st.text(alphabet="abcd 09", max_size=40), max_size=30), st.integers(0, 2**32 - 1))
def test_a_text_is_judged_alike_alone_and_beside_others(texts: list[str], seed: int) -> None:
    letters = Letters(np.random.default_rng(seed).normal(size=1 << BITS).astype(np.float32), -0.5)
    read = [text.encode("ascii") for text in texts]
    assert letters.margins(read) == [letters.margin(text) for text in read]


def test_more_texts_than_are_judged_at_once_are_all_judged() -> None:
    letters = Letters(np.random.default_rng(0).normal(size=1 << BITS).astype(np.float32), -0.5)
    read = [b"roof %d gone" % (number % 7) * (number % 5) for number in range(2 * TEXTS_AT_ONCE + 3)]
    assert letters.margins(read) == [letters.margin(text) for text in read]


@pytest.mark.parametrize("text", ["", "x", "a" * 100_000])
def test_no_length_fails_and_what_is_too_long_is_not_read(text: str) -> None:
    letters = Letters(np.zeros(1 << BITS, dtype=np.float32), -1.0)
    assert letters.margin(fold(text)) == -1.0
    read = b"ab" * (BYTES_READ // 2)
    assert buckets([read + text.encode("ascii") + b"zzz"]).tolist() == buckets([read]).tolist()


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"weights": np.zeros(4), "base": 0.0}, "finite weights"),
        ({"weights": np.full(1 << BITS, np.nan), "base": 0.0}, "finite weights"),
        ({"weights": np.zeros(1 << BITS), "base": np.inf}, "finite base"),
        ({"weights": np.zeros(1 << BITS)}, "weights and base"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, arrays: dict[str, object], said: str) -> None:
    np.savez(tmp_path / "letters.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(LettersError, match=said):
        Letters.load(tmp_path / "letters.npz")


def lexicon(folder: Path, liked: str | None) -> Lexicon:
    """Give a lexicon whose letters like the runs of one text and no others, or that has none."""
    (folder / "en").mkdir()
    (folder / "en" / "a.toml").write_text(
        'lang = "en"\n[[entry]]\nid = "en.fire"\nhazards = "fire"\nstrength = 0.9\nforms = ["fire"]\nmatches = ["a fire"]\n',
        encoding="utf-8",
    )
    (folder / WEIGHED_FILE).write_text(TABLE, encoding="utf-8")
    if liked is not None:
        weights = np.full(1 << BITS, -1.0)
        weights[buckets([fold(liked)])] = 1.0
        np.savez((folder / WEIGHED_FILE).with_suffix(".npz"), weights=weights, base=0.0)
    return Lexicon.load(folder)


def test_letters_decide_what_weighs_enough_to_be_looked_at(tmp_path: Path) -> None:
    texts = ["the roof gone", "gone was my own old roof", "the tea", "roof fire"]
    assert Gate(lexicon(tmp_path, "the roof gone")).open(texts) == [(WEIGHED_ID,), (), (), ("en.fire",)]


def test_without_letters_the_sum_alone_decides(tmp_path: Path) -> None:
    assert Gate(lexicon(tmp_path, None)).open(["the roof gone"]) == [()]


def test_the_packaged_letters_hear_and_refuse_what_their_words_alone_would_not() -> None:
    weighed = Lexicon.load().weighed
    assert weighed is not None
    assert weighed.letters is not None
    assert weighed.near < weighed.base
    alone = WeighedWords(weighed.forms, weighed.weights, weighed.leanings, weighed.base, weighed.charge, weighed.prior)
    told, idle = (
        fold("nobody can get out, the door is jammed"),
        fold("le bureau descend au jardin pour manger"),
    )
    assert alone.weigh(told) is None
    assert weighed.weigh(told) is not None
    assert alone.weigh(idle) is not None
    assert weighed.weigh(idle) is None
