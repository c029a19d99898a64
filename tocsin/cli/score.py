"""``tocsin score``: how well incidents tell the truth of a scenario."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from tocsin.scoring import ScoringError, read_alerts, read_truth, read_voices
from tocsin.scoring import score as score_alerts

_HEADLINE = (
    ("hits", "events hit"),
    ("events", "events"),
    ("placed", "placed within the event's radius ten minutes after the raise"),
    ("false_alarms", "false alarms"),
    ("decoy_alarms", "decoys that raised"),
    ("splits", "further incidents for an event already hit"),
    ("wrong_hazard", "right place and time, wrong hazard"),
    ("jumps", "revisions whose centre left the former radius"),
    ("neutral", "minor true incidents"),
    ("precision", "hits / (hits + false + decoy)"),
    ("notification_precision", "the same, all that interrupts counted"),
    ("recall", "hits / events"),
    ("median_delay_s", "raise after the first relevant post, median, s"),
    ("median_excess_s", "raise after the third voice, median, s"),
    ("p90_excess_s", "raise after the third voice, 90th percentile, s"),
    ("median_location_error_km", "distance from the truth, median, km"),
)


def score(
    *,
    truth: Annotated[Path, Parameter(help="The scenario's truth file (JSON).")],
    incidents: Annotated[Path, Parameter(help="What `tocsin replay --incidents` wrote (JSON Lines).")],
    posts: Annotated[
        Path | None, Parameter(help="The scenario's posts: with --labels, delays in voices are known.")
    ] = None,
    labels: Annotated[Path | None, Parameter(help="The labels of the posts.")] = None,
    as_json: Annotated[
        bool, Parameter(name="--json", negative="", help="Print the whole result as one JSON object.")
    ] = False,
) -> int:
    """Score incidents against the truth of a scenario.

    A hit is right in hazard, place and time; see docs/reference/scoring.md for every word of the table.
    """
    if (posts is None) != (labels is None):
        sys.stderr.write("tocsin score: --posts and --labels: expected both or neither, got one\n")
        return 2
    try:
        voices = read_voices(posts, labels) if posts and labels else None
        result = score_alerts(read_truth(truth), read_alerts(incidents), voices)
    except (ScoringError, OSError) as error:
        sys.stderr.write(f"tocsin score: {error}\n")
        return 2
    except KeyError as error:
        sys.stderr.write(f"tocsin score: {truth}: expected a field {error}, got none\n")
        return 2
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(result) + b"\n")
    else:
        _print(result)
    return 0


def _print(result: dict[str, Any]) -> None:
    console = Console()
    table = Table(title=f"Score of {result['scenario'] or 'the incidents'}", show_header=False)
    for key, meaning in _HEADLINE:
        value = result[key]
        table.add_row(key, "–" if value is None else f"{value:g}", meaning)
    console.print(table)
    if result["per_event"]:
        events = Table("event", "hit", "hazard said", "excess s", "error km", title="Events")
        for event in result["per_event"]:
            cells = (event["hazard_said"], event["excess_s"], event["error_10min_km"])
            events.add_row(
                event["name"], "yes" if event["hit"] else "no", *("–" if c is None else str(c) for c in cells)
            )
        console.print(events)
