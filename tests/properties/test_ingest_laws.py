"""Laws of ingest: one fate for each line, and nothing depends on how lines were cut in blocks."""

import gzip
import json
import re

import msgspec
import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.block import Block, Run
from ingest.columns import Columns, Set
from ingest.normalise import Draft, Outcome, _careful, _plain, normalise
from ingest.order import Limits as OrderLimits
from ingest.order import StreamOrder
from ingest.post import post
from ingest.privacy import PublicPseudonyms
from ingest.record import Limits
from ingest.redact import redact
from tocsin.model import Mention, Retraction
from tocsin.runtime.conservation import Counts
from tocsin.time import Panes

FIELDS = [
    "id",
    "source",
    "created_at",
    "author",
    "text",
    "lang",
    "lat",
    "lon",
    "place",
    "repost_of",
    "reply_to",
    "received_at",
    "retract",
    "at",
]
TIMES = st.sampled_from(
    ["2026-04-07T05:48:00Z", "2026-04-07T05:48:00.250+02:00", "2026-04-07 05:48", "1960-01-01T00:00:00Z", "now", ""]
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=30),
    TIMES,
    st.lists(st.integers(), max_size=2),
    st.just({}),
)
NEARLY = st.fixed_dictionaries(
    {
        "id": st.text(max_size=4),
        "source": st.sampled_from(["a", "b"]),
        "created_at": TIMES,
        "author": st.text(max_size=4),
        "text": st.text(max_size=40),
    },
    optional=dict.fromkeys(FIELDS[5:], VALUES),
)
LINES = st.one_of(
    st.binary(max_size=60).map(lambda raw: raw.replace(b"\n", b"")),
    NEARLY.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=8).map(lambda value: json.dumps(value).encode()),
    NEARLY.flatmap(lambda value: st.integers(0, 60).map(lambda cut: json.dumps(value).encode()[:-cut])),
)


@given(st.lists(LINES, max_size=12))
@settings(max_examples=300)
def test_any_line_has_exactly_one_outcome(lines):
    block = Block(number=0, data=b"\n".join(lines), runs=(Run("f", 1, len(lines)),) if lines else ())
    read = normalise(block, limits=Limits(max_line_bytes=2_000, max_text_chars=30), lateness_ms=5_000)
    outcomes = read.outcomes.tolist()
    assert len(outcomes) == len(lines)
    assert [index for index, outcome in enumerate(outcomes) if outcome == Outcome.DEAD] == [
        index for index, _ in read.dead
    ]
    assert [index for index, outcome in enumerate(outcomes) if outcome == Outcome.POST] == [
        draft.index for draft in read.drafts
    ]
    assert [index for index, outcome in enumerate(outcomes) if outcome == Outcome.RETRACTION] == [
        w.index for w in read.withdrawals
    ]
    assert [index for index, outcome in enumerate(outcomes) if outcome == Outcome.BLANK] == [
        index for index, line in enumerate(lines) if not line.strip()
    ]
    for draft in read.drafts:
        left = post(draft, PublicPseudonyms())
        assert draft.received_at - 5_000 <= left.event_at <= left.received_at
        assert re.fullmatch("[0-9a-f]{16}", left.id)
        assert len(left.text) == len(draft.text)


@given(st.lists(LINES, min_size=1, max_size=12), st.data())
def test_a_line_reads_the_same_in_any_block(lines, data):
    at = data.draw(st.integers(0, len(lines) - 1))
    whole = normalise(
        Block(number=0, data=b"\n".join(lines), runs=(Run("f", 1, len(lines)),)), limits=Limits(), lateness_ms=0
    )
    alone = normalise(Block(number=5, data=lines[at], runs=(Run("f", at + 1, 1),)), limits=Limits(), lateness_ms=0)
    assert whole.outcomes[at] == alone.outcomes[0]
    assert whole.event_at[at] == alone.event_at[0]
    assert [letter for index, letter in whole.dead if index == at] == [letter for _, letter in alone.dead]


@given(LINES, st.none() | st.just(1_775_540_880_250))
@settings(max_examples=500)
def test_the_quick_way_reads_a_line_as_the_careful_one_does(line, arrived_at):
    limits = Limits(max_line_bytes=2_000, max_text_chars=30)
    quick = _plain(3, line, arrived_at, 5_000, limits)
    if quick is None:
        return
    careful = _careful(3, line, arrived_at, 5_000, limits)
    assert isinstance(careful, Draft)
    for name in ("index", "text", "source", "created_at", "event_at", "received_at", "id", "author", "link"):
        assert getattr(quick, name) == getattr(careful, name), name
    assert msgspec.structs.asdict(quick.record) == msgspec.structs.asdict(careful.record)


def test_a_usual_line_goes_the_quick_way():
    line = (
        b'{"id": 7, "source": "a", "created_at": "2026-04-07T05:48:00Z", "received_at": "2026-04-07T05:48:03Z", '
        b'"author": "b", "text": "x", "lat": 45, "lon": 4.5, "reply_to": 5, "bot": false, "likes": [1]}'
    )
    assert _plain(0, line, None, 5_000, Limits()) is not None


PIECES = st.sampled_from(
    [
        "@abc",
        "a.b@c.example",
        "06 12 34 56 78",
        "+33612345678",
        "https://x.com/abc?d=e",
        "https://u:p@h.example/~me/x",
        "AB-123-CD",
        "did:plc:abc",
        " ",
        "feu",
        "é",
        "\U0001f525",
        ".",
        "_",
        "t.me/x",
        "plate AB 12 CD",
    ]
)


@given(st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=12).map("".join))
@settings(max_examples=300)
def test_redaction_keeps_every_offset_and_adds_nothing_the_second_time(text):
    once = redact(text)
    assert len(once) == len(text)
    assert all(new in (old, "_") for old, new in zip(text, once, strict=True))
    assert redact(once) == once


# -- the order of the stream against a slow twin that takes one line at a time ---------------------------------------------

START = 1_000_000_000_000
WIDTH, LATENESS, HORIZON, LEAP = 10_000, 5_000, 30_000, 40_000
ROW = st.tuples(
    st.sampled_from(["closed", "gated", "set", "retract", "dead", "blank"]),
    st.integers(0, 90_000),
    st.integers(0, 8_000),
    st.integers(0, 2),
    st.sampled_from("abcdef"),
)

CHAINED = [("closed", at, 0, 0, "a") for at in (0, 1, 40_001, 0)] + [("gated", 0, 0, 0, "a")]
"""Its third line is out of reach of the first, and within reach of the second."""


def columns(rows, first):
    outcome = {
        "closed": Outcome.POST,
        "gated": Outcome.POST,
        "set": Outcome.POST,
        "retract": Outcome.RETRACTION,
        "dead": Outcome.DEAD,
        "blank": Outcome.BLANK,
    }
    timed = np.array([kind not in ("dead", "blank") for kind, *_ in rows], bool)
    received = np.array([START + at for _, at, *_ in rows], np.int64)
    items = {}
    for index, (kind, at, age, _, post_id) in enumerate(rows):
        if kind == "gated":
            items[index] = Mention(
                post_id=post_id,
                source="s",
                author="a",
                event_at=START + at - age,
                received_at=START + at,
                hazards={},
                terms=(),
                probability=0.5,
            )
        elif kind == "set":
            items[index] = Set(post_id, "explained")
        elif kind == "retract":
            items[index] = Retraction(post_id=post_id, at=START + at)
    return Columns(
        outcomes=np.array([outcome[kind] for kind, *_ in rows], np.uint8),
        received_at=np.where(timed, received, 0),
        event_at=np.where(timed, received - np.array([age for _, _, age, *_ in rows], np.int64), 0),
        sources=np.array([source for *_, source, _ in rows], np.uint16),
        origins=np.zeros(len(rows), np.int32),
        line_numbers=np.arange(first, first + len(rows)),
        origin_names=("f",),
        items=items,
    )


def twin(rows, leap_lines):
    """Take the lines one at a time, with nothing but comparisons."""
    clock, held, seen = None, [], {}
    out = {
        "items": [],
        "late": 0,
        "duplicate": 0,
        "no_term": 0,
        "explained": 0,
        "used": 0,
        "refused": [],
        "exposure": {},
    }

    def hear(row):
        nonlocal clock
        kind, at, age, source, post_id = row
        before = clock
        clock = at if clock is None else max(clock, at)
        if kind == "retract":
            out["items"].append(("retract", post_id, clock))
            out["used"] += 1
            return
        pane = (START + at - age) // WIDTH * WIDTH - START
        if before is not None and pane + WIDTH + LATENESS <= before:
            out["late"] += 1
            return
        out["exposure"][pane, source] = out["exposure"].get((pane, source), 0) + 1
        if kind == "closed":
            out["no_term"] += 1
        elif post_id in seen and clock - seen[post_id] <= HORIZON:
            out["duplicate"] += 1
        else:
            seen[post_id] = clock
            if kind == "set":
                out["explained"] += 1
            else:
                out["items"].append(("mention", post_id, at))
                out["used"] += 1

    for number, row in enumerate(rows, start=1):
        if row[0] in ("dead", "blank"):
            continue
        if clock is not None and row[1] <= clock + LEAP:
            out["refused"] += [line for line, _ in held]
            held = []
            hear(row)
            continue
        held.append((number, row))
        if len(held) >= leap_lines:
            near = [min(held, key=lambda pair: pair[1][1])]
            while more := [
                pair
                for pair in held
                if pair not in near and any(abs(pair[1][1] - other[1]) <= LEAP for _, other in near)
            ]:
                near += more
            held = [pair for pair in held if pair not in near]
            near.sort()
            for _, waiting in near:
                hear(waiting)
    for _, waiting in held:
        hear(waiting)
    return out


@given(st.lists(ROW, max_size=40), st.lists(st.integers(1, 9), max_size=40), st.integers(1, 3))
@example(CHAINED, [], 3)
@example(CHAINED, [1, 1, 1], 3)
@settings(max_examples=400)
def test_any_split_in_blocks_decides_as_one_line_at_a_time_does(rows, sizes, leap_lines):
    limits = OrderLimits(leap_ms=LEAP, leap_lines=leap_lines, horizon_ms=HORIZON, max_remembered=100)
    order = StreamOrder(Panes(WIDTH, LATENESS), limits)
    steps, start = [], 0
    for size in [*sizes, len(rows)]:
        part = rows[start : start + size]
        steps.append(order.push(columns(part, start + 1), ("p", "q", "r")))
        start += len(part)
    steps.append(order.finish())
    total, exposure = Counts(), {}
    for step in steps:
        total.add(step.counts)
        for one in step.exposures:
            key = (one.pane_start_at - START, "pqr".index(one.source))
            exposure[key] = exposure.get(key, 0) + one.posts
    expected = twin(rows, leap_lines)
    items = [
        ("retract", item.post_id, item.at - START)
        if isinstance(item, Retraction)
        else ("mention", item.post_id, item.received_at - START)
        for step in steps
        for item in step.items
    ]
    assert items == expected["items"]
    assert [letter.line for step in steps for letter in step.dead] == expected["refused"]
    assert exposure == expected["exposure"]
    # Lines that are dead or blank come counted from elsewhere: a dead line is received here, and its letter is counted by the caller.
    total.dead["given"] = sum(row[0] == "dead" for row in rows)
    assert (total.late, total.duplicate, total.used) == (expected["late"], expected["duplicate"], expected["used"])
    assert (total.filtered["no_term"], total.filtered["explained"]) == (expected["no_term"], expected["explained"])
    assert total.balanced
    assert total.held == 0


@given(st.binary(max_size=300), st.integers(1, 40), st.integers(1, 8))
def test_any_bytes_are_cut_in_lines_as_python_cuts_them(tmp_path_factory, data, limit, block_lines):
    from ingest.files import Reading, read_blocks

    path = tmp_path_factory.mktemp("cut") / "posts"
    path.write_bytes(gzip.compress(data))
    expected = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if not expected[-1]:
        expected.pop()
    got = [
        line
        for block in read_blocks([str(path)], Reading(block_lines=block_lines, max_line_bytes=limit))
        for line in block.lines()
    ]
    assert [line[:limit] for line in got] == [line[:limit] for line in expected]
    assert all(len(line) <= limit + 1 for line in got)
