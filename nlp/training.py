"""Training of the sense model: labelled posts in, weights out.

The weights learn from posts that open the term gate, for the model will be asked about no others, and from all written ones that hold a
telling word; the scale, the base rate and all reported figures come from those that open the gate. How sets are read: ``nlp.training_set``.

Weights of features whose meaning is known may only have the sign that they mean (``UP``, ``DOWN``): a set in which witnesses happen to
write less in the first person must not teach that witnesses are to be doubted. The scale is set by Platt's method on predictions for
events that were held out, because a model is always too sure of the events that it has seen.

What a post is about and which collection it lay in say nothing of whether it is true, but in any training set they go together: there
are more true quakes than jokes on quakes, or fewer, by an accident of the gathering. Both are learnt beside the weights, with next to no
penalty, and thrown away (``circumstances``), so that the weights learn what tells true from false *within* a topic and an event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy import sparse
from scipy.optimize import minimize

from nlp.cues import CONSEQUENCES, EXPLANATIONS
from nlp.features import BUCKETS, NAMES, hashed, named
from nlp.hazards import heard
from nlp.meaning import REAL
from nlp.naming import capped
from nlp.sense import SenseReader
from nlp.training_set import JUDGED, WRITTEN, Example, dealt, read_set

__all__ = [
    "Design",
    "Example",
    "Fit",
    "circumstances",
    "design_of",
    "fit",
    "held_out_scores",
    "read_set",
    "save",
    "weights_of",
]

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from nlp.gate import Gate
    from nlp.meaning import Encoder
    from nlp.naming_training import NamingFit

FOLDS: Final = 12
"""Events are dealt to this many folds; each is judged by a model that saw none of its events."""
STRENGTH: Final = 1.0
"""Inverse of the L2 penalty of the named features (as scikit-learn's ``C``)."""
WORD_SCALE: Final = 0.7
"""The hashed words enter multiplied by this: with an L2 penalty it is how much they are trusted. More than this learns the
written set by heart (held-out AUC the same within 0.01, its own specificity far above the held-out one)."""
WEIGHT_CAP: Final = 4.0
"""No post counts for more than so many."""
VERDICTS: Final = {f"{JUDGED}reaction": 0.5, f"{JUDGED}none": 3.0}
"""Verdicts of readers that do not count once: who only reacts tells little, and collections about disasters hold few of the posts
that are nothing at all, which any other day is full of."""
CIRCUMSTANCE_SCALE: Final = 3.0
"""Topics and events enter multiplied by this: a ninth of the penalty. 1.5 and 6 rank the same within 0.002."""

UP: Final = frozenset(
    {
        *(
            f"cue.{name}"
            for name in ("first_person", "casual", "perception", "now", "alarm", "asking", "assertive_negation")
        ),
        *(f"cue.{name}" for name in CONSEQUENCES),
        *(f"strength.{name}" for name in ("hazard", "perception", "consequence", "responder", "all", "max")),
        *(f"count.{name}" for name in ("hazard", "perception", "consequence", "responder")),
        "consequences",
        "modality.asserted",
        "modality.question",
        "speaker.first_hand",
        "shape.here",
        "shape.exclamation",
        "shape.shouted",
        "shape.stretched",
        "witness.senses",
        "witness.now",
        "witness.alarm_now",
    }
)
"""Features that may only speak for a real emergency."""
DOWN: Final = frozenset(
    {
        *(f"cue.{name}" for name in (*EXPLANATIONS, "denial")),
        *(f"asserted.{name}" for name in (*EXPLANATIONS, "denial")),
        *(f"alone.{name}" for name in (*EXPLANATIONS, "denial")),
        *(
            f"modality.{name}"
            for name in ("negated", "hypothetical", "past", "figurative", "exercise", "commemoration", "advert")
        ),
        *(f"modality.{name}" for name in ("old_news", "warning", "fiction", "sport", "politics")),
        "count.explanation",
        "count.figurative",
        "count.denial",
        "negated.share",
        "terms.none",
        "past_year",
        "future_year",
        "ago",
        "price",
        "laugh",
        "explanations",
    }
)
"""Features that may only speak against it."""
MUTE: Final = frozenset({"shape.hashtag", "shape.emoji", "shape.handle", "reply"})
"""Features that say how a platform was used in the years of the training sets, and nothing of emergencies: their weight is 0."""


@dataclass(frozen=True, slots=True)
class Design:
    """The examples that hold a telling word, as matrices."""

    examples: tuple[Example, ...]
    named: npt.NDArray[np.float64]
    words: Any
    """scipy CSR, one row an example, ``BUCKETS`` columns."""
    meaning: npt.NDArray[np.float64]
    """The vectors of ``nlp.meaning``, one row an example; for posts that the encoder learnt from, of one that had not seen them."""
    heard: npt.NDArray[np.float64]
    """How strongly their words name each hazard (``nlp.naming.capped``)."""
    told: tuple[dict[str, float], ...]
    """The hazards by words alone."""
    relevant: npt.NDArray[np.bool_]
    groups: npt.NDArray[np.str_]
    sources: npt.NDArray[np.str_]
    gated: npt.NDArray[np.bool_]
    """Which of them open the term gate."""
    seen: int
    """How many examples there were before the words were asked for."""

    def only(self, chosen: npt.NDArray[np.bool_]) -> Design:
        """Give the chosen examples alone."""
        return Design(
            tuple(example for example, kept in zip(self.examples, chosen.tolist(), strict=True) if kept),
            self.named[chosen],
            self.words[chosen],
            self.meaning[chosen],
            self.heard[chosen],
            tuple(shares for shares, kept in zip(self.told, chosen.tolist(), strict=True) if kept),
            self.relevant[chosen],
            self.groups[chosen],
            self.sources[chosen],
            self.gated[chosen],
            self.seen,
        )


@dataclass(frozen=True, slots=True)
class Fit:
    """A trained model before it is scaled."""

    weights: npt.NDArray[np.float64]
    words: npt.NDArray[np.float64]
    meaning: float
    """Of the log-odds by which the meaning finds a post real."""
    bias: float

    def score(self, design: Design) -> npt.NDArray[np.float64]:
        """Give the unscaled log-odds of every example."""
        known = design.named @ self.weights + design.meaning[:, REAL] * self.meaning
        scores: npt.NDArray[np.float64] = known + design.words @ self.words + self.bias
        return scores


def design_of(reader: SenseReader, gate: Gate, encoder: Encoder, examples: Sequence[Example]) -> Design:
    """Keep the examples that hold a telling word and open the gate, written ones in any case, and measure their features."""
    kept: list[Example] = []
    gated: list[bool] = []
    rows: list[npt.NDArray[np.float64]] = []
    said: list[npt.NDArray[np.float64]] = []
    told: list[dict[str, float]] = []
    buckets: list[npt.NDArray[np.int64]] = []
    signs: list[npt.NDArray[np.float64]] = []
    opened = gate.open([example.query.text for example in examples])
    for example, entries in zip(examples, opened, strict=True):
        if not entries and not example.kind.startswith(WRITTEN):
            continue
        sense = reader.sense(example.query)
        if not sense.telling:
            continue
        gated.append(bool(entries))
        kept.append(example)
        rows.append(named(sense.reading, sense.frame, sense.shape))
        said.append(capped(heard(sense.reading)))
        told.append(sense.hazards)
        bucket, sign = hashed(sense.reading)
        buckets.append(bucket)
        signs.append(sign)
    ends = np.cumsum([0, *map(len, buckets)])
    words = sparse.csr_matrix(
        (np.concatenate(signs), np.concatenate(buckets), ends), shape=(len(kept), BUCKETS), dtype=np.float64
    )
    return Design(
        tuple(kept),
        np.array(rows),
        words,
        encoder.vectors([example.query.text for example in kept]),
        np.array(said),
        tuple(told),
        np.array([example.relevant for example in kept]),
        np.array([example.group for example in kept]),
        np.array([example.source for example in kept]),
        np.array(gated),
        len(examples),
    )


def weights_of(examples: Sequence[Example], shares: Mapping[str, float]) -> npt.NDArray[np.float64]:
    """Give the weight of each example, by the set it is from and whether it is relevant.

    A set without a share keeps its own mixture, one for each post. A set with a share weighs this part of all sets without one, half
    of it relevant: its mixture is an accident of its making. Inside a half, verdicts of readers count as ``VERDICTS`` says.
    """
    sources = np.array([example.source for example in examples])
    relevant = np.array([example.relevant for example in examples])
    weight = np.ones(len(examples))
    plain = float(sum(example.source not in shares for example in examples))
    each = np.array([VERDICTS.get(example.kind, 1.0) for example in examples])
    for name, share in shares.items():
        for truth in (False, True):
            chosen = (sources == name) & (relevant == truth)
            if chosen.any():
                weight[chosen] = 0.5 * share * plain * each[chosen] / each[chosen].sum()
    return np.minimum(weight, WEIGHT_CAP)


def circumstances(
    design: Design, likely: npt.NDArray[np.float64], gathered: Collection[str]
) -> npt.NDArray[np.float64]:
    """Give what is learnt beside the weights and thrown away: the topic of each example, and its event where it was gathered for one.

    Args:
        design: the examples.
        likely: what their meaning names (``nlp.naming_training.held_out_likely``), one row each.
        gathered: the sets that were gathered event by event.
    """
    own = np.isin(design.sources, list(gathered))
    events = sorted(set(design.groups[own].tolist()))
    member = (design.groups[:, None] == np.array(events, dtype=np.str_)[None, :]) & own[:, None]
    return np.hstack([likely, member.astype(np.float64)])


def fit(
    design: Design,
    weight: npt.NDArray[np.float64],
    rows: npt.NDArray[np.bool_] | None = None,
    beside: npt.NDArray[np.float64] | None = None,
) -> Fit:
    """Fit the weights on the given rows (all by default) by bounded L-BFGS; deterministic.

    Minimises ``|w|^2 / 2 + STRENGTH * sum(weight * log(1 + exp(-y z)))`` with ``w`` of ``UP`` at least 0 and of ``DOWN`` at most 0.
    ``beside`` (``circumstances``, one row an example) has a share in ``z`` that is not kept.

    Raises:
        RuntimeError: the minimum was not found.
    """
    chosen = np.ones(len(design.examples), dtype=bool) if rows is None else rows
    seen = np.unique(design.words[chosen].indices)  # the weight of a bucket that no post holds is 0 at the minimum
    dropped = np.zeros((len(chosen), 0)) if beside is None else beside * CIRCUMSTANCE_SCALE
    dense = np.hstack([design.named[chosen], design.meaning[chosen, REAL : REAL + 1], dropped[chosen]])
    words = (design.words[chosen][:, seen] * WORD_SCALE).tocsr()
    dense_turned, words_turned = np.ascontiguousarray(dense.T), words.T.tocsr()
    sign = np.where(design.relevant[chosen], 1.0, -1.0)
    cost = STRENGTH * weight[chosen]
    first, size = dense.shape[1], dense.shape[1] + len(seen)

    def loss(at: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        margin = sign * (dense @ at[:first] + words @ at[first:size] + at[size])
        pull = -sign * cost / (1.0 + np.exp(np.clip(margin, -50.0, 50.0)))
        value = 0.5 * float(at[:size] @ at[:size]) + float(cost @ np.logaddexp(0.0, -margin))
        return value, np.append(np.append(dense_turned @ pull, words_turned @ pull) + at[:size], pull.sum())

    bounds = [(0.0 if name in UP | MUTE else None, 0.0 if name in DOWN | MUTE else None) for name in NAMES]
    bounds += [(0.0, None)] + [(None, None)] * (size - len(NAMES))
    found = minimize(
        loss, np.zeros(size + 1), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 2_000, "ftol": 1e-9}
    )
    if not found.success:
        raise RuntimeError(f"the minimum was not found: {found.message}")
    best: npt.NDArray[np.float64] = found.x
    buckets = np.zeros(BUCKETS)
    buckets[seen] = best[first:size] * WORD_SCALE
    return Fit(best[: len(NAMES)], buckets, float(best[len(NAMES)]), float(best[size]))


def held_out_scores(
    design: Design, weight: npt.NDArray[np.float64], beside: npt.NDArray[np.float64] | None = None
) -> npt.NDArray[np.float64]:
    """Give each example the score of a model that saw no example of its group."""
    scores = np.zeros(len(design.examples))
    folds = dealt(design.groups.tolist(), FOLDS)
    for fold in sorted(set(folds.tolist())):
        inside = folds == fold
        scores[inside] = fit(design, weight, ~inside, beside).score(design)[inside]
    return scores


def save(  # noqa: PLR0913, PLR0917  the parts of a model, each by name
    path: Path,
    trained: Fit,
    scale: tuple[float, float],
    offsets: Mapping[str, float],
    base_rate: float,
    naming: NamingFit | None,
) -> None:
    """Write the weights as plain arrays, in the form that ``nlp.relevance.SenseModel.load`` reads."""
    naming_arrays: dict[str, Any] = {}
    if naming is not None:
        naming_arrays = {
            "naming": naming.units.astype(np.float32),
            "naming_bias": naming.bias,
            "naming_say": naming.say,
        }
    np.savez_compressed(
        path,
        names=np.array(NAMES),
        weights=trained.weights.astype(np.float32),
        words=trained.words.astype(np.float32),
        meaning=np.float64(trained.meaning),
        bias=np.float64(trained.bias),
        platt=np.array(scale),
        languages=np.array(sorted(offsets), dtype=np.str_),
        offsets=np.array([offsets[lang] for lang in sorted(offsets)]),
        base_rate=np.float64(base_rate),
        **naming_arrays,
    )
