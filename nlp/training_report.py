"""An honest account of a sense model: ranking and calibration on events that it did not see, and what it does to traps."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from sklearn.metrics import brier_score_loss, roc_auc_score

from nlp.relevance import TOLD_FROM

if TYPE_CHECKING:
    import numpy.typing as npt

    from nlp.training import Design

FEWEST: Final = 15
"""Rows with fewer posts are not shown: they say nothing."""
EDGES: Final = (0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0)
"""Edges of the reliability table."""


def report(design: Design, probability: npt.NDArray[np.float64]) -> str:
    """Write the tables as Markdown; ``probability`` must come from held-out predictions."""
    languages = np.array([f"{example.source} {example.query.lang or '?'}" for example in design.examples])
    kinds = np.array([":".join(example.kind.split(":")[:2]) for example in design.examples])
    parts = [
        "### By set\n",
        _ranking({name: design.sources == name for name in sorted(set(design.sources.tolist()))}, design, probability),
        "\n### By held-out event (those with posts of both kinds)\n",
        _ranking(
            {name: design.groups == name for name in sorted(set(design.groups.tolist()))},
            design,
            probability,
            both=True,
        ),
        "\n### Reliability by set and language: said → found (posts)\n",
        _reliability(languages, design, probability),
        f"\n### Irrelevant posts judged irrelevant (probability < {TOLD_FROM:g}), by kind\n",
        _traps(kinds, design, probability),
    ]
    return "\n".join(parts)


def _ranking(
    rows: dict[str, npt.NDArray[np.bool_]],
    design: Design,
    probability: npt.NDArray[np.float64],
    *,
    both: bool = False,
) -> str:
    lines = ["| | posts | relevant | AUC | Brier | recall | specificity |", "|---|---|---|---|---|---|---|"]
    for name, chosen in rows.items():
        truth, said = design.relevant[chosen], probability[chosen]
        if len(truth) < FEWEST or (both and (truth.all() or not truth.any())):
            continue
        auc = f"{roc_auc_score(truth, said):.3f}" if truth.any() and not truth.all() else "–"
        recall = f"{np.mean(said[truth] >= TOLD_FROM):.2f}" if truth.any() else "–"
        specificity = f"{np.mean(said[~truth] < TOLD_FROM):.2f}" if not truth.all() else "–"
        brier = brier_score_loss(truth, said)
        lines.append(f"| {name} | {len(truth)} | {int(truth.sum())} | {auc} | {brier:.3f} | {recall} | {specificity} |")
    return "\n".join(lines)


def _reliability(languages: npt.NDArray[np.str_], design: Design, probability: npt.NDArray[np.float64]) -> str:
    bins = list(pairwise(EDGES))
    lines = ["| | " + " | ".join(f"{low:g}–{high:g}" for low, high in bins) + " |", "|---" * (len(bins) + 1) + "|"]
    for lang in sorted(set(languages.tolist())):
        own = languages == lang
        if own.sum() < FEWEST:
            continue
        cells = []
        for low, high in bins:
            inside = own & (probability >= low) & ((probability < high) | (high == 1.0))
            count = int(inside.sum())
            cells.append(
                f"{probability[inside].mean():.2f} → {design.relevant[inside].mean():.2f} ({count})" if count else "–"
            )
        lines.append(f"| {lang} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _traps(kinds: npt.NDArray[np.str_], design: Design, probability: npt.NDArray[np.float64]) -> str:
    found: dict[str, list[float]] = defaultdict(list)
    for kind, relevant, said in zip(kinds.tolist(), design.relevant.tolist(), probability.tolist(), strict=True):
        if not relevant and kind:
            found[kind].append(said)
    lines = ["| kind | posts | judged irrelevant | mean probability |", "|---|---|---|---|"]
    for kind in sorted(found):
        said_all = np.array(found[kind])
        lines.append(f"| {kind} | {len(said_all)} | {np.mean(said_all < TOLD_FROM):.2f} | {said_all.mean():.2f} |")
    return "\n".join(lines)
