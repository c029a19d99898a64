"""Names that people bear: where a gazetteer sees a town, a post may mean a person ("Rosario", "Monti").

The list, ``nlp/data/person_names.tsv``, is made by ``scripts/build_person_names.py`` from Faker's (MIT); frequent English names stand in
``nlp.placewords``.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from nlp.placewords import GIVEN_NAMES

PERSON_NAMES: Final = Path(__file__).parent / "data" / "person_names.tsv"


class PersonNames(NamedTuple):
    """Folded names of one language's people."""

    given: frozenset[bytes]
    """With the frequent ones of any language."""
    family: frozenset[bytes]
    """Only those that some place is called too."""


@lru_cache(maxsize=1)
def _all() -> dict[str, PersonNames]:
    given: dict[str, set[bytes]] = {}
    family: dict[str, set[bytes]] = {}
    for line in PERSON_NAMES.read_text().splitlines()[1:]:
        name, first, last = line.split("\t")
        for languages, table in ((first, given), (last, family)):
            for lang in languages.split(","):
                table.setdefault(lang, set()).add(name.encode())
    return {
        lang: PersonNames(GIVEN_NAMES | given.get(lang, set()), frozenset(family.get(lang, ())))
        for lang in sorted({*given, *family} - {"-"})
    }


_FREQUENT: Final = PersonNames(GIVEN_NAMES, frozenset())


def person_names(lang: str | None) -> PersonNames:
    """Give the names of a language's people; of another one, or of none, the frequent given names alone.

    >>> b"rosario" in person_names("es").given, b"monti" in person_names("it").family, person_names("nl").family
    (True, True, frozenset())
    """
    return _all().get(lang or "", _FREQUENT)
