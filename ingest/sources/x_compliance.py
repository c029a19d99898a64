"""X's compliance streams: what was deleted, edited, protected or withheld on X. Accounts with Enterprise access have them.

Source: the documentation of X's API v2 (compliance streams).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from ingest.lines import unreadable
from ingest.source import Opened, Received
from ingest.sources import x_wire as wire
from ingest.sources import x_words as words
from ingest.sources.socket import without_secrets
from ingest.sources.web import lines_of_stream
from ingest.sources.x_web import MAX_BACKFILL_MINUTES, Failures, Place, backfill, open_stream, raise_if_ended, x_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from ingest.source import Cursor, Policy
    from ingest.sources.x_web import Connection

COMPLIANCE: Final = {"posts": "/2/tweets/compliance/stream", "accounts": "/2/users/compliance/stream"}
PARTITIONS: Final = 4
"""Each compliance stream comes in so many parts, each a connection."""


class ComplianceStream:
    """One part of a compliance stream: what was deleted, edited or withheld on X, as far as it was heard here.

    Args:
        name: of the source.
        connection: where X is.
        policy: how it is kept.
        kind: ``posts`` or ``accounts``.
        partition: from 1 to ``PARTITIONS``.
        now: the clock, UTC milliseconds.
        known: posts and accounts that were heard.
    """

    def __init__(  # noqa: PLR0913 - each is a part of the outside world
        self,
        name: str,
        connection: Connection,
        policy: Policy,
        *,
        kind: str,
        partition: int,
        now: Callable[[], int],
        known: words.Known,
    ) -> None:
        self.name = name
        self.policy = policy
        self._connection = connection
        self._path = COMPLIANCE[kind]
        self._partition = partition
        self._now = now
        self._known = known
        self._failures = Failures(connection.waits, now)

    async def listen(self, cursor: Cursor | None, now_at: int) -> AsyncIterator[Opened | Received]:
        """Connect and give events until the connection ends."""
        before = None if cursor is None else msgspec.json.decode(cursor, type=Place)
        # Whoever may read compliance streams may ask for what was missed.
        minutes, since = backfill(before, MAX_BACKFILL_MINUTES, self.policy.overlap_ms, now_at)
        asked = {"partition": str(self._partition)} | ({"backfill_minutes": str(minutes)} if minutes else {})
        async with (
            x_client(self._connection, self.policy) as client,
            open_stream(client, self._connection.url + self._path, asked, self._failures) as answer,
        ):
            yield Opened(since, without_secrets(self._connection.url + self._path))
            async for line in lines_of_stream(answer):
                here = msgspec.json.encode(Place(self._now()))
                if not line.strip():
                    yield Received(cursor=here, size=len(line) + 2)
                    continue
                yield self._event(line, here)
                self._failures.forget()

    def _event(self, line: bytes, cursor: Cursor) -> Received:
        now_at = self._now()
        try:
            read = wire.compliance.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return unreadable(line)
        if read.data is None:
            raise_if_ended(read.errors, self._failures)
            return Received(size=len(line))
        lines = tuple(
            said for name, event in read.data.items() for said in words.lines_of_event(name, event, self._known, now_at)
        )
        return Received(lines=lines, cursor=cursor, size=len(line))
