"""Exact 95 % intervals: of a share (Clopper and Pearson, Biometrika 1934) and of a rate (Garwood, Biometrika 1936)."""

from __future__ import annotations

from typing import NamedTuple

from scipy.stats import binomtest, chi2

CONFIDENCE = 0.95


class Interval(NamedTuple):
    """From ``low`` to ``high``, both included."""

    low: float
    high: float


def share_interval(hits: int, of: int) -> Interval | None:
    """Give the exact 95 % interval of a share; ``None`` when nothing was tried.

    >>> share_interval(0, 10)
    Interval(low=0.0, high=0.3085)
    >>> share_interval(0, 0) is None
    True
    """
    if of == 0:
        return None
    found = binomtest(hits, of).proportion_ci(CONFIDENCE, method="exact")
    return Interval(round(float(found.low), 4), round(float(found.high), 4))


def rate_interval(count: int, exposure: float) -> Interval | None:
    """Give the exact 95 % interval of a Poisson rate of ``count`` in ``exposure``; ``None`` without exposure.

    >>> rate_interval(0, 10.0)
    Interval(low=0.0, high=0.3689)
    """
    if exposure <= 0.0:
        return None
    tail = (1.0 - CONFIDENCE) / 2
    low = 0.0 if count == 0 else float(chi2.ppf(tail, 2 * count)) / 2
    high = float(chi2.ppf(1.0 - tail, 2 * count + 2)) / 2
    return Interval(round(low / exposure, 4), round(high / exposure, 4))
