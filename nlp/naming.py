"""What a post tells of by its meaning, where words leave it open: "they are cutting the door off" names no hazard, and says which.

A multinomial linear model gives ``p`` over ``NAMED`` from the vector of ``nlp.meaning`` and from what the lexicon heard
(``nlp.hazards.heard``): ``z = b + U v + a * heard``, ``p = softmax(z)``, as if the post were real. One rule brings it together with the
words: what the words leave open goes to what the meaning says, and the answer is the mean of the two. Words alone give a hazard at most
half of the mass; so does the meaning alone, unless the words leave it open.

Good at consequences told without their cause, in any of the languages. Bad at hazards that leave the same traces (a bang may be gas, a
bomb or a lorry): there it stays open, or follows what its posts told most often. Weights: ``data/sense.npz``, made by ``tocsin train``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from nlp.hazards import LEAST_SHARE
from nlp.meaning import DIMENSIONS
from tocsin.model import HAZARDS, OPEN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import numpy.typing as npt

NAMED: Final = (*HAZARDS, OPEN)
"""The classes, in the order of every array here."""
MOST_HEARD: Final = 4.0
"""What was heard of one hazard counts to here: many words say no more than a few strong ones."""
MOVED: Final = 0.2
"""From this share of the mass on, moved by the meaning, it is a reason."""
NAMED_BY_MEANING: Final = "hazard.meaning"
"""The reason that says so."""
DIGITS: Final = 2
"""Shares are rounded to so many digits: finer ones would say more than the model knows."""


class NamingError(ValueError):
    """The arrays are no model for the hazards of this version."""


class Naming:
    """The weights; immutable, the same answer whatever was asked before.

    Args:
        units: one row of weights a dimension of ``nlp.meaning``, one column a class of ``NAMED``.
        bias: one a class.
        say: how much what was heard of a class counts for it, one a class.

    Raises:
        NamingError: an array has another shape.
    """

    def __init__(
        self, units: npt.NDArray[np.float64], bias: npt.NDArray[np.float64], say: npt.NDArray[np.float64]
    ) -> None:
        shapes = units.shape, bias.shape, say.shape
        wanted = ((DIMENSIONS, len(NAMED)), (len(NAMED),), (len(NAMED),))
        if shapes != wanted:
            raise NamingError(f"expected weights of the shapes {wanted}, got {shapes}")
        self._units = units
        self._bias = bias
        self._say = say

    def likely(self, heard: npt.NDArray[np.float64], meaning: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Give the probability of each of ``NAMED`` if the post is real."""
        # An explicit sum: a matrix product may round otherwise on another processor.
        return softmax((self._units * meaning[:, None]).sum(axis=0) + self._bias + self._say * heard)


def softmax(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Give probabilities from log-odds, along the last axis."""
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: npt.NDArray[np.float64] = odds / odds.sum(axis=-1, keepdims=True)
    return shares


def capped(heard: Mapping[str, float]) -> npt.NDArray[np.float64]:
    """Give what the words say of each of ``NAMED`` (``nlp.hazards.heard``) as an array, each at most ``MOST_HEARD``."""
    return np.array([min(heard.get(name, 0.0), MOST_HEARD) for name in NAMED])


def named(told: Mapping[str, float], likely: npt.NDArray[np.float64]) -> dict[str, float]:
    """Bring words and meaning together; the shares, rounded to ``DIGITS``, sum to 1.

    Args:
        told: the distribution of the words alone.
        likely: what the meaning says.

    >>> likely = np.array([{"fire": 0.6, "explosion": 0.4}.get(name, 0.0) for name in NAMED])
    >>> named({"fire": 0.5, "open": 0.5}, likely)  # words, their open half dealt by meaning: fire 0.8, explosion 0.2
    {'fire': 0.7, 'explosion': 0.3}
    """
    left = told.get(OPEN, 0.0)
    words = np.array([0.0 if name == OPEN else told.get(name, 0.0) for name in NAMED])
    found = (words + left * likely + likely) / 2.0
    shares = {name: round(float(share), DIGITS) for name, share in zip(NAMED, found, strict=True)}
    shares = {name: share for name, share in shares.items() if share >= LEAST_SHARE} or {OPEN: 1.0}
    leading = max(shares, key=lambda name: shares[name])
    shares[leading] = round(shares[leading] + 1.0 - sum(shares.values()), DIGITS)
    return shares


def moved(told: Mapping[str, float], now: Mapping[str, float]) -> bool:
    """Tell whether the meaning moved so much of the mass that it is a reason."""
    return 0.5 * sum(abs(told.get(name, 0.0) - now.get(name, 0.0)) for name in NAMED) >= MOVED
