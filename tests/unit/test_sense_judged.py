"""Verdicts of careful readers: what a file may say, and what is refused; the project's own files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from nlp.judged import NOT_REAL, REAL, UNSURE, read_verdicts

ROOT = Path(__file__).parents[2]


def test_verdicts_by_id(tmp_path: Path) -> None:
    path = tmp_path / "judged.tsv"
    path.write_text(
        "# remark\na\twitness\tfire\nb\trelay\topen\nc\treaction\tother\nd\tnone\t-\ne\tunsure\t-\n", encoding="utf-8"
    )
    found = read_verdicts(path)
    assert {own: (one.real, one.hazard) for own, one in found.items()} == {
        "a": (True, "fire"),
        "b": (True, "open"),
        "c": (True, None),
        "d": (False, None),
        "e": (None, None),
    }


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("a\twitness", "expected id<TAB>verdict<TAB>hazard"),
        ("a\tmaybe\tfire", "verdict: expected one of witness, .*, got 'maybe'"),
        ("a\twitness\t-", "hazard: expected one of .*, got '-'"),
        ("a\twitness\tmonster", "hazard: expected one of .*, got 'monster'"),
        ("a\tnone\tfire", "hazard: expected -, got 'fire'"),
        ("b\tnone\t-", "expected each post once, got b again"),
    ],
)
def test_a_line_of_another_form_is_named(tmp_path: Path, line: str, told: str) -> None:
    path = tmp_path / "judged.tsv"
    path.write_text(f"b\tnone\t-\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=rf"judged\.tsv:2: {told}"):
        read_verdicts(path)


def test_the_project_s_verdicts_are_of_all_kinds_and_no_post_is_both_learnt_and_counted() -> None:
    learnt, counted = (read_verdicts(ROOT / folder / "judged.tsv") for folder in ("training", "benchmarks"))
    assert not learnt.keys() & counted.keys()
    for verdicts in (learnt, counted):
        kinds = Counter(one.name for one in verdicts.values())
        assert set(kinds) == {*REAL, *NOT_REAL, UNSURE}
        assert kinds[UNSURE] < 0.02 * len(verdicts)
        assert 0.4 < sum(kinds[name] for name in REAL) / len(verdicts) < 0.65
