"""Declared exercises: which window covers an incident, and for whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dispatch.territory import TOLD_MASS, areas_of, holds
from tocsin.model import ExerciseWindow, Incident
from tocsin.settings.territory import TerritorySettings


def covering(
    windows: Iterable[ExerciseWindow], incident: Incident, territories: Mapping[str, TerritorySettings]
) -> ExerciseWindow | None:
    """Give the window that covers an incident, the one declared last if several do; ``None`` if none does.

    It covers what was *raised* within its time, whose hazard it plays, and of which enough mass lies in its area. An incident from before
    the exercise is never taken for it.
    """
    found = [window for window in windows if covers(window, incident, territories)]
    return max(found, key=lambda window: (window.declared_at, window.window_id), default=None)


def covers(window: ExerciseWindow, incident: Incident, territories: Mapping[str, TerritorySettings]) -> bool:
    """Tell whether one window covers an incident."""
    if window.withdrawn or not window.from_at <= incident.raised_at < window.until_at:
        return False
    if window.hazards and incident.hazard not in window.hazards:
        return False
    area = territories.get(window.centre)
    if window.departements or window.communes:
        area = TerritorySettings(centre=window.centre, departements=window.departements, communes=window.communes)
    return area is not None and sum(part.mass for part in areas_of(incident) if holds(area, part)) >= TOLD_MASS
