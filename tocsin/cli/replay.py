"""``tocsin replay``: recorded posts through all stages, in event time, as fast as it goes."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from ingest.files import STDIN, Meter, Reading, SourceError, read_blocks
from tocsin.cli.report import report
from tocsin.geocoder.recorded import RecordedAnswers, RecordedError
from tocsin.pipeline.detect import Detect
from tocsin.pipeline.hear import HearFactory
from tocsin.pipeline.live_alerts import AlertLines
from tocsin.pipeline.outputs import LineOutputs
from tocsin.pipeline.run import run
from tocsin.runtime.embedded import WorkerError
from tocsin.runtime.failures import StageIllError
from tocsin.runtime.files import whole_file
from tocsin.runtime.metrics import Metrics
from tocsin.runtime.stop import Stop
from tocsin.settings import Settings, load_settings
from tocsin.time import format_instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.model import Incident
    from tocsin.pipeline.detect import Summary

DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


def replay(  # noqa: PLR0913 - each is an option of the command line
    *posts: Annotated[
        str,
        # A lone hyphen is a path here; an unknown option then reads as a path that is not there, and is named as such.
        Parameter(help="Files of JSON Lines: plain, .gz or .zst; `-` is standard input.", allow_leading_hyphen=True),
    ],
    incidents: Annotated[
        str,
        Parameter(
            help="File for the incidents, one JSON line a revision; `-` is standard output.", allow_leading_hyphen=True
        ),
    ],
    mentions: Annotated[str | None, Parameter(help="File for the mentions that were heard, as JSON lines.")] = None,
    dead_letters: Annotated[str | None, Parameter(help="File for the refused lines, as JSON lines.")] = None,
    alerts: Annotated[
        str | None,
        Parameter(help="File for the alerts that centres (`dispatch.territories`) would have got, as JSON lines."),
    ] = None,
    answers: Annotated[
        Path | None, Parameter(help="File of a geocoder's answers (`geocoder.answers_path`, `tocsin geocode`).")
    ] = None,
    config: Annotated[Path | None, Parameter(help="Settings file (TOML).")] = None,
    processes: Annotated[
        int | None, Parameter(help="Extract processes; 0 does all in one. The result is the same for any number.")
    ] = None,
    all_states: Annotated[
        bool,
        Parameter(name="--all", negative="", help="Also write incidents that never left `watch` or `explained`."),
    ] = False,
) -> int:
    """Replay recorded posts through all stages and write the incidents.

    Time is that of the posts, so the same files give the same bytes whatever the machine, the number of processes or the size of
    blocks. Several files are merged by their clocks. No geocoder is asked: `--answers` holds what one said. The
    incidents file is there when it is whole: until then it ends in `.part`.
    """
    settings = load_settings(config, os.environ)
    problem = _problem(posts, [path for path in (incidents, mentions, dead_letters, alerts) if path])
    if processes is not None and not 0 <= processes <= MAX_PROCESSES:
        problem = f"--processes: expected a number from 0 to {MAX_PROCESSES}, got {processes}"
    if problem:
        return _refuse(problem, BAD_INPUT)
    if processes is not None:
        runtime = settings.runtime.model_copy(update={"extract_processes": processes})
        settings = settings.model_copy(update={"runtime": runtime})
    try:
        recorded = None if answers is None else RecordedAnswers.read(answers)
    except (OSError, RecordedError) as error:
        return _refuse(str(error), BAD_INPUT)
    try:
        with ExitStack() as stack:
            outputs = ReplayOutputs(
                stack.enter_context(whole_file(incidents)),
                mentions=stack.enter_context(whole_file(mentions)) if mentions else None,
                dead_letters=stack.enter_context(whole_file(dead_letters)) if dead_letters else None,
                every_state=all_states or settings.dispatch.all_states,
            )
            if alerts:
                outputs.alerting = AlertLines(settings, Metrics(), stack.enter_context(whole_file(alerts)))
            return _replay(posts, outputs, settings, recorded)
    except (WorkerError, StageIllError) as error:  # what was written keeps its .part name: it is not whole
        return _refuse(str(error), FAILED)


MAX_PROCESSES = 256


class ReplayOutputs(LineOutputs):
    """Files, and a progress bar on standard error when that is a terminal."""

    bar: Bar | None = None
    alerting: AlertLines | None = None

    def incident(self, incident: Incident) -> None:
        """Write one revision, and the alerts it causes."""
        super().incident(incident)
        if self.alerting is not None:
            self.alerting.incident(incident)

    def progress(self, summary: Summary) -> None:
        """Move the bar."""
        if self.bar is not None:
            self.bar.show(summary, sum(self.alerts.values()))


class Bar:
    """How far the replay is, by bytes of the files."""

    def __init__(self, console: Console, meter: Meter, total_bytes: int | None) -> None:
        self._meter = meter
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("loading", total=total_bytes)

    def show(self, summary: Summary, alerts: int) -> None:
        """Show what was done so far."""
        clock = format_instant(summary.clock_at)[:16].replace("T", " ") if summary.clock_at is not None else ""
        words = f"{clock}  {summary.counts.received:,} posts  {alerts} incidents"
        self._progress.update(self._task, completed=self._meter.bytes_read, description=words)

    def __enter__(self) -> Bar:  # noqa: PYI034 - no one derives from it
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


def _replay(posts: Sequence[str], outputs: ReplayOutputs, settings: Settings, recorded: RecordedAnswers | None) -> int:
    console = Console(stderr=True)
    stop, meter = Stop(), Meter()
    reading = Reading(
        block_lines=settings.runtime.block_lines,
        max_line_bytes=settings.ingest.max_line_bytes,
        leap_ms=settings.time.leap_ms,
        leap_lines=settings.time.leap_lines,
    )
    detect = Detect(settings, outputs, Metrics(), geocoder=recorded)
    blocks = read_blocks(posts, reading, stopped=lambda: stop.wanted, meter=meter)
    began = time.monotonic()
    broken = None
    with ExitStack() as stack:
        stack.enter_context(stop.on_signals())
        if console.is_terminal:
            outputs.bar = stack.enter_context(Bar(console, meter, _bytes_of(posts)))
        try:
            run(blocks, detect, HearFactory(settings), settings, stop)
        except SourceError as error:
            broken = str(error)
    report(console, detect.summary, outputs, time.monotonic() - began)
    if broken is not None:
        return _refuse(f"{broken} (all before it is in the files)", BAD_INPUT)
    if stop.wanted:
        sys.stderr.write("tocsin replay: stopped; all that was read is in the files\n")
        return INTERRUPTED
    return DONE


def _problem(posts: Sequence[str], written: Sequence[str]) -> str | None:
    """Say what is wrong with the paths, before models are loaded and files begun."""
    if not posts:
        return "expected at least one file of posts, got none"
    for path in posts:
        if path != STDIN and not Path(path).is_file() and not Path(path).is_fifo():
            return f"{path}: expected a file of posts, got {'a folder' if Path(path).is_dir() else 'nothing there'}"
    if list(posts).count(STDIN) > 1:
        return "expected standard input once, got it twice"
    files = [Path(path).resolve() for path in (*posts, *written) if path != STDIN]
    for path in written:
        if path != STDIN and files.count(Path(path).resolve()) > 1:
            return f"{path}: expected a file of its own, got one that is named twice"
    return None


def _bytes_of(posts: Sequence[str]) -> int | None:
    return None if STDIN in posts else sum(Path(path).stat().st_size for path in posts)


def _refuse(message: str, code: int) -> int:
    sys.stderr.write(f"tocsin replay: {message}\n")
    return code
