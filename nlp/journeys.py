"""Places of a journey: a place that a vehicle comes from or goes to is where its way starts or ends, not where the thing is.

"the coach from Worksop", "Schulzug nach Garmisch", "le TER pour Lyon", "vol Paris-Nice", "a London-bound train".
A word means a vehicle only in the language of the post. What brings help goes to the thing itself ("ambulance bus to West"), and a town's
own buses and trams run in it ("le bus de Lyon").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from nlp.placewords import ARTICLES

if TYPE_CHECKING:
    from nlp.words import Word, Words

MAX_BETWEEN: Final = 4
"""Words between a vehicle and the preposition of its way ("train de 18h39 pour Mantes", "flight back home from Miami")."""
MAX_NAME: Final = 4
"""Words of the first name of a pair ("vol Paris-Nice")."""


def _set(words: str) -> frozenset[bytes]:
    return frozenset(word.encode() for word in words.split())


class _Tongue(NamedTuple):
    """The words of one language."""

    vehicles: frozenset[bytes]
    """What carries people from place to place."""
    ways: frozenset[bytes]
    """Prepositions of a vehicle's way."""
    far: frozenset[bytes] = frozenset()
    """Vehicles that run between towns: "de" behind one gives its way."""
    lines: frozenset[bytes] = frozenset()
    """What bears the names of both its ends."""


_ANYWHERE: Final = "bus minibus tram metro ferry eurostar thalys ter tgv rer ouigo train"
_TONGUES: Final = {
    "en": _Tongue(
        _set(_ANYWHERE + " trains buses coach coaches flight flights plane airliner tube shuttle boat"),
        _set("to from for towards toward"),
        lines=_set("line route"),
    ),
    "fr": _Tongue(
        _set(_ANYWHERE + " trains cars autocar scolaire navette vol vols avion bateau rame convoi intercites ligne"),
        _set("pour vers depuis direction"),
        _set("train trains ter tgv intercites cars autocar scolaire vol vols avion ferry"),
        _set("ligne axe liaison"),
    ),
    "es": _Tongue(
        _set(_ANYWHERE + " tren trenes autobus autobuses autocar vuelo vuelos avion barco lancha ave linea"),
        _set("a hacia desde para direccion sentido"),
        _set("tren trenes autocar vuelo vuelos avion"),
        _set("linea ruta"),
    ),
    "it": _Tongue(
        _set(
            _ANYWHERE + " treno treni autobus corriera pullman volo voli aereo traghetto regionale frecciarossa linea"
        ),
        _set("per da dal dalla verso direzione"),
        lines=_set("linea tratta"),
    ),
    "pt": _Tongue(
        _set(_ANYWHERE + " trem trens comboio comboios onibus autocarro voo voos aviao barco barca balsa linha"),
        _set("para desde sentido direcao"),
        _set("trem trens comboio comboios voo voos aviao"),
        _set("linha rota"),
    ),
    "de": _Tongue(
        _set(_ANYWHERE + " zug zuge bahn ice ic re rb flug flieger flugzeug fahre schiff linie"),
        _set("nach aus von richtung"),
        lines=_set("strecke bahnstrecke bahnlinie zugstrecke linie"),
    ),
}
_GERMAN_ENDS: Final = (b"zug", b"zuge", b"bus", b"bahn", b"flug", b"flieger")
"""German vehicles are made into one word ("Schulzug", "Reisebus"); a motorway ("Autobahn") is none."""
_NO_VEHICLE: Final = _set("autobahn umzug anzug aufzug auszug einzug entzug bezug vorzug ausflug")
_GENITIVE: Final = _set("de d du des del do da")
_LINK: Final = _GENITIVE | _set("a di per")
_HEADS: Final = _set(
    "direction direccion direzione direcao depart parti venant partant diretto diretta partito rumo partenza sentido salida"
)
"""Words that give the way of a vehicle with a preposition behind them ("en direction de", "parti de", "diretto a")."""
_FROM: Final = _set("de d du des del do da dal dalla from von aus depuis desde")
_TO: Final = _set("to a al au para vers hacia nach pour per verso bis")
"""Between the two ends of a way ("de Recife para Olinda")."""
_ENDS: Final = _set("destination provenance destino procedente proveniente")
"""The same, and only of a vehicle ("à destination de", "procedente de")."""
_BETWEEN: Final = _set(
    "home back that which we she he they took takes going coming heading headed bound leaving left on its the way service number "
    "de du en qui va allait venant partant parti scolaire express h au a "
    "con que iba viene numero ligne linea linha della delle del das dos nr um uhr"
)
"""Words that may stand between a vehicle and the preposition of its way, beside numbers and codes."""
_HELP: Final = _set("ambulance fire rescue emergency relief")
"""Before a vehicle: it goes to the thing."""
_DASHES: Final = frozenset({"-", "–", "—", "‐", "‑", " - ", " – ", " — ", " ↔ ", " > ", " → "})


def journey(words: Words, first: int, last: int, lang: str | None) -> bool:
    """Tell whether the name in words ``first..last`` only says where a vehicle comes from or goes to."""
    tongue = _TONGUES.get(lang or "")
    if tongue is None or words.items[first].mark:
        return False
    return _led(words, first, tongue) or _paired(words, first, last, tongue) or _from_to(words, first, last, tongue)


def bound(words: Words, last: int) -> bool:
    """Tell whether "-bound" follows ("a London-bound train")."""
    return words.glued(last + 1) and words.items[last + 1].data == b"bound"


def _led(words: Words, first: int, tongue: _Tongue) -> bool:
    """Tell whether a vehicle and a preposition of its way stand before a name."""
    items = words.items
    index = first - 1
    if index > 0 and items[index].data in ARTICLES and items[index].data not in tongue.ways and words.linked(first):
        index -= 1
    if index <= 0 or not words.linked(index + 1):
        return False
    word, before = items[index].data, items[index - 1].data
    if word in _LINK and words.linked(index):
        if before in _ENDS:
            return True
        if before in _HEADS:
            return _carried(words, index - 1, tongue)
    if word in tongue.ways:
        return _carried(words, index, tongue)
    return word in _GENITIVE and words.linked(index) and before in tongue.far


def _from_to(words: Words, first: int, last: int, tongue: _Tongue) -> bool:
    """Tell whether the name is one end of a way that is told whole ("o ônibus de Recife para Olinda", "flight from Seoul to Lima")."""
    items = words.items
    if not words.linked(first):
        return False
    if items[first - 1].data in _FROM:
        return (
            last + 2 < len(items)
            and words.linked(last + 1)
            and words.linked(last + 2)
            and items[last + 1].data in _TO
            and items[last + 2].capital
            and _carried(words, first - 1, tongue)
        )
    if items[first - 1].data not in _TO:
        return False
    head = first - 1
    while head > 1 and first - head <= MAX_NAME and items[head - 1].capital and words.linked(head):
        head -= 1
    return (
        head < first - 1 and words.linked(head) and items[head - 1].data in _FROM and _carried(words, head - 1, tongue)
    )


def _carried(words: Words, index: int, tongue: _Tongue) -> bool:
    """Tell whether a vehicle stands before the preposition at an index, with no more than words of a journey between."""
    items = words.items
    for at in range(index - 1, max(-1, index - 2 - MAX_BETWEEN), -1):
        if not words.linked(at + 1):
            return False
        if _vehicle(items[at].data, tongue.vehicles, tongue):
            return at == 0 or items[at - 1].data not in _HELP
        if items[at].data not in _BETWEEN and not _numbered(words, items[at]):
            return False
    return False


def _numbered(words: Words, word: Word) -> bool:
    return (word.upper and not words.shouting) or any(byte in b"0123456789" for byte in word.data)


def _vehicle(word: bytes, known: frozenset[bytes], tongue: _Tongue) -> bool:
    return word in known or (tongue is _TONGUES["de"] and word.endswith(_GERMAN_ENDS) and word not in _NO_VEHICLE)


def _paired(words: Words, first: int, last: int, tongue: _Tongue) -> bool:
    """Tell whether the name is one end of a vehicle's or a line's name ("vol Paris-Nice", "Bahnstrecke Murnau – Weilheim")."""
    items = words.items
    known = tongue.lines | tongue.vehicles
    head = first
    if items[first].gap in _DASHES:  # the second name: go back to the first
        head = first - 1
        while head > 1 and first - head < MAX_NAME and items[head].capital and words.linked(head):
            if _vehicle(items[head - 1].data, known, tongue):
                break
            head -= 1
    elif last + 1 >= len(items) or items[last + 1].gap not in _DASHES or not items[last + 1].capital:
        return False
    return head > 0 and items[head].gap == " " and items[head].capital and _vehicle(items[head - 1].data, known, tongue)
