"""What one setting did on some recordings: counts, ratios with their intervals, delays, and every alert and event by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from tocsin.analysis.intervals import Interval, rate_interval, share_interval
from tocsin.scoring.convention import SPLITS_ALLOWED, percentile
from tocsin.time import DAY_MS, MINUTE_MS, parse_instant

MINUTES_A_DAY: Final = DAY_MS / MINUTE_MS
_SUMMED: Final = (
    "events",
    "hits",
    "placed",
    "late",
    "false_alarms",
    "decoys",
    "decoy_alarms",
    "splits",
    "wrong_hazard",
    "jumps",
    "neutral",
)


class AlertRow(msgspec.Struct, frozen=True, kw_only=True):
    """One incident that was raised, and what the scoring made of it."""

    incident_id: str
    trial: str
    hazard: str
    place: str
    lat: float
    lon: float
    radius_km: float
    raised_at: int
    last_at: int
    revisions: int = 1
    fate: str
    """``hit``, ``false alarm``, ``decoy alarm``, ``wrong hazard``, ``late``, ``split or minor``, or ``unknown`` without a truth."""
    event: str | None
    """The event it hit, or the decoy it fell for."""
    voices: int
    evidence: float
    """At the raise, in nats."""
    threshold: float


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """One true event, and whether it was heard."""

    trial: str
    name: str
    hazards: tuple[str, ...]
    hit: bool
    placed: bool | None
    raised_at: int | None
    hazard_said: str | None
    delay_s: float | None
    excess_s: float | None
    error_km: float | None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one setting did. Counts are over all recordings; delays in seconds; rates a day."""

    changes: dict[str, Any]
    """The knobs that differ from the base."""
    days: float
    alerts: int
    interruptions: int
    """Revisions a dispatcher would have been shown."""
    known: bool
    """Whether there was a truth: without one, all below is empty."""
    counts: dict[str, int]
    """The counts of ``tocsin score``, by its names: ``events``, ``hits``, ``placed``, ``false_alarms``…"""
    recall: float | None
    recall_interval: Interval | None
    precision: float | None
    notification_precision: float | None
    false_a_day: float | None
    """False and decoy alarms a day."""
    false_a_day_interval: Interval | None
    budget_a_day: float
    """False alarms a day that the budget allows one territory."""
    median_delay_s: float | None
    median_excess_s: float | None
    p90_excess_s: float | None
    alert_rows: tuple[AlertRow, ...]
    event_rows: tuple[EventRow, ...]


def gathered(
    results: Sequence[tuple[str, Mapping[str, Any], Sequence[AlertRow], float]],
    changes: dict[str, Any],
    budget_mins: float,
    *,
    known: bool,
) -> Outcome:
    """Sum the scores of some recordings.

    Args:
        results: name, score, alerts and days of each recording.
        changes: the knobs that differ from the base.
        budget_mins: the accepted minutes between two false alarms.
        known: whether all recordings have a truth.
    """
    counts = {key: sum(int(found[key]) for _, found, _, _ in results) for key in _SUMMED} if known else {}
    rows = [row for _, _, alerts, _ in results for row in alerts]
    events = [row for name, found, _, _ in results for row in _events_of(name, found)]
    days = sum(days for _, _, _, days in results)
    hits = counts.get("hits", 0)
    alarms = sum(len(found["false_alarm_list"]) + len(found["decoy_alarm_list"]) for _, found, _, _ in results)
    noise = sum(_noise(found) for _, found, _, _ in results)
    delays = [row.delay_s for row in events if row.delay_s is not None]
    excess = [row.excess_s for row in events if row.excess_s is not None]
    return Outcome(
        changes=changes,
        days=round(days, 3),
        alerts=len(rows),
        interruptions=sum(row.revisions for row in rows),
        known=known,
        counts=counts,
        recall=_ratio(hits, counts.get("events", 0)),
        recall_interval=share_interval(hits, counts.get("events", 0)),
        precision=_ratio(hits, hits + alarms),
        notification_precision=_ratio(hits, hits + noise),
        false_a_day=round(alarms / days, 4) if known and days else None,
        false_a_day_interval=rate_interval(alarms, days) if known else None,
        budget_a_day=round(MINUTES_A_DAY / budget_mins, 6),
        median_delay_s=percentile(delays, 0.5),
        median_excess_s=percentile(excess, 0.5),
        p90_excess_s=percentile(excess, 0.9),
        alert_rows=tuple(rows),
        event_rows=tuple(events),
    )


def _ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


def _noise(found: Mapping[str, Any]) -> int:
    """Count all that interrupts a dispatcher for nothing, as ``notification_precision`` of the scoring does."""
    alarms = len(found["false_alarm_list"]) + len(found["decoy_alarm_list"]) + len(found["wrong_hazard_list"])
    splits = sum(max(0, int(event["splits"]) - SPLITS_ALLOWED) for event in found["per_event"])
    return alarms + splits + int(found["jumps"])


def _events_of(trial: str, found: Mapping[str, Any]) -> list[EventRow]:
    return [
        EventRow(
            trial=trial,
            name=each["name"],
            hazards=tuple(each["hazard"]),
            hit=each["hit"],
            placed=each["placed"],
            raised_at=None if each["raised_at"] is None else parse_instant(each["raised_at"]),
            hazard_said=each["hazard_said"],
            delay_s=each["delay_s"],
            excess_s=each["excess_s"],
            error_km=each["error_10min_km"],
        )
        for each in found["per_event"]
    ]
