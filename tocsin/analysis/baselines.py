"""Baselines learnt from recordings, and looked into: what is expected of each hazard, at which place, and how much was heard for it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from detectors import Detector, looking
from detectors.baseline import Baseline, History
from detectors.prior import Origin, Prior, packed
from tocsin import __version__
from tocsin.analysis.play import STEP_MS, Player
from tocsin.analysis.recording import Recording, encoded
from tocsin.model import HAZARDS, OPEN, Place

if TYPE_CHECKING:
    from nlp.gazetteer import Gazetteer
    from tocsin.settings.detector import DetectorSettings
    from tocsin.time import Panes

MINUTES_AN_HOUR: Final = 60.0
WORLD, NOWHERE = "", "-"
"""Keys of a history: everything; what names no place."""


class BaselineError(ValueError):
    """Nothing can be learnt or shown; the message says why."""


class HazardRow(msgspec.Struct, frozen=True, kw_only=True):
    """What is expected of one hazard."""

    hazard: str
    heard: float
    """Voices in history, weighed by age."""
    an_hour: float
    """Expected voices an hour that name no place; the upper quantile that evidence is measured against."""
    a_1000_posts: float
    """Voices in a thousand posts; 0 when the posts are not known."""


class PlaceRow(msgspec.Struct, frozen=True, kw_only=True):
    """What is expected at one place."""

    place: str
    kind: str
    hazard: str
    heard: float
    an_hour: float
    """Expected voices an hour that name it; the upper quantile that evidence is measured against."""
    warm: bool
    """It has history of its own."""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A baseline for reading."""

    origins: tuple[Origin, ...]
    posts: float
    """Posts in history, weighed by age."""
    posts_a_minute: float
    places: int
    """Places with history of their own."""
    hazards: tuple[HazardRow, ...]
    rows: tuple[PlaceRow, ...]


def learn(
    recordings: Sequence[Recording], settings: DetectorSettings, panes: Panes | None = None, start: Prior | None = None
) -> Prior:
    """Learn what ordinary days hold: each recording is heard by the real detector, one after the other.

    Voices of raised incidents are no history, nor are those of the last hours (``baseline_guard_mins``).

    Args:
        recordings: in the order in which they are to count: the last is the freshest.
        settings: of the detector.
        panes: the grid of panes.
        start: a baseline to go on from.

    Raises:
        BaselineError: nothing was heard.
    """
    history = None if start is None else msgspec.msgpack.decode(msgspec.msgpack.encode(start.history), type=History)
    origins = list(start.origins) if start is not None else []
    for recording in recordings:
        if recording.first_at is None or recording.last_at is None:
            raise BaselineError(f"{recording.name}: expected mentions or posts to learn from, got none")
        player = Player(recording, Detector(settings, panes, history))
        for at in range(recording.first_at, recording.last_at, STEP_MS):
            player.to(at)
        player.end()
        history = packed(looking.history_of(player.detector), recording.last_at)
        origins.append(_origin(recording))
    if history is None:
        raise BaselineError("expected a recording or a baseline, got neither")
    return Prior(
        made_by=f"tocsin {__version__}",
        half_life_days=settings.baseline_half_life_days,
        origins=tuple(origins),
        history=history,
    )


def _origin(recording: Recording) -> Origin:
    assert recording.first_at is not None, "checked by the caller"
    assert recording.last_at is not None, "checked by the caller"
    digest = hashlib.sha256()
    for line in encoded(recording):
        digest.update(line)
    return Origin(
        name=recording.name,
        sha256=digest.hexdigest(),
        from_at=recording.first_at,
        to_at=recording.last_at,
        posts=sum(each.posts for each in recording.exposures),
        mentions=sum(1 for _ in recording.mentions),
    )


def view(  # noqa: PLR0913  # what is shown, and how much of it
    prior: Prior,
    settings: DetectorSettings,
    gazetteer: Gazetteer,
    *,
    named: Mapping[str, Place] | None = None,
    only: Place | None = None,
    most: int = 20,
) -> View:
    """Look into a baseline.

    Args:
        prior: what was learnt.
        settings: quantile, floor and half-life.
        gazetteer: gives the places of the keys.
        named: places that are not in the gazetteer, by identity.
        only: one place, for every hazard; the places with the most history when ``None``.
        most: how many rows of places.
    """
    history = msgspec.msgpack.decode(msgspec.msgpack.encode(prior.history), type=History)
    ended_at = history.ended_at if history.ended_at is not None else 0
    baseline = Baseline(settings, history)
    baseline.turn(ended_at)
    heard = {key: {h: n * baseline.now_scale for h, n in own.items()} for key, own in history.voices.items()}
    posts = history.posts * baseline.now_scale
    hazards = [
        HazardRow(
            hazard=hazard,
            heard=round(heard.get(WORLD, {}).get(hazard, 0.0), 3),
            an_hour=round(baseline.unlocated_rate(hazard) * MINUTES_AN_HOUR, 5),
            a_1000_posts=round(1_000 * heard.get(WORLD, {}).get(hazard, 0.0) / posts, 4) if posts else 0.0,
        )
        for hazard in (*HAZARDS, OPEN)
    ]
    places = _places(heard, gazetteer, named or {}, only, most)
    rows = []
    for key, place in places:
        own = heard.get(key, {})
        told = HAZARDS if only is not None else [h for h in sorted(own, key=lambda h: (-own[h], h)) if h][:1]
        rows += [
            PlaceRow(
                place=place.name,
                kind=place.kind,
                hazard=hazard,
                heard=round(own.get(hazard, 0.0), 3),
                an_hour=round(baseline.rate(hazard, place) * MINUTES_AN_HOUR, 6),
                warm=baseline.warm(place),
            )
            for hazard in told
        ]
    return View(
        origins=prior.origins,
        posts=round(posts, 1),
        posts_a_minute=round(baseline.posts_per_min, 3),
        places=sum(key.startswith("p:") for key in heard),
        hazards=tuple(hazards),
        rows=tuple(rows),
    )


def _places(
    heard: Mapping[str, Mapping[str, float]],
    gazetteer: Gazetteer,
    named: Mapping[str, Place],
    only: Place | None,
    most: int,
) -> list[tuple[str, Place]]:
    if only is not None:
        return [(f"p:{only.id}", only)]
    ranked = sorted((key for key in heard if key.startswith("p:")), key=lambda key: (-heard[key].get("", 0.0), key))
    found: list[tuple[str, Place]] = []
    for key in ranked:
        identity = key.removeprefix("p:")
        row = gazetteer.row_of(identity)
        place = named.get(identity) if row is None else gazetteer.place(row, method="baseline", score=1.0)
        if place is not None:
            found.append((key, place))
        if len(found) >= most:
            break
    return found
