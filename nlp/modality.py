"""How a post means its words: asserted, asked, denied, imagined, remembered, played or sold.

The rules are judged in a fixed order, strongest first, and only an *asserted* explanation counts: "c'est un exercice ?" is a question
of someone who perceives something, "ce n'est pas un exercice" is an alarm. The label is for people and for the detector's decoys; the
probability comes from ``nlp.relevance``, which sees every rule as a feature and weighs them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from nlp.reading import Reading
    from tocsin.model import Modality

_YEAR: Final = re.compile(
    r"(?<![\d.,:/-])(1[89]\d\d|20\d\d)(?![\d:]|[.,]\d|\s?(?:km|kg|m\b|€|euros?|personnes|people|foyers))"
)
_AGO: Final = re.compile(
    rb" (?:il y a (?:plus de |presque |environ |deja |)(\d{1,3}|un|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|quinze|vingt|trente|"
    rb"quarante|cinquante|cent|quelques) (?:ans?|annees?|mois|semaines?|jours)|"
    rb"(?:\d{1,3}|a|two|three|four|five|six|seven|eight|nine|ten|twenty|thirty|forty|fifty|a few|many) "
    rb"(?:years?|months?|weeks?|days) (?:ago|back|on|later)|"
    rb"(?:\d{1,3}|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|quinze|vingt|trente|quarante) "
    rb"(?:ans|annees|mois|semaines|jours) (?:apres|plus tard|deja|jour)|"
    rb"hace (?:\d{1,3}|un|dos|tres|cuatro|cinco|diez|veinte) (?:anos?|mes|meses|semanas?|dias)|"
    rb"(?:\d{1,3}|un|due|tre|dieci|venti|trenta) (?:anni?|mesi?|settimane?|giorni) fa|"
    rb"ha (?:\d{1,3}|um|dois|tres|dez|vinte) (?:anos?|mes|meses)|"
    rb"vor (?:\d{1,3}|einem|zwei|drei|zehn|zwanzig) (?:jahr|jahren|monaten|wochen|tagen)) "
)
_PRICE: Final = re.compile(
    r"(?:[€£$]\s?\d)|(?:\d\s?(?:€|£|euros?\b|balles\b))|(?:[-–−]\s?\d{1,2}\s?%)|(?:\d{1,2}\s?%\s?(?:off|de r))",
    re.IGNORECASE,
)
_LAUGH: Final = re.compile(
    rb" (?:emojilaugh|mdr+|ptdr+|lol|lmao|lmfao|(?:ha){2,}h?|(?:ja){2,}|(?:ah){2,}a?|k{3,}|x+d) "
)


@dataclass(frozen=True, slots=True)
class Frame:
    """What the rules of modality found in a post; every number is a count."""

    modality: Modality
    denial: bool
    """It says that there is nothing, or that it was an exercise: a negative voice."""
    terms: int
    negated_terms: int
    asked_terms: int
    past_years: int
    future_years: int
    ago: int
    prices: int
    laughs: int


def past_years(reading: Reading) -> tuple[int, int]:
    """Give how many years named in the text lie before, and after, the post's own; without its year all but none are the past."""
    before = after = 0
    for found in _YEAR.finditer(reading.text):
        named = int(found.group(1))
        if reading.year is None or named < reading.year:
            before += 1
        elif named > reading.year:
            after += 1
    return before, after


def frame_of(reading: Reading) -> Frame:
    """Judge the modality of a post by the rules of this module."""
    terms = reading.terms
    negated = sum(reading.negated(hit.start, hit.end) for hit in terms)
    asked = sum(reading.sentence_at(hit.start).question for hit in terms)
    before, after = past_years(reading)
    ago = len(_AGO.findall(reading.folded.data))
    prices = len(_PRICE.findall(reading.text))
    laughs = len(_LAUGH.findall(reading.folded.data))
    modality, denial = _judge(reading, len(terms), negated, asked, dated=before + ago, priced=prices)
    return Frame(modality, denial, len(terms), negated, asked, before, after, ago, prices, laughs)


def _judge(  # noqa: C901, PLR0911, PLR0912, PLR0913  one rule a line, in order: a table in the shape of code
    reading: Reading, terms: int, negated: int, asked: int, *, dated: int, priced: int
) -> tuple[Modality, bool]:
    def count(family: str) -> int:
        return len(reading.asserted(family))

    roles = [hit.entry.role for hit in reading.hits]
    explained = [hit for hit in reading.hits if hit.entry.role == "explanation"]
    denied = count("denial")
    alarmed = bool(reading.denials_of_explanation())
    living = reading.count("now") + reading.count("perception") + reading.count("alarm")
    exercise = count("exercise")
    if exercise and not alarmed:
        return "exercise", denied > 0 or bool(negated)
    if denied and not alarmed:
        return "negated", True
    if terms and negated == terms and not alarmed:
        return "negated", True
    if priced + count("advert") >= 2 and count("advert"):
        return "advert", False
    if count("commemoration") and (dated or count("commemoration") >= 2):
        return "commemoration", False
    if count("old_news") >= 2 or (count("old_news") and dated):
        return "old_news", False
    if dated or count("past") >= 2:
        return "past", False
    if "figurative" in roles and not terms:
        return "figurative", False
    if count("fireworks") and not alarmed:
        return "figurative", bool(denied)
    if count("fiction") >= 2 and not living:
        return "fiction", False
    if count("sport") >= 2 and living < 2:
        return "sport", False
    if count("politics") >= 2 and living < 2:
        return "politics", False
    if terms and asked == terms:
        return "question", False
    if _supposed(reading):
        return "hypothetical", False
    if count("warning") >= 2 and living < 2:
        return "warning", False
    if count("figurative") >= 2 and living < 2 and not explained:
        return "figurative", False
    if reading.count("asking") and not terms:
        return "question", False
    return "asserted", False


def _supposed(reading: Reading) -> bool:
    """Tell whether a supposition stands in the sentence of each term, before or near it."""
    terms = reading.terms
    cues = reading.cues.get("hypothetical", ())
    if not terms or not cues:
        return False
    sentences = {reading.sentence_at(cue.start).start for cue in cues}
    living = reading.count("now") + reading.count("perception") + reading.count("alarm")
    return all(reading.sentence_at(hit.start).start in sentences for hit in terms) and not living
