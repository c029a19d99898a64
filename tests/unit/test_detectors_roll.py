"""Invariant 4, in counts: two posts of one author on both sides of a roll of the author keys count once."""

from __future__ import annotations

import itertools

import pytest
from mentions import mention
from towns import NANTES

from detectors import Detector
from detectors.voices import Voice, across_the_roll
from tocsin.model import Incident, Mention, Retraction
from tocsin.time import SECOND_MS, roll_at

ROLL_AT = roll_at(20_549)


def said(number: int, author: str, secs: float) -> Mention:
    at = ROLL_AT + round(secs * SECOND_MS)
    return mention(number, 0, NANTES, author=author, event_at=at, received_at=at, consequences=("damage",))


def astride(before: int, after: int) -> list[Mention]:
    """So many authors in the minutes before the roll, and so many after it; the same persons, under keys that nobody can link."""
    earlier = [said(n, f"20548.{n:016x}", -25.0 * (before - n)) for n in range(before)]
    later = [said(100 + n, f"20549.{n + 7:016x}", 5 + 25.0 * n) for n in range(after)]
    return earlier + later


def heard(mentions: list[Mention]) -> list[Incident]:
    detector = Detector(None)
    detector.feed(mentions)
    return detector.finish()


def most_voices(incidents: list[Incident]) -> int:
    return max((incident.voices for incident in incidents if incident.state == "open"), default=0)


@pytest.mark.parametrize(("before", "after"), [(1, 1), (2, 2), (2, 1), (1, 2)])
def test_two_posts_of_one_author_astride_the_roll_count_once(before: int, after: int) -> None:
    assert most_voices(heard(astride(before, after))) == 0
    by_distinct = [said(n, f"20549.{n:016x}", 25.0 * n) for n in range(before + after)]
    assert before + after < 3 or most_voices(heard(by_distinct)) >= 3


@pytest.mark.parametrize(("before", "after"), [(8, 0), (8, 3), (6, 9), (4, 8)])
def test_an_incident_astride_the_roll_counts_the_larger_side(before: int, after: int) -> None:
    mentions = astride(before, after)
    detector = Detector(None)
    detector.feed(mentions)
    incidents = detector.finish()
    assert most_voices(incidents) <= max(before, after)
    # A deletion makes it speak again, so that its count is seen at the end.
    gone = [Retraction(post_id=mentions[-1].post_id, at=mentions[-1].event_at + 60 * SECOND_MS)]
    assert most_voices(incidents + _after(detector, gone)) <= max(before, after)


def _after(detector: Detector, items: list[Retraction]) -> list[Incident]:
    detector.feed(items)
    return detector.finish()


def test_without_a_roll_nothing_changes() -> None:
    public = [said(n, f"{n:016x}", -100 + 25.0 * n) for n in range(10)]
    one_day = [said(n, f"20548.{n:016x}", -300 + 25.0 * n) for n in range(10)]
    assert most_voices(heard(public)) == most_voices(heard(one_day)) > 3


def voice(number: int, author: str, weight: float) -> Voice:
    return Voice(
        number=number, post_id=str(number), author=author, source="", at=0, hazards={}, main="fire",
        probability=0.5, weight=weight,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after"), list(itertools.product([(), (1.0,), (3.0, 1.0), (2.0, 2.5, 0.5)], repeat=2))
)
def test_of_all_pairings_the_one_with_the_least_evidence_is_taken(
    before: tuple[float, ...], after: tuple[float, ...]
) -> None:
    voices = [voice(n, f"1.{n}", w) for n, w in enumerate(before)] + [
        voice(9 + n, f"2.{n}", w) for n, w in enumerate(after)
    ]
    kept = across_the_roll(voices)
    assert len(kept) == max(len(before), len(after))
    short, long = sorted((before, after), key=len)
    padded = [*short, *[0.0] * (len(long) - len(short))]
    least = min(sum(map(max, padded, order)) for order in itertools.permutations(long))
    assert sum(v.weight for v in kept) == pytest.approx(least)
