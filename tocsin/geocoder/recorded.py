"""Recorded answers: what a geocoder said in an earlier run, so that a replay sees it and asks nobody."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.model import GeocodeResult

if TYPE_CHECKING:
    from pathlib import Path

    from tocsin.model import Mention

MAX_RECORDED: Final = 1_000_000
"""Answers that a file may hold."""
MAX_LINE_BYTES: Final = 16_384


class RecordedError(ValueError):
    """The file holds something else than answers; the message says where."""


class RecordedAnswers:
    """Gives recorded answers when the stream has come to their instant."""

    def __init__(self, answers: list[GeocodeResult]) -> None:
        self._waiting = deque(sorted(answers, key=lambda answer: (answer.at, answer.post_id)))

    @classmethod
    def read(cls, path: Path) -> RecordedAnswers:
        """Read a file of JSON Lines.

        Raises:
            RecordedError: a line is no answer, is too long, or there are too many.
            OSError: the file cannot be read.
        """
        decoder = msgspec.json.Decoder(GeocodeResult)
        answers: list[GeocodeResult] = []
        with path.open("rb") as lines:
            number = 0
            while line := lines.readline(MAX_LINE_BYTES + 1):
                number += 1
                if len(line) > MAX_LINE_BYTES:
                    raise RecordedError(f"{path}:{number}: expected at most {MAX_LINE_BYTES} bytes, got more")
                if not line.strip():
                    continue
                if len(answers) >= MAX_RECORDED:
                    raise RecordedError(f"{path}:{number}: expected at most {MAX_RECORDED} answers, got more")
                try:
                    answers.append(decoder.decode(line))
                except msgspec.MsgspecError as error:
                    raise RecordedError(f"{path}:{number}: expected an answer of a geocoder, got {error}") from error
        return cls(answers)

    def ask(self, mention: Mention) -> None:
        """Ask nobody."""

    def answers(self, clock_at: int | None) -> list[GeocodeResult]:
        """Give the answers that have acted up to an instant of the stream and were not given yet."""
        due: list[GeocodeResult] = []
        while self._waiting and clock_at is not None and self._waiting[0].at <= clock_at:
            due.append(self._waiting.popleft())
        return due
