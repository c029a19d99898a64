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

RoadKind = Literal["ref", "ring", "exit", "marker"]


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
_MARKER: Final = re.compile(
    r"\b(?:PK|PR|km|point kilom[ée]trique|mile marker|mm)\s?(?P<number>\d{1,4})(?:[.,+]\d{1,3})?\b",
    re.IGNORECASE,
)

_ROAD_WORDS: Final = re.compile(
    r"\b(?:autoroute|nationale|d[ée]partementale|route|voies?|sens|bouchons?|accident|carambolage|circulation|trafic|sortie|[ée]changeur|"
    r"p[ée]age|bretelle|camions?|poids lourds?|voitures?|conducteur|rocade|motorway|highway|freeway|interstate|northbound|southbound|eastbound|"
    r"westbound|clockwise|anticlockwise|lanes?|traffic|junction|exit|crash|collision|lorry|truck|carriageway|pile ?up|autov[ií]a|autopista|"
    r"carretera|autostrada|stau|autobahn|hauteur|direction|ferm[ée]e?|bloqu[ée]e?|coup[ée]e?|closed|blocked|entre|between|towards|aire|services|vinci|"
    r"bison|chauss[ée]e|virage|glissi[èe]re|arr[êe]t d'urgence|verglas|tunnel|pont|viaduc)\b",
    re.IGNORECASE,
)
_BEFORE: Final = re.compile(
    r"(?:\b(?:l|sur l|de l|d|sur|the|on|la|autoroute|route|nationale|d[ée]partementale|motorway|along|via|par)['’ ]\s?)$",
    re.IGNORECASE,
)

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
    sights: list[RoadSight] = []
    for match in _REF.finditer(text):
        sight = _read_ref(match, text, lang)
        if sight is not None:
            sights.append(sight)
    for match in _RING.finditer(text):
        word = match.group().lower().split()[0]
        ref = "périphérique" if word.startswith("p") else word
        sights.append(RoadSight(*match.span(), "ring", ref, sure=True, country=""))
    context = bool(sights) or _ROAD_WORDS.search(text) is not None
    if context:
        for match in _EXIT.finditer(text):
            sights.append(
                RoadSight(
                    *match.span(),
                    "exit",
                    f"sortie {match['number'] or match['j']}",
                    sure=True,
                    country="",
                )
            )
        for match in _MARKER.finditer(text):
            if sights:
                sights.append(
                    RoadSight(
                        *match.span(),
                        "marker",
                        f"km {match['number']}",
                        sure=True,
                        country="",
                    )
                )
    return _without_overlaps(sights)


def _read_ref(match: re.Match[str], text: str, lang: str | None) -> RoadSight | None:
    start, end = match.span()
    start += text[start] == "#"
    before, after = (
        text[max(0, start - NEAR_CHARS) : start],
        text[end : end + NEAR_CHARS],
    )
    if _PAPER.search(before):
        return None
    near = _ROAD_WORDS.search(before) is not None or _ROAD_WORDS.search(after) is not None
    led = _BEFORE.search(before) is not None
    if match["us"]:
        letters = match["us"].upper()
        ref = f"{'I' if letters == 'INTERSTATE' else letters}-{match['us_number']}"
        if letters == "I" and match.group()[:1] == "i":
            return None
        if letters in {"ROUTE", "US", "SR", "SH", "FM"} and not (near or led):
            return None
        return RoadSight(start, end, "ref", ref, sure=near or led, country="US")
    letters, number = match["fr"].upper(), match["number"]
    if number.startswith("0") or (letters == "E" and len(number) > 3) or (letters == "A" and len(number) > 4):
        return None
    lower = match["fr"].islower()
    if not near and (lower or not led):
        return None
    if letters in {"M", "B", "E"} and not near:
        return None
    country = "GB" if letters in {"B"} or (letters in {"M", "A"} and "(M)" in match.group().upper()) else ""
    short = {"RN": "N", "RD": "D"}.get(letters, letters)
    return RoadSight(
        start,
        end,
        "ref",
        f"{short}{number}{(match['tail'] or '').upper()}",
        sure=near,
        country=country,
    )


def _without_overlaps(sights: list[RoadSight]) -> list[RoadSight]:
    kept: list[RoadSight] = []
    for sight in sorted(sights, key=lambda one: (one.start, -one.end)):
        if not kept or sight.start >= kept[-1].end:
            kept.append(sight)
    return kept
