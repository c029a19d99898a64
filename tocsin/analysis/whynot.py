"""Why nothing was raised at a place and time: what was heard there, which demand was not met, and what would have raised it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import msgspec

from detectors import looking
from detectors.geometry import distance_km
from detectors.hazards import compatible, touched
from detectors.looking import Floor
from detectors.talk import named_support
from tocsin.analysis.knobs import BUDGET, turned
from tocsin.analysis.saying import period_words
from tocsin.analysis.stage import Stage, VoiceRow, heard_as, row_of
from tocsin.analysis.watching import COPY, Moment, Watching, may_speak_of, near_km, reach_km
from tocsin.analysis.why import WhatIf
from tocsin.model import HAZARDS, Incident, Mention, Place
from tocsin.time import MINUTE_MS, SECOND_MS, Panes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.analysis.recording import Recording
    from tocsin.settings.detector import DetectorSettings

BEFORE_MS: Final = 60 * MINUTE_MS
AFTER_MS: Final = 60 * MINUTE_MS
"""How far around the instant that is asked about to look."""
LEAST_SUPPORT: Final = 0.3
"""A voice is of a hazard when what it names supports it so far."""
LEAST_SUPPORT_UNPLACED: Final = 0.45
"""The same for a voice that names no place."""
FREE, SAME_AUTHOR = "counted", "the author of an earlier voice"
"""What became of a voice that no incident owned."""
MOST_VOICES: Final = 200
LEAST_BUDGET_MINS: Final = 0.01
ZERO_FLOORS: Final = {
    "min_placed_voices": 1,
    "min_placed_agreed_voices": 1,
    "min_place_mass": 0.0,
    "doubt_nats": 0.0,
    "min_named_voices": 0,
    "min_unmediated_voices": 0,
    "min_voices": 1,
}


class WhyNot(msgspec.Struct, frozen=True, kw_only=True):
    """Why nothing was raised, or what was."""

    place: Place
    hazard: str
    """The one asked about, or the one that came nearest to being raised."""
    at: int
    raised: tuple[Incident, ...]
    """What was raised near the place in that time after all, whatever the hazard."""
    held: tuple[Incident, ...]
    """Signals that were held back there: they waited, or another explanation stood."""
    claimed_by: dict[str, int]
    """Incidents that owned voices of the place, by their words, with how many."""
    voices: tuple[VoiceRow, ...]
    """All voices of the hazard that may speak of the place, at most ``MOST_VOICES``, the latest."""
    unplaced: int
    """How many of them name no place."""
    best_at: int | None
    """When it came nearest to being raised; ``None``: too few voices ever."""
    nats: float | None
    threshold: float
    floors: tuple[Floor, ...]
    explained: str | None
    """The explanation that stood at that moment."""
    against_nats: float
    expected_per_min: float
    moments: tuple[Moment, ...]
    what_if: tuple[WhatIf, ...]


def why_not(  # noqa: PLR0913, PLR0917  # where, when, what, and in which recording
    recording: Recording,
    settings: DetectorSettings,
    place: Place,
    at: int,
    hazard: str | None = None,
    panes: Panes | None = None,
) -> WhyNot:
    """Tell why nothing was raised around a place and an instant.

    Args:
        recording: what was heard.
        settings: under which nothing was raised.
        place: where.
        at: when; an hour before and after are looked at.
        hazard: of which hazard; that which came nearest when ``None``.
        panes: the grid of panes.
    """
    grid = panes or Panes()
    stage = Stage.before(recording, settings, grid, at - BEFORE_MS, at + AFTER_MS)
    hazards = (hazard,) if hazard is not None else _heard_of(stage, settings, place)
    watch = Watching(stage, settings, place, hazards)
    watch.play(at + AFTER_MS)
    chosen = hazard or watch.nearest() or HAZARDS[0]
    found, best_at = watch.best.get(chosen, (None, None))
    voices, unplaced = _voices(stage, settings, place, chosen, watch.fates)
    nats = found.nats if found is not None and found.nats > float("-inf") else None
    floors = looking.floors(found, settings) if found is not None and nats is not None else ()
    base = WhyNot(
        place=place,
        hazard=chosen,
        at=at,
        raised=tuple(watch.raised),
        held=tuple(watch.held),
        claimed_by=_claims(voices),
        voices=tuple(voices[-MOST_VOICES:]),
        unplaced=unplaced,
        best_at=best_at,
        nats=nats,
        threshold=round(math.log(settings.budget_mins(place.country)), 3),
        floors=floors,
        explained=watch.explained.get(chosen),
        against_nats=0.0 if found is None else found.against,
        expected_per_min=round(watch.expected.get(chosen, 0.0), 9),
        moments=tuple(watch.moments.get(chosen, ())),
        what_if=(),
    )
    tried = () if watch.raised else tuple(_what_if(stage, settings, base, at))
    return msgspec.structs.replace(base, what_if=tried)


def _heard_of(stage: Stage, settings: DetectorSettings, place: Place) -> tuple[str, ...]:
    """Give the hazards that were told of around a place."""
    told = {
        hazard
        for item in stage.rest.items
        if isinstance(item, Mention)
        for hazard in touched(item.hazards)
        if may_speak_of(item, place, near_km(hazard, place, settings))
    }
    return tuple(hazard for hazard in HAZARDS if hazard in told)


def _voices(
    stage: Stage, settings: DetectorSettings, place: Place, hazard: str, fates: dict[str, str]
) -> tuple[list[VoiceRow], int]:
    """Give the voices of a hazard that may speak of a place, and how many of them name none."""
    rows: list[VoiceRow] = []
    unplaced = 0
    authors: set[str] = set()
    for item in stage.rest.items:
        if not isinstance(item, Mention):
            continue
        voice = heard_as(item, settings)
        here = may_speak_of(item, place, reach_km(hazard, settings))
        supports = named_support(voice, hazard) >= LEAST_SUPPORT or item.perception_only or voice.role != "event"
        if not supports or (voice.places and not here):
            continue
        if not voice.places and named_support(voice, hazard) < LEAST_SUPPORT_UNPLACED:
            continue
        unplaced += not voice.places
        fate = fates.get(item.post_id, SAME_AUTHOR if item.author in authors else FREE)
        authors.add(item.author)
        rows.append(row_of(voice, (place.lat, place.lon), fate=fate))
    return rows, unplaced


def _claims(voices: Sequence[VoiceRow]) -> dict[str, int]:
    """Give how many of some voices each incident owned."""
    counts: dict[str, int] = {}
    for voice in voices:
        if voice.fate not in (FREE, COPY, SAME_AUTHOR):
            counts[voice.fate] = counts.get(voice.fate, 0) + 1
    return dict(sorted(counts.items()))


def _what_if(stage: Stage, settings: DetectorSettings, found: WhyNot, at: int) -> list[WhatIf]:
    """Run again with a looser budget, with the floors that were not met taken away, and with both."""
    tried: list[WhatIf] = []

    def attempt(change: str, changed: dict[str, Any]) -> None:
        player = stage.again(turned(settings, changed))
        written = player.to(at + AFTER_MS)
        near = near_km(found.hazard, found.place, settings)
        again = next(
            (
                r
                for r in written
                if r.reason == "raised"
                and r.state == "open"
                and compatible(r.hazard, found.hazard)
                and distance_km(r.lat, r.lon, found.place.lat, found.place.lon) <= near
            ),
            None,
        )
        if again is None:
            tried.append(WhatIf(change=change, result="not raised"))
            return
        later_s = (again.raised_at - at) / SECOND_MS
        tried.append(
            WhatIf(
                change=change,
                result="later" if later_s >= 0 else "earlier",
                later_s=later_s,
                voices=again.voices,
                hazard=again.hazard,
                place=again.place,
                evidence=again.evidence,
            )
        )

    looser: dict[str, Any] = {}
    if found.nats is not None and found.nats < found.threshold:
        period = max(LEAST_BUDGET_MINS, math.floor(100 * math.exp(found.nats)) / 100)
        looser = {BUDGET: period, "territory_budgets_mins": {}}
        attempt(f"with a budget of one false alarm in {period_words(period)}", looser)
    unmet = {
        floor.name: ZERO_FLOORS[floor.name] for floor in found.floors if not floor.met and floor.name in ZERO_FLOORS
    }
    if found.nats is None:
        unmet = {"min_voices": 1, "min_placed_voices": 1, "min_named_voices": 0}
    if unmet:
        said = ", ".join(f"{name} = {value:g}" for name, value in unmet.items())
        attempt(f"with {said}", dict(unmet))
        if looser:
            attempt(f"with both: that budget and {said}", {**looser, **unmet})
    return tried
