"""Training of the encoder: it is the package's network, it learns, it repeats itself, and nobody reads an event that he has seen."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from nlp.meaning import DIMENSIONS, SentenceEncoder, plain, read_off
from nlp.naming import NAMED
from nlp.sense import SenseQuery
from nlp.training_set import SAME_EVENT, Example
from nlp.transformer import LAYERS, Embedding, Packed, WordPieces, passed

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
import tune_encoder as tuning

REAL = ["flames out of the roof next door", "the river is in our kitchen", "shots fired in the station, run"]
TRAPS = ["this album is fire", "a flood of e-mails again", "three shots of espresso and I run"]
HAZARDS = ("fire", "flood", "attack")


def example(text, *, relevant, hazard=None, group="g0", source="own", taught=True):
    return Example(SenseQuery(text, "en"), relevant, group, source, "", hazard, taught)


def some():
    found = []
    for number in range(4):
        for text, hazard in zip(REAL, HAZARDS, strict=True):
            found.append(example(f"{text} {number}", relevant=True, hazard=hazard, group=f"r{number}"))
        found += [example(f"{text} {number}", relevant=False, group=f"t{number}") for text in TRAPS]
    return found


@pytest.fixture(scope="module")
def network():
    return tuning.Network()


@pytest.fixture(scope="module")
def trained(network):
    posts = tuning.posts_of(network, some(), {}, set())
    return posts, tuning.train(posts, np.arange(len(posts.real)), tuning.starting(network, posts), turns=6)


def test_before_training_it_is_the_transformer_of_the_package(network):
    texts = ["ça brûle derrière la gare", "BOUM", "Earthquake!! whole house shook, what was that? " * 3]
    posts = tuning.posts_of(network, [example(text, relevant=True) for text in texts], {}, set())
    batch = tuning.packed(posts, 64, np.arange(3))
    found = np.asarray(tuning.mean(tuning.layered(network.layers(), batch["rows"], batch["there"]), batch["there"]))
    packed = Packed()
    for text, vector in zip(texts, found[:3], strict=True):
        columns = Embedding(packed).of(WordPieces(packed).divided(plain(text)))
        for number in range(LAYERS):
            columns = passed(packed.layer(number), columns)
        assert vector == pytest.approx(columns.mean(axis=1), abs=5e-3)


def test_it_learns_what_is_real_and_which_hazard(network, trained):
    posts, params = trained
    found = tuning.read(params, posts, np.arange(len(posts.real)))
    assert found[posts.real == 1.0, 0].min() > found[posts.real == 0.0, 0].max()
    known = posts.hazard >= 0
    assert [NAMED[at] for at in found[known, 1:].argmax(1)] == list(HAZARDS) * 4


def test_the_file_is_read_as_it_was_trained(network, trained, tmp_path):
    posts, params = trained
    tuning.save(tmp_path / "m.npz", params)
    encoder = SentenceEncoder(tmp_path / "m.npz")
    found = tuning.read(params, posts, np.arange(3))
    assert np.array([encoder.vectors([one.query.text])[0] for one in some()[:3]]) == pytest.approx(found, abs=0.05)


def test_trained_layers_are_trained_further_from_where_they_stand(network, trained, tmp_path):
    posts, params = trained
    tuning.save(tmp_path / "m.npz", params)
    again = tuning.starting(network, posts, tmp_path / "m.npz")
    before = tuning.read(params, posts, np.arange(6))
    assert tuning.read(again, posts, np.arange(6)) == pytest.approx(before, abs=0.05)
    further = tuning.read(
        tuning.train(posts, np.arange(len(posts.real)), again, turns=1, pace=0.5), posts, np.arange(6)
    )
    assert not np.allclose(further, before, atol=0.05)
    assert further[posts.real[:6] == 1.0, 0].min() > further[posts.real[:6] == 0.0, 0].max()


def test_beside_new_posts_stand_all_of_a_named_set_and_a_sample_of_the_rest(monkeypatch):
    monkeypatch.setattr(tuning, "SAMPLED", 3)
    sources = ["new"] * 2 + ["named"] * 4 + ["other"] * 20
    examples = [example(f"{source} {row}", relevant=True, source=source) for row, source in enumerate(sources)]
    rows = tuning.beside(examples, np.array([0, 1]), ["named"]).tolist()
    assert rows[:6] == [0, 1, 2, 3, 4, 5]
    assert len(set(rows[6:])) == 3
    assert rows == sorted(rows)
    assert rows == tuning.beside(examples, np.array([0, 1]), ["named"]).tolist()


def test_posts_that_are_not_needed_are_not_read_and_keep_their_weights(network):
    examples = some()
    whole = tuning.posts_of(network, examples, {}, set())
    part = tuning.posts_of(network, examples, {}, set(), np.array([1, 5]))
    assert all(np.array_equal(part.rows[row], whole.rows[row]) for row in (1, 5))
    assert all(not part.rows[row].any() for row in range(len(examples)) if row not in {1, 5})
    assert np.array_equal(part.weight, whole.weight)


def test_two_trainings_give_the_same_layers(network):
    posts = tuning.posts_of(network, some(), {}, set())
    one, two = (
        tuning.train(posts, np.arange(8), tuning.starting(network, posts), turns=1)["heads"]["heads"] for _ in range(2)
    )
    assert np.asarray(one).tolist() == np.asarray(two).tolist()


def test_an_event_is_in_one_fold_and_only_gathered_sets_have_biases_of_their_own(network):
    examples = [
        example(f"text {n}", relevant=bool(n % 2), group=f"e{n % 7}", source="a" if n % 7 < 3 else "b")
        for n in range(70)
    ]
    posts = tuning.posts_of(network, examples, {"a": 0.5}, {"a"})
    for group in range(7):
        assert len({int(fold) for fold, one in zip(posts.fold, examples, strict=True) if one.group == f"e{group}"}) == 1
    assert set(posts.fold.tolist()) <= set(range(tuning.FOLDS))
    assert {one.source for one, event in zip(examples, posts.event, strict=True) if event} == {"a"}
    assert len(set(posts.event.tolist())) == 4


def test_a_hazard_of_one_set_weighs_no_more_than_its_limit(network, monkeypatch):
    monkeypatch.setattr(tuning, "MOST_OF_ONE", 2.0)
    examples = [example(f"fire {n}", relevant=True, hazard="fire") for n in range(8)]
    examples += [example("flood", relevant=True, hazard="flood"), example("joke", relevant=False)]
    assert tuning.posts_of(network, examples, {}, set()).hazard_weight.tolist() == [*[0.25] * 8, 1.0, 0.0]


def test_what_fills_a_batch_up_changes_no_answer(network, trained):
    posts, params = trained
    alone = tuning.read(params, posts, np.array([5]))
    among = tuning.read(params, posts, np.arange(len(posts.real)))[5:6]
    assert alone == pytest.approx(among, abs=1e-4)
    assert alone.shape == (1, DIMENSIONS)
    assert read_off(np.zeros(DIMENSIONS))[0] == 0.0


def test_posts_that_nobody_judged_weigh_nothing_and_change_no_weight(network):
    """They are read for honest replays of their event; their labels must not even move the balance of their set."""
    own = [example(text, relevant=True, hazard="fire", source="set") for text in REAL]
    own += [example(text, relevant=False, source="set") for text in TRAPS]
    unjudged = [example(f"{text}?", relevant=True, hazard="fire", source="set", taught=False) for text in REAL]
    plain = [example(text, relevant=True) for text in REAL]
    alone = tuning.posts_of(network, own + plain, {"set": 0.5}, {"set"})
    beside = tuning.posts_of(network, own + plain + unjudged, {"set": 0.5}, {"set"})
    count = len(own) + len(plain)
    for name in ("weight", "hazard_weight"):
        assert getattr(beside, name)[:count] == pytest.approx(getattr(alone, name))
        assert not getattr(beside, name)[count:].any()


def test_one_event_of_two_collections_is_in_one_fold(network):
    pairs = [
        example(text, relevant=True, group=group)
        for both in SAME_EVENT.items()
        for group, text in zip(both, REAL, strict=False)
    ]
    others = [example(TRAPS[0], relevant=False, group=f"other{number}") for number in range(9)]
    folds = tuning.posts_of(network, pairs + others, {}, set()).fold
    assert folds[0 : len(pairs) : 2].tolist() == folds[1 : len(pairs) : 2].tolist()
    assert len(set(folds.tolist())) == tuning.FOLDS


def test_the_mean_of_one_training_is_that_training_and_of_two_lies_between(network, trained, tmp_path):
    posts, params = trained
    texts = [one.query.text for one in some()[:4]]
    tuning.save(tmp_path / "one.npz", params)
    tuning.save(tmp_path / "two.npz", tuning.starting(network, posts))
    tuning.Readings.of(texts[:2], np.full((2, DIMENSIONS), -2.0)).save(tmp_path / "readings.npz")
    one, two = (tuning.Part.of([tmp_path / name, tmp_path / "readings.npz", "2"]) for name in ("one.npz", "two.npz"))
    tuning.save(tmp_path / "same.npz", tuning.mean_layers([one, one]))
    tuning.save(tmp_path / "mean.npz", tuning.mean_layers([one, two]))
    asked = {
        name: SentenceEncoder(tmp_path / f"{name}.npz").vectors(texts)[:, 0] for name in ("one", "two", "same", "mean")
    }
    assert asked["same"] == pytest.approx(asked["one"], abs=1e-3)
    assert (np.abs(asked["mean"]) < np.abs(asked["one"])).all()
    assert (np.abs(asked["mean"]) > np.abs(asked["two"])).all()
    held = tuning.mean_readings([one, two], texts)
    rows = dict(zip(held.keys.tolist(), held.vectors.tolist(), strict=True))
    said = [rows[tuning.key_of(text)][0] for text in texts]
    assert said[:2] == [-2.0, -2.0]
    assert said[2:] == pytest.approx(((asked["one"] + asked["two"]) / 2)[2:], abs=0.01)


def test_the_mean_goes_by_the_shares(network, trained, tmp_path):
    posts, params = trained
    texts = [one.query.text for one in some()[:3]]
    tuning.save(tmp_path / "one.npz", params)
    tuning.save(tmp_path / "two.npz", tuning.starting(network, posts))
    parts = []
    for name, logit, share in (("one", 4.0, "3"), ("two", -4.0, "1")):
        tuning.Readings.of(texts, np.full((3, DIMENSIONS), logit)).save(tmp_path / f"{name}.readings.npz")
        parts.append(tuning.Part.of([tmp_path / f"{name}.npz", tmp_path / f"{name}.readings.npz", share]))
    assert (tuning.mean_readings(parts, texts).vectors[:, 0] == 2.0).all()
    heads = [np.load(part.trained)["heads"] for part in parts]
    assert tuning.mean_layers(parts)["heads"]["heads"] == pytest.approx(0.75 * heads[0] + 0.25 * heads[1], abs=1e-6)


def test_a_file_without_heads_has_no_part_in_a_mean(tmp_path):
    np.savez(tmp_path / "m.npz", other=np.zeros(1))
    with pytest.raises(ValueError, match="got no bias, heads"):
        tuning.mean_layers([tuning.Part.of([tmp_path / "m.npz", tmp_path / "r.npz", "1"])])


@pytest.mark.parametrize("share", ["0", "-1", "inf", "nan", "half"])
def test_a_share_of_nothing_is_no_part_of_a_mean(share):
    with pytest.raises(ValueError, match="expected a share above 0"):
        tuning.Part.of(["m.npz", "r.npz", share])
