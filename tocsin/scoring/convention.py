"""The scoring convention, in code (in words: ``docs/reference/scoring.md``).

A *hit* is the earliest incident of a right hazard, first centred where the event is felt, raised from two minutes before the start (and
no more than a minute before the first relevant post) to six hours after that post (a day for slow events). What fits no event is a
decoy alarm, a wrong hazard, neutral (a minor true incident), or a false alarm, in this order.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tocsin.scoring.reading import Alert, Centre, Voice, distance_km, seconds

BEFORE_S: Final = 120
EARLY_S: Final = 60
AFTER_S: Final = 6 * 3600
SLOW_S: Final = 24 * 3600
PLACED_S: Final = 600
DEFAULT_RADIUS_KM: Final = 15.0
FLOOR_VOICES: Final = 3
SPLITS_ALLOWED: Final = 1
"""Splits of one event that do not count as an interruption."""


@dataclass
class _Event:
    """A true event while the alerts pass by."""

    truth: Mapping[str, Any]
    start_s: float
    first_s: float
    times_s: list[float]
    third_s: float | None
    hit: Alert | None = None
    splits: int = 0
    result: dict[str, Any] = field(default_factory=dict)

    @property
    def felt_km(self) -> float:
        return float(self.truth.get("felt_radius_km") or self.truth["radius_km"])

    def near_km(self, alert: Alert) -> float | None:
        """Distance of an alert in the event's felt area and time, else ``None``."""
        away = _distance(alert.lat, alert.lon, self.truth)
        earliest_s = max(self.start_s - BEFORE_S, self.first_s - EARLY_S)
        in_time = earliest_s <= alert.at_s <= self.start_s + SLOW_S
        return away if away is not None and away <= self.felt_km and in_time else None


def _distance(lat: float | None, lon: float | None, thing: Mapping[str, Any]) -> float | None:
    if lat is None or lon is None or thing.get("lat") is None:
        return None
    return distance_km(lat, lon, thing["lat"], thing["lon"])


def _third_voice_s(voices: Sequence[Voice]) -> float | None:
    authors: set[str | None] = set()
    for voice in voices:
        if not voice.is_repost:
            authors.add(voice.author)
        if len(authors) == FLOOR_VOICES:
            return voice.at_s
    return None


def _event(truth: Mapping[str, Any], voices: Mapping[str | None, Sequence[Voice]] | None) -> _Event:
    start_s = seconds(truth["start"])
    heard = (voices or {}).get(truth["name"]) or (voices or {}).get(None) or []
    heard = [voice for voice in heard if voice.at_s >= start_s - BEFORE_S]
    first_s = seconds(truth.get("first_relevant_post") or truth["start"])
    return _Event(truth, start_s, first_s, [voice.at_s for voice in heard], _third_voice_s(heard))


def _hit(event: _Event, alert: Alert) -> None:
    placed_by_s = alert.at_s + PLACED_S
    in_force: list[Centre] = [c for c in alert.centres if c.at_s <= placed_by_s and c.lat is not None]
    in_force = in_force or [alert.centres[0]]
    last = [c for c in alert.centres if c.at_s <= event.start_s + SLOW_S and c.lat is not None] or in_force
    first_km, ten_km, last_km = (
        _distance(centre.lat, centre.lon, event.truth) or 0.0 for centre in (alert.centres[0], in_force[-1], last[-1])
    )
    event.hit = alert
    event.result = {
        "incident_id": alert.incident_id,
        "raised_at": alert.raised_at,
        "hazard_said": alert.hazard,
        "jumps": alert.jumps,
        "first_error_km": round(first_km, 2),
        "error_10min_km": round(ten_km, 2),
        "last_error_km": round(last_km, 2),
        "placed": ten_km <= event.truth["radius_km"],
        "covered": last_km <= max(last[-1].radius_km, 0.1),
        "delay_s": round(alert.at_s - event.first_s, 3),
        "excess_s": round(alert.at_s - event.third_s, 3) if event.third_s else None,
    }


def _inside(other: Mapping[str, Any], alert: Alert) -> bool:
    """Tell whether an alert lies in the area (``None``: everywhere) and time of a decoy or minor incident."""
    if other.get("lat") is not None:
        away = _distance(alert.lat, alert.lon, other)
        if away is None or away > (other.get("radius_km") or DEFAULT_RADIUS_KM):
            return False
    return seconds(other["start"]) - BEFORE_S <= alert.at_s <= seconds(other["end"])


def _brief(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.incident_id,
        "hazard": alert.hazard,
        "lat": alert.lat,
        "lon": alert.lon,
        "raised_at": alert.raised_at,
        "place": alert.place,
    }


@dataclass
class _Verdicts:
    false: list[dict[str, Any]] = field(default_factory=list)
    decoy: list[dict[str, Any]] = field(default_factory=list)
    neutral: list[dict[str, Any]] = field(default_factory=list)
    wrong: list[dict[str, Any]] = field(default_factory=list)
    late: list[dict[str, Any]] = field(default_factory=list)


def _judge(alert: Alert, events: Sequence[_Event], truth: Mapping[str, Any], said: _Verdicts) -> None:
    near = [(event, away) for event in events if (away := event.near_km(alert)) is not None]
    fits = sorted(
        (
            (event.hit is not None, away, n)
            for n, (event, away) in enumerate(near)
            if alert.hazard in event.truth["hazard"]
        )
    )
    if fits:
        event = near[fits[0][2]][0]
        if event.hit is not None:
            event.splits += 1
        elif alert.at_s > event.first_s + (SLOW_S if event.truth.get("slow") else AFTER_S):
            said.late.append(_brief(alert))
        else:
            _hit(event, alert)
        return
    decoy = next((other for other in truth.get("decoys") or [] if _inside(other, alert)), None)
    if decoy is not None:
        said.decoy.append({**_brief(alert), "decoy": decoy["name"]})
        return
    if any(away <= event.truth["radius_km"] for event, away in near):
        said.wrong.append(_brief(alert))
        return
    minor = next(
        (o for o in truth.get("minor_incidents") or [] if o.get("start") and o.get("end") and _inside(o, alert)), None
    )
    if minor is not None and minor["name"] not in {other["minor"] for other in said.neutral}:
        said.neutral.append({**_brief(alert), "minor": minor["name"]})
        return
    said.false.append(_brief(alert))


def percentile(values: Sequence[float], share: float) -> float | None:
    """Give a percentile with linear interpolation, to three digits; ``None`` of nothing.

    >>> percentile([4.0, 1.0, 3.0, 2.0], 0.5)
    2.5
    """
    if not values:
        return None
    ordered = sorted(values)
    position = (len(ordered) - 1) * share
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return round(ordered[low] + (ordered[high] - ordered[low]) * (position - low), 3)


_PER_EVENT: Final = (
    "incident_id",
    "hazard_said",
    "raised_at",
    "delay_s",
    "excess_s",
    "delay_posts",
    "first_error_km",
    "error_10min_km",
    "last_error_km",
)


def _per_event(event: _Event) -> dict[str, Any]:
    return {
        "name": event.truth["name"],
        "hazard": event.truth["hazard"],
        "hit": event.hit is not None,
        "placed": event.result.get("placed"),
        "covered": event.result.get("covered"),
        "splits": event.splits,
        "jumps": event.result.get("jumps"),
        **{key: event.result.get(key) for key in _PER_EVENT},
    }


def _ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


def score(
    truth: Mapping[str, Any], alerts: Sequence[Alert], voices: Mapping[str | None, Sequence[Voice]] | None = None
) -> dict[str, Any]:
    """Score the alerts of a replay against the truth of its scenario.

    Args:
        truth: a truth file's object (``events``, ``decoys``, ``minor_incidents``, ``span``).
        alerts: in order of ``raised_at``.
        voices: the relevant posts of each event in time order, or ``None`` when posts and labels are not given: then the excess over
            the third voice and the delay in posts are not known.

    Returns:
        Counts, ratios (4 digits), delays (seconds) and lists; see ``docs/reference/scoring.md``.
    """
    events = [_event(each, voices) for each in truth.get("events") or []]
    said = _Verdicts()
    for alert in alerts:
        _judge(alert, events, truth, said)
    hits = [event for event in events if event.hit is not None]
    if voices is not None:
        for event in hits:
            event.result["delay_posts"] = bisect_right(event.times_s, event.hit.at_s) if event.hit else None
    bad = len(said.false) + len(said.decoy)
    jumps = sum(event.result["jumps"] for event in hits)
    noise = bad + len(said.wrong) + sum(max(0, event.splits - SPLITS_ALLOWED) for event in events) + jumps

    def column(key: str) -> list[float]:
        return [event.result[key] for event in hits if event.result.get(key) is not None]

    def within(limit_s: float) -> float | None:
        return _ratio(sum(delay <= limit_s for delay in column("delay_s")), len(events))

    span = truth.get("span")
    return {
        "scenario": truth.get("scenario"),
        "days": round((seconds(span[1]) - seconds(span[0])) / 86_400, 3) if span else None,
        "events": len(events),
        "incidents": len(alerts),
        "hits": len(hits),
        "placed": sum(bool(event.result["placed"]) for event in hits),
        "covered": sum(bool(event.result["covered"]) for event in hits),
        "misses": len(events) - len(hits),
        "late": len(said.late),
        "false_alarms": len(said.false),
        "decoys": len(truth.get("decoys") or []),
        "decoy_alarms": len({each["decoy"] for each in said.decoy}),
        "splits": sum(event.splits for event in events),
        "wrong_hazard": len(said.wrong),
        "jumps": jumps,
        "neutral": len(said.neutral),
        "precision": _ratio(len(hits), len(hits) + bad),
        "notification_precision": _ratio(len(hits), len(hits) + noise),
        "recall": _ratio(len(hits), len(events)),
        "recall_5min": within(300),
        "recall_15min": within(900),
        "recall_60min": within(3600),
        "median_delay_s": percentile(column("delay_s"), 0.5),
        "median_excess_s": percentile(column("excess_s"), 0.5),
        "p90_excess_s": percentile(column("excess_s"), 0.9),
        "median_delay_posts": percentile(column("delay_posts"), 0.5),
        "median_location_error_km": percentile(column("error_10min_km"), 0.5),
        "per_event": [_per_event(event) for event in events],
        "false_alarm_list": said.false,
        "decoy_alarm_list": said.decoy,
        "wrong_hazard_list": said.wrong,
        "late_list": said.late,
    }
