"""The latest alerts and digests, numbered, for readers who come, go and come back: shared by all, so that a slow one costs nothing."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from tocsin.model import Alert, Digest


class Numbered(msgspec.Struct, frozen=True):
    """A message and its running number."""

    number: int
    message: Alert | Digest


class Board:
    """Keeps the latest messages; safe to use from several threads.

    Args:
        most: messages kept.

    >>> board = Board(most=2)
    >>> board.after(0)
    []
    """

    def __init__(self, *, most: int) -> None:
        self._kept: deque[Numbered] = deque(maxlen=most)
        self._number = 0
        self._lock = threading.Lock()
        self._watchers: list[Callable[[], object]] = []

    def recall(self, kept: Sequence[Numbered]) -> None:
        """Take what an earlier run had put up, oldest first, and go on with its numbers; before anything is posted."""
        with self._lock:
            self._kept.extend(kept)
            self._number = max((one.number for one in kept), default=self._number)

    def watch(self, told: Callable[[], object]) -> None:
        """Have ``told`` called after each post, from the thread that posts."""
        self._watchers.append(told)

    def post(self, messages: Sequence[Alert | Digest]) -> None:
        """Put messages up."""
        with self._lock:
            for message in messages:
                self._number += 1
                self._kept.append(Numbered(self._number, message))
        for told in self._watchers:
            told()

    @property
    def last(self) -> int:
        """The number of the latest message; 0 when there was none."""
        return self._number

    def after(self, number: int, centres: frozenset[str] | None = None, most: int = 1_000) -> list[Numbered]:
        """Give the messages after a number, oldest first, for some centres (``None``: all)."""
        with self._lock:
            found = [
                one for one in self._kept if one.number > number and (centres is None or one.message.centre in centres)
            ]
        return found[:most]

    def missed(self, number: int) -> bool:
        """Tell whether messages after a number are no longer kept."""
        with self._lock:
            return bool(self._kept) and self._kept[0].number > number + 1

    def alert(self, alert_id: str) -> Alert | None:
        """Give an alert by its identity, while it is kept."""
        with self._lock:
            for one in reversed(self._kept):
                if isinstance(one.message, Alert) and one.message.alert_id == alert_id:
                    return one.message
        return None
