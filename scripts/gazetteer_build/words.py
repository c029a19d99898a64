"""Which names are also ordinary words, by language: a name like ``nice`` or ``orange`` needs a reason to be a place."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any, Final

import msgspec

from nlp.fold import fold_name

LANGUAGES: Final = ("fr", "en", "es", "it", "pt", "de")
"""Bit ``i`` of a name's word flag stands for the ``i``-th of these."""

DICTIONARY_ZIPF: Final = 2.8
"""A word that a spelling dictionary holds in lower case counts from this frequency on (one use in 1.6 million words)."""

FREQUENT_ZIPF: Final = 4.6
"""Where no dictionary is at hand, only words this frequent count: mostly function words (one use in 25,000 words)."""

EVERY_LANGUAGE: Final = (1 << len(LANGUAGES)) - 1


def word_flags(packages: Path, proper: frozenset[bytes]) -> dict[bytes, int]:
    """Give, for each folded word, the bits of the languages it is an ordinary word of.

    A word counts when wordfreq has it often enough and the spelling dictionary of the language accepts it in lower case, which keeps
    plain proper names out (``lille``) and lets ``tours``, ``nice`` and ``valence`` in. Where there is no dictionary, ``proper`` (the folded
    names of cities and countries) keeps them out.
    """
    flags: dict[bytes, int] = {}
    for bit, lang in enumerate(LANGUAGES):
        dictionary = _dictionary(packages, lang)
        for word, zipf in _frequencies(packages, lang):
            if zipf < DICTIONARY_ZIPF:
                break
            folded = fold_name(word)
            accepted = (
                dictionary.lookup(word) if dictionary is not None else zipf >= FREQUENT_ZIPF and folded not in proper
            )
            if accepted:
                flags[folded] = flags.get(folded, 0) | 1 << bit
    return flags


def _frequencies(packages: Path, lang: str) -> list[tuple[str, float]]:
    """Read wordfreq's table: a header, then lists of words, the ``i``-th holding those of ``-i`` centibels."""
    [path] = packages.glob(f"wordfreq*/wordfreq/data/large_{lang}.msgpack.gz")
    levels: list[Any] = msgspec.msgpack.decode(gzip.decompress(path.read_bytes()))
    return [(word, 9 - centibels / 100) for centibels, words in enumerate(levels[1:]) for word in words]


def _dictionary(packages: Path, lang: str) -> Any:
    """Load the spelling dictionary of a language, or ``None`` where none with fitting terms is at hand (it, de)."""
    from spylls.hunspell import Dictionary  # noqa: PLC0415  # only this chore needs it

    found = sorted(packages.glob(f"dictionary-{lang}*/package/index.aff"))
    if not found or lang in {"it", "de"}:
        return None
    return Dictionary.from_files(str(found[0].with_suffix("")))
