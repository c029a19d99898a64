"""The resolver on the packaged gazetteer: one sentence a rule. INSEE codes and coordinates are public facts."""

from functools import cache

import pytest

from nlp.fold import fold_aligned
from nlp.gazetteer import Gazetteer
from nlp.resolve import PlaceQuery, Resolution, Resolver
from tocsin.model import Point


@cache
def resolver() -> Resolver:
    return Resolver(Gazetteer.load())


def resolve(text: str, lang: str | None = "fr", **more: object) -> Resolution:
    return resolver().resolve([PlaceQuery(text, fold_aligned(text), lang, **more)])[0]  # type: ignore[arg-type]


def best(text: str, lang: str | None = "fr", **more: object) -> str | None:
    places = resolve(text, lang, **more).places
    return places[0].id if places else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Gros incendie à Nantes, fumée noire", "fr:44109"),
        ("accident a nantes, ca bouchonne", "fr:44109"),
        ("ÉNORME EXPLOSION À NANTES", "fr:44109"),
        ("Explosion au Havre ce matin", "fr:76351"),
        ("inondation #Nîmes", "fr:30189"),
        ("Fumée noire au-dessus de Saint-Étienne", "fr:42218"),
        ("Séisme ressenti à Nice", "fr:06088"),
        ("incendie à Tours, quartier évacué", "fr:37261"),
        ("Ça a tremblé fort à Valence (Drôme)", "fr:26362"),
    ],
)
def test_finds_the_town(text: str, expected: str) -> None:
    assert best(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "nice, très nice cette explosion de saveurs",
        "Il fait des tours de magie",
        "la carte orange est dans le sens du vent",
        "@lyon bonjour",
        "https://example.org/paris/lyon",
        "Paris Hilton met le feu",
        "la rentrée est dans deux jours",
    ],
)
def test_ordinary_words_handles_links_and_persons_are_no_places(text: str) -> None:
    assert [one for one in resolve(text).places if one.score >= 0.3] == []


def test_the_name_inside_a_street_is_no_town() -> None:
    resolution = resolve("Un immeuble s'est effondré rue d'Aubagne à Marseille")
    assert resolution.places[0].id == "fr:13055"
    assert all(place.id != "fr:13005" for place in resolution.places)
    street = next(one for one in resolution.toponyms if one.text == "rue d'Aubagne")
    assert street.place is None


def test_a_part_of_a_hyphenated_name_is_no_town() -> None:
    assert best("le quartier Bel-Orient est calme") is None


def test_a_storm_bears_a_name_not_a_place() -> None:
    text = "Hurricane Florence is coming, Florence will be bad"
    assert all(place.id != "gn:3176959" for place in resolve(text, "en").places)


def test_a_country_is_the_parent_of_its_town() -> None:
    places = resolve("Earthquake in Athens, Greece", "en").places
    assert (places[0].kind, places[0].country) == ("town", "GR")
    assert all(place.score < places[0].score / 3 for place in places[1:])


def test_a_state_decides_between_homonyms() -> None:
    assert resolve("Tornado near Paris, Texas", "en").places[0].admin.region == "US.TX"


def test_a_device_position_is_kept_exact() -> None:
    place = resolve("ça a explosé en bas de chez moi", point=Point(45.7301, 4.8301)).places[0]
    assert (place.kind, place.method, place.lat, place.lon) == ("point", "gps", 45.7301, 4.8301)
    assert place.admin.departement == "69"


def test_a_profile_is_a_weak_and_wide_candidate() -> None:
    [place] = resolve("ça a explosé en bas de chez moi", profile_place="Rennes").places
    assert (place.id, place.method) == ("fr:35238", "profile")
    assert place.score <= 0.35
    assert place.uncertainty_km >= 10.0


def test_a_profile_number_is_a_departement() -> None:
    [place] = resolve("ça a explosé", profile_place="44").places
    assert place.id == "fr-dep:44"


def test_the_text_wins_over_the_profile() -> None:
    assert best("incendie à Lille, tout le monde dehors", profile_place="Marseille") == "fr:59350"


def test_a_road_meets_the_town_named_with_it() -> None:
    places = resolve("carambolage sur l'A7 à hauteur de Valence, trois camions").places
    road = next(place for place in places if place.kind == "road")
    assert (road.id, road.method) == ("road:A7@fr:26362", "road")
    assert road.lat == pytest.approx(44.93, abs=0.1)
    assert road.uncertainty_km > next(place for place in places if place.id == "fr:26362").uncertainty_km


def test_seen_from_a_town_is_wide_and_less_sure_than_in_it() -> None:
    seen, inside = resolve("fumée visible depuis Chartres").places[0], resolve("fumée à Chartres").places[0]
    assert seen.id == inside.id == "fr:28085"
    assert seen.uncertainty_km >= 12.0 > inside.uncertainty_km


def test_the_town_beside_the_hazard_comes_first() -> None:
    text = "Explosion à Brest. Mon frère, qui vit à Quimper, arrive."
    places = resolve(text, taken=[(0, 9)]).places
    assert [place.id for place in places[:2]] == ["fr:29019", "fr:29232"]


def test_a_part_of_a_hashtag_is_a_hint_not_a_mention() -> None:
    resolution = resolve("tous sous l'eau #InondationNantes", taken=[(16, 26)])
    assert resolution.toponyms == ()
    assert [place.id for place in resolution.places] == ["fr:44109"]


def test_codes_count_in_capitals_only() -> None:
    assert best("Flooding in the US tonight", "en") == "cc:US"
    assert best("Flooding in the U.S. tonight", "en") == "cc:US"
    assert best("tell us more", "en") is None


def test_toponyms_index_the_original_text() -> None:
    text = "🔥🔥 ｆeu à Besançon et à Dole"
    assert [text[one.start : one.end] for one in resolve(text).toponyms] == ["Besançon", "Dole"]
