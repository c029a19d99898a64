"""RSS and Atom: one feed, looked at now and then, politely (ETag, Last-Modified, Retry-After, robots.txt) and within limits."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import msgspec

from ingest.lines import unreadable
from ingest.source import BrokenError, Missed, Opened, Received
from ingest.sources.feed_words import FeedState, NoFeedError, left_out, lines_of, note, read_feed
from ingest.sources.socket import without_secrets
from ingest.sources.web import refused, web_client, web_errors
from tocsin.time import HOUR_MS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import httpx

    from ingest.source import Cursor, Event, Policy
    from ingest.sources.feed_words import Entry
    from ingest.sources.robots import Robots
    from tocsin.settings.sources import FeedsSettings

MAX_REDIRECTS: Final = 5
MAX_SHOWN_BYTES: Final = 512
"""Of a document that is no feed, what goes on to become a dead letter."""


class Feed:
    """One feed.

    Args:
        name: of the source.
        url: of the feed.
        settings: of all feeds.
        policy: of the connection.
        now: the clock, UTC milliseconds.
        robots: shared by all feeds.
    """

    def __init__(  # noqa: PLR0913 - each is a part of the outside world
        self, name: str, url: str, settings: FeedsSettings, policy: Policy, *, now: Callable[[], int], robots: Robots
    ) -> None:
        self.name = name
        self.policy = policy
        self._url = url
        self._settings = settings
        self._now = now
        self._robots = robots
        self._languages = frozenset(settings.languages)

    async def listen(self, cursor: Cursor | None, now_at: int) -> AsyncIterator[Event]:
        """Look at the feed for ever; what goes wrong ends it, and the next call begins anew."""
        state = FeedState() if cursor is None else msgspec.json.decode(cursor, type=FeedState)
        secure = self._url.startswith("https:")
        async with web_client(
            secure=secure, ca_path=self._settings.ca_path, timeout_secs=self._settings.timeout_secs
        ) as client:
            client.max_redirects = MAX_REDIRECTS
            document = await self._fetch(client, state)
            since = max(state.at, now_at - self.policy.backfill_ms) if state.at else None
            yield Opened(since, without_secrets(self._url))
            while True:
                async for event in self._news(document, state):
                    yield event
                await asyncio.sleep(self._settings.poll_secs)
                document = await self._fetch(client, state)

    async def _fetch(self, client: httpx.AsyncClient, state: FeedState) -> tuple[bytes, str] | None:
        """Give the document and its type; ``None`` when it has not changed.

        Raises:
            BrokenError: it cannot be had.
        """
        if self._settings.respect_robots and not await self._robots.allows(client, self._url):
            raise BrokenError("refused", "robots.txt", retry_after_ms=HOUR_MS)
        headers = {
            "Accept": "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1"
        }
        if state.etag:
            headers["If-None-Match"] = state.etag
        if state.modified:
            headers["If-Modified-Since"] = state.modified
        async with self._answer(client, headers) as answer:
            if answer.status_code == 304:
                return None
            if answer.status_code == 410:
                raise BrokenError("refused", "the feed is gone for good", retry_after_ms=HOUR_MS)
            if answer.status_code != 200:
                raise refused(answer, self._now())
            body = b""
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > self._settings.max_feed_bytes:
                    raise BrokenError("bad_stream", f"a feed of more than {self._settings.max_feed_bytes} bytes")
            state.etag = answer.headers.get("ETag", "")[:1_024]
            state.modified = answer.headers.get("Last-Modified", "")[:256]
            return body, answer.headers.get("Content-Type", "")

    @asynccontextmanager
    async def _answer(self, client: httpx.AsyncClient, headers: dict[str, str]) -> AsyncIterator[httpx.Response]:
        async with web_errors(), client.stream("GET", self._url, headers=headers, follow_redirects=True) as answer:
            yield answer

    async def _news(self, document: tuple[bytes, str] | None, state: FeedState) -> AsyncIterator[Event]:
        """Give what is new in a document, then where the feed stands."""
        now_at = self._now()
        size = 0
        if document is not None:
            raw, content_type = document
            size = len(raw)
            try:
                # Beside the loop: a large feed takes a second to parse, and other sources must not wait for it.
                entries = await asyncio.to_thread(read_feed, raw, self._url, content_type, self._settings.max_entries)
            except NoFeedError as wrong:
                yield unreadable(raw[:MAX_SHOWN_BYTES])
                raise BrokenError("bad_stream", str(wrong)) from wrong
            if entries and state.seen and not any(entry.key in state.seen for entry in entries):
                yield Missed(state.at, now_at)
            oldest_at = None if state.at else now_at - self.policy.backfill_ms
            for entry in entries:
                event = self._entry(entry, state, now_at, oldest_at)
                if event is not None:
                    yield event
        state.at = now_at
        yield Received(cursor=msgspec.json.encode(state), size=size)

    def _entry(self, entry: Entry, state: FeedState, now_at: int, oldest_at: int | None) -> Received | None:
        known = state.seen.get(entry.key)
        if known == entry.version:
            return None
        note(state, entry)
        if known is not None:
            return Received(lines=lines_of(entry, self._settings.network, now_at, edited=True))
        reason = left_out(entry, now_at, self._languages, oldest_at=oldest_at)
        if reason is not None:
            return Received(filtered=reason)
        return Received(lines=lines_of(entry, self._settings.network, now_at, edited=False), sheddable=True)
