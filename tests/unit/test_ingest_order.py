"""The order of the stream: late, copies, retractions, exposure, leaps; each worked out by hand."""

import numpy as np
import pytest

from ingest.columns import Columns, Set
from ingest.leap import guard
from ingest.normalise import Outcome
from ingest.order import Exposure, Limits, StreamOrder
from tocsin.model import DeadLetter, Mention, Retraction
from tocsin.time import Panes

START = 1_000_000_000_000
PANES = Panes(width_ms=10_000, lateness_ms=5_000)


def mention(post_id, at=0):
    return Mention(
        post_id=post_id,
        source="s",
        author="a",
        event_at=at,
        received_at=at,
        hazards={"fire": 1.0},
        terms=(),
        probability=0.5,
    )


def columns(rows):
    """Rows of (seconds, item or None or "dead" or "blank", source code, seconds received if not the same)."""
    rows = [(*(*row, 0)[:3], row[3] if len(row) > 3 else row[0]) for row in rows]
    outcomes, items = [], {}
    for index, (_, item, _, _) in enumerate(rows):
        if item in ("dead", "blank"):
            outcomes.append(Outcome.DEAD if item == "dead" else Outcome.BLANK)
            continue
        outcomes.append(Outcome.RETRACTION if isinstance(item, Retraction) else Outcome.POST)
        if item is not None:
            items[index] = item
    timed = [item not in ("dead", "blank") for _, item, _, _ in rows]
    return Columns(
        outcomes=np.array(outcomes, np.uint8),
        received_at=np.array(
            [START + got * 1_000 if t else 0 for (_, _, _, got), t in zip(rows, timed, strict=True)], np.int64
        ),
        event_at=np.array(
            [START + at * 1_000 if t else 0 for (at, _, _, _), t in zip(rows, timed, strict=True)], np.int64
        ),
        sources=np.array([source for _, _, source, _ in rows], np.uint16),
        origins=np.zeros(len(rows), np.int32),
        line_numbers=np.arange(1, len(rows) + 1),
        origin_names=("posts",),
        items=items,
    )


def order(**limits):
    return StreamOrder(PANES, Limits(**{"leap_lines": 1, **limits}))


def push(stream, rows, names=("s",), **kwargs):
    return stream.push(columns(rows), names, **kwargs)


def test_a_post_is_late_if_the_clock_before_it_had_closed_its_pane():
    # Pane [0, 10) closes at 15. The second post finds the clock at 14, the fourth at 15: only that one is late.
    step = push(order(), [(14, None), (9, mention("a")), (15, None), (9, mention("b")), (10, mention("c"))])
    assert [item.post_id for item in step.items] == ["a", "c"]
    assert (step.counts.late, step.counts.used, step.counts.filtered["no_term"]) == (1, 2, 2)
    assert step.counts.balanced


def test_the_post_that_closes_a_pane_is_itself_heard():
    step = push(order(), [(0, None), (100, mention("a"))])
    assert [item.post_id for item in step.items] == ["a"]
    assert step.clock_at == START + 100_000


def test_exposure_counts_what_is_not_late_by_pane_and_source():
    rows = [
        (0, None),
        (3, mention("x"), 1),
        (9, None, 1),
        (12, "dead"),
        (12, None),
        (30, None),
        (1, None),
        (31, "blank"),
    ]
    step = push(order(), rows, ("s", "t"))
    assert step.exposures == [
        Exposure(START, "s", 1),
        Exposure(START, "t", 2),
        Exposure(START + 10_000, "s", 1),
        Exposure(START + 30_000, "s", 1),
    ]
    assert (step.counts.received, step.counts.late) == (7, 1)


def test_sources_beyond_the_limit_count_together():
    stream = order(max_sources=2)
    push(stream, [(0, None, 0), (0, None, 1)], ("a", "b"))
    step = push(stream, [(1, None, 0), (1, None, 1), (1, None, 2)], ("c", "a", "d"))
    assert step.exposures == [Exposure(START, "a", 1), Exposure(START, "other", 2)]


def test_a_copy_within_the_horizon_is_a_duplicate_also_of_a_post_set_aside():
    stream = order(horizon_ms=60_000)
    rows = [
        (0, mention("a")),
        (1, mention("a")),
        (2, Set("b", "explained")),
        (3, Set("b", "explained")),
        (61, mention("a")),
    ]
    step = push(stream, rows)
    assert [item.post_id for item in step.items] == ["a", "a"]
    assert (step.counts.duplicate, step.counts.filtered["explained"]) == (2, 1)
    assert step.counts.balanced


def test_what_is_remembered_is_bounded_by_number():
    stream = order(max_remembered=2)
    step = push(stream, [(0, mention(name)) for name in ("a", "b", "c", "a", "c")])
    assert [item.post_id for item in step.items] == ["a", "b", "c", "a"]
    assert step.counts.duplicate == 1


def test_a_retraction_acts_when_it_is_heard_and_is_never_late():
    step = push(order(), [(100, mention("a")), (3, Retraction(post_id="a", at=START + 3_000))])
    assert step.items[1] == Retraction(post_id="a", at=START + 100_000)


def test_an_edited_post_may_come_again_a_deleted_one_not():
    rows = [(0, mention("a")), (1, Retraction(post_id="a", at=0, reason="edited")), (2, mention("a"))]
    assert push(order(), rows).counts.duplicate == 0
    rows[1] = (1, Retraction(post_id="a", at=0))
    assert push(order(), rows).counts.duplicate == 1


def test_a_failure_of_a_stage_is_a_dead_letter_unless_late():
    letter = DeadLetter(stage="extract", reason="stage_error", detail="d")
    step = push(order(), [(0, letter), (100, None), (0, letter)])
    assert step.dead == [letter]
    assert (step.counts.dead["stage_error"], step.counts.late) == (1, 1)
    assert step.counts.balanced


def test_a_live_clock_moves_in_silence():
    stream = order()
    assert push(stream, [], clock_at=START + 7).clock_at == START + 7
    assert push(stream, [], clock_at=START + 5).clock_at == START + 7


HOUR = 3_600


def test_one_wrong_year_is_refused_with_its_line_and_harms_nobody():
    stream = order(leap_lines=3)
    first = push(stream, [(0, mention("a")), (0, None), (1, None), (HOUR * 9_000, mention("w")), (2, mention("b"))])
    assert [item.post_id for item in first.items] == ["a", "b"]
    assert [(letter.reason, letter.line, letter.origin) for letter in first.dead] == [("bad_time", 4, "posts")]
    assert first.counts.balanced
    assert first.clock_at == START + 2_000


def test_a_wrong_year_in_the_very_first_line_is_refused_too():
    stream = order(leap_lines=3)
    steps = [
        push(stream, [row])
        for row in [(HOUR * 9_000, mention("w")), (0, mention("a")), (1, mention("b")), (2, mention("c"))]
    ]
    assert [step.counts.held for step in steps] == [1, 2, 1, 0]
    assert [item.post_id for step in steps for item in step.items] == ["a", "b", "c"]
    assert sum(step.counts.dead["bad_time"] for step in steps) == 1


def test_a_true_gap_loses_nothing():
    stream = order(leap_lines=3)
    rows = [(0, mention("a")), (0, None), (0, None), *((HOUR * 50 + i, mention(f"b{i}")) for i in range(4))]
    step = push(stream, rows)
    assert [item.post_id for item in step.items] == ["a", "b0", "b1", "b2", "b3"]
    assert step.counts.balanced


def test_what_is_held_at_the_end_is_heard():
    stream = order(leap_lines=3)
    first = push(stream, [(0, mention("a"))])
    assert (first.items, first.clock_at, first.counts.held) == ([], None, 1)
    last = stream.finish()
    assert [item.post_id for item in last.items] == ["a"]
    first.counts.add(last.counts)
    assert first.counts.balanced
    assert first.counts.held == 0


@pytest.mark.parametrize(
    ("times", "decided", "refused", "held"),
    [
        ([0, 1, 2], [0, 1, 2], set(), []),
        ([0, 500, 1], [0, 1, 2], {1}, []),
        ([0, 500, 501], [0], set(), [1, 2]),
        ([0, 500, 501, 502], [0, 1, 2, 3], set(), []),
        ([0, 500, None, 501, 502], [0, 2, 1, 3, 4], set(), []),
        ([0, 500, 900, 501, 1], [0, 1, 3, 2, 4], {2}, []),
    ],
)
def test_the_guard_decides_line_by_line(times, decided, refused, held):
    done = guard(0, times, leap_ms=100, leap_lines=3)
    assert (done.decided, done.refused, done.held) == (decided, refused, held)
