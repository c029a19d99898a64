"""What stands round a name and what it says: preposition, case, hyphens, neighbours, kind words, hashtags.

Each function adds named features to a mapping; ``nlp.evidence`` weighs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from nlp import placewords as lists
from nlp.journeys import bound, journey
from nlp.leading import lead, organisation, paper
from nlp.persons import person_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlp.evidence import NameInfo
    from nlp.ner import Entity
    from nlp.phrases import Phrase
    from nlp.words import Words

_NO_NAME_BEFORE: Final = lists.DIRECTIONS | lists.ARTICLES | lists.NOT_PLACES
_NO_NAME_AFTER: Final = lists.DIRECTIONS | lists.STREET_AFTER | lists.NOT_PLACES
_SMALL: Final = lists.CONNECTORS | lists.BEFORE | lists.STREET_AFTER
_GAPS_LISTED: Final = frozenset({", ", "/", " / ", " - ", ",", " & ", " – ", ", #"})


class Frame(NamedTuple):
    """What of a post all its names share."""

    words: Words
    phrases: Sequence[Phrase]
    named: frozenset[int]
    """Indices of capitalised words inside gazetteer matches."""
    strong: frozenset[int]
    """Those inside names of towns of some size or of regions: a hyphen between two of them makes a list, not a name."""
    taken: Sequence[tuple[int, int]]
    """Spans of hazard terms, code points."""
    storms: frozenset[bytes]
    """Given names of storms in this post ("Hurricane Harvey")."""
    entities: Sequence[Entity] | None
    lang: str | None = None


def is_code(frame: Frame, first: int, last: int) -> bool:
    """Tell whether the words are written as a code: "US", "U.S.", and, when it is also a word, behind a name ("Gary, IN")."""
    items = frame.words.items
    head = items[first]
    if last > first:
        return all(word.capital for word in items[first : last + 1]) and items[last].gap in {".", ". "}
    if not head.upper or frame.words.shouting:
        return False
    return head.data not in lists.RISKY_CODES or (first - 1 in frame.named and head.gap in {", ", " ", ","})


def also_plain(words: Words, index: int) -> bool:
    """Tell whether the post also writes the word without a capital ("Nice, très nice")."""
    word = words.items[index]
    return word.capital and any(other.data == word.data and not other.capital for other in words.items)


def in_tag(words: Words, index: int) -> bool:
    """Tell whether a word is a hashtag or a part of one."""
    while index >= 0:
        if words.items[index].mark == "#":
            return True
        if words.items[index].gap:
            return False
        index -= 1
    return False


def whole_tag(words: Words, first: int, last: int) -> bool:
    """Tell whether the words make a whole hashtag."""
    return words.items[first].mark == "#" and (last + 1 >= len(words.items) or words.items[last + 1].gap != "")


def capitalised(words: Words, first: int, last: int) -> bool:
    """Tell whether a name is written as one: with a capital on every word but the small ones and the kind words ("gare de Rennes")."""
    name = words.items[first : last + 1]
    return all(word.capital or word.data in _SMALL for word in name) and any(word.capital for word in name)


def written(found: dict[str, float], words: Words, first: int, last: int, *, tagged: bool) -> None:
    """Add how the name is written: case, and what the case of this post is worth."""
    head = words.items[first]
    if tagged:
        found["tag" if whole_tag(words, first, last) else "tag_part"] = 1.0
        return
    capital = capitalised(words, first, last)
    if head.initial and head.capital and not words.shouting and words.caseless:
        found["capital_initial"] = 1.0
    if words.caseless:
        found["caseless_upper" if words.shouting else "caseless_lower"] = 1.0
        if capital and not words.shouting and not head.initial:
            found["capital"] = 1.0
    elif capital:
        found["capital_initial" if head.initial and first == last else "capital"] = 1.0
        if head.upper and head.end - head.start > 3:
            found["upper"] = 1.0
        elif words.titled:
            found["titled"] = 1.0
    else:
        found["lower"] = 1.0


def articled(words: Words, first: int, lang: str | None) -> bool:
    """Tell whether an article stands before the name that is no part of it ("jusqu'à la Liberté", "im Moos"): towns take none."""
    if first == 0 or not words.linked(first) or words.items[first - 1].mark:
        return False
    return words.items[first - 1].data in lists.TOWN_ARTICLES.get(lang or "", ())


def led(found: dict[str, float], frame: Frame, first: int, last: int) -> str:
    """Add how the sentence leads to the name; give its role."""
    words = frame.words
    if bound(words, last):
        found["towards"] = 1.0
        return "journey"
    if words.near(first) and words.items[first - 1].data in lists.DETERMINERS.get(frame.lang or "", ()):
        found["determined"] = 1.0
        return "bare"
    if paper(words, first, last):
        return "media"
    role, feature = lead(words, first)
    if feature:
        found[feature] = 1.0
    if role not in {"near", "likeness", "service", "media"} and journey(words, first, last, frame.lang):
        return "journey"
    if role in {"bare", "of"}:
        return organisation(words, first, last) or role
    return role


def neighbours(found: dict[str, float], frame: Frame, first: int, last: int) -> None:
    """Add what capitalised neighbours make of the name: a person, a club, a list, a town with its state."""
    words, named = frame.words, frame.named
    items = words.items
    person(found, frame, first, last)
    following = last + 1
    if (
        items[first].initial
        and items[first].capital
        and following < len(items)
        and (
            items[following].gap in {": ", " : ", " - ", " – "}
            or any(low == items[following].start for low, _ in frame.taken)
        )
    ):
        found["headline"] = 1.0
    if following in named and items[following].gap in {", ", " (", ","}:
        found["admin_after"] = 1.0
    if following < len(items) and (
        (items[following].gap in _GAPS_LISTED and following in named)
        or (items[following].data in lists.AND and following + 1 in named)
    ):
        found["listed"] = 1.0
    before = first - 1
    if before >= 0 and (
        (items[first].gap in _GAPS_LISTED and before in named)
        or (items[before].data in lists.AND and before - 1 in named)
    ):
        found["listed"] = 1.0


def person(found: dict[str, float], frame: Frame, first: int, last: int) -> None:
    """Add what speaks for a person's, a club's or a longer name."""
    words = frame.words
    items = words.items
    if first > 0 and words.linked(first) and not person_before(found, frame, first):
        before = items[first - 1]
        if before.data in lists.SPORT_CLUB and before.capital:
            found["club"] = 1.0
        elif (
            before.capital
            and not before.initial
            and not words.caseless
            and first - 1 not in frame.named
            and before.data not in _NO_NAME_BEFORE
        ):
            found["name_before"] = 1.0
    following = last + 1
    if following < len(items) and words.linked(following):
        after = items[following]
        if (after.data in lists.CLUB_AFTER and (after.capital or after.data in {b"vs", b"v"})) or (
            after.data in lists.ADVERT_AFTER and after.capital
        ):
            found["club"] = 1.0
        elif after.capital and not after.upper and not words.caseless and after.data not in _NO_NAME_AFTER:
            if following not in frame.named:
                found["name_after"] = 1.0
            given = first == last and items[first].data in person_names(frame.lang).given
            if given and items[first].capital and after.gap == " " and following not in frame.strong:
                found["surname_after"] = 1.0


def person_before(found: dict[str, float], frame: Frame, first: int) -> bool:
    """Add that a title or another name makes a person of the name ("Cra. Rosario", "Mario Monti"); tell if so.

    Of two well-known places side by side the second holds the first ("Austin Texas").
    """
    words = frame.words
    if first == 0 or not words.linked(first):
        return False
    before = words.items[first - 1]
    names = person_names(frame.lang)
    spelt = before.capital or words.caseless or (len(before.data) > 3 and before.data not in lists.STORM_WORDS)
    if before.data in lists.TITLES and spelt:
        found["title_before"] = 1.0
    elif (
        before.capital
        and (before.data in names.given or before.data in names.family)
        and not {first - 1, first} <= frame.strong
    ):
        found["person_before"] = 1.0
    return "title_before" in found or "person_before" in found


def hyphens(found: dict[str, float], frame: Frame, first: int, last: int) -> bool:
    """Add that a hyphen ties the name into a longer one, unless the other part only cuts it or is a name; tell if it cuts it."""
    words = frame.words
    items = words.items
    following = last + 1
    cut = False
    if following < len(items) and words.glued(following):
        if items[following].data in lists.DIRECTIONS:
            cut = True
        elif following not in frame.strong and not bound(words, last):
            found["part"] = 1.0
    if words.glued(first) and first - 1 not in frame.strong and items[first - 1].data not in lists.HYPHEN_BEFORE:
        found["part"] = 1.0
    return cut


def phrase(found: dict[str, float], frame: Frame, first: int, last: int, info: NameInfo) -> bool:
    """Add what the kind phrase round the name says; tell whether the name is then only near ("sortie Mantes")."""
    for phrase in frame.phrases:
        if phrase.first <= first and last <= phrase.last:
            return _inside(found, frame, phrase, (first, last), info)
    words = frame.words
    if frame.lang == "en" and words.linked(last + 1) and words.items[last + 1].data in lists.LOWER_STREETS:
        found["street_inner"] = 1.0
    return False


def _inside(found: dict[str, float], frame: Frame, phrase: Phrase, at: tuple[int, int], info: NameInfo) -> bool:
    """Add what a kind phrase says of the name that stands in it at some words; tell whether the name is then only near."""
    if phrase.regional:
        found["regional"] = 1.0
    elif at == (phrase.first, phrase.last):
        found["phrase_whole"] = 1.0
    elif (phrase.inner == at and phrase.site and info.fine) or phrase.first == at[0] < phrase.inner[0]:
        pass
    elif phrase.site:
        found["site_inner"] = 1.0
        return True
    elif info.below and phrase.inner == at and frame.words.items[phrase.first].data in lists.QUARTER_KINDS:
        found["quarter"] = 1.0
    elif not info.fine:
        found["street_inner"] = 1.0
    return False


def ner_verdict(start: int, end: int, entities: Sequence[Entity]) -> str:
    """Give the feature of what NER holds the stretch for."""
    for entity in entities:
        if entity.start < end and start < entity.end:
            return {"place": "ner_place", "person": "ner_person"}.get(entity.label, "ner_other")
    return "ner_none"


def ner_feature(start: int, end: int, entities: Sequence[Entity] | None) -> str:
    """Give the feature of NER's verdict on a stretch, empty when NER did not read."""
    return "" if entities is None else ner_verdict(start, end, entities)
