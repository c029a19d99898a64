"""The packaged lexicon and gate, loaded once for all tests of a process."""

from __future__ import annotations

from functools import cache

from nlp.gate import Gate
from nlp.lexicon import Lexicon


@cache
def lexicon() -> Lexicon:
    return Lexicon.load()


@cache
def gate() -> Gate:
    return Gate(lexicon())
