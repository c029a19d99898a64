"""The gate and the finder against naive oracles: a regular expression on the decomposed text, and a scan over word windows."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlp.fold import fold
from nlp.gate import Gate
from nlp.lexicon import Lexicon
from nlp.matcher import Matcher
from nlp.pattern import Frame

FORMS = {"fr.a": "incendie", "fr.b": "feu de foret", "fr.c": "tres gros feu", "fr.d": "feu", "fr.e": "inond*"}
WORDS = st.sampled_from(
    [
        "incendie",
        "Incendie",
        "INCENDIÉ",
        "feu",
        "de",
        "forêt",
        "très",
        "gros",
        "inondé",
        "inond",
        "inondations",
        "mot",
        "feux",
        "x",
        "",
    ]
)
TEXTS = st.lists(st.tuples(WORDS, st.sampled_from([" ", ", ", "'", "-", "  ", "!? "])), max_size=10).map(
    lambda pairs: "".join(word + gap for word, gap in pairs)
)


@pytest.fixture(scope="module")
def lexicon(tmp_path_factory: pytest.TempPathFactory) -> Lexicon:
    folder: Path = tmp_path_factory.mktemp("lexicon")
    (folder / "fr").mkdir()
    rows = [
        f'[[entry]]\nid = "{name}"\nhazards = "{hazard}"\nstrength = 0.9\nforms = ["{form}"]\nmatches = ["x"]'
        for (name, form), hazard in zip(FORMS.items(), ["fire", "storm", "flood", "collapse", "rescue"], strict=True)
    ]
    (folder / "fr" / "a.toml").write_text('lang = "fr"\n' + "\n".join(rows), encoding="utf-8")
    return Lexicon.load(folder)


def oracle(text: str) -> set[str]:
    plain = "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char)).lower()
    plain = re.sub(r"[^a-z0-9]+", " ", plain)
    return {
        name
        for name, form in FORMS.items()
        if re.search(rf"\b{form[:-1]}[a-z0-9]{{0,8}}\b" if form.endswith("*") else rf"\b{form}\b", plain)
    }


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TEXTS, max_size=5))
def test_the_gate_agrees_with_a_regular_expression(lexicon: Lexicon, texts: list[str]) -> None:
    assert [set(ids) for ids in Gate(lexicon).open(texts)] == [oracle(text) for text in texts]


@settings(max_examples=25, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=8), st.integers(1, 8))
def test_the_batch_does_not_matter(texts: list[str], size: int) -> None:
    gate = packaged_gate()
    alone = [gate.open([text])[0] for text in texts]
    assert [ids for at in range(0, len(texts), size) for ids in gate.open(texts[at : at + size])] == alone


_PACKAGED: list[Gate] = []


def packaged_gate() -> Gate:
    if not _PACKAGED:
        _PACKAGED.append(Gate(Lexicon.load()))
    return _PACKAGED[0]


PARTS = st.lists(st.sets(st.sampled_from(["a", "b", "c", "a b"]), min_size=1, max_size=2), min_size=2, max_size=3)


@settings(max_examples=300, deadline=None)
@given(PARTS, st.lists(st.sampled_from("abcd"), max_size=12), st.integers(0, 3))
def test_frames_agree_with_a_scan_over_windows(parts: list[set[str]], words: list[str], gap: int) -> None:
    frame = Frame(tuple(frozenset(form.encode() for form in part) for part in parts), (gap,) * (len(parts) - 1))
    found = {start for start, _, _ in Matcher([(frame, 0)]).find(fold(" ".join(words)))}

    def fits(at: int, rest: list[set[str]]) -> bool:
        return not rest or any(
            words[at + skip : at + skip + len(form.split())] == form.split()
            and fits(at + skip + len(form.split()), rest[1:])
            for skip in range(gap + 1)
            for form in rest[0]
        )

    starts = {
        2 * at + 1
        for at in range(len(words))
        for form in parts[0]
        if words[at : at + len(form.split())] == form.split() and fits(at + len(form.split()), parts[1:])
    }
    assert found == starts


def test_weak_signs_open_only_together() -> None:
    gate = packaged_gate()
    alone = ["crash", "omg", "smoke", "crash omg", "bonne soirée à tous"]
    assert gate.open(alone) == [()] * len(alone)
    assert len(gate.open(["omg crash smoke"])[0]) >= 2


def test_explanations_alone_never_open() -> None:
    assert packaged_gate().open(["exercice demain au lycée", "the match and the film", "anniversaire"]) == [(), (), ()]


def test_an_empty_batch_and_empty_texts() -> None:
    assert packaged_gate().open([]) == []
    assert packaged_gate().open(["", " ", "\x1d"]) == [(), (), ()]
