"""From the score of a linear model to a probability, and from a probability to a yes or no.

Platt's method: ``p = 1 / (1 + exp(-(slope s + offset)))``, fitted on scores of events that were held out. A language that
the set behind the scale does not hold moves by an offset of its own, learnt on sets of several languages and drawn
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
"""A flatter scale on one of the sets is held for chance."""
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
    sets: npt.NDArray[np.str_],
    settled: Collection[str],
) -> dict[str, float]:
    """Give what is added to the log-odds of each language that is not settled.

    Every set has a mixture and a hardness of its own, so the whole scale is fitted anew on each, and only what a language differs from
    the settled ones of the same set counts.

    Args:
        logits: held-out log-odds on the scale of the settled languages.
        relevant: the truth.
        languages: the language of each post.
        sets: the set that each post is from.
        settled: languages whose scale is set by other posts: their offset is 0.

    Raises:
        RuntimeError: the minimum was not found.
    """
    names, many = sorted(set(languages.tolist()) - set(settled)), sorted(set(sets.tolist()))
    member = (languages[:, None] == np.array(names, dtype=np.str_)[None, :]).astype(np.float64)
    part = (sets[:, None] == np.array(many, dtype=np.str_)[None, :]).astype(np.float64)
    sign = np.where(relevant, 1.0, -1.0)
    first, size = len(many), 2 * len(many)

    def loss(at: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        slopes = part @ at[:first]
        margin = sign * (slopes * (logits + member @ at[size:]) + part @ at[first:size])
        pull = -sign / (1.0 + np.exp(np.clip(margin, -50.0, 50.0)))
        value = float(np.logaddexp(0.0, -margin).sum()) + 0.5 * OFFSET_PENALTY * float(at[size:] @ at[size:])
        own = member.T @ (pull * slopes) + OFFSET_PENALTY * at[size:]
        return value, np.concatenate([part.T @ (pull * (logits + member @ at[size:])), part.T @ pull, own])

    start = np.concatenate([np.ones(first), np.zeros(first + len(names))])
    bounds = [(LEAST_SLOPE, None)] * first + [(None, None)] * (first + len(names))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    if not found.success:
        raise RuntimeError(f"the minimum was not found: {found.message}")
    return {name: round(float(offset), 4) for name, offset in zip(names, found.x[size:].tolist(), strict=True)}


def best_threshold(probability: npt.NDArray[np.float64], relevant: npt.NDArray[np.bool_]) -> float:
    """Give the probability from which a yes gives the best F1, rounded to 2 digits; of those as good, the middle.

    F1 is flat around its best: there the middle is farthest from where it falls on either side.

    For a calibrated probability it lies at half the F1 that is reached, not at 0.5 (Z. Lipton et al., "Optimal thresholding of
    classifiers to maximize F1 measure", 2014).
    """
    precision, recall, cuts = precision_recall_curve(relevant, probability)
    f1 = (2 * precision * recall / np.maximum(precision + recall, 1e-12))[:-1]
    good = cuts[f1 >= f1.max() - NEAR_BEST]
    return round(float(good.min() + good.max()) / 2.0, 2)
