"""Profile places: parts, numbers, nonsense. Ids are INSEE and GeoNames facts."""

from functools import cache

import pytest

from nlp.fold import fold_aligned
from nlp.gazetteer import Gazetteer
from nlp.resolve import PlaceQuery, Resolver


@cache
def resolver() -> Resolver:
    return Resolver(Gazetteer.load())


def place(profile: str, lang: str = "fr") -> str | None:
    text = "ça tremble"
    found = resolver().resolve([PlaceQuery(text, fold_aligned(text), lang, None, profile)])[0].places
    return found[0].id if found else None


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("Nantes", "fr:44109"),
        ("  nantes 🦆", "fr:44109"),
        ("Lille, France", "fr:59350"),
        ("Saint-Étienne / Lyon", "fr:69123"),
        ("74", "fr-dep:74"),
        ("2A", "fr-dep:2A"),
        ("Bretagne", "fr-reg:53"),
        ("sud Gironde", "fr-dep:33"),
    ],
)
def test_reads_a_profile(profile: str, expected: str) -> None:
    assert place(profile) == expected


@pytest.mark.parametrize("profile", ["", "she/her", "on a boat", "🏴", "South East", "best_offers", "99", "a" * 500])
def test_leaves_nonsense_alone(profile: str) -> None:
    assert place(profile) is None


def test_a_state_in_the_profile_decides() -> None:
    text = "we felt it"
    [found] = resolver().resolve([PlaceQuery(text, fold_aligned(text), "en", None, "Paris, Texas")])[0].places
    assert found.admin.region == "US.TX"
