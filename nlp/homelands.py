"""Which countries a post's language, and its dialect, speak of: "lorry" is not American, "CHUV" is not Parisian."""

from __future__ import annotations

from typing import Final

LANGUAGE_COUNTRIES: Final[dict[str, dict[str, float]]] = {
    "fr": {
        "FR": 3.0, "BE": 1.6, "CH": 1.4, "CA": 0.8, "LU": 1.2, "MC": 1.5, "NC": 2.0, "PF": 2.0, "HT": 0.8, "SN": 0.7, "CI": 0.7, "DZ": 0.6,
        "MA": 0.6, "TN": 0.6, "CM": 0.6, "CD": 0.4,
    },
    "en": {
        "GB": 1.8, "IE": 1.8, "US": 0.6, "CA": 0.7, "AU": 0.7, "NZ": 0.7, "IN": 0.3, "ZA": 0.4, "PH": 0.3, "NG": 0.3, "KE": 0.3, "JM": 0.3,
    },
    "es": {
        "ES": 1.4, "MX": 1.4, "AR": 1.4, "CL": 1.4, "CO": 1.4, "PE": 1.4, "EC": 1.4, "VE": 1.4, "GT": 1.2, "CR": 1.2, "NI": 1.2, "HN": 1.2,
        "SV": 1.2, "PA": 1.2, "CU": 1.2, "DO": 1.2, "BO": 1.2, "PY": 1.2, "UY": 1.2, "PR": 1.0,
    },
    "it": {"IT": 3.0, "CH": 0.6, "SM": 1.0, "VA": 0.5},
    "pt": {"BR": 2.0, "PT": 2.0, "AO": 0.8, "MZ": 0.8},
    "de": {"DE": 2.6, "AT": 2.0, "CH": 1.6, "LU": 0.8, "LI": 0.8},
}  # fmt: skip
"""How much more often (natural logarithm) a post of a language means a place of a country than its population says.

Set by judgement; English leans to Britain and Ireland, since the centres that Tocsin serves are European.
"""
FOREIGN: Final = -0.3
"""The same for a country outside the table."""
HOME: Final = 1.2
"""A language is at home in a country from this log-weight on."""


def _set(words: str) -> frozenset[bytes]:
    return frozenset(word.encode() for word in words.split())


DIALECTS: Final[dict[str, tuple[frozenset[bytes], dict[str, float]]]] = {
    "british": (
        _set(
            "lorry lorries mum mums tyre tyres pub queue colour neighbour neighbours metres litres flat flats bloke "
            "blokes fella lads mate "
            "gaff garda gardai carriageway motorway roundabout pavement rubbish loo knackered proper wee folk aye "
            "aff doon yous yer mam lough "
            "naw dinnae cannae wisnae nae oot aboot innit 999 nhs mp council tesco asda aldi petrol kerb"
        ),
        {"GB": 1.6, "IE": 1.6},
    ),
    "american": (
        _set(
            "mom moms highway freeway interstate sheriff downtown county pd fd walmart gas yall precinct northbound "
            "southbound 911 feds"
        ),
        {"US": 1.2, "CA": 0.4},
    ),
    "quebec": (
        _set("arena depanneur cegep spvm sq 911 chars poudrerie tabarnak calisse calice tuque icitte pantoute"),
        {"CA": 2.0},
    ),
    "romande": (_set("cff chuv nonante huitante septante natel tl tpg cantonale canton epfl hug romande"), {"CH": 2.0}),
    "belgian": (_set("sncb tec stib septante nonante bourgmestre echevin kot belge infrabel ravel"), {"BE": 1.6}),
}
"""Folded words that tell which country's English or French it is, and how much (natural logarithm) that favours its places."""


def dialect(data: bytes) -> dict[str, float]:
    """Give the countries that the words of a post favour, with their log-weights; the strongest of each dialect's countries counts once."""
    present = set(data.split())
    favoured: dict[str, float] = {}
    for markers, countries in DIALECTS.values():
        if not present.isdisjoint(markers):
            for country, weight in countries.items():
                favoured[country] = max(favoured.get(country, 0.0), weight)
    return favoured
