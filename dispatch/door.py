"""The HTTP side for programs: alerts as they come (server-sent events), as CAP and EDXL-DE, as an Atom feed; verdicts in.

Who enters shows a bearer token of the file of the settings; a token is for one centre (or all) and reads, or also decides. What a token
may not see is not there for it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from dispatch import atom, cap, cap_notice, edxl, public
from dispatch.board import Board
from dispatch.openapi import OPERATIONS, document
from dispatch.sink import JSON_TYPE, XML_TYPE
from dispatch.standing import verdict_id
from tocsin.model import Alert, ExerciseWindow, Verdict
from tocsin.time import MINUTE_MS

MAX_BODY_BYTES: Final = 1 << 16
MAX_TOKENS: Final = 1_000
BEAT_SECS: Final = 15.0
"""So long a quiet stream says nothing; then it sends a comment, so that a broken line is noticed."""
AT_ONCE: Final = 200
AHEAD_MS: Final = 5 * MINUTE_MS
"""A clock may be so far ahead of ours."""
Right = Literal["read", "decide"]


class TokenError(ValueError):
    """The file of tokens cannot be read: what was expected, and in which line; never the token."""


class Guest(msgspec.Struct, frozen=True):
    """Who has entered."""

    centre: str
    """``*`` for all."""
    right: Right

    @property
    def centres(self) -> frozenset[str] | None:
        """The centres whose messages the guest may see; ``None`` for all."""
        return None if self.centre == "*" else frozenset({self.centre})


def read_tokens(path: Path) -> dict[str, Guest]:
    """Read who may enter, by the hash of the token.

    Raises:
        TokenError: the file cannot be read, or a line is none.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TokenError(f"{path}: expected a file of tokens: {type(error).__name__}") from error
    guests: dict[str, Guest] = {}
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words or line.startswith("#"):
            continue
        if len(words) != 3 or len(words[0]) < 24 or words[2] not in ("read", "decide"):
            raise TokenError(f"{path}:{number}: expected a token of 24 characters or more, a centre, read or decide")
        guests[_hashed(words[0])] = Guest(words[1], "decide" if words[2] == "decide" else "read")
    if not guests or len(guests) > MAX_TOKENS:
        raise TokenError(f"{path}: expected 1 to {MAX_TOKENS} tokens, got {len(guests)}")
    return guests


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


Decide = Callable[[Verdict | ExerciseWindow], str | None]
"""Takes a decision; gives what is wrong with it, or ``None``."""


class Door:
    """The routes.

    Args:
        board: the latest alerts.
        guests: who may enter (``read_tokens``).
        decide: takes decisions, from the server's thread.
        sender: who sends, for CAP and EDXL-DE.
        now: the clock, UTC milliseconds.
        max_readers: of the stream, at a time.
    """

    def __init__(  # noqa: PLR0913 - a door is what it opens on
        self,
        board: Board,
        guests: dict[str, Guest],
        decide: Decide,
        *,
        sender: str,
        now: Callable[[], int],
        max_readers: int,
    ) -> None:
        self._board, self._guests, self._decide = board, guests, decide
        self._sender, self._now, self._max_readers = sender, now, max_readers
        self._readers = 0
        self._changed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        board.watch(self._wake)
        handlers: dict[str, Callable[[Request], Awaitable[Response]]] = {
            "latest": self._latest,
            "stream": self._stream,
            "feed": self._feed,
            "one": self._one,
            "verdict": self._verdict,
            "exercise": self._exercise,
            "openapi": self._openapi,
        }
        self.app = Starlette(routes=[Route(one.path, handlers[one.name], methods=[one.method]) for one in OPERATIONS])

    def _guest(self, request: Request) -> Guest | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        # Looked up by a hash: how long that takes says nothing about the token.
        return self._guests.get(_hashed(token.strip())) if scheme.lower() == "bearer" else None

    async def _latest(self, request: Request) -> Response:
        guest = self._guest(request)
        if guest is None:
            return _refused(401, "expected a bearer token")
        after = _number(request.query_params.get("after", "0"))
        if after is None:
            return _refused(422, "expected a number in after")
        found = self._board.after(after, guest.centres, AT_ONCE)
        last = found[-1].number if found else max(after, 0)
        return JSONResponse({"last": last, "messages": [public.public(one.message) for one in found]})

    async def _one(self, request: Request) -> Response:
        guest = self._guest(request)
        if guest is None:
            return _refused(401, "expected a bearer token")
        alert = self._board.alert(request.path_params["alert_id"])
        if alert is None or not (guest.centres is None or alert.centre in guest.centres):
            return _refused(404, "expected an alert that is kept")
        return _written(alert, request.query_params.get("format", "json"), self._sender)

    async def _feed(self, request: Request) -> Response:
        guest = self._guest(request)
        if guest is None:
            return _refused(401, "expected a bearer token")
        found = self._board.after(0, guest.centres, 1 << 31)
        alerts = [one.message for one in found if isinstance(one.message, Alert)]
        base = str(request.base_url).rstrip("/")
        written = atom.feed(
            alerts,
            feed_id=f"urn:tocsin:feed:{self._sender}:{guest.centre}",
            title="Tocsin",
            link=lambda alert: f"{base}/alerts/{alert.alert_id}?format=cap",
            updated_at=self._now(),
        )
        return Response(written, media_type=atom.MEDIA_TYPE)

    async def _stream(self, request: Request) -> Response:
        guest = self._guest(request)
        if guest is None:
            return _refused(401, "expected a bearer token")
        asked = request.headers.get("last-event-id", request.query_params.get("after", ""))
        after = self._board.last if asked == "" else _number(asked)
        if after is None:
            return _refused(422, "expected a number in Last-Event-ID")
        if self._readers >= self._max_readers:
            return _refused(503, f"expected at most {self._max_readers} readers")
        # A number of the time before a restart: what is kept now is all new to the reader.
        after = after if after <= self._board.last else 0
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(self._events(guest, after), media_type="text/event-stream", headers=headers)

    async def _events(self, guest: Guest, after: int) -> AsyncIterator[bytes]:
        self._loop = asyncio.get_running_loop()
        self._readers += 1
        try:
            yield b"retry: 2000\n"  # a line of the first event: an event of its own would be an empty one to some readers
            if self._board.missed(after):
                yield b"event: gap\ndata: {}\n\n"
            while True:
                changed = self._changed
                last = self._board.last
                for one in self._board.after(after, guest.centres):
                    kind = "alert" if isinstance(one.message, Alert) else "digest"
                    head = f"id: {one.number}\nevent: {kind}\ndata: ".encode()
                    yield head + public.encode(one.message) + b"\n\n"
                    after = one.number
                if self._board.last == last:
                    try:
                        await asyncio.wait_for(changed.wait(), BEAT_SECS)
                    except TimeoutError:
                        yield b": still here\n\n"
        finally:
            self._readers -= 1

    async def _verdict(self, request: Request) -> Response:
        return await self._decision(request, Verdict)

    async def _exercise(self, request: Request) -> Response:
        return await self._decision(request, ExerciseWindow)

    async def _decision(self, request: Request, kind: type[Verdict | ExerciseWindow]) -> Response:
        guest = self._guest(request)
        if guest is None:
            return _refused(401, "expected a bearer token")
        if guest.right != "decide":
            return _refused(403, "expected a token that may decide")
        try:
            decision = public.decode(await _body(request), kind)
        except (public.PublicError, ClientDisconnect) as error:
            return _refused(422, str(error) or "expected a whole body")
        if guest.centres is not None and decision.centre not in guest.centres:
            return _refused(403, "expected a decision of the token's own centre")
        decided_at = decision.at if isinstance(decision, Verdict) else decision.declared_at
        if decided_at > self._now() + AHEAD_MS:
            problem: str | None = "expected the time of the decision to be no later than now"
        else:
            problem = await asyncio.to_thread(self._decide, decision)
        if problem is not None:
            return _refused(422, problem)
        identity = verdict_id(decision) if isinstance(decision, Verdict) else decision.window_id
        return JSONResponse({"id": identity}, status_code=202)

    async def _openapi(self, _request: Request) -> Response:
        return Response(msgspec.json.encode(document()), media_type=JSON_TYPE)

    def _wake(self) -> None:
        """Tell all streams that there is more; called from the thread that posts."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._turn)

    def _turn(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def _written(alert: Alert, chosen: str, sender: str) -> Response:
    if chosen == "json":
        return Response(public.encode(alert), media_type=JSON_TYPE)
    if chosen == "cap":
        return Response(cap_notice.document(alert, sender), media_type=cap.MEDIA_TYPE)
    if chosen == "edxl-json":
        return Response(edxl.write_json(edxl.envelopes(alert, sender)[0]), media_type=JSON_TYPE)
    if chosen == "edxl-xml":
        return Response(edxl.write_xml(edxl.envelopes(alert, sender)[0]), media_type=XML_TYPE)
    return _refused(422, "expected json, cap, edxl-json or edxl-xml in format")


async def _body(request: Request) -> bytes:
    """Read a body, within its limit.

    Raises:
        PublicError: it is too large.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY_BYTES:
            raise public.PublicError(f"expected at most {MAX_BODY_BYTES} bytes")
    return body


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else None


def _refused(status: int, why: str) -> Response:
    headers: dict[str, Any] = {"www-authenticate": "Bearer"} if status == 401 else {}
    return JSONResponse({"error": why}, status_code=status, headers=headers)
