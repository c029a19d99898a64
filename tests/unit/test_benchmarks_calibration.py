"""The months that calibration is measured on, and what it counts: every expected number was worked out by hand or taken from a table."""

from __future__ import annotations

import gzip
import json
import random
import sys
from collections import Counter
from pathlib import Path

import pytest
from towns import town as any_town

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import calibration
import radius
import resampling
from calibration import Alarm, alarms, garwood
from resampling import T0, Background, Burst, Hour, Resampler, background_of, cascades, has_any

from detectors import deciding
from tocsin.analysis.recording import made
from tocsin.ids import PUBLIC_REPLAY_KEY, pseudonym
from tocsin.model import Mention
from tocsin.time import HOUR_MS, MINUTE_MS, format_instant

DAY_ONE = 20_000 * 24 * HOUR_MS


def town(name, lat=45.0, lon=5.0, kind="town"):
    return any_town(name, lat, lon, kind=kind, score=0.8)


def said(number, at, place=None, **changes):
    fields = {
        "post_id": f"p{number}", "source": "s", "author": f"a{number}", "event_at": at, "received_at": at,
        "hazards": {"fire": 1.0}, "terms": ("fire",), "probability": 0.5, "places": (place,) if place else (), "fingerprint": 0,
    }  # fmt: skip
    return Mention(**(fields | changes))


def test_a_cascade_is_a_post_with_its_reposts_and_near_copies():
    print_ = 0b1011 << 40
    posts = [
        said(1, 0, fingerprint=print_),
        said(2, 1, fingerprint=print_ ^ 0b111111111),  # nine bits of 64
        said(3, 2, fingerprint=print_ ^ 0b1111111111 << 10),  # ten
        said(4, 3, repost_of="p3"),
        said(5, 4),
    ]
    assert [[one.post_id for one in burst.mentions] for burst in cascades(posts)] == [
        ["p1", "p2"],
        ["p3", "p4"],
        ["p5"],
    ]


def test_background_is_what_the_labels_call_so_and_nothing_that_tells_of_an_event(tmp_path):
    kinds = {"a": ("background_assumed", None), "b": ("background_gold", True), "c": ("t6:on_topic", True), "d": ("background_assumed", False), "e": ("bg:past", None)}  # fmt: skip
    posts = [
        {"id": name, "created_at": format_instant(DAY_ONE + hour * HOUR_MS), "text": "one" if name in "ad" else name}
        for hour, name in enumerate(kinds)
    ]
    labels = [{"id": name, "kind": kind, "relevant": relevant} for name, (kind, relevant) in kinds.items()]
    for end, lines in (("posts", posts), ("labels", labels)):
        with gzip.open(tmp_path / f"x.{end}.jsonl.gz", "wt") as stream:
            stream.writelines(json.dumps(line) + "\n" for line in lines)
    heard = [
        said(name, DAY_ONE + hour * HOUR_MS, post_id=pseudonym(PUBLIC_REPLAY_KEY, "post", name))
        for hour, name in enumerate(kinds)
    ]
    found = background_of(tmp_path / "x", made("x", heard))
    first = DAY_ONE // HOUR_MS
    assert {hour - first: (each.posts, len(each.bursts)) for hour, each in found.hours.items()} == {
        0: (1, 1),
        1: (0, 0),
        2: (0, 0),
        3: (1, 1),
        4: (1, 1),
    }
    assert len(found.texts) == 2
    assert has_any(tmp_path / "x")


@pytest.fixture
def resampler():
    """Two days: in each hour H of the first, H + 1 posts and one mention of a town of its own; the second is silent but for noon."""
    towns = [town(f"t{hour}", 40 + hour, hour) for hour in range(24)]
    hours = {
        DAY_ONE // HOUR_MS + hour: Hour(hour + 1, [Burst([said(hour, DAY_ONE + hour * HOUR_MS + 7, towns[hour])])])
        for hour in range(24)
    }
    noon = DAY_ONE // HOUR_MS + 36
    pair = [said(100, noon * HOUR_MS, towns[0], fingerprint=5), said(101, (noon + 2) * HOUR_MS, towns[0], repost_of="p100", fingerprint=5)]  # fmt: skip
    second = {DAY_ONE // HOUR_MS + 24 + hour: Hour(0) for hour in range(24)} | {noon: Hour(50, [Burst(pair)])}
    decoy = Burst([said(200 + n, DAY_ONE + n * MINUTE_MS, town(f"d{n}", 45.0 + n / 100, 5.0)) for n in range(4)])
    return Resampler([Background(hours | second, set())], [decoy])


def test_each_hour_of_a_month_is_one_of_the_same_hour_of_the_day(resampler):
    month = resampler.months(1, seed=3)
    assert resampler.days == 2.0
    assert len(month.posts) == 30 * 24
    for number, posts in enumerate(month.posts):
        assert posts in ({13, 50} if number % 24 == 12 else {number % 24 + 1, 0})
    told = [one for one in month.mentions if one.post_id.startswith("p3:")]
    assert told
    assert all((one.event_at - T0) % (24 * HOUR_MS) == 3 * HOUR_MS + 7 for one in told)


def test_months_go_by_time_and_their_posts_have_names_of_their_own(resampler):
    month = resampler.months(1, seed=3)
    assert month.mentions == sorted(month.mentions, key=lambda one: one.event_at)
    assert len({one.post_id for one in month.mentions}) == len(month.mentions)
    assert resampler.months(1, seed=3) == month != resampler.months(1, seed=4)


def test_a_cascade_goes_whole_and_is_no_copy_of_another_draw(resampler):
    month = resampler.months(2, seed=1)
    pairs = [(one, other) for one in month.mentions for other in month.mentions if one.repost_of == other.post_id]
    assert len(pairs) > 10
    assert {one.event_at - other.event_at for one, other in pairs} == {2 * HOUR_MS}
    assert all(one.fingerprint == other.fingerprint for one, other in pairs)
    assert all(one.places[0].id == other.places[0].id for one, other in pairs)
    assert len({one.fingerprint for one, _ in pairs}) == len(pairs)
    assert len({one.places[0].id for one, _ in pairs}) > 5  # another town each time


def test_four_decoys_a_month_are_moved_whole_to_towns_of_the_recordings(resampler):
    month = resampler.months(3, seed=1)
    bursts: dict[str, list[Mention]] = {}
    for one in month.mentions:
        tag = one.post_id.rpartition(":")[2]
        if tag.startswith(resampling.DECOY_TAG):
            bursts.setdefault(tag, []).append(one)
    assert len(bursts) == 12
    for burst in bursts.values():
        assert [one.event_at - burst[0].event_at for one in burst] == [n * MINUTE_MS for n in range(4)]
        assert [round(one.places[0].lat - burst[0].places[0].lat, 6) for one in burst] == [0, 0.01, 0.02, 0.03]
        assert any(abs(one.places[0].lat - lat) < 0.05 for one in burst for lat in range(40, 64))


def noted(hours, place=None, hazard="fire"):
    return Alarm(T0 + calibration.COLD_MS + round(hours * HOUR_MS), hazard, place or town("x"), of_decoy=False)


@pytest.mark.parametrize(
    ("notes", "count"),
    [
        ([], 0),
        ([noted(-1)], 0),  # the baseline is cold
        ([noted(0), noted(5.9)], 1),
        ([noted(0), noted(5.9), noted(11.8)], 1),  # each within six hours of the one before
        ([noted(0), noted(6)], 2),
        ([noted(0), noted(1, town("y", lat=45.8))], 1),  # 89 km
        ([noted(0), noted(1, town("y", lat=46.0))], 2),  # 111 km
        ([noted(0), noted(1, hazard="earthquake")], 2),
    ],
)
def test_alarms_near_in_time_place_and_family_are_one(notes, count):
    assert len(alarms(notes)) == count


@pytest.mark.parametrize(
    ("count", "low", "high"),  # as printed since F. Garwood, Biometrika 1936
    [(0, 0.0, 3.69), (1, 0.025, 5.57), (5, 1.62, 11.67), (10, 4.80, 18.39), (30, 20.24, 42.83)],
)
def test_the_interval_of_a_count_is_that_of_the_printed_table(count, low, high):
    assert garwood(count) == pytest.approx((low, high), abs=0.01)


def test_what_is_only_watched_is_noted_where_the_detector_would_have_raised_it():
    place = town("Lyon")
    crowd = [
        said(n, T0 + 3 * 24 * HOUR_MS + n * 20_000, place, probability=0.9, witness="first_hand", consequences=("injured",), fingerprint=random.Random(n).getrandbits(62))
        for n in range(8)
    ]  # fmt: skip
    drawn = resampling.Month(crowd, [300] * (30 * 24 * calibration.REPLICA_MONTHS))
    stands_in = type("One", (), {"months": lambda *_: drawn})()
    found, mentions, posts = calibration.replica((stands_in, 1))
    assert (mentions, posts) == (8, 300 * 30 * 24 * calibration.REPLICA_MONTHS)
    assert Counter({key: len(each) for key, each in found.items()}) == dict.fromkeys(
        ((mix, budget) for mix in calibration.MIXES for budget in calibration.BUDGETS), 1
    )
    assert all(each[0].place.id == "Lyon" and not each[0].of_decoy for each in found.values())
    assert deciding._consider.__module__ == "detectors.deciding"


def test_a_share_has_its_exact_interval():
    assert radius.share(9, 10) == "9 of 10 = 0.90 (0.55 to 1.00)"  # C. Clopper, E. Pearson, 1934
    assert radius.share(0, 0) == "–"


def test_the_factor_of_a_radius_is_what_nine_tenths_need():
    told = [radius.Said("real", 1.0, 10.0, error) for error in range(11)]  # errors of 0 to 10 km against an r90 of 10
    assert radius.times(told) == pytest.approx(0.9)
    assert radius.within(told, "r90_km").startswith("11 of 11")
    assert radius.within(told, "r50_km").startswith("2 of 11")
