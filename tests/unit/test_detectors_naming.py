"""Which hazard an incident is called by: the one under which all that its voices tell is likeliest."""

from __future__ import annotations

import math
import random

import msgspec
import pytest
from mentions import T0, mention
from towns import town

from detectors import Detector
from detectors.hazards import naming
from tocsin.model import HAZARDS, Incident, Mention
from tocsin.time import MINUTE_MS

TOWN = town("Town", 47.2, -1.5, 90_000, uncertainty_km=3.0)
DOUBTFUL, LIKELY, SURE = 0.3, 0.65, 0.9
LEAK_OR_FIRE = {"fire": 0.4, "industrial": 0.6}
BLAST_OR_FIRE = {"fire": 0.4, "explosion": 0.6}


def heard(*told: tuple[dict[str, float], float]) -> list[Mention]:
    return [
        mention(n, 60 * n, TOWN, hazards=hazards, probability=probability, consequences=("damage",))
        for n, (hazards, probability) in enumerate(told)
    ]


def raised(mentions: list[Mention]) -> Incident:
    detector = Detector(None)
    detector.feed(mentions)
    (incident,) = [one for one in detector.finish() if one.reason == "raised"]
    return incident


def test_what_all_allow_beats_what_a_part_names() -> None:
    """Of leak, blast and fire the fire has the least mass, and is the only one that all can have seen."""
    incident = raised(heard((LEAK_OR_FIRE, SURE), (BLAST_OR_FIRE, SURE), ({"fire": 0.3, "industrial": 0.7}, SURE)))
    assert max(incident.hazards, key=lambda hazard: incident.hazards[hazard]) == "industrial"
    assert incident.hazard == "fire"


def test_who_is_hardly_believed_hardly_names() -> None:
    told = [({"fire": 0.6, "industrial": 0.4}, SURE), ({"industrial": 1.0}, LIKELY)]
    assert raised(heard(*told, ({"fire": 1.0}, DOUBTFUL))).hazard == "industrial"
    assert raised(heard(*told, ({"fire": 1.0}, SURE))).hazard == "fire"


@pytest.mark.parametrize("seed", range(5))
def test_a_voice_names_as_the_mixture_of_who_is_of_the_event_and_who_is_not(seed: int) -> None:
    rng = random.Random(seed)
    told = {hazard: rng.random() for hazard in (*rng.sample(HAZARDS, 3), "open")}
    told = {hazard: mass / sum(told.values()) for hazard, mass in told.items()}
    sure = rng.random()
    for hazard, nats in naming(told, sure).items():
        of_it = told.get(hazard, 0.0) + told["open"] / len(HAZARDS)
        assert nats == pytest.approx(math.log((sure * of_it + (1 - sure) / len(HAZARDS)) * len(HAZARDS)))


def test_a_snapshot_without_the_naming_is_named_by_the_voices_it_holds() -> None:
    detector = Detector(None)
    detector.feed(heard((LEAK_OR_FIRE, SURE), (BLAST_OR_FIRE, SURE), (LEAK_OR_FIRE, SURE)))
    said = detector.advance(T0 + 5 * MINUTE_MS)
    assert [one.hazard for one in said if one.reason == "raised"] == ["fire"]
    kept = msgspec.msgpack.decode(detector.snapshot())
    before = [case.pop("naming") for case in kept["cases"]]
    assert all(before)
    again = Detector.restore(msgspec.msgpack.encode(kept))
    assert [case["naming"] for case in msgspec.msgpack.decode(again.snapshot())["cases"]] == before
