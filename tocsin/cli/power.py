"""``tocsin power``: what can be heard, and where Tocsin is blind."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from tocsin.analysis import power_page
from tocsin.analysis.atlas import gazetteer
from tocsin.analysis.knobs import KnobError
from tocsin.analysis.power import Plan, PowerError, PowerReport
from tocsin.analysis.power import power as measure
from tocsin.analysis.recording import RecordingError
from tocsin.analysis.spots import LANGUAGES, SpotKind
from tocsin.analysis.witnesses import extracted
from tocsin.cli.heard import Changes, Config, Keep, heard
from tocsin.model import Hazard

MAX_WITNESSES = 200
MAX_TRIALS = 1_000


def power(  # noqa: PLR0913  # each is an option of the command line
    *recordings: Annotated[
        Path, Parameter(help="The background: posts, or mentions that `--keep` or `tocsin replay --mentions` wrote.")
    ],
    kinds: Annotated[tuple[SpotKind, ...], Parameter(negative="", help="Kinds of places.")] = Plan().kinds,
    hazards: Annotated[tuple[Hazard, ...], Parameter(negative="", help="Hazards.")] = (
        "fire",
        "road_accident",
        "explosion",
    ),
    witnesses: Annotated[
        tuple[int, ...], Parameter(negative="", help="Numbers of witnesses who post.")
    ] = Plan().witnesses,
    trials: Annotated[
        int, Parameter(help="Events of each kind of place, hazard and number of witnesses.")
    ] = Plan().trials,
    within_mins: Annotated[
        float, Parameter(help="What is raised later after the start of its event is not detected.")
    ] = 60.0,
    country: Annotated[str, Parameter(help="Where events happen (ISO 3166-1 alpha-2): FR or GB.")] = "FR",
    seed: Annotated[int, Parameter(help="The same seed and options give the same report.")] = 1,
    config: Config = None,
    settings: Changes = (),
    keep: Keep = None,
    page: Annotated[
        Path | None, Parameter(help="Write tables and pictures as one HTML file that opens offline.")
    ] = None,
    as_json: Annotated[
        bool, Parameter(name="--json", negative="", help="Print the whole report as one JSON object.")
    ] = False,
) -> int:
    """Put invented events into a recorded background: how many witnesses does it take, by hazard and kind of place?

    The invented posts go through the real extractor, the events through the real detector at instants of the recording. Exits with 0 when
    measured, with 2 when it cannot be.
    """
    console = Console(stderr=True)
    try:
        plan = _plan(kinds, hazards, witnesses, trials, within_mins, country, seed)
        recording, loaded, chosen = heard(recordings, config, settings, keep)
        with Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=console, transient=True,
        ) as bar:  # fmt: skip
            task = bar.add_task("reading invented posts", total=None)
            report = measure(
                recording,
                chosen,
                plan,
                gazetteer(),
                extracted(loaded),
                panes=loaded.time.panes(),
                progress=lambda n, of: bar.update(task, description="runs", completed=n, total=of),
            )
    except (KnobError, RecordingError, PowerError, ValueError) as error:
        sys.stderr.write(f"tocsin power: {error}\n")
        return 2
    if page is not None:
        page.write_bytes(power_page.page(report))
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    else:
        _print(Console(), report)
    return 0


def _plan(  # noqa: PLR0913, PLR0917  # the options that are checked together
    kinds: tuple[SpotKind, ...],
    hazards: tuple[Hazard, ...],
    witnesses: tuple[int, ...],
    trials: int,
    within_mins: float,
    country: str,
    seed: int,
) -> Plan:
    if not witnesses or not all(1 <= count <= MAX_WITNESSES for count in witnesses):
        raise PowerError(
            f"--witnesses: expected numbers from 1 to {MAX_WITNESSES}, got {', '.join(map(str, witnesses)) or 'none'}"
        )
    if not 1 <= trials <= MAX_TRIALS:
        raise PowerError(f"--trials: expected a number from 1 to {MAX_TRIALS}, got {trials}")
    if not 0 < within_mins <= 1_440:
        raise PowerError(f"--within-mins: expected more than 0 and at most a day, got {within_mins:g}")
    if country not in LANGUAGES:
        raise PowerError(f"--country: expected one of {', '.join(LANGUAGES)}, got {country}")
    return Plan(
        kinds=tuple(dict.fromkeys(kinds)),
        hazards=tuple(dict.fromkeys(hazards)),
        witnesses=tuple(sorted(set(witnesses))),
        trials=trials,
        within_mins=within_mins,
        country=country,
        seed=seed,
    )


def _print(console: Console, report: PowerReport) -> None:
    console.print(power_page.about(report), soft_wrap=True, highlight=False)
    heads = ("place", *(hazard.replace("_", " ") for hazard in report.plan.hazards))
    needed = Table(*heads, title="Witnesses needed for four events in five", title_justify="left", box=box.SIMPLE_HEAD)
    for cells in power_page.needed_rows(report):
        needed.add_row(*cells)
    console.print(needed)
    for hazard in report.plan.hazards:
        title = f"{hazard.replace('_', ' ')}: detected by number of witnesses (exact 95 % interval)"
        shares = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
        for name in ("witnesses", *report.plan.kinds):
            shares.add_column(name, justify="right", no_wrap=True)
        for cells in power_page.share_rows(report, hazard):
            shares.add_row(*cells)
        console.print(shares)
