"""Laws of the resolver, over generated posts: pure, batch-free, bounded, in the bounds of the text."""

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.fold import fold_aligned
from nlp.gazetteer import Gazetteer
from nlp.resolve import PlaceQuery, Resolver
from tocsin.model import Point

PIECES = [
    "Lyon", "à Nantes", "rue d'Aubagne", "Saint-Denis", "l'A7", "sortie 16", "in London", "#ParisCentre", "Paris, Texas", "Greece", "le Havre",
    "au Mans", "Nice", "orange", "depuis Lille", "M25", "U.S.", "vers Valence", "gare de Lyon", "incendie", "BOUM", "🔥", "\n", "...", "-", "@lyon",
    "https://a.fr/x", "Île-de-France", "Hurricane Maria", "Maria", "Rouen", "Mantes-Sud", "tout brûle", "Kirkstall Road",
]  # fmt: skip
texts = st.one_of(st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join), st.text(max_size=120))
points = st.none() | st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))
queries = st.builds(
    lambda text, lang, point, profile: PlaceQuery(text, fold_aligned(text), lang, point, profile),
    texts,
    st.sampled_from([None, "fr", "en", "es", "it", "pt", "de", "xx"]),
    points,
    st.none() | st.sampled_from(["Lyon", "44", "Paris 13", "on a boat", "Lille, France", ""]),
)


@cache
def resolver() -> Resolver:
    return Resolver(Gazetteer.load())


@settings(max_examples=150, deadline=None)
@given(st.lists(queries, min_size=1, max_size=5))
def test_a_result_does_not_depend_on_its_batch(batch: list[PlaceQuery]) -> None:
    together = resolver().resolve(batch)
    fresh = [resolver().resolve([query])[0] for query in reversed(batch)]
    assert together == fresh[::-1]


@settings(max_examples=250, deadline=None)
@given(queries)
def test_scores_and_spans_stay_in_bounds(query: PlaceQuery) -> None:
    resolution = resolver().resolve([query])[0]
    scores = [place.score for place in resolution.places]
    assert scores == sorted(scores, reverse=True)
    assert sum(scores) <= 1.0 + 1e-9
    assert all(0.0 < score <= 1.0 for score in scores)
    assert len({place.id for place in resolution.places}) == len(scores)
    for place in resolution.places:
        assert -90 <= place.lat <= 90
        assert -180 <= place.lon <= 180
        assert place.uncertainty_km > 0
    end = 0
    for one in resolution.toponyms:
        assert end <= one.start < one.end <= len(query.text)
        assert one.text == query.text[one.start : one.end]
        end = one.end


@settings(max_examples=100, deadline=None)
@given(queries)
def test_a_hazard_term_is_no_name_unless_a_capital_inside_the_sentence_says_so(query: PlaceQuery) -> None:
    free = resolver().resolve([query])[0].toponyms
    names = [one for one in free if one.place is not None]
    taken = [(one.start, one.end) for one in names]
    left = resolver().resolve([query._replace(taken=taken)])[0].toponyms
    kept = [one for one in left if one.place is not None and (one.start, one.end) in taken]
    assert all(one.start > 0 and one.text[0].isupper() for one in kept)
