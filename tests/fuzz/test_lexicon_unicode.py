"""No text of any Unicode content breaks the fold, the gate or the finder, and every offset indexes the original."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from packaged import gate, lexicon

from nlp.fold import fold_aligned

TEXTS = st.text(
    alphabet=st.characters() | st.sampled_from("incendie feu voiture boum #🔥\u0301\u200d\ufe0f\ud83d\x00\x1d"),
    max_size=300,
) | st.sampled_from(
    [
        "a" * 20_000,
        "feu " * 5_000,
        "voiture retournée " * 1_500,
        "🔥" * 10_000,
        "#" * 10_000,
        "e\u0301" * 5_000,
        "é#A" * 3_000,
    ]
)


@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_any_text_is_heard_with_offsets_inside_it(text: str) -> None:
    for hit in lexicon().find(fold_aligned(text)):
        assert 0 <= hit.start < hit.end <= len(text)


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS, max_size=4))
def test_any_batch_passes_the_gate(texts: list[str]) -> None:
    opened = gate().open(texts)
    assert len(opened) == len(texts)
    known = {entry.id for entry in lexicon().entries}
    assert all(set(ids) <= known for ids in opened)
