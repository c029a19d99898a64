"""``tocsin tune``: what other settings would have done on recorded history."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import msgspec
from cyclopts import Parameter
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from tocsin.analysis import tune_page
from tocsin.analysis.hearing import hear
from tocsin.analysis.knobs import BUDGET, Axis, KnobError, axis, change, difference, turned
from tocsin.analysis.recording import RecordingError, is_recording, write
from tocsin.analysis.tune import Grid, Trial, TuneReport, tune_all
from tocsin.scoring import ScoringError, read_truth, read_voices
from tocsin.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.settings.detector import DetectorSettings

BUDGETS_MINS: Final = (60.0, 240.0, 1_440.0, 10_080.0, 43_200.0, 129_600.0, 525_600.0)
"""From one false alarm an hour to one a year."""
POSTS_ENDINGS: Final = (".posts.jsonl.gz", ".posts.jsonl.zst", ".posts.jsonl")


def tune(  # noqa: PLR0913  # each is an option of the command line
    *recordings: Annotated[
        Path, Parameter(help="Posts, or mentions that `tocsin replay --mentions` or `--keep` wrote.")
    ],
    truth: Annotated[
        tuple[Path, ...],
        Parameter(
            negative="",
            help="The truth of each recording in turn, or one of all together; NAME.truth.json beside NAME.posts.jsonl is found by itself.",
        ),
    ] = (),
    labels: Annotated[
        tuple[Path, ...],
        Parameter(
            negative="",
            help="The labels of each file of posts: with them the excess over the third voice is known. Found like --truth.",
        ),
    ] = (),
    posts: Annotated[
        tuple[Path, ...],
        Parameter(negative="", help="The posts that the labels are of, where the recordings are not posts."),
    ] = (),
    config: Annotated[Path | None, Parameter(help="Settings file (TOML): what is tuned.")] = None,
    settings: Annotated[
        tuple[str, ...], Parameter(name="--set", negative="", help="Change the settings first: detector.key=value.")
    ] = (),
    vary: Annotated[
        tuple[str, ...], Parameter(negative="", help="Turn a knob besides the budget: detector.key=value,value…")
    ] = (),
    budgets: Annotated[
        tuple[float, ...], Parameter(negative="", help="Budgets to try, in minutes between two false alarms.")
    ] = BUDGETS_MINS,
    against: Annotated[Path | None, Parameter(help="Settings file to compare with: alerts gained and lost.")] = None,
    against_set: Annotated[
        tuple[str, ...], Parameter(negative="", help="Compare with the settings so changed: detector.key=value.")
    ] = (),
    keep: Annotated[
        Path | None, Parameter(help="Keep what was heard in this file, so that the next run need not extract.")
    ] = None,
    page: Annotated[Path | None, Parameter(help="Write tables and curves as one HTML file that opens offline.")] = None,
    as_json: Annotated[
        bool, Parameter(name="--json", negative="", help="Print the whole report as one JSON object.")
    ] = False,
) -> int:
    """Play recorded history under other settings: recall, delay, false alarms, alerts gained and lost.

    Posts are extracted once, the detector runs once for each setting. A recording without a truth is played too: then alerts are only
    counted and compared. Exits with 0 when done, with 2 when a file or a setting cannot be used.
    """
    console = Console(stderr=True)
    try:
        base_settings = load_settings(config, os.environ)
        base = turned(base_settings.detector, dict(change(text) for text in settings))
        grid = Grid(base=base, axes=_axes(budgets, vary), against=_other(base, against, against_set))
        trials = _trials(Files(recordings, truth, labels, posts), base_settings, console, keep)
        with Progress(
            SpinnerColumn(), TextColumn("settings"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=console, transient=True,
        ) as bar:  # fmt: skip
            task = bar.add_task("settings", total=None)
            panes = base_settings.time.panes()
            report = tune_all(trials, grid, panes=panes, progress=lambda n, of: bar.update(task, completed=n, total=of))
    except (KnobError, RecordingError, ScoringError) as error:
        sys.stderr.write(f"tocsin tune: {error}\n")
        return 2
    except KeyError as error:
        sys.stderr.write(f"tocsin tune: the truth: expected a field {error}, got none\n")
        return 2
    about = _about(config, base_settings, base)
    if page is not None:
        page.write_bytes(tune_page.page(report, about))
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    else:
        _print(Console(), report, about)
    if page is not None:
        console.print(f"{page}", soft_wrap=True)
    return 0


def _axes(budgets: Sequence[float], vary: Sequence[str]) -> tuple[Axis, ...]:
    axes = [Axis(BUDGET, tuple(sorted(budgets)))] if budgets else []
    return (*axes, *(axis(text) for text in vary))


def _other(base: DetectorSettings, against: Path | None, changes: Sequence[str]) -> DetectorSettings | None:
    if against is None and not changes:
        return None
    other = base if against is None else load_settings(against, os.environ).detector
    return turned(other, dict(change(text) for text in changes))


class Files(NamedTuple):
    """The files of the command line."""

    recordings: Sequence[Path]
    truths: Sequence[Path]
    labels: Sequence[Path]
    posts: Sequence[Path]


def _trials(files: Files, settings: Settings, console: Console, keep: Path | None) -> list[Trial]:
    """Read recordings with their truths; several files with one truth are one recording."""
    recordings, truths, labels, posts = files
    if not recordings:
        raise RecordingError("expected at least one recording, got none")
    groups = [list(recordings)] if len(recordings) > 1 and len(truths) == 1 else [[path] for path in recordings]
    for option, given in (("--truth", truths), ("--labels", labels), ("--posts", posts)):
        if len(given) not in (0, len(groups)):
            raise RecordingError(
                f"{option}: expected none or one for each of {len(groups)} recordings, got {len(given)}"
            )
    if keep is not None and len(groups) > 1:
        raise RecordingError("--keep: expected one recording, got several")
    trials = []
    for index, group in enumerate(groups):
        truth = truths[index] if truths else beside(group[0], ".truth.json")
        said = posts[index] if posts else group[0]
        labelled = labels[index] if labels else _labels_beside(said)
        if labelled is not None and is_recording(said):
            raise RecordingError(
                f"{said}: expected the posts that {labelled.name} labels, got mentions (name them with --posts)"
            )
        voices = read_voices(said, labelled) if labelled is not None and len(group) == 1 else None
        with console.status(f"Hearing {group[0].name}"):
            recording = hear(group, settings)
        if keep is not None:
            write(recording, keep)
        trials.append(Trial(recording=recording, truth=None if truth is None else read_truth(truth), voices=voices))
    return trials


def beside(posts: Path, ending: str) -> Path | None:
    """Give the file NAME + ending beside NAME.posts.jsonl, if it is there."""
    for own in POSTS_ENDINGS:
        if posts.name.endswith(own):
            found = posts.with_name(posts.name.removesuffix(own) + ending)
            return found if found.is_file() else None
    return None


def _labels_beside(posts: Path) -> Path | None:
    return next((found for e in POSTS_ENDINGS if (found := beside(posts, e.replace(".posts", ".labels")))), None)


def _about(config: Path | None, settings: Settings, base: DetectorSettings) -> str:
    changes = difference(settings.detector, base)
    name = "the packaged settings" if config is None else config.name
    return f"Settings: {name}" + "".join(f", {key} = {new}" for key, (_, new) in changes.items()) + "."


def _print(console: Console, report: TuneReport, about: str) -> None:
    head = tune_page.SHORT_HEAD if report.base.known else tune_page.NO_TRUTH_HEAD
    for trial in report.trials:
        posts = f"{trial.posts:,} posts" if trial.posts else "posts not known: the packaged pace is used"
        events = "no truth" if trial.events is None else f"{trial.events} events"
        console.print(
            f"{trial.name}: {trial.days:.3g} days, {trial.mentions:,} mentions, {posts}, {events}", soft_wrap=True
        )
    console.print(about, soft_wrap=True)
    _table(console, "As it is", head, [tune_page.short_row(report.base)])
    for curve in report.curves:
        _table(
            console,
            f"Turning detector.{curve.key}",
            head,
            [tune_page.short_row(point, tune_page.value_words(curve, point)) for point in curve.points],
        )
    if report.change is not None and report.against is not None:
        _table(console, "The other setting", head, [tune_page.short_row(report.against)])
        console.print(tune_page.change_words(report.change), soft_wrap=True)
        for title, alerts in (("Gained", report.change.gained), ("Lost", report.change.lost)):
            if alerts:
                _table(console, title, tune_page.ALERT_HEAD, [tune_page.alert_row(alert) for alert in alerts])


def _table(console: Console, title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for index, name in enumerate(head):
        table.add_column(name, justify="left" if index == 0 else "right", no_wrap=index > 0)
    for cells in rows:
        table.add_row(*("–" if cell is None else tune_page.number(cell) for cell in cells))
    console.print(table)
