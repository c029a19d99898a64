"""Kind phrases: where the name of a street or a site begins and ends."""

import pytest

from nlp.fold import fold_aligned
from nlp.phrases import find_phrases
from nlp.words import Words


def phrases(text: str, lang: str) -> list[str]:
    words = Words(text, fold_aligned(text))
    return [text[words.items[one.first].start : words.items[one.last].end] for one in find_phrases(words, lang)]


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("Effondrement rue d'Aubagne à Marseille", "fr", ["rue d'Aubagne"]),
        ("du feu avenue du Général de Gaulle ce soir", "fr", ["avenue du Général de Gaulle"]),
        ("la gare de Rennes est fermée", "fr", ["gare de Rennes"]),
        ("au pont Anne de Bretagne, tout est bloqué", "fr", ["pont Anne de Bretagne"]),
        ("rue des sarrazins ça sent le gaz", "fr", ["rue des sarrazins"]),
        ("soir de fête à Pau", "fr", []),
        ("Fire on Kirkstall Road tonight", "en", ["Kirkstall Road"]),
        ("smoke over Bute Park", "en", ["Bute Park"]),
        ("flooding in Butte County", "en", ["Butte County"]),
        ("ambulance on wellesley road now", "en", ["wellesley road"]),
        ("the whole road is closed", "en", []),
        ("donate to the Red Cross", "en", []),
        ("Royal Avenue closed by rubble", "en", ["Royal Avenue"]),
    ],
)
def test_finds_kind_phrases(text: str, lang: str, expected: list[str]) -> None:
    assert phrases(text, lang) == expected


def test_a_county_keeps_its_name_a_street_does_not() -> None:
    words = Words("Butte County and Elm Street", fold_aligned("Butte County and Elm Street"))
    assert [one.regional for one in find_phrases(words, "en")] == [True, False]
