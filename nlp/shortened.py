"""Town names that people cut to their first word: "Mantes" for Mantes-la-Jolie, "Murnau" for Murnau am Staffelsee.

The gazetteer lists the cuts it is sure of; this looks the others up when a post leads to the word like to a place, in the countries where
the language of the post is at home. In French any compound name may be cut; elsewhere those that a small word or a hyphen holds together.
It refuses a cut that is shared by distant towns of like size. A French town also answers to its name without the article.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from nlp.joint import distance_km
from nlp.matcher import is_common
from nlp.placewords import BEFORE, STREET_AFTER

if TYPE_CHECKING:
    from nlp.gazetteer import Gazetteer

MIN_LETTERS: Final = 5
MAX_NAMES: Final = 200
"""Full names looked at for one cut."""
MIN_POPULATION: Final = 1_500
MAX_TOWNS: Final = 4
NEIGHBOURS_KM: Final = 15.0
"""Towns this close may share a cut (Mantes-la-Jolie, Mantes-la-Ville)."""
DOMINANT: Final = 4.0
"""Else the largest must have this many times the people of the next."""

COUNTRIES: Final[dict[str, frozenset[str]]] = {
    "fr": frozenset({"FR", "BE", "CH", "LU"}),
    "de": frozenset({"DE", "AT", "CH", "LI"}),
    "it": frozenset({"IT", "CH", "SM"}),
    "en": frozenset({"GB", "IE"}),
    "es": frozenset({"ES"}),
    "pt": frozenset({"PT", "BR"}),
}
JOINTS: Final[dict[str, frozenset[bytes]]] = {
    lang: frozenset(words.encode().split())
    for lang, words in {
        "de": "am an im in bei ob vor auf der unter",
        "it": "di del della dei delle in sul sulla al nell nel",
        "en": "on upon le by under in next the super",
        "es": "de del la",
        "pt": "de do da dos",
    }.items()
}
"""Words behind the first one of a long name, by language; a hyphen in its place does as well ("Garmisch-Partenkirchen")."""
GENERIC: Final = frozenset(
    (
        b"saint sainte grand grande petit petite haute hauts basse mont monts ville villers villiers villa fort port pont bourg "
        b"chateau neuve vieux vieille saints trois notre belle bonne beau champ champs croix roche rochers plan plaine sous haut "
        b"mesnil moulin nouvelle bains grands petits marche eglise abbaye forges fontaine fontaines montagne montagnes riviere "
        b"vallee lacs terre kirche markt sankt gross klein ober unter neustadt kirchen castello castel borgo torre rocca ponte porto "
        b"monte campo terme isola north south east west great little upper lower castle church kings queens market santa santo "
        b"terra puerto ciudad pueblo torres valle fuente rio nova ribeira campos "
    ).split()
)
"""First words that say nothing of the town."""
ARTICLES: Final = (b"le", b"la", b"les", b"l")


class Shortened:
    """Finds the towns whose name begins with a word."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._names = _Names(gazetteer)

    def rows(self, word: bytes, lang: str) -> tuple[int, ...]:
        """Give the towns that the word is a usual cut of, the largest first; empty when there is none or too many."""
        if len(word) < MIN_LETTERS or not word.isalpha() or word in GENERIC or word in BEFORE or word in STREET_AFTER:
            return ()
        if is_common(word) or lang not in COUNTRIES:
            return ()
        table = self._gazetteer
        prefix = word + b" "
        at = bisect_left(self._names, prefix)
        towns: dict[int, int] = {}
        for name_id in range(at, min(at + MAX_NAMES, table.names_count)):
            name = table.folded(name_id)
            if not name.startswith(prefix):
                break
            for row in table.candidates(name_id)[:3]:
                population = table.population(row)
                if (
                    table.kind(row) == "town"
                    and table.country(row) in COUNTRIES[lang]
                    and population >= MIN_POPULATION
                    and self._may_cut(name, row, lang)
                ):
                    towns[row] = population
        ranked = sorted(towns, key=lambda row: (-towns[row], row))[:MAX_TOWNS]
        for rival in ranked[1:]:
            gap = distance_km(
                table.lat(ranked[0]),
                table.lon(ranked[0]),
                table.lat(rival),
                table.lon(rival),
            )
            if gap > NEIGHBOURS_KM and towns[rival] * DOMINANT > towns[ranked[0]]:
                return ()
        return tuple(ranked)

    def without_article(self, name: bytes) -> tuple[int, ...]:
        """Give the French-speaking towns that bear the name with an article before it: "Pont-de-Claix" is Le Pont-de-Claix."""
        table = self._gazetteer
        ids = [table.name_id((article + b" " + name).decode("latin-1")) for article in ARTICLES]
        return tuple(
            row
            for name_id in ids
            if name_id is not None and not table.is_ordinary(name_id)
            for row in table.candidates(name_id)[:MAX_TOWNS]
            if table.kind(row) == "town" and table.country(row) in COUNTRIES["fr"]
        )

    def _may_cut(self, name: bytes, row: int, lang: str) -> bool:
        joints = JOINTS.get(lang)
        if joints is None:
            return True
        words = name.split()
        return words[1] in joints or "-" in self._gazetteer.name(row)[: len(words[0]) + 2]


class _Names:
    """The sorted folded names, as a sequence for ``bisect``."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer

    def __len__(self) -> int:
        return self._gazetteer.names_count

    def __getitem__(self, index: int) -> bytes:
        return self._gazetteer.folded(index)
