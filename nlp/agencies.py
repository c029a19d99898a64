"""Services that bear the name of their ground: "Leeds Police", "les pompiers de Roanne", "Feuerwehr Murnau", "SDIS 38".

An institution that speaks or acts does so on its own ground (role ``ground``), which is wider than the town. Its people who are told to go
elsewhere, one of them, or some of them only bear the town's name (role ``service``).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from nlp import placewords as lists

if TYPE_CHECKING:
    from nlp.words import Words

SENT_WORDS: Final = 8
"""Words behind the name among which it is looked for that the service goes elsewhere."""
SOME: Final = frozenset({b"des", b"unos", b"dei", b"uns", b"some", b"two", b"deux", b"dos"})
"""Before the people of a service: some of them, who may be anywhere."""
_BRIGADE: Final = frozenset({b"department", b"dept", b"rescue", b"service", b"brigade", b"chief", b"crews", b"crew"})
_BY_NUMBER: Final = re.compile(rb"(?:sdis|codis|samu)(\d\d|2[ab]|97\d)?")
_NUMBER: Final = re.compile(rb"\d\d|2[ab]|97\d")


def named_after(words: Words, first: int, last: int) -> str:
    """Give the role of a name that a service follows ("Leeds Police", "Waco Fire Rescue") or that holds one; empty for none."""
    items = words.items
    following = last + 1
    if _BY_NUMBER.fullmatch(items[first].data):
        return _role(words, items[first].data, last)
    if not words.linked(following):
        return ""
    after = items[following].data
    then = items[following + 1].data if words.linked(following + 1) else b""
    if after == b"fire" and then in _BRIGADE:
        return "service" if then in {b"crew", b"crews"} else _role(words, b"fd", following + 1)
    return _role(words, after, following) if after in lists.SERVICE else ""


def named_before(words: Words, index: int, *, of: bool) -> str:
    """Give the role of a name behind a service, whose last word stands at an index; ``of``: a preposition joins them; empty for none."""
    word = words.items[index]
    if word.data not in lists.SERVICE:
        return ""
    if not of and (not word.capital or words.caseless or word.data in lists.CREWS):
        return ""  # not written like the first half of a name ("Feuerwehr Murnau")
    if index > 0 and words.items[index - 1].data in SOME:
        return "service"
    return _role(words, word.data, index + 1)


def _role(words: Words, service: bytes, last: int) -> str:
    """Give the role by what the service is and what it does, which the words behind the word at ``last`` tell."""
    behind = words.items[last + 1 : last + 1 + SENT_WORDS]
    away = service in lists.CREWS or any(word.data in lists.ELSEWHERE for word in behind)
    return "service" if away else "ground"


def numbered(words: Words) -> list[tuple[int, int, str]]:
    """Find services that bear the number of their département ("SDIS 38", "#SDIS38"): their words and the number."""
    found = []
    for index, word in enumerate(words.items):
        match = _BY_NUMBER.fullmatch(word.data)
        if match is None or word.mark == "@":
            continue
        if match[1]:
            found.append((index, index, match[1].decode().upper()))
        elif words.linked(index + 1) and _NUMBER.fullmatch(words.items[index + 1].data):
            found.append((index, index + 1, words.items[index + 1].data.decode().upper()))
    return found
