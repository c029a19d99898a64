"""Tells all viewers what changed: server-sent events (WHATWG HTML, 9.2), written once a language, the same bytes for everyone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from console.words import Lang

MAX_VIEWERS: Final = 500
MAX_WAITING: Final = 256
"""Events that may wait for one slow viewer; then it is told to load the page anew, instead of growing."""
BEAT_SECS: Final = 15.0
"""A comment after so much silence, so that both ends notice a dead line."""
RETRY: Final = b"retry: 1000\n\n"


def event(name: str, data: object, seq: int | None = None) -> bytes:
    r"""Write one event.

    >>> event("clock", {"at": 5}, 7)
    b'id: 7\nevent: clock\ndata: {"at":5}\n\n'
    """
    number = b"" if seq is None else b"id: %d\n" % seq
    return number + b"event: " + name.encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"


RELOAD: Final = event("reload", {})


class Hub:
    """The viewers' queues. One event loop owns it."""

    def __init__(self) -> None:
        self._viewers: dict[Lang, set[asyncio.Queue[bytes]]] = {"fr": set(), "en": set()}
        self.reloads = 0
        """Slow viewers that were told to load anew."""

    def __len__(self) -> int:
        return sum(len(viewers) for viewers in self._viewers.values())

    @property
    def full(self) -> bool:
        """Whether no further viewer is let in."""
        return len(self) >= MAX_VIEWERS

    def langs(self) -> tuple[Lang, ...]:
        """Give the languages somebody listens in."""
        return tuple(lang for lang, viewers in self._viewers.items() if viewers)

    def tell(self, lang: Lang, frame: bytes) -> None:
        """Give a frame to all viewers of a language."""
        for viewer in self._viewers[lang]:
            try:
                viewer.put_nowait(frame)
            except asyncio.QueueFull:
                while not viewer.empty():
                    viewer.get_nowait()
                viewer.put_nowait(RELOAD)
                self.reloads += 1

    async def listen(self, lang: Lang, missed: bytes) -> AsyncIterator[bytes]:
        """Give the frames for one viewer: first what it missed, then what comes, as it comes."""
        viewer: asyncio.Queue[bytes] = asyncio.Queue(MAX_WAITING)
        self._viewers[lang].add(viewer)
        try:
            yield RETRY + missed
            while True:
                try:
                    frame = await asyncio.wait_for(viewer.get(), BEAT_SECS)
                except TimeoutError:
                    frame = b": beat\n\n"
                while not viewer.empty():
                    frame += viewer.get_nowait()
                yield frame
        finally:
            self._viewers[lang].discard(viewer)
