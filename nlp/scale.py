"""From the score of a linear model to a probability, and from a probability to a yes or no.

Platt's method: ``p = 1 / (1 + exp(-(slope s + offset)))``, fitted on scores of events that were held out. A language that
the set behind the scale does not hold moves by an offset of its own, learnt on written posts of all languages and drawn
to 0 by ``OFFSET_PENALTY``, so that few posts move it little.

Source: J. Platt, "Probabilistic outputs for support vector machines", 1999.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_curve

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt

OFFSET_PENALTY: Final = 4.0
"""Weight of half the squared offset of a language against the log-likelihood of its posts: 0.5 is no surprise."""
LEAST_SLOPE: Final = 0.25
"""A flatter scale on the written posts is held for chance."""
NEAR_BEST: Final = 0.01
"""Thresholds whose F1 is within this of the best are as good."""


def platt(scores: npt.NDArray[np.float64], relevant: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Give the slope and offset that make held-out scores log-odds."""
    model = LogisticRegression(C=1e6, solver="lbfgs", max_iter=1_000)
    model.fit(scores.reshape(-1, 1), relevant)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def language_offsets(
    logits: npt.NDArray[np.float64],
    relevant: npt.NDArray[np.bool_],
    languages: npt.NDArray[np.str_],
    settled: Collection[str],
) -> dict[str, float]:
    """Give what is added to the log-odds of each language that is not settled.

    The written posts have a mixture and a hardness of their own, so the whole scale is fitted anew on them, and only what a language
    differs from the settled ones counts.

    Args:
        logits: held-out log-odds on the scale of the settled languages.
        relevant: the truth.
        languages: the language of each post.
        settled: languages whose scale is set by other posts: their offset is 0.

    Raises:
        RuntimeError: the minimum was not found.
    """
    names = sorted(set(languages.tolist()) - set(settled))
    member = np.array([[lang == name for name in names] for lang in languages.tolist()], dtype=np.float64)
    member = member.reshape(len(logits), len(names))
    sign = np.where(relevant, 1.0, -1.0)

    def loss(at: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        margin = sign * (at[0] * logits + at[1] + member @ at[2:])
        pull = -sign / (1.0 + np.exp(np.clip(margin, -50.0, 50.0)))
        value = float(np.logaddexp(0.0, -margin).sum()) + 0.5 * OFFSET_PENALTY * float(at[2:] @ at[2:])
        return value, np.concatenate([[pull @ logits, pull.sum()], member.T @ pull + OFFSET_PENALTY * at[2:]])

    found = minimize(loss, np.array([1.0, 0.0] + [0.0] * len(names)), jac=True, method="L-BFGS-B")
    if not found.success:
        raise RuntimeError(f"the minimum was not found: {found.message}")
    # Told on the scale of the written posts; divided by its slope it is told on the scale of the model.
    slope = max(float(found.x[0]), LEAST_SLOPE)
    return {name: round(float(offset) / slope, 4) for name, offset in zip(names, found.x[2:].tolist(), strict=True)}


def best_threshold(probability: npt.NDArray[np.float64], relevant: npt.NDArray[np.bool_]) -> float:
    """Give the probability from which a yes gives the best F1, rounded to 2 digits; of those as good, the most careful.

    For a calibrated probability it lies at half the F1 that is reached, not at 0.5 (Z. Lipton et al., "Optimal thresholding of
    classifiers to maximize F1 measure", 2014).
    """
    precision, recall, cuts = precision_recall_curve(relevant, probability)
    f1 = (2 * precision * recall / np.maximum(precision + recall, 1e-12))[:-1]
    return round(float(cuts[f1 >= f1.max() - NEAR_BEST].max()), 2)
