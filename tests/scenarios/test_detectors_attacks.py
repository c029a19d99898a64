"""What it takes to fool the detector: each attack on hand-made mentions, and the true event that must still be heard."""

from __future__ import annotations

import random

import pytest
from mentions import T0, mention
from towns import LYON, NICE, town

from detectors import Detector
from tocsin.model import Admin, Incident, Mention, Place, Retraction
from tocsin.time import MINUTE_MS

LYON_TEXAS = town("Lyons", 30.39, -96.56, 400, country="US", admin=Admin(region="TX"), score=0.2)


def post(number: int, secs: float, **changes: object) -> Mention:
    return mention(number, secs, LYON, hazard="explosion", **({"consequences": ("injured",)} | changes))  # type: ignore[arg-type]


def alerts(items: list[Mention | Retraction]) -> list[Incident]:
    detector = Detector()
    detector.feed(items)
    return [i for i in detector.finish() if i.reason == "raised" and i.state == "open"]


def witnesses(count: int = 8, start: float = 0.0, first: int = 0, **changes: object) -> list[Mention]:
    return [post(first + n, start + 25 * n, **changes) for n in range(count)]


def test_the_true_event_is_heard() -> None:
    assert [i.place for i in alerts(list(witnesses()))] == ["Lyon"]


def test_a_single_account_floods() -> None:
    assert alerts([post(n, n, author="one", fingerprint=(n * 0x9E3779B97F4A7C15) % 2**62) for n in range(500)]) == []


def test_bots_spin_one_template() -> None:
    rng = random.Random(1)
    base = 0x5A5A_1234_9ABC_0F0F
    spun = [base ^ sum(1 << bit for bit in rng.sample(range(62), 3)) for _ in range(60)]
    assert alerts([post(n, 2 * n, fingerprint=text) for n, text in enumerate(spun)]) == []


def test_a_repost_storm() -> None:
    assert alerts([post(0, 0), *(post(n, n, repost_of="p00000") for n in range(1, 300))]) == []


def test_one_post_bridged_to_three_networks() -> None:
    text = 0x0123_4567_89AB_CDEF
    bridged = [post(n, n, source=name, fingerprint=text) for n, name in enumerate(["bluesky", "mastodon", "rss"])]
    assert alerts(bridged) == []


@pytest.mark.parametrize("kind", ["commemoration", "exercise", "sport", "fiction", "advert", "old_news", "warning"])
def test_a_burst_that_two_voices_explain(kind: str) -> None:
    said = [post(900 + n, 5 + n, modality=kind, witness="unknown", probability=0.1) for n in range(2)]
    crowd = witnesses(probability=0.3, witness="unknown", consequences=())
    assert alerts([*said, *(msg for msg in crowd if msg.event_at > T0 + 10_000)]) == []


@pytest.mark.parametrize("kind", ["exercise", "sport"])
def test_a_true_event_inside_an_explained_one(kind: str) -> None:
    said = [post(900 + n, n, modality=kind, witness="unknown", probability=0.1) for n in range(2)]
    assert [i.place for i in alerts([*said, *witnesses(start=30)])] == ["Lyon"]


def test_newsrooms_relay_a_far_event() -> None:
    assert alerts(list(witnesses(20, witness="media", probability=0.4))) == []


def test_a_poisoned_toponym() -> None:
    crowd = witnesses(8, places=(LYON_TEXAS,))
    assert alerts(list(crowd)) == []


def test_far_talk_of_a_great_event_is_no_second_one() -> None:
    great = [post(n, n, places=(LYON,)) for n in range(400)]
    far = [
        post(1_000 + n, 200 + 25 * n, places=(NICE,), witness="unknown", probability=0.4, consequences=())
        for n in range(6)
    ]
    assert [i.place for i in alerts([*great, *far])] == ["Lyon"]


def test_a_second_event_far_from_a_great_one_is_still_heard() -> None:
    great = [post(n, 3 * n) for n in range(150)]
    second = witnesses(14, start=120, first=1_000, places=(NICE,), hazards={"flood": 1.0}, probability=0.85)
    assert sorted(i.place for i in alerts([*great, *second])) == ["Lyon", "Nice"]


def test_deleting_after_the_trigger_withdraws() -> None:
    crowd = witnesses()
    gone = [Retraction(post_id=m.post_id, at=T0 + 10 * MINUTE_MS) for m in crowd]
    detector = Detector()
    detector.feed([*crowd, *gone])
    assert [i.msg_type for i in detector.finish()][-1] == "Cancel"


def test_a_slowly_poisoned_baseline_delays_but_does_not_silence() -> None:
    poison = [post(5_000 + n, -86_400 + 1_800 * n, consequences=(), probability=0.3) for n in range(40)]
    assert alerts([*poison, *witnesses(14)]) != []


def test_the_cost_of_forgery_is_at_least_the_floor() -> None:
    (alert,) = alerts(list(witnesses()))
    assert 3 <= alert.forgery_cost <= alert.voices


def quake_town(name: str, lat: float, lon: float) -> Place:
    return town(name, lat, lon, 200_000, uncertainty_km=8.0, country="EC")


def test_a_small_quake_does_not_swallow_a_large_one_beside_it() -> None:
    small, large = quake_town("small", 0.0, -78.0), quake_town("large", 3.2, -78.0)  # 356 km apart
    tremor = witnesses(8, places=(small,), hazards={"earthquake": 1.0})
    shock = [post(2_000 + n, 2_700 + 2 * n, places=(large,), hazards={"earthquake": 1.0}) for n in range(30)]
    assert [i.place for i in alerts([*tremor, *shock])] == ["small", "large"]


def test_the_first_reports_of_one_quake_from_all_around_are_one() -> None:
    towns = [quake_town("a", 0.0, -78.0), quake_town("b", 1.5, -78.5), quake_town("c", -1.2, -79.0)]
    shock = [post(n, 2 * n, places=(towns[n % 3],), hazards={"earthquake": 1.0}) for n in range(90)]
    assert len(alerts(shock)) == 1


def test_an_explanation_far_outnumbered_explains_nothing() -> None:
    said = [post(900 + n, n, modality="sport", witness="media", probability=0.1) for n in range(2)]
    crowd = witnesses(30, start=30, probability=0.6, witness="relay", consequences=("dead",))
    assert [i.place for i in alerts([*said, *crowd])] == ["Lyon"]


def test_an_open_quake_leaves_a_collapse_in_its_reach_alone() -> None:
    quake = [post(n, 5 * n, hazards={"earthquake": 1.0}, consequences=("damage",)) for n in range(60)]
    collapse = witnesses(10, start=7_200, first=500, hazards={"collapse": 1.0}, places=(NICE,))
    assert [(i.hazard, i.place) for i in alerts([*quake, *collapse])] == [("earthquake", "Lyon"), ("collapse", "Nice")]


def test_the_fire_of_the_morning_leaves_the_later_rail_accident_of_the_town_alone() -> None:
    fire = witnesses(12, hazards={"fire": 1.0})
    rail = witnesses(10, start=4 * 3_600, first=500, hazards={"rail_accident": 1.0})
    assert [i.hazard for i in alerts([*fire, *rail])] == ["fire", "rail_accident"]


def test_talk_without_a_place_does_not_outnumber_an_explanation() -> None:
    said = [post(900 + n, 5 + n, modality="commemoration", witness="unknown", probability=0.1) for n in range(2)]
    crowd = witnesses(7, start=20, probability=0.3, witness="unknown", consequences=())
    noise = [post(500 + n, 30 + 10 * n, places=(), probability=0.4, consequences=()) for n in range(20)]
    assert alerts([*said, *crowd, *noise]) == []


def test_a_match_does_not_explain_an_evacuation() -> None:
    said = [post(900 + n, n, modality="sport", witness="unknown", probability=0.1) for n in range(2)]
    crowd = witnesses(7, start=30, witness="unknown", probability=0.9, consequences=("evacuated",))
    assert [i.place for i in alerts([*said, *crowd])] == ["Lyon"]
    drill = [post(900 + n, n, modality="exercise", witness="unknown", probability=0.1) for n in range(2)]
    assert alerts([*drill, *crowd]) == []


def test_sources_that_come_back_after_hours_raise_nothing_by_themselves() -> None:
    detector = Detector()
    talk = [post(n, 120 * n, places=(LYON,), witness="unknown", probability=0.2, consequences=()) for n in range(180)]
    away = range(2 * 3_600_000, 5 * 3_600_000)
    detector.feed([one for one in talk if one.event_at - T0 not in away])
    for pane in range(0, 6 * 3_600_000, 10_000):
        if pane not in away:
            detector.exposure(T0 + pane, "a", 4)
    assert [i for i in detector.finish() if i.raised_at - T0 >= 5 * 3_600_000 and i.state == "open"] == []
