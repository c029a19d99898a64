"""Where a gazetteer sees a town and the sentence a person or a plain noun."""

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

import nlp.persons
from nlp.fold import fold_aligned, fold_name
from nlp.gazetteer import Gazetteer
from nlp.persons import person_names
from nlp.resolve import PlaceQuery, Resolver


@cache
def resolver() -> Resolver:
    return Resolver(Gazetteer.load())


def towns(text: str, lang: str) -> set[str]:
    """Give the names whose places get a quarter of the post or more together."""
    [found] = resolver().resolve([PlaceQuery(text, fold_aligned(text), lang)])
    shares: Counter[str] = Counter()
    for place in found.places:
        shares[place.name] += place.score  # type: ignore[assignment]  # a Counter sums floats as well
    return {name for name, share in shares.items() if share > 0.25}


@pytest.mark.parametrize(
    ("person", "town", "lang", "name"),
    [
        ("La vocera Rosario dice que hay daños", "Sismo en Rosario, hay daños", "es", "Rosario"),
        ("Rosario Quintero dice que tembló", "Tembló en Rosario", "es", "Rosario"),
        ("fue un milagro, tembló y no se cayó", "tembló en Milagro, Ecuador", "es", "Milagro"),
        ("Incendio en mi esperanza", "Incendio en Esperanza", "es", "Esperanza"),
        ("Dice Alvarado que la casa se cayó", "La casa se cayó en Alvarado", "es", "Alvarado"),
        ("What a nice fire", "Fire in Nice", "en", "Nice"),
        ("Disse a senhora Mafra que viu o incêndio", "Incêndio em Mafra", "pt", "Mafra"),
    ],
)
def test_a_person_or_a_noun_is_no_town_and_the_town_still_is(person: str, town: str, lang: str, name: str) -> None:
    assert name not in towns(person, lang)
    assert name in towns(town, lang)


def test_two_known_places_side_by_side_are_no_person() -> None:
    assert "Austin" in towns("Tornado on the ground in Austin Texas", "en")


def test_the_list_is_folded_sorted_and_says_languages() -> None:
    lines = Path(nlp.persons.PERSON_NAMES).read_text().splitlines()[1:]
    rows = [line.split("\t") for line in lines]
    assert [name for name, _, _ in rows] == sorted({name for name, _, _ in rows})
    for name, given, family in rows:
        assert fold_name(name).decode() == name
        assert {*given.split(","), *family.split(",")} <= {"-", "fr", "es", "it", "pt", "de"}
        assert (given, family) != ("-", "-")


def test_an_unknown_language_has_the_frequent_names_alone() -> None:
    assert person_names(None).family == frozenset()
    assert person_names(None).given < person_names("es").given
