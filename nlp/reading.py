"""One post as the rules of sense see it: its text, its folded form, the lexicon hits, the cues, sentences, and what each stands in."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nlp.cues import Cue
from nlp.fold import Folded
from nlp.lexicon import Hit
from nlp.unfelt import without_unfelt

NEGATION_WORDS: Final = 3
"""A negation reaches this many words ahead inside its clause ("pas vraiment une explosion")."""

_SENTENCE_END: Final = re.compile(r"[.!?…;\n]+(?=\s|$|[\"»”)'’])|[!?…;\n]+")
_CLAUSE_END: Final = re.compile(r"[.!?…;:,()\n«»\"“”–—]|\s-\s|\b(?:mais|but|pero|ma|aber|mas)\b", re.IGNORECASE)
_QUOTE: Final = re.compile(r"[«“\"][^«»“”\"]{3,}[»”\"]")
_RETWEET: Final = re.compile(r"^\s*\W{0,2}RT\b[\s:]*@", re.IGNORECASE)
_TERM_ROLES: Final = frozenset({"hazard", "perception"})


@dataclass(frozen=True, slots=True)
class Sentence:
    """A stretch ``[start, end)`` of the text, its closing marks included."""

    start: int
    end: int
    question: bool
    """It ends in a question mark."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the rules of modality, witness and relevance look at.

    Attributes:
        text: the original.
        folded: its fold.
        lang: one of ``nlp.language.LANGUAGES``.
        hits: lexicon entries found, in order.
        cues: cues found, by family, without the negations and denials that deny nothing (``nlp.unfelt``).
        sentences: they tile the text.
        year: the year in which the post was written, if known: other years are the past or the future.
        retweet: the post opens with "RT @".
        quotes: quoted stretches, in code points.
        referring: the post is a repost or a reply.
    """

    text: str
    folded: Folded
    lang: str
    hits: tuple[Hit, ...]
    cues: Mapping[str, Sequence[Cue]]
    sentences: tuple[Sentence, ...]
    year: int | None
    retweet: bool
    quotes: tuple[tuple[int, int], ...]
    repost: bool = False
    reply: bool = False

    @property
    def terms(self) -> list[Hit]:
        """The hits that tell of the thing itself: hazards and what is perceived."""
        return [hit for hit in self.hits if hit.entry.role in _TERM_ROLES]

    def count(self, family: str) -> int:
        """Give how many cues of a family were found."""
        return len(self.cues.get(family, ()))

    def sentence_at(self, offset: int) -> Sentence:
        """Give the sentence that holds a code point (the last one for the end of the text)."""
        return self.sentences[max(0, bisect_right(self.sentences, offset, key=lambda s: s.start) - 1)]

    def same_clause(self, left: int, right: int) -> bool:
        """Tell whether no punctuation and no "but" stands between two code points."""
        return _CLAUSE_END.search(self.text, left, right) is None

    def negated(self, start: int, end: int) -> bool:
        """Tell whether a negation reaches the stretch ``[start, end)``: before it in its clause, at most ``NEGATION_WORDS`` away."""
        no_negation = (*self.cues.get("false_negation", ()), *self.cues.get("assertive_negation", ()))
        return self._reached(start, end, no_negation)

    def _reached(self, start: int, end: int, no_negation: Sequence[Cue]) -> bool:
        for cue in self.cues.get("negation", ()):
            if cue.start >= start:
                break
            if cue.end > end or any(false.start <= cue.start < false.end for false in no_negation):
                continue
            between = self.text[min(cue.end, start) : start]
            if len(between.split()) <= NEGATION_WORDS and self.same_clause(min(cue.end, start), start):
                return True
        return False

    def denials_of_explanation(self) -> list[Cue]:
        """Give the cues that deny an explanation ("not a drill", "real casualties"), but for those that are negated ("no real fire")."""
        negations = self.cues.get("negation", ())
        return [
            cue
            for cue in self.cues.get("assertive_negation", ())
            if any(cue.start <= no.start < cue.end for no in negations) or not self._reached(cue.start, cue.end, ())
        ]

    def asserted(self, family: str) -> list[Cue]:
        """Give the cues of an explanation that the post asserts: not in a question, not negated, not quoted from others."""
        denied = self.denials_of_explanation()
        return [
            cue
            for cue in self.cues.get(family, ())
            if not self.sentence_at(cue.start).question
            and not any(no.start <= cue.start and cue.end <= no.end for no in denied)
            and not self.negated(cue.start, cue.end)
        ]


def sentences_of(text: str) -> tuple[Sentence, ...]:
    """Cut a text in sentences that tile it; an empty text is one empty sentence.

    >>> [(s.start, s.end, s.question) for s in sentences_of("BOUM !! C'était quoi ? Rue X.")]
    [(0, 7, False), (7, 22, True), (22, 29, False)]
    """
    found: list[Sentence] = []
    start = 0
    for mark in _SENTENCE_END.finditer(text):
        found.append(Sentence(start, mark.end(), "?" in mark.group()))
        start = mark.end()
    if start < len(text) or not found:
        found.append(Sentence(start, len(text), question=False))
    return tuple(found)


def read(  # noqa: PLR0913  the parts of a post, each with its name
    text: str,
    folded: Folded,
    lang: str,
    hits: Sequence[Hit],
    cues: Mapping[str, Sequence[Cue]],
    *,
    year: int | None = None,
    repost: bool = False,
    reply: bool = False,
) -> Reading:
    """Bring the parts of a post together; ``year`` is the one in which it was written, if known."""
    terms = [hit for hit in hits if hit.entry.role in _TERM_ROLES]
    heeded = without_unfelt(cues, terms, text, lang)
    quotes = tuple(found.span() for found in _QUOTE.finditer(text))
    retweet = _RETWEET.match(text) is not None
    return Reading(
        text, folded, lang, tuple(hits), heeded, sentences_of(text), year, retweet, quotes, repost or retweet, reply
    )
