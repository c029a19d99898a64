"""Three classical detectors on the same mentions, as references: each gets what ours gets but its reasoning.

* ``sta_lta``: distinct authors of a hazard in a quarter-degree cell in 5 minutes over the mean of the 6 hours before (P. Earle et al., 2011,
  doi:10.4401/ag-5364).
* ``ewma``: significance of each minute's count against exponentially weighted mean and variance, with a bias against rare cells (E. Schubert
  et al., "SigniTrend", KDD 2014).
* ``scan``: expectation-based scan with a negative-binomial count: the highest log-likelihood ratio over circles of 10, 30 and 100 km and windows
  of 5, 20 and 60 minutes (D. Neill, 2009, doi:10.1016/j.ijforecast.2008.12.002; M. Tango et al., 2011, doi:10.1002/sim.4303).

All hear only what asserts or asks, once an author and text; a place that was raised is silent for three hours within 50 km. ``strictness`` is
the one knob of each.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence

from detectors.geometry import distance_km
from detectors.voices import main_hazard
from tocsin.analysis.recording import Recording
from tocsin.model import COARSE_KINDS, Mention, Place
from tocsin.time import HOUR_MS, MINUTE_MS, format_instant

CELL_DEG = 0.25
SILENT_MS, SILENT_KM = 3 * HOUR_MS, 50.0
LATENCY_MS = 15_000
"""What ours waits for: the end of its pane and the lateness."""
FLOOR = 3


class Raiser:
    """Writes alarms, and keeps a place silent once it was raised."""

    def __init__(self) -> None:
        self.lines: list[dict] = []
        self._raised: list[tuple[int, str, Place]] = []

    def alarm(self, at: int, hazard: str, place: Place) -> None:
        """Write an alarm, unless its place is silent."""
        for raised_at, told, other in self._raised:
            near = distance_km(place.lat, place.lon, other.lat, other.lon) < SILENT_KM
            if near and at - raised_at < SILENT_MS and told == hazard:
                return
        self._raised.append((at, hazard, place))
        when = format_instant(at + LATENCY_MS)
        self.lines.append(
            {"incident_id": f"{hazard}:{at}:{place.id}", "hazard": hazard, "lat": place.lat, "lon": place.lon, "radius_km": 15.0,
             "place": place.name, "raised_at": when, "updated_at": when, "msg_type": "Alert"}
        )  # fmt: skip


def voices(recording: Recording) -> Iterator[tuple[Mention, str, Place]]:
    """Give what asserts or asks and names a place, once an author and text, with its hazard and its best place."""
    said: set[tuple[str, str]] = set()
    prints: set[int] = set()
    for one in recording.mentions:
        place = next((p for p in one.places if p.kind not in COARSE_KINDS), None)
        if place is None or one.modality not in ("asserted", "question") or one.denial or one.repost_of:
            continue
        hazard = main_hazard(one.hazards)
        key = one.author, hazard
        if hazard == "open" or key in said or (one.fingerprint and one.fingerprint in prints):
            continue
        said.add(key)
        prints.add(one.fingerprint)
        yield one, hazard, place


def _cell(place: Place) -> tuple[int, int]:
    return math.floor(place.lat / CELL_DEG), math.floor(place.lon / CELL_DEG)


def sta_lta(recording: Recording, strictness: float) -> list[dict]:
    """Raise when 5 minutes hold more than ``strictness`` times the mean of 6 hours, plus two."""
    raiser, recent = Raiser(), defaultdict(deque)
    for one, hazard, place in voices(recording):
        times = recent[hazard, _cell(place)]
        times.append(one.event_at)
        while times[0] < one.event_at - 6 * HOUR_MS:
            times.popleft()
        short = sum(at > one.event_at - 5 * MINUTE_MS for at in times)
        long = (len(times) - short) / 71.0
        if short >= FLOOR and short > strictness * long + 2.0:
            raiser.alarm(one.event_at, hazard, place)
    return raiser.lines


def ewma(recording: Recording, strictness: float) -> list[dict]:
    """Raise when the last five minutes lie ``strictness`` standard deviations over the moving mean (half-life six hours)."""
    raiser, bias = Raiser(), 0.1
    state: dict[tuple, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])  # mean, variance, last bin
    bins: dict[tuple, dict[int, int]] = defaultdict(dict)
    for one, hazard, place in voices(recording):
        key, now = (hazard, _cell(place)), one.event_at // (5 * MINUTE_MS)
        mean, variance, last = state[key]
        held = bins[key]
        for closed in sorted(b for b in held if b < now):
            rate = 1 - 0.5 ** (1 / 72)
            idle = max(0, closed - int(last) - 1) if last else 0
            mean, variance = mean * (1 - rate) ** idle, variance * (1 - rate) ** idle
            delta = held.pop(closed) - mean
            mean, variance = mean + rate * delta, (1 - rate) * (variance + rate * delta * delta)
            last = closed
        state[key] = [mean, variance, last]
        held[now] = held.get(now, 0) + 1
        significance = (held[now] - max(mean, bias)) / (math.sqrt(variance) + bias)
        if held[now] >= FLOOR and significance > strictness:
            raiser.alarm(one.event_at, hazard, place)
    return raiser.lines


def scan(recording: Recording, strictness: float) -> list[dict]:
    """Raise when the best negative-binomial log-likelihood ratio of a circle and window is over ``strictness``."""
    raiser, dispersion = Raiser(), 2.0
    heard: dict[str, deque] = defaultdict(deque)
    for one, hazard, place in voices(recording):
        told = heard[hazard]
        told.append((one.event_at, place))
        while told[0][0] < one.event_at - 24 * HOUR_MS:
            told.popleft()
        near = [(one.event_at - at, distance_km(p.lat, p.lon, place.lat, place.lon)) for at, p in told]
        best = 0.0
        for radius in (10.0, 30.0, 100.0):
            ages = [age for age, apart in near if apart <= radius]
            for window in (5, 20, 60):
                count = sum(age <= window * MINUTE_MS for age in ages)
                if count < FLOOR:
                    continue
                expected = (len(ages) - count + 0.5) * window / (24 * 60 - window) + 1e-3 * window / 60
                best = max(best, _nb_ratio(count, expected, dispersion))
        if best > strictness:
            raiser.alarm(one.event_at, hazard, place)
    return raiser.lines


def _nb_ratio(count: int, expected: float, dispersion: float) -> float:
    """Give the log-likelihood ratio of a count under its best rate over the expected one (negative binomial, given dispersion)."""

    def nats(rate: float) -> float:
        return count * math.log(rate / (dispersion + rate)) + dispersion * math.log(dispersion / (dispersion + rate))

    return nats(float(count)) - nats(expected) if count > expected else 0.0


CLASSICS: dict[str, tuple[Callable[[Recording, float], list[dict]], Sequence[float]]] = {
    "STA/LTA": (sta_lta, (1.0, 2.0, 5.0, 10.0)),
    "EWMA significance": (ewma, (2.0, 5.0, 10.0, 20.0, 40.0)),
    "negative-binomial scan": (scan, (2.0, 3.0, 4.0, 6.0, 8.0, 11.0)),
}
"""Each classical detector, and the strictnesses tried."""
