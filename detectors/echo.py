"""What the talk about open incidents makes expected elsewhere, so that it is not taken for new events.

*Echo*: people far away talk of a big event and name their own town; open incidents therefore raise what is expected of their family
everywhere, by their pace. *Tangle*: who talks of a disaster talks of many hazards; an open incident raises what is expected of every other
hazard at the places its own voices named, as often as they named them. *Fringe*: within its reach a place of its own hazard is named as
often as the fringe is told of.

Fails when: talk of a past event, no longer open, comes back at once (an anniversary): the explanations must hold that.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from detectors.baseline import Baseline
from detectors.case import Case
from detectors.geometry import within_km
from detectors.hazards import SUPPORT, compatible
from detectors.place import NONE_SHARE
from tocsin.model import Place
from tocsin.settings.detector import DetectorSettings

ECHO_LEAST_SHARE: Final = 1e-2
"""Share of the echo that names any one place, at least: the talk about an event is not spread as ordinary talk is."""
FRINGE_SUPPORT: Final = 0.45
"""An incident's fringe talks of the hazards that its own supports at least so well."""


class Echo:
    """The talk about the incidents open at an instant. It holds while none of them is raised, hears a voice or moves.

    >>> from detectors.baseline import Baseline
    >>> Echo([], 0, Baseline(DetectorSettings()), DetectorSettings()).rate("fire", None)
    0.0
    """

    def __init__(self, cases: Iterable[Case], now_at: int, baseline: Baseline, settings: DetectorSettings) -> None:
        self._open = [
            (case, case.pace_now(now_at), case.steady_pace(now_at)) for case in cases if case.state != "closed"
        ]
        self._baseline = baseline
        self._settings = settings
        self._rates: dict[tuple[str, str], float] = {}
        self._shares: dict[str, tuple[float, list[tuple[float, bool]]]] = {}

    def rate(self, hazard: str, place: Place | None) -> float:
        """Give the voices a minute expected to name a place (``None``: no place) because open incidents are talked of."""
        if not self._open:
            return 0.0
        key = hazard, "" if place is None else place.id
        rate = self._rates.get(key)
        if rate is None:
            rate = self._rates[key] = self._unlocated(hazard) if place is None else self._located(hazard, place)
        return rate

    def _unlocated(self, hazard: str) -> float:
        rate = 0.0
        for case, pace, _ in self._open:
            rate += NONE_SHARE * pace * SUPPORT[case.hazard][hazard]
        return rate

    def _located(self, hazard: str, place: Place) -> float:
        rate = 0.0
        elsewhere, seen = self._seen_from(place)
        for (case, pace, steady), (told, near) in zip(self._open, seen, strict=True):
            if not compatible(hazard, case.hazard):
                rate += self._settings.tangle_share * steady * told
                continue
            share = max(told, elsewhere)
            if near and SUPPORT[case.hazard][hazard] >= FRINGE_SUPPORT:
                share = max(share, self._settings.fringe_share)
            rate += pace * share
        return rate

    def _seen_from(self, place: Place) -> tuple[float, list[tuple[float, bool]]]:
        """Give the share of far talk that names a place; by incident, the share of its own voices that did and whether it is in reach."""
        seen = self._shares.get(place.id)
        if seen is None:
            elsewhere = self._settings.echo_share * max(self._baseline.share(place), ECHO_LEAST_SHARE)
            seen = self._shares[place.id] = (
                elsewhere,
                [
                    (
                        case.told_share(place),
                        within_km(place.lat, place.lon, case.place.lat, case.place.lon, case.reach_km(self._settings)),
                    )
                    for case, _, _ in self._open
                ],
            )
        return seen
