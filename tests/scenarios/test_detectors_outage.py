"""A source outage that looks like calm: it is no ordinary pace, no silence of an incident, and it is said."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from mentions import mention
from towns import NANTES

from detectors import Detector
from tocsin.model import Incident, Mention, SourceGap
from tocsin.time import MINUTE_MS, SECOND_MS

T0 = 1_775_520_000_000  # 00:00 UTC


def fire(start_mins: float, count: int, every_secs: float = 25.0) -> list[Mention]:
    starts = [round(start_mins * MINUTE_MS + number * every_secs * SECOND_MS) for number in range(count)]
    changes = {"source": "mastodon", "consequences": ("damage",)}
    return [
        mention(ms, 0, NANTES, event_at=T0 + ms, received_at=T0 + ms, **changes)  # type: ignore[arg-type]
        for ms in starts
    ]


def away(from_mins: float, to_mins: float | None = None, *, filled: bool = False) -> SourceGap:
    to_at = None if to_mins is None else T0 + round(to_mins * MINUTE_MS)
    return SourceGap(origin="mastodon", from_at=T0 + round(from_mins * MINUTE_MS), to_at=to_at, filled=filled)


def lived(items: Sequence[Mention | SourceGap], until_mins: int, *, silent: tuple[int, int] = (0, 0)) -> list[Incident]:
    """Twenty posts a minute of ordinary talk, none in the ``silent`` minutes; pane by pane, as a live system hears."""
    detector = Detector()
    detector.feed(items)
    written = []
    for pane_at in range(T0, T0 + until_mins * MINUTE_MS, 10 * SECOND_MS):
        minute = (pane_at - T0) / MINUTE_MS
        number = (pane_at - T0) // (10 * SECOND_MS)
        posts = 0 if silent[0] <= minute < silent[1] else 3 + (number % 3 == 0)
        detector.exposure(pane_at, "mastodon", posts)
        written += detector.advance(pane_at + 15 * SECOND_MS)
    return written


def spoken(incidents: list[Incident]) -> list[tuple[str, str, float]]:
    return [(i.reason, i.state, round((i.updated_at - T0) / MINUTE_MS, 1)) for i in incidents]


def expected_per_min(incidents: list[Incident]) -> float:
    (raised, *_) = [i for i in incidents if i.reason == "raised"]
    return raised.expected / (raised.window_ms / MINUTE_MS)


def test_what_is_expected_after_an_outage_is_what_was_before() -> None:
    """Who was away for three of five hours has learnt less than who heard all of them, and more than who heard two."""
    two_hours, five_hours = (expected_per_min(lived(fire(mins, 4), mins + 4)) for mins in (121, 301))
    gone = (120, 300)
    told = expected_per_min(lived([away(120), away(120, 300), *fire(301, 4)], 305, silent=gone))
    untold = expected_per_min(lived(fire(301, 4), 305, silent=gone))
    assert five_hours <= told <= two_hours
    assert untold < five_hours / 3, "an outage that nobody tells looks like calm"


def test_an_outage_without_any_sign_of_life_may_be_told_when_it_is_over() -> None:
    """No pane closes while nothing at all is heard: so the record comes in time, and the whole span is left out."""

    def heard(items: list[Mention | SourceGap]) -> list[Incident]:
        detector = Detector()
        detector.feed([*items, *fire(301, 4)])
        for minute in [*range(120), *range(300, 305)]:
            detector.exposure(T0 + minute * MINUTE_MS, "mastodon", 20)
        return detector.finish()

    assert expected_per_min(heard([away(119.5, 300)])) > 4 * expected_per_min(heard([]))


def test_an_incident_does_not_fall_silent_while_its_source_is_away() -> None:
    written = lived([*fire(0, 6), away(10), away(10, 90)], 150, silent=(10, 90))
    assert spoken(written)[0][:2] == ("raised", "open")
    (said, quiet) = [i for i in written if i.reason == "quiet"]
    assert (said.state, said.msg_type) == ("open", "Update")
    assert 60 <= (said.updated_at - T0) / MINUTE_MS < 64
    assert "what is told on mastodon: not heard since 00:10 UTC" in said.unknown
    assert said.sentence.endswith("; silence is no calm, mastodon has not been heard since 00:10 UTC.")
    # The last voice is of 2.1 min: 7.9 min of silence before the outage, the rest of the hour after it.
    assert quiet.state == "quiet"
    assert 90 + 52.1 <= (quiet.updated_at - T0) / MINUTE_MS < 90 + 53
    assert "mastodon" not in quiet.sentence + "".join(quiet.unknown)


def test_without_the_record_it_does() -> None:
    written = lived(fire(0, 6), 70, silent=(10, 90))
    assert spoken(written)[-1][:2] == ("quiet", "quiet")


def test_what_was_filled_was_heard() -> None:
    written = lived([*fire(0, 6), away(10), away(10, 30, filled=True)], 70)
    assert spoken(written)[-1][:2] == ("quiet", "quiet")
    assert 62 <= spoken(written)[-1][2] < 64


def test_a_source_that_never_comes_back_is_waited_for_six_hours() -> None:
    written = lived([*fire(0, 6), away(10)], 11 + 6 * 60 + 6 * 60)
    assert [(reason, state) for reason, state, _ in spoken(written)[-2:]] == [("quiet", "quiet"), ("closed", "closed")]
    assert spoken(written)[-1][2] == pytest.approx(2.1 + 360 + 360, abs=0.5)


def test_an_incident_raised_meanwhile_says_who_is_away() -> None:
    (raised, *_) = lived([away(1), *fire(10, 6)], 15)
    assert "what is told on mastodon: not heard since 00:01 UTC" in raised.unknown
