"""``tocsin simulate``: a seeded stream of posts with its ground truth."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from tocsin.simulation import scenario as declared
from tocsin.simulation.draw import drawn
from tocsin.simulation.files import STANDARD_OUTPUT, paths_for, write


def simulate(  # noqa: PLR0913  # each is a knob of the stream
    *,
    out: Annotated[Path, Parameter(help="A directory, a posts file (.jsonl, .gz, .zst), or - for standard output.")],
    seed: Annotated[int, Parameter(help="The same seed and options give the same bytes.")] = 1,
    hours: Annotated[float, Parameter(help="Length of the stream, in hours.")] = 3.0,
    rate: Annotated[float, Parameter(help="Ordinary posts per minute, mean over a day.")] = 60.0,
    incidents: Annotated[int, Parameter(help="Real emergencies.")] = 6,
    decoys: Annotated[int, Parameter(help="Bursts that look like one: exercises, matches, adverts...")] = 2,
    start: Annotated[str, Parameter(help="First instant, ISO 8601.")] = "2026-06-01T06:00:00Z",
    country: Annotated[str | None, Parameter(help="Only towns of this country, such as FR or GB.")] = None,
    broken: Annotated[float, Parameter(help="Broken lines put in between, as a share of the posts.")] = 0.0,
    retracted: Annotated[float, Parameter(help="Share of posts that are deleted within the hour.")] = 0.0,
    scenario: Annotated[
        Path | None, Parameter(help="A scenario in TOML instead of a drawn one; of the knobs only --seed counts.")
    ] = None,
    labels: Annotated[bool, Parameter(help="Write the label of each line too.")] = True,
    declare: Annotated[bool, Parameter(negative="", help="Print the scenario as TOML and write no stream.")] = False,
) -> int:
    """Write a seeded stream of invented posts with its ground truth.

    Beside the posts stand NAME.truth.json (what `tocsin score --truth` reads) and NAME.labels.jsonl.
    """
    try:
        if scenario is not None:
            plan = declared.load(scenario)
            plan = msgspec.structs.replace(plan, seed=seed) if seed != 1 else plan
        else:
            _refuse(hours=hours, rate=rate, incidents=incidents, decoys=decoys, broken=broken, retracted=retracted)
            plan = declared.checked(
                drawn(
                    seed=seed,
                    hours=hours,
                    rate_per_min=rate,
                    incidents=incidents,
                    decoys=decoys,
                    start=start,
                    country=country,
                    faults=declared.Faults(broken_share=broken, retract_share=retracted),
                )
            )
    except (declared.ScenarioError, OSError) as error:
        sys.stderr.write(f"tocsin simulate: {error}\n")
        return 2
    if declare:
        from tocsin.simulation.toml import dump  # noqa: PLC0415  # only this option needs it

        sys.stdout.write(dump(plan))
        return 0
    if scenario is None and (missing := incidents + decoys - len(plan.incidents) - len(plan.decoys)):
        sys.stderr.write(f"tocsin simulate: {missing} bursts left out: no room for them apart from the others\n")
    paths = paths_for(out, plan.name, with_labels=labels)
    console = Console(stderr=True)
    began = time.perf_counter()
    try:
        with Progress(
            SpinnerColumn(), TextColumn("lines"), MofNCompleteColumn(), console=console, transient=True
        ) as progress:
            task = progress.add_task("lines", total=None)
            truth = write(plan, paths, lambda count: progress.update(task, completed=count))
    except BrokenPipeError:
        return 0
    except OSError as error:
        sys.stderr.write(f"tocsin simulate: {error}\n")
        return 2
    took = time.perf_counter() - began
    counts = truth["counts"]
    if out != STANDARD_OUTPUT:
        console.print(
            f"{counts['lines']:,} lines, {counts['posts']:,} posts, {len(truth['events'])} incidents, "
            f"{len(truth['decoys'])} decoys in {took:.1f} s ({counts['lines'] / took:,.0f} lines/s)"
        )
        for path in (paths.posts, paths.labels, paths.truth):
            if path is not None:
                console.print(f"  {path}", soft_wrap=True)
    return 0


def _refuse(  # noqa: PLR0913  # each is a knob of the stream
    *, hours: float, rate: float, incidents: int, decoys: int, broken: float, retracted: float
) -> None:
    if not hours > 0:
        raise declared.ScenarioError(f"--hours: expected more than 0, got {hours:g}")
    if not 0 <= rate <= declared.MAX_RATE_PER_MIN:
        raise declared.ScenarioError(f"--rate: expected 0 to {declared.MAX_RATE_PER_MIN:g} a minute, got {rate:g}")
    for name, share in (("broken", broken), ("retracted", retracted)):
        if not 0 <= share <= 1:
            raise declared.ScenarioError(f"--{name}: expected a share from 0 to 1, got {share:g}")
    if incidents < 0 or decoys < 0:
        raise declared.ScenarioError(f"--incidents and --decoys: expected 0 or more, got {min(incidents, decoys)}")
