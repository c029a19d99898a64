"""All words of the console in French and English, and the few rules of number and time that go with them."""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from typing import Final, Literal

Lang = Literal["fr", "en"]
LANGS: Final[tuple[Lang, ...]] = ("fr", "en")


def _table(lang: Lang) -> dict[str, dict[str, str]]:
    return tomllib.loads(resources.files("console").joinpath("data", f"words.{lang}.toml").read_text(encoding="utf-8"))


_TABLES: Final[dict[Lang, dict[str, dict[str, str]]]] = {lang: _table(lang) for lang in LANGS}
WORDS: Final[dict[Lang, dict[str, str]]] = {lang: _TABLES[lang]["words"] for lang in LANGS}
"""What stands on the pages, by key; ``{0}`` and so on are filled in."""
HAZARDS: Final[dict[Lang, dict[str, str]]] = {lang: _TABLES[lang]["hazards"] for lang in LANGS}
REASONS: Final[dict[Lang, dict[str, str]]] = {lang: _TABLES[lang]["reasons"] for lang in LANGS}
"""Why a revision was written."""
TOLD: Final[dict[Lang, dict[str, str]]] = {lang: _TABLES[lang]["told"] for lang in LANGS}
"""What the detector reports in English; what is missing here stays English, which beats silence."""

_COUNTED = re.compile(r"^(.+): (\d+) voices?$")
_BETWEEN = re.compile(r"^between (.+) and (.+)$")


def number(value: float, lang: Lang, digits: int = 1) -> str:
    """Write a number with at most so many decimals, in the manner of the language.

    >>> number(2.50, "fr"), number(3.0, "en"), number(0.04, "en")
    ('2,5', '3', '0')
    """
    text = f"{value:.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    text = "0" if text == "-0" else text
    return text.replace(".", ",") if lang == "fr" else text


def span(millis: int, lang: Lang) -> str:
    """Write a length of time.

    >>> span(45_000, "fr"), span(600_000, "en"), span(9_000_000, "fr")
    ('45 s', '10 min', '2,5 h')
    """
    minutes = millis / 60_000
    if minutes < 1:
        return f"{round(millis / 1_000)} s"
    return f"{round(minutes)} min" if minutes < 120 else f"{number(minutes / 60, lang)} h"


def placed(place: str, lang: Lang) -> str:
    """Put the detector's "between X and Y" in the reader's words.

    >>> placed("between Lyon and Vienne", "fr"), placed("Lyon", "fr")
    ('entre Lyon et Vienne', 'Lyon')
    """
    return _BETWEEN.sub(lambda found: WORDS[lang]["between"].format(found[1], found[2]), place)


def told(text: str, lang: Lang) -> str:
    """Put what the detector reports in the reader's words.

    >>> told("injured: 3 voices", "fr"), told("whether help is there", "fr"), told("injured: 1 voice", "en")
    ('blessés : 3 voix', 'si les secours sont là', 'injured: 1 voice')
    """
    counted = _COUNTED.match(text)
    if counted is None or lang == "en":
        return TOLD[lang].get(text, text)
    return f"{TOLD[lang].get(counted[1], counted[1])} : {counted[2]} voix"
