"""Which names are also ordinary words, by language: a name like ``nice`` or ``orange`` needs a reason to be a place."""

from __future__ import annotations

import gzip
import json
import math
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from nlp.fold import fold_name

if TYPE_CHECKING:
    from gazetteer_build.geonames import City

LANGUAGES: Final = ("fr", "en", "es", "it", "pt", "de")
"""Bit ``i`` of a name's word flag stands for the ``i``-th of these."""

DICTIONARY_ZIPF: Final = 2.8
"""A word that a spelling dictionary holds in lower case counts from this frequency on (one use in 1.6 million words)."""

FREQUENT_ZIPF: Final = 4.6
"""Where no dictionary is at hand, only words this frequent count: mostly function words (one use in 25,000 words)."""

HOME: Final = {"it": frozenset({"IT", "CH", "SM"}), "de": frozenset({"DE", "AT", "CH", "LU", "LI"})}
"""Where the languages without a dictionary are spoken."""

NAME_ZIPF: Final = 4.0
"""Names written less often (one use in 100,000 words) are left alone: of villages in the news people write more than their size says."""

LEAST_PEOPLE: Final = 1_000

KNOWN_ABROAD: Final = 100_000
"""Cities of this size are known by their names in other languages."""

LARGE_REGION: Final = 1_000_000
"""Regions of this size are named for themselves."""

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


def frequent_names(packages: Path, cities: list[City]) -> dict[bytes, int]:
    """Give, for names of towns written too often for their towns, the bits of the languages without a dictionary in which they are."""
    flags: dict[bytes, int] = {}
    apart = _named_for_themselves(packages, cities)
    for lang, home in HOME.items():
        people = _people(cities, home, apart)
        for word, zipf in _frequencies(packages, lang):
            folded = fold_name(word)
            if folded in people and too_often(zipf, people[folded]):
                flags[folded] = flags.get(folded, 0) | 1 << LANGUAGES.index(lang)
    return flags


def too_often(zipf: float, people: int) -> bool:
    """Tell whether a name is written as often, in words of a thousand million, as its town has people: some thirty times what is usual.

    The frequencies of the names of towns over 20,000 people lie 1.4 (Italian) and 1.5 (German) powers of ten below their people in the
    middle case, nine of ten of them more than 0.8.

    >>> too_often(4.6, 11_956), too_often(4.3, 84_808), too_often(3.2, 1_046)  # Monti, Como, Amatrice in Italian
    (True, False, False)
    """
    return zipf >= NAME_ZIPF and zipf >= math.log10(max(people, LEAST_PEOPLE))


def _people(cities: list[City], home: frozenset[str], apart: frozenset[bytes]) -> dict[bytes, int]:
    """Give, for each name, the people of the largest town at home that bears it, else of the largest one abroad."""
    here: dict[bytes, int] = {}
    there: dict[bytes, int] = {}
    for city in cities:
        known = city.alternates if city.population >= KNOWN_ABROAD else ()
        sizes = here if city.country in home else there
        for folded in map(fold_name, (city.name, *known)):
            sizes[folded] = max(sizes.get(folded, 0), city.population)
    return {name: count for name, count in (there | here).items() if name not in apart}


def _named_for_themselves(packages: Path, cities: list[City]) -> frozenset[bytes]:
    """Give the folded names of countries and of large first-level regions: frequent, and no other words for it."""
    names: set[str] = set()
    for path in packages.glob("cldr-localenames-full*/package/main/*/territories.json"):
        [main] = json.loads(path.read_bytes())["main"].values()
        names.update(main["localeDisplayNames"]["territories"].values())
    people: dict[str, int] = defaultdict(int)
    regions = {}
    for city in cities:
        for parent in city.parents:
            people[parent.code] += city.population
            if parent.level == 1:
                regions[parent.code] = parent
    for code, region in regions.items():
        if people[code] >= LARGE_REGION:
            names.update((region.name, *region.aliases))
    return frozenset(map(fold_name, names))


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
