"""Fits the log-odds of ``nlp.evidence.WEIGHTS``: a maintainers' chore that prints the new table.

Usage: python scripts/fit_places.py DATA [--ner]

A logistic regression, each weight drawn to its present value (a Gaussian prior), over the features of every gazetteer match that won its stretch, labelled by whether a gold span overlaps
it. It learns from posts written for this project and from IDRISI (CC BY 4.0); GeoCorpora states no terms and is only ever tested on. The printed
cross-validation folds are by event, so no post of an event is on both sides.
"""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from scipy.optimize import minimize
from sklearn.metrics import f1_score
from sklearn.model_selection import GroupKFold

from nlp.evidence import WEIGHTS
from nlp.fold import fold_aligned
from nlp.gazetteer import Gazetteer
from nlp.ner import MODELS, SpacyRecogniser
from nlp.resolve import Resolver

TRAIN = {"dev-synthetic": 3.0, "idrisi-d": 1.0}
TEST = ("geocorpora",)
PRIOR_PRECISION = 12.0
"""Inverse variance of the prior round the present weights: a feature seen a dozen times moves little."""


def read(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [msgspec.json.decode(line) for line in lines]


def rows(
    data: Path, name: str, resolver: Resolver, recogniser: SpacyRecogniser | None
) -> list[tuple[dict[str, float], bool, str]]:
    found = []
    labels = {label["id"]: label for label in read(data / "location" / f"{name}.labels.jsonl.gz")}
    for post in read(data / "location" / f"{name}.posts.jsonl.gz"):
        label = labels[post["id"]]
        if label["places"] is None:
            continue
        entities = None
        if recogniser is not None and post["lang"] in MODELS:
            entities = recogniser.entities([(post["lang"], post["text"])])[0]
        folded = fold_aligned(post["text"])
        event = str(label.get("event") or (label.get("kind") if name == "idrisi-d" else None) or post["id"])
        for sight in resolver._reader.sights(post["text"], folded, post["lang"], (), entities):  # noqa: SLF001
            if sight.features is not None and sight.shown:
                right = any(sight.start < one["end"] and one["start"] < sight.end for one in label["places"])
                found.append((dict(sight.features), right, event))
    return found


def matrix(found: list[tuple[dict[str, float], bool, str]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    names = list(WEIGHTS)
    values = np.array([[features.get(name, 0.0) for name in names] for features, _, _ in found])
    return values, np.array([right for _, right, _ in found]), np.array([event for _, _, event in found])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--ner", action="store_true")
    arguments = parser.parse_args()
    resolver = Resolver(Gazetteer.load())
    recogniser = SpacyRecogniser() if arguments.ner else None
    parts = {name: matrix(rows(arguments.data, name, resolver, recogniser)) for name in (*TRAIN, *TEST)}
    values = np.concatenate([parts[name][0] for name in TRAIN])
    right = np.concatenate([parts[name][1] for name in TRAIN])
    groups = np.concatenate([parts[name][2] for name in TRAIN])
    weights = np.concatenate([np.full(len(parts[name][1]), TRAIN[name]) for name in TRAIN])
    present = np.array(list(WEIGHTS.values()))
    scores = []
    for train, test in GroupKFold(5).split(values, right, groups):
        model = fit(values[train], right[train], weights[train], present)
        scores.append(f1_score(right[test], values[test] @ model > 0))
    print(
        f"cross-validated F1 by event {np.mean(scores):.3f} (present weights {f1_score(right, values @ present > 0):.3f})"
    )
    model = fit(values, right, weights, present)
    for name in TEST:
        print(
            f"{name}: F1 {f1_score(parts[name][1], parts[name][0] @ model > 0):.3f} (present {f1_score(parts[name][1], parts[name][0] @ present > 0):.3f})"
        )
    for index, name in enumerate(WEIGHTS):
        count = int((values[:, index] != 0).sum())
        print(
            f'    "{name}": {model[index]:.2f},  # {WEIGHTS[name]:.2f} seen {count}, right {right[values[:, index] != 0].mean() if count else 0:.2f}'
        )


def fit(values: np.ndarray, right: np.ndarray, weights: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Give the weights of the highest posterior (L-BFGS); the base feature, always 1, is the intercept."""
    sign = np.where(right, 1.0, -1.0)

    def loss(coefficients: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (values @ coefficients)
        slope = -sign * weights / (1.0 + np.exp(np.clip(margin, -30, 30)))
        away = coefficients - present
        value = float(weights @ np.logaddexp(0.0, -margin) + 0.5 * PRIOR_PRECISION * away @ away)
        return value, values.T @ slope + PRIOR_PRECISION * away

    return minimize(loss, present, jac=True, method="L-BFGS-B").x


if __name__ == "__main__":
    main()
