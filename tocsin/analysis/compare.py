"""The alerts gained and lost from one setting to another, and the events.

Two alerts are the same when they have one identity, or else tell of compatible hazards within reach of each other (the larger r90, at
least ``NEAR_KM``) within ``NEAR_MS``; nearest in time first, each once.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Final

import msgspec

from detectors.geometry import distance_km
from detectors.hazards import compatible
from tocsin.analysis.outcome import AlertRow, Outcome
from tocsin.time import HOUR_MS, SECOND_MS

NEAR_KM: Final = 15.0
NEAR_MS: Final = 6 * HOUR_MS


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """One alert under both settings, raised at another instant."""

    before: AlertRow
    after: AlertRow
    later_s: float
    """Negative: earlier than before."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What another setting changes."""

    gained: tuple[AlertRow, ...]
    lost: tuple[AlertRow, ...]
    shifted: tuple[Shift, ...]
    same: int
    """Alerts raised at the same instant under both."""
    events_gained: tuple[str, ...]
    events_lost: tuple[str, ...]


def changed(before: Outcome, after: Outcome) -> Change:
    """Compare what two settings did on the same recordings."""
    pairs = _pairs(before.alert_rows, after.alert_rows)
    kept, found = {one for one, _ in pairs}, {other for _, other in pairs}
    shifts = [
        Shift(before=one, after=other, later_s=(other.raised_at - one.raised_at) / SECOND_MS)
        for one, other in ((before.alert_rows[i], after.alert_rows[j]) for i, j in pairs)
        if other.raised_at != one.raised_at
    ]
    hit_before = {(row.trial, row.name) for row in before.event_rows if row.hit}
    hit_after = {(row.trial, row.name) for row in after.event_rows if row.hit}
    return Change(
        gained=tuple(row for index, row in enumerate(after.alert_rows) if index not in found),
        lost=tuple(row for index, row in enumerate(before.alert_rows) if index not in kept),
        shifted=tuple(sorted(shifts, key=lambda shift: (shift.later_s, shift.after.incident_id))),
        same=len(pairs) - len(shifts),
        events_gained=tuple(name for _, name in sorted(hit_after - hit_before)),
        events_lost=tuple(name for _, name in sorted(hit_before - hit_after)),
    )


def _pairs(before: tuple[AlertRow, ...], after: tuple[AlertRow, ...]) -> list[tuple[int, int]]:
    by_time = sorted(range(len(after)), key=lambda j: after[j].raised_at)
    times = [after[j].raised_at for j in by_time]
    likely = []
    for i, one in enumerate(before):
        first, last = bisect_left(times, one.raised_at - NEAR_MS), bisect_right(times, one.raised_at + NEAR_MS)
        for j in by_time[first:last]:
            other = after[j]
            if one.trial != other.trial:
                continue
            same = one.incident_id == other.incident_id
            apart = distance_km(one.lat, one.lon, other.lat, other.lon)
            near = apart <= max(one.radius_km, other.radius_km, NEAR_KM)
            if same or (near and compatible(one.hazard, other.hazard)):
                likely.append((not same, abs(one.raised_at - other.raised_at), round(apart, 6), i, j))
    taken: set[int] = set()
    pairs: dict[int, int] = {}
    for _, _, _, i, j in sorted(likely):
        if i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    return sorted(pairs.items())
