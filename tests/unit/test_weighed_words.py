"""Weighed words: what adds up, what does not, what a broken table says; the packaged one looks for nobody."""

from __future__ import annotations

import math
import shutil
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.fold import fold, fold_aligned
from nlp.gate import Gate
from nlp.lexicon import PACKAGED, WEIGHED_FILE, WEIGHED_ID, Lexicon, LexiconError
from nlp.weighed import LENGTH, WeighedError, WeighedWords
from tocsin.model import HAZARDS, OPEN
from tocsin.settings.purpose import judge

TABLE = """# a table made by hand
=base\t3.0\t
=charge\t1.0\t
=prior\t0\tfire:0.5
roof\t1.5\tstorm:2.0
gone\t1.0\tstorm:1.0
voitur*\t2.0\troad_accident:3.0
the garden\t1.2\t
"""
WORDS = ("roof", "gone", "voitures", "voiture", "voitur", "the", "garden", "tea", "Roof", "x")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> WeighedWords:
    path = tmp_path_factory.mktemp("weighed") / WEIGHED_FILE
    path.write_text(TABLE, encoding="utf-8")
    return WeighedWords.load(path)


def folder(tmp_path: Path, text: str) -> Path:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "a.toml").write_text(
        'lang = "en"\n'
        '[[entry]]\nid = "en.fire"\nhazards = "fire"\nstrength = 0.9\nforms = ["fire"]\nmatches = ["a fire"]\n'
        '[[entry]]\nid = "en.joke"\nrole = "figurative"\nforms = ["hit the roof"]\nmatches = ["hit the roof"]\n',
        encoding="utf-8",
    )
    (tmp_path / WEIGHED_FILE).write_text(text, encoding="utf-8")
    return tmp_path


def slow_sum(text: str) -> float:
    """Give the sum by splitting into words, with no automaton and no bytes."""
    words = text.lower().split()
    pairs = {" ".join(pair) for pair in pairwise(words)}
    cars = any(word.startswith("voitur") for word in words)
    return math.fsum((1.5 * ("roof" in words), 1.0 * ("gone" in words), 2.0 * cars, 1.2 * ("the garden" in pairs)))


@given(st.lists(st.sampled_from(WORDS), max_size=30))
def test_a_text_passes_when_its_different_words_reach_the_mark(table: WeighedWords, words: list[str]) -> None:
    text = " ".join(words)
    mark = 3.0 + math.log2(max(32, len(text) + 2) / LENGTH)
    total = slow_sum(text)
    assert (table.weigh(fold(text)) is not None) is (total > 0 and total >= mark - 1e-9)


def test_a_word_counts_once_and_a_figure_of_speech_not_at_all(table: WeighedWords) -> None:
    data = fold("the roof is gone and far away from all of us in the old town tonight")
    assert table.weigh(fold("roof " * 6)) is None
    weighing = table.weigh(fold("roof gone"))
    assert weighing is not None
    assert weighing.words == ("roof", "gone")
    assert table.weigh(data) is None
    assert table.weigh(fold("roof gone"), [(1, 5)]) is None


def test_hazards_are_those_of_its_words_and_the_unlikely_are_open(table: WeighedWords) -> None:
    weighing = table.weigh(fold("roof gone"))
    assert weighing is not None
    # Softmax by hand: storm e^3, fire e^0.5, twelve others e^0.
    total = math.exp(3.0) + math.exp(0.5) + 12
    assert weighing.hazards == {
        "storm": round(math.exp(3.0) / total, 4),
        OPEN: round(1.0 - round(math.exp(3.0) / total, 4), 4),
    }
    assert set(weighing.hazards) <= {*HAZARDS, OPEN}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("roof\t1.5", "tabs between"),
        ("Roof\t1.5\t", "a folded form"),
        ("gone\t1.5\t", "a folded form, once"),
        ("roof\t-1\t", "positive weight"),
        ("roof\tmuch\t", "numbers"),
        ("roof\tnan\t", "finite"),
        ("roof\t1\tdragon:1.0", "one of fire"),
        ("=more\t1\t", "one line each"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / WEIGHED_FILE
    path.write_text(f"=base\t1\t\n=charge\t0\t\n=prior\t0\t\ngone\t1\t\n{line}\n", encoding="utf-8")
    with pytest.raises(WeighedError, match=said):
        WeighedWords.load(path)


def test_a_lexicon_with_a_broken_table_names_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(LexiconError, match=rf"{WEIGHED_FILE}:5: .*positive weight"):
        Lexicon.load(folder(tmp_path, "=base\t1\t\n=charge\t0\t\n=prior\t0\t\ngone\t1\t\nroof\t0\t\n"))


def test_the_sum_is_heard_where_no_entry_opens(tmp_path: Path) -> None:
    lexicon = Lexicon.load(folder(tmp_path, TABLE))
    gate = Gate(lexicon)
    texts = ["roof gone", "roof gone, fire", "gone, he hit the roof", "tea", "roof " * 12]
    assert gate.open(texts) == [(WEIGHED_ID,), ("en.fire",), (), (), ()]
    heard = [hit for hit in lexicon.find(fold_aligned("oh, the Roof: gone")) if hit.entry.id == WEIGHED_ID]
    assert [(hit.start, hit.end, hit.form) for hit in heard] == [(8, 12, "roof … gone")]
    assert lexicon.without_weighed().find(fold_aligned("roof gone")) == []


def test_a_copied_lexicon_opens_as_the_packaged_one(tmp_path: Path) -> None:
    shutil.copytree(PACKAGED, tmp_path / "own")
    texts = ["le toit de la grange est dans la rue, la voisine est dessous", "on boit un thé au jardin"]
    assert Gate(Lexicon.load(tmp_path / "own")).open(texts) == Gate(Lexicon.load()).open(texts)


def test_the_packaged_words_look_for_nobody() -> None:
    weighed = Lexicon.load().weighed
    assert weighed is not None
    told = [form.decode() for form in weighed.forms]
    assert [(form, str(fault)) for form in told if (fault := judge(form.removesuffix("*"))) is not None] == []
