"""Laws of the fold, and a slow twin that works character by character."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import example, given, settings
from hypothesis import strategies as st

from nlp.fold import BATCH_FROM, SEPARATOR, fold, fold_aligned, fold_many, fold_name

ANY = st.text(alphabet=st.characters(), max_size=80)
POSTS = st.text(
    alphabet=st.sampled_from("abeéèÉœŒßæaaooſﬁ '’-#@_.,!\n\t09²🔥🚒😀\u0301\u200b\u00adіеАＡｂ\x1d\x01ABLt"),
    max_size=60,
)
WESTERN = st.text(alphabet=st.sampled_from("abcdxyzéèàçùîôÉÀÇABXYZ0123 .,;!?'’-_/\"\n"), max_size=60)


def slow_fold(text: str) -> str:
    """Fold western text without runs or hashtags: decompose, drop marks, keep letters and digits, single spaces."""
    plain = "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char)).lower()
    words = re.findall(r"[a-z0-9]+", plain)
    words = [re.sub(r"([a-z])\1{2,}", r"\1", word) for word in words]
    return " " + " ".join(words) + (" " if words else "")


@given(WESTERN)
def test_the_fold_agrees_with_its_slow_twin(text: str) -> None:
    assert fold(text).decode() == slow_fold(text)


@given(ANY | POSTS)
@example("#\u0130stanbulFeu")
@example("e\u0301\u0301e")
@example("\ud800feu")
def test_the_aligned_fold_gives_the_same_bytes(text: str) -> None:
    assert fold_aligned(text).data == fold(text)


@given(ANY | POSTS)
def test_folded_text_is_words_and_single_spaces(text: str) -> None:
    data = fold(text)
    assert re.fullmatch(rb" (?:[a-z0-9]+ )*", data)
    assert not re.search(rb"([a-z])\1\1", data)


@given(ANY | POSTS)
def test_folding_twice_changes_nothing(text: str) -> None:
    once = fold(text)
    assert fold(once.decode()) == once


@given(WESTERN)
def test_composed_and_decomposed_letters_fold_alike(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))


@settings(max_examples=25, deadline=None)
@given(st.lists(ANY | POSTS, min_size=1, max_size=6))
def test_a_batch_long_enough_for_whole_arrays_folds_as_its_texts_do_alone(texts: list[str]) -> None:
    many = texts * (1 + BATCH_FROM // len(texts))
    assert fold_many(many) == SEPARATOR.join(map(fold, many))


@settings(max_examples=25, deadline=None)
@given(WESTERN)
def test_a_long_text_agrees_with_the_slow_twin_too(text: str) -> None:
    long = (text + " mot, ") * (1 + BATCH_FROM // 4)
    assert fold(long).decode() == slow_fold(long)


@given(st.lists(ANY | POSTS, max_size=6))
def test_a_batch_folds_like_its_posts(texts: list[str]) -> None:
    assert fold_many(texts) == (SEPARATOR.join(map(fold, texts)) if texts else b" ")


@given(ANY | POSTS)
def test_origins_index_the_original_and_never_go_back(text: str) -> None:
    folded = fold_aligned(text)
    origins = [folded.origin(at) for at in range(len(folded.data))]
    assert origins == sorted(origins)
    assert origins[0] == 0
    assert origins[-1] <= len(text)
    for word in re.finditer(rb"[a-z0-9]+", folded.data):
        start, end = folded.span(*word.span())
        assert 0 <= start < end <= len(text)


@given(WESTERN)
def test_the_span_of_a_word_folds_to_the_word(text: str) -> None:
    folded = fold_aligned(text)
    for word in re.finditer(rb"[a-z0-9]+", folded.data):
        start, end = folded.span(*word.span())
        assert fold_name(text[start:end]) == word.group()
