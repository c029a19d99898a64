"""The rules of X's filtered stream: words packed into as few rules as their limits allow, and what to change on X so that they hold there.

Each rule asks for some words in one language and for no reposts: reads are paid. Rules are known again by their tag, which holds a hash of
the rule; those of others on the same app are left alone.

Source: the documentation of X's API v2 (filtered stream: build a rule; POST and GET /2/tweets/search/stream/rules).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.ids import content_id
from tocsin.settings.purpose import judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TAG: Final = "tocsin "
_WORD: Final = re.compile(r"#?\w+(?:['’-]\w+)*")
_BOOLEAN: Final = frozenset({"or", "and", "not"})


class Term(msgspec.Struct, frozen=True):
    """A word or phrase, and the language in which it is looked for."""

    lang: str
    words: str


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rule as X keeps it."""

    value: str
    tag: str = ""
    id: str = ""


class Change(msgspec.Struct, frozen=True):
    """What to change on X."""

    add: tuple[Rule, ...]
    delete: tuple[str, ...]


class RulesError(ValueError):
    """The words do not make rules; the message says which word and why."""


def rules_of(terms: Iterable[Term], *, max_rules: int, rule_chars: int) -> tuple[list[Rule], int]:
    """Pack terms into rules, first things first; give them, and how many terms found no room.

    Languages share the rules in turn, so that no language has them all.

    Raises:
        RulesError: a term is none, looks for something else than an emergency, or is longer than a rule.

    >>> rules, left = rules_of([Term("fr", "incendie"), Term("fr", "feu de forêt"), Term("en", "explosion")], max_rules=2, rule_chars=64)
    >>> [rule.value for rule in rules], left
    (['(incendie OR "feu de forêt") lang:fr -is:retweet', 'explosion lang:en -is:retweet'], 0)
    >>> rules_of([Term("fr", "from:quelquun")], max_rules=1, rule_chars=64)
    Traceback (most recent call last):
    ingest.sources.x_rules.RulesError: 'from:quelquun': an account: nobody is followed ('from:q')
    """
    by_lang: dict[str, list[str]] = {}
    for term in terms:
        said = _quoted(term)
        if said not in by_lang.setdefault(term.lang, []):
            by_lang[term.lang].append(said)
    packed: list[str] = []
    while len(packed) < max_rules and any(by_lang.values()):
        for lang in [lang for lang, left in by_lang.items() if left][: max_rules - len(packed)]:
            value, by_lang[lang] = _fill(by_lang[lang], lang, rule_chars)
            packed.append(value)
    left = sum(map(len, by_lang.values()))
    return [Rule(value=value, tag=TAG + content_id(value)[:16]) for value in packed], left


def change(wanted: Sequence[Rule], standing: Sequence[Rule]) -> Change:
    """Give what to add and delete so that of our rules just the wanted ones stand.

    >>> old = Rule(value="feu lang:fr -is:retweet", tag="tocsin 1", id="7")
    >>> change([], [old, Rule(value="cats", tag="somebody's", id="8")])
    Change(add=(), delete=('7',))
    >>> change([Rule(value=old.value, tag="tocsin 1")], [old])
    Change(add=(), delete=())
    """
    values = {rule.value for rule in wanted}
    ours = [rule for rule in standing if rule.tag.startswith(TAG)]
    standing_values = {rule.value for rule in standing}
    return Change(
        add=tuple(rule for rule in wanted if rule.value not in standing_values),
        delete=tuple(rule.id for rule in ours if rule.value not in values),
    )


def _quoted(term: Term) -> str:
    """Give a term as an operator: a word as it is, a phrase in quotes."""
    fault = judge(term.words, term.lang)
    if fault is not None:
        raise RulesError(f"{term.words!r}: {fault}")
    words = term.words.split()
    if not words or not all(_WORD.fullmatch(word) for word in words):
        raise RulesError(
            f"{term.words!r}: expected letters, digits, hyphens and apostrophes, got other signs or nothing"
        )
    if len(words) == 1 and words[0].lower() not in _BOOLEAN and _WORD.fullmatch(words[0]) and words[0].isalnum():
        return words[0]
    if len(words) == 1 and words[0].startswith("#"):
        return words[0]
    return f'"{" ".join(words)}"'


def _fill(said: list[str], lang: str, rule_chars: int) -> tuple[str, list[str]]:
    """Give one rule of as many terms as fit, from the first on, and the terms that are left."""
    tail = f" lang:{lang} -is:retweet"
    room = rule_chars - len(tail)
    taken = [said[0]]
    if len(said[0]) > room:
        raise RulesError(f"{said[0]}: expected at most {room} characters, as a rule has {rule_chars}")
    length = len(said[0]) + 2  # the brackets
    for one in said[1:]:
        if length + len(" OR ") + len(one) > room:
            break
        length += len(" OR ") + len(one)
        taken.append(one)
    joined = " OR ".join(taken)
    return (joined if len(taken) == 1 else f"({joined})") + tail, said[len(taken) :]
