"""What Tocsin can hear and what it is blind to: invented events put into a recorded background, detected or not.

For each kind of place, hazard and number of witnesses, events are invented (``spots``, ``witnesses``), told in the words of the simulated
world, read by the real extractor, and put among what was heard at instants of the recording. The detector, restored as it was then, hears
both. An event is detected when an incident of its hazard is raised near it that the background alone does not raise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TYPE_CHECKING, Final

import msgspec

from detectors import Detector
from detectors.geometry import distance_km
from detectors.hazards import compatible
from tocsin.analysis.intervals import Interval, share_interval
from tocsin.analysis.play import Player
from tocsin.analysis.recording import Recording, made
from tocsin.analysis.spots import IMPOSSIBLE, Spot, SpotKind
from tocsin.analysis.spots import draw as draw_spots
from tocsin.analysis.witnesses import Telling, told
from tocsin.model import Incident, Mention
from tocsin.pipeline.primed import detector_of
from tocsin.scoring.convention import percentile
from tocsin.time import MINUTE_MS, SECOND_MS, Panes

if TYPE_CHECKING:
    from nlp.gazetteer import Gazetteer
    from tocsin.settings.detector import DetectorSettings

LEAST_DAYS: Final = 0.02
WARM_SHARE: Final = 0.3
"""Events happen after this part of the recording, so that the baseline has heard something."""
ENOUGH: Final = 0.8
"""The share of events that must be detected for a place not to be called blind."""


class PowerError(ValueError):
    """No power can be measured; the message says why."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is tried."""

    kinds: tuple[SpotKind, ...] = ("city", "town", "village", "road", "sea")
    hazards: tuple[str, ...] = ("fire", "road_accident", "explosion")
    witnesses: tuple[int, ...] = (2, 3, 4, 6, 10, 20)
    trials: int = 20
    within_mins: float = 60.0
    """An event detected later than this after its start is not detected."""
    country: str = "FR"
    seed: int = 1


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """So many witnesses of one hazard at one kind of place: how often, and how soon, the event was detected."""

    kind: str
    hazard: str
    witnesses: int
    trials: int
    detected: int
    share: float
    interval: Interval
    """Exact 95 %."""
    median_delay_s: float | None
    """From the first witness's post to the raise."""
    median_excess_s: float | None
    """From the third witness's post."""
    heard: float
    """Mean number of witnesses whose post gave a mention."""
    placed: float
    """Mean number of witnesses whose mention names a place near it, finer than a département."""


class Dot(msgspec.Struct, frozen=True, kw_only=True):
    """One invented event."""

    kind: str
    hazard: str
    place: str
    lat: float
    lon: float
    witnesses: int
    detected: bool


class PowerReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was found."""

    background: str
    days: float
    mentions: int
    plan: Plan
    cells: tuple[Cell, ...]
    dots: tuple[Dot, ...]

    def tried(self, kind: str, hazard: str) -> bool:
        """Tell whether a kind of place has a hazard."""
        return any((cell.kind, cell.hazard) == (kind, hazard) for cell in self.cells)

    def needed(self, kind: str, hazard: str) -> int | None:
        """Give the fewest witnesses from which on at least ``ENOUGH`` of the events were detected; ``None``: more than tried."""
        own = sorted((c for c in self.cells if (c.kind, c.hazard) == (kind, hazard)), key=lambda cell: -cell.witnesses)
        found = None
        for cell in own:
            if cell.share < ENOUGH:
                break
            found = cell.witnesses
        return found


class _Event(msgspec.Struct, frozen=True):
    """One event with all its witnesses; fewer witnesses are the first of ``order``."""

    spot: Spot
    hazard: str
    station: int
    told_ms: tuple[int, ...]
    """When each witness posts, after the start of the event."""
    mentions: tuple[Mention | None, ...]
    """What was heard of each; ``None``: nothing."""
    order: tuple[int, ...]


def power(  # noqa: PLR0913  # the background, how it is decided, what is tried, and what reads it
    recording: Recording,
    settings: DetectorSettings,
    plan: Plan,
    gazetteer: Gazetteer,
    hear: Callable[[Sequence[Telling]], dict[str, Mention]],
    *,
    panes: Panes | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PowerReport:
    """Measure the power of the detector on a background.

    Args:
        recording: what was heard on ordinary days (events in it stay what they are: what they raise is not counted).
        settings: under which to decide.
        plan: what is tried.
        gazetteer: where events can be.
        hear: gives the mentions of invented posts by their identities (``tocsin.analysis.witnesses.extracted``).
        panes: the grid of panes.
        progress: called with the runs done and to do.

    Raises:
        PowerError: the recording is too short.
        ValueError: the plan names places that there are not.
    """
    grid = panes or Panes()
    if recording.first_at is None or recording.last_at is None or recording.days < LEAST_DAYS:
        raise PowerError(
            f"{recording.name}: expected a background of half an hour or more, got {recording.days * 1440:.0f} min"
        )
    stations = _stations(recording, plan, grid)
    events = _events(plan, gazetteer, hear)
    snapshots = _snapshots(recording, settings, grid, stations)
    horizon = round(plan.within_mins * MINUTE_MS)
    alone = [
        _raised(Player(recording.between(at, at + horizon), Detector.restore(snapshot, grid)), at + horizon)
        for at, snapshot in zip(stations, snapshots, strict=True)
    ]
    outcomes: dict[tuple[str, str, int], list[tuple[_Event, Incident | None]]] = {}
    done, total = 0, len(events) * len(plan.witnesses)
    for event in events:
        at = stations[event.station]
        rest = recording.between(at, at + horizon)
        for count in plan.witnesses:
            if progress is not None:
                progress(done, total)
            done += 1
            added = _added(event, count, at)
            player = Player(
                made(rest.name, [*rest.items, *added], rest.exposures, grid),
                Detector.restore(snapshots[event.station], grid),
            )
            raised = _raised(player, at + horizon + grid.width_ms + grid.lateness_ms)
            known = {incident.incident_id for incident in alone[event.station]}
            found = next((i for i in raised if i.incident_id not in known and _is_of(i, event)), None)
            outcomes.setdefault((event.spot.kind, event.hazard, count), []).append((event, found))
    if progress is not None:
        progress(total, total)
    return PowerReport(
        background=recording.name,
        days=round(recording.days, 3),
        mentions=sum(1 for _ in recording.mentions),
        plan=plan,
        cells=tuple(_cell(*key, tried, stations) for key, tried in outcomes.items()),
        dots=tuple(_dot(event, count, found) for (_, _, count), tried in outcomes.items() for event, found in tried),
    )


def _stations(recording: Recording, plan: Plan, panes: Panes) -> list[int]:
    """Give the instants at which events begin: spread over the recording after its beginning, each jittered."""
    assert recording.first_at is not None, "checked by the caller"
    assert recording.last_at is not None, "checked by the caller"
    rng = Random(f"tocsin power stations {plan.seed}")  # noqa: S311  # seeded: the same plan must give the same report
    first = recording.first_at + WARM_SHARE * (recording.last_at - recording.first_at)
    last = max(first, recording.last_at - plan.within_mins * MINUTE_MS)
    step = (last - first) / plan.trials
    return [panes.start(round(first + step * (number + rng.random()))) for number in range(plan.trials)]


def _snapshots(recording: Recording, settings: DetectorSettings, panes: Panes, stations: Sequence[int]) -> list[bytes]:
    player = Player(recording, detector_of(settings, panes))
    snapshots: list[bytes] = []
    for at in stations:
        player.to(at)
        snapshots.append(player.detector.snapshot())
    return snapshots


def _events(plan: Plan, gazetteer: Gazetteer, hear: Callable[[Sequence[Telling]], dict[str, Mention]]) -> list[_Event]:
    """Invent the events: for each kind and hazard one a station, with the most witnesses that are tried."""
    most = max(plan.witnesses)
    invented: list[tuple[Spot, str, int, list[Telling]]] = []
    for kind in plan.kinds:
        rng = Random(f"tocsin power {plan.seed} {kind}")  # noqa: S311  # seeded: the same plan must give the same report
        spots = draw_spots(kind, plan.trials, plan.country, gazetteer, rng)
        for hazard in plan.hazards:
            if hazard in IMPOSSIBLE.get(kind, ()):
                continue
            for station, spot in enumerate(spots):
                invented.append((spot, hazard, station, told(spot, hazard, most, f"{plan.seed} {kind} {station}")))
    if not invented:
        raise PowerError("expected a kind of place that has the hazards, got none")
    heard = hear([telling for _, _, _, tellings in invented for telling in tellings])
    events = []
    for spot, hazard, station, tellings in invented:
        rng = Random(f"tocsin power order {plan.seed} {spot.town.name} {hazard} {station}")  # noqa: S311  # seeded
        order = list(range(len(tellings)))
        rng.shuffle(order)
        mentions = tuple(heard.get(telling.post_id) for telling in tellings)
        events.append(_Event(spot, hazard, station, tuple(t.after_ms for t in tellings), mentions, tuple(order)))
    return events


def _added(event: _Event, count: int, at: int) -> list[Mention]:
    """Give the mentions of the first ``count`` witnesses, as of an event that begins at ``at``."""
    added = []
    for witness in event.order[:count]:
        mention = event.mentions[witness]
        if mention is not None:
            told_at = at + event.told_ms[witness]
            added.append(msgspec.structs.replace(mention, event_at=told_at, received_at=told_at))
    return added


def _raised(player: Player, to_at: int) -> list[Incident]:
    return [r for r in player.to(to_at) if r.reason == "raised" and r.state == "open"]


def _is_of(incident: Incident, event: _Event) -> bool:
    spot = event.spot
    near = distance_km(incident.lat, incident.lon, spot.lat, spot.lon) <= spot.tolerance_km
    return near and compatible(incident.hazard, event.hazard)


def _cell(  # the key of a cell, and its outcomes
    kind: str, hazard: str, count: int, tried: Sequence[tuple[_Event, Incident | None]], stations: Sequence[int]
) -> Cell:
    delays, excess = [], []
    for event, found in tried:
        if found is None:
            continue
        posted = sorted(stations[event.station] + event.told_ms[witness] for witness in event.order[:count])
        delays.append((found.raised_at - posted[0]) / SECOND_MS)
        if len(posted) >= 3:
            excess.append((found.raised_at - posted[2]) / SECOND_MS)
    detected = sum(found is not None for _, found in tried)
    interval = share_interval(detected, len(tried))
    assert interval is not None, "a cell has trials"
    mentions = [[event.mentions[w] for w in event.order[:count]] for event, _ in tried]
    placed = [
        sum(m is not None and _names(m, event.spot) for m in own)
        for own, (event, _) in zip(mentions, tried, strict=True)
    ]
    return Cell(
        kind=kind,
        hazard=hazard,
        witnesses=count,
        trials=len(tried),
        detected=detected,
        share=round(detected / len(tried), 4),
        interval=interval,
        median_delay_s=percentile(delays, 0.5),
        median_excess_s=percentile(excess, 0.5),
        heard=round(sum(sum(m is not None for m in own) for own in mentions) / len(tried), 3),
        placed=round(sum(placed) / len(tried), 3),
    )


def _names(mention: Mention, spot: Spot) -> bool:
    place = mention.place
    return (
        place is not None
        and distance_km(place.lat, place.lon, spot.lat, spot.lon) <= spot.tolerance_km + place.uncertainty_km
    )


def _dot(event: _Event, count: int, found: Incident | None) -> Dot:
    return Dot(
        kind=event.spot.kind,
        hazard=event.hazard,
        place=event.spot.town.name,
        lat=round(event.spot.lat, 4),
        lon=round(event.spot.lon, 4),
        witnesses=count,
        detected=found is not None,
    )
