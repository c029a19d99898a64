"""Bluesky, through Jetstream: ``v1`` (``/subscribe``) and ``v2`` (``network.bsky.jetstream.subscribeEvents``), plain and zstandard.

A break is followed from the sequence number on the same instance (``v2``), else from the instant, a little earlier: instances number their
events each for itself, and reorder at the seam of replay and live. What the overlap repeats is known by (did, rkey, rev, operation).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit

import httpx
import msgspec
import zstandard

from ingest.lines import unreadable
from ingest.recent import Recent
from ingest.source import BrokenError, Missed, Opened, Received
from ingest.sources.bluesky_events import POSTS, Happened, StreamError, lines_of, read_v1, read_v2
from ingest.sources.socket import MAX_FRAME_BYTES, USER_AGENT, HandshakeError, open_socket, tls, without_secrets
from tocsin.time import MINUTE_MS, SECOND_MS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from websockets.asyncio.client import ClientConnection

    from ingest.source import Cursor, Event, Policy
    from tocsin.settings.sources import BlueskySettings

METHOD: Final = "network.bsky.jetstream.subscribeEvents"
DICTIONARY: Final = "network.bsky.jetstream.getZstdDictionary"
SUBPROTOCOL: Final = "xrpc.v1.json"
MAX_MESSAGE_BYTES: Final = MAX_FRAME_BYTES // 2
"""Asked of the server: it leaves larger events out, which else would end the connection again and again."""
MAX_DICTIONARY_BYTES: Final = 4 << 20
HAND_ON_EVENTS: Final = 200
"""Events that are not about posts are handed on as one, at most so many."""
HAND_ON_MS: Final = SECOND_MS
"""And at least so often by the stream's clock, so that the watch sees it move."""
OVERLAP_EVENTS: Final = 200
"""Asked again by number; on a quiet instance they reach far back, and are known all the same."""
_SLOW: Final = frozenset({"ConsumerTooSlow"})


class Place(msgspec.Struct, frozen=True):
    """Where a stream stands: what a cursor holds."""

    host: str
    at_us: int
    seq: int = 0


class Jetstream:
    """One connection to one of several instances, the next one when one fails."""

    def __init__(self, name: str, settings: BlueskySettings, policy: Policy) -> None:
        self.name = name
        self.policy = policy
        self._settings = settings
        self._languages = frozenset(settings.languages)
        self._recent = Recent(window_ms=2 * policy.overlap_ms + MINUTE_MS, least=2 * OVERLAP_EVENTS)
        self._turn = 0
        self._heard = True
        """Whether the last connection gave anything; if not, the next instance has its turn."""
        self._seq_expired = False
        self._begun_at: Place | None = None
        """Where an earlier run had stood: this one has not seen what lies before it."""
        self._first = True
        self._dictionary: zstandard.ZstdDecompressor | None = None
        self._dictionary_id = 0
        self._plain = not settings.compress or (settings.protocol == "v1" and settings.dictionary_path is None)

    async def listen(self, cursor: Cursor | None, now_at: int) -> AsyncIterator[Event]:
        """Connect and give events until the connection ends."""
        self._turn += 0 if self._heard else 1
        self._heard = False
        url = self._settings.urls[self._turn % len(self._settings.urls)].rstrip("/")
        place = None if cursor is None else msgspec.json.decode(cursor, type=Place)
        if self._first:
            self._first, self._begun_at = False, place
        since_us = None
        if place is not None:
            since_us = max(place.at_us, (now_at - self.policy.backfill_ms) * 1_000)
        try:
            await self._prepare(url)
            async with open_socket(
                self._address(url, place, since_us),
                subprotocols=(SUBPROTOCOL,) if self._settings.protocol == "v2" else (),
                compression="deflate" if self._plain and self._settings.protocol == "v1" else None,
                ca_path=self._settings.ca_path,
            ) as socket:
                yield Opened(None if since_us is None else since_us // 1_000, without_secrets(url))
                host = urlsplit(url).netloc
                if since_us is None:
                    # Should the connection end before its first event, the next one begins here and not at its own beginning.
                    yield Received(cursor=msgspec.json.encode(Place(host, now_at * 1_000)))
                async for event in self._events(socket, host, since_us):
                    yield event
        except HandshakeError as refused:
            raise self._refusal(refused) from refused

    def _address(self, url: str, place: Place | None, since_us: int | None) -> str:
        v2 = self._settings.protocol == "v2"
        query: list[tuple[str, str | int]] = [("collections" if v2 else "wantedCollections", POSTS)]
        if v2:
            query += [("kinds", "commit"), ("kinds", "account"), ("kinds", "sync")]
        query.append(("maxMessageSizeBytes", MAX_MESSAGE_BYTES))
        if not self._plain:
            query.append(("zstdDictionary", self._dictionary_id) if v2 else ("compress", "true"))
        if place is not None and since_us is not None:
            same = v2 and place.seq > 0 and place.host == urlsplit(url).netloc and place.at_us == since_us
            if same and not self._seq_expired:
                # Inclusive. A little is asked again, should the seam have been out of order; what this run has seen of it is known.
                after = place.seq + 1
                begun = self._begun_at
                seen_from = begun.seq + 1 if begun is not None and begun.host == place.host else 1
                query.append(("cursor", min(after, max(seen_from, after - OVERLAP_EVENTS))))
            else:
                query.append(("cursor", since_us - self.policy.overlap_ms * 1_000))
        return f"{url}/{f'xrpc/{METHOD}' if v2 else 'subscribe'}?{urlencode(query)}"

    def _refusal(self, refused: HandshakeError) -> BrokenError:
        """Read the refusal of a handshake (an XRPC error) and remember what to ask otherwise."""
        try:
            told = msgspec.json.decode(refused.body, type=dict[str, str]).get("error", "")
        except msgspec.DecodeError:
            told = ""
        if told == "CursorTooOld":
            self._seq_expired = self._heard = True  # the instance is well; it is asked by time
            return BrokenError("cursor_too_old", "asking by time")
        if told == "UnknownZstdDictionary":
            self._dictionary, self._heard = None, True
            return BrokenError("refused", "the dictionary was retired")
        return refused

    async def _prepare(self, url: str) -> None:
        """Have the dictionary at hand, once; without one the stream is asked for plain."""
        if self._plain or self._dictionary is not None:
            return
        if self._settings.protocol == "v1":
            path = self._settings.dictionary_path
            assert path is not None, "without a path the stream is plain"
            try:
                blob = path.read_bytes()
            except OSError as error:
                raise BrokenError("refused", f"{path}: {error.strerror or error}") from error
        else:
            blob = await self._fetch_dictionary(url)
        try:
            self._dictionary_id = _dictionary_id(blob) if self._settings.protocol == "v2" else 0
            self._dictionary = zstandard.ZstdDecompressor(dict_data=zstandard.ZstdCompressionDict(blob))
        except (ValueError, zstandard.ZstdError) as wrong:
            raise BrokenError("bad_stream", "the dictionary is none") from wrong

    async def _fetch_dictionary(self, url: str) -> bytes:
        address = f"http{url.removeprefix('ws')}/xrpc/{DICTIONARY}"
        secure = address.startswith("https:")
        try:
            async with httpx.AsyncClient(
                verify=tls(self._settings.ca_path) if secure else True, headers={"User-Agent": USER_AGENT}
            ) as client:
                answer = await client.get(address, follow_redirects=True)
        except httpx.HTTPError as error:
            raise BrokenError("unreachable", f"dictionary: {type(error).__name__}") from error
        if answer.status_code != 200 or len(answer.content) > MAX_DICTIONARY_BYTES:
            raise BrokenError("refused", f"dictionary: HTTP {answer.status_code}, {len(answer.content)} bytes")
        return answer.content

    async def _events(self, socket: ClientConnection, host: str, since_us: int | None) -> AsyncIterator[Event]:
        read = read_v2 if self._settings.protocol == "v2" else read_v1
        passed = size = 0
        handed_us = 0
        seam_us = since_us
        while True:
            frame = await socket.recv()
            size += len(frame)
            try:
                event = read(self._unpacked(frame))
            except StreamError as told:
                raise BrokenError("too_slow" if told.name in _SLOW else "refused", told.name[:64]) from told
            except (ValueError, zstandard.ZstdError):
                yield unreadable(frame)
                continue
            if event.name == "FutureCursor":
                # The instance has another archive than the one that gave the cursor: its numbers mean nothing here.
                self._seq_expired = self._heard = True
                raise BrokenError("cursor_too_old", "asking by time")
            if event.at_us == 0:
                continue  # a notice: that a cursor was outdated shows in the time of the first event, too
            if seam_us is not None:
                if event.at_us - seam_us > MINUTE_MS * 1_000:
                    yield Missed(seam_us // 1_000, event.at_us // 1_000)
                seam_us = None
            if not event.is_of_posts and passed < HAND_ON_EVENTS and event.at_us - handed_us < HAND_ON_MS * 1_000:
                passed += 1
                continue
            handed_us = event.at_us
            self._seq_expired, self._heard = False, True
            yield self._received(event, host, frame, size=size, passed=passed)
            passed = size = 0

    def _received(self, event: Happened, host: str, frame: bytes | str, *, size: int, passed: int) -> Received:
        at = event.at_us // 1_000
        cursor = msgspec.json.encode(Place(host, event.at_us, event.seq))
        lines: tuple[bytes, ...] = ()
        reason = None
        repeated = 0
        if event.is_of_posts:
            if self._recent.again(event.key, at):
                repeated = 1
            else:
                try:
                    lines, reason = lines_of(event, self._languages)
                except ValueError:
                    lines = unreadable(self._unpacked(frame)).lines
        return Received(
            lines=lines,
            stream_at=at,
            cursor=cursor,
            size=size,
            passed=passed,
            repeated=repeated,
            filtered=reason,
            sheddable=len(lines) == 1 and event.kind == "commit" and event.operation == "create",
        )

    def _unpacked(self, frame: bytes | str) -> bytes | str:
        """Give the text of a frame.

        Raises:
            zstandard.ZstdError: it cannot be unpacked, or grows too large.
        """
        if isinstance(frame, str) or self._dictionary is None:
            return frame
        if zstandard.frame_content_size(frame) > MAX_FRAME_BYTES:
            raise zstandard.ZstdError("a frame that grows too large")
        return self._dictionary.decompress(frame, max_output_size=MAX_FRAME_BYTES)


def _dictionary_id(blob: bytes) -> int:
    """Read the identity of a dictionary (RFC 8878, section 5).

    Raises:
        ValueError: it is no dictionary.
    """
    if len(blob) < 8 or blob[:4] != b"\x37\xa4\x30\xec":
        raise ValueError("no zstandard dictionary")
    (identity,) = struct.unpack("<I", blob[4:8])
    return int(identity)
