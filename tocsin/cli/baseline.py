"""``tocsin baseline``: learn what ordinary days hold, keep it as a file, look into it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter
from rich import box
from rich.console import Console
from rich.table import Table

from detectors.prior import Prior, PriorError, decode, encode
from tocsin.analysis.atlas import gazetteer
from tocsin.analysis.baselines import BaselineError, View, learn, view
from tocsin.analysis.hearing import hear
from tocsin.analysis.recording import Recording, RecordingError
from tocsin.analysis.saying import instant_words
from tocsin.analysis.stage import ExplainError
from tocsin.analysis.whereabouts import meant
from tocsin.runtime.files import whole_file
from tocsin.settings import load_settings

if TYPE_CHECKING:
    from tocsin.model import Place
    from tocsin.settings.detector import DetectorSettings

MAX_ROWS = 10_000


def baseline(  # noqa: PLR0913  # each is an option of the command line
    *recordings: Annotated[Path, Parameter(help="Posts, or recorded mentions, of ordinary days; the freshest last.")],
    prior: Annotated[Path | None, Parameter(help="A baseline to look into, or to go on from.")] = None,
    out: Annotated[
        Path | None, Parameter(help="Write the baseline to this file; `detector.prior_path` names it to a detector.")
    ] = None,
    place: Annotated[
        str | None, Parameter(help="Show one place for every hazard: a name, an identity of the gazetteer, or lat,lon.")
    ] = None,
    most: Annotated[int, Parameter(help="Places shown, those with the most history first.")] = 20,
    config: Annotated[Path | None, Parameter(help="Settings file (TOML).")] = None,
    as_json: Annotated[
        bool, Parameter(name="--json", negative="", help="Print what is shown as one JSON object.")
    ] = False,
) -> int:
    """Learn a baseline from recordings, or look into one: how much of each hazard is said on an ordinary day, and where.

    The recordings are heard by the real detector: voices of incidents it raises are no history. The file holds rates by hazard and place,
    where they come from, and nothing of a post or a person. Exits with 0 when done, with 2 when a file cannot be used.
    """
    console = Console(stderr=True)
    try:
        if not recordings and prior is None:
            raise BaselineError("expected a recording or --prior, got neither")  # noqa: TRY301  # said where all refusals are
        if not 0 <= most <= MAX_ROWS:
            raise BaselineError(f"--most: expected a number from 0 to {MAX_ROWS}, got {most}")  # noqa: TRY301
        loaded = load_settings(config, os.environ)
        start = None if prior is None else decode(prior.read_bytes(), loaded.detector.max_baseline_keys)
        heard: list[Recording] = []
        for path in recordings:
            with console.status(f"Hearing {path.name}"):
                heard.append(hear([path], loaded))
        with console.status("Learning"):
            learnt = learn(heard, loaded.detector, loaded.time.panes(), start)
        if out is not None:
            with whole_file(str(out)) as file:
                file.write(encode(learnt))
        shown = _view(learnt, heard, place, most, loaded.detector.model_copy(update={"prior_path": ""}))
    except (BaselineError, ExplainError, PriorError, RecordingError) as error:
        sys.stderr.write(f"tocsin baseline: {f'{prior}: ' if isinstance(error, PriorError) else ''}{error}\n")
        return 2
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(shown) + b"\n")
    else:
        _print(Console(), shown)
    return 0


def _view(learnt: Prior, heard: list[Recording], place: str | None, most: int, settings: DetectorSettings) -> View:
    named: dict[str, Place] = {named.id: named for recording in heard for m in recording.mentions for named in m.places}
    everything = Recording(name="", items=tuple(item for recording in heard for item in recording.items))
    only = None if place is None else meant(place, everything)
    return view(learnt, settings, gazetteer(), named=named, only=only, most=most)


def _print(console: Console, shown: View) -> None:
    for origin in shown.origins:
        posts = f"{origin.posts:,} posts" if origin.posts else "posts not known"
        span = f"{instant_words(origin.from_at)} to {instant_words(origin.to_at)}"
        console.print(f"{origin.name}: {span}, {origin.mentions:,} mentions, {posts}", soft_wrap=True, highlight=False)
    console.print(
        f"{shown.posts:,.0f} posts in history, {shown.posts_a_minute:.3g} a minute now, {shown.places:,} places with history of their own",
        soft_wrap=True,
        highlight=False,
    )
    hazards = Table(title="Hazards", title_justify="left", box=box.SIMPLE_HEAD)
    for name in ("hazard", "voices heard", "in 1,000 posts", "an hour, without a place"):
        hazards.add_column(name, justify="left" if name == "hazard" else "right")
    for one in shown.hazards:
        rate = f"{one.a_1000_posts:.3g}" if one.a_1000_posts else "–"
        hazards.add_row(one.hazard.replace("_", " "), f"{one.heard:.1f}", rate, f"{one.an_hour:.3g}")
    console.print(hazards)
    places = Table(title="Expected an hour, by place", title_justify="left", box=box.SIMPLE_HEAD)
    for name in ("place", "kind", "hazard", "voices heard", "an hour", "history"):
        places.add_column(name, justify="right" if name in ("voices heard", "an hour") else "left")
    for row in shown.rows:
        history = "of its own" if row.warm else "of its region"
        places.add_row(
            row.place, row.kind, row.hazard.replace("_", " "), f"{row.heard:.1f}", f"{row.an_hour:.3g}", history
        )
    console.print(places)
