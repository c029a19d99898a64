"""Server-sent events from lines, bounded. Source: the HTML Living Standard, section 9.2.6 (interpreting an event stream)."""

from __future__ import annotations

from ingest.source import BrokenError
from ingest.sources.socket import MAX_FRAME_BYTES


class EventStream:
    r"""Gathers fields to events. Unlike ``httpx-sse`` it says when a comment came (a heartbeat), and holds no event beyond its limit.

    >>> stream = EventStream()
    >>> [stream.line(line) for line in (b":thump", b"event: update", b"data: {", b"data: }", b"")]
    [None, None, None, None, ('update', '{\n}')]
    """

    def __init__(self) -> None:
        self._event = ""
        self._data: list[str] = []
        self._size = 0

    def line(self, line: bytes) -> tuple[str, str] | None:
        """Take a line without its end; give an event's name and data when it is whole.

        Raises:
            BrokenError: an event is larger than ``MAX_FRAME_BYTES``.
            UnicodeDecodeError: the line is no UTF-8; its event is forgotten.
        """
        if not line:
            event, data = self._event, self._data
            self._forget()
            return (event or "message", "\n".join(data)) if data else None
        self._size += len(line)
        if self._size > MAX_FRAME_BYTES:
            raise BrokenError("bad_stream", f"an event of more than {MAX_FRAME_BYTES} bytes")
        try:
            name, _, value = line.decode().partition(":")
        except UnicodeDecodeError:
            self._forget()
            raise
        value = value.removeprefix(" ")
        if name == "event":
            self._event = value
        elif name == "data":
            self._data.append(value)
        return None

    def _forget(self) -> None:
        self._event, self._data, self._size = "", [], 0
