"""The whole path over stages that are simple enough to know by heart: the same bytes however the work is cut and spread."""

import gzip
import io
import json
import random

import msgspec
import pytest
from words import START, WordExtractor, WordGate

from ingest.files import Reading, read_blocks
from ingest.privacy import PublicPseudonyms
from ingest.record import Limits
from tocsin.model import Mention
from tocsin.pipeline.detect import Detect
from tocsin.pipeline.hear import Hear
from tocsin.pipeline.outputs import LineOutputs
from tocsin.pipeline.run import run
from tocsin.runtime import metrics as declared
from tocsin.runtime.failures import StageIllError
from tocsin.runtime.metrics import Metrics
from tocsin.runtime.stop import Stop
from tocsin.settings import Settings
from tocsin.time import format_instant


class JammingGate(WordGate):
    """Falls ill at "jammed"."""

    def open(self, texts):
        if any("jammed" in text for text in texts):
            raise IndexError
        return super().open(texts)


def factory():
    return Hear(JammingGate(), WordExtractor(), PublicPseudonyms(), Limits(), 5_000)


def stream(seed=1, minutes=90):
    """Small talk, a fire in Nantes, copies, late posts, deletions, broken lines; and how many of each line there are."""
    draw = random.Random(seed)
    lines, told = [], {"broken": 0, "match": 0, "copies": 0, "blank": 0}

    def line(at, text, author=None, **more):
        record = {
            "id": f"p{len(lines)}",
            "source": draw.choice(["a", "b"]),
            "created_at": format_instant(at),
            "author": author or f"u{draw.randrange(10_000)}",
            "text": text,
        }
        lines.append(json.dumps(record | more).encode())

    for second in range(0, minutes * 60, 4):
        at = START + second * 1_000 + draw.randrange(4_000)
        line(at, f"small talk {draw.random()}")
        if 1_800 <= second < 3_600 and second % 20 == 0:
            line(at, f"fire in nantes {draw.random()}", lat=47.2, lon=-1.5)
        if second % 300 == 0:
            line(at, "fire at the match in lyon")
            told["match"] += 1
        if second % 400 == 0 and second:
            lines.append(draw.choice([b"{", b"[]", b'{"id": "x"}', b"\xff"]))
            told["broken"] += 1
        if second % 520 == 0:
            line(at - draw.choice([60_000, 1_000_000]), "fire in lyon, late")
        if second % 700 == 0:
            line(at, "again", id="p1")
            lines.append(json.dumps({"retract": "p3", "at": format_instant(at)}).encode())
            lines.append(b"")
            told["blank"] += 1
        if second == 2_000:
            copy = next(one for one in reversed(lines) if b"fire in nantes" in one)
            lines.append(copy)
            told["copies"] += 1
    return lines, told


def replay(path, *, processes=0, block_lines=500, make=factory, **runtime):
    written = {name: io.BytesIO() for name in ("incidents", "mentions", "dead_letters")}
    chosen = Settings.model_validate(
        {"runtime": {"extract_processes": processes, "block_lines": block_lines, **runtime}}
    )
    outputs = LineOutputs(
        written["incidents"], mentions=written["mentions"], dead_letters=written["dead_letters"], every_state=True
    )
    metrics = Metrics()
    detect = Detect(chosen, outputs, metrics)
    run(read_blocks([str(path)], Reading(block_lines=block_lines)), detect, make, chosen, Stop())
    return {name: stream.getvalue() for name, stream in written.items()}, detect.summary, metrics


@pytest.fixture(scope="module")
def posts(tmp_path_factory):
    lines, told = stream()
    path = tmp_path_factory.mktemp("posts") / "posts.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n".join(lines) + b"\n"))
    return path, len(lines), told


@pytest.fixture(scope="module")
def reference(posts):
    return replay(posts[0])


def test_the_stream_tells_something(reference):
    written, summary, _ = reference
    assert summary.raised >= 1
    assert json.loads(written["incidents"].splitlines()[0])["hazard"] == "fire"
    assert summary.counts.late > 5


@pytest.mark.parametrize(("processes", "block_lines"), [(0, 1), (0, 7), (0, 1_000), (1, 7), (3, 7), (3, 1_000)])
def test_blocks_and_processes_change_no_byte(posts, reference, processes, block_lines):
    written, summary, _ = replay(posts[0], processes=processes, block_lines=block_lines)
    assert written == reference[0]
    assert summary.counts == reference[1].counts


def test_every_line_has_a_fate_and_every_broken_line_a_letter_with_its_number(posts, reference):
    path, lines, told = posts
    written, summary, _ = reference
    counts = summary.counts
    assert counts.balanced
    assert counts.held == 0
    assert counts.received == lines - told["blank"]
    assert counts.dead.total() == told["broken"]
    assert counts.filtered["explained"] == told["match"]
    assert counts.duplicate == told["copies"]
    raw = gzip.decompress(path.read_bytes()).split(b"\n")
    letters = [json.loads(line) for line in written["dead_letters"].splitlines()]
    assert len(letters) == told["broken"]
    for letter in letters:
        assert raw[letter["line"] - 1] in (b"{", b"[]", b'{"id": "x"}', b"\xff")


def test_each_stage_accounts_for_what_it_received(reference):
    _, summary, metrics = reference
    counts = summary.counts

    def value(metric, *labels):
        return metrics.value(metric, *labels)

    reasons = {
        "ingest": (["no_term"], list(counts.dead)),
        "extract": (["explained"], ["stage_error"]),
        "detect": ([], []),
    }
    for stage, (filtered, dead) in reasons.items():
        fates = (
            value(declared.USED, stage)
            + value(declared.LATE, stage)
            + value(declared.DUPLICATE, stage)
            + value(declared.HELD, stage)
        )
        fates += sum(value(declared.FILTERED, stage, reason) for reason in filtered)
        fates += sum(value(declared.DEAD, stage, reason) for reason in dead)
        assert value(declared.RECEIVED, stage) == fates > 0, stage
    assert value(declared.RECEIVED, "ingest") == counts.received
    assert value(declared.RECEIVED, "detect") == counts.used


def test_mentions_can_be_read_back_and_name_nobody(reference):
    mentions = [msgspec.json.decode(line, type=Mention) for line in reference[0]["mentions"].splitlines()]
    assert len(mentions) > 80
    assert not any(mention.author.startswith("u") or mention.post_id.startswith("p") for mention in mentions)


def test_a_post_that_a_stage_cannot_read_is_one_dead_letter_and_the_others_of_its_block_are_heard(tmp_path):
    lines, _ = stream(minutes=10)
    poison = {
        "id": "x",
        "source": "a",
        "created_at": format_instant(START + 1_000),
        "author": "u",
        "text": "fire and poison",
    }
    path = tmp_path / "posts"
    path.write_bytes(b"\n".join([lines[0], json.dumps(poison).encode(), *lines[1:]]))
    clean = tmp_path / "clean"
    clean.write_bytes(b"\n".join(lines))
    written, summary, _ = replay(path)
    letter = json.loads(written["dead_letters"].splitlines()[0])
    assert (letter["stage"], letter["reason"], letter["line"]) == ("extract", "stage_error", 2)
    assert "poison" not in json.dumps(letter)
    assert summary.counts.balanced
    assert written["mentions"] == replay(clean)[0]["mentions"]


def test_a_stage_that_fails_on_too_many_posts_stops_the_run(tmp_path):
    poison = {"id": "x", "source": "a", "created_at": format_instant(START), "author": "u", "text": "fire and poison"}
    path = tmp_path / "posts"
    path.write_bytes(b"\n".join(json.dumps(poison | {"id": str(i)}).encode() for i in range(8)))
    with pytest.raises(StageIllError, match="extract failed on 8 posts; at most 7 are allowed"):
        replay(path, max_stage_errors=7)
    assert replay(path, max_stage_errors=8)[1].counts.dead["stage_error"] == 8


def test_a_post_that_jams_the_gate_passes_it_and_harms_no_other(tmp_path):
    lines, _ = stream(minutes=10)
    jam = {
        "id": "x",
        "source": "a",
        "created_at": format_instant(START + 1_000),
        "author": "u",
        "text": "jammed and poison",
    }
    clean, path = tmp_path / "clean", tmp_path / "posts"
    clean.write_bytes(b"\n".join(lines))
    path.write_bytes(b"\n".join([lines[0], json.dumps(jam).encode(), *lines[1:]]))
    written, summary, _ = replay(path)
    first = json.loads(written["dead_letters"].splitlines()[0])
    assert (first["reason"], first["line"]) == ("stage_error", 2)
    assert summary.counts.balanced
    assert written["mentions"] == replay(clean)[0]["mentions"]
