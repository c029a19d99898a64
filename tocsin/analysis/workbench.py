"""The workbench behind the console's tuning page: trials in a process of their own, and changes that two analysts agree on."""

from __future__ import annotations

import multiprocessing
import time
import tomllib
from collections import OrderedDict
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import msgspec

from console.tuning import Found, Job, Knob, Line, Proposal, Told, TuningError
from tocsin.analysis import recording as recordings
from tocsin.analysis import tune_page
from tocsin.analysis.knobs import BUDGET, Axis, KnobError, as_toml, difference, turned
from tocsin.analysis.tune import Grid, Trial, tune_all
from tocsin.model import SettingsChange
from tocsin.scoring import ScoringError, read_truth
from tocsin.settings.detector import DetectorSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from tocsin.analysis.outcome import AlertRow, Outcome

ENDING: Final = ".mentions.jsonl"
TRUTH_ENDING: Final = ".truth.json"
MAX_RECORDINGS: Final = 200
MAX_JOBS: Final = 20
"""Trials remembered, the latest."""
MAX_PROPOSALS: Final = 100
MOST_TOLD: Final = 200
"""Alerts gained or lost that are listed."""
BUDGETS_MINS: Final = (1_440.0, 10_080.0, 43_200.0, 129_600.0, 525_600.0)
"""The curves' points: from one false alarm a day to one a year."""
OFFERED: Final[dict[str, tuple[float, float]]] = {
    BUDGET: (60, 5_256_000),
    "min_voices": (1, 100),
    "min_placed_voices": (1, 100),
    "min_believed_voices": (0, 100),
    "watch_secs": (0, 3_600),
}
"""The knobs of the page and their ranges; all others are for files."""


class Workbench:
    """Plays recordings of a folder under other settings. Its methods may be called from one thread, the console's.

    Args:
        folder: holds ``NAME.mentions.jsonl`` and, if known, ``NAME.truth.json``.
        in_force: gives the settings of the running detector.
        apply: puts a change before the running detector; it may raise ``ValueError``.

    Trials run one at a time, in a spawned process, so that the live stages lose nothing but one processor's share.
    """

    def __init__(
        self, folder: Path, in_force: Callable[[], DetectorSettings], apply: Callable[[SettingsChange], None]
    ) -> None:
        self._folder = folder
        self._in_force = in_force
        self._apply = apply
        self._pool: ProcessPoolExecutor | None = None
        self._jobs: OrderedDict[int, tuple[Job, float, Future[bytes]]] = OrderedDict()
        self._next = 1
        self._proposals: OrderedDict[int, Proposal] = OrderedDict()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            for process in list((self._pool._processes or {}).values()):  # noqa: SLF001  # a trial may take minutes: the end does not wait for it
                process.terminate()
            self._pool.shutdown(wait=True, cancel_futures=True)

    def recordings(self) -> Sequence[str]:
        """Give the names of the recordings, in order."""
        found = sorted(self._folder.glob(f"*{ENDING}")) if self._folder.is_dir() else []
        return [path.name.removesuffix(ENDING) for path in found[:MAX_RECORDINGS]]

    def knobs(self) -> Sequence[Knob]:
        """Give the settings that the page offers."""
        now = self._in_force()
        return [
            Knob(
                key=key,
                now=float(getattr(now, key)),
                low=low,
                high=high,
                whole=DetectorSettings.model_fields[key].annotation is int,
                about=DetectorSettings.model_fields[key].description or "",
            )
            for key, (low, high) in OFFERED.items()
        ]

    def start(self, recording: str, changes: Mapping[str, str]) -> int:
        """Begin a trial; give its number.

        Raises:
            TuningError: the recording or a value cannot be used, or another trial is under way.
        """
        if recording not in self.recordings():
            raise TuningError(f"expected one of the recordings, got {recording!r}")
        base = self._in_force()
        other = self._turned(base, changes)
        if any(not future.done() for _, _, future in self._jobs.values()):
            raise TuningError("another trial is under way: wait for it")
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
        future = self._pool.submit(
            _trial, str(self._folder / recording), base.model_dump_json(), other.model_dump_json()
        )
        number = self._next
        self._next += 1
        job = Job(number=number, recording=recording, asked=dict(changes), secs=0.0)
        self._jobs[number] = (job, time.monotonic(), future)
        if len(self._jobs) > MAX_JOBS:
            self._jobs.popitem(last=False)
        return number

    def look(self, number: int) -> Job | None:
        """Give the state of a trial."""
        known = self._jobs.get(number)
        if known is None:
            return None
        job, began, future = known
        if not future.done():
            return msgspec.structs.replace(job, secs=time.monotonic() - began)
        error = future.exception()
        if error is not None:
            return msgspec.structs.replace(job, problem=f"{type(error).__name__}: {error}")
        return msgspec.structs.replace(job, found=msgspec.msgpack.decode(future.result(), type=Found))

    def propose(self, by: str, at: int, changes: Mapping[str, str], why: str) -> Proposal:
        """Propose a change of the settings in force.

        Raises:
            TuningError: a value cannot be used, nothing is changed, or too many wait.
        """
        base = self._in_force()
        changed = _words(base, self._turned(base, changes))
        if not changed:
            raise TuningError("expected a change, got the settings in force")
        settled = [number for number, one in self._proposals.items() if one.approved_by]
        while len(self._proposals) >= MAX_PROPOSALS and settled:
            del self._proposals[settled.pop(0)]
        if len(self._proposals) >= MAX_PROPOSALS:
            raise TuningError(f"{MAX_PROPOSALS} proposals wait already: settle them first")
        number = max(self._proposals, default=0) + 1
        made = self._proposals[number] = Proposal(number=number, by=by, at=at, changes=changed, why=why)
        return made

    def approve(self, number: int, by: str, at: int) -> Proposal:
        """Put a proposal in force from the first pane that is open at an instant.

        Raises:
            TuningError: there is no such proposal, it is settled, the approver is its author, or it no longer fits.
        """
        found = self._proposals.get(number)
        if found is None or found.approved_by:
            raise TuningError(f"expected a proposal that waits, got number {number}")
        if found.by == by:
            raise TuningError("expected the approval of another person than the author")
        new = self._turned(self._in_force(), dict(found.changes))
        try:
            self._apply(SettingsChange(at=at, toml=as_toml(new)))
        except ValueError as error:
            raise TuningError(str(error)) from error
        settled = self._proposals[number] = msgspec.structs.replace(found, approved_by=by)
        return settled

    def proposals(self) -> Sequence[Proposal]:
        """Give the proposals, the latest first."""
        return list(self._proposals.values())[::-1]

    @staticmethod
    def _turned(base: DetectorSettings, changes: Mapping[str, str]) -> DetectorSettings:
        values: dict[str, Any] = {}
        for key, text in changes.items():
            if key not in OFFERED:
                raise TuningError(f"expected one of {', '.join(OFFERED)}, got {key}")
            try:
                number = float(text.replace(",", "."))
            except ValueError as error:
                raise TuningError(f"{key}: expected a number, got {text!r}") from error
            low, high = OFFERED[key]
            if not low <= number <= high:
                raise TuningError(f"{key}: expected {low:g} to {high:g}, got {number:g}")
            whole = DetectorSettings.model_fields[key].annotation is int
            values[key] = int(number) if whole and number.is_integer() else number
        try:
            return turned(base, values)
        except KnobError as error:
            raise TuningError(str(error)) from error


def settings_after(change: SettingsChange) -> DetectorSettings:
    """Give the detector's settings that a change carries."""
    return DetectorSettings.model_validate(tomllib.loads(change.toml)["detector"])


def _words(base: DetectorSettings, other: DetectorSettings) -> tuple[tuple[str, str], ...]:
    return tuple((key, f"{then:g}") for key, (_, then) in difference(base, other).items())


def _trial(stem: str, base_json: str, other_json: str) -> bytes:
    """Play one recording under both settings and along the budget; in the trial's own process."""
    base = DetectorSettings.model_validate_json(base_json)
    other = DetectorSettings.model_validate_json(other_json)
    truth_path = Path(stem + TRUTH_ENDING)
    try:
        heard = recordings.read([Path(stem + ENDING)])
        truth = read_truth(truth_path) if truth_path.exists() else None
    except (recordings.RecordingError, ScoringError, OSError) as error:
        raise TuningError(str(error)) from error
    grid = Grid(base=other, axes=(Axis(BUDGET, BUDGETS_MINS),), against=base)
    try:
        report = tune_all([Trial(recording=heard, truth=truth)], grid)
    except KeyError as error:
        raise TuningError(f"{truth_path.name}: expected a field {error}, got none") from error
    now, then, change = report.against, report.base, report.change
    if now is None or change is None:
        raise TuningError("expected a comparison, got none")
    return msgspec.msgpack.encode(
        Found(
            recording=Path(stem).name,
            changes=_words(base, other),
            lines=tuple(_lines(now, then)),
            # The report compares what was tried with what is in force: gained there is lost here.
            gained=tuple(_told(row) for row in change.lost[:MOST_TOLD]),
            lost=tuple(_told(row) for row in change.gained[:MOST_TOLD]),
            same=change.same + len(change.shifted),
            picture=_document(tune_page.picture(report.curves[0])),
        )
    )


def _lines(now: Outcome, then: Outcome) -> list[Line]:
    def share(value: float | None) -> str:
        return "–" if value is None else f"{value:.0%}"

    def secs(value: float | None) -> str:
        return "–" if value is None else f"{value:.0f} s"

    lines = [Line("alerts", str(now.alerts), str(then.alerts))]
    if now.known and then.known:
        lines += [
            Line("recall", *(f"{one.counts['hits']} / {one.counts['events']}" for one in (now, then))),
            Line("false", *(str(one.counts["false_alarms"] + one.counts["decoy_alarms"]) for one in (now, then))),
            Line("precision", share(now.precision), share(then.precision)),
            Line("notification_precision", share(now.notification_precision), share(then.notification_precision)),
            Line("delay", secs(now.median_delay_s), secs(then.median_delay_s)),
        ]
    return lines


def _told(row: AlertRow) -> Told:
    return Told(row.raised_at, row.hazard, row.place, row.fate)


def _document(svg: str) -> bytes:
    """Give an SVG element as a document of its own."""
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + svg.encode()
