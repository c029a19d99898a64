"""Training of the naming of hazards (``nlp.naming``): real posts with a known hazard in, weights and an account of held-out events out.

No hazard of one set counts for more than ``MOST_OF_ONE`` posts: thousands of posts on one hurricane teach what that hurricane was like.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import minimize

from nlp.hazards import leading
from nlp.naming import NAMED, named, softmax
from nlp.training_set import dealt
from tocsin.model import OPEN

if TYPE_CHECKING:
    import numpy.typing as npt

    from nlp.training import Design

FOLDS: Final = 5
"""Events are dealt to this many folds; each is judged by a model that saw none of its events."""
STRENGTH: Final = 3.0
"""Inverse of the L2 penalty (as scikit-learn's ``C``). Held-out log loss of written pairs 1.05 at 1, 0.98 at 3, 0.96 at 5; with more, real
events that no weight saw get worse."""
MOST_OF_ONE: Final = 100.0
"""Posts; a hazard of which a set holds more weighs like so many."""
FEWEST: Final = 15
"""Sets with fewer posts of known hazard have no row in the account."""
LEAST_SHARE: Final = 0.005
"""In the log loss no share is below this."""


@dataclass(frozen=True, slots=True)
class NamingFit:
    """Weights, as ``nlp.naming.Naming`` takes them."""

    units: npt.NDArray[np.float64]
    bias: npt.NDArray[np.float64]
    say: npt.NDArray[np.float64]

    def likely(self, design: Design) -> npt.NDArray[np.float64]:
        """Give the probabilities of ``NAMED`` for every example, one row each."""
        return softmax(design.meaning @ self.units + self.bias + design.heard * self.say)


def fit_naming(design: Design, rows: npt.NDArray[np.bool_] | None = None) -> NamingFit | None:
    """Fit the weights on those of the given rows (all by default) whose hazard is known, by L-BFGS; ``None`` when there are none.

    Deterministic. Minimises ``(|U|^2 + |a - 1|^2) / 2 + STRENGTH * sum(weight * -log p)`` with no ``a`` below 0.

    Raises:
        RuntimeError: the minimum was not found.
    """
    chosen = _known(design) if rows is None else _known(design) & rows
    if not chosen.any():
        return None
    wanted = np.array([NAMED.index(example.hazard or "") for example in design.only(chosen).examples])
    meaning, heard = design.meaning[chosen], design.heard[chosen]
    cost = STRENGTH * _weights(design, chosen)
    classes, width = len(NAMED), meaning.shape[1]
    one = np.zeros((len(wanted), classes))
    one[np.arange(len(wanted)), wanted] = 1.0

    def parts(at: npt.NDArray[np.float64]) -> NamingFit:
        return NamingFit(at[: width * classes].reshape(width, classes), at[width * classes : -classes], at[-classes:])

    def loss(at: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        now = parts(at)
        logits = meaning @ now.units + now.bias + heard * now.say
        logits -= logits.max(axis=1, keepdims=True)
        logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        pull = (np.exp(logs) - one) * cost[:, None]
        value = 0.5 * float((now.units**2).sum() + ((now.say - 1.0) ** 2).sum()) - float(
            cost @ (logs * one).sum(axis=1)
        )
        slopes = meaning.T @ pull + now.units, pull.sum(axis=0), (pull * heard).sum(axis=0) + now.say - 1.0
        return value, np.concatenate([slope.ravel() for slope in slopes])

    start = np.concatenate([np.zeros(width * classes + classes), np.ones(classes)])
    bounds = [(None, None)] * (width * classes + classes) + [(0.0, None)] * classes
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 1_000, "ftol": 1e-8})
    if not found.success:
        raise RuntimeError(f"the minimum was not found: {found.message}")
    return parts(found.x)


def held_out_likely(design: Design) -> npt.NDArray[np.float64]:
    """Give each example the probabilities of a model that saw no example of its group; all open where there is none to learn from."""
    likely = np.zeros((len(design.examples), len(NAMED)))
    likely[:, NAMED.index(OPEN)] = 1.0
    folds = dealt(design.groups.tolist(), FOLDS)
    for fold in sorted(set(folds.tolist())):
        inside = folds == fold
        trained = fit_naming(design, ~inside)
        if trained is not None:
            likely[inside] = trained.likely(design)[inside]
    return likely


def naming_report(design: Design, likely: npt.NDArray[np.float64]) -> str:
    """Write, by set, how the relevant posts that open the gate are named by their words alone and with their meaning, as Markdown.

    ``likely`` must come from held-out predictions.
    """
    chosen = _known(design) & design.gated
    names = sorted(set(design.sources[chosen].tolist()))
    lines = [
        "\n### Hazard of relevant posts: words alone → with meaning\n",
        "| set | posts | right | open | wrong | log loss |",
        "|---" * 6 + "|",
    ]
    for name in names:
        rows = np.flatnonzero(chosen & (design.sources == name)).tolist()
        if len(rows) < FEWEST:
            continue
        words, both = np.zeros(4), np.zeros(4)
        for at in rows:
            example = design.examples[at]
            words += _judged(design.told[at], example.hazard or "")
            both += _judged(named(design.told[at], likely[at]), example.hazard or "")
        cells = [
            f"{a:.2f} → {b:.2f}" for a, b in zip((words / len(rows)).tolist(), (both / len(rows)).tolist(), strict=True)
        ]
        lines.append(f"| {name} | {len(rows)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _judged(shares: dict[str, float], wanted: str) -> npt.NDArray[np.float64]:
    """Give right, open, wrong (of the leading hazard) and the log loss of one post."""
    said = leading(shares)
    right, unnamed = said == wanted, said == OPEN != wanted
    loss = -np.log(max(LEAST_SHARE, shares.get(wanted, 0.0)))
    return np.array([right, unnamed, not right and not unnamed, loss], dtype=np.float64)


def _known(design: Design) -> npt.NDArray[np.bool_]:
    return np.array([example.relevant and example.hazard is not None for example in design.examples], dtype=np.bool_)


def _weights(design: Design, chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    keys = [(example.source, example.hazard) for example in design.only(chosen).examples]
    counts = Counter(keys)
    return np.array([min(1.0, MOST_OF_ONE / counts[key]) for key in keys])
