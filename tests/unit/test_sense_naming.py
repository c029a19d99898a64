"""Naming hazards by meaning: the rule by hand, the fit against scikit-learn's own solver, what the packaged weights may not do."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from nlp import naming_training
from nlp.cues import CueBook
from nlp.features import BUCKETS, NAMES
from nlp.hazards import LEAST_SHARE, leading
from nlp.lexicon import Lexicon
from nlp.meaning import DIMENSIONS
from nlp.naming import (
    MOST_HEARD,
    NAMED,
    NAMED_BY_MEANING,
    Naming,
    NamingError,
    capped,
    moved,
    named,
    softmax,
)
from nlp.naming_training import fit_naming, held_out_likely, naming_report
from nlp.relevance import SenseModel
from nlp.sense import SenseQuery, SenseReader
from nlp.training import Design, Example
from tocsin.model import OPEN


def likely(**shares):
    """The rest is open."""
    return np.array([shares.get(name, 1.0 - sum(shares.values()) if name == OPEN else 0.0) for name in NAMED])


def heard(**chances):
    """How sure the words are of each hazard, as chances."""
    return capped({name: -log(1.0 - chance) for name, chance in chances.items()})


@pytest.mark.parametrize(
    ("told", "meaning", "expected"),
    [
        # Nothing named: the meaning alone.
        ({"open": 1.0}, {"rail_accident": 0.6, "fire": 0.2}, {"rail_accident": 0.6, "fire": 0.2, "open": 0.2}),
        # Words and meaning agree, or each of them names another.
        ({"earthquake": 1.0}, {"earthquake": 1.0}, {"earthquake": 1.0}),
        ({"earthquake": 1.0}, {"fire": 0.9}, {"earthquake": 0.5, "fire": 0.45, "open": 0.05}),
        # Four tenths open: they are dealt as the meaning says (fire 0.72, explosion 0.24, open 0.04), then the mean.
        ({"fire": 0.6, "open": 0.4}, {"explosion": 0.6, "fire": 0.3}, {"fire": 0.51, "explosion": 0.42, "open": 0.07}),
        # Shares below 0.02 are left out, and the leading one takes them.
        ({"fire": 1.0}, {"fire": 0.98, "storm": 0.02}, {"fire": 1.0}),
    ],
)  # fmt: skip
def test_words_and_meaning_by_hand(told, meaning, expected):
    assert named(told, likely(**meaning)) == pytest.approx(expected, abs=1e-9)


masses = st.dictionaries(st.sampled_from(NAMED), st.floats(0.01, 1.0), min_size=1)


@given(told=masses, logits=masses)
def test_shares_sum_to_one_and_nobody_names_alone(told, logits):
    told = {name: mass / sum(told.values()) for name, mass in told.items()}
    meaning = np.array([logits.get(name, 0.0) for name in NAMED]) / sum(logits.values())
    shares = named(told, meaning)
    assert sum(shares.values()) == pytest.approx(1.0, abs=1e-9)
    assert set(shares) <= set(NAMED)
    assert all(share >= LEAST_SHARE - 1e-9 for share in shares.values())
    # Rounded to two digits, and the leading one also takes what is left out.
    spare = (LEAST_SHARE + 0.005) * len(NAMED)
    for name in set(told) - {OPEN}:
        if logits.get(name, 0.0) == 0.0:
            assert shares.get(name, 0.0) <= 0.5 + spare
        assert shares.get(name, 0.0) >= told[name] / 2.0 - LEAST_SHARE - 0.005


def test_the_probabilities_are_the_softmax_of_vector_bias_and_words():
    units, bias, say = np.zeros((DIMENSIONS, len(NAMED))), np.zeros(len(NAMED)), np.zeros(len(NAMED))
    fire, flood = NAMED.index("fire"), NAMED.index("flood")
    units[3, fire], bias[flood], say[flood] = 2.0, 0.5, 1.5
    vector = np.zeros(DIMENSIONS, dtype=np.float32)
    vector[3] = 0.5
    found = Naming(units, bias, say).likely(capped({"flood": 2.0}), vector)
    # fire: 2 * 0.5 = 1; flood: 0.5 + 1.5 * 2 = 3.5; the other twelve: 0.
    total = exp(1.0) + exp(3.5) + 12.0
    assert found[fire] == pytest.approx(exp(1.0) / total)
    assert found[flood] == pytest.approx(exp(3.5) / total)
    assert found.sum() == pytest.approx(1.0)


def test_many_words_say_no_more_than_a_few_strong_ones():
    assert capped({"fire": 50.0})[NAMED.index("fire")] == MOST_HEARD


def test_a_model_for_other_hazards_is_refused():
    with pytest.raises(NamingError, match="shapes"):
        Naming(np.zeros((DIMENSIONS, 3)), np.zeros(3), np.zeros(3))


def test_a_fifth_of_the_mass_is_a_reason():
    assert moved({"open": 1.0}, {"open": 0.75, "fire": 0.25})
    assert not moved({"open": 1.0}, {"open": 0.85, "fire": 0.15})


def design_of(count=180, seed=5, *, words=False):
    """Three hazards, each with a direction of its own; by turns in two sets and three groups."""
    random = np.random.default_rng(seed)
    hazards = [("fire", "flood", "open")[n % 3] for n in range(count)]
    meaning = random.normal(size=(count, DIMENSIONS)) / 10
    for at, hazard in enumerate(hazards):
        meaning[at, NAMED.index(hazard)] += 0.5
    heard_now = np.zeros((count, len(NAMED)))
    if words:
        for at, hazard in enumerate(hazards):
            heard_now[at, NAMED.index(hazard)] = random.random()
    groups = np.array([f"g{n // 3 % 3}" for n in range(count)])
    sources = np.array(["a" if n % 2 else "b" for n in range(count)])
    query = SenseQuery("x", "fr")
    examples = tuple(
        Example(query, True, group, source, "", hazard)
        for group, source, hazard in zip(groups, sources, hazards, strict=True)
    )
    blank = np.zeros((count, len(NAMES))), sparse.csr_matrix((count, BUCKETS))
    ones = np.ones(count, dtype=bool)
    return Design(examples, *blank, meaning, heard_now, ({OPEN: 1.0},) * count, ones, groups, sources, ones, count)


def test_without_words_it_is_the_multinomial_regression_of_the_library():
    design = design_of()
    trained = fit_naming(design)
    library = LogisticRegression(C=naming_training.STRENGTH, solver="lbfgs", tol=1e-9, max_iter=5_000)
    library.fit(design.meaning, [example.hazard for example in design.examples])
    found = trained.likely(design)
    columns = [NAMED.index(name) for name in library.classes_]
    # Classes that no post bears cannot be asked of the library: here they have lost nearly all mass.
    assert found[:, columns].sum(axis=1).min() > 0.97
    assert found[:, columns] == pytest.approx(library.predict_proba(design.meaning), abs=0.03)


def test_what_was_heard_counts_for_its_own_hazard_alone():
    trained = fit_naming(design_of(words=True))
    bears = [NAMED.index(name) for name in ("fire", "flood", "open")]
    assert (trained.say[bears] > 1.0).all()
    assert (trained.say >= 0.0).all()


def test_a_hazard_of_one_set_weighs_no_more_than_its_limit(monkeypatch):
    """Thirty posts of each hazard and set, counted as ten, are the fit of a third of the strength."""
    design = design_of()
    monkeypatch.setattr(naming_training, "MOST_OF_ONE", 10.0)
    limited = fit_naming(design)
    monkeypatch.setattr(naming_training, "MOST_OF_ONE", 1e9)
    monkeypatch.setattr(naming_training, "STRENGTH", naming_training.STRENGTH / 3)
    assert limited.units == pytest.approx(fit_naming(design).units, abs=1e-3)


def test_an_example_is_named_by_a_model_that_saw_none_of_its_group():
    """A group whose hazards are all turned round gets the same answers: nobody learnt from it."""
    design = design_of()
    own = design.groups == "g2"
    turned = tuple(
        Example(one.query, one.relevant, one.group, one.source, one.kind, "storm" if mine else one.hazard)
        for one, mine in zip(design.examples, own.tolist(), strict=True)
    )
    fields = [getattr(design, name) for name in Design.__dataclass_fields__]
    after = held_out_likely(Design(turned, *fields[1:]))
    before = held_out_likely(design)
    assert after[own] == pytest.approx(before[own], abs=1e-9)
    assert np.abs(after[~own] - before[~own]).max() > 0.1


def test_without_a_known_hazard_there_is_nothing_to_learn():
    design = design_of(9)
    assert fit_naming(design, np.zeros(9, dtype=bool)) is None
    # One group alone: whoever is left out, nobody remains.
    assert held_out_likely(design.only(design.groups == "g0"))[:, NAMED.index(OPEN)].tolist() == [1.0] * 3


def test_the_account_counts_right_open_and_wrong():
    design = design_of(60)
    sure = softmax(np.array([[9.0 * (name == one.hazard) for name in NAMED] for one in design.examples]))
    text = naming_report(design, sure)
    # Words alone are open: right for the third that is labelled so. The meaning is right for all.
    assert "| a | 30 | 0.33 → 1.00 | 0.67 → 0.00 | 0.00 → 0.00 |" in text


@pytest.fixture(scope="module")
def reader():
    return SenseReader(Lexicon.load(), CueBook.load(), SenseModel.load())


@pytest.mark.parametrize(
    ("lang", "text", "hazard"),
    [
        ("fr", "Séisme ressenti à l'instant, tout a tremblé", "earthquake"),
        ("en", "Earthquake!! whole house shook", "earthquake"),
        ("de", "Erdbeben! gerade hat alles gewackelt", "earthquake"),
        ("es", "incendio en el edificio de enfrente, llamas en el tejado", "fire"),
    ],
)
def test_plain_words_lead(reader, lang, text, hazard):
    sense = reader.sense(SenseQuery(text, lang, 2026))
    assert leading(sense.hazards) == hazard


@pytest.mark.parametrize(
    ("lang", "text"), [("fr", "BOUM ??? c'était quoi ce bruit"), ("en", "what was that noise?? loud bang just now")]
)
def test_a_noise_alone_is_not_given_a_cause(reader, lang, text):
    hazards = reader.sense(SenseQuery(text, lang, 2026)).hazards
    assert hazards.get(OPEN, 0.0) + hazards.get("explosion", 0.0) >= 0.8
    assert max(hazards, key=hazards.get) in {OPEN, "explosion"}


@pytest.mark.parametrize(
    ("lang", "text", "hazard"),
    [
        ("de", "der Zug steht quer neben den Gleisen, überall Leute mit Decken", "rail_accident"),
        (
            "en",
            "minibus on its roof in the ditch by the slip road, kids climbing out of the back window",
            "road_accident",
        ),
        ("fr", "y a plus de route, la moitié de la colline est dans la rivière", "landslide"),
    ],
)
def test_a_consequence_names_its_hazard_and_says_so(reader, lang, text, hazard):
    sense = reader.sense(SenseQuery(text, lang, 2026))
    assert max(sense.hazards, key=sense.hazards.get) == hazard
    assert NAMED_BY_MEANING in sense.judgement.reasons
