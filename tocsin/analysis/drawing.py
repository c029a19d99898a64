"""Pictures as SVG text that opens offline: one style, no fonts or scripts of others, the same bytes for the same figure."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, QUIET, SIGNAL, CALM, SECOND = "#1b1f24", "#6b7280", "#b91c1c", "#1d4ed8", "#b45309"
"""Text and axes; the unimportant; alarms and thresholds; what was heard; a second curve."""
PALETTE: Final = ("#1d4ed8", "#b91c1c", "#047857", "#b45309", "#6d28d9", "#0e7490", "#be185d", "#4d7c0f", "#374151")
STYLE: Final[dict[str, Any]] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "tocsin",
    "font.family": ["sans-serif"],
    "font.size": 9,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e5e7eb",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
}
INCHES_WIDE: Final = 9.0


@contextmanager
def figure(rows: int = 1, columns: int = 1, inches_high: float = 3.2) -> Iterator[tuple[Figure, list[Axes]]]:
    """Give a figure in the house's style and its axes, row by row; draw on it, and make it text with ``svg`` inside the context."""
    # Imported here: only who draws pays half a second for it.
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.figure import Figure as Made  # noqa: PLC0415

    with mpl.rc_context(STYLE):  # type: ignore[arg-type]  # its names are literals, ours stand in a table
        made = Made(figsize=(INCHES_WIDE, inches_high * rows), layout="constrained")
        yield made, [made.add_subplot(rows, columns, number + 1) for number in range(rows * columns)]


def svg(made: Figure) -> str:
    """Give a figure as one SVG element."""
    out = io.StringIO()
    made.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    element = text[text.index("<svg") :].strip()
    # The size comes from the page; the picture keeps its proportions by its view box.
    return re.sub(r'^<svg ([^>]*?)height="[^"]*" ', r"<svg \1", element, count=1).replace(
        'width="648pt"', 'width="100%"', 1
    )


def steps(axes: Axes, at: Sequence[float], value: Sequence[float], **looks: Any) -> None:
    """Draw a line through points, each marked."""
    axes.plot(at, value, marker="o", markersize=3.5, linewidth=1.3, **looks)


CSS: Final = """
body{font:15px/1.45 system-ui,sans-serif;color:#1b1f24;max-width:62rem;margin:1.5rem auto;padding:0 1rem}
h1{font-size:1.4rem;margin:.2rem 0}h2{font-size:1.05rem;margin:1.6rem 0 .4rem}
table{border-collapse:collapse;font-size:.86rem;margin:.4rem 0}
th,td{padding:.18rem .6rem;text-align:left;border-bottom:1px solid #e5e7eb;vertical-align:top}
th{font-weight:600;border-bottom:1px solid #6b7280}td:first-child{white-space:nowrap}
td.n{text-align:right;font-variant-numeric:tabular-nums}
p.note{color:#6b7280;font-size:.86rem}svg{max-width:100%;height:auto}li.no{color:#b91c1c}
"""


def page(title: str, parts: Iterable[str]) -> bytes:
    """Give one HTML page that asks nothing of any network; ``parts`` are HTML."""
    head = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{html.escape(title)}</title><style>{CSS}</style><h1>{html.escape(title)}</h1>"
    )
    return "\n".join([head, *parts, "</html>\n"]).encode()


def section(title: str, *parts: str) -> str:
    """Give a section of a page."""
    return f"<h2>{html.escape(title)}</h2>" + "\n".join(parts)


def words(text: str, *, note: bool = False) -> str:
    """Give a paragraph."""
    return f'<p class="note">{html.escape(text)}</p>' if note else f"<p>{html.escape(text)}</p>"


def listed(sentences: Iterable[str]) -> str:
    """Give a list; what was not raised stands out."""
    items = [(" class=no" if "not raised" in text else "", html.escape(text)) for text in sentences]
    return "<ul>" + "".join(f"<li{mark}>{text}</li>" for mark, text in items) + "</ul>"


def table(head: Sequence[str], rows: Iterable[Sequence[object]], show: Callable[[object], str] = str) -> str:
    """Give a table; numbers stand to the right."""
    top = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(_cell(cell, show) for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _cell(cell: object, show: Callable[[object], str]) -> str:
    number = isinstance(cell, int | float) and not isinstance(cell, bool)
    text = "–" if cell is None else show(cell)
    return f'<td class="n">{html.escape(text)}</td>' if number else f"<td>{html.escape(text)}</td>"
