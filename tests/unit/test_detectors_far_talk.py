"""What is said of an event under the name of the next city, and which hazard it is said to be at once; on hand-made mentions."""

from __future__ import annotations

import itertools

import pytest
from mentions import mention

from detectors import Detector
from tocsin.model import Incident, Mention, Place

LITTLE = Place(
    id="x:little", name="Little", kind="town", lat=47.80, lon=-1.50, uncertainty_km=3, country="FR", population=3_000,
    score=0.9,
)  # fmt: skip
CITY = Place(
    id="x:city",
    name="City",
    kind="town",
    lat=47.53,
    lon=-1.50,
    uncertainty_km=5,
    country="FR",
    population=90_000,
    score=0.9,
)  # 30 km to the south: beyond what an explosion claims


def told(secs: float, count: int, *places: Place, every_secs: float = 20, first: int = 0) -> list[Mention]:
    return [
        mention(first + n, secs + every_secs * n, *places, hazard="explosion", consequences=("damage",))
        for n in range(count)
    ]


def alerts(*streams: list[Mention]) -> list[Incident]:
    detector = Detector(None)
    mentions: list[Mention] = sorted(itertools.chain(*streams), key=lambda m: m.event_at)
    detector.feed(mentions)
    return [i for i in detector.finish() if i.reason == "raised"]


def places(incidents: list[Incident]) -> list[str]:
    return [incident.place for incident in incidents]


@pytest.mark.parametrize(
    ("beside", "expected"), [((CITY,), ["Little"]), ((), ["Little", "City"])], ids=["named-beside-it", "never-named"]
)
def test_the_next_city_named_beside_an_event_is_talk_of_it(beside: tuple[Place, ...], expected: list[str]) -> None:
    event = told(0, 20, LITTLE) + told(400, 40, LITTLE, *beside, first=20)
    later = told(1_500, 4, CITY, every_secs=60, first=100)
    assert places(alerts(event, later)) == expected


def test_more_voices_than_the_talk_of_an_event_brings_are_an_event_of_the_city() -> None:
    event = told(0, 20, LITTLE) + told(400, 40, LITTLE, CITY, first=20)
    later = told(4_000, 40, CITY, every_secs=3, first=100)
    assert places(alerts(event, later)) == ["Little", "City"]


def test_the_hazard_first_said_is_the_most_told_of_all_that_it_claims() -> None:
    news = [mention(n, 200 * n, LITTLE, hazard="landslide", probability=0.5, witness="media") for n in range(3)]
    mixed = {"collapse": 0.55, "landslide": 0.45}
    seen = [mention(10 + n, 3_000 + n, LITTLE, hazards=mixed, consequences=("damage",)) for n in range(3)]
    assert [(first.hazard, first.voices) for first in alerts(news, seen)] == [
        ("landslide", 6)
    ]  # 3 x .45 and news, over 3 x .55
