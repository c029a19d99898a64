"""Places of a journey: where a vehicle comes from or goes to is not where it met with an accident. One sentence a rule."""

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


@pytest.mark.parametrize(
    ("text", "lang", "names"),
    [
        ("there is smoke in the coach from Derby, my son is on it", "en", {"Derby"}),
        ("the flight back home to Leeds skidded off", "en", {"Leeds"}),
        ("a Leeds-bound train derailed", "en", {"Leeds"}),
        ("flight from Oslo to Bergen crashed", "en", {"Oslo", "Bergen"}),
        ("le TER de 7h12 pour Dijon a heurté un camion", "fr", {"Dijon"}),
        ("la rame en direction de Nevers est couchée", "fr", {"Nevers"}),
        ("un bus à destination de Vichy dans le ravin", "fr", {"Vichy"}),
        ("le car scolaire de Pamiers dans le fossé", "fr", {"Pamiers"}),
        ("crash du vol Paris-Nice", "fr", {"Paris", "Nice"}),
        ("le bus de Lyon à Dijon est en feu", "fr", {"Lyon", "Dijon"}),
        ("der Schulzug nach Erfurt steht, es brennt", "de", {"Erfurt"}),
        ("Bus 7 Richtung Erfurt brennt", "de", {"Erfurt"}),
        ("Unglück auf der Bahnstrecke Dresden – Leipzig", "de", {"Dresden", "Leipzig"}),
        ("vuelo procedente de Bogotá con destino a Medellín se estrelló", "es", {"Bogotá", "Medellín"}),
        ("treno diretto a Bologna deragliato", "it", {"Bologna"}),
        ("il treno per Bari è uscito dai binari", "it", {"Bari"}),
        ("o ônibus de Recife para Olinda capotou", "pt", {"Recife", "Olinda"}),
    ],
)
def test_the_ends_of_a_journey_are_weak_and_wide(text: str, lang: str, names: set[str]) -> None:
    found = places(text, lang)
    assert names <= {place.name for place in found}
    assert all(place.method == "journey" and place.uncertainty_km >= 40.0 for place in found if place.name in names)
    assert sum(place.score for place in found) < 0.6
    assert all(sum(place.score for place in found if place.name == name) < 0.36 for name in names)


@pytest.mark.parametrize(
    ("text", "lang", "name"),
    [
        ("the train derailed in Derby", "en", "Derby"),
        ("the train stopped next to Derby station", "en", "Derby"),
        ("plane crash, news from Leeds", "en", "Leeds"),
        ("they send an ambulance bus to Derby", "en", "Derby"),
        ("le bus de Dijon est en feu", "fr", "Dijon"),
        ("le train est arrêté à Dijon", "fr", "Dijon"),
        ("accident vers Dijon", "fr", "Dijon"),
        ("Unfall auf der Autobahn nach Erfurt", "de", "Erfurt"),
        ("Ausflug nach Erfurt, jetzt brennt es", "de", "Erfurt"),
        ("choque de trenes en Bogotá", "es", "Bogotá"),
        ("esplosione in stazione a Bologna", "it", "Bologna"),
    ],
)
def test_what_is_no_journey_keeps_its_place(text: str, lang: str, name: str) -> None:
    best = places(text, lang)[0]
    assert name in best.name
    assert best.method != "journey"
    assert best.score > 0.5


def test_the_place_where_it_is_wins_over_the_ends_of_the_journey() -> None:
    best, *others = places("il treno per Bari si è schiantato ad Andria", "it")
    assert best.name == "Andria"
    assert best.score > 3 * max(place.score for place in others)


def test_a_road_keeps_its_direction() -> None:
    best = places("accident sur la A7 direction Lyon", "fr")[0]
    assert best.name == "A7 (Lyon)"
    assert best.method == "road"
