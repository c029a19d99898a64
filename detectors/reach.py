"""Which open incidents may claim a voice: found by place, so that what a voice costs does not grow with the incidents of the world."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from detectors.case import Case
from detectors.geometry import Cell, cell_of, cells_around
from detectors.place import WIDE_KM
from detectors.pool import containing_keys
from detectors.rivals import NEAR_SUPPORT
from detectors.telling import spread_of
from detectors.voices import Voice
from tocsin.model import COARSE_KINDS
from tocsin.settings.detector import DetectorSettings

MARGIN_KM: Final = 60.0
"""Places whose uncertainty is greater are looked for among all incidents."""


class Reach:
    """The open incidents by the cells within their reach. ``may_claim`` gives every incident that can claim a voice, and few others.

    It is true while no incident is raised, moved or closed: ``holds`` tells.
    """

    def __init__(self, cases: Iterable[Case], settings: DetectorSettings) -> None:
        self._all = [case for case in cases if case.state != "closed"]
        self._shape = _shape(self._all, settings)
        self._by_hazard: dict[str, list[Case]] = {}
        self._cells: dict[Cell, list[Case]] = {}
        self._inside: dict[str, list[Case]] = {}
        self._wide = [case for case in self._all if spread_of(case.hazard, settings) >= WIDE_KM]
        for case in self._all:
            self._by_hazard.setdefault(case.hazard, []).append(case)
            for cell in cells_around(case.place.lat, case.place.lon, case.reach_km(settings) + MARGIN_KM):
                self._cells.setdefault(cell, []).append(case)
            for key in containing_keys(case.place):
                self._inside.setdefault(key, []).append(case)

    def holds(self, cases: Iterable[Case], settings: DetectorSettings) -> bool:
        """Tell whether it is still true of some incidents: none is new, closed, moved, wider or of another hazard."""
        return self._shape == _shape(cases, settings)

    def may_claim(self, voice: Voice) -> list[Case]:
        """Give the incidents that a voice may belong to; the rest certainly do not claim it."""
        if not self._all:
            return self._all
        if not voice.places:
            backs = voice.backs
            return [c for hazard, cases in self._by_hazard.items() if backs[hazard] >= NEAR_SUPPORT for c in cases]
        found: dict[str, Case] = {}
        for place in voice.places:
            if place.kind in COARSE_KINDS:
                near = [*self._wide, *(case for key in containing_keys(place) for case in self._inside.get(key, ()))]
            elif place.uncertainty_km > MARGIN_KM:
                return self._all
            else:
                near = self._cells.get(cell_of(place.lat, place.lon), [])
            for case in near:
                found[case.incident_id] = case
        return list(found.values())


def _shape(cases: Iterable[Case], settings: DetectorSettings) -> list[tuple[str, str, str, float, float, float]]:
    """Give of each incident not closed what decides where it is looked for."""
    return [
        (case.incident_id, case.hazard, case.place.id, case.place.lat, case.place.lon, case.reach_km(settings))
        for case in cases
        if case.state != "closed"
    ]
