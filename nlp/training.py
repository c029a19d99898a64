"""Training of the sense model: labelled posts in, weights and an honest account of them out.

A set is a pair of files ``<prefix>.posts.jsonl.gz`` and ``<prefix>.labels.jsonl.gz`` (one JSON object a line; posts: ``id, text`` and
optionally ``lang, created_at, repost_of, reply_to``; labels: ``id, relevant`` (true, false or null: not used) and optionally ``event,
kind``). Only posts that hold a telling word of the lexicon are used: the model will see no others.

Everything reported is measured on events that were held out: posts of one event share words that no other event has. The scale is set
by Platt's method on those held-out predictions, too, because a model is always too sure of the events that it has seen.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from nlp.features import BUCKETS, NAMES, hashed, named
from nlp.modality import frame_of
from nlp.sense import SenseQuery, SenseReader
from nlp.shape import shape_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import numpy.typing as npt

FOLDS: Final = 12
"""Events are dealt to this many folds; each is judged by a model that saw none of its events."""
STRENGTH: Final = 0.3
"""Inverse of the L2 penalty of the named features (scikit-learn's ``C``)."""
WORD_SCALE: Final = 0.5
"""The hashed words enter multiplied by this: with an L2 penalty it is how much they are trusted."""
WEIGHT_CAP: Final = 4.0
"""No post counts for more than so many."""


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled post."""

    query: SenseQuery
    relevant: bool
    group: str
    """What is held out together: the event, or a tenth of the posts without one."""
    source: str
    """Name of its set."""
    kind: str


@dataclass(frozen=True, slots=True)
class Design:
    """The examples that hold a telling word, as matrices."""

    examples: tuple[Example, ...]
    named: npt.NDArray[np.float64]
    words: Any
    """scipy CSR, one row an example, ``BUCKETS`` columns."""
    relevant: npt.NDArray[np.bool_]
    groups: npt.NDArray[np.str_]
    sources: npt.NDArray[np.str_]
    seen: int
    """How many examples there were before the words were asked for."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A trained model before it is scaled."""

    weights: npt.NDArray[np.float64]
    words: npt.NDArray[np.float64]
    bias: float

    def score(self, design: Design) -> npt.NDArray[np.float64]:
        """Give the unscaled log-odds of every example."""
        scores: npt.NDArray[np.float64] = design.named @ self.weights + design.words @ self.words + self.bias
        return scores


def read_set(prefix: Path, *, without_events: Iterable[str] = ()) -> list[Example]:
    """Read a labelled set; posts of the named events are left out, as are those whose relevance is unknown.

    Raises:
        OSError: a file is missing.
        ValueError: a line is no JSON object with the fields named above.
    """
    left_out = frozenset(without_events)
    labels: dict[str, dict[str, Any]] = {}
    for label in _lines(prefix, "labels"):
        labels[label["id"]] = label
    examples: list[Example] = []
    for post in _lines(prefix, "posts"):
        found = labels.get(post["id"])
        if found is None or found.get("relevant") is None:
            continue
        kind = str(found.get("kind") or "")
        event = str(found.get("event") or kind.split(":", 1)[0] or "")
        if event in left_out or kind in left_out:
            continue
        created = post.get("created_at")
        text = post["text"]
        query = SenseQuery(
            text,
            post.get("lang"),
            int(created[:4]) if created else None,
            repost=post.get("repost_of") is not None,
            reply=post.get("reply_to") is not None,
        )
        group = (
            f"{prefix.name}:{event}"
            if found.get("event") or _names_event(kind)
            else f"{prefix.name}:{crc32(text.encode()) % 10}"
        )
        examples.append(Example(query, bool(found["relevant"]), group, prefix.name, kind))
    return examples


def _names_event(kind: str) -> bool:
    return kind[:2] == "20" or kind.startswith("t6:")


def _lines(prefix: Path, part: str) -> Iterable[dict[str, Any]]:
    path = prefix.with_name(f"{prefix.name}.{part}.jsonl.gz")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            row = json.loads(line)
            if not isinstance(row, dict) or "id" not in row:
                raise ValueError(f"{path}:{number}: expected an object with an id, got {line[:60]!r}")
            yield row


def design_of(reader: SenseReader, examples: Sequence[Example]) -> Design:
    """Read the examples, keep those that hold a telling word, and measure their features."""
    kept: list[Example] = []
    rows: list[npt.NDArray[np.float64]] = []
    buckets: list[npt.NDArray[np.int64]] = []
    signs: list[npt.NDArray[np.float64]] = []
    for example in examples:
        sense = reader.sense(example.query)
        if not sense.telling:
            continue
        kept.append(example)
        rows.append(named(sense.reading, frame_of(sense.reading), shape_of(example.query.text)))
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
        np.array([example.relevant for example in kept]),
        np.array([example.group for example in kept]),
        np.array([example.source for example in kept]),
        len(examples),
    )


def fit(
    design: Design,
    weight: npt.NDArray[np.float64],
    rows: npt.NDArray[np.bool_] | None = None,
    *,
    strength: float = STRENGTH,
    word_scale: float = WORD_SCALE,
) -> Fit:
    """Fit the weights on the given rows (all by default); deterministic."""
    chosen = np.ones(len(design.examples), dtype=bool) if rows is None else rows
    matrix = sparse.hstack([sparse.csr_matrix(design.named[chosen]), design.words[chosen] * word_scale]).tocsr()
    model = LogisticRegression(C=strength, solver="lbfgs", max_iter=2_000, tol=1e-6)
    model.fit(matrix, design.relevant[chosen], sample_weight=weight[chosen])
    found = model.coef_[0]
    return Fit(found[: len(NAMES)], found[len(NAMES) :] * word_scale, float(model.intercept_[0]))


def held_out_scores(
    design: Design, weight: npt.NDArray[np.float64], *, strength: float = STRENGTH, word_scale: float = WORD_SCALE
) -> npt.NDArray[np.float64]:
    """Give each example the score of a model that saw no example of its group."""
    scores = np.zeros(len(design.examples))
    fold_of = {group: number % FOLDS for number, group in enumerate(sorted(set(design.groups.tolist())))}
    folds = np.array([fold_of[group] for group in design.groups.tolist()])
    for fold in range(FOLDS):
        inside = folds == fold
        if inside.any() and not inside.all():
            trained = fit(design, weight, ~inside, strength=strength, word_scale=word_scale)
            scores[inside] = trained.score(design)[inside]
    return scores


def platt(
    scores: npt.NDArray[np.float64], relevant: npt.NDArray[np.bool_], weight: npt.NDArray[np.float64]
) -> tuple[float, float]:
    """Give the slope and offset that make held-out scores log-odds."""
    model = LogisticRegression(C=1e6, solver="lbfgs", max_iter=1_000)
    model.fit(scores.reshape(-1, 1), relevant, sample_weight=weight)
    return float(model.coef_[0, 0]), float(model.intercept_[0])
