"""Road references in a post: "A7", "N118", "D906", "M25", "I-95", "la rocade", "sortie 16", "junction 10", "PK 32".

Only the reading is done here: which stretch of road is meant is decided with the towns of the post (``nlp.resolve``).
Limits: "D4" can be a vitamin or a dice, "M6" a television channel, "A4" a sheet of paper, "E5" a reactor: a reference alone therefore
needs a road word near it, a preposition, or a number that is no common household word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from nlp.words import Words

RoadKind = Literal["ref", "ring", "line", "exit", "marker"]


class RoadSight(NamedTuple):
    """A road reference ``[start, end)`` of the original text.

    ``ref`` is normalised ("A7", "N118", "rocade", "sortie 16"). ``sure`` tells that the words round it say "road", so that it can stand
    without other evidence.
    """

    start: int
    end: int
    kind: RoadKind
    ref: str
    sure: bool
    country: str
    """ISO country that the way of writing points at, or empty."""
    number: int = 0
    """Of a junction, else 0."""


_REF: Final = re.compile(
    r"(?<![\w@/#.,-])#?(?:(?P<fr>A|N|RN|D|RD|M|E|B)[ -]?(?P<number>\d{1,4})(?P<tail>[a-z]?(?:\(M\))?)"
    r"|(?P<us>I|US|SR|SH|FM|Hwy|Highway|Route|Interstate)[ -](?P<us_number>\d{1,4}))(?![\w%€$£°]|[.,:]\d|-\d)",
    re.IGNORECASE,
)
_RING: Final = re.compile(
    r"\b(?:rocade(?:\s+(?:(?-i:Est)|ouest|nord|sud|int[ée]rieure|ext[ée]rieure))?|p[ée]riph(?:[ée]rique)?|p[ée]rif|ring(?:\s?road)"
    r"|tangenziale|circunvalaci[óo]n|ronda litoral|r0|m[ -]?30)\b",
    re.IGNORECASE,
)
_EXIT: Final = re.compile(
    r"\b(?P<word>sortie|[ée]changeur|exit|junction|jct|salida|uscita|bretelle)\s?(?:n\s?[°o]\s?)?(?P<number>\d{1,3}[a-z]?)\b|\bJ(?P<j>\d{1,2}[aA]?)\b",
    re.IGNORECASE,
)
_EXIT_COUNTRY: Final = {
    "sortie": "FR", "échangeur": "FR", "echangeur": "FR", "bretelle": "FR", "junction": "GB", "jct": "GB", "j": "GB",
}  # fmt: skip
"""Whose motorways the words speak of, where no town says otherwise."""
_MARKER: Final = re.compile(
    r"\b(?:PK|PR|km|point kilom[ée]trique|mile marker|mm)\s?(?P<number>\d{1,4})(?:[.,+]\d{1,3})?\b",
    re.IGNORECASE,
)

_ROAD_WORDS: Final = re.compile(
    r"\b(?:autoroute|nationale|d[ée]partementale|route|voies?|sens|bouchons?|accident|carambolage|circulation|trafic|sortie|[ée]changeur|"
    r"p[ée]age|bretelle|camions?|poids lourds?|voitures?|conducteur|rocade|"
    r"motorway|highway|freeway|interstate|northbound|southbound|eastbound|"
    r"westbound|clockwise|anticlockwise|lanes?|traffic|junction|exit|crash|collision|lorry|truck|carriageway|pile ?up|autov[ií]a|autopista|"
    r"carretera|autostrada|stau|autobahn|hauteur|direction|ferm[ée]e?|bloqu[ée]e?|coup[ée]e?|closed|blocked|entre|"
    r"between|towards|aire|services|vinci|"
    r"bison|chauss[ée]e|virage|glissi[èe]re|arr[êe]t d'urgence|verglas|tunnel|pont|viaduc)\b",
    re.IGNORECASE,
)
_BEFORE: Final = re.compile(
    r"(?:\b(?:l|sur l|de l|d|sur|the|on|la|autoroute|route|nationale|d[ée]partementale|motorway|along|via|par)['’ ]\s?)$",
    re.IGNORECASE,
)

_SHORT: Final = {"RN": "N", "RD": "D"}

NEAR_CHARS: Final = 60
"""How far from a reference a road word may stand."""
_PAPER: Final = re.compile(
    r"\b(?:feuille|format|papier|imprim|page|paper|print|sheet|poster|audi|vitamine|groupe|bac|niveau|cha[iî]ne|t[ée]l[ée]|quartier)\W*$",
    re.IGNORECASE,
)


def find_roads(words: Words, lang: str | None) -> list[RoadSight]:
    """Find the road references of a post, in order of appearance, without overlaps.

    A reference counts when a road word stands within ``NEAR_CHARS`` of it or a road preposition right before it; "exit" and "km" only
    when a road, a ring or a road word is in the post.
    """
    text = words.text
    if not any(char.isdigit() for char in text) and not _RING.search(text):
        return []
    sights = [sight for match in _REF.finditer(text) if (sight := _read_ref(match, text, lang)) is not None]
    for match in _RING.finditer(text):
        word = match.group().lower().split()[0]
        sights.append(_sure(match, "ring", "périphérique" if word.startswith("p") else word))
    if sights:
        sights += [_sure(match, "marker", f"km {match['number']}") for match in _MARKER.finditer(text)]
    if sights or _ROAD_WORDS.search(text):
        sights += [_read_exit(match) for match in _EXIT.finditer(text)]
    return _without_overlaps(sights)


def _read_exit(match: re.Match[str]) -> RoadSight:
    number = match["number"] or match["j"]
    country = _EXIT_COUNTRY.get((match["word"] or "j").lower(), "")
    digits = int("".join(filter(str.isdecimal, number)))
    return RoadSight(*match.span(), "exit", f"sortie {number}", sure=True, country=country, number=digits)


def _sure(match: re.Match[str], kind: RoadKind, ref: str) -> RoadSight:
    return RoadSight(*match.span(), kind, ref, sure=True, country="")


def _read_ref(match: re.Match[str], text: str, lang: str | None) -> RoadSight | None:
    start, end = match.span()
    start += text[start] == "#"
    before, after = text[max(0, start - NEAR_CHARS) : start], text[end : end + NEAR_CHARS]
    if _PAPER.search(before):
        return None
    near = _ROAD_WORDS.search(before) is not None or _ROAD_WORDS.search(after) is not None
    led = _BEFORE.search(before) is not None
    if match["us"]:
        return _american(match, start, sure=near or led)
    letters, number = match["fr"].upper(), match["number"]
    limit = {"E": 3, "M": 3}.get(letters, 4)
    household = letters in {"M", "B", "E"} or match["fr"].islower()
    if number.startswith("0") or len(number) > limit or not (near or (led and not household)):
        return None
    british = letters == "B" or "(M)" in match.group().upper() or (lang == "en" and letters in {"A", "M"})
    ref = f"{_SHORT.get(letters, letters)}{number}{(match['tail'] or '').upper()}"
    kind: RoadKind = "line" if letters == "M" and lang == "fr" else "ref"  # a metro line: "le m2"
    return RoadSight(start, end, kind, ref, sure=near, country="GB" if british else "")


def _american(match: re.Match[str], start: int, *, sure: bool) -> RoadSight | None:
    letters = match["us"].upper()
    if (letters == "I" and match["us"] == "i") or (letters in {"ROUTE", "US", "SR", "SH", "FM"} and not sure):
        return None
    ref = f"{'I' if letters == 'INTERSTATE' else letters}-{match['us_number']}"
    return RoadSight(start, match.end(), "ref", ref, sure=sure, country="US")


def _without_overlaps(sights: list[RoadSight]) -> list[RoadSight]:
    kept: list[RoadSight] = []
    for sight in sorted(sights, key=lambda one: (one.start, -one.end)):
        if not kept or sight.start >= kept[-1].end:
            kept.append(sight)
    return kept
