"""The looks of the gate against their slow twin: reading every text with the whole lexicon."""

from __future__ import annotations

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st
from packaged import gate, lexicon

from nlp.fold import fold
from nlp.looks import Looks
from nlp.matcher import padded, reach
from nlp.pattern import Frame, compile_form

FILLERS = [
    "il",
    "y a",
    "la",
    "de la",
    "the",
    "of",
    "un",
    "mot",
    "x",
    "en ville",
    "hier",
    "so",
    "and then",
    "#ici",
    "été",
]


@cache
def frames() -> list[Frame]:
    """Frames of several parts of entries that can open the gate: what the looks must not lose."""
    return [
        frame
        for entry, some in zip(lexicon().entries, lexicon().frames, strict=True)
        if entry.gate
        for frame in some
        if len(frame.parts) > 1
    ]


def test_the_examples_of_the_lexicon_open_it_as_if_each_were_read_whole() -> None:
    texts = [text for entry in lexicon().entries for text in (*entry.matches, *entry.rejects)]
    opened = [ids for at in range(0, len(texts), 500) for ids in gate().open(texts[at : at + 500])]
    assert opened == [gate()._decide(fold(text), heavy=True) for text in texts]
    assert sum(map(bool, opened)) > len(texts) / 4


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_frame_stretched_to_its_gaps_is_never_lost(data: st.DataObject) -> None:
    texts = []
    for _ in range(data.draw(st.integers(1, 4))):
        frame = data.draw(st.sampled_from(frames()))
        words = data.draw(st.lists(st.sampled_from(FILLERS), max_size=6))
        for part, gap in zip(frame.parts, (*frame.gaps, 0), strict=True):
            form = data.draw(st.sampled_from(sorted(part)))
            words.append(form.decode().replace("*", data.draw(st.sampled_from(["", "s", "ement"]))))
            words += ["mot"] * data.draw(st.integers(0, gap + 1))
        texts.append(" ".join(words + data.draw(st.lists(st.sampled_from(FILLERS), max_size=6))))
    assert gate().open(texts) == [gate()._decide(fold(text), heavy=True) for text in texts]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sets(st.sampled_from(["a", "b*", "c d", "aa", "e"]), min_size=1, max_size=2), min_size=2, max_size=3),
    st.lists(st.integers(0, 3), min_size=2, max_size=2),
    st.lists(
        st.lists(st.sampled_from(["a", "b", "bx", "c", "d", "aa", "e", "f"]), max_size=14), min_size=1, max_size=3
    ),
)
def test_where_a_frame_is_the_looks_let_its_text_through(
    parts: list[set[str]], gaps: list[int], batch: list[list[str]]
) -> None:
    frame = Frame(tuple(frozenset(form.encode() for form in part) for part in parts), tuple(gaps[: len(parts) - 1]))
    looks = Looks([(frame, 1.0)], 1.0, None)
    folded = [fold(" ".join(words)) for words in batch]
    passed = {place for place, _, _ in looks.likely(b"\x1d".join(folded))}
    assert passed >= {place for place, words in enumerate(batch) if stands_in(frame, words)}


def stands_in(frame: Frame, words: list[str]) -> bool:
    """Tell by trying every way whether the parts stand in these words in order, no further apart than the gaps."""

    def ends(part: frozenset[bytes], at: int) -> set[int]:
        found = set()
        for form in (form.decode() for form in part):
            size = len(form.split())
            said = " ".join(words[at : at + size])
            if len(words) >= at + size and (said.startswith(form[:-1]) if form.endswith("*") else said == form):
                found.add(at + size)
        return found

    def go_on(place: int, at: int) -> bool:
        if place == len(frame.parts):
            return True
        return any(
            go_on(place + 1, end)
            for skip in range(frame.gaps[place - 1] + 1)
            for end in ends(frame.parts[place], at + skip)
        )

    return any(go_on(1, end) for at in range(len(words)) for end in ends(frame.parts[0], at))


def test_reach_counts_the_words_between_and_those_of_the_other_part() -> None:
    (frame,) = compile_form("a ...1 (b|b c d) ...2 e f", {})
    assert reach(frame, 0, 2) == (0, 1 + 3 + 2 + 2)
    assert reach(frame, 2, 1) == (2 + 3, 0)
    (twice,) = compile_form("a ...1 a", {})
    assert reach(twice, 0, 1) == reach(twice, 1, 0) == (2, 2)


def test_a_stem_is_padded_on_one_side_only() -> None:
    assert (padded(b"feu*"), padded(b"feu")) == (b" feu", b" feu ")
