"""Which open incidents may claim a voice: found by place, so that what a voice costs does not grow with the incidents of the world."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from detectors.geometry import Cell, cell_of, cells_around
from detectors.incident import Case
from detectors.place import WIDE_KM
from detectors.pool import containing_keys
from detectors.telling import spread_of
from detectors.voices import Voice
from tocsin.model import COARSE_KINDS
from tocsin.settings.detector import DetectorSettings

MARGIN_KM: Final = 60.0
"""Places whose uncertainty is greater are looked for among all incidents."""


class Reach:
    """The open incidents by the cells within their reach. ``may_claim`` gives every incident that can claim a voice, and few others.

    It holds while no incident is raised, moved or closed.
    """

    def __init__(self, cases: Iterable[Case], settings: DetectorSettings) -> None:
        self._all = [case for case in cases if case.state != "closed"]
        self._cells: dict[Cell, list[Case]] = {}
        self._inside: dict[str, list[Case]] = {}
        self._wide = [case for case in self._all if spread_of(case.hazard, settings) >= WIDE_KM]
        for case in self._all:
            for cell in cells_around(case.place.lat, case.place.lon, case.reach_km(settings) + MARGIN_KM):
                self._cells.setdefault(cell, []).append(case)
            for key in containing_keys(case.place):
                self._inside.setdefault(key, []).append(case)

    def may_claim(self, voice: Voice) -> list[Case]:
        """Give the incidents that a voice may belong to; the rest certainly do not claim it."""
        if not self._all or not voice.places:
            return self._all
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
