"""Holds what Tocsin made of a scenario against what was expected; every difference has a file and a line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from detectors.geometry import distance_km
from tocsin.analysis.knobs import KnobError, turned
from tocsin.analysis.play import play
from tocsin.analysis.scenario_file import MAX_SPAN_MS, Expected, ScenarioTest, load
from tocsin.analysis.scenario_play import UnknownPlaceError, end_ms, recording_of, wanted_place
from tocsin.analysis.yaml_lines import KeyPath, Lines, YamlError
from tocsin.time import SECOND_MS, parse_instant

if TYPE_CHECKING:
    from ingest.block import Block
    from tocsin.model import Incident, Place
    from tocsin.pipeline.hear import Heard
    from tocsin.settings import Settings


class Failure(msgspec.Struct, frozen=True):
    """One expectation that does not hold."""

    where: str
    """``file:line``."""
    test: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.where}: {self.test}: expected {self.expected}, got {self.got}"


class FileResult(msgspec.Struct, frozen=True):
    """What became of the tests of one file."""

    file: str
    tests: int
    failures: tuple[Failure, ...]
    known: tuple[Failure, ...]
    """Of tests that are known not to hold yet, with the reason."""


def check_file(path: Path, settings: Settings, hearing: Callable[[], Callable[[Block], Heard]]) -> FileResult:
    """Run the tests of a file.

    Args:
        path: the file.
        settings: what the file's own settings change.
        hearing: loads what reads posts; called only for a file with posts.

    Raises:
        YamlError: the file has another form, or names a place or a setting that there is not.
        OSError: it cannot be read.
    """
    document, lines = load(path)
    try:
        start_at = parse_instant(document.start)
    except ValueError as error:
        raise YamlError(
            f"{lines.place(('start',))}: start: expected an ISO 8601 date-time, got {document.start}"
        ) from error
    try:
        detector = turned(settings.detector, document.settings.get("detector", {}))
    except KnobError as error:
        raise YamlError(f"{lines.place(('settings', 'detector'))}: settings: {error}") from error
    hear = hearing() if any(test.posts for test in document.tests) else None
    failures: list[Failure] = []
    known: list[Failure] = []
    for index, test in enumerate(document.tests):
        path_of: KeyPath = ("tests", index)
        try:
            recording = recording_of(test, start_at, settings, hear)
            found = _check(test, play(recording, detector, settings.time.panes()), start_at, path_of, lines)
        except UnknownPlaceError as error:
            raise YamlError(f"{lines.place(path_of)}: {test.name}: {error}") from error
        except KeyError as error:
            raise YamlError(
                f"{lines.place(path_of)}: {test.name}: expected the id of a mention or post, got {error}"
            ) from error
        if test.fails is None:
            failures += found
        elif found:
            known += [Failure(one.where, test.name, one.expected, f"{one.got} (known: {test.fails})") for one in found]
        else:
            where = lines.place((*path_of, "fails"))
            failures.append(
                Failure(where, test.name, f"that it does not hold ({test.fails})", "that it holds: take `fails` away")
            )
    return FileResult(str(path), len(document.tests), tuple(failures), tuple(known))


class _Life:
    """One incident: its revisions, and how it was at an instant."""

    def __init__(self, revisions: list[Incident]) -> None:
        self.revisions = revisions
        self.raised = next((r for r in revisions if r.state == "open"), None)

    def at(self, at: int) -> Incident | None:
        """Give the revision in force at an instant."""
        return next((r for r in reversed(self.revisions) if r.updated_at <= at), None)


def _check(
    test: ScenarioTest, revisions: Sequence[Incident], start_at: int, path: KeyPath, lines: Lines
) -> list[Failure]:
    lives: dict[str, _Life] = {}
    for revision in revisions:
        if revision.updated_at <= start_at + end_ms(test) + MAX_SPAN_MS:
            lives.setdefault(revision.incident_id, _Life([])).revisions.append(revision)
    every = [_Life(life.revisions) for life in lives.values()]
    failures: list[Failure] = []
    taken: set[int] = set()
    for number, expected in enumerate(test.expect):
        where = lines.place((*path, "expect", number))
        if expected.none is not None:
            failures += _none(test.name, where, expected, every, start_at)
            continue
        at = start_at + (expected.at if expected.at is not None else end_ms(test))
        index = next(
            (i for i, life in enumerate(every) if i not in taken and _fits(expected, life, start_at, at)), None
        )
        if index is None:
            failures.append(Failure(where, test.name, _wish(expected), _heard(every, start_at)))
            continue
        taken.add(index)
        now = every[index].at(at)
        assert now is not None, "what fits was there"
        failures += _fields(test.name, lines, (*path, "expect", number), expected, now, every[index], at)
    if test.others == "refused":
        left = [life for i, life in enumerate(every) if i not in taken and life.raised is not None]
        failures += [Failure(lines.place(path), test.name, "no other incident", _say(life, start_at)) for life in left]
    return failures


def _fits(expected: Expected, life: _Life, start_at: int, at: int) -> bool:
    now = life.at(at)
    if now is None:
        return False
    if expected.held is not None:
        if life.raised is not None and life.raised.updated_at <= at:
            return False
        first, hazards = life.revisions[0].updated_at, expected.held
    else:
        if life.raised is None or life.raised.updated_at > at:
            return False
        first, hazards = life.raised.raised_at, expected.incident or ()
    in_time = expected.raised[0] <= first - start_at <= expected.raised[1]
    return in_time and now.hazard in hazards and _near(wanted_place(expected), expected.within_km, now)


def _near(place: Place | None, within_km: float, incident: Incident) -> bool:
    return place is None or distance_km(place.lat, place.lon, incident.lat, incident.lon) <= within_km


def _none(test: str, where: str, expected: Expected, every: Sequence[_Life], start_at: int) -> list[Failure]:
    unwanted = []
    for life in every:
        raised = life.raised
        if raised is None or not expected.raised[0] <= raised.raised_at - start_at <= expected.raised[1]:
            continue
        named = expected.none or ()
        if ("any" in named or raised.hazard in named) and _near(wanted_place(expected), expected.within_km, raised):
            unwanted.append(life)
    return [Failure(where, test, _wish(expected), _say(life, start_at)) for life in unwanted]


def _fields(  # noqa: PLR0913, PLR0917  # where it stands, what is wanted, what there is
    test: str, lines: Lines, path: KeyPath, expected: Expected, now: Incident, life: _Life, at: int
) -> list[Failure]:
    failures = []
    for name in ("state", "hazard", "commune"):
        wanted, got = getattr(expected, name), getattr(now, name)
        if wanted is not None and wanted != got:
            failures.append(Failure(lines.place((*path, name)), test, f"{name} {wanted}", str(got)))
    for name in ("voices", "witnesses", "denials", "radius_km"):
        span, got = getattr(expected, name), getattr(now, name)
        if span is not None and not span[0] <= got <= span[1]:
            failures.append(Failure(lines.place((*path, name)), test, f"{name} {_span(span)}", f"{got:g}"))
    said = [r.reason for r in life.revisions if r.updated_at <= at]
    rest = iter(said)
    if not all(reason in rest for reason in expected.reasons):
        where = lines.place((*path, "reasons"))
        failures.append(Failure(where, test, f"revisions {', '.join(expected.reasons)} in this order", ", ".join(said)))
    return failures


def _span(span: tuple[float, float]) -> str:
    return f"{span[0]:g}" if span[0] == span[1] else f"{span[0]:g} to {span[1]:g}"


def _wish(expected: Expected) -> str:
    kind, hazards = next(
        (word, named)
        for word, named in (("", expected.incident), ("a held signal of ", expected.held), ("no ", expected.none))
        if named is not None
    )
    place = expected.place if isinstance(expected.place, str) else expected.place.name if expected.place else None
    where = "" if place is None else f" within {expected.within_km:g} km of {place}"
    first, last = expected.raised
    when = "" if (first, last) == (0, MAX_SPAN_MS) else f" from {clock(first)} to {clock(last)}"
    return f"{kind}{' or '.join(hazards)}{where}{when}"


def _say(life: _Life, start_at: int) -> str:
    first = life.raised or life.revisions[0]
    last = life.revisions[-1]
    became = "" if last is first else f", at last {last.hazard} at {last.place} ({last.state}, {last.voices} voices)"
    return f"{first.hazard} at {first.place} at {clock(first.raised_at - start_at)} ({first.state}, {first.voices} voices){became}"


def _heard(every: Sequence[_Life], start_at: int) -> str:
    return "; ".join(_say(life, start_at) for life in every) or "nothing"


def clock(after_ms: int) -> str:
    """Say a relative time.

    >>> clock(65_000), clock(3_600_000), clock(0), clock(90_061_000)
    ('1m5s', '1h', '0s', '1d1h1m1s')
    """
    secs = after_ms // SECOND_MS
    parts = ((secs // 86_400, "d"), (secs // 3_600 % 24, "h"), (secs // 60 % 60, "m"), (secs % 60, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"
