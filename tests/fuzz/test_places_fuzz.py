"""No text of any content or length makes the resolver fail, and its spans always index the original."""

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.fold import fold_aligned
from nlp.gazetteer import Gazetteer
from nlp.resolve import PlaceQuery, Resolver

wild = st.text(alphabet=st.characters(), max_size=600)
seams = st.lists(
    st.sampled_from(
        [
            "Lyon",
            "#",
            "@",
            "-",
            "'",
            "’",
            ", ",
            "\u200d",
            "e\u0301",
            "ﬀ",
            "Ａ7",
            "🔥",
            "\n",
            "RUE ",
            "de ",
            "U.S.",
            "  ",
            "\x00",
            "ß",
            "İ",
        ]
    ),
    max_size=60,
).map("".join)


@cache
def resolver() -> Resolver:
    return Resolver(Gazetteer.load())


@settings(max_examples=400, deadline=None)
@given(st.one_of(wild, seams), st.sampled_from([None, "fr", "en", "ar"]), st.none() | wild)
def test_any_text_is_resolved(text: str, lang: str | None, profile: str | None) -> None:
    resolution = resolver().resolve([PlaceQuery(text, fold_aligned(text), lang, None, profile)])[0]
    for one in resolution.toponyms:
        assert text[one.start : one.end] == one.text
        assert one.text


def test_a_very_long_post_is_read_to_its_limit() -> None:
    text = "Lyon, Paris et la rue de Lyon - " * 2_000
    resolution = resolver().resolve([PlaceQuery(text, fold_aligned(text), "fr")])[0]
    assert len(resolution.toponyms) <= 16
