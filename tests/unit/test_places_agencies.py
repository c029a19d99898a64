"""Services that bear the name of their ground: who speaks or acts is on it, who goes to help is not. One sentence a rule."""

from functools import cache

import pytest

from nlp.fold import fold_aligned
from nlp.gazetteer import Gazetteer
from nlp.resolve import PlaceQuery, Resolver
from tocsin.model import Place


@cache
def resolver() -> Resolver:
    return Resolver(Gazetteer.load())


def places(text: str, lang: str) -> tuple[Place, ...]:
    return resolver().resolve([PlaceQuery(text, fold_aligned(text), lang)])[0].places


def score(text: str, lang: str, name: str) -> float:
    return sum(place.score for place in places(text, lang) if place.name == name)


@pytest.mark.parametrize(
    ("text", "lang", "name", "inside"),
    [
        ("Bradford Police ask you to avoid the area", "en", "Bradford", "avoid Bradford"),
        ("Leeds Fire Department is on scene", "en", "Leeds", "fire in Leeds"),
        ("les pompiers de Roanne sont sur place", "fr", "Roanne", "feu à Roanne"),
        ("la police de Dijon boucle la rue", "fr", "Dijon", "feu à Dijon"),
        ("Feuerwehr Murnau im Einsatz", "de", "Murnau am Staffelsee", "Brand in Murnau"),
        ("Polizei Murnau bittet, den Bereich zu meiden", "de", "Murnau am Staffelsee", "Brand in Murnau"),
        ("Bombeiros de Olinda estão no local", "pt", "Olinda", "fogo em Olinda"),
    ],
)
def test_who_acts_is_on_his_own_ground_which_is_wider_than_the_town(
    text: str, lang: str, name: str, inside: str
) -> None:
    (ground, *_), (town, *_) = places(text, lang), places(inside, lang)
    assert ground.name == town.name == name
    assert ground.score > 0.5
    assert ground.uncertainty_km >= max(12.0, 1.9 * town.uncertainty_km)


@pytest.mark.parametrize(
    ("away", "own", "lang", "name"),
    [
        ("Dallas firefighter among the dead", "Dallas Police: three dead", "en", "Dallas"),
        ("Leeds Police are sending officers to help", "Leeds Police are at the scene", "en", "Leeds"),
        ("des pompiers de Roanne viennent d'arriver", "les pompiers de Roanne interviennent", "fr", "Roanne"),
        ("les pompiers de Roanne partent en renfort", "les pompiers de Roanne interviennent", "fr", "Roanne"),
        ("los bomberos de Sevilla van al terremoto", "los bomberos de Sevilla apagan el fuego", "es", "Sevilla"),
    ],
)
def test_who_goes_to_help_is_elsewhere(away: str, own: str, lang: str, name: str) -> None:
    assert score(own, lang, name) > 0.5
    assert 0.0 < score(away, lang, name) < 0.8 * score(own, lang, name)


def test_the_place_told_wins_over_the_ground_of_who_tells() -> None:
    best, *others = places("Leeds Police: explosion in Otley", "en")
    assert best.name == "Otley"
    assert best.score > 1.5 * max(place.score for place in others)


@pytest.mark.parametrize(
    "text", ["Le SDIS 38 intervient sur un feu", "#SDIS38 feu d'usine", "sdis 38 : feu d'usine en cours"]
)
def test_a_fire_service_bears_the_number_of_its_departement(text: str) -> None:
    assert places(text, "fr")[0].id == "fr-dep:38"


@pytest.mark.parametrize(
    ("text", "lang"), [("SDIS 99 intervient", "fr"), ("le 38 arrive", "fr"), ("SDIS 38 units", "en")]
)
def test_other_numbers_are_no_departement(text: str, lang: str) -> None:
    assert all(not place.id.startswith("fr-dep") for place in places(text, lang))
