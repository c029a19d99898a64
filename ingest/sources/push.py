"""HTTP push: a small server for posts that others send: ``POST /posts/{sender}``, signed. An answer of 202 means: handed on.

It runs behind a proxy that ends slow connections; within, everything has a limit: body, time to send it, posts a second and sender,
requests that wait.
"""

from __future__ import annotations

import asyncio
import math
import socket
from typing import TYPE_CHECKING, Final

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from ingest.rates import Bucket
from ingest.recent import Recent
from ingest.source import BrokenError, Opened, Received
from ingest.sources.push_words import RefusedError, is_bearer, is_signed, lines_of
from tocsin.time import HOUR_MS, SECOND_MS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from ingest.source import Cursor, Event, Policy
    from tocsin.settings.sources import PushSettings

MAX_WAITING: Final = 64
"""Requests that wait for the pipeline; a further one is told to come again."""
BODY_SECS: Final = 10.0
"""How long a sender may take to send a body."""
HAND_ON_SECS: Final = 20.0
"""How long a request may wait for the pipeline before it is told to come again."""
AGAIN_SECS: Final = 5
_NOBODY: Final = "0" * 32
"""Compared against for a sender that is not known, so that the answer takes as long."""


class Waiting(msgspec.Struct):
    """A request whose lines wait to be handed on."""

    lines: list[tuple[bytes, bool]]
    size: int
    done: asyncio.Future[None]


class Push:
    """The server as a source.

    Args:
        name: of the source.
        settings: where to listen.
        policy: of the connection.
        secrets: by sender.
        now: the clock, UTC milliseconds.
    """

    def __init__(
        self, name: str, settings: PushSettings, policy: Policy, *, secrets: Mapping[str, str], now: Callable[[], int]
    ) -> None:
        self.name = name
        self.policy = policy
        self._settings = settings
        self._secrets = secrets
        self._now = now
        self._buckets = {sender: Bucket(settings.max_posts_per_sec) for sender in secrets}
        self._taken = Recent(window_ms=24 * HOUR_MS)
        self._waiting: asyncio.Queue[Waiting | None] = asyncio.Queue()

    async def listen(self, cursor: Cursor | None, now_at: int) -> AsyncIterator[Event]:  # noqa: ARG002 - a server has no cursor
        """Serve until cancelled."""
        listening = self._bind()
        host, port = listening.getsockname()[:2]
        app = Starlette(routes=[Route("/posts/{sender}", self._take, methods=["POST"])])
        secure = self._settings.cert_path is not None
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                limit_concurrency=4 * MAX_WAITING,
                timeout_graceful_shutdown=2,
                ssl_certfile=str(self._settings.cert_path) if secure else None,
                ssl_keyfile=str(self._settings.key_path) if secure else None,
            )
        )
        self._waiting = asyncio.Queue()
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        ended = self._waiting
        serving.add_done_callback(lambda _: ended.put_nowait(None))
        try:
            yield Opened(None, f"http{'s' if secure else ''}://{host}:{port}/posts/")
            while True:
                request = await self._waiting.get()
                if request is None:
                    raise BrokenError("closed", "the server ended")
                for index, (line, new) in enumerate(request.lines):
                    yield Received(lines=(line,), size=request.size if index == 0 else 0, sheddable=new)
                # Only here: the iterator is asked for more once what it gave is in the hands of the pipeline.
                if not request.done.done():
                    request.done.set_result(None)
        finally:
            server.should_exit = True
            await asyncio.gather(serving, return_exceptions=True)
            listening.close()

    def _bind(self) -> socket.socket:
        host, port = self._settings.host, self._settings.port
        listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
        except OSError as error:
            listening.close()
            raise BrokenError("unreachable", f"cannot listen on {host}:{port}: {error.strerror or error}") from error
        listening.listen(MAX_WAITING)
        return listening

    async def _take(self, request: Request) -> Response:
        """Answer one request."""
        sender = str(request.path_params["sender"])
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            return await self._taken_of(sender, headers, await self._body(request))
        except _TurnedAwayError as told:
            answer = {"Retry-After": str(told.again_secs)} if told.again_secs else None
            return JSONResponse({"message": str(told)}, told.status, headers=answer)

    async def _taken_of(self, sender: str, headers: dict[str, str], body: bytes) -> Response:
        """Take a body, once, after all that may refuse it was asked."""
        if not self._is_known(sender, headers, body):
            raise _TurnedAwayError(401, "the signature does not hold")
        bucket = self._buckets[sender]
        wait_secs = bucket.wait_secs(0, now_secs=self._now() / SECOND_MS)
        if wait_secs > 0:
            raise _TurnedAwayError(429, "too many posts", again_secs=math.ceil(wait_secs))
        try:
            lines = lines_of(body, sender, self._now())
        except RefusedError as wrong:
            raise _TurnedAwayError(400, str(wrong)) from wrong
        identity = headers.get("webhook-id", "")
        if identity and self._taken.again(f"{sender} {identity}", self._now()):
            return JSONResponse({"message": "taken before", "taken": 0})
        bucket.wait_secs(len(lines), now_secs=self._now() / SECOND_MS)
        if not await self._hand_on(Waiting(lines, len(body), asyncio.get_running_loop().create_future())):
            self._taken.forget(f"{sender} {identity}")
            raise _TurnedAwayError(503, "the pipeline is behind", again_secs=AGAIN_SECS)
        return JSONResponse({"message": "taken", "taken": len(lines)}, 202)

    async def _hand_on(self, waiting: Waiting) -> bool:
        """Hand lines on; give whether they are in the hands of the pipeline. If it is only late, they come twice and are known by id."""
        if self._waiting.qsize() >= MAX_WAITING:
            return False
        self._waiting.put_nowait(waiting)
        done, _ = await asyncio.wait({waiting.done}, timeout=HAND_ON_SECS)
        return bool(done)

    async def _body(self, request: Request) -> bytes:
        body = b""
        try:
            async with asyncio.timeout(BODY_SECS):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > self._settings.max_body_bytes:
                        raise _TurnedAwayError(413, "the body is too large")
        except TimeoutError as late:
            raise _TurnedAwayError(408, "the body took too long") from late
        return body

    def _is_known(self, sender: str, headers: dict[str, str], body: bytes) -> bool:
        known = sender in self._secrets
        secret = self._secrets.get(sender, _NOBODY)
        signed = is_signed(
            secret, headers, body, now_secs=self._now() / SECOND_MS, skew_secs=self._settings.clock_skew_secs
        )
        return known and (signed or (self._settings.bearer and is_bearer(secret, headers)))


class _TurnedAwayError(Exception):
    """A request is refused, with a status and what the sender is told."""

    def __init__(self, status: int, message: str, *, again_secs: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.again_secs = again_secs
