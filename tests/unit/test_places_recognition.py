"""What is recognised as a name, with and without NER; a fake recogniser stands for the model where only its word matters."""

from collections.abc import Sequence
from functools import cache

import pytest

from nlp.evidence import WEIGHTS, total
from nlp.fold import fold_aligned
from nlp.gazetteer import Gazetteer
from nlp.ner import Entity
from nlp.resolve import PlaceQuery, Resolver
from nlp.shortened import Shortened


@cache
def gazetteer() -> Gazetteer:
    return Gazetteer.load()


@cache
def resolver() -> Resolver:
    return Resolver(gazetteer())


def spans(text: str, lang: str = "fr", taken: Sequence[tuple[int, int]] = ()) -> list[str]:
    query = PlaceQuery(text, fold_aligned(text), lang, taken=taken)
    return [one.text for one in resolver().resolve([query])[0].toponyms]


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("Feu à Zorglubville ce soir", "fr", ["Zorglubville"]),
        ("Smoke in Zorglubton tonight", "en", ["Zorglubton"]),
        ("Crue dans toute l'Afrique de l'Ouest", "fr", ["Afrique"]),
        ("Flooding in Northern California", "en", ["Northern California"]),
        ("Pas d'accident sur l'A13 à Poissy", "fr", ["A13", "Poissy"]),
        ("Elle vit en Bretagne, à Vannes", "fr", ["Bretagne", "Vannes"]),
    ],
)
def test_recognises(text: str, lang: str, expected: list[str]) -> None:
    assert spans(text, lang) == expected


def test_a_hazard_term_is_no_place_but_a_phrase_may_hold_one() -> None:
    assert spans("Tornade signalée", taken=[(0, 7)]) == []
    assert spans("crash near Cobham: six cars", "en", taken=[(0, 27)]) == ["Cobham"]


def test_a_hazard_word_with_a_capital_and_a_preposition_is_a_name() -> None:
    assert spans("Grosse explosion à Vitré", taken=[(19, 24)]) == ["Vitré"]
    assert spans("Grosse explosion, Vitré et portes soufflées", taken=[(18, 23)]) == []


def test_a_two_in_a_hashtag_is_read_as_de() -> None:
    [found] = resolver().resolve([PlaceQuery("inondations #Val2Marne", fold_aligned("inondations #Val2Marne"), "fr")])
    assert found.places[0].id == "fr-dep:94"


def test_a_bare_quarter_keeps_several_towns_and_its_own_town_settles_it() -> None:
    alone, placed = (
        resolver().resolve([PlaceQuery(text, fold_aligned(text), "fr")])[0].places
        for text in ("Feu d'immeuble, quartier Malakoff", "Feu d'immeuble, quartier Malakoff à Nantes")
    )
    assert len(alone) > 2
    assert max(place.score for place in alone) < 0.5
    assert {place.kind for place in alone} <= {"quarter", "stop", "station"}
    assert placed[0].name == "Malakoff"
    assert placed[0].admin.commune == "44109"
    assert placed[0].score > 0.5


def test_the_weights_are_summed_feature_by_feature() -> None:
    assert total({"base": 1.0, "size": 2.0}) == pytest.approx(WEIGHTS["base"] + 2 * WEIGHTS["size"])


def test_first_words_of_long_names_are_towns_when_few_share_them() -> None:
    cuts = Shortened(gazetteer())
    romorantin = cuts.rows(b"romorantin", "fr")
    assert [gazetteer().id(row) for row in romorantin] == ["fr:41194"]
    assert cuts.rows(b"saint", "fr") == ()
    assert cuts.rows(b"abc", "fr") == ()


class Says:
    """A recogniser that calls every text's first match of ``word`` what it is told to, and counts its readings."""

    def __init__(self, word: str, label: str) -> None:
        self.word, self.label, self.read = word, label, 0

    def entities(self, texts: Sequence[tuple[str, str]]) -> list[tuple[Entity, ...]]:
        self.read += len(texts)
        return [
            (Entity(text.index(self.word), text.index(self.word) + len(self.word), self.label),)
            if self.word in text
            else ()
            for _, text in texts
        ]


def resolve_with(recogniser: Says, text: str, read: str = "all") -> list[str]:
    query = PlaceQuery(text, fold_aligned(text), "fr")
    found = Resolver(gazetteer(), recogniser, read).resolve([query])[0]  # type: ignore[arg-type]
    return [one.text for one in found.toponyms]


def test_the_recogniser_adds_and_takes_away() -> None:
    text = "Hier, Vesdre montait; Aubin regardait"
    assert resolve_with(Says("Vesdre", "place"), text) == ["Vesdre"]
    assert "Aubin" not in resolve_with(Says("Aubin", "person"), text)


def test_only_doubtful_posts_are_read() -> None:
    sure, silent = Says("x", "place"), Says("x", "place")
    resolve_with(sure, "Incendie à Nantes", "doubtful")
    resolve_with(silent, "rien du tout", "doubtful")
    assert (sure.read, silent.read) == (0, 0)
