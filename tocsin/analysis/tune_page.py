"""A tuning report for people: the rows of its tables, and one page with its curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from tocsin.analysis import drawing
from tocsin.analysis.knobs import BUDGET, SECTION
from tocsin.time import format_instant

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tocsin.analysis.compare import Change
    from tocsin.analysis.outcome import AlertRow, Outcome
    from tocsin.analysis.tune import Curve, TuneReport

HEAD: Final = (
    "setting",
    "recall",
    "95 %",
    "placed",
    "false",
    "decoys",
    "false a day (95 %)",
    "notif. precision",
    "median excess s",
    "p90 excess s",
    "interruptions",
)
SHORT_HEAD: Final = ("setting", "heard", "placed", "false", "decoys", "false a day", "late s", "shown")
"""For a terminal of eighty columns; ``late s``: median excess over the third voice, else over the first relevant post."""
NO_TRUTH_HEAD: Final = ("setting", "alerts", "interruptions", "a day")
ALERT_HEAD: Final = ("raised", "hazard", "place", "voices", "evidence", "what it was")


def number(value: object) -> str:
    """Write a number for reading."""
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def budget_words(mins: float) -> str:
    """Say a budget in the unit people think in.

    >>> budget_words(43_200.0), budget_words(1_440.0), budget_words(90.0)
    ('1 in 30 days', '1 in 1 day', '1 in 1.5 h')
    """
    if mins >= 1_440:
        days = mins / 1_440
        return f"1 in {days:,.3g} day{'' if days == 1 else 's'}"
    return f"1 in {mins / 60:.3g} h"


def setting_words(changes: dict[str, Any]) -> str:
    """Name a setting by what it changes."""
    if not changes:
        return "as it is"
    said = []
    for key, value in changes.items():
        said.append(f"budget {budget_words(value)}" if key == BUDGET else f"{key} = {value}")
    return ", ".join(said)


def value_words(curve: Curve, point: Outcome) -> str:
    """Name a point of a curve by the value its knob has there."""
    value = point.changes[curve.key]
    return budget_words(value) if curve.key == BUDGET else str(value)


def row(outcome: Outcome, name: str | None = None) -> tuple[object, ...]:
    """Give the cells of one setting, under ``HEAD`` or ``NO_TRUTH_HEAD``."""
    name = name or setting_words(outcome.changes)
    if not outcome.known:
        return name, outcome.alerts, outcome.interruptions, outcome.alerts / outcome.days if outcome.days else None
    counts = outcome.counts
    interval = outcome.recall_interval
    rate, spread = outcome.false_a_day, outcome.false_a_day_interval
    return (
        name,
        f"{counts['hits']}/{counts['events']}",
        "–" if interval is None else f"{interval.low:.2f}-{interval.high:.2f}",
        counts["placed"],
        counts["false_alarms"],
        f"{counts['decoy_alarms']}/{counts['decoys']}",
        "–" if rate is None or spread is None else f"{rate:.2f} ({spread.low:.2f}-{spread.high:.2f})",
        outcome.notification_precision,
        outcome.median_excess_s,
        outcome.p90_excess_s,
        outcome.interruptions,
    )


def short_row(outcome: Outcome, name: str | None = None) -> tuple[object, ...]:
    """Give the cells of one setting, under ``SHORT_HEAD`` (or ``NO_TRUTH_HEAD``)."""
    if not outcome.known:
        return row(outcome, name)
    first, heard, _, placed, false, decoys, _, _, median, _, shown = row(outcome, name)
    late = outcome.median_delay_s if median is None else median
    return first, heard, placed, false, decoys, outcome.false_a_day, late, shown


def alert_row(alert: AlertRow) -> tuple[object, ...]:
    """Give the cells of one alert, under ``ALERT_HEAD``."""
    what = alert.fate if alert.event is None else f"{alert.fate}: {alert.event}"
    return (
        format_instant(alert.raised_at)[:19].replace("T", " "),
        alert.hazard,
        alert.place,
        alert.voices,
        f"{alert.evidence:.1f} of {alert.threshold:.1f}",
        what,
    )


def page(report: TuneReport, settings_words: str) -> bytes:
    """Write the report as one HTML page that opens offline."""
    known = report.base.known
    head = HEAD if known else NO_TRUTH_HEAD
    facts = [
        (t.name, t.days, t.mentions, t.posts or "not known", "not known" if t.events is None else t.events)
        for t in report.trials
    ]
    parts = [
        drawing.words(settings_words),
        drawing.section(
            "Recordings", drawing.table(("recording", "days", "mentions", "posts", "events"), facts, number)
        ),
        drawing.section("As it is", drawing.table(head, [row(report.base)], number)),
    ]
    for curve in report.curves:
        rows = [row(point, value_words(curve, point)) for point in curve.points]
        parts.append(
            drawing.section(f"Turning {SECTION}{curve.key}", picture(curve), drawing.table(head, rows, number))
        )
    if report.change is not None and report.against is not None:
        parts.append(_change(report.change, report.against, head))
    parts.append(_events(report.base, report.against))
    return drawing.page("What other settings would have done", parts)


def _events(base: Outcome, against: Outcome | None) -> str:
    if not base.event_rows:
        return ""
    other = {} if against is None else {(e.trial, e.name): e for e in against.event_rows}
    rows = []
    for event in base.event_rows:
        cells: list[object] = [
            event.name,
            "/".join(event.hazards),
            "yes" if event.hit else "no",
            event.excess_s,
            event.delay_s,
            event.error_km,
        ]
        if against is not None:
            then = other[event.trial, event.name]
            cells += ["yes" if then.hit else "no", then.excess_s]
        rows.append(cells)
    head = ["event", "hazard", "heard", "excess s", "delay s", "error km"]
    return drawing.section(
        "Events", drawing.table([*head, *(["heard then", "excess s then"] if against else [])], rows, number)
    )


def _change(change: Change, against: Outcome, head: Sequence[str]) -> str:
    parts = [drawing.table(head, [row(against)], number), drawing.words(change_words(change))]
    for title, alerts in (("Gained", change.gained), ("Lost", change.lost)):
        if alerts:
            parts.append(f"<h2>{title}</h2>" + drawing.table(ALERT_HEAD, [alert_row(a) for a in alerts], number))
    if change.shifted:
        rows = [(*alert_row(shift.after)[:3], f"{shift.later_s:+.0f} s") for shift in change.shifted]
        parts.append("<h2>Earlier or later</h2>" + drawing.table(("raised", "hazard", "place", "than before"), rows))
    return drawing.section("Against the other setting", *parts)


def change_words(change: Change) -> str:
    """Say a change in one sentence."""
    said = (
        f"{len(change.gained)} alerts gained, {len(change.lost)} lost, "
        f"{len(change.shifted)} raised at another instant, {change.same} the same."
    )
    if change.events_gained:
        said += f" Events gained: {', '.join(change.events_gained)}."
    if change.events_lost:
        said += f" Events lost: {', '.join(change.events_lost)}."
    return said


def picture(curve: Curve) -> str:
    """Draw recall, false alarms and excess delay (without a truth: alerts a day) against one knob, as SVG."""
    values = [point.changes[curve.key] for point in curve.points]
    numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    at = [float(value) for value in values] if numeric else [float(index) for index in range(len(values))]
    known = curve.points[0].known
    with drawing.figure(columns=3 if known else 1, inches_high=2.9) as (made, panels):
        if known:
            _heard(panels[0], curve, at)
            _false(panels[1], curve, at)
            _late(panels[2], curve, at)
        else:
            drawing.steps(
                panels[0], at, [p.alerts / p.days if p.days else 0.0 for p in curve.points], color=drawing.CALM
            )
            panels[0].set_title("Alerts a day")
        for axes in panels:
            _ticks(axes, curve.key, values, at, numeric=numeric)
            if numeric and isinstance(curve.now, int | float):
                axes.axvline(float(curve.now), color=drawing.QUIET, linewidth=0.8, linestyle=":")
        return drawing.svg(made)


def _ticks(axes: Axes, key: str, values: Sequence[Any], at: Sequence[float], *, numeric: bool) -> None:
    if key == BUDGET:
        axes.set_xscale("log")
        axes.minorticks_off()
        axes.set_xticks(
            list(at), [budget_words(value).removeprefix("1 in ") for value in values], rotation=40, ha="right"
        )
        axes.set_xlabel("one false alarm accepted in")
    else:
        axes.set_xticks(list(at), [str(value) for value in values], rotation=0 if numeric else 30)
        axes.set_xlabel(key.replace("_", " "))


def _heard(axes: Axes, curve: Curve, at: Sequence[float]) -> None:
    axes.set_title("Events heard")
    drawn = [(x, p.recall, p.recall_interval) for x, p in zip(at, curve.points, strict=True)]
    drawn_at = [x for x, recall, _ in drawn if recall is not None]
    axes.fill_between(
        drawn_at,
        [interval.low for _, _, interval in drawn if interval],
        [interval.high for _, _, interval in drawn if interval],
        color=drawing.CALM,
        alpha=0.12,
        linewidth=0,
        label="95 %",
    )
    drawing.steps(axes, drawn_at, [r for _, r, _ in drawn if r is not None], color=drawing.CALM, label="recall")
    precise = [(x, p.notification_precision) for x, p in zip(at, curve.points, strict=True)]
    drawing.steps(
        axes,
        [x for x, share in precise if share is not None],
        [share for _, share in precise if share is not None],
        color=drawing.SECOND,
        label="notification precision",
    )
    axes.set_ylim(-0.03, 1.03)
    axes.legend(loc="lower center")


def _false(axes: Axes, curve: Curve, at: Sequence[float]) -> None:
    axes.set_title("False and decoy alarms a day")
    rates = [(x, p.false_a_day, p.false_a_day_interval) for x, p in zip(at, curve.points, strict=True)]
    known = [(x, rate, spread) for x, rate, spread in rates if rate is not None and spread is not None]
    axes.fill_between(
        [x for x, _, _ in known],
        [spread.low for _, _, spread in known],
        [spread.high for _, _, spread in known],
        color=drawing.SIGNAL,
        alpha=0.12,
        linewidth=0,
        label="95 %",
    )
    drawing.steps(
        axes, [x for x, _, _ in known], [rate for _, rate, _ in known], color=drawing.SIGNAL, label="observed"
    )
    allowed = [p.budget_a_day for p in curve.points]
    axes.plot(at, allowed, color=drawing.QUIET, linestyle="--", linewidth=1, label="the budget, for one territory")
    axes.set_ylim(bottom=0, top=max([spread.high for _, _, spread in known], default=1.0) * 1.1 or 1.0)
    axes.legend(loc="upper right")


def _late(axes: Axes, curve: Curve, at: Sequence[float]) -> None:
    third = any(point.median_excess_s is not None for point in curve.points)
    axes.set_title("Seconds after the third voice" if third else "Seconds after the first post")
    for name, colour, label in (
        ("median_excess_s", drawing.CALM, "median"),
        ("p90_excess_s", drawing.SECOND, "90 %"),
        ("median_delay_s", drawing.QUIET, "median, after the first relevant post"),
    ):
        points = [(x, getattr(p, name)) for x, p in zip(at, curve.points, strict=True)]
        points = [(x, value) for x, value in points if value is not None]
        if points:
            drawing.steps(axes, [x for x, _ in points], [value for _, value in points], color=colour, label=label)
    if len(axes.get_lines()) > 1:  # the title tells a single one
        axes.legend(loc="best")
