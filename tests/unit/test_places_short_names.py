"""Names as people use them: cut short, without their article, inside a station's name, borne by a quarter or a far town. Ids are public facts."""

from functools import cache

import pytest

from nlp.fold import fold_aligned
from nlp.gazetteer import Gazetteer
from nlp.resolve import PlaceQuery, Resolver
from tocsin.model import Place

MURNAU, GARMISCH, PONT_DE_CLAIX = "gn:2867445", "gn:2922530", "fr:38317"
SION_IN_VALAIS, BOURGOIN_JALLIEU = "gn:2658576", "fr:38053"


@cache
def resolver() -> Resolver:
    return Resolver(Gazetteer.load())


def places(text: str, lang: str, profile: str | None = None) -> tuple[Place, ...]:
    return resolver().resolve([PlaceQuery(text, fold_aligned(text), lang, None, profile)])[0].places


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("Unfall an einem Bahnübergang bei Murnau", "de", MURNAU),
        ("Waggon entgleist in Garmisch", "de", GARMISCH),
        ("coupé à hauteur de Pont-de-Claix", "fr", PONT_DE_CLAIX),
        ("accident à l'échangeur de Bourgoin", "fr", BOURGOIN_JALLIEU),
    ],
)
def test_a_long_name_cut_short_is_the_town(text: str, lang: str, expected: str) -> None:
    assert places(text, lang)[0].id == expected


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("der Murnau stand im Regen", "de"),  # nothing leads to it, and every German noun has a capital
        ("les enfants sont restés à l'école", "fr"),  # École-Valentin is not called so
        ("tremblement de terre", "fr"),  # nor is Terre-de-Bancalié
    ],
)
def test_a_word_that_a_long_name_begins_with_is_no_town(text: str, lang: str) -> None:
    assert places(text, lang) == ()


@pytest.mark.parametrize("text", ["La gare de Tournus est fermée", "les barrières de la gare de Tournus sont baissées"])
def test_a_kind_word_needs_no_capital_to_make_a_name(text: str) -> None:
    [found] = places(text, "fr")
    assert (found.kind, found.admin.commune) == ("station", "71543")
    assert found.score > 0.5


def test_a_quarter_that_only_one_town_has_needs_no_town_beside_it() -> None:
    [found] = places("big black column seen from Walkley", "en")
    assert (found.name, found.kind) == ("Walkley", "quarter")
    assert found.score > 0.3
    assert found.uncertainty_km >= 10.0  # seen from there, not there


def test_the_parts_that_many_towns_have_still_need_their_town() -> None:
    assert all(one.kind == "town" or one.score < 0.1 for one in places("de la fumée vers le Moulin", "fr"))


def test_a_known_town_at_home_comes_before_a_far_one_s_other_name() -> None:
    assert places("il est à Sion", "fr")[0].id == SION_IN_VALAIS
    assert places("il est à Cologne", "fr")[0].country == "DE"  # a hamlet of that name is not thought of first


def test_a_plain_german_noun_is_a_town_only_where_a_preposition_leads_to_it() -> None:
    assert places("am Bahnhof Ohlstadt, Zug kommt nicht", "de")[0].name == "Ohlstadt"
    assert [one for one in places("der Zug kommt nicht", "de") if one.score >= 0.1] == []
    assert any(one.name == "Zug" for one in places("Brand in Zug", "de"))


def test_towns_take_no_article_that_is_not_in_their_name() -> None:
    assert all(one.score < 0.3 for one in places("odeur jusqu'à la Liberté", "fr"))
    assert places("autrefois la Berre sortait", "fr") == ()
    assert places("de la fumée à La Rochelle", "fr")[0].id == "fr:17300"


@pytest.mark.parametrize("text", ["die Türen klemmen", "Oma ist noch drin", "oben ist Rauch"])
def test_a_german_noun_is_no_far_town_of_that_spelling(text: str) -> None:
    assert [one for one in places(text, "de") if one.score >= 0.3] == []


@pytest.mark.parametrize("text", ["shots at jackson square", "fire on decatur street rn"])
def test_a_street_needs_no_capital_to_keep_its_town_away(text: str) -> None:
    assert places(text, "en") == ()


@pytest.mark.parametrize(("profile", "lang", "name"), [("Sheffield", "en", "Sheffield"), ("Pisa", "it", "Pisa")])
def test_a_profile_names_the_town_and_not_the_region_called_after_it(profile: str, lang: str, name: str) -> None:
    [found] = places("?", lang, profile)
    assert (found.kind, found.name) == ("town", name)


def test_a_profile_with_a_word_cut_off_is_no_hamlet_of_the_rest() -> None:
    assert places("?", "en", "South Yorkshire") == ()
