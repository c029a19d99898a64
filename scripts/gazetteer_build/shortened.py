"""What people make of official names: "St" for "Saint", one word in hashtags, "Aix" for "Aix-en-Provence"."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from gazetteer_build.rows import ALTERNATE, SHORT, Table
from nlp.fold import fold_name

JOINED_POPULATION: Final = 10_000
"""Towns from this size on answer to their name written in one word, as in hashtags."""

SHORT_WORDS: Final = (
    (b"saint", b"st"),
    (b"sainte", b"ste"),
    (b"sankt", b"st"),
    (b"mount", b"mt"),
    (b"fort", b"ft"),
    (b"santa", b"sta"),
    (b"santo", b"sto"),
)
"""Words of names and how people shorten them: "Mt Vernon", "Ft Worth", "Sta Rosa"."""
SAINTS: Final = frozenset(
    {
        b"saint",
        b"sainte",
        b"saints",
        b"saintes",
        b"notre",
        b"mont",
        b"villers",
        b"grand",
        b"grande",
        b"petit",
        b"petite",
    }
)
SHARED_HEADS: Final = 3
"""The first part of a French name stands for it when at most so many communes begin with it ("Romorantin", not "Villefranche")."""


def call_short_and_joined(table: Table, ordinary: dict[bytes, int]) -> None:
    """Let towns answer to what people make of their names: "st" for "saint", one word in hashtags, the head of a long name."""
    sharing: dict[bytes, int] = defaultdict(int)
    for row in table.rows:
        if row.id.startswith("fr:") and (head := _first_part(row.name)):
            sharing[fold_name(head)] += 1
    for index, row in enumerate(table.rows):
        if row.kind not in {"town", "departement", "region", "country"}:
            continue
        words = fold_name(row.name).split()
        for long, short in SHORT_WORDS:
            if long in words:
                table.call(index, b" ".join(short if w == long else w for w in words).decode(), ALTERNATE)
            elif short in words and long != b"fort" and row.country not in {"CH", "AT", "DE"}:
                table.call(index, b" ".join(long if w == short else w for w in words).decode(), ALTERNATE)
        joined = b"".join(words)
        if row.population >= JOINED_POPULATION and len(words) > 1 and len(joined) >= 8 and joined not in ordinary:
            table.call(index, joined.decode(), ALTERNATE)
        head = _head(row.name) if row.population >= 2 * JOINED_POPULATION else None
        if head and len(head) >= 4:
            table.call(index, head, SHORT)
        first = _first_part(row.name) if row.id.startswith("fr:") else None
        if first and sharing[fold_name(first)] <= SHARED_HEADS and fold_name(first) not in ordinary:
            table.call(index, first, SHORT)


def _first_part(name: str) -> str | None:
    """Give "Plougastel" for "Plougastel-Daoulas", "Pouliguen" for "Le Pouliguen"; nothing for saints and names of one part."""
    if name.startswith(("Le ", "La ", "Les ")):
        rest = name.split(" ", 1)[1]
        return rest if "-" not in rest and " " not in rest and len(rest) >= 5 else None
    head, found, _ = name.partition("-")
    return (
        head
        if found and len(head) >= 5 and " " not in head and "'" not in head and fold_name(head) not in SAINTS
        else None
    )


def _head(name: str) -> str | None:
    """Give "Aix" for "Aix-en-Provence", "Newcastle" for "Newcastle upon Tyne"; nothing for names without such a tail."""
    for joint in (
        "-sur-",
        "-en-",
        "-sous-",
        "-lès-",
        "-lez-",
        "-les-",
        "-au-",
        "-aux-",
        "-la-",
        "-le-",
        "-de-",
        " upon ",
        "-upon-",
        "-on-",
        " am ",
        " an der ",
    ):
        head, found, _ = name.partition(joint)
        if found and not head.startswith(("Saint", "Le ", "La ", "Les ")):
            return head
    return None
