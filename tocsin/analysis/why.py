"""Why an incident was raised: what was heard against what is expected, what each voice was worth, and what would have prevented it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from detectors import looking
from detectors.geometry import distance_km
from detectors.hazards import compatible
from detectors.looking import Floor
from tocsin.analysis.knobs import BUDGET, turned
from tocsin.analysis.play import play
from tocsin.analysis.saying import period_words
from tocsin.analysis.stage import ExplainError, Stage, VoiceRow, row_of
from tocsin.analysis.watching import Moment, moment_of
from tocsin.model import COARSE_KINDS, Incident, Mention, Place, Zone
from tocsin.time import MINUTE_MS, SECOND_MS, Panes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from detectors.hypothesis import Hypothesis
    from detectors.voices import Voice
    from tocsin.analysis.recording import Recording
    from tocsin.settings.detector import DetectorSettings

AFTER_MS: Final = 30 * MINUTE_MS
"""How long after the raise a "what if" may still raise, and the time line goes on."""
NEAR_KM: Final = 15.0
MOST_SEEDS: Final = 6
"""Places around which evidence is weighed, at most."""
MOST_LEFT_OUT: Final = 12
"""Strongest voices left out one after the other, at most."""
MOST_WEIGHED: Final = 40
"""Voices whose worth is measured, each by a run without it; the first ones."""
LONGEST_BUDGET_MINS: Final = 5_256_000.0
NEVER: Final = {"min_unmediated_voices": 1_000}
"""With this floor nothing new is raised, and evidence goes on as it would."""


class WhatIf(msgspec.Struct, frozen=True, kw_only=True):
    """One thing changed, and what the detector then did."""

    change: str
    result: Literal["the same", "later", "earlier", "not raised"]
    later_s: float | None = None
    voices: int | None = None
    hazard: str | None = None
    place: str | None = None
    evidence: float | None = None
    """At the instant of the true raise, when it is not raised by then."""


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of the incident, in short."""

    at: int
    reason: str
    state: str
    hazard: str
    place: str
    voices: int
    denials: int


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Why one incident was raised."""

    incident: Incident
    """Its first revision."""
    revisions: tuple[Revision, ...]
    expected_per_min: float
    """Voices a minute of this hazard that the place is expected to have, before the first voice."""
    threshold: float
    floors: tuple[Floor, ...]
    voices: tuple[VoiceRow, ...]
    """Those that spoke for it at the raise, in order."""
    moments: tuple[Moment, ...]
    what_if: tuple[WhatIf, ...]
    zones: tuple[Zone, ...] = ()
    """Of a mass event: from where people told of it, as it was last said."""


def raised_incidents(recording: Recording, settings: DetectorSettings, panes: Panes) -> list[Incident]:
    """Give the revision that raised each incident of a recording, in order."""
    first: dict[str, Incident] = {}
    for revision in play(recording, settings, panes):
        if revision.state == "open":
            first.setdefault(revision.incident_id, revision)
    return list(first.values())


def why(
    recording: Recording,
    settings: DetectorSettings,
    incident_id: str,
    panes: Panes | None = None,
    progress: Callable[[str], None] | None = None,
) -> Why:
    """Explain an incident by playing the recording again.

    Args:
        recording: what was heard.
        settings: under which it was raised.
        incident_id: its identity, or the beginning of it.
        panes: the grid of panes.
        progress: called with what is being tried.

    Raises:
        ExplainError: no incident, or several, begin so.
    """
    grid = panes or Panes()
    revisions = [r for r in play(recording, settings, grid) if r.incident_id.startswith(incident_id)]
    raised = next((r for r in revisions if r.state == "open"), None)
    if raised is None or len({r.incident_id for r in revisions}) > 1:
        got = "none" if raised is None else "several"
        raise ExplainError(f"{incident_id}: expected the beginning of one incident that was raised, got {got}")
    stage = Stage.before(recording, settings, grid, raised.first_voice_at, raised.raised_at + AFTER_MS)
    seeds = _seeds(stage, raised)
    found, moments, expected = _time_line(stage, settings, raised, seeds)
    voices, copies = _voices(stage, raised, found)
    worth = _worth(stage, settings, raised, seeds, voices, copies)
    tried = _what_ifs(stage, settings, raised, seeds, voices, copies, worth, progress or (lambda _: None))
    return Why(
        incident=raised,
        revisions=tuple(_short(r) for r in revisions),
        expected_per_min=round(expected, 9),
        threshold=raised.threshold,
        floors=() if found is None else looking.floors(found, settings),
        voices=tuple(row_of(voice, (raised.lat, raised.lon), worth_nats=worth.get(voice.post_id)) for voice in voices),
        moments=tuple(moments),
        what_if=tuple(tried),
        zones=next((r.zones for r in reversed(revisions) if r.zones), ()),
    )


def _short(revision: Incident) -> Revision:
    return Revision(
        at=revision.updated_at,
        reason=revision.reason,
        state=revision.state,
        hazard=revision.hazard,
        place=revision.place,
        voices=revision.voices,
        denials=revision.denials,
    )


def _seeds(stage: Stage, raised: Incident) -> tuple[Place, ...]:
    """Give the places around which the incident may have been raised: those that voices named near it, its own first."""
    found: dict[str, Place] = {}
    for item in stage.rest.items:
        if isinstance(item, Mention) and item.event_at <= raised.raised_at:
            for place in item.places:
                apart = distance_km(place.lat, place.lon, raised.lat, raised.lon)
                if place.kind not in COARSE_KINDS and apart <= max(raised.radius_km, NEAR_KM):
                    found.setdefault(place.id, place)
    if raised.place_id not in found:
        raise ExplainError(f"{raised.incident_id}: expected a mention that names {raised.place_id}, got none")
    own = found.pop(raised.place_id)
    return (own, *list(found.values())[: MOST_SEEDS - 1])


def _time_line(
    stage: Stage, settings: DetectorSettings, raised: Incident, seeds: Sequence[Place]
) -> tuple[Hypothesis | None, list[Moment], float]:
    """Give the hypothesis at the raise, the evidence by pane (afterwards as if nothing had been raised), and what was expected before."""
    player = stage.again(turned(settings, NEVER))
    at_raise: Hypothesis | None = None
    moments: list[Moment] = []
    expected = 0.0
    for number, at in enumerate(stage.pane_ends(raised.raised_at + AFTER_MS)):
        player.to(at)
        if number == 0:
            expected = looking.expected_per_min(player.detector, raised.hazard, seeds[0])
        found = looking.best_weighed(player.detector, raised.hazard, seeds)
        if at <= raised.raised_at:
            at_raise = found
        moments.append(moment_of(at, found))
    return at_raise, moments, expected


def _voices(stage: Stage, raised: Incident, found: Hypothesis | None) -> tuple[list[Voice], dict[str, frozenset[str]]]:
    """Give the voices at the raise, and all posts that are copies of each."""
    player = stage.again()
    player.to(raised.raised_at)
    held = found.voices if found is not None else looking.voices_of(player.detector, raised.incident_id)
    posts: dict[int, set[str]] = {}
    for item in stage.rest.items:
        if isinstance(item, Mention):
            number = looking.number_of_post(player.detector, item.post_id)
            if number is not None:
                posts.setdefault(number, set()).add(item.post_id)
    copies = {}
    for voice in held:
        number = looking.number_of_post(player.detector, voice.post_id)
        copies[voice.post_id] = frozenset(posts.get(number, ()) if number is not None else ()) | {voice.post_id}
    return list(held), copies


def _evidence_without(
    stage: Stage, settings: DetectorSettings, raised: Incident, seeds: Sequence[Place], without: frozenset[str]
) -> float | None:
    player = stage.again(turned(settings, NEVER), without)
    player.to(raised.raised_at)
    found = looking.best_weighed(player.detector, raised.hazard, seeds)
    return None if found is None or found.nats == float("-inf") else found.nats


def _worth(  # noqa: PLR0913, PLR0917  # a voice, and all it is measured in
    stage: Stage,
    settings: DetectorSettings,
    raised: Incident,
    seeds: Sequence[Place],
    voices: Sequence[Voice],
    copies: dict[str, frozenset[str]],
) -> dict[str, float]:
    """Give the evidence that is missing at the raise without each voice; all of it when too few are left to weigh."""
    whole = _evidence_without(stage, settings, raised, seeds, frozenset())
    if whole is None:
        return {}
    worth = {}
    for voice in voices[:MOST_WEIGHED]:
        rest = _evidence_without(stage, settings, raised, seeds, copies[voice.post_id])
        worth[voice.post_id] = round(whole - (rest if rest is not None else 0.0), 3)
    return worth


def _what_ifs(  # noqa: PLR0913, PLR0917  # all that can be changed
    stage: Stage,
    settings: DetectorSettings,
    raised: Incident,
    seeds: Sequence[Place],
    voices: Sequence[Voice],
    copies: dict[str, frozenset[str]],
    worth: dict[str, float],
    progress: Callable[[str], None],
) -> list[WhatIf]:
    tried: list[WhatIf] = []

    def attempt(change: str, changed: dict[str, Any] | None = None, without: frozenset[str] = frozenset()) -> WhatIf:
        progress(change)
        other = turned(settings, changed) if changed else None
        result = _rerun(stage, change, raised, seeds, other, without)
        tried.append(result)
        return result

    strongest = sorted(voices, key=lambda voice: (-worth.get(voice.post_id, 0.0), voice.number))
    gone: frozenset[str] = frozenset()
    for count, voice in enumerate(strongest[:MOST_LEFT_OUT], 1):
        gone |= copies[voice.post_id]
        name = "without the strongest voice" if count == 1 else f"without the {count} strongest voices"
        if attempt(name, without=gone).result == "not raised":
            break
    budget = settings.budget_mins(raised.country)
    for factor in (10.0, 100.0):
        period = min(budget * factor, LONGEST_BUDGET_MINS)
        attempt(
            f"with a budget of one false alarm in {period_words(period)}",
            {BUDGET: period, "territory_budgets_mins": {}},
        )
    for change, keeps in _groups(stage):
        without = frozenset(m.post_id for m in _mentions(stage) if not keeps(m))
        if without and without != {m.post_id for m in _mentions(stage)}:
            attempt(change, without=without)
    return tried


def _mentions(stage: Stage) -> list[Mention]:
    return [item for item in stage.rest.items if isinstance(item, Mention)]


def _groups(stage: Stage) -> list[tuple[str, Callable[[Mention], bool]]]:
    """Give the kinds of voices that can be left out, each with what is kept."""
    groups: list[tuple[str, Callable[[Mention], bool]]] = [
        ("without voices that name no place", lambda m: bool(m.places)),
        ("without places taken from profiles", lambda m: not m.places or m.places[0].method != "profile"),
        ("without relayed and newsroom voices", lambda m: m.witness not in ("relay", "media")),
        ("with first-hand voices alone", lambda m: m.witness == "first_hand"),
        ("without mere perceptions and questions", lambda m: not m.perception_only and m.modality != "question"),
        ("without denials and other explanations", lambda m: not m.denial and m.modality in ("asserted", "question")),
    ]
    networks = sorted({m.source for m in _mentions(stage)})
    if len(networks) > 1:
        groups += [(f"without what came from {name}", lambda m, name=name: m.source != name) for name in networks]  # type: ignore[misc]
    return groups


def _rerun(  # noqa: PLR0913, PLR0917  # what is changed, and what it is compared with
    stage: Stage,
    change: str,
    raised: Incident,
    seeds: Sequence[Place],
    settings: DetectorSettings | None,
    without: frozenset[str],
) -> WhatIf:
    player = stage.again(settings, without)
    written = player.to(raised.raised_at)
    found = looking.best_weighed(player.detector, raised.hazard, seeds)
    evidence = found.nats if found is not None and found.nats > float("-inf") else None
    written += player.to(raised.raised_at + AFTER_MS)
    again = next((r for r in written if r.reason == "raised" and r.state == "open" and _same(r, raised)), None)
    if again is None:
        return WhatIf(
            change=change, result="not raised", evidence=evidence, voices=len(found.voices) if found else None
        )
    later_s = (again.raised_at - raised.raised_at) / SECOND_MS
    return WhatIf(
        change=change,
        result="the same" if later_s == 0 else "later" if later_s > 0 else "earlier",
        later_s=later_s,
        voices=again.voices,
        hazard=again.hazard,
        place=again.place,
        evidence=again.evidence,
    )


def _same(one: Incident, other: Incident) -> bool:
    apart = distance_km(one.lat, one.lon, other.lat, other.lon)
    return compatible(one.hazard, other.hazard) and apart <= max(one.radius_km, other.radius_km, NEAR_KM)
