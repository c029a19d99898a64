"""``tocsin simulate``: files, formats, refusals."""

from __future__ import annotations

import gzip
import json

import pytest
import zstandard

from tocsin.cli.simulate import simulate

SHORT = {"hours": 0.5, "rate": 30.0, "incidents": 1, "decoys": 1}


def test_a_directory_gets_posts_labels_and_truth_in_the_layout_of_the_scorer(tmp_path):
    assert simulate(out=tmp_path, seed=3, **SHORT) == 0
    posts = gzip.decompress((tmp_path / "simulated-3.posts.jsonl.gz").read_bytes()).splitlines()
    labels = gzip.decompress((tmp_path / "simulated-3.labels.jsonl.gz").read_bytes()).splitlines()
    truth = json.loads((tmp_path / "simulated-3.truth.json").read_text())
    assert len(posts) == len(labels) == truth["counts"]["lines"]
    assert {"scenario", "span", "events", "decoys", "minor_incidents"} <= set(truth)
    for post, label in zip(map(json.loads, posts), map(json.loads, labels), strict=True):
        if label["id"] is not None:
            assert post["id"] == label["id"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.posts.jsonl.gz", "a.jsonl.zst"])
def test_every_packing_holds_the_same_lines_and_twice_the_same_bytes(tmp_path, name):
    for folder in ("one", "two"):
        assert simulate(out=tmp_path / folder / name, seed=5, labels=False, **SHORT) == 0
    raw = (tmp_path / "one" / name).read_bytes()
    assert raw == (tmp_path / "two" / name).read_bytes()
    if name.endswith(".gz"):
        raw = gzip.decompress(raw)
    elif name.endswith(".zst"):
        raw = zstandard.ZstdDecompressor().decompressobj().decompress(raw)
    assert (tmp_path / "one" / "a.truth.json").is_file()
    assert not list((tmp_path / "one").glob("*.labels*"))
    first = json.loads(raw.splitlines()[0])
    assert first["created_at"].startswith("2026-06-01T06:0")


def test_standard_output_gets_posts_only(tmp_path, monkeypatch, capfdbinary):
    from pathlib import Path

    monkeypatch.chdir(tmp_path)
    assert simulate(out=Path("-"), seed=5, **SHORT) == 0
    lines = capfdbinary.readouterr().out.splitlines()
    assert len(lines) > 200
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert list(tmp_path.iterdir()) == []


def test_a_printed_declaration_makes_the_same_stream(tmp_path, capsys):
    assert simulate(out=tmp_path, seed=8, declare=True, **SHORT) == 0
    (tmp_path / "plan.toml").write_text(capsys.readouterr().out, encoding="utf-8")
    assert simulate(out=tmp_path / "a.jsonl", seed=8, scenario=tmp_path / "plan.toml") == 0
    assert simulate(out=tmp_path / "b.jsonl", seed=8, **SHORT) == 0
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"hours": 0.0}, "--hours"),
        ({"rate": -1.0}, "--rate"),
        ({"incidents": -1}, "--incidents"),
        ({"broken": 1.5}, "--broken"),
        ({"start": "noon"}, "noon"),
    ],
)
def test_wrong_numbers_are_refused_by_name(tmp_path, capsys, wrong, word):
    assert simulate(out=tmp_path, **wrong) == 2
    assert word in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
