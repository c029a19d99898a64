"""What a run says at its end: where every line went, what was raised, what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.table import Table

from tocsin.time import MINUTE_MS, format_instant

if TYPE_CHECKING:
    from rich.console import Console

    from tocsin.pipeline.detect import Summary
    from tocsin.pipeline.outputs import LineOutputs

LATE_SHARE: Final = 0.05
"""Share of late lines from which the order of the input is doubted."""
WORDS: Final = {
    "no_term": "no term of the lexicon",
    "not_relevant": "not relevant",
    "explained": "explained: no emergency",
}


def report(console: Console, summary: Summary, outputs: LineOutputs, secs: float) -> None:
    """Print the conservation table and the sums of a run of ``secs`` seconds."""
    counts = summary.counts
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(justify="right")
    table.add_column()
    table.add_row(f"{counts.received:,}", "lines received")
    table.add_row(f"{counts.used:,}", "= used (mentions and retractions)")
    for reason, lines in sorted(counts.filtered.items()):
        if lines:
            table.add_row(f"{lines:,}", f"+ set aside: {WORDS.get(reason, reason)}")
    table.add_row(f"{counts.late:,}", "+ late")
    table.add_row(f"{counts.duplicate:,}", "+ duplicate")
    for reason, lines in sorted(counts.dead.items()):
        if lines:
            table.add_row(f"{lines:,}", f"+ dead: {reason}")
    if counts.held:
        table.add_row(f"{counts.held:,}", "+ held")
    console.print(table)
    if not counts.balanced:
        console.print("The counts do not add up: this is a defect of Tocsin.", style="bold red")
    _show_letters(console, summary, outputs)
    if counts.late > LATE_SHARE * counts.received:
        told = f"{counts.late / counts.received:.0%} of the lines are late: are they in the order of time? (sort them by created_at)"
        console.print(told, style="yellow")
    raised = sum(outputs.alerts.values())
    by_hazard = ", ".join(f"{hazard} {number}" for hazard, number in sorted(outputs.alerts.items()))
    console.print(f"{raised} incidents written" + (f" ({by_hazard})" if by_hazard else ""), highlight=False)
    if summary.first_at is not None and summary.clock_at is not None:
        span = (summary.clock_at - summary.first_at) / MINUTE_MS
        console.print(
            f"{format_instant(summary.first_at)} to {format_instant(summary.clock_at)} ({span:,.0f} min of posts) "
            f"in {secs:.1f} s: {counts.received / secs if secs else 0:,.0f} posts/s with start-up",
            highlight=False,
        )
    cpu = ", ".join(
        f"{part} {spent / counts.received * 1e6:.1f}" for part, spent in summary.cpu_secs.items() if counts.received
    )
    console.print(f"processor microseconds a line: {cpu}", highlight=False)


def _show_letters(console: Console, summary: Summary, outputs: LineOutputs) -> None:
    total = summary.counts.dead.total()
    for letter in outputs.letters:
        console.print(
            f"  {letter.origin}:{letter.line}: {letter.reason}: {letter.detail}", markup=False, highlight=False
        )
    if total > len(outputs.letters):
        console.print(f"  … and {total - len(outputs.letters):,} more (--dead-letters FILE)", markup=False)
