"""``tocsin tune`` as a person meets it, on a simulated stream: extract once, then detect from what was kept."""

import json
from pathlib import Path

import pytest

from tocsin.cli import main

KEYS = {"trials", "base", "curves", "against", "change"}


@pytest.fixture(scope="module")
def stream(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tune")
    arguments = "--seed 5 --hours 1 --incidents 2 --decoys 1 --rate 20 --country FR"
    assert main(["simulate", "--out", str(folder / "sim.posts.jsonl.gz"), *arguments.split()]) == 0
    return folder


@pytest.fixture(scope="module")
def kept(stream):
    """What was heard of the stream, kept by a first run."""
    kept = stream / "heard.jsonl.gz"
    page = stream / "tune.html"
    assert (
        main(
            ["tune", str(stream / "sim.posts.jsonl.gz"), "--keep", str(kept), "--page", str(page), "--budgets", "1440"]
        )
        == 0
    )
    return kept


def report(capsys, *arguments):
    capsys.readouterr()
    assert main(["tune", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_what_was_kept_gives_what_the_posts_give(stream, kept, capsys, monkeypatch):
    posts = str(stream / "sim.posts.jsonl.gz")
    monkeypatch.setenv("TOCSIN_RUNTIME__EXTRACT_PROCESSES", "0")
    first = report(capsys, posts, "--budgets", "60", "--budgets", "43200")
    monkeypatch.setattr("tocsin.analysis.hearing.record", lambda *_: pytest.fail("extracted again"))
    again = report(
        capsys,
        str(kept),
        "--truth",
        str(stream / "sim.truth.json"),
        "--posts",
        posts,
        "--budgets",
        "60",
        "--budgets",
        "43200",
    )
    assert first.keys() == again.keys() >= KEYS
    for one, other in (
        (first["base"], again["base"]),
        *zip(first["curves"][0]["points"], again["curves"][0]["points"], strict=True),
    ):
        same = [{k: v for k, v in side.items() if k not in ("alert_rows", "event_rows")} for side in (one, other)]
        assert same[0] == same[1]
    assert first["base"]["counts"]["events"] == 2
    assert (stream / "tune.html").read_text().startswith("<!doctype html>")


def test_the_score_is_that_of_replay_and_score(stream, kept, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("TOCSIN_RUNTIME__EXTRACT_PROCESSES", "0")
    posts, truth = str(stream / "sim.posts.jsonl.gz"), str(stream / "sim.truth.json")
    assert main(["replay", posts, "--incidents", str(tmp_path / "i.jsonl")]) == 0
    capsys.readouterr()
    assert main(["score", "--truth", truth, "--incidents", str(tmp_path / "i.jsonl"), "--json"]) == 0
    scored = json.loads(capsys.readouterr().out)
    found = report(capsys, str(kept), "--truth", truth, "--budgets", "43200")["base"]
    assert {key: scored[key] for key in found["counts"]} == found["counts"]
    assert found["alerts"] == scored["incidents"]
    assert (found["recall"], found["notification_precision"]) == (scored["recall"], scored["notification_precision"])


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--set", "detector.min_voice=2"], "did you mean detector.min_voices?"),
        (["--vary", "nlp.entities=true"], "expected detector.key=value"),
        (["--truth", "a", "--truth", "b"], "--truth: expected none or one for each of 1 recordings, got 2"),
        (["--labels", "nowhere.labels.jsonl"], "got mentions (name them with --posts)"),
    ],
)
def test_bad_usage_is_named(kept, arguments, problem, capsys):
    assert main(["tune", str(kept), *arguments]) == 2
    assert problem in capsys.readouterr().err


def test_a_missing_recording_is_named(tmp_path, capsys):
    assert main(["tune", str(tmp_path / "nothing.jsonl")]) == 2
    assert "nothing.jsonl" in capsys.readouterr().err
    assert main(["tune"]) == 2
    assert "expected at least one recording" in capsys.readouterr().err


def test_the_kept_file_holds_no_text(kept):
    import gzip

    fields = {key for line in gzip.decompress(Path(kept).read_bytes()).splitlines() for key in json.loads(line)}
    assert "text" not in fields
    assert {"post_id", "hazards", "pane_start_at"} <= fields
