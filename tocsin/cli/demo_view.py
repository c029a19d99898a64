"""What the demonstration shows in the terminal: a live view, or plain lines when nobody looks at a terminal."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tocsin.time import MINUTE_MS, format_instant

if TYPE_CHECKING:
    from types import TracebackType

    from tocsin.cli.demo_feed import Feed
    from tocsin.model import Incident
    from tocsin.pipeline.detect import Summary
    from tocsin.simulation.scenario import Scenario

SHOWN_INCIDENTS: Final = 8
SPARK_MINUTES: Final = 3
SPARK_BARS: Final = 60
"""One bar of the mention line is three simulated minutes, and the latest sixty are shown."""
PLAIN_EVERY_MS: Final = 30 * MINUTE_MS
_BLOCKS: Final = " ▁▂▃▄▅▆▇█"
_STYLES: Final = {"open": "bold red", "quiet": "blue", "watch": "yellow", "closed": "dim", "explained": "magenta"}
_TOLD: Final = {
    "raised": "▲",
    "surge": "▲",
    "corrected": "↷",
    "merged": "⇉",
    "split": "⇇",
    "withdrawn": "✕",
    "denied": "✕",
}
"""Reasons of revisions that are told as a line of their own, with their sign."""


class View:
    """Shows how far the play is and tells each incident in one sentence as it is raised. Use as a context."""

    def __init__(self, console: Console, scenario: Scenario, feed: Feed) -> None:
        self._console = console
        self._scenario = scenario
        self._feed = feed
        self._latest: dict[str, Incident] = {}
        self.mentions = 0
        """Posts that tell of an emergency, so far."""
        self._mentions: deque[list[int]] = deque(maxlen=SPARK_BARS)
        self._summary: Summary | None = None
        self._said_at = scenario.start_at
        self._ready = False
        self._live = (
            Live(get_renderable=self._render, console=console, refresh_per_second=8, transient=True)
            if console.is_terminal
            else None
        )

    def __enter__(self) -> View:  # noqa: PYI034  # no one derives from it
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def mention(self, event_at: int) -> None:
        """Count one post that tells of an emergency."""
        self.mentions += 1
        bar = event_at // (SPARK_MINUTES * MINUTE_MS)
        if self._mentions and self._mentions[-1][0] >= bar:
            self._mentions[-1][1] += 1
        else:
            self._mentions.append([bar, 1])

    def incident(self, revision: Incident, *, first: bool) -> None:
        """Show one revision of a raised incident; the first, and what a dispatcher must hear, is told as a line."""
        self._latest.pop(revision.incident_id, None)
        self._latest[revision.incident_id] = revision
        reason = "raised" if first else revision.reason
        if reason in _TOLD:
            line = Text.assemble(
                (f"{_TOLD[reason]} {format_instant(revision.updated_at)[11:19]} ", "bold"),
                (f"{revision.hazard.replace('_', ' ')}, {revision.place}", _STYLES.get(revision.state, "")),
                ("" if reason == "raised" else f" [{reason}]", "bold"),
                f"  {revision.sentence}",
            )
            self._console.print(line)

    def progress(self, summary: Summary) -> None:
        """Hear how far the pipeline is."""
        self._summary, self._ready = summary, True
        if self._live is None and summary.clock_at is not None and summary.clock_at - self._said_at >= PLAIN_EVERY_MS:
            self._said_at = summary.clock_at
            self._console.print(self._figures(), highlight=False)

    def _figures(self) -> str:
        summary = self._summary
        if summary is None:
            return "loading the language models"
        clock_at = summary.clock_at if summary.clock_at is not None else self._scenario.start_at
        return (
            f"{format_instant(clock_at)[11:16]} UTC  {summary.counts.received:,} posts heard, "
            f"{summary.gate_open:,} hold a term, {self.mentions:,} tell of an emergency, {len(self._latest)} incidents"
        )

    def _render(self) -> RenderableType:
        scenario = self._scenario
        bar = ProgressBar(total=scenario.end_at - scenario.start_at, completed=self._feed.clock_at - scenario.start_at)
        played = Table.grid(expand=True)
        played.add_row(bar)
        bars = [count for _, count in self._mentions]
        top = max(bars, default=0)
        spark = "".join(_BLOCKS[round(count / top * (len(_BLOCKS) - 1))] for count in bars) if top else ""
        table = Table(box=None, pad_edge=False, expand=True)
        for name, justify in (
            ("state", "left"),
            ("what", "left"),
            ("where", "left"),
            ("voices", "right"),
            ("±km", "right"),
        ):
            table.add_column(name, justify="right" if justify == "right" else "left", style="dim", no_wrap=True)
        for one in reversed(list(self._latest.values())[-SHOWN_INCIDENTS:]):
            style = _STYLES.get(one.state, "")
            cells = (one.state, one.hazard.replace("_", " "), one.place, str(one.voices), f"{one.radius_km:.1f}")
            table.add_row(*(Text(cell, style=style) for cell in cells))
        return Panel(
            Group(Text(self._figures()), played, Text(spark, style="cyan"), table if self._latest else Text("")),
            title="Tocsin demo: a simulated afternoon",
            subtitle="Ctrl-C ends it",
            title_align="left",
        )


def show_score(console: Console, result: dict[str, Any], scenario: Scenario) -> None:
    """Print how well the incidents tell the truth."""
    table = Table(box=None, pad_edge=False)
    for name in ("simulated event", "raised", "said", "after the third voice", "off by"):
        table.add_column(name)
    for event in result["per_event"]:
        hit = event["hit"]
        excess, off = event["excess_s"], event["error_10min_km"]
        table.add_row(
            event["name"],
            Text(event["raised_at"][11:19] if hit else "missed", style="" if hit else "bold red"),
            (event["hazard_said"] or "").replace("_", " "),
            "" if excess is None else f"{excess:.0f} s",
            "" if off is None else f"{off:.1f} km",
        )
    console.print(table)
    delay, third = result["median_delay_s"], result["median_excess_s"]
    told = "" if delay is None else f"; median {delay:.0f} s after the first post"
    told += "" if third is None else f", {third:.0f} s after the third voice"
    console.print(
        f"{result['hits']} of {result['events']} simulated incidents raised, {result['placed']} at the right place{told}",
        style="bold",
        highlight=False,
    )
    console.print(
        f"{result['false_alarms']} false alarms, {result['decoy_alarms']} of {len(scenario.decoys)} decoys raised, "
        f"{result['splits']} splits, {result['wrong_hazard']} with a wrong hazard",
        highlight=False,
    )
