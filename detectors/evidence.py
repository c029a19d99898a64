"""How strongly the voices speak for an event: the Shiryaev–Roberts statistic of a burst of unknown size, length and onset.

For a zone ``z``, an onset ``o``, a size ``S`` (voices) and a length ``W`` (minutes) the likelihood of what was heard, over that of an
ordinary day, is

    LR(o, S, W) = exp(-S * min(t - o, W) / W) * prod over voices i heard in [o, o + W) of min(e^cap, 1 + S / W * x_i)

where ``x_i = P(s_i | z) * weight_i / b_i`` is the pull of a voice, in minutes: how likely a witness at ``z`` names what it names, times its
mark, over the voices a minute expected there. The mean over S and W, summed over onsets on a one-minute grid, is the statistic: under
ordinary days it grows by one a minute on average, so "raise at A" means one false alarm in A minutes.

Good at: sudden and slow bursts alike, without a window to choose. Fails when: the baseline is wrong (the cap bounds what one voice can
do), or voices are not independent (see ``retelling``).

Sources: A. N. Shiryaev, 1963; S. W. Roberts, Technometrics 1966; M. Pollak, D. Siegmund, 1985; for scanning zones, D. Neill, G. Cooper,
"A multivariate Bayesian scan statistic", Machine Learning 2010.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from detectors.geometry import Floats

GRID_MINS: Final = 1.0


def evidence(
    ages_mins: Floats, pulls_mins: Floats, sizes: tuple[float, ...], windows_mins: tuple[float, ...], cap_nats: float
) -> tuple[Floats, Floats]:
    """Give the logarithm of the statistic of each zone, and of each window's part in it.

    Args:
        ages_mins: how long ago each voice was heard (descending: oldest first), in minutes; none is negative.
        pulls_mins: ``x_i`` of each zone (rows) and voice (columns), in minutes.
        sizes: the sizes S, in voices.
        windows_mins: the lengths W, in minutes.
        cap_nats: the most that one voice may add.

    Returns:
        One value a zone, and a matrix zones × windows, in nats; ``-inf`` where nothing was heard.

    >>> ages = np.array([3.0, 2.0, 1.0])
    >>> loud, _ = evidence(ages, np.full((1, 3), 1000.0), (3.0, 10.0), (2.0, 10.0), 8.0)
    >>> calm, _ = evidence(ages, np.full((1, 3), 0.01), (3.0, 10.0), (2.0, 10.0), 8.0)
    >>> round(float(loud[0]), 1), round(float(calm[0]), 1)
    (16.9, 0.6)
    """
    zones, voices = pulls_mins.shape
    by_window = np.full((zones, len(windows_mins)), -np.inf)
    if voices == 0 or zones == 0:
        return np.full(zones, -np.inf), by_window
    longest = max(windows_mins)
    onsets = np.arange(0.0, min(longest, float(ages_mins[0])) + 2 * GRID_MINS, GRID_MINS)  # age of the onset
    heard_at = -ages_mins  # ascending
    first = np.searchsorted(heard_at, -onsets, side="left")
    for column, window in enumerate(windows_mins):
        last = np.searchsorted(heard_at, -onsets + window, side="left")
        parts = []
        for size in sizes:
            gains = np.minimum(cap_nats, np.log1p(size / window * pulls_mins))
            running = np.concatenate([np.zeros((zones, 1)), np.cumsum(gains, axis=1)], axis=1)
            parts.append(running[:, last] - running[:, first] - size * np.minimum(onsets, window)[None, :] / window)
        by_window[:, column] = _log_sum(np.concatenate(parts, axis=1)) - np.log(len(sizes) * len(windows_mins))
    return np.round(_log_sum(by_window), 9), np.round(by_window, 9)


def loudest(
    ages_mins: Floats, pulls_mins: Floats, sizes: tuple[float, ...], windows_mins: tuple[float, ...], cap_nats: float
) -> tuple[Floats, float]:
    """Give what each voice adds in the one burst (onset, size, length) that explains a zone's voices best, and the length of that burst.

    Args:
        ages_mins: as for ``evidence``.
        pulls_mins: ``x_i`` of one zone.
        sizes: as for ``evidence``.
        windows_mins: as for ``evidence``.
        cap_nats: as for ``evidence``.

    Returns:
        Nats by voice, 0 for those outside the burst; its length in minutes.

    >>> added, length = loudest(np.array([300.0, 2.0, 1.0]), np.full(3, 1000.0), (3.0,), (2.0, 360.0), 8.0)
    >>> added.round(1).tolist(), length
    ([0.0, 7.3, 7.3], 2.0)
    """
    best, chosen, length = -np.inf, np.zeros(len(ages_mins)), windows_mins[0]
    for window in windows_mins:
        for size in sizes:
            gains = np.minimum(cap_nats, np.log1p(size / window * pulls_mins))
            for first in range(len(ages_mins)):
                onset = ages_mins[first]
                inside = (ages_mins <= onset) & (ages_mins > onset - window)
                total = float(gains[inside].sum() - size * min(onset, window) / window)
                if total > best + 1e-9:
                    best, chosen, length = total, np.where(inside, gains, 0.0), window
    return chosen, length


def _log_sum(nats: Floats) -> Floats:
    top = nats.max(axis=1, keepdims=True)
    result: Floats = top[:, 0] + np.log(np.exp(nats - top).sum(axis=1))
    return result


def log_sum(nats: Floats) -> float:
    """Give the logarithm of the sum of exponentials of a vector; ``-inf`` for none.

    >>> round(log_sum(np.log(np.array([1.0, 2.0]))), 6) == round(float(np.log(3.0)), 6)
    True
    """
    if len(nats) == 0 or not np.isfinite(nats.max()):
        return float("-inf")
    return float(_log_sum(nats[None, :])[0])
