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

from functools import lru_cache
from typing import Final

import numpy as np

from detectors.geometry import Floats

GRID_MINS: Final = 1.0
MOST_GRIDS: Final = 1_024
"""Grids of onsets that are remembered: one for each length up to the longest window."""


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
    if voices == 0 or zones == 0:
        return np.full(zones, -np.inf), np.full((zones, len(windows_mins)), -np.inf)
    count = int(np.ceil(min(max(windows_mins), float(ages_mins[0])) / GRID_MINS)) + 2
    bounds, calm = _grid(sizes, windows_mins, count)
    running = _running(pulls_mins, sizes, windows_mins, cap_nats)
    first, *last = np.searchsorted(-ages_mins, bounds, side="left")
    nats = np.stack([running[column][..., ends] for column, ends in enumerate(last)])
    nats -= running[..., first]
    nats -= calm
    # Windows, sizes, zones, onsets: sizes and onsets are summed over.
    by_window = _log_sum(nats.transpose(0, 2, 1, 3).reshape(len(windows_mins), zones, -1)).T
    by_window = by_window - np.log(len(sizes) * len(windows_mins))
    return np.round(_log_sum(by_window), 9), np.round(by_window, 9)


@lru_cache(maxsize=MOST_GRIDS)
def _grid(sizes: tuple[float, ...], windows_mins: tuple[float, ...], count: int) -> tuple[Floats, Floats]:
    """Give when each onset begins and, by window, ends (as ages, negative); and the voices it expects, by window and size."""
    onsets = np.arange(count) * GRID_MINS  # as ages
    windows = np.array(windows_mins)[:, None]
    bounds = np.concatenate([-onsets[None, :], -onsets + windows])
    calm = np.array(sizes)[:, None] * np.minimum(onsets, windows)[:, None, :] / windows[:, :, None]
    return bounds, calm[:, :, None, :]


def _running(pulls_mins: Floats, sizes: tuple[float, ...], windows_mins: tuple[float, ...], cap_nats: float) -> Floats:
    """Give what the voices before each one add, by window, size and zone: one more value than voices, the first 0."""
    rates = np.array(sizes) / np.array(windows_mins)[:, None]
    gains = np.minimum(cap_nats, np.log1p(rates[:, :, None, None] * pulls_mins))
    running = np.zeros((*gains.shape[:-1], gains.shape[-1] + 1))
    np.cumsum(gains, axis=-1, out=running[..., 1:])
    return running


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
    windows, heard_at = np.array(windows_mins)[:, None], -ages_mins
    running = _running(pulls_mins[None, :], sizes, windows_mins, cap_nats)[:, :, 0, :]
    first = np.searchsorted(heard_at, heard_at, side="left")  # of those heard at once, the first
    last = np.array([np.searchsorted(heard_at, heard_at + window, side="left") for window in windows_mins])
    calm = np.array(sizes)[:, None] * (np.minimum(ages_mins, windows) / windows)[:, None, :]
    totals = np.take_along_axis(running, last[:, None, :], axis=2) - running[:, :, first] - calm
    # Of equals the first, though sums of floats are not quite equal.
    window, size, onset = np.unravel_index(int(np.argmax(totals > totals.max() - 1e-9)), totals.shape)
    added = np.zeros(len(ages_mins))
    inside = slice(int(first[onset]), int(last[window, onset]))
    added[inside] = np.diff(running[window, size])[inside]
    return added, windows_mins[window]


def _log_sum(nats: Floats) -> Floats:
    top = nats.max(axis=-1, keepdims=True)
    result: Floats = top[..., 0] + np.log(np.exp(nats - top).sum(axis=-1))
    return result


def log_sum(nats: Floats) -> float:
    """Give the logarithm of the sum of exponentials of a vector; ``-inf`` for none.

    >>> round(log_sum(np.log(np.array([1.0, 2.0]))), 6) == round(float(np.log(3.0)), 6)
    True
    """
    if len(nats) == 0 or not np.isfinite(nats.max()):
        return float("-inf")
    return float(_log_sum(nats[None, :])[0])
