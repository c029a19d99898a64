"""Words of a post: case, marks, gaps, and what the case of the whole post is worth."""

from nlp.fold import fold_aligned
from nlp.words import MAX_WORDS, Words


def words(text: str) -> Words:
    return Words(text, fold_aligned(text))


def test_case_and_marks_are_read_from_the_original() -> None:
    seen = words("RT @some_body Énorme feu à #SaintDenis https://a.fr/Lyon et LYON")
    by_name = {word.data: word for word in seen.items}
    assert by_name[b"enorme"].initial
    assert by_name[b"enorme"].capital
    assert by_name[b"some"].mark == by_name[b"body"].mark == "@"
    assert by_name[b"saint"].mark == "#"
    assert by_name[b"denis"].gap == ""
    assert [word.mark for word in seen.items if word.data == b"lyon"] == ["/", ""]
    assert [word.upper for word in seen.items if word.data == b"lyon"] == [False, True]


def test_a_hyphen_glues_and_a_comma_parts() -> None:
    seen = words("Saint-Ouen, Lyon")
    assert seen.glued(1)
    assert seen.linked(1)
    assert not seen.linked(2)


def test_spans_lead_back_to_the_text() -> None:
    text = "l'A7 à Nîmes"
    assert [text[word.start : word.end] for word in words(text).items] == ["l", "A7", "à", "Nîmes"]


def test_a_post_without_capitals_and_one_in_capitals_are_caseless() -> None:
    assert words("gros accident a nantes").caseless
    assert words("GROS ACCIDENT A NANTES").caseless
    assert words("GROS ACCIDENT A NANTES").shouting
    assert not words("gros accident à Nantes").caseless


def test_a_headline_is_titled() -> None:
    assert words("Five People Killed In Terrible Motorway Crash Near Leeds").titled
    assert not words("Five people killed in a terrible crash near Leeds").titled


def test_the_number_of_words_is_limited() -> None:
    assert len(words("mot " * (MAX_WORDS + 50)).items) == MAX_WORDS
