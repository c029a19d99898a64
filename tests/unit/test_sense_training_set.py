"""Written lines as training posts: kinds, choices, names, and what is refused."""

from __future__ import annotations

import gzip
import json
from itertools import product
from pathlib import Path

import pytest

from nlp.judged import Verdict
from nlp.training_set import LINES_TOGETHER, SAME_EVENT, VARIANTS, dealt, read_set, read_sets, variants
from tocsin.model import HAZARDS

ROOT = Path(__file__).parents[2] / "training"


def test_choices_give_texts_of_the_product_only_and_always_the_same() -> None:
    whole = {" ".join(parts).strip() for parts in product(("a", "b", "c"), ("x", "y z"), ("end",))}
    drawn = variants("(a|b|c) (x|y (z|z)) end", {})
    assert set(drawn) <= whole
    assert drawn == variants("(a|b|c) (x|y (z|z)) end", {})
    assert 3 <= len(drawn) <= min(VARIANTS, len(whole))


def test_a_line_without_choices_is_one_post_and_an_empty_choice_leaves_no_gap() -> None:
    assert variants("no choice at all", {}) == ["no choice at all"]
    assert set(variants("a (|b) c", {})) == {"a c", "a b c"}


def test_kinds_names_and_groups(tmp_path: Path) -> None:
    (tmp_path / "fr.tsv").write_text(
        "@place\tGap\nreal\tle feu à {place}\nfire\tça brûle\npast\tjadis (un|deux) feux\n", encoding="utf-8"
    )
    examples = read_set(tmp_path)
    assert {(one.query.text, one.relevant, one.kind) for one in examples} == {
        ("le feu à Gap", True, "written:real"),
        ("ça brûle", True, "written:fire"),
        ("jadis un feux", False, "written:past"),
        ("jadis deux feux", False, "written:past"),
    }
    groups = {one.query.text: one.group for one in examples}
    assert groups["jadis un feux"] == groups["jadis deux feux"]
    assert {one.query.lang for one in examples} == {"fr"}
    assert {one.kind for one in read_set(tmp_path, left_out=["past"])} == {"written:real", "written:fire"}


def test_neighbouring_lines_are_held_out_together(tmp_path: Path) -> None:
    """A real line and its twin that is not stand side by side: neither may teach about the other."""
    lines = [f"{'fire' if number % 2 else 'past'}\tpost {number}" for number in range(2 * LINES_TOGETHER)]
    (tmp_path / "en.tsv").write_text("\n".join(lines), encoding="utf-8")
    groups = [one.group for one in read_set(tmp_path)]
    assert len(set(groups[:LINES_TOGETHER])) == len(set(groups[LINES_TOGETHER:])) == 1
    assert groups[0] != groups[-1]


def test_a_thing_of_no_known_cause_is_real_and_brackets_without_a_bar_are_brackets(tmp_path: Path) -> None:
    (tmp_path / "en.tsv").write_text("open\tbig bang (twice)\n", encoding="utf-8")
    (one,) = read_set(tmp_path)
    assert (one.query.text, one.relevant) == ("big bang (twice)", True)


@pytest.mark.parametrize(
    ("line", "said"),
    [("only text", "expected kind<TAB>text"), ("real\t", "expected kind<TAB>text"), ("real\tin {nowhere}", "@nowhere")],
)
def test_a_wrong_line_is_refused_with_its_reason(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "en.tsv").write_text(line + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=said):
        read_set(tmp_path)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one"):
        read_set(tmp_path)


@pytest.mark.parametrize(
    "folder", ["grammar", "posts", "pairs", "scenes", "contrasts", "streams", "threads", "days", "voices"]
)
def test_the_written_sets_cover_every_language_trap_and_both_answers(folder: str) -> None:
    examples = read_set(ROOT / folder)
    for lang in ("fr", "en", "es", "it", "pt", "de"):
        own = [one for one in examples if one.query.lang == lang]
        kinds = {one.kind.removeprefix("written:") for one in own}
        assert {"figurative", "past", "negated", "hypothetical", "exercise", "advert", "homonym"} <= kinds
        assert kinds & {"real", *HAZARDS}
        # Some write a bar between the parts of a headline; only where lines hold choices is it a choice left over.
        marks = "{}" if folder in {"pairs", "scenes", "contrasts", "streams", "threads", "days", "voices"} else "{}|"
        assert not any(mark in one.query.text for one in own for mark in marks)


def gathered(tmp_path: Path) -> Path:
    """Write a gathered set of two events whose labels say something else than the readers do."""
    rows = [
        ("real", "2013-01-09T00:00:00Z", False, "2013_X:related_-_but_not_informative", None),
        ("over", "2013-01-01T00:00:00Z", True, "2013_X:related", "flood"),
        ("unsure", "2013-01-01T00:00:00Z", True, "2013_X:related", "flood"),
        ("first", "2013-01-01T00:00:00Z", True, "2013_X:related", "flood"),
        ("unknown", None, None, "idrisi:y", None),
    ]
    with (
        gzip.open(tmp_path / "s.posts.jsonl.gz", "wt") as posts,
        gzip.open(tmp_path / "s.labels.jsonl.gz", "wt") as labels,
    ):
        for name, at, relevant, kind, hazard in rows:
            posts.write(json.dumps({"id": name, "text": name, "created_at": at}) + "\n")
            labels.write(json.dumps({"id": name, "relevant": relevant, "kind": kind, "hazard": hazard}) + "\n")
    return tmp_path / "s"


VERDICTS = {
    "real": Verdict(real=True, hazard="fire", name="witness"),
    "over": Verdict(real=False, hazard=None, name="afterwards"),
    "unsure": Verdict(real=None, hazard=None, name="unsure"),
}


def test_what_a_reader_said_counts_in_the_place_of_the_label(tmp_path: Path) -> None:
    """Eight days after its event, and left out by its label: the reader has seen that it is real all the same."""
    examples = read_set(gathered(tmp_path), left_out=["related_-_but_not_informative"], judged=VERDICTS)
    found = {one.query.text: one for one in examples}
    assert set(found) == {"real", "over", "first", "unknown"}
    assert (found["real"].relevant, found["real"].hazard, found["real"].kind) == (True, "fire", "judged:witness")
    assert (found["over"].relevant, found["over"].hazard) == (False, None)
    taught = {name for name, one in found.items() if one.taught}
    assert taught == {"real", "over"}
    assert found["real"].group == "s:2013_X"
    assert found["unknown"].group == "s:idrisi:y"
    assert {one.query.text for one in read_set(tmp_path / "s", left_out=["2013_X"], judged=VERDICTS)} == {"unknown"}


def test_verdicts_count_for_sets_with_a_share_that_hold_judged_posts(tmp_path: Path) -> None:
    path = gathered(tmp_path)
    own = read_sets([str(path)], judged=VERDICTS).examples
    assert own == read_set(path)
    assert read_sets([f"{path}=0.5"], judged=VERDICTS).examples == read_set(path, judged=VERDICTS)
    assert read_set(path, judged={"elsewhere": VERDICTS["real"]}) == read_set(path)


def test_one_event_of_two_collections_is_held_out_together() -> None:
    groups = [group for pair in SAME_EVENT.items() for group in pair] + ["t26:2013_Other"]
    folds = dealt(groups, len(SAME_EVENT) + 1).tolist()
    assert folds[0:-1:2] == folds[1::2]
    assert len(set(folds)) == len(SAME_EVENT) + 1
