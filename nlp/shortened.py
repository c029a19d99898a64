"""Town names that people cut to their first word: "Mantes" for Mantes-la-Jolie, "Romorantin" for Romorantin-Lanthenay.

The gazetteer lists the cuts it is sure of; this looks the others up when a post leads to the word like to a place. Good for French
compound names; it refuses a cut that is shared by distant towns of like size.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from nlp.joint import distance_km

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

COUNTRIES: Final = frozenset({"FR", "BE", "CH", "LU"})
GENERIC: Final = frozenset(
    (
        b"saint sainte grand grande petit petite haute hauts basse mont monts ville villers villiers villa fort port pont bourg "
        b"chateau neuve vieux vieille saints trois notre belle bonne beau champ champs croix roche rochers plan plaine sous haut "
        b"mesnil moulin nouvelle bains grands petits marche eglise abbaye forges fontaine fontaines montagne montagnes riviere "
        b"vallee lacs "
    ).split()
)
"""First words that say nothing of the town."""


class Shortened:
    """Finds the towns whose name begins with a word."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._names = _Names(gazetteer)

    def rows(self, word: bytes) -> tuple[int, ...]:
        """Give the towns that the word is a usual cut of, the largest first; empty when there is none or too many."""
        if len(word) < MIN_LETTERS or not word.isalpha() or word in GENERIC:
            return ()
        table = self._gazetteer
        prefix = word + b" "
        at = bisect_left(self._names, prefix)
        towns: dict[int, int] = {}
        for name_id in range(at, min(at + MAX_NAMES, table.names_count)):
            if not table.folded(name_id).startswith(prefix):
                break
            for row in table.candidates(name_id)[:3]:
                population = table.population(row)
                if table.kind(row) == "town" and table.country(row) in COUNTRIES and population >= MIN_POPULATION:
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


class _Names:
    """The sorted folded names, as a sequence for ``bisect``."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer

    def __len__(self) -> int:
        return self._gazetteer.names_count

    def __getitem__(self, index: int) -> bytes:
        return self._gazetteer.folded(index)
