"""The grammars: every rule, for every hazard and in both languages, gives text that a person could have typed."""

from __future__ import annotations

import re
from collections import Counter
from random import Random

import pytest

from tocsin.model import HAZARDS
from tocsin.simulation import grammar
from tocsin.simulation.scenario import DECOY_KINDS
from tocsin.simulation.speech import habit_of, slip, typed

SLOTS = [f"«{name}»" for name in grammar.SLOTS]
EACH_HAZARD = ("what", "the", "title", "tag", "drill", "cry", "witness", "detail", "after")
SHARED = ("question", "relay", "media", "official", "denial", "tail", "nowhere", "bg", "hot")


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_hazard_has_all_ways_of_telling(lang):
    names = set(grammar.load(lang).names)
    assert names >= {f"{hazard}.{part}" for hazard in HAZARDS for part in EACH_HAZARD}
    assert names >= {f"decoy.{kind}" for kind in DECOY_KINDS}
    assert names >= set(SHARED)


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("hazard", HAZARDS)
def test_every_alternative_of_every_rule_expands_to_clean_text(lang, hazard):
    loaded = grammar.load(lang)
    rng = Random(7)
    for name in loaded.names:
        rule = loaded.rule(name, hazard)
        for number in range(len(rule.alternatives)):
            rolls = iter([number / len(rule.alternatives) + 1e-9])
            text = loaded.expand(rule, SLOTS, lambda rolls=rolls: next(rolls, None) or rng.random())
            assert not re.search(r"[<>{}~]", text), (name, text)
            assert "  " not in text
            assert len(text) < 300, (name, text)
            assert text == text.strip()


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("hazard", HAZARDS)
def test_witnesses_do_not_repeat_each_other(lang, hazard):
    """Of two hundred first-hand posts, no text is more common than one in twelve: copies would be heard as one voice."""
    loaded = grammar.load(lang)
    rng = Random(3)
    rule, tail = loaded.rule(f"{hazard}.witness", hazard), loaded.rule("tail", hazard)
    said = Counter(loaded.expand(rule, SLOTS, rng.random) + loaded.expand(tail, SLOTS, rng.random) for _ in range(200))
    assert said.most_common(1)[0][1] <= 200 / 12
    assert len(said) >= 70


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("hello", "before the first rule"),
        ("[a]\nx\n[a]\ny", "twice"),
        ("[a]\n<b>", "no rule 'b'"),
        ("[a]\n<a>", "contains itself"),
        ("[a]\n{nowhere_slot}", "no slot"),
        ("[a]\n<~what>", "speaks of a hazard"),
        ("[a]\n" + "*500 x", "more than"),
    ],
)
def test_a_broken_grammar_is_refused_by_name(text, problem):
    with pytest.raises(grammar.GrammarError, match=problem):
        grammar.Grammar(text).rule("a")


def test_weights_count_and_comments_do_not():
    made = grammar.Grammar("// a comment\n[a]\n*3 yes\nno\n~")
    rule = made.rule("a")
    rolls = [k / 5 + 0.01 for k in range(5)]
    assert [made.expand(rule, SLOTS, lambda roll=roll: roll) for roll in rolls] == ["yes", "yes", "yes", "no", ""]


def test_french_prepositions_are_contracted():
    made = grammar.Grammar("[a]\nla fin de le match à le stade de un ami")
    assert made.expand(made.rule("a"), SLOTS, Random(1).random) == "la fin du match au stade d'un ami"


def test_one_author_always_writes_in_one_way_and_the_shares_hold():
    shares = Counter(habit_of(author) for author in range(20_000))
    assert habit_of(12_345) == habit_of(12_345)
    expected = {"tidy": 0.30, "lower": 0.30, "plain": 0.15, "rough": 0.20, "shout": 0.05}
    for habit, share in expected.items():
        assert shares[habit] / 20_000 == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize(
    ("habit", "lang", "expected"),
    [
        ("lower", "fr", "il y a le feu à Évry, tout le monde court"),
        ("tidy", "fr", "Il y a le feu à Évry, tout le monde court"),
        ("plain", "fr", "il y a le feu a Evry, tout le monde court"),
        ("rough", "fr", "ya le feu à Évry, tt le monde court"),
        ("shout", "fr", "IL Y A LE FEU À ÉVRY, TOUT LE MONDE COURT"),
    ],
)
def test_habits(habit, lang, expected):
    rolls = iter([0.0] if habit == "shout" else [0.99])
    assert typed("il y a le feu à Évry, tout le monde court", lang, habit, lambda: next(rolls)) == expected


def test_a_slip_touches_two_letters_at_most_and_spares_links_and_tags():
    rng = Random(5)
    for _ in range(300):
        assert abs(len(slip("fumée noire rue Pasteur", rng.random)) - 23) <= 1
    assert slip("voir https://example.org/a", rng.random) == "voir https://example.org/a"
    assert slip("feu #Nantes", rng.random) == "feu #Nantes"
