"""The written incidents: what the reader of their files takes and refuses, and what a scenario is made of."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import written_blocks
import written_days

HEAD = {
    "half": "looked",
    "lang": "fr",
    "hazards": "fire, explosion",
    "at": "48.577 -3.833 15 30",
    "start": "2 07:42 Europe/Paris",
}
POSTS = (
    "+0\ta1\tr\tMorlaix\t48.58,-3.83\tça brûle près du viaduc",
    "+34\ta2\tn\t-\t-\tjolie gare",
    "+34\ta3\t=+0\t-\t-",
)


def block(title="incident morlaix-viaduc", posts=POSTS, **fields):
    given = {key: value for key, value in (HEAD | fields).items() if value is not None}
    return "\n".join([f"== {title}", *(f"{key}: {value}" for key, value in given.items()), *posts, ""])


def read(tmp_path, text):
    path = tmp_path / "x.tsv"
    path.write_text(text, encoding="utf-8")
    return list(written_blocks.read(path))


def test_a_block_is_read_as_it_is_written(tmp_path):
    (one,) = read(tmp_path, block())
    assert (one.kind, one.name, one.half, one.hazards) == (
        "incident",
        "morlaix-viaduc",
        "looked",
        ("fire", "explosion"),
    )
    assert (one.lat, one.lon, one.radius_km, one.felt_km) == (48.577, -3.833, 15.0, 30.0)
    assert one.starts.isoformat() == "2026-09-16T07:42:00+02:00"
    first, second, third = one.posts
    assert (first.after_s, first.author, first.relevant) == (0, "a1", True)
    assert (first.profile, first.position) == ("Morlaix", (48.58, -3.83))
    assert (second.relevant, second.profile, second.position, second.repost_of) == (False, None, None, None)
    assert (third.repost_of, third.text, third.relevant) == (0, first.text, True)


def test_the_area_where_it_is_felt_is_never_smaller_than_where_it_is_placed(tmp_path):
    (one,) = read(tmp_path, block(at="48.577 -3.833 15 3"))
    assert one.felt_km == 15.0


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (block(title="accident x"), 1, "expected '== incident|decoy|twin NAME'"),
        (block(title="incident Un Nom"), 1, "expected '== incident|decoy|twin NAME'"),
        ("half: held\n" + block(), 1, "expected one of"),
        (block(posts=("colour: red", *POSTS)), 7, "expected one of"),
        (block(half=None), 1, "expected half"),
        (block(start=None, lang=None), 1, "expected lang, start"),
        (block(half="secret"), 1, "expected half looked or held"),
        (block(posts=()), 1, "posts"),
        (block(hazards="fire, plague"), 1, "got {'plague'}"),
        (block(hazards="-"), 1, "a hazard of all others"),
        (block(title="decoy d"), 1, "expected '-' of a decoy"),
        (block(title="twin t"), 1, "expected twin_of of a twin"),
        (block(twin_of="d"), 1, "expected twin_of of a twin"),
        (block(at="48.577 -3.833"), 1, "at, start or hours"),
        (block(start="2 07:42"), 1, "at, start or hours"),
        (block(start="2 07:42 Europe/Nowhere"), 1, "at, start or hours"),
        (block(start="5 07:42 Europe/Paris"), 1, "a day from 1 to 4"),
        (block(start="0 07:42 Europe/Paris"), 1, "a day from 1 to 4"),
        (block(posts=("+0\ta1\tr\t-",)), 7, "expected 6 columns, got 4"),
        (block(posts=("+0\ta1\tr\t-\t-\ttext\tmore",)), 7, "expected 6 columns, got 7"),
        (block(posts=("+x\ta1\tr\t-\t-\ttext",)), 7, "expected an offset"),
        (block(posts=("+9\ta1\tr\t-\t-\tone", "+8\ta2\tr\t-\t-\ttwo")), 8, "not before the last one"),
        (block(posts=("+0\ta1\tq\t-\t-\ttext",)), 7, "expected r or n and a text"),
        (block(posts=("+0\ta1\tr\t-\t-\t",)), 7, "expected r or n and a text"),
        (block(posts=("+0\ta1\tr\t-\t-\tone", "+5\ta2\t=+3\t-\t-")), 8, "expected the offset of a post above"),
    ],
)
def test_a_line_that_is_not_in_the_form_is_refused_with_its_place(tmp_path, text, line, said):
    with pytest.raises(written_blocks.WrittenError) as refused:
        read(tmp_path, text)
    assert f"x.tsv:{line}:" in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.parametrize("position", ["48.5", "north,west"])
def test_a_position_that_is_no_pair_of_numbers_is_refused_with_its_place(tmp_path, position):
    with pytest.raises(written_blocks.WrittenError, match=r"x\.tsv:7: expected lat,lon"):
        read(tmp_path, block(posts=(f"+0\ta1\tr\t-\t{position}\ttext",)))


def test_a_name_that_two_files_use_is_refused(tmp_path):
    for name in ("a.tsv", "b.tsv"):
        (tmp_path / name).write_text(block(), encoding="utf-8")
    with pytest.raises(written_blocks.WrittenError, match="names used twice: morlaix-viaduc"):
        written_blocks.blocks_of(tmp_path)


@pytest.mark.parametrize("decoy", [{"title": "decoy e"}, {"title": "decoy d", "half": "held"}])
def test_a_twin_of_no_decoy_of_its_half_is_refused(tmp_path, decoy):
    (tmp_path / "a.tsv").write_text(block(hazards="-", **decoy) + block(title="twin t", twin_of="d"), encoding="utf-8")
    with pytest.raises(written_blocks.WrittenError, match="twins of no decoy of their half: t"):
        written_blocks.blocks_of(tmp_path)


@pytest.fixture
def scenario(tmp_path, monkeypatch):
    monkeypatch.setattr(written_days, "DAYS", 1)
    text = block(start="1 00:10 Europe/Paris") + block(
        title="decoy d", hazards="-", start="1 10:00 UTC", hours="2", posts=("+0\tb\tn\t-\t-\texercice incendie",)
    )
    written_days.write(tmp_path, "own-x", read(tmp_path, text), rate=0.2, seed=1)

    def lines(end):
        with gzip.open(tmp_path / f"own-x.{end}.jsonl.gz") as stream:
            return [json.loads(line) for line in stream]

    return lines("posts"), lines("labels"), json.loads((tmp_path / "own-x.truth.json").read_text())


def test_every_post_of_a_scenario_has_its_label_and_they_go_by_time(scenario):
    posts, labels, truth = scenario
    assert [post["id"] for post in posts] == [label["id"] for label in labels]
    assert [post["created_at"] for post in posts] == sorted(post["created_at"] for post in posts)
    assert len({post["id"] for post in posts}) == len(posts) == truth["counts"]["posts"]
    assert sum(label["kind"] == "plain" for label in labels) > 100


def test_what_is_written_is_in_the_truth(scenario):
    posts, labels, truth = scenario
    of_event = [(post, label) for post, label in zip(posts, labels, strict=True) if label["event"] == "morlaix-viaduc"]
    assert [(label["relevant"], label["hazard"], label["kind"]) for _, label in of_event] == [
        (True, "fire", "incident"),
        (True, "fire", "repost"),
    ]
    assert of_event[1][0]["repost_of"] == of_event[0][0]["id"]
    (event,) = truth["events"]
    assert (event["relevant_posts"], event["felt_radius_km"]) == (2, 30.0)
    assert (event["start"][:19], event["first_relevant_post"][:19]) == ("2026-09-14T22:10:00",) * 2
    (decoy,) = truth["decoys"]
    assert (decoy["start"][:19], decoy["end"][:19]) == ("2026-09-15T10:00:00", "2026-09-15T13:00:00")


def test_the_written_incidents_are_in_the_form_and_each_decoy_has_its_twin():
    blocks = written_blocks.blocks_of()
    by_half = {
        half: {kind: sum(b.kind == kind and b.half == half for b in blocks) for kind in ("incident", "decoy", "twin")}
        for half in ("looked", "held")
    }
    assert by_half["looked"] == by_half["held"]
    assert by_half["held"]["decoy"] == by_half["held"]["twin"] > 0
    assert len({b.twin_of for b in blocks if b.kind == "twin"}) == sum(b.kind == "decoy" for b in blocks)
