"""What a geocoder may be asked about a post: kinds, towns, and above all what never leaves."""

from functools import cache

import pytest

from nlp.asking import MAX_ASKS, kind_of, name_words
from nlp.fold import fold_aligned
from nlp.gazetteer import Gazetteer
from nlp.resolve import PlaceQuery, Resolver
from tocsin.model import Ask, Point


@cache
def resolver() -> Resolver:
    return Resolver(Gazetteer.load(), ask=True)


def asks(text: str, lang: str = "fr", **more) -> tuple[Ask, ...]:
    return resolver().resolve([PlaceQuery(text, fold_aligned(text), lang, **more)])[0].asks


def told(text: str, lang: str = "fr", **more) -> list[tuple[str, str, str]]:
    return [(ask.words, ask.kind, ask.town.name) for ask in asks(text, lang, **more)]


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("Gros incendie rue du Pré Vert à Nantes", "fr", ("rue du Pré Vert", "street", "Nantes")),
        ("Ça brûle au lycée Joliot-Machin, à Rennes", "fr", ("lycée Joliot-Machin", "school", "Rennes")),
        ("Explosion quartier du Vieux Chêne à Angers", "fr", ("quartier du Vieux Chêne", "quarter", "Angers")),
        ("Fire on Cobblestone Mews Road in Leeds", "en", ("Cobblestone Mews Road", "street", "Leeds")),
    ],
)
def test_streets_quarters_and_sites_beside_their_town(text: str, lang: str, expected: tuple[str, str, str]) -> None:
    assert expected in told(text, lang)


def test_the_town_of_the_device_and_that_of_the_profile() -> None:
    text = "Gros incendie rue du Pré Vert"
    assert told(text) == []
    assert told(text, point=Point(47.2184, -1.5536))[0][2] == "Nantes"
    assert told(text, profile_place="Nantes, France")[0][2] == "Nantes"
    by_device, by_profile = asks(text, point=Point(47.2184, -1.5536)), asks(text, profile_place="Nantes, France")
    assert by_profile[0].weight < by_device[0].weight < asks(text + " à Nantes")[0].weight


def test_the_nearer_of_two_towns() -> None:
    text = "Incendie à Toulouse hier, aujourd'hui c'est rue du Pré Vert à Nantes que ça brûle"
    assert told(text)[0][2] == "Nantes"


@pytest.mark.parametrize(
    "text",
    [
        "Incendie chez Jean Dupont à Nantes",
        "Mme Lefranc-Duval est coincée à Nantes",
        "Explosion à Nantes, dit Kevin Martin",
        "Incendie à Nantes",
        "Incendie à Kervigneuc, près de Nantes",
    ],
)
def test_a_bare_name_never_leaves(text: str) -> None:
    assert asks(text) == ()


def test_a_house_number_stays_here() -> None:
    (ask, *_) = asks("Feu au 12 bis rue du Pré Vert à Nantes")
    assert not any(char.isdigit() for char in ask.words)
    assert ask.name == ("pre", "vert")


def test_at_most_a_few_questions_and_best_first() -> None:
    text = "Feu rue du Pré Vert, rue du Bois Gris, place du Loup Noir, quai du Cerf Roux à Nantes"
    found = asks(text)
    assert len(found) == MAX_ASKS
    assert [one.weight for one in found] == sorted((one.weight for one in found), reverse=True)


def test_none_unless_there_is_a_geocoder() -> None:
    text = "Gros incendie rue du Pré Vert à Nantes"
    silent = Resolver(Gazetteer.load()).resolve([PlaceQuery(text, fold_aligned(text), "fr")])[0]
    assert silent.asks == ()


def test_kinds_and_names() -> None:
    assert kind_of("CHU Trousseau") == "hospital"
    assert kind_of("usine Arkema") == "poi"
    assert name_words("avenue du Général de Gaulle") == ("general", "gaulle")
