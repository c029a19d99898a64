"""Training against scikit-learn's own solver, and the rules of who is used and how much."""

from __future__ import annotations

import dataclasses
import gzip
import json

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from nlp import training
from nlp.features import BUCKETS, NAMES
from nlp.meaning import DIMENSIONS
from nlp.naming import NAMED
from nlp.sense import SenseQuery
from nlp.training import Design, Example, circumstances, fit, held_out_scores, read_set, weights_of
from nlp.training_report import report


def design_of(count=160, seed=3):
    random = np.random.default_rng(seed)
    named = random.normal(size=(count, len(NAMES)))
    words = sparse.random(count, BUCKETS, density=1e-4, random_state=seed, format="csr")
    meaning = random.normal(size=(count, DIMENSIONS)) / 20
    relevant = named[:, 0] - named[:, 1] + random.normal(size=count) > 0
    sources = np.array(["a" if n % 2 else "b" for n in range(count)])
    groups = np.array([f"g{n % 4}" for n in range(count)])
    query = SenseQuery("x", "fr")
    examples = tuple(
        Example(query, bool(r), g, s, "bg:past:fire") for r, g, s in zip(relevant, groups, sources, strict=True)
    )
    heard, told = np.zeros((count, len(NAMED))), ({},) * count
    return Design(
        examples, named, words, meaning, heard, told, relevant, groups, sources, np.ones(count, dtype=bool), count
    )


def free(monkeypatch):
    for name in ("UP", "DOWN", "MUTE"):
        monkeypatch.setattr(training, name, frozenset())


def test_without_bounds_it_is_the_logistic_regression_of_the_library(monkeypatch):
    free(monkeypatch)
    design = design_of()
    weight = np.linspace(0.5, 1.5, len(design.examples))
    trained = fit(design, weight)
    blocks = [design.named, design.meaning, design.words * training.WORD_SCALE]
    matrix = sparse.hstack([sparse.csr_matrix(block) for block in blocks]).tocsr()
    library = LogisticRegression(C=training.STRENGTH, solver="lbfgs", tol=1e-9, max_iter=5_000)
    library.fit(matrix, design.relevant, sample_weight=weight)
    assert trained.score(design) == pytest.approx(library.decision_function(matrix), abs=0.05)
    assert trained.bias == pytest.approx(library.intercept_[0], abs=0.05)


def test_weights_keep_the_signs_they_must_have():
    design = design_of()
    trained = fit(design, np.ones(len(design.examples)))
    by_name = dict(zip(NAMES, trained.weights.tolist(), strict=True))
    assert all(by_name[name] >= 0 for name in training.UP)
    assert all(by_name[name] <= 0 for name in training.DOWN)
    assert all(by_name[name] == 0 for name in training.MUTE)


def test_two_runs_give_the_same_weights():
    design = design_of()
    weight = np.ones(len(design.examples))
    assert fit(design, weight).weights.tolist() == fit(design, weight).weights.tolist()


def test_an_example_is_judged_by_a_model_that_saw_none_of_its_group(monkeypatch):
    """Turning all labels of one group must not change that group's scores."""
    monkeypatch.setattr(training, "FOLDS", 4)
    design = design_of()
    weight = np.ones(len(design.examples))
    before = held_out_scores(design, weight)
    own = design.groups == "g3"
    turned = Design(
        design.examples,
        design.named,
        design.words,
        design.meaning,
        design.heard,
        design.told,
        design.relevant ^ own,
        design.groups,
        design.sources,
        design.gated,
        design.seen,
    )
    after = held_out_scores(turned, weight)
    assert after[own].tolist() == before[own].tolist()
    assert after[~own].tolist() != before[~own].tolist()


def test_what_only_the_event_explains_is_not_learnt_as_a_feature(monkeypatch):
    """A feature that every post of one event has, and no other, tells that event's mixture and nothing else."""
    free(monkeypatch)
    random = np.random.default_rng(8)
    design = design_of(count=400)
    own = design.groups == "g1"
    design.named[:, 2] = own
    relevant = np.where(own, random.random(400) < 0.9, random.random(400) < 0.3)
    design = dataclasses.replace(design, relevant=relevant)
    weight, topics = np.ones(400), np.zeros((400, len(NAMED)))
    learnt = fit(design, weight).weights[2]
    beside = circumstances(design, topics, gathered={"a", "b"})
    assert beside.shape == (400, len(NAMED) + 4)
    assert learnt > 0.5
    assert abs(fit(design, weight, beside=beside).weights[2]) < learnt / 3


def test_only_sets_gathered_by_event_have_events_beside_the_weights():
    design = design_of(count=8)
    beside = circumstances(design, np.zeros((8, len(NAMED))), gathered={"a"})
    assert beside.shape == (8, len(NAMED) + 2)  # set "a" has the events g1 and g3
    assert beside[design.sources == "b"].sum() == 0.0
    assert (beside[design.sources == "a"].sum(axis=1) == 1.0).all()


def test_a_share_balances_a_set_and_weighs_it_against_the_others():
    design = design_of()
    weight = weights_of(design.examples, {"a": 0.25})
    own = design.sources == "a"
    assert set(weight[~own]) == {1.0}
    assert weight[own].sum() == pytest.approx(0.25 * (~own).sum())
    assert weight[own & design.relevant].sum() == pytest.approx(weight[own & ~design.relevant].sum())


def test_verdicts_count_differently_inside_their_half_and_the_halves_stay():
    verdicts = [(True, "witness"), (True, "reaction"), (False, "afterwards"), (False, "none")]
    judged = [Example(SenseQuery("x"), real, "g", "a", f"judged:{verdict}") for real, verdict in verdicts * 4]
    weight = weights_of([*judged, Example(SenseQuery("x"), True, "g", "plain", "")], {"a": 1.6})[:16]
    witness, reaction, afterwards, none = weight[:4]
    assert (reaction, none) == pytest.approx((witness / 2, afterwards * 3))
    assert weight.reshape(4, 4)[:, :2].sum() == pytest.approx(weight.reshape(4, 4)[:, 2:].sum()) == pytest.approx(0.8)


def test_read_set_leaves_out_what_it_must(tmp_path):
    rows = [
        # id, created_at, relevant, kind, event
        ("early", "2013-01-01T00:00:00Z", True, "2013_X:related", None),
        ("later", "2013-01-01T23:00:00Z", True, "2013_X:related", None),
        ("too-late", "2013-01-03T00:00:00Z", True, "2013_X:related", None),
        ("late-no", "2013-01-03T00:00:00Z", False, "2013_X:not_related", None),
        ("unknown", "2013-01-01T00:00:00Z", None, "2013_X:related", None),
        ("other", "2013-01-01T00:00:00Z", True, "2013_Y:related", None),
        ("unwanted-kind", "2013-01-01T00:00:00Z", True, "2013_X:rumour", None),
        ("plain", None, False, "bg:plain", "none"),
        ("named", None, True, "real_relevant", "some-event"),
    ]
    with (
        gzip.open(tmp_path / "s.posts.jsonl.gz", "wt") as posts,
        gzip.open(tmp_path / "s.labels.jsonl.gz", "wt") as labels,
    ):
        for name, at, relevant, kind, event in rows:
            posts.write(json.dumps({"id": name, "text": f"text of {name}", "created_at": at, "lang": "fr"}) + "\n")
            labels.write(json.dumps({"id": name, "relevant": relevant, "kind": kind, "event": event}) + "\n")
    found = {
        example.query.text.removeprefix("text of "): example
        for example in read_set(tmp_path / "s", left_out=["2013_Y", "rumour"])
    }
    assert set(found) == {"early", "later", "late-no", "plain", "named"}
    assert found["early"].group == found["late-no"].group == "s:2013_X"
    assert found["named"].group == "s:some-event"
    assert found["early"].query.year == 2013
    assert found["plain"].query.year is None


def test_a_broken_line_is_named(tmp_path):
    with gzip.open(tmp_path / "s.labels.jsonl.gz", "wt") as labels:
        labels.write('{"id": "a"}\n[]\n')
    with pytest.raises(ValueError, match=r"s\.labels\.jsonl\.gz:2"):
        read_set(tmp_path / "s")


def test_the_report_counts_by_hand():
    design = design_of(40)
    probability = np.where(design.relevant, 0.95, 0.05)
    text = report(design, probability)
    relevant = int(design.relevant[design.sources == "a"].sum())
    assert f"| a | 20 | {relevant} | 1.000 | 0.003 | 1.00 | 1.00 |" in text
    assert f"| bg:past | {int((~design.relevant).sum())} | 1.00 | 0.05 |" in text
