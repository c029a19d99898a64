"""Laws of the extractor: a mention depends on its post alone; a negated mention never counts as asserted."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlp.extract import Extractor
from tocsin.model import Post
from tocsin.settings.nlp import NlpSettings

OPENINGS = [
    "Gros incendie",
    "Énorme explosion",
    "Accident grave",
    "ça tremble, séisme",
    "Huge fire",
    "Flooding",
    "BOUM",
    "Belle journée",
]
MIDDLES = [" à Lyon", " near Leeds", " rue Foch", " sur l'A7", "", " ???", " !!! les pompiers arrivent", ", j'ai peur"]
ENDINGS = [" https://t.co/x", "", " #Lyon", " en 2018", " c'est un exercice", " mdr", " 🔥🔥"]
texts = st.builds("{}{}{}".format, st.sampled_from(OPENINGS), st.sampled_from(MIDDLES), st.sampled_from(ENDINGS))


@st.composite
def posts(draw):
    count = draw(st.integers(1, 12))
    return [
        Post(
            id=f"p{number}",
            source="s",
            author="a",
            event_at=1_775_540_880_000,
            received_at=1_775_540_880_000,
            text=draw(texts),
            lang=draw(st.sampled_from(["fr", "en", None])),
            repost_of=draw(st.sampled_from([None, "q"])),
        )
        for number in range(count)
    ]


def fresh():
    return Extractor.load(NlpSettings(entities=False))


@pytest.fixture(scope="module")
def extractor():
    return fresh()


def written(found):
    return [msgspec.json.encode(one) if hasattr(one, "probability") else repr(one).encode() for one in found]


@given(posts(), st.integers(1, 12), st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_mention_depends_on_its_post_alone(extractor, batch, size, random):
    whole = dict(zip([post.id for post in batch], written(extractor.mentions(batch)), strict=True))
    shuffled = list(batch)
    random.shuffle(shuffled)
    for low in range(0, len(shuffled), size):
        part = shuffled[low : low + size]
        assert written(extractor.mentions(part)) == [whole[post.id] for post in part]


def test_what_was_read_before_changes_nothing(extractor):
    batch = [
        Post(id=f"p{n}", source="s", author="a", event_at=1_775_540_880_000, received_at=0, text=o + m + e)
        for n, (o, m, e) in enumerate((o, m, e) for o in OPENINGS for m in MIDDLES for e in ENDINGS[:3])
    ]
    assert written(extractor.mentions(batch)) == written(fresh().mentions(list(reversed(batch))))[::-1]


@given(
    st.sampled_from(["incendie", "explosion", "accident", "séisme"]),
    st.sampled_from(["Pas d'", "Aucun ", "aucune ", "Il n'y a pas d'", "ce n'est pas une "]),
)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_negated_mention_never_counts(extractor, word, negation):
    sense = extractor.analyse(f"{negation}{word} à Lyon", lang="fr", year=2026).sense
    assert sense.frame.modality == "negated"
    assert sense.frame.denial
    asserted = extractor.analyse(f"Gros {word} à Lyon", lang="fr", year=2026).sense
    assert asserted.judgement.probability > sense.judgement.probability
