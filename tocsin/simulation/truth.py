"""The ground truth of a simulated stream, in the form the scorer reads."""

from __future__ import annotations

from typing import Any, Final

from tocsin.simulation.events import position_of
from tocsin.simulation.said import Said, post_id
from tocsin.simulation.scenario import DecoyPlan, IncidentPlan, Scenario
from tocsin.simulation.world import by_name
from tocsin.time import HOUR_MS, SECOND_MS, format_instant

RADIUS_KM: Final[dict[str, float]] = {
    "earthquake": 80.0,
    "storm": 30.0,
    "flood": 20.0,
    "road_accident": 20.0,
    "rail_accident": 20.0,
}
"""How near the truth a placed incident must lie; 15 km for the other hazards."""
FELT_KM: Final[dict[str, float]] = {"earthquake": 250.0}
OTHER_RADIUS_KM: Final = 15.0
DECOY_TAIL_MS: Final = HOUR_MS
"""An alarm may come so long after the last post of a look-alike and still be its fault."""
SINGLE_LASTS_MS: Final = 3 * HOUR_MS
MAX_SINGLES: Final = 100_000
"""Lone true posts named in the truth; a longer stream counts the rest."""
ALSO: Final[dict[str, tuple[str, ...]]] = {
    "explosion": ("fire", "collapse"),
    "collapse": ("rescue",),
    "landslide": ("road_accident", "rescue"),
    "attack": ("rescue",),
    "industrial": ("fire",),
    "rail_accident": (),
}
"""Other hazards that a listener may fairly say: what people tell of includes them."""


class Ledger:
    """Keeps what the stream has told, and writes the truth at its end."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._first: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self._relevant: dict[str, int] = {}
        self._singles: list[dict[str, Any]] = []
        self.counts: dict[str, int] = {}

    def note(self, said: Said) -> None:
        """Count one post that was told."""
        self.counts[said.kind] = self.counts.get(said.kind, 0) + 1
        name = said.event
        if name is None:
            return
        if said.kind == "single_true":
            if len(self._singles) < MAX_SINGLES:
                self._singles.append(self._single(said))
            return
        self._last[name] = max(said.told_at, self._last.get(name, said.told_at))
        if said.relevant:
            self._relevant[name] = self._relevant.get(name, 0) + 1
            self._first[name] = min(said.told_at, self._first.get(name, said.told_at))

    def _single(self, said: Said) -> dict[str, Any]:
        name, lat, lon = said.names[0]
        return {
            "name": f"single true post {said.number} ({name})",
            "hazard": [said.hazard],
            "lat": lat,
            "lon": lon,
            "radius_km": OTHER_RADIUS_KM,
            "start": format_instant(said.told_at),
            "end": format_instant(said.told_at + SINGLE_LASTS_MS),
            "post_ids": [post_id(self._scenario.seed, said.number)],
        }

    def truth(self) -> dict[str, Any]:
        """Give the truth as a JSON object: events, decoys and minor incidents with places and times."""
        scenario = self._scenario
        return {
            "scenario": scenario.name,
            "description": f"Simulated by Tocsin, seed {scenario.seed}: every post, person and event is invented.",
            "span": [format_instant(scenario.start_at), format_instant(scenario.end_at)],
            "events": [self._event(plan) for plan in scenario.incidents],
            "decoys": [self._decoy(plan) for plan in scenario.decoys],
            "minor_incidents": self._singles,
            "counts": {"posts": sum(self.counts.values()), **dict(sorted(self.counts.items()))},
        }

    def _event(self, plan: IncidentPlan) -> dict[str, Any]:
        lat, lon = position_of(plan)
        starts_at = self._scenario.start_at + round(plan.after_secs * SECOND_MS)
        radius_km = RADIUS_KM.get(plan.hazard, OTHER_RADIUS_KM)
        return {
            "name": plan.name,
            "hazard": [plan.hazard, *ALSO.get(plan.hazard, ())],
            "lat": lat,
            "lon": lon,
            "radius_km": radius_km,
            "felt_radius_km": FELT_KM.get(plan.hazard, radius_km),
            "start": format_instant(starts_at),
            "first_relevant_post": format_instant(self._first.get(plan.name, starts_at)),
            "relevant_posts": self._relevant.get(plan.name, 0),
            "place": f"{plan.quarter}, {plan.town}" if plan.quarter else plan.town,
        }

    def _decoy(self, plan: DecoyPlan) -> dict[str, Any]:
        town = by_name()[plan.town]
        starts_at = self._scenario.start_at + round(plan.after_secs * SECOND_MS)
        return {
            "name": plan.name,
            "kind": plan.kind,
            "lat": town.lat,
            "lon": town.lon,
            "radius_km": OTHER_RADIUS_KM,
            "start": format_instant(starts_at),
            "end": format_instant(self._last.get(plan.name, starts_at) + DECOY_TAIL_MS),
            "place": town.name,
        }
