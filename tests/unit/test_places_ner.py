"""The real English model: what it finds, and that a text's entities do not depend on the texts beside it."""

from nlp.ner import SpacyRecogniser

TEXTS = [
    "Two people were killed near Birmingham this morning.",
    "He lives in Manchester and works in Leeds.",
    "Nothing happened at all.",
    "",
    "Flooding in Sheffield, says the council.",
]


def test_finds_places_and_does_not_depend_on_the_batch() -> None:
    recogniser = SpacyRecogniser()
    together = recogniser.entities([("en", text) for text in TEXTS])
    assert [TEXTS[1][one.start : one.end] for one in together[1] if one.label == "place"] == ["Manchester", "Leeds"]
    assert together[2] == together[3] == ()
    alone = [recogniser.entities([("en", text)])[0] for text in reversed(TEXTS)]
    assert together == alone[::-1]


def test_a_language_without_a_model_has_no_entities() -> None:
    assert SpacyRecogniser().entities([("fi", "Helsinki palaa")]) == [()]
