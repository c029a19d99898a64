"""One calibrated probability that a post tells, first-hand or as a relay, of something real, here and now; and why.

A linear model over the features of ``nlp.features`` and the log-odds by which ``nlp.meaning`` finds a post real:
``z = b + named . w + hashed . v + u * real``, then ``p = 1 / (1 + exp(-(slope z + offset + offset of the language)))``
(``nlp.scale``), kept inside ``[FLOOR, 1 - FLOOR]``. ``BASE_RATE`` is the share of such posts in the mixture it was
calibrated on, so ``odds(p) / odds(BASE_RATE)`` is a likelihood ratio.

Good at: idioms of witnesses against figures of speech, adverts, exercises, memories. Bad at: irony, news of other places told in the
present tense, fiction told like life. Weights: ``data/sense.npz``, made by ``tocsin train``, described in ``data/SENSE.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from nlp.features import BUCKETS, NAMES, hashed, named
from nlp.meaning import REAL
from nlp.naming import Naming

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import numpy.typing as npt

    from nlp.modality import Frame
    from nlp.reading import Reading
    from nlp.shape import Shape

PACKAGED: Final = Path(__file__).parent / "data" / "sense.npz"
FLOOR: Final = 0.005
"""No post is surer than 1 - FLOOR, none less sure than FLOOR: the model has not seen enough to say more."""
BASE_RATE: Final = 0.522
"""Share of relevant posts in the mixture on which the packaged weights were calibrated (384 of 736 gated posts)."""
TOLD_FROM: Final = 0.48
"""From this probability on a post counts as telling of something real, where a yes or no is asked: the best F1 on
held-out events (``nlp.scale.best_threshold``)."""
REASONS: Final = 5
"""How many reasons are given."""
LEAST_REASON: Final = 0.15
"""A feature that moves the log-odds by less than this is no reason."""


class SenseModelError(ValueError):
    """The file holds no model for the features of this version."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the model says of a post."""

    probability: float
    """Rounded to 4 digits."""
    reasons: tuple[str, ...]
    """Signed names of the features that moved the log-odds most, strongest first ("+cue.perception");
    ``SenseReader`` may add "hazard.meaning"."""


def _naming(file: Mapping[str, npt.NDArray[Any]]) -> Naming:
    return Naming(*(file[name].astype(np.float64) for name in ("naming", "naming_bias", "naming_say")))


class SenseModel:
    """The weights; immutable, the same answer whatever was asked before.

    Args:
        weights: one weight for each of ``NAMES``.
        words: one weight for each bucket.
        meaning: weight of the log-odds of ``nlp.meaning``.
        bias: log-odds without any feature.
        platt: slope and offset.
        base_rate: share of relevant posts in the calibration mixture.
        offsets: what is added to the log-odds of a language.
        naming: what the meaning says of the hazard; without it words alone name it.
    """

    def __init__(  # noqa: PLR0913, PLR0917  the parts of a model, each by name
        self,
        weights: npt.NDArray[np.float64],
        words: npt.NDArray[np.float64],
        meaning: float,
        bias: float,
        platt: tuple[float, float],
        base_rate: float,
        offsets: Mapping[str, float],
        naming: Naming | None = None,
    ) -> None:
        shapes = weights.shape, words.shape
        if shapes != ((len(NAMES),), (BUCKETS,)):
            raise SenseModelError(f"expected {len(NAMES)} and {BUCKETS} weights, got {shapes}")
        self._slope, offset = platt
        self._weights = weights * self._slope
        self._words = words * self._slope
        self._meaning = meaning * self._slope
        self._offsets = dict(offsets)
        self._bias = bias * self._slope + offset
        self.base_rate = base_rate
        self.naming = naming

    @classmethod
    def load(cls, path: Path | None = None) -> SenseModel:
        """Read the weights (the packaged ones by default).

        Raises:
            SenseModelError: the file was made for other features.
        """
        with np.load(PACKAGED if path is None else path, allow_pickle=False) as file:
            if tuple(file["names"].tolist()) != NAMES or "meaning" not in file or file["meaning"].shape:
                raise SenseModelError(f"{path or PACKAGED}: made for other features; run tocsin train again")
            slope, offset = file["platt"].tolist()
            return cls(
                file["weights"].astype(np.float64),
                file["words"].astype(np.float64),
                float(file["meaning"]),
                float(file["bias"]),
                (slope, offset),
                float(file["base_rate"]),
                dict(zip(file["languages"].tolist(), file["offsets"].tolist(), strict=True)),
                _naming(file) if "naming" in file else None,
            )

    def judge(self, reading: Reading, frame: Frame, shape: Shape, meaning: npt.NDArray[Any] | None) -> Judgement:
        """Give the probability of a post and the reasons for it; ``meaning`` is its vector (``nlp.meaning``), ``None`` if nobody asked."""
        parts = named(reading, frame, shape) * self._weights
        buckets, signs = hashed(reading)
        wording = float(np.sum(self._words[buckets] * signs)) if len(buckets) else 0.0
        whole = 0.0 if meaning is None else self._meaning * float(meaning[REAL])
        z = self._bias + float(np.sum(parts)) + wording + whole + self._offsets.get(reading.lang, 0.0)
        probability = 1.0 / (1.0 + exp(-max(-30.0, min(30.0, z))))
        order = np.argsort(-np.abs(parts), kind="stable")[:REASONS]
        moved = [(float(parts[index]), NAMES[index]) for index in order]
        moved += [(wording, "wording"), (whole, "meaning")]
        moved.sort(key=lambda part: (-abs(part[0]), part[1]))
        reasons = tuple(
            f"{'+' if push > 0 else '-'}{name}" for push, name in moved[:REASONS] if abs(push) >= LEAST_REASON
        )
        return Judgement(round(min(max(probability, FLOOR), 1.0 - FLOOR), 4), reasons)
