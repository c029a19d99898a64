"""What a new voice makes worth weighing: also what is told beside it, where it leaves open what it tells of."""

from __future__ import annotations

import pytest
from mentions import mention
from towns import town

from detectors import Detector
from tocsin.model import Incident, Mention

VILLAGE = town("Village", 46.11, 7.49, 900, uncertainty_km=2.0)
FAR = town("Far", 46.60, 7.49, 900, uncertainty_km=2.0)


def raised(*mentions: Mention) -> list[Incident]:
    detector = Detector(None)
    detector.feed(list(mentions))
    return [incident for incident in detector.finish() if incident.reason == "raised"]


def two_of_a_landslide() -> list[Mention]:
    return [mention(n, 300 * n, VILLAGE, hazard="landslide", consequences=("damage", "trapped")) for n in range(2)]


@pytest.mark.parametrize("hazards", [{"road_accident": 0.28, "open": 0.72}, {"open": 1.0}], ids=["a-hint", "nothing"])
def test_a_third_voice_that_leaves_it_open_raises_what_the_others_told(hazards: dict[str, float]) -> None:
    closed = mention(5, 700, VILLAGE, hazards=hazards, consequences=("road_closed",))
    assert raised(*two_of_a_landslide()) == []
    (incident,) = raised(*two_of_a_landslide(), closed)
    assert incident.hazard == "landslide"


def test_far_away_it_raises_nothing() -> None:
    assert raised(*two_of_a_landslide(), mention(5, 700, FAR, hazards={"road_accident": 0.28, "open": 0.72})) == []
