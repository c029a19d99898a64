"""What other settings would have done: recall, delay and false alarms on recordings, and the alerts gained and lost.

Extract once, detect many: every point is a whole run of the detector over what was heard, so a point is what a live system under these
settings would have said. ``tune`` is a plain function of plain values: the command line prints its report, a page may show it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from dispatch.json import RaisedOnly, public
from tocsin.analysis.compare import Change, changed
from tocsin.analysis.knobs import Axis, difference, turned
from tocsin.analysis.outcome import AlertRow, Outcome, gathered
from tocsin.analysis.play import play
from tocsin.analysis.recording import Recording
from tocsin.scoring import alerts_of, score
from tocsin.scoring.reading import Voice
from tocsin.settings.detector import DetectorSettings
from tocsin.time import Panes

if TYPE_CHECKING:
    from tocsin.model import Incident

NO_TRUTH: dict[str, Any] = {}


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """A recording and what is known to be true of it."""

    recording: Recording
    truth: Mapping[str, Any] | None = None
    """A truth file's object; ``None``: nobody knows, alerts are only counted."""
    voices: Mapping[str | None, Sequence[Voice]] | None = None
    """The relevant posts of each event (``tocsin.scoring.read_voices``): with them the excess over the third voice is known."""


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """Which settings are tried: the base, each value of each axis in turn, and another setting to compare with."""

    base: DetectorSettings
    axes: tuple[Axis, ...] = ()
    against: DetectorSettings | None = None


class TrialFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a trial is made of."""

    name: str
    days: float
    mentions: int
    posts: int
    """Posts behind the mentions; 0 when the recording does not say."""
    events: int | None
    """True events; ``None`` without a truth."""
    third_voices: bool
    """Whether the excess over the third voice can be known."""


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """One knob turned."""

    key: str
    now: Any
    """The value it has in the base."""
    points: tuple[Outcome, ...]


class TuneReport(msgspec.Struct, frozen=True, kw_only=True):
    """All that ``tune`` found; ``msgspec.to_builtins`` makes it JSON."""

    trials: tuple[TrialFacts, ...]
    base: Outcome
    curves: tuple[Curve, ...] = ()
    against: Outcome | None = None
    change: Change | None = None
    """From the base to ``against``."""


def tune(  # noqa: PLR0913  # a recording, what is known of it, what is tried
    recording: Recording,
    truth: Mapping[str, Any] | None,
    grid: Grid,
    *,
    voices: Mapping[str | None, Sequence[Voice]] | None = None,
    panes: Panes | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> TuneReport:
    """Run one recording under every setting of a grid: ``tune_all`` with one trial."""
    return tune_all([Trial(recording=recording, truth=truth, voices=voices)], grid, panes=panes, progress=progress)


def tune_all(
    trials: Sequence[Trial],
    grid: Grid,
    *,
    panes: Panes | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> TuneReport:
    """Run recordings under every setting of a grid; each recording begins with a fresh detector.

    Args:
        trials: recordings with their truths; counts are summed over them, delays pooled.
        grid: the settings.
        panes: the grid of panes.
        progress: called with the runs done and the runs to do.

    Raises:
        KnobError: a value of an axis is refused by the settings.
        ScoringError: a truth cannot be read.
    """
    base = grid.base
    wanted = [(axis.key, value, turned(base, {axis.key: value})) for axis in grid.axes for value in axis.values]
    distinct = {settings.model_dump_json(): settings for _, _, settings in wanted}
    distinct[base.model_dump_json()] = base
    if grid.against is not None:
        distinct[grid.against.model_dump_json()] = grid.against
    done: dict[str, Outcome] = {}
    for number, (key, settings) in enumerate(distinct.items()):
        if progress is not None:
            progress(number, len(distinct))
        done[key] = outcome(trials, settings, difference(base, settings), panes)
    if progress is not None:
        progress(len(distinct), len(distinct))
    curves = []
    for axis in grid.axes:
        points = [
            msgspec.structs.replace(done[settings.model_dump_json()], changes={key: value})
            for key, value, settings in wanted
            if key == axis.key
        ]
        curves.append(Curve(key=axis.key, now=base.model_dump(mode="json")[axis.key], points=tuple(points)))
    now = done[base.model_dump_json()]
    then = None if grid.against is None else done[grid.against.model_dump_json()]
    return TuneReport(
        trials=tuple(_facts(trial) for trial in trials),
        base=now,
        curves=tuple(curves),
        against=then,
        change=None if then is None else changed(now, then),
    )


def outcome(
    trials: Sequence[Trial], settings: DetectorSettings, changes: Mapping[str, Any], panes: Panes | None = None
) -> Outcome:
    """Run all trials under one setting."""
    results: list[tuple[str, Mapping[str, Any], Sequence[AlertRow], float]] = []
    for trial in trials:
        revisions = play(trial.recording, settings, panes)
        passes = RaisedOnly().passes
        written = [revision for revision in revisions if passes(revision)]
        truth = dict(trial.truth or NO_TRUTH)
        found = score(truth, alerts_of(enumerate((public(r) for r in written), 1), trial.recording.name), trial.voices)
        rows = _rows(trial, written, found)
        results.append((trial.recording.name, found, rows, found["days"] or trial.recording.days))
    known = all(trial.truth is not None for trial in trials)
    return gathered(
        results, {key: new for key, (_, new) in changes.items()}, settings.false_alarm_budget_mins, known=known
    )


def _facts(trial: Trial) -> TrialFacts:
    recording = trial.recording
    return TrialFacts(
        name=recording.name,
        days=round(recording.days, 3),
        mentions=sum(1 for _ in recording.mentions),
        posts=sum(each.posts for each in recording.exposures),
        events=None if trial.truth is None else len(trial.truth.get("events") or []),
        third_voices=trial.voices is not None,
    )


def _rows(trial: Trial, revisions: Sequence[Incident], found: Mapping[str, Any]) -> list[AlertRow]:
    """Give one row an incident, with what the scoring made of it."""
    fates = _fates(found) if trial.truth is not None else {}
    other = "unknown" if trial.truth is None else "split or minor"
    rows: dict[str, AlertRow] = {}
    for revision in revisions:
        known = rows.get(revision.incident_id)
        if known is not None:
            rows[revision.incident_id] = msgspec.structs.replace(
                known,
                last_at=revision.updated_at,
                revisions=known.revisions + 1,
                voices=max(known.voices, revision.voices),
            )
            continue
        fate, event = fates.get(revision.incident_id, (other, None))
        rows[revision.incident_id] = AlertRow(
            incident_id=revision.incident_id,
            trial=trial.recording.name,
            hazard=revision.hazard,
            place=revision.place,
            lat=revision.lat,
            lon=revision.lon,
            radius_km=revision.radius_km,
            raised_at=revision.raised_at,
            last_at=revision.updated_at,
            fate=fate,
            event=event,
            voices=revision.voices,
            evidence=revision.evidence,
            threshold=revision.threshold,
        )
    return list(rows.values())


def _fates(found: Mapping[str, Any]) -> dict[str, tuple[str, str | None]]:
    fates: dict[str, tuple[str, str | None]] = {
        each["incident_id"]: ("hit", each["name"]) for each in found["per_event"] if each["hit"]
    }
    for key, fate in (
        ("false_alarm_list", "false alarm"),
        ("decoy_alarm_list", "decoy alarm"),
        ("wrong_hazard_list", "wrong hazard"),
        ("late_list", "late"),
    ):
        fates |= {each["id"]: (fate, each.get("decoy")) for each in found[key]}
    return fates
