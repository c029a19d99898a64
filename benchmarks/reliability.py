"""Draw whether the probability of the sense model holds: what it said, and how often that was so, by language.

Usage: python benchmarks/reliability.py ACCOUNT.md PICTURE.png

Reads the table "Reliability by set and language" of an account that ``tocsin train`` wrote (``nlp/data/SENSE.md`` holds the packaged
one): every post was judged by a model that had not seen its event. A dot is a tenth or a fifth of the scale with its exact 95 % interval;
on the line the model says what is so, above it too little, below it too much.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Final, NamedTuple

from tocsin.analysis.drawing import PALETTE, QUIET, figure
from tocsin.analysis.intervals import share_interval

TITLE: Final = "### Reliability by set and language"
CELL: Final = re.compile(r"(?P<said>[01]\.\d\d) → (?P<found>[01]\.\d\d) \((?P<posts>\d+)\)")
LANGUAGES: Final = ("fr", "en", "es", "it", "pt", "de")
WRITTEN: Final = ("dev-synthetic", "pairs", "scenes", "contrasts", "streams", "threads", "days", "voices", "drills")
REAL: Final = ("t26", "t6", "idrisi-d")
SETS: Final = (*WRITTEN, *REAL)
"""Sets that are drawn, real posts by broken lines. The two others were written by the hand that wrote the lexicon."""
FEWEST: Final = 10
"""Dots of fewer posts are not drawn: their interval spans most of the scale."""


class Dot(NamedTuple):
    """One step of the scale: mean probability said, share found relevant, posts."""

    said: float
    found: float
    posts: int


def read_curves(account: str) -> dict[str, dict[str, list[Dot]]]:
    """Read the curves by language and set from an account.

    Raises:
        ValueError: the account holds no such table.
    """
    _, found, rest = account.partition(TITLE)
    if not found:
        raise ValueError(f"expected a line {TITLE!r}, got none")
    curves: dict[str, dict[str, list[Dot]]] = defaultdict(dict)
    for line in rest.splitlines()[1:]:
        if line.startswith("#"):
            break
        name, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        group, _, language = name.rpartition(" ")
        if group in SETS and language in LANGUAGES:
            steps = [CELL.fullmatch(cell) for cell in cells]
            curves[language][group] = [Dot(float(m["said"]), float(m["found"]), int(m["posts"])) for m in steps if m]
    return dict(curves)


def draw(curves: dict[str, dict[str, list[Dot]]], path: Path) -> None:
    """Draw one panel a language, one line a set."""
    with figure(3, 2, 2.9) as (made, panels):
        for axes, language in zip(panels, LANGUAGES, strict=True):
            axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.8, linestyle=":")
            for group, dots in curves.get(language, {}).items():
                shown = [dot for dot in dots if dot.posts >= FEWEST]
                if not shown:
                    continue
                real = group in REAL
                colour = PALETTE[(REAL if real else WRITTEN).index(group)]
                said, found = [dot.said for dot in shown], [dot.found for dot in shown]
                ends = [share_interval(round(dot.found * dot.posts), dot.posts) or (0.0, 1.0) for dot in shown]
                below = [max(0.0, dot.found - low) for dot, (low, _) in zip(shown, ends, strict=True)]
                above = [max(0.0, high - dot.found) for dot, (_, high) in zip(shown, ends, strict=True)]
                label = f"{group} ({sum(dot.posts for dot in dots):,})"
                axes.errorbar(
                    said,
                    found,
                    [below, above],
                    color=colour,
                    marker="D" if real else "o",
                    linestyle="--" if real else "-",
                    markersize=3,
                    linewidth=1.2,
                    elinewidth=0.6,
                    label=label,
                )
            axes.set(
                title=language, xlim=(0, 1), ylim=(-0.02, 1.02), xlabel="probability said", ylabel="share that was so"
            )
            axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=7, frameon=False)
        made.savefig(path, dpi=110)


def main() -> int:
    if len(sys.argv) != 3:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    account, picture = map(Path, sys.argv[1:])
    draw(read_curves(account.read_text(encoding="utf-8")), picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
