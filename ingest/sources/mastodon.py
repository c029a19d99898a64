"""Mastodon: one stream of one instance, by WebSocket or server-sent events, filled up by its REST timeline after a break.

The stream has no cursor. So the connection is opened first, and then what was written since the break is asked of the timeline: nothing
falls between, and what comes twice is known by its ActivityPub id. A deletion names a post by the instance's number: ``IdMap`` knows which
it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import msgspec

from ingest.lines import unreadable
from ingest.recent import Recent
from ingest.source import BrokenError, Missed, Opened, Received
from ingest.sources import mastodon_words as words
from ingest.sources.socket import open_socket, without_secrets
from ingest.sources.sse import EventStream
from ingest.sources.web import lines_of_stream, refused, web_client, web_errors
from tocsin.time import MINUTE_MS, SECOND_MS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import httpx

    from ingest.source import Cursor, Event, Policy
    from tocsin.settings.sources import MastodonSettings

PAGE: Final = 40
"""Posts of a page of a timeline: the most that the API gives."""
MIN_OVERLAP_MS: Final = MINUTE_MS
"""Posts from elsewhere are numbered by when they were written and come later: so much earlier the timeline is asked."""
_TIMELINES: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "public": ("public", {}),
    "public:local": ("public", {"local": "true"}),
    "public:remote": ("public", {"remote": "true"}),
}


class Place(msgspec.Struct, frozen=True):
    """How far a stream was heard: what a cursor holds."""

    at: int
    """Nothing before it is missing."""
    last_id: str = ""


class MastodonStream:
    """One stream of one instance.

    Args:
        name: of the source.
        instance: host name.
        stream: ``public``, ``public:local``, ``public:remote`` or ``hashtag:word``.
        token: of an account on the instance.
        settings: of Mastodon.
        policy: of the connection.
        now: the clock, UTC milliseconds.
        ids: the numbers of this instance, shared by its streams.
        recent: what came lately, shared by all streams of all instances.
    """

    def __init__(  # noqa: PLR0913 - each is a part of the outside world
        self,
        name: str,
        settings: MastodonSettings,
        policy: Policy,
        *,
        instance: str,
        stream: str,
        token: str,
        now: Callable[[], int],
        ids: words.IdMap,
        recent: Recent,
    ) -> None:
        self.name = name
        self.policy = policy
        self._stream = stream
        self._token = token
        self._settings = settings
        self._now = now
        self._ids = ids
        self._recent = recent
        self._base = f"{settings.scheme}://{instance}"
        self._streaming: str | None = None
        self._languages = frozenset(settings.languages)
        self._last_id = ""
        self._whole_to = 0
        """Up to here nothing is missing. By when posts were written, not by when they were read: those who read late, in a break or
        under load, would else believe that they had heard what still lay before them."""

    async def listen(self, cursor: Cursor | None, now_at: int) -> AsyncIterator[Event]:
        """Connect and give events until the connection ends."""
        place = None if cursor is None else msgspec.json.decode(cursor, type=Place)
        since = None if place is None else max(place.at, now_at - self.policy.backfill_ms)
        secure = self._settings.scheme == "https"
        timeout_secs = self.policy.connect_ms / SECOND_MS
        async with web_client(
            secure=secure, ca_path=self._settings.ca_path, timeout_secs=timeout_secs, token=self._token
        ) as client:
            connect = self._websocket if self._settings.transport == "websocket" else self._sse
            async for event in connect(client, place, since):
                yield event

    async def _websocket(
        self, client: httpx.AsyncClient, place: Place | None, since: int | None
    ) -> AsyncIterator[Event]:
        address = await self._streaming_address(client)
        async with open_socket(
            f"{address}/api/v1/streaming?{urlencode(self._query())}",
            headers={"Authorization": f"Bearer {self._token}"},
            ca_path=self._settings.ca_path,
        ) as socket:
            yield Opened(since, without_secrets(address))
            async for event in self._backfill(client, place, since):
                yield event
            async for frame in socket:
                yield self._frame(frame)

    async def _sse(self, client: httpx.AsyncClient, place: Place | None, since: int | None) -> AsyncIterator[Event]:
        address = (await self._streaming_address(client)).replace("ws", "http", 1)
        path, extra = self._path()
        silence = None if self.policy.stall_ms is None else self.policy.stall_ms / SECOND_MS
        async with (
            web_errors(),
            client.stream(
                "GET",
                f"{address}/api/v1/streaming/{path}",
                params=extra,
                headers={"Accept": "text/event-stream"},
                timeout=silence,
            ) as answer,
        ):
            if answer.status_code != 200:
                raise refused(answer, self._now())
            yield Opened(since, without_secrets(address))
            async for event in self._backfill(client, place, since):
                yield event
            stream = EventStream()
            async for line in lines_of_stream(answer):
                if line.startswith(b":"):
                    yield Received(size=len(line))  # a heartbeat: the connection lives
                    continue
                try:
                    sent = stream.line(line)
                except UnicodeDecodeError:
                    yield unreadable(line)
                    continue
                if sent is not None:
                    yield self._event(*sent, len(sent[1]))

    async def _streaming_address(self, client: httpx.AsyncClient) -> str:
        """Ask the instance where its streams are, once; they are often on a host of their own."""
        if self._streaming is None:
            async with web_errors():
                answer = await client.get(f"{self._base}/api/v2/instance")
            if answer.status_code not in (200, 404):
                raise refused(answer, self._now())
            told = _streaming_of(answer.content) if answer.status_code == 200 else None
            self._streaming = (told or self._base.replace("http", "ws", 1)).rstrip("/")
        return self._streaming

    def _query(self) -> dict[str, str]:
        if self._stream.startswith("hashtag:"):
            return {"stream": "hashtag", "tag": self._stream.removeprefix("hashtag:")}
        return {"stream": self._stream}

    def _path(self) -> tuple[str, dict[str, str]]:
        if self._stream.startswith("hashtag:"):
            return "hashtag", {"tag": self._stream.removeprefix("hashtag:")}
        return self._stream.replace(":", "/"), {}

    async def _backfill(
        self, client: httpx.AsyncClient, place: Place | None, since: int | None
    ) -> AsyncIterator[Event]:
        """Give what the timeline has since the break, oldest first."""
        opened_at = self._now()
        if place is None or since is None:
            self._whole_to = opened_at
            # Should the connection end before its first post, the next one begins here.
            yield Received(cursor=self._cursor(""))
            return
        self._whole_to = since
        if place.last_id and words.created_of(place.last_id) is None:
            after = place.last_id  # numbers of other software: they rise in order of arrival
        else:
            after = words.id_at(since - max(self.policy.overlap_ms, MIN_OVERLAP_MS))
        for _ in range(self._settings.max_backfill_pages):
            page, raw_size = await self._page(client, after)
            if not page:
                break
            for read in sorted(page, key=lambda status: _rank(status.id)):
                # Numbers without an instant: the last one says where to go on, and the instant stays where it was.
                self._heard_to(words.created_of(read.id) or since, opened_at)
                yield self._status(read, edited=read.edited_at is not None, size=raw_size // len(page))
            newest = max((read.id for read in page), key=_rank)
            if _rank(newest) <= _rank(after):
                break
            after = newest
        else:
            yield Missed(words.created_of(after) or since, opened_at)
        self._heard_to(opened_at, opened_at)

    async def _page(self, client: httpx.AsyncClient, after: str) -> tuple[list[words.Status], int]:
        if self._stream.startswith("hashtag:"):
            path, query = f"tag/{self._stream.removeprefix('hashtag:')}", dict[str, str]()
        else:
            path, query = _TIMELINES[self._stream]
        query = {"limit": str(PAGE), "min_id": after, **query}
        async with web_errors():
            answer = await client.get(f"{self._base}/api/v1/timelines/{path}", params=query)
        if answer.status_code != 200:
            raise refused(answer, self._now())
        try:
            return words.statuses.decode(answer.content), len(answer.content)
        except msgspec.DecodeError as wrong:
            raise BrokenError("bad_stream", "a page of the timeline that cannot be read") from wrong

    def _frame(self, frame: bytes | str) -> Received:
        try:
            read = words.message.decode(frame)
        except msgspec.DecodeError:
            return unreadable(frame)
        if read.error:
            raise BrokenError("refused", "the stream told an error")
        return self._event(read.event, read.payload, len(frame))

    def _event(self, event: str, payload: str, size: int) -> Received:
        if event == "delete":
            return self._delete(payload.strip('"'), size)
        if event not in ("update", "status.update"):
            return Received(size=size)
        try:
            read = words.status.decode(payload)
            now_at = self._now()
            self._heard_to(words.created_of(read.id) or now_at, now_at)
            return self._status(read, edited=event == "status.update", size=size)
        except ValueError:
            return unreadable(payload)

    def _status(self, read: words.Status, *, edited: bool, size: int) -> Received:
        now_at = self._now()
        uri = words.post_id(read)
        self._ids.note(read.id, uri, now_at)
        cursor = self._cursor(read.id)
        if self._recent.again(words.version(read), now_at):
            return Received(cursor=cursor, size=size, repeated=1)
        reason = words.left_out(read, now_at, self._languages)
        if reason is not None:
            gone = (words.retraction(uri, now_at, edited=True),) if edited else ()
            return Received(lines=gone, cursor=cursor, size=size, filtered=reason)
        lines = words.lines_of(read, self._ids, now_at, edited=edited)
        return Received(lines=lines, cursor=cursor, size=size, sheddable=not edited)

    def _delete(self, local_id: str, size: int) -> Received:
        now_at = self._now()
        uri = self._ids.uri(local_id, now_at)
        if uri is None:
            return Received(size=size, filtered="unknown")
        if self._recent.again(f"{uri} deleted", now_at):
            return Received(size=size, repeated=1)
        return Received(lines=(words.retraction(uri, now_at),), size=size)

    def _heard_to(self, at: int, now_at: int) -> None:
        self._whole_to = max(self._whole_to, min(at, now_at))

    def _cursor(self, local_id: str) -> Cursor:
        if _rank(local_id) > _rank(self._last_id):
            self._last_id = local_id
        return msgspec.json.encode(Place(self._whole_to, self._last_id))


def _rank(local_id: str) -> tuple[int, str]:
    """Order numbers that come as text: the longer is the later."""
    return len(local_id), local_id


class _Urls(msgspec.Struct):
    streaming: str | None = None


class _Configuration(msgspec.Struct):
    urls: _Urls | None = None


class _Instance(msgspec.Struct):
    configuration: _Configuration | None = None


def _streaming_of(raw: bytes) -> str | None:
    try:
        told = msgspec.json.decode(raw, type=_Instance)
    except msgspec.DecodeError:
        return None
    urls = told.configuration.urls if told.configuration is not None else None
    return urls.streaming if urls is not None and (urls.streaming or "").startswith(("ws://", "wss://")) else None
