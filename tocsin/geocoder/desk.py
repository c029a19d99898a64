"""The desk: takes questions without ever making anyone wait, lets a clerk answer them in a thread, hands the answers out when asked.

When too many wait, the oldest go: the newest are of what happens now. A defect of the clerk closes the desk, aloud, after some failures;
hearing goes on without it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from tocsin.geocoder.clerk import Clerk, Question, question_of
from tocsin.runtime import metrics as declared
from tocsin.runtime.logging import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.model import GeocodeResult, Mention
    from tocsin.runtime.metrics import Metrics
    from tocsin.settings.geocoder import GeocoderSettings

MAX_DEFECTS: Final = 10
"""Questions on which the clerk itself may fail before the desk closes."""


class Desk:
    """Asks in a thread of its own.

    Args:
        clerk: who answers.
        settings: how many may wait, and how long.
        metrics: where dropped and stale questions are counted.
        now: monotonic seconds.
    """

    def __init__(
        self, clerk: Clerk, settings: GeocoderSettings, metrics: Metrics, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._clerk = clerk
        self._most = settings.max_waiting
        self._max_age_secs = settings.max_age_mins * 60.0
        self._metrics = metrics
        self._now = now
        self._log = get_logger("geocoder")
        self._waiting: deque[tuple[float, Question]] = deque()
        self._answers: deque[GeocodeResult] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._busy = False
        self._defects = 0
        self._thread = threading.Thread(target=self._work, name="geocoder", daemon=True)
        self._thread.start()

    def ask(self, mention: Mention) -> None:
        """Take the question of a mention, if it has one; return at once."""
        question = question_of(mention)
        if question is None:
            return
        with self._changed:
            if self._closed:
                self._count("dropped")
                return
            self._waiting.append((self._now(), question))
            if len(self._waiting) > self._most:
                self._waiting.popleft()
                self._count("dropped")
            self._metrics.set(declared.GEOCODER_WAITING, len(self._waiting))
            self._changed.notify()

    def answers(self, _clock_at: int | None = None) -> list[GeocodeResult]:
        """Give what was answered since the last call; return at once."""
        with self._changed:
            given = list(self._answers)
            self._answers.clear()
            return given

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is being asked."""
        with self._changed:
            return not self._waiting and not self._busy

    def close(self, wait_secs: float = 1.0) -> None:
        """Take no more questions; what still waits is dropped and counted. A request on its way is given ``wait_secs`` to end."""
        with self._changed:
            self._shut()
        self._thread.join(wait_secs)

    def _shut(self) -> None:
        self._closed = True
        while self._waiting:
            self._waiting.popleft()
            self._count("dropped")
        self._metrics.set(declared.GEOCODER_WAITING, 0)
        self._changed.notify()

    def _work(self) -> None:
        while (question := self._next()) is not None:
            try:
                answer = self._clerk.answer(question)
            except Exception as error:  # noqa: BLE001  # a defect of ours: counted, said, and past a limit the desk closes
                self._defect(error)
                continue
            with self._changed:
                if answer is not None:
                    self._answers.append(answer)
        self._clerk.close()

    def _next(self) -> Question | None:
        with self._changed:
            self._busy = False
            while True:
                while not self._waiting and not self._closed:
                    self._changed.wait()
                if not self._waiting:
                    return None
                since, question = self._waiting.popleft()
                self._metrics.set(declared.GEOCODER_WAITING, len(self._waiting))
                if self._now() - since <= self._max_age_secs:
                    self._busy = True
                    return question
                self._count("stale")

    def _defect(self, error: Exception) -> None:
        self._count("failed")
        self._defects += 1
        self._log.error("the geocoder's clerk failed", error=type(error).__name__)
        if self._defects >= MAX_DEFECTS:
            with self._changed:
                self._shut()
            self._log.error("the geocoder's desk is closed; hearing goes on without it", failures=self._defects)

    def _count(self, outcome: str) -> None:
        self._metrics.add(declared.GEOCODER_QUESTIONS, 1, outcome)
