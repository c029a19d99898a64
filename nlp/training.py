"""Training of the sense model: labelled posts in, weights out.

A set is a pair of files ``<prefix>.posts.jsonl.gz`` and ``<prefix>.labels.jsonl.gz`` (one JSON object a line; posts: ``id, text`` and
optionally ``lang, created_at, repost_of, reply_to``; labels: ``id, relevant`` (true, false or null: not used) and optionally ``event,
kind``). The weights learn from posts that hold a telling word; the scale, the base rate and all reported figures come from those of them
that open the term gate: the model will be asked about no others. Relevant posts that come long after
their event began are left out: they tell of something real, but not of now.

Weights of features whose meaning is known may only have the sign that they mean (``UP``, ``DOWN``): a set in which witnesses happen to
write less in the first person must not teach that witnesses are to be doubted. The scale is set by Platt's method on predictions for
events that were held out, because a model is always too sure of the events that it has seen.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from zlib import crc32

import numpy as np
from scipy import sparse
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from nlp.cues import CONSEQUENCES, EXPLANATIONS
from nlp.features import BUCKETS, NAMES, hashed, named
from nlp.sense import SenseQuery, SenseReader
from tocsin.time import HOUR_MS, parse_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from nlp.gate import Gate

FOLDS: Final = 12
"""Events are dealt to this many folds; each is judged by a model that saw none of its events."""
STRENGTH: Final = 0.5
"""Inverse of the L2 penalty of the named features (as scikit-learn's ``C``)."""
WORD_SCALE: Final = 0.7
"""The hashed words enter multiplied by this: with an L2 penalty it is how much they are trusted. More than this learns the
written set by heart (held-out AUC the same within 0.01, its own specificity far above the held-out one)."""
WEIGHT_CAP: Final = 4.0
"""No post counts for more than so many."""
EARLY_HOURS: Final = 24
"""Relevant posts count this long after the first relevant post of their event."""

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
    }
)
"""Features that may only speak against it."""
MUTE: Final = frozenset({"shape.hashtag", "shape.emoji", "shape.handle", "reply"})
"""Features that say how a platform was used in the years of the training sets, and nothing of emergencies: their weight is 0."""


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled post."""

    query: SenseQuery
    relevant: bool
    group: str
    """What is held out together: the event; posts without one by their day, or by tenths."""
    source: str
    """Name of its set."""
    kind: str


class _Row(NamedTuple):
    post: dict[str, Any]
    relevant: bool
    kind: str
    event: str
    at: int | None


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
    bias: float

    def score(self, design: Design) -> npt.NDArray[np.float64]:
        """Give the unscaled log-odds of every example."""
        scores: npt.NDArray[np.float64] = design.named @ self.weights + design.words @ self.words + self.bias
        return scores


def read_set(prefix: Path, *, left_out: Iterable[str] = ()) -> list[Example]:
    """Read a labelled set.

    Args:
        prefix: the path of its files without ``.posts.jsonl.gz``.
        left_out: posts whose event or kind is one of these, or whose kind begins or ends with one of these (parted by a colon or an
            underscore), are not used; nor are those whose relevance is unknown.

    Raises:
        OSError: a file is missing.
        ValueError: a line is no JSON object with the fields named above.
    """
    unwanted = tuple(left_out)
    labels = {label["id"]: label for label in _lines(prefix, "labels")}
    rows: list[_Row] = []
    began: dict[str, int] = {}
    for post in _lines(prefix, "posts"):
        label = labels.get(post["id"], {})
        kind, event = str(label.get("kind") or ""), _event(label)
        if label.get("relevant") is None or any(_is(name, kind, event) for name in unwanted):
            continue
        at = parse_instant(post["created_at"]) if post.get("created_at") else None
        relevant = bool(label["relevant"])
        if relevant and event and at is not None:
            began[event] = min(at, began.get(event, at))
        rows.append(_Row(post, relevant, kind, event, at))
    return [
        _example(prefix.name, row)
        for row in rows
        if not (row.relevant and row.at is not None and row.at - began.get(row.event, row.at) > EARLY_HOURS * HOUR_MS)
    ]


def _event(label: dict[str, Any]) -> str:
    """Give the event of a label; some sets say it in the kind ("2013_X:not_related", "t6:x")."""
    event, kind = label.get("event"), str(label.get("kind") or "")
    if event and event != "none":
        return str(event)
    return kind.split(":", 1)[0] if kind.startswith("20") else kind if kind.startswith("t6:") else ""


def _is(name: str, kind: str, event: str) -> bool:
    return name in (kind, event) or kind.startswith((f"{name}:", f"{name}_")) or kind.endswith(f":{name}")


def _example(name: str, row: _Row) -> Example:
    text, created = row.post["text"], row.post.get("created_at")
    group = row.event or (created[:10] if created else str(crc32(text.encode()) % 10))
    query = SenseQuery(
        text,
        row.post.get("lang"),
        int(created[:4]) if created else None,
        repost=row.post.get("repost_of") is not None,
        reply=row.post.get("reply_to") is not None,
    )
    return Example(query, row.relevant, f"{name}:{group}", name, row.kind)


def _lines(prefix: Path, part: str) -> Iterable[dict[str, Any]]:
    path = prefix.with_name(f"{prefix.name}.{part}.jsonl.gz")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            row = json.loads(line)
            if not isinstance(row, dict) or "id" not in row:
                raise ValueError(f"{path}:{number}: expected an object with an id, got {line[:60]!r}")
            yield row


def design_of(reader: SenseReader, gate: Gate, examples: Sequence[Example]) -> Design:
    """Keep the examples that hold a telling word, and measure their features."""
    kept: list[Example] = []
    gated: list[bool] = []
    rows: list[npt.NDArray[np.float64]] = []
    buckets: list[npt.NDArray[np.int64]] = []
    signs: list[npt.NDArray[np.float64]] = []
    opened = gate.open([example.query.text for example in examples])
    for example, entries in zip(examples, opened, strict=True):
        sense = reader.sense(example.query)
        if not sense.telling:
            continue
        gated.append(bool(entries))
        kept.append(example)
        rows.append(named(sense.reading, sense.frame, sense.shape))
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
        np.array(gated),
        len(examples),
    )


def weights_of(design: Design, shares: Mapping[str, float]) -> npt.NDArray[np.float64]:
    """Give the weight of each example.

    A set without a share keeps its own mixture, one for each post. A set with a share weighs this part of all sets without one, half
    of it relevant: its mixture is an accident of its making.
    """
    weight = np.ones(len(design.examples))
    plain = float(sum(source not in shares for source in design.sources.tolist()))
    for name, share in shares.items():
        for relevant in (False, True):
            chosen = (design.sources == name) & (design.relevant == relevant)
            if chosen.any():
                weight[chosen] = 0.5 * share * plain / chosen.sum()
    return np.minimum(weight, WEIGHT_CAP)


def fit(design: Design, weight: npt.NDArray[np.float64], rows: npt.NDArray[np.bool_] | None = None) -> Fit:
    """Fit the weights on the given rows (all by default) by bounded L-BFGS; deterministic.

    Minimises ``|w|^2 / 2 + STRENGTH * sum(weight * log(1 + exp(-y z)))`` with ``w`` of ``UP`` at least 0 and of ``DOWN`` at most 0.

    Raises:
        RuntimeError: the minimum was not found.
    """
    chosen = np.ones(len(design.examples), dtype=bool) if rows is None else rows
    seen = np.unique(design.words[chosen].indices)  # the weight of a bucket that no post holds is 0 at the minimum
    matrix = sparse.hstack(
        [sparse.csr_matrix(design.named[chosen]), design.words[chosen][:, seen] * WORD_SCALE]
    ).tocsr()
    turned = matrix.T.tocsr()
    sign = np.where(design.relevant[chosen], 1.0, -1.0)
    cost = STRENGTH * weight[chosen]
    size = len(NAMES) + len(seen)

    def loss(at: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        margin = sign * (matrix @ at[:size] + at[size])
        pull = -sign * cost / (1.0 + np.exp(np.clip(margin, -50.0, 50.0)))
        value = 0.5 * float(at[:size] @ at[:size]) + float(cost @ np.logaddexp(0.0, -margin))
        return value, np.append(turned @ pull + at[:size], pull.sum())

    bounds = [(0.0 if name in UP | MUTE else None, 0.0 if name in DOWN | MUTE else None) for name in NAMES]
    bounds += [(None, None)] * (len(seen) + 1)
    found = minimize(
        loss, np.zeros(size + 1), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 2_000, "ftol": 1e-9}
    )
    if not found.success:
        raise RuntimeError(f"the minimum was not found: {found.message}")
    best: npt.NDArray[np.float64] = found.x
    words = np.zeros(BUCKETS)
    words[seen] = best[len(NAMES) : size] * WORD_SCALE
    return Fit(best[: len(NAMES)], words, float(best[size]))


def held_out_scores(design: Design, weight: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Give each example the score of a model that saw no example of its group."""
    scores = np.zeros(len(design.examples))
    fold_of = {group: number % FOLDS for number, group in enumerate(sorted(set(design.groups.tolist())))}
    folds = np.array([fold_of[group] for group in design.groups.tolist()])
    for fold in sorted(set(fold_of.values())):
        inside = folds == fold
        scores[inside] = fit(design, weight, ~inside).score(design)[inside]
    return scores


def platt(scores: npt.NDArray[np.float64], relevant: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Give the slope and offset that make held-out scores log-odds."""
    model = LogisticRegression(C=1e6, solver="lbfgs", max_iter=1_000)
    model.fit(scores.reshape(-1, 1), relevant)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def save(path: Path, trained: Fit, scale: tuple[float, float], base_rate: float) -> None:
    """Write the weights as plain arrays, in the form that ``nlp.relevance.SenseModel.load`` reads."""
    np.savez_compressed(
        path,
        names=np.array(NAMES),
        weights=trained.weights.astype(np.float32),
        words=trained.words.astype(np.float32),
        bias=np.float64(trained.bias),
        platt=np.array(scale),
        base_rate=np.float64(base_rate),
    )
