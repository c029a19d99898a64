"""The blindness map: what is detected by kind of place, hazard and number of witnesses, as tables and pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.analysis import drawing
from tocsin.analysis.outlines import ground

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from tocsin.analysis.power import Cell, Dot, PowerReport

HEAD: Final = ("place", "hazard", "witnesses", "detected", "share", "95 %", "delay s", "excess s", "heard", "placed")
BOXES: Final[dict[str, tuple[float, float, float, float]]] = {
    "FR": (-5.6, 10.0, 41.0, 51.5),
    "GB": (-8.5, 2.5, 49.5, 59.5),
}
"""West, east, south and north of the map of a country."""


def row(cell: Cell) -> tuple[object, ...]:
    """Give the cells of a row under ``HEAD``."""
    return (
        cell.kind,
        cell.hazard.replace("_", " "),
        cell.witnesses,
        f"{cell.detected}/{cell.trials}",
        cell.share,
        f"{cell.interval.low:.2f}-{cell.interval.high:.2f}",
        cell.median_delay_s,
        cell.median_excess_s,
        cell.heard,
        cell.placed,
    )


def number(value: object) -> str:
    """Write a number for reading."""
    return (
        f"{value:.0f}"
        if isinstance(value, float) and value >= 100
        else f"{value:.2g}"
        if isinstance(value, float)
        else str(value)
    )


def needed_rows(report: PowerReport) -> list[tuple[str, ...]]:
    """Give for each kind of place how many witnesses each hazard needs."""
    rows = []
    for kind in report.plan.kinds:
        cells = []
        for hazard in report.plan.hazards:
            least = report.needed(kind, hazard)
            cells.append("–" if not report.tried(kind, hazard) else "blind" if least is None else str(least))
        rows.append((kind, *cells))
    return rows


def share_rows(report: PowerReport, hazard: str) -> list[tuple[str, ...]]:
    """Give for each number of witnesses the share of a hazard's events detected by kind of place, in percent, with its interval."""
    found = {(c.kind, c.witnesses): c for c in report.cells if c.hazard == hazard}
    rows = []
    for count in report.plan.witnesses:
        cells = [found.get((kind, count)) for kind in report.plan.kinds]
        rows.append((str(count), *("–" if c is None else _share(c) for c in cells)))
    return rows


def _share(cell: Cell) -> str:
    return f"{cell.share:.0%} ({100 * cell.interval.low:.0f}-{100 * cell.interval.high:.0f})"


def _tried(report: PowerReport) -> list[tuple[str, str]]:
    return [
        (kind, hazard) for kind in report.plan.kinds for hazard in report.plan.hazards if report.tried(kind, hazard)
    ]


def about(report: PowerReport) -> str:
    """Say what was tried."""
    plan = report.plan
    return (
        f"{plan.trials} invented events a cell, told in the words of the simulated world and read by the real extractor, put into "
        f"{report.background} ({report.days:g} days, {report.mentions:,} mentions). Detected: an incident of its hazard raised near it "
        f"within {plan.within_mins:g} min that the background alone does not raise. Seed {plan.seed}."
    )


def page(report: PowerReport) -> bytes:
    """Write the report as one HTML page that opens offline."""
    plan = report.plan
    parts = [
        drawing.words(about(report)),
        drawing.section(
            "Witnesses needed",
            drawing.words(
                "The fewest from which on four events in five were detected; “blind”: not with so many as were tried.",
                note=True,
            ),
            drawing.table(("place", *(hazard.replace("_", " ") for hazard in plan.hazards)), needed_rows(report)),
        ),
        drawing.section("Share detected", heat(report)),
        drawing.section(
            "By number of witnesses", curves(report), drawing.words("Bars: exact 95 % intervals.", note=True)
        ),
        drawing.section("Where", dots(report)),
        drawing.section("All cells", drawing.table(HEAD, [row(cell) for cell in report.cells], number)),
    ]
    return drawing.page("What Tocsin can hear", parts)


def heat(report: PowerReport) -> str:
    """Draw the share detected: rows are places and hazards, columns numbers of witnesses, as SVG."""
    plan = report.plan
    rows = _tried(report)
    shares = {(c.kind, c.hazard, c.witnesses): c.share for c in report.cells}
    grid = [[shares[kind, hazard, count] for count in plan.witnesses] for kind, hazard in rows]
    with drawing.figure(inches_high=0.6 + 0.27 * len(rows)) as (made, panels):
        axes = panels[0]
        axes.grid(visible=False)
        axes.pcolormesh(grid, cmap="RdYlGn", vmin=0.0, vmax=1.0, edgecolors="white", linewidth=1.0)
        for y, line in enumerate(grid):
            for x, share in enumerate(line):
                ink = "white" if share < 0.12 or share > 0.9 else drawing.INK
                axes.text(x + 0.5, y + 0.5, f"{share:.0%}", ha="center", va="center", fontsize=8, color=ink)
        axes.set_xticks([x + 0.5 for x in range(len(plan.witnesses))], [str(count) for count in plan.witnesses])
        axes.set_yticks(
            [y + 0.5 for y in range(len(rows))], [f"{kind}, {hazard.replace('_', ' ')}" for kind, hazard in rows]
        )
        axes.invert_yaxis()
        axes.set_xlabel("witnesses who post")
        return drawing.svg(made)


def curves(report: PowerReport) -> str:
    """Draw the share detected and the median delay against the number of witnesses, a panel a hazard, as SVG."""
    plan = report.plan
    with drawing.figure(rows=2, columns=len(plan.hazards), inches_high=2.5) as (made, panels):
        for column, hazard in enumerate(plan.hazards):
            upper, lower = panels[column], panels[len(plan.hazards) + column]
            upper.set_title(hazard.replace("_", " "))
            for shade, kind in zip(drawing.PALETTE, plan.kinds, strict=False):
                own = [cell for cell in report.cells if (cell.kind, cell.hazard) == (kind, hazard)]
                if own:
                    _line(upper, lower, own, shade)
            upper.set_ylim(-0.03, 1.03)
            upper.set_xscale("log")
            lower.set_xscale("log")
            for axes in (upper, lower):
                axes.minorticks_off()
                axes.set_xticks(list(plan.witnesses), [str(count) for count in plan.witnesses])
            if column == 0:
                upper.set_ylabel("share detected")
                lower.set_ylabel("median delay, s")
                upper.legend(loc="lower right")
            lower.set_xlabel("witnesses")
        return drawing.svg(made)


def _line(upper: Axes, lower: Axes, own: Sequence[Cell], shade: str) -> None:
    at = [float(cell.witnesses) for cell in own]
    below = [cell.share - cell.interval.low for cell in own]
    above = [cell.interval.high - cell.share for cell in own]
    upper.errorbar(
        at,
        [c.share for c in own],
        yerr=[below, above],
        color=shade,
        marker="o",
        markersize=3,
        linewidth=1.2,
        elinewidth=0.6,
        label=own[0].kind,
    )
    late = [(cell.witnesses, cell.median_delay_s) for cell in own if cell.median_delay_s is not None]
    drawing.steps(lower, [float(count) for count, _ in late], [delay for _, delay in late], color=shade)


def dots(report: PowerReport) -> str:
    """Draw where events were detected and where not, for the middle number of witnesses, as SVG."""
    plan = report.plan
    count = plan.witnesses[len(plan.witnesses) // 2]
    west, east, south, north = BOXES[plan.country]
    with drawing.figure(inches_high=6.0) as (made, panels):
        axes = panels[0]
        axes.grid(visible=False)
        ground(axes, (west, east, south, north))
        own = [dot for dot in report.dots if dot.witnesses == count]
        for detected, shade, name in ((True, "#047857", "detected"), (False, drawing.SIGNAL, "not detected")):
            said: list[Dot] = [dot for dot in own if dot.detected == detected]
            axes.scatter(
                [dot.lon for dot in said],
                [dot.lat for dot in said],
                s=16,
                color=shade,
                alpha=0.6,
                linewidths=0,
                label=f"{name} ({len(said)})",
            )
        axes.set_title(f"Events with {count} witnesses")
        axes.legend(loc="lower left")
        return drawing.svg(made)
