"""Reading what is scored: incident lines, a truth file, and optionally posts with their labels.

The forms are those of the replay scenarios: see ``docs/reference/scoring.md``.
"""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

EARTH_DIAMETER_KM = 12_742.0
MIN_JUMP_KM = 1.0
"""A centre that moves less than this has not jumped, however small the former radius."""


class ScoringError(ValueError):
    """A file cannot be scored; the message names the file and the line."""


class Centre(NamedTuple):
    """Where an incident was said to be from an instant (seconds) on."""

    at_s: float
    lat: float | None
    lon: float | None
    radius_km: float


class Alert(NamedTuple):
    """One incident: its first line, and its centres in order of revision."""

    incident_id: str
    hazard: str | None
    lat: float | None
    lon: float | None
    raised_at: str
    at_s: float
    place: Any
    centres: list[Centre]
    jumps: int
    """Revisions whose centre left the former radius."""


class Voice(NamedTuple):
    """A relevant post: when (seconds), by whom, and whether it repeats another."""

    at_s: float
    author: str | None
    is_repost: bool


def seconds(text: object) -> float:
    """Read an ISO 8601 date-time as seconds since 1970, to the microsecond."""
    moment = datetime.fromisoformat(str(text).strip())
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def distance_km(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Give the great-circle distance (haversine on a sphere of 6,371 km).

    >>> round(distance_km(48.8566, 2.3522, 45.764, 4.8357), 1)
    391.5
    """
    rad = math.pi / 180
    half = (
        math.sin((other_lat - lat) * rad / 2) ** 2
        + math.cos(lat * rad) * math.cos(other_lat * rad) * math.sin((other_lon - lon) * rad / 2) ** 2
    )
    return EARTH_DIAMETER_KM * math.asin(min(1.0, math.sqrt(half)))


def read_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Give (line number, object) of each non-empty line of a JSON Lines file, plain or gzip.

    Raises:
        ScoringError: a line is no JSON object.
    """
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                read = msgspec.json.decode(line)
            except msgspec.DecodeError as error:
                raise ScoringError(f"{path}:{number}: expected a JSON object, got {error}") from error
            if not isinstance(read, dict):
                raise ScoringError(f"{path}:{number}: expected a JSON object, got {type(read).__name__}")
            yield number, read


def read_truth(path: Path) -> dict[str, Any]:
    """Read a truth file.

    Raises:
        ScoringError: it is no JSON object.
    """
    try:
        read = msgspec.json.decode(path.read_bytes())
    except msgspec.DecodeError as error:
        raise ScoringError(f"{path}: expected a JSON object, got {error}") from error
    if not isinstance(read, dict):
        raise ScoringError(f"{path}: expected a JSON object, got {type(read).__name__}")
    return read


def _left(former: Centre, now: Centre) -> bool:
    if former.lat is None or former.lon is None or now.lat is None or now.lon is None:
        return False
    return distance_km(former.lat, former.lon, now.lat, now.lon) > max(former.radius_km, MIN_JUMP_KM)


def read_alerts(path: Path) -> list[Alert]:
    """Read incident lines: the first line of an id is the alert, later ones revise it, ``Cancel`` lines are passed over.

    Returns:
        The alerts in order of ``raised_at`` (ties in order of the file).

    Raises:
        ScoringError: a line is no JSON object or has no readable ``raised_at``.
    """
    return alerts_of(read_lines(path), str(path))


def alerts_of(records: Iterable[tuple[int, dict[str, Any]]], source: str) -> list[Alert]:
    """Give the alerts of incident lines that are at hand: as ``read_alerts``, with the name of their source for errors.

    Raises:
        ScoringError: a line has no readable ``raised_at``.
    """
    alerts: dict[str, Alert] = {}
    for number, record in records:
        if str(record.get("msg_type") or "").lower() == "cancel":
            continue
        identity = record.get("incident_id", f"line-{number - 1}")
        try:
            at_s = seconds(record["raised_at"])
            centre = Centre(
                seconds(record.get("updated_at") or record["raised_at"]),
                record.get("lat"),
                record.get("lon"),
                record.get("radius_km") or 0.0,
            )
        except (KeyError, ValueError) as error:
            raise ScoringError(f"{source}:{number}: raised_at, updated_at: expected ISO 8601, got {error}") from error
        known = alerts.get(identity)
        if known is None:
            alerts[identity] = Alert(
                identity,
                record.get("hazard"),
                record.get("lat"),
                record.get("lon"),
                record["raised_at"],
                at_s,
                record.get("place"),
                [centre],
                0,
            )
        else:
            jumped = _left(known.centres[-1], centre)
            known.centres.append(centre)
            alerts[identity] = known._replace(jumps=known.jumps + jumped)
    return sorted(alerts.values(), key=lambda alert: alert.at_s)


def read_voices(posts: Path, labels: Path) -> dict[str | None, list[Voice]]:
    """Give the relevant posts of each event (``None``: of the only event) in time order.

    Where a file names events, posts that name none or ``none`` belong to no event.
    """
    event_of = {label.get("id"): label.get("event") for _, label in read_lines(labels) if label.get("relevant") is True}
    voices: dict[str | None, list[Voice]] = {}
    for _, post in read_lines(posts):
        if post.get("id") in event_of and post.get("created_at"):  # retractions and broken lines have no id
            repeats = bool(post.get("repost_of")) or post["text"].startswith("RT ")
            voice = Voice(seconds(post["created_at"]), post.get("author"), repeats)
            voices.setdefault(event_of[post["id"]], []).append(voice)
    for heard in voices.values():
        heard.sort(key=lambda v: (v.at_s, v.author or "", v.is_repost))
    if any(event not in (None, "none") for event in voices):
        voices.pop(None, None)
    return voices
