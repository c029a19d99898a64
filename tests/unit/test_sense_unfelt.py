"""A perception denied is no event denied; sentences of our own, both ways, in six languages."""

from __future__ import annotations

import pytest

from nlp.cues import CueBook
from nlp.lexicon import Lexicon
from nlp.sense import SenseQuery, SenseReader


@pytest.fixture(scope="module")
def reader():
    return SenseReader(Lexicon.load(), CueBook.load(), None)


def frame(reader, text, lang):
    return reader.sense(SenseQuery(text, lang, 2026)).frame


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("yo dormida y no sentí el temblor", "es"),
        ("tampoco lo sentí #temblor", "es"),
        ("otro sismo y yo en el bus no sentí nada", "es"),
        ("en mi barrio no se sintió el sismo", "es"),
        ("No me enteré del terremoto", "es"),
        ("I was driving and didn't even feel the earthquake", "en"),
        ("Nobody here felt the last quake", "en"),
        ("slept like a log and heard nothing of the explosion", "en"),
        ("j'ai même pas senti la secousse", "fr"),
        ("Rien senti du séisme, j'étais en voiture", "fr"),
        ("personne n'a entendu l'explosion à part moi", "fr"),
        ("io non ho sentito la scossa, ero in metro", "it"),
        ("nemmeno io, non mi sono accorta del terremoto", "it"),
        ("eu não senti o tremor, estava a correr", "pt"),
        ("não percebi nada do sismo", "pt"),
        ("Hab vom Erdbeben nichts gespürt", "de"),
        ("das Erdbeben nicht gemerkt, im Zug gesessen", "de"),
    ],
)
def test_what_somebody_did_not_feel_was_there(reader, text, lang):
    judged = frame(reader, text, lang)
    assert judged.modality == "asserted"
    assert not judged.denial
    assert judged.negated_terms == 0


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("no sentí ningún temblor", "es"),
        ("no sentí ningún sismo #temblor", "es"),
        ("No hubo temblor, no sentí nada", "es"),
        ("no sentí el temblor porque es mentira", "es"),
        ("didn't feel any earthquake here", "en"),
        ("There was no earthquake, I felt nothing", "en"),
        ("I didn't feel the earthquake because it's a hoax", "en"),
        ("pas senti de séisme ici", "fr"),
        ("pas de secousse, rien senti", "fr"),
        ("fausse alerte, personne n'a senti la secousse", "fr"),
        ("non ho sentito nessun terremoto", "it"),
        ("nessun terremoto, non ho sentito niente", "it"),
        ("não senti nenhum sismo", "pt"),
        ("kein Erdbeben, nichts gespürt", "de"),
        ("Fehlalarm, vom Erdbeben nichts gespürt", "de"),
    ],
)
def test_a_true_denial_stays_one(reader, text, lang):
    assert frame(reader, text, lang).modality == "negated"


@pytest.mark.parametrize(("text", "lang"), [("no sentí nada", "es"), ("I felt nothing", "en"), ("rien senti", "fr")])
def test_nothing_felt_of_nothing_named_is_a_negative_voice(reader, text, lang):
    assert frame(reader, text, lang).denial


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("no sabía que hubo temblor", "es"),
        ("didn't know there was an earthquake", "en"),
        ("je savais pas que ça avait tremblé", "fr"),
        ("non sapevo che ci fosse stata la scossa", "it"),
        ("não sabia que houve tremor", "pt"),
        ("wusste nicht, dass die Erde gebebt hat", "de"),
    ],
)
def test_what_somebody_did_not_know_is_so(reader, text, lang):
    judged = frame(reader, text, lang)
    assert judged.negated_terms == 0
    assert judged.modality == "asserted"
