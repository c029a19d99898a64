"""What speaks for and against a stretch being a place name: named features and their log-odds.

The weights lie between a first setting by hand and the logistic regression of ``scripts/fit_places.py`` on posts written for this project
and on IDRISI (CC BY 4.0); rare features keep the hand's value. Their sum is the log-odds that the stretch names a place, so every decision
can be read feature by feature.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from nlp import surroundings as around
from nlp.leading import WIDE_ROLES
from nlp.persons import person_names
from nlp.placewords import GIVEN_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nlp.surroundings import Frame
    from nlp.words import Word

WEIGHTS: Final[dict[str, float]] = {
    "base": -1.6,
    "capital": 1.6,
    "capital_initial": 0.8,
    "lower": -1.3,
    "lower_bare": -0.8,
    "caseless_lower": -0.2,
    "caseless_upper": 0.7,
    "titled": -0.7,
    "upper": -0.3,
    "at": 2.1,
    "at_weak": 0.9,
    "of": 0.7,
    "origin": 1.6,
    "towards": 1.6,
    "local_noun": 2.0,
    "long": 1.2,
    "tag": 1.6,
    "tag_part": 0.2,
    "size": 0.6,
    "coarse": 1.1,
    "code": 0.3,
    "home": 1.1,
    "shortened": -0.5,
    "fine": 0.0,
    "distinct": 0.0,
    "articled": -2.0,
    "noun": -1.6,
    "common": -2.0,
    "common_tag": -0.8,
    "common_large": 1.0,
    "common_exposed": -1.4,
    "determined": -2.0,
    "given_name": -1.6,
    "surname": -2.5,
    "surname_after": -2.0,
    "person_before": -3.0,
    "title_before": -3.0,
    "name_before": -0.6,
    "name_after": -1.0,
    "club": -2.5,
    "storm": -4.0,
    "headline": 1.3,
    "profile_same": 2.2,
    "profile_near": 1.2,
    "point_near": 1.8,
    "listed": 1.2,
    "admin_after": 0.9,
    "short": -1.8,
    "part": -4.0,
    "street_inner": -4.5,
    "site_inner": 1.2,
    "regional": 1.0,
    "quarter": 0.8,
    "phrase_whole": 1.1,
    "ner_place": 1.0,
    "ner_person": -0.8,
    "ner_other": -0.3,
    "ner_none": -0.5,
}
"""Log-odds by feature."""

EXPOSED_POPULATION: Final = 1_000_000
"""An ordinary word that opens a sentence may still be a place of this size ("China", "Nice" is not)."""

NAMESAKE_POPULATION: Final = 200_000
"""A town of this size is meant before the people who bear its name ("Zaragoza")."""

LED: Final = frozenset({"at", "near", "towards", "origin"})
"""Roles in which the sentence leads to the name as to a place: who is called so does not matter then."""


class NameInfo(NamedTuple):
    """What the resolver knows of a gazetteer name, in a post of one language, before it reads the post."""

    rows: tuple[tuple[int, int], ...]
    """Rows, and how each answers to the name (``nlp.gazetteer.PRIMARY``, ``ALTERNATE``, ``SHORT``)."""
    population: int
    """Of the most populous place of that name."""
    own_population: int
    """Of the most populous place whose own name it is: what counts for a word without a capital."""
    home: bool
    """A place of that name lies in a country where the language is at home."""
    codes: tuple[tuple[int, int], ...] = ()
    """Rows that answer to it only as a code in capitals ("US", "NZ")."""
    short: bool = False
    """It is nobody's full name ("Mantes" for Mantes-la-Jolie)."""
    coarse: bool = False
    """A country, region or département bears it."""
    fine: bool = False
    """Only places below the town bear it."""
    below: tuple[tuple[int, int], ...] = ()
    """Those of the rows that lie in a town."""
    common: bool = False
    """It is an ordinary word of the language of the post."""
    loan: bool = False
    """It is an ordinary English word, which people of any language write too."""
    distinct: bool = False
    """Only one town has a part of that name, and it is no plain word: the part is known without its town."""
    bare_town: bool = False
    """A town bears it, and no region or quarter, which may take an article."""


def total(features: Mapping[str, float]) -> float:
    """Give the log-odds of a set of features, summed in the order of ``WEIGHTS``."""
    return math.fsum(WEIGHTS[name] * value for name, value in features.items())


def features_of(frame: Frame, first: int, last: int, info: NameInfo) -> tuple[dict[str, float], str, bool, bool]:
    """Give the features of the gazetteer name in words ``first..last``, its role, whether it is wide, and whether it is a code.

    *Wide* means near and not there: "sortie Mantes", "vu de Lyon", "Mantes-Sud".
    """
    words = frame.words
    items = words.items
    head = items[first]
    tagged = around.in_tag(words, first)
    code = bool(info.codes) and around.is_code(frame, first, last)
    found: dict[str, float] = {"base": 1.0}
    around.written(found, words, first, last, tagged=tagged)
    role = around.led(found, frame, first, last)
    if last > first and any(len(word.data) > 2 for word in items[first : last + 1]):
        found["long"] = 1.0
    capital = head.capital or around.capitalised(words, first, last)
    people = info.population if capital or tagged else info.own_population
    found["size"] = math.log10((10_000_000 if code else people) + 100.0) - 4.0
    if not capital and not tagged and role == "bare":
        found["lower_bare"] = 1.0
        found["size"] = min(1.0, found["size"])
    short = head.end - head.start <= 3 and first == last and not code
    found.update(
        (name, 1.0)
        for name, holds in (
            ("coarse", info.coarse and not code),
            ("code", code),
            ("home", info.home),
            ("shortened", info.short),
            ("fine", info.fine),
            ("short", short),
            ("distinct", info.distinct),
            ("noun", first == last and not code and not tagged and _like_a_noun(frame, info, role)),
            ("articled", info.bare_town and around.articled(words, first, frame.lang)),
        )
        if holds
    )
    if info.common or (info.loan and not head.capital) or (first == last and around.also_plain(words, first)):
        if tagged:
            found["common_tag"] = 1.0 if head.capital else 2.0
        elif not code:
            _ordinary(found, frame, head, info, role)
    if first == last and not code and role not in LED:
        found.update(_borne_by_people(head.data, info, frame.lang, tagged=tagged))
    if tagged:
        around.person_before(found, frame, first)
    else:
        around.neighbours(found, frame, first, last)
    if first == last and head.data in frame.storms and role not in {"at", "near", "origin"}:
        found["storm"] = 1.0
    wide = role in WIDE_ROLES
    wide = around.hyphens(found, frame, first, last) or wide
    wide = around.phrase(found, frame, first, last, info) or wide
    if frame.entities is not None and not tagged:
        found[around.ner_verdict(head.start, items[last].end, frame.entities)] = 1.0
    return found, ("tag" if tagged and role == "bare" else role), wide, code


def _like_a_noun(frame: Frame, info: NameInfo, role: str) -> bool:
    """Tell whether a name in a German post may as well be a noun: all nouns have a capital ("Türen" is not Turin, nor "Oma" Oman).

    What a preposition leads to is a name, and so is the own name of a place at home.
    """
    return frame.lang == "de" and role not in LED and not (info.home and info.own_population > 0)


def _ordinary(found: dict[str, float], frame: Frame, head: Word, info: NameInfo, role: str) -> None:
    """Add that the name is also a plain word, more so where its capital says nothing, less so if a large town bears it.

    Every German noun has a capital: there it says something only where a preposition leads to the name ("Zug", "in Zug").
    """
    found["common"] = 1.0
    noun = frame.lang == "de" and role not in LED and info.population < EXPOSED_POPULATION
    if not head.capital or noun or frame.words.shouting or (head.initial and info.population < EXPOSED_POPULATION):
        found["common_exposed"] = 1.0
        found["size"] = min(0.5, found["size"])
    else:
        found["common_large"] = min(2.0, max(0.0, math.log10(info.population + 1.0) - 4.5))


def _borne_by_people(name: bytes, info: NameInfo, lang: str | None, *, tagged: bool) -> dict[str, float]:
    """Give the feature of a name that people bear too, where nothing leads to it as to a place."""
    people = person_names(lang)
    if not tagged and (name in GIVEN_NAMES or (name in people.given and info.population < EXPOSED_POPULATION)):
        return {"given_name": 1.0}
    return {"surname": 1.0} if name in people.family and info.population < NAMESAKE_POPULATION else {}
