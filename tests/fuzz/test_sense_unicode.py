"""No text of any Unicode content fails, and every offset indexes the original text."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nlp.account import account
from nlp.extract import Extractor
from nlp.fingerprint import fingerprint
from tocsin.settings.nlp import NlpSettings

WORDS = [
    "incendie",
    "explosion",
    "fire",
    "pas",
    "d'",
    "?",
    "!!",
    "RT @x:",
    "en 1987",
    "à Lyon",
    "«",
    "»",
    "\n",
    "\u200d",
    "ﬁ",
    "İ",
    "\ud800",
    "🔥",
    "e\u0301",
    "#",
]
texts = st.one_of(
    st.text(st.characters(), max_size=200),
    st.lists(st.one_of(st.sampled_from(WORDS), st.text(st.characters(), max_size=5)), max_size=40).map(" ".join),
)


@pytest.fixture(scope="module")
def extractor():
    return Extractor.load(NlpSettings(entities=False))


@given(texts, st.sampled_from([None, "fr", "en", "xx", ""]), st.sampled_from([None, 2026, 1]))
@example("", None, None)
@example("\ud800 incendie \udfff", "fr", 2026)
@example("ﬁre " * 600, "en", None)
@example("incendie" * 500, None, None)
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_any_text_is_read_and_its_offsets_index_it(extractor, text, lang, year):
    analysis = extractor.analyse(text, lang=lang, year=year)
    data = account("x", analysis)
    for mention in data["mentions"]:
        assert 0 <= mention["start"] < mention["end"] <= len(text)
        assert all(0 <= span["start"] < span["end"] <= len(text) for span in mention["spans"])
        assert math.isclose(sum(mention["hazards"].values()), 1.0, abs_tol=1e-9)
        assert 0 < mention["probability"] < 1
    for place in data["places"]:
        assert 0 <= place["start"] < place["end"] <= len(text)
        assert place["text"] == text[place["start"] : place["end"]]
    assert -(2**63) <= analysis.fingerprint < 2**63


@given(texts)
@settings(max_examples=200, deadline=None)
def test_any_text_has_a_fingerprint(text):
    assert fingerprint(text) == fingerprint(text)
    assert -(2**63) <= fingerprint(text) < 2**63
