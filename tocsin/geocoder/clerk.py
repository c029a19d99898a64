"""The clerk: answers one question from memory or by asking the server, counts what became of it, and leaves an ill server alone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.geocoder.judge import place_of
from tocsin.geocoder.memory import Memory
from tocsin.geocoder.rest import Rest
from tocsin.geocoder.service import GeopyService, Service, ServiceError
from tocsin.model import Ask, GeocodeResult, Mention, Place
from tocsin.runtime import metrics as declared
from tocsin.runtime.logging import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.runtime.metrics import Metrics
    from tocsin.runtime.store import Store
    from tocsin.settings.geocoder import GeocoderSettings

OUTCOMES: Final = ("answered", "unfound", "outside", "failed", "resting", "stale", "dropped")
"""What becomes of a question: a place; none known; a town in a country that the server does not know; the server failed; it is left
alone; it waited too long; it gave way to newer ones."""
_FRANCE: Final = ("FR",)


class Question(msgspec.Struct, frozen=True):
    """What is to be asked for one post."""

    post_id: str
    at: int
    """Stream time of the post."""
    asks: tuple[Ask, ...]


def question_of(mention: Mention) -> Question | None:
    """Give the question of a mention, ``None`` when it has none."""
    return Question(mention.post_id, mention.event_at, mention.asks) if mention.asks else None


class Clerk:
    """Answers questions, one after the other; not for several threads.

    Args:
        settings: of the geocoder.
        store: where answers are remembered.
        metrics: where it counts.
        service: who is asked; the one of the settings if not given.
        now: monotonic seconds.
    """

    def __init__(
        self,
        settings: GeocoderSettings,
        store: Store,
        metrics: Metrics,
        service: Service | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service: Service = service or GeopyService(settings)
        self._speaks = settings.service
        self._countries = frozenset(settings.countries or (_FRANCE if settings.service == "ban" else ()))
        self._memory = Memory(store, settings)
        self._rest = Rest(failures=settings.failures, rest_secs=settings.rest_secs, now=now)
        self._metrics = metrics
        self._log = get_logger("geocoder")

    def answer(self, question: Question) -> GeocodeResult | None:
        """Give the first of its asks that has an answer; ``None`` when none has now."""
        worst = "outside"
        for ask in question.asks:
            place, outcome = self._one(ask)
            if place is not None:
                self._count("answered")
                sharp = msgspec.structs.replace(place, score=round(place.score * ask.weight, 4))
                return GeocodeResult(post_id=question.post_id, at=question.at, place=sharp)
            worst = outcome if OUTCOMES.index(outcome) > OUTCOMES.index(worst) or worst == "outside" else worst
        self._count(worst)
        return None

    def close(self) -> None:
        """Let connections go."""
        self._service.close()

    def _one(self, ask: Ask) -> tuple[Place | None, str]:
        if self._countries and ask.town.country not in self._countries:
            return None, "outside"
        kept = self._memory.recall(ask)
        if kept is not None:
            self._metrics.add(declared.GEOCODER_REMEMBERED, 1)
            return kept.place, "answered" if kept.place is not None else "unfound"
        if not self._rest.may_ask():
            return None, "resting"
        try:
            found = self._service.find(ask)
        except ServiceError as error:
            self._failed(error)
            return None, "failed"
        self._rest.answered()
        self._metrics.set(declared.GEOCODER_RESTING, 0)
        place = place_of(ask, found, self._speaks)
        self._metrics.add(declared.GEOCODER_REQUESTS, 1, "found" if found else "nothing")
        self._memory.keep(ask, place)
        return place, "answered" if place is not None else "unfound"

    def _failed(self, error: ServiceError) -> None:
        self._metrics.add(declared.GEOCODER_REQUESTS, 1, error.kind)
        before = self._rest.resting
        self._rest.failed(error.wait_secs)
        self._metrics.set(declared.GEOCODER_RESTING, int(self._rest.resting))
        if self._rest.resting and not before:
            self._log.warning("the geocoder is left alone for a while", kind=error.kind, error=str(error))

    def _count(self, outcome: str) -> None:
        self._metrics.add(declared.GEOCODER_QUESTIONS, 1, outcome)
