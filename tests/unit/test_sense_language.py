"""The language of a post: declared if it is one of ours, else told from the words."""

from __future__ import annotations

import pytest

from nlp.language import DEFAULT, LANGUAGES, language_of


@pytest.mark.parametrize("declared", ["fr", "FR", "fr-CA", "fr_FR"])
def test_a_declared_language_of_ours_is_trusted(declared):
    assert language_of("the smoke is everywhere", declared) == "fr"


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("C'est quoi cette fumée noire au-dessus du port ?", "fr"),
        ("What is that black smoke over the harbour?", "en"),
        ("Ha temblado la casa entera, los vecinos están todos abajo", "es"),
        ("Fortissima scossa di terremoto, siamo scesi tutti in strada", "it"),
        ("A casa toda tremeu, todo mundo correu para a rua agora", "pt"),
        ("Überall Rauch, die Feuerwehr ist gerade angekommen", "de"),
    ],
)
@pytest.mark.parametrize("declared", [None, "ca", "und", ""])
def test_otherwise_the_words_tell(text, lang, declared):
    assert language_of(text, declared) == lang


@pytest.mark.parametrize("text", ["", "🔥🔥🔥", "https://t.co/abc", "@someone #", "12:30"])
def test_without_words_it_is_the_default(text):
    assert language_of(text) == DEFAULT


def test_never_a_language_without_a_lexicon():
    for text in ("Ни слова", "地震だ", "Terremot a la ciutat ara mateix", "Jordskjelv i natt"):
        assert language_of(text) in LANGUAGES
