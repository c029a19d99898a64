"""Plays on from a moment and looks at one place after every pane: what the detector thinks, what it raises near, whose the voices are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from detectors import looking
from detectors.geometry import distance_km
from detectors.hazards import touched
from detectors.hypothesis import Hypothesis
from detectors.pool import coarse_key, containing_keys
from detectors.telling import spread_of
from tocsin.analysis.saying import hazard_at
from tocsin.model import COARSE_KINDS, Incident, Mention, Place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from detectors import Detector
    from tocsin.analysis.stage import Stage
    from tocsin.settings.detector import DetectorSettings

FATES_EVERY_PANES: Final = 60
LOOK_EVERY_PANES: Final = 6
"""Without a new voice, a look a minute is enough for the time line; the detector itself weighs a place when a voice is new."""
MOST_SEEDS: Final = 6
NEAR_KM: Final = 10.0
COPY: Final = "a copy of an earlier post"


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """What was thought at the close of one pane."""

    at: int
    nats: float | None
    """``None``: too few voices to weigh, or an explanation stands."""
    voices: int


def near_km(hazard: str, place: Place, settings: DetectorSettings) -> float:
    """Give how far from a place an incident of a hazard may be raised and still be the one that is asked about, in km."""
    return spread_of(hazard, settings) + place.uncertainty_km + NEAR_KM


def moment_of(at: int, found: Hypothesis | None) -> Moment:
    """Give the moment of a hypothesis."""
    finite = found is not None and found.nats > float("-inf")
    return Moment(at=at, nats=found.nats if found and finite else None, voices=len(found.voices) if found else 0)


def may_speak_of(mention: Mention, place: Place, reach_km: float) -> bool:
    """Tell whether a mention names a place within reach, or one that contains the place."""
    for named in mention.places:
        if named.kind in COARSE_KINDS:
            if coarse_key(named) in containing_keys(place):
                return True
        elif distance_km(named.lat, named.lon, place.lat, place.lon) <= reach_km + named.uncertainty_km:
            return True
    return False


def reach_km(hazard: str, settings: DetectorSettings) -> float:
    """Give how far from a place a voice of a hazard is still weighed, in km, as the detector looks."""
    return 3.0 * spread_of(hazard, settings) + 15.0


class Watching:
    """Plays on from a stage and looks at one place after every pane."""

    def __init__(self, stage: Stage, settings: DetectorSettings, place: Place, hazards: Sequence[str]) -> None:
        self._stage, self._settings, self._place, self._hazards = stage, settings, place, hazards
        self.raised: list[Incident] = []
        self.held: list[Incident] = []
        self.best: dict[str, tuple[Hypothesis, int]] = {}
        self.moments: dict[str, list[Moment]] = {}
        self.expected: dict[str, float] = {}
        self.fates: dict[str, str] = {}
        self.explained: dict[str, str] = {}
        self._told: dict[str, str] = {}
        self._fresh = self._fresh_panes()

    def play(self, to_at: int) -> None:
        """Play to an instant."""
        player = self._stage.again()
        seeds = self._seeds()
        ends = list(self._stage.pane_ends(to_at))
        for number, at in enumerate(ends):
            self._note(player.to(at))
            for hazard in self._hazards:
                fresh = at in self._fresh.get(hazard, ())
                if not fresh and number % LOOK_EVERY_PANES:
                    continue
                self.expected.setdefault(hazard, looking.expected_per_min(player.detector, hazard, self._place))
                found = looking.best_weighed(player.detector, hazard, seeds)
                self.moments.setdefault(hazard, []).append(moment_of(at, found))
                if found is None or not fresh:
                    continue  # the detector weighs a place only when a voice is new
                if found.explained is not None:
                    self.explained[hazard] = found.explained
                if hazard not in self.best or found.nats > self.best[hazard][0].nats:
                    self.best[hazard] = (found, at)
            if number % FATES_EVERY_PANES == 0 or at == ends[-1]:
                self._note_fates(player.detector, at)

    def nearest(self) -> str | None:
        """Give the hazard that was raised or held back, else the one that came nearest to it, else the first that was told of."""
        if self.raised or self.held:
            return (self.raised or self.held)[0].hazard
        weighed = [hazard for hazard in self._hazards if hazard in self.best]
        by_evidence = max(weighed, key=lambda hazard: self.best[hazard][0].nats, default=None)
        return by_evidence or next(iter(self._hazards), None)

    def _fresh_panes(self) -> dict[str, set[int]]:
        """Give for each hazard the closings of the panes in which a voice is new that may speak of the place, or names none."""
        panes = self._stage.panes
        fresh: dict[str, set[int]] = {}
        for item in self._stage.rest.items:
            if isinstance(item, Mention):
                for hazard in self._hazards:
                    near = not item.places or may_speak_of(item, self._place, reach_km(hazard, self._settings))
                    if near and (item.perception_only or hazard in touched(item.hazards) or not touched(item.hazards)):
                        fresh.setdefault(hazard, set()).add(panes.closes_at(item.event_at))
        return fresh

    def _seeds(self) -> list[Place]:
        wide = max((spread_of(hazard, self._settings) for hazard in self._hazards), default=3.0)
        near: dict[str, tuple[float, Place]] = {}
        for item in self._stage.rest.items:
            if isinstance(item, Mention):
                for place in item.places:
                    apart = distance_km(place.lat, place.lon, self._place.lat, self._place.lon)
                    if place.kind not in COARSE_KINDS and apart <= wide + self._place.uncertainty_km:
                        near.setdefault(place.id, (apart, place))
        ranked = [place for _, place in sorted(near.values(), key=lambda pair: (pair[0], pair[1].id))]
        return [self._place, *ranked[: MOST_SEEDS - 1]]

    def _note(self, revisions: Sequence[Incident]) -> None:
        for revision in revisions:
            self._told[revision.incident_id] = f"the {hazard_at(revision.hazard, revision.place)}"
            apart = distance_km(revision.lat, revision.lon, self._place.lat, self._place.lon)
            near = max(revision.radius_km, near_km(revision.hazard, self._place, self._settings))
            if revision.reason not in ("raised", "explained") or apart > near:
                continue
            if revision.state == "open":
                self.raised.append(revision)
            elif revision.state in ("watch", "explained"):
                self.held.append(revision)

    def _note_fates(self, detector: Detector, at: int) -> None:
        """Note whose voices are now; what was owned once stays noted."""
        for case in looking.alive_near(detector, self._place):
            self._told.setdefault(case.incident_id, f"the {hazard_at(case.hazard, case.place.name)}")
        first: dict[int, str] = {}
        for item in self._stage.rest.items:
            if not isinstance(item, Mention) or item.event_at >= at:
                continue
            number = looking.number_of_post(detector, item.post_id)
            if number is not None and first.setdefault(number, item.post_id) != item.post_id:
                self.fates[item.post_id] = COPY
                continue
            owner = looking.owner_of_post(detector, item.post_id)
            if owner is not None:
                self.fates[item.post_id] = self._told.get(owner, "another incident")
