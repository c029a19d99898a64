"""How a sentence ties a place to what it tells: in it, near it, or only somebody's home. One sentence a rule."""

from functools import cache

import pytest

from nlp.fold import fold_aligned
from nlp.gazetteer import Gazetteer
from nlp.resolve import PlaceQuery, Resolver


@cache
def resolver() -> Resolver:
    return Resolver(Gazetteer.load())


def places(text: str, lang: str = "en"):
    return resolver().resolve([PlaceQuery(text, fold_aligned(text), lang)])[0].places


def score(text: str, name: str, lang: str = "en") -> float:
    return sum(place.score for place in places(text, lang) if place.name == name)


@pytest.mark.parametrize(
    ("home", "here", "name", "lang"),
    [
        ("Dallas firefighters search the rubble", "Rubble in Dallas, firefighters search", "Dallas", "en"),
        (
            "Brisbane Fire Rescue team digs through the rubble",
            "A rescue team digs through rubble in Brisbane",
            "Brisbane",
            "en",
        ),
        ("CBS Dallas says 12 hurt", "12 hurt in Dallas", "Dallas", "en"),
        ("Dallas Morning News says 60 dead", "60 dead in Dallas", "Dallas", "en"),
        (
            "Explosion, on dirait la guerre comme à Beyrouth",
            "Explosion à Beyrouth, on dirait la guerre",
            "Beyrouth",
            "fr",
        ),
        ("les pompiers de Toulouse partent en renfort", "incendie à Toulouse, renforts", "Toulouse", "fr"),
        ("Boston Globe: 12 hurt in the blast", "12 hurt in the Boston blast", "Boston", "en"),
        ("Nice-Matin parle d'un incendie", "Nice parle d'un incendie", "Nice", "fr"),
        ("La Gazzetta di Modena parla di scosse", "A Modena si parla di scosse", "Modena", "it"),
        ("los bomberos de Sevilla van al terremoto", "terremoto en Sevilla", "Sevilla", "es"),
    ],
)
def test_somebodys_home_is_tied_less_than_the_place_itself(home: str, here: str, name: str, lang: str) -> None:
    shown = {"Beyrouth": "Beirut", "Sevilla": "Sevilla"}.get(name, name)
    names = {shown, name, "Seville"}
    tied = sum(place.score for place in places(here, lang) if place.name in names)
    loose = sum(place.score for place in places(home, lang) if place.name in names)
    assert tied > 0.5
    assert loose < 0.75 * tied


def test_the_newsroom_gives_way_to_the_place_that_it_tells_of() -> None:
    text = "CBS Dallas says 12 hurt in Galveston"
    assert score(text, "Galveston") > 4 * score(text, "Dallas")


@pytest.mark.parametrize(
    ("text", "name", "lang"),
    [
        ("Explosion near Leeds", "Leeds", "en"),
        ("Explosion outside Leeds", "Leeds", "en"),
        ("Explosion just north of Leeds", "Leeds", "en"),
        ("Explosion près de Rennes", "Rennes", "fr"),
        ("Explosion au nord de Rennes", "Rennes", "fr"),
        ("Explosion pas loin de Rennes", "Rennes", "fr"),
        ("Explosion à côté de Rennes", "Rennes", "fr"),
        ("Explosion entre Rennes et Fougères", "Rennes", "fr"),
        ("Explosion between Leeds and York", "Leeds", "en"),
        ("Explosión cerca de Toledo", "Toledo", "es"),
        ("Esplosione vicino a Modena", "Modena", "it"),
    ],
)
def test_near_is_wider_than_in(text: str, name: str, lang: str) -> None:
    inside = {
        "en": f"Explosion in {name}",
        "fr": f"Explosion à {name}",
        "es": f"Explosión en {name}",
        "it": f"Esplosione a {name}",
    }[lang]
    (near, *_), (at, *_) = places(text, lang), places(inside, lang)
    assert near.id == at.id
    assert near.uncertainty_km >= max(15.0, 2 * at.uncertainty_km)


@pytest.mark.parametrize(
    ("text", "lang"), [("Explosion in the north of Leeds", "en"), ("Explosion dans le nord de Rennes", "fr")]
)
def test_the_north_of_a_town_is_in_it(text: str, lang: str) -> None:
    assert places(text, lang)[0].uncertainty_km < 12.0


def test_near_a_station_is_near_it_and_not_near_the_town() -> None:
    (best, *_) = places("Incendie près de la gare de Perrache à Lyon", "fr")
    assert best.uncertainty_km < 5.0


@pytest.mark.parametrize(
    ("text", "place_id"),
    [
        ("Gaza shelled again, hospital hit", "gn:281133"),  # the city, not the province of Mozambique
        ("flooding in Kerala", "a1:IN.13"),
    ],
)
def test_a_far_region_is_known_abroad_only_by_a_name_of_its_own(text: str, place_id: str) -> None:
    assert places(text)[0].id == place_id


@pytest.mark.parametrize(
    ("text", "lang", "place_id"),
    [
        ("Terremoto a Modena", "it", "gn:3173331"),
        ("terremoto fortissimo, tutta mantova sveglia", "it", "gn:3174051"),
        ("Terremoto sentito a Ferrara, Modena, Bologna", "it", "gn:3177090"),
        ("Incendio en Huelva", "es", "gn:2516548"),
    ],
)
def test_a_town_before_the_province_of_its_name(text: str, lang: str, place_id: str) -> None:
    assert places(text, lang)[0].id == place_id


def test_names_in_a_list_are_towns_and_a_region_behind_a_comma_is_one() -> None:
    kinds = {place.name: place.kind for place in reversed(places("Terremoto sentito a Ferrara, Modena, Bologna", "it"))}
    assert kinds["Modena"] == "town"
    told = {place.name: place.kind for place in places("Tornado in Moore, Oklahoma")}
    assert told["Oklahoma"] == "region"


def test_the_province_when_it_is_called_so() -> None:
    assert places("Frana in provincia di Modena", "it")[0].kind == "departement"
