"""Rules for X: read again by a small reader of their grammar, within their limits, with every word once; and the packaged words."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.files import SourceError
from ingest.sources.x_made import own_terms, rules
from ingest.sources.x_rules import TAG, Rule, RulesError, Term, change, rules_of
from nlp.fold import fold_aligned
from nlp.lexicon import Lexicon
from tocsin.model import HAZARDS
from tocsin.settings.purpose import judge
from tocsin.settings.sources import XSettings

TERMS = Path(__file__).parents[2] / "ingest" / "sources" / "x_terms.toml"
PACKAGED = tomllib.loads(TERMS.read_text("utf-8"))
MAX_LENGTH, MAX_RULES = 512, 25


def read(value):
    """Read a rule: its words, its language, and what it leaves out."""
    said, lang, without = re.fullmatch(r"(.+) lang:(\w+) (-is:retweet)", value).groups()
    if said.startswith("("):
        assert said.endswith(")")
        said = said[1:-1]
    else:
        assert " OR " not in said, "without brackets the language would hold for the last word only"
    words = [re.fullmatch(r'"([^"]+)"|([#\w]+)', one) for one in said.split(" OR ")]
    assert all(words), value
    return [one[1] or one[2] for one in words], lang, without


words = st.from_regex(r"[a-zà-öø-ÿ0-9]{1,12}(?:[ '-][a-zà-öø-ÿ0-9]{1,12}){0,3}", fullmatch=True).filter(
    lambda text: judge(text) is None
)
terms = st.lists(st.builds(Term, st.sampled_from(["fr", "en", "de"]), words), max_size=60)


@given(terms, st.integers(1, 8), st.integers(90, 200))
@settings(max_examples=150, deadline=None)
def test_every_word_stands_in_one_rule_of_its_language_or_is_counted_as_left_out(terms, max_rules, rule_chars):
    made, left = rules_of(terms, max_rules=max_rules, rule_chars=rule_chars)
    assert len(made) <= max_rules
    assert all(len(rule.value) <= rule_chars for rule in made)
    stand = [(lang, word) for rule in made for said, lang, _ in [read(rule.value)] for word in said]
    wanted = {(term.lang, term.words) for term in terms}
    assert len(stand) == len(set(stand))
    assert set(stand) <= wanted
    assert len(stand) + left == len(wanted)
    assert len({rule.tag for rule in made}) == len(made)


@given(terms, terms)
@settings(max_examples=60, deadline=None)
def test_after_the_change_the_wanted_rules_stand_and_others_are_untouched(before, after):
    old, new = (rules_of(some, max_rules=9, rule_chars=150)[0] for some in (before, after))
    foreign = Rule(value="cats lang:en", tag="of another program", id="x")
    standing = [Rule(value=rule.value, tag=rule.tag, id=str(at)) for at, rule in enumerate(old)] + [foreign]
    todo = change(new, standing)
    stands = {rule.value for rule in standing if rule.id not in todo.delete} | {rule.value for rule in todo.add}
    assert stands == {rule.value for rule in new} | {foreign.value}
    assert not {rule.value for rule in todo.add} & {rule.value for rule in standing}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("from:compte", "an account"),
        ("@compte", "an account"),
        ("syndicat", "a union"),
        ("manifestation", "a protest"),
        ("feu OR", None),
        ("feu) OR (chat", "expected letters"),
        ('feu" lang:en "', "expected letters"),
        ("-is:retweet", "expected letters"),
        ("", "expected letters"),
        ("x" * 600, "at most"),
    ],
)
def test_a_word_cannot_become_an_operator_or_look_for_people(said, why):
    if why is None:  # a phrase in quotes is only words
        assert read(rules_of([Term("fr", said)], max_rules=1, rule_chars=MAX_LENGTH)[0][0].value)[0] == [said]
        return
    with pytest.raises(RulesError, match=why):
        rules_of([Term("fr", said)], max_rules=1, rule_chars=MAX_LENGTH)


def test_words_of_operators_stand_in_quotes():
    assert rules_of([Term("en", "OR")], max_rules=1, rule_chars=99)[0][0].value == '"OR" lang:en -is:retweet'


@pytest.fixture(scope="module")
def lexicon():
    return Lexicon.load()


@pytest.mark.parametrize("lang", sorted(PACKAGED))
def test_packaged_words_open_the_gate_and_look_for_nobody(lexicon, lang):
    for hazard, said in PACKAGED[lang].items():
        assert hazard in HAZARDS
        for words in said:
            found = [hit.entry for hit in lexicon.find(fold_aligned(words), lang)]
            strongest = max((entry.strength for entry in found if entry.gate), default=0)
            assert strongest >= 0.5, f"{lang} {words}: paid for and then not read"
            assert judge(words, lang) is None


def test_all_languages_of_the_packaged_words_fit_the_smallest_account_together():
    chosen = XSettings(languages=tuple(sorted(PACKAGED)), max_rules=MAX_RULES, rule_chars=MAX_LENGTH)
    made = rules(chosen)
    assert len(made) <= MAX_RULES
    asked = {(lang, word) for rule in made for said, lang, _ in [read(rule.value)] for word in said}
    assert asked == {(term.lang, term.words) for lang in PACKAGED for term in own_terms(lang)}
    assert all(rule.tag.startswith(TAG) for rule in made)


def test_words_of_the_settings_stand_in_place_of_ours():
    made = rules(XSettings(words=("éruption", "lahar"), languages=("fr", "en")))
    assert [read(rule.value)[:2] for rule in made] == [(["éruption", "lahar"], "fr"), (["éruption", "lahar"], "en")]


def test_a_language_without_words_is_refused():
    with pytest.raises(SourceError, match="none of our own in nl"):
        rules(XSettings(languages=("nl",)))
