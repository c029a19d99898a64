"""What may not be looked for: persons, accounts, parties, religions, unions, traits of health, protests.

A lexicon entry that speaks for an emergency, or a filter that a source is asked with, decides whose words are read at all. So each is
judged before it is used, and refused with the kind and the word. The words are data (``purpose.toml``), in several languages; a phrase in
which such a word means an emergency, a place or a thing of nature is allowed. Entries that set posts aside (a match, politics) may name
what they like: they read nothing.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import lru_cache
from importlib.resources import files
from typing import Final, Literal

import msgspec

Kind = Literal["handle", "person", "party", "religion", "union", "health", "protest"]
WHY: Final[dict[Kind, str]] = {
    "handle": "an account: nobody is followed",
    "person": "a person: nobody is searched for",
    "party": "a party or a political opinion",
    "religion": "a religion or those who follow it",
    "union": "a union or membership in one",
    "health": "a trait of health, body or intimate life",
    "protest": "a protest or those who take part in it",
}
"""What each kind names, for the message."""
_HANDLE: Final = re.compile(
    r"(?:^|[\s(\[/])@\w|did:[a-z]+:|at://|[\w.+-]+@[\w-]+\.\w|\b(?:from|to|retweets_of|list|conversation_id):\S|"
    r"\b(?:twitter|x|t|facebook|instagram|threads|tiktok|linkedin|bsky|mastodon)\.(?:com|me|net|app|social)/\w",
    re.IGNORECASE,
)
_GIVEN_NAMES: Final = re.compile(r"(?:^|[\s(|\[])[A-ZÀ-Þ][a-zà-ÿ]+[ -][A-ZÀ-Þ][a-zà-ÿ]+")
"""Two words in a row that both begin with a capital: what is looked for is written in lower case, so this is a name."""
_WORDS: Final = re.compile(r"[a-z0-9]+")


class Fault(msgspec.Struct, frozen=True):
    """Why a phrase is refused."""

    kind: Kind
    word: str
    """The listed word or phrase, or the stretch, that says so."""

    def __str__(self) -> str:
        """Say what it names, and by which word."""
        return f"{WHY[self.kind]} ({self.word!r})"


class _Phrase(msgspec.Struct, frozen=True):
    """A listed phrase: words, each with its ``*``."""

    words: tuple[str, ...]
    said: str

    def stands_at(self, words: list[str], start: int) -> bool:
        if start + len(self.words) > len(words):
            return False
        return all(_fits(mine, words[start + index]) for index, mine in enumerate(self.words))


class _Index(msgspec.Struct, frozen=True):
    """Phrases by their first word, or by its beginning where it has any ending; of equal beginnings, in the order of the kinds."""

    whole: dict[str, list[tuple[Kind, _Phrase]]]
    begun: dict[str, list[tuple[Kind, _Phrase]]]
    joined: dict[str, tuple[Kind, _Phrase]]
    """Phrases of several words by what they are when written in one, as hashtags are."""

    def at(self, words: list[str], start: int) -> tuple[Kind, _Phrase] | None:
        """Give the phrase that stands at a word, the word written in one included."""
        word = words[start]
        listed = list(self.whole.get(word, ()))
        for length in range(1, len(word) + 1):
            listed += self.begun.get(word[:length], ())
        standing = (one for one in listed if one[1].stands_at(words, start))
        return next(standing, self.joined.get(word))


def judge(phrase: str, lang: str = "any") -> Fault | None:
    """Say why a phrase may not be looked for, or ``None``.

    Args:
        phrase: words, in any case, with or without accents; a hashtag; an address.
        lang: its language; ``any`` is judged in all languages.

    >>> str(judge("Manifestation des gilets jaunes", "fr")), judge("incendie à la mosquée", "fr")
    ("a protest or those who take part in it ('manifestation*')", None)
    >>> judge("@a.handle").kind, judge("tropical depression").__class__.__name__
    ('handle', 'NoneType')
    """
    told = by_form(phrase)
    if told is not None:
        return told
    words = _WORDS.findall(_plain(phrase))
    taken = _allowed(words, lang)
    index = _refused(lang)
    for start in range(len(words)):
        stands = None if start in taken else index.at(words, start)
        if stands is not None:
            return Fault(stands[0], stands[1].said)
    return None


def _fits(mine: str, word: str) -> bool:
    return word.startswith(mine[:-1]) if mine.endswith("*") else word == mine


def _allowed(words: list[str], lang: str) -> set[int]:
    """Give the places of words that stand in an allowed phrase."""
    taken: set[int] = set()
    index = _allow(lang)
    for start in range(len(words)):
        stands = index.at(words, start)
        if stands is not None:
            taken.update(range(start, start + len(stands[1].words)))
    return taken


def _plain(text: str) -> str:
    """Fold case and accents away."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def by_form(phrase: str) -> Fault | None:
    """Say whether a phrase has the form of an account, or of a person's name; words are not looked at."""
    found = _HANDLE.search(phrase)
    if found is not None:
        return Fault("handle", found[0].strip())
    named = _GIVEN_NAMES.search(phrase)
    return None if named is None else Fault("person", named[0].strip(" (|["))


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads((files("tocsin.settings") / "purpose.toml").read_text("utf-8"))


@lru_cache(maxsize=32)
def _refused(lang: str) -> _Index:
    return _indexed([(kind, one) for kind in WHY for one in _phrases(_table().get(kind, {}), lang)])


@lru_cache(maxsize=32)
def _allow(lang: str) -> _Index:
    # The kind means nothing here: what is allowed is of none.
    return _indexed([("person", one) for one in _phrases(_table()["allow"], lang)])


def _indexed(listed: list[tuple[Kind, _Phrase]]) -> _Index:
    index = _Index({}, {}, {})
    for kind, one in listed:
        first = one.words[0]
        table, key = (index.begun, first[:-1]) if first.endswith("*") else (index.whole, first)
        table.setdefault(key, []).append((kind, one))
        if len(one.words) > 1 and "*" not in one.said:
            index.joined.setdefault("".join(one.words), (kind, one))
    return index


def _phrases(by_lang: dict[str, list[str]], lang: str) -> tuple[_Phrase, ...]:
    chosen = [name for name in by_lang if lang == "any" or name in ("any", lang)]
    return tuple(_Phrase(tuple(said.split()), said) for name in chosen for said in by_lang[name])
