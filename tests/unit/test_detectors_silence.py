"""An incident that was quiet once: what comes later may be of another event, also after a restart."""

from __future__ import annotations

import msgspec
import pytest
from mentions import T0, mention
from towns import town

from detectors import Detector
from tocsin.model import Incident, Mention, Place
from tocsin.time import HOUR_MS

TOWN = town("Town", 47.2, -1.5, 90_000, uncertainty_km=3.0)
FAR = town("Far", 43.6, 5.4, 90_000, uncertainty_km=3.0)
FIRST, BETWEEN, SECOND, LATE = 0, 5_400, 7_200, 28_800


def told(start: int, count: int, number: int, where: Place = TOWN) -> list[Mention]:
    return [
        mention(number + n, start + 40 * n, where, hazard="fire", probability=0.9, consequences=("damage",))
        for n in range(count)
    ]


def after(detector: Detector) -> list[Incident]:
    """Give what is said of a second fire two hours after the first, until both are closed."""
    detector.feed([*told(SECOND, 6, 100), *told(LATE + SECOND, 1, 200, FAR)])
    return [*detector.advance(T0 + LATE * 1_000), *detector.finish()]


@pytest.fixture
def quiet() -> Detector:
    """A detector whose only incident has fallen silent."""
    detector = Detector(None)
    detector.feed([*told(FIRST, 6, 0), *told(BETWEEN, 1, 50, FAR)])
    said = detector.advance(T0 + BETWEEN * 1_000 + HOUR_MS // 4)
    assert [one.reason for one in said] == ["raised", "grown", "quiet"]
    return detector


def test_a_later_event_is_raised_and_not_merged(quiet: Detector) -> None:
    said = after(quiet)
    assert [one.reason for one in said].count("raised") == 1
    assert all(one.reason != "merged" for one in said)
    assert len({one.incident_id for one in said if one.reason == "closed"}) == 2


def test_each_voice_is_counted_in_one_of_the_two(quiet: Detector) -> None:
    doubtful = mention(99, SECOND - 60, TOWN, hazard="fire", probability=0.05)
    quiet.feed([doubtful])
    last = {one.incident_id: one.voices for one in after(quiet) if one.reason == "closed"}
    assert sum(last.values()) == 6 + 1 + 6


def test_it_is_said_which_silent_incident_it_may_be(quiet: Detector) -> None:
    later = next(one for one in after(quiet) if one.reason == "raised")
    assert "whether this is the fire at Town again, raised at 05:49 UTC" in later.unknown


def test_a_restart_in_the_silence_changes_nothing(quiet: Detector) -> None:
    assert after(Detector.restore(quiet.snapshot())) == after(quiet)


def test_a_snapshot_that_does_not_know_when_it_fell_silent_holds_it_for_silent(quiet: Detector) -> None:
    kept = msgspec.msgpack.decode(quiet.snapshot())
    assert all(case.pop("silent_at") > T0 + HOUR_MS for case in kept["cases"])
    said = after(Detector.restore(msgspec.msgpack.encode(kept)))
    assert [one.reason for one in said].count("raised") == 1
