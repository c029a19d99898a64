"""All that is judged of a post but its place: hazards, modality, speaker, probability, reasons. Pure given the loaded tables."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple

from nlp.fold import Folded, fold_aligned
from nlp.hazards import consequences_of, distribution, heard, perceives_only, terms_of
from nlp.language import language_of
from nlp.meaning import SentenceEncoder
from nlp.modality import Frame, frame_of
from nlp.naming import NAMED_BY_MEANING, capped, moved, named
from nlp.reading import Reading, read
from nlp.relevance import Judgement
from nlp.shape import Shape, shape_of
from nlp.witness import witness_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from nlp.cues import CueBook
    from nlp.lexicon import Lexicon
    from nlp.meaning import Encoder
    from nlp.relevance import SenseModel
    from tocsin.model import Span, Witness

TEXTS_CACHED: Final = 4_096
"""How many texts keep their sense at hand: in a burst most posts are reposts of few texts."""

_UNJUDGED: Final = Judgement(0.5, ())


class SenseQuery(NamedTuple):
    """What sense is judged from; two posts with the same query mean the same."""

    text: str
    lang: str | None = None
    year: int | None = None
    """The year (UTC) in which the post was written, if known: other years are the past or the future."""
    repost: bool = False
    reply: bool = False


@dataclass(frozen=True, slots=True)
class Sense:
    """What a post says, but where."""

    folded: Folded
    lang: str
    reading: Reading
    frame: Frame
    shape: Shape
    hazards: dict[str, float]
    terms: tuple[str, ...]
    spans: tuple[Span, ...]
    consequences: tuple[str, ...]
    perception_only: bool
    witness: Witness
    judgement: Judgement

    @property
    def telling(self) -> bool:
        """The post holds at least one word of a hazard, a perception, a consequence, a responder or a denial."""
        return bool(self.spans)


class SenseReader:
    """Judges texts; the answer depends on nothing but the query and the tables.

    Args:
        lexicon: what to listen for.
        cues: how it may be meant.
        model: the weights; ``None`` (for training) judges nothing and gives the probability 0.5.
        encoder: gives the vectors of texts, for the model; the packaged one by default, loaded at the first use.
    """

    def __init__(
        self, lexicon: Lexicon, cues: CueBook, model: SenseModel | None, encoder: Encoder | None = None
    ) -> None:
        self._lexicon = lexicon
        self._cues = cues
        self._model = model
        self._encoder = SentenceEncoder() if encoder is None else encoder
        self._judged: OrderedDict[tuple[SenseQuery, bool], Sense] = OrderedDict()
        self._lock = Lock()

    def sense(self, query: SenseQuery, *, meant: bool = True) -> Sense:
        """Judge one post; unless ``meant``, by its words alone, without what the encoder makes of the whole."""
        return self.senses([query], meant=meant)[0]

    def senses(self, queries: Sequence[SenseQuery], *, meant: bool = True) -> list[Sense]:
        """Judge posts, each as if it were alone; together they are read faster. May be asked by several threads."""
        with self._lock:
            known = {query: self._judged.get((query, meant)) for query in queries}
            for query, sense in known.items():
                if sense is not None:
                    self._judged.move_to_end((query, meant))
        found = {query: sense for query, sense in known.items() if sense is not None}
        new = [query for query, sense in known.items() if sense is None]
        if new:
            vectors: Sequence[npt.NDArray[np.float64] | None] = [None] * len(new)
            if meant and self._model is not None:
                vectors = list(self._encoder.vectors([query.text for query in new]))
            found |= {query: self._judge(query, vector) for query, vector in zip(new, vectors, strict=True)}
            with self._lock:
                self._judged |= {(query, meant): found[query] for query in new}
                while len(self._judged) > TEXTS_CACHED:
                    self._judged.popitem(last=False)
        return [found[query] for query in queries]

    def reading(self, query: SenseQuery) -> Reading:
        """Read a post without judging it."""
        lang = language_of(query.text, query.lang)
        folded = fold_aligned(query.text)
        return read(
            query.text,
            folded,
            lang,
            self._lexicon.find(folded),
            self._cues.find(folded, lang),
            year=query.year,
            repost=query.repost,
            reply=query.reply,
        )

    def _judge(self, query: SenseQuery, meaning: npt.NDArray[np.float64] | None) -> Sense:
        reading = self.reading(query)
        frame = frame_of(reading)
        shape = shape_of(query.text)
        words, spans = terms_of(reading)
        consequences = consequences_of(reading)
        told = hazards = distribution(reading)
        judgement = _UNJUDGED
        if self._model is not None:
            judgement = self._model.judge(reading, frame, shape, meaning)
            if self._model.naming is not None and meaning is not None:
                voiced = capped(heard(reading))
                hazards = named(told, self._model.naming.likely(voiced, meaning))
                if moved(told, hazards):
                    judgement = replace(judgement, reasons=(*judgement.reasons, NAMED_BY_MEANING))
        return Sense(
            folded=reading.folded,
            lang=reading.lang,
            reading=reading,
            frame=frame,
            shape=shape,
            hazards=hazards,
            terms=words,
            spans=spans,
            consequences=consequences,
            perception_only=perceives_only(reading, consequences),
            witness=witness_of(reading, shape),
            judgement=judgement,
        )
