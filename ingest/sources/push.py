"""HTTP push: a small server for posts that others send: ``POST /posts/{sender}``, signed.

An answer of 202 means: what was sent is safe. It is given once the block that holds it was consumed (``run``) or written to the store
(``worker ingest``); whoever is not answered sends again, under the same ``webhook-id``, and is heard once. Everything has a limit: head,
body, the time to send them, posts a second and sender, requests that wait, connections.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter, deque
from typing import TYPE_CHECKING, Final

import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.routing import Route

from ingest.rates import Bucket
from ingest.recent import Recent
from ingest.source import BrokenError, Opened, Received
from ingest.sources.push_wire import TimedProtocol, bind, server_of
from ingest.sources.push_words import RefusedError, is_bearer, is_signed, is_timely, lines_of, says_who
from tocsin.time import HOUR_MS, SECOND_MS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from ingest.source import Cursor, Event, Policy
    from tocsin.settings.sources import PushSettings

MAX_WAITING: Final = 64
"""Requests that wait to be safe; a further one is told to come again."""
MAX_READING: Final = 64
"""Bodies that are read at once, of whoever sends them: who they are is known only at their end."""
AGAIN_SECS: Final = 5
_NOBODY: Final = ("0" * 32,)
"""Compared against for a sender that is not known, so that the answer takes as long."""


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """How long things may take, in seconds."""

    body: float = 10.0
    """Sending a body."""
    safe: float = 20.0
    """Waiting until what was sent is safe; then the sender is told to come again."""


class Taken(msgspec.Struct, frozen=True):
    """How many requests were taken since a start: what a cursor holds."""

    began_at: int
    number: int


class Waiting(msgspec.Struct):
    """A request whose lines wait to be safe."""

    number: int
    lines: list[tuple[bytes, bool]]
    size: int
    done: asyncio.Future[None]


class Push:
    """The server as a source.

    Args:
        name: of the source.
        settings: where to listen.
        policy: of the connection.
        secrets: by sender, the newest first; several while a sender changes them.
        now: the clock, UTC milliseconds.
        times: how long things may take.
        protocol: of a connection; tests give one with a shorter temper.
    """

    def __init__(  # noqa: PLR0913 - each is a part of the outside world
        self,
        name: str,
        settings: PushSettings,
        policy: Policy,
        *,
        secrets: Mapping[str, Sequence[str]],
        now: Callable[[], int],
        times: Times = Times(),  # noqa: B008 - frozen
        protocol: type[TimedProtocol] = TimedProtocol,
    ) -> None:
        self.name = name
        self.policy = policy
        self._settings = settings
        self._secrets = secrets
        self._now = now
        self._times = times
        self._protocol = protocol
        self._began_at = now()
        self._buckets = {sender: Bucket(settings.max_posts_per_sec) for sender in secrets}
        self._taken = Recent(window_ms=24 * HOUR_MS)
        self._number = 0
        self._open: deque[Waiting] = deque()
        self._by_key: dict[str, Waiting] = {}
        self._reading = 0
        self._new = _queue()
        self._refused: Counter[str] = Counter()

    async def listen(self, cursor: Cursor | None, now_at: int) -> AsyncIterator[Event]:  # noqa: ARG002 - a server asks nobody
        """Serve until cancelled.

        Raises:
            BrokenError: the address cannot be had, or the server ended.
        """
        listening = bind(self._settings.host, self._settings.port)
        host, port = listening.getsockname()[:2]
        app = Starlette(routes=[Route("/posts/{sender}", self._answer, methods=["POST"])])
        server = server_of(app, self._settings, self._protocol)
        self._new = ended = _queue()
        if self._refused:
            ended.put_nowait(self._refused)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        serving.add_done_callback(lambda _: ended.put_nowait(None))
        try:
            secure = self._settings.cert_path is not None
            yield Opened(None, f"http{'s' if secure else ''}://{host}:{port}/posts/")
            while (came := await self._new.get()) is not None:
                for event in self._events(came) if isinstance(came, Waiting) else self._refusals():
                    yield event
            raise BrokenError("closed", "the server ended")
        finally:
            for waiting in self._open:
                waiting.done.cancel()
            self._open.clear()
            server.should_exit = True
            await asyncio.gather(serving, return_exceptions=True)
            listening.close()

    def settled(self, cursor: Cursor) -> None:
        """Hear up to where all is safe, in the loop of the source; those who wait are answered."""
        taken = msgspec.json.decode(cursor, type=Taken)
        while self._open and taken.began_at == self._began_at and self._open[0].number <= taken.number:
            waiting = self._open.popleft()
            if not waiting.done.done():
                waiting.done.set_result(None)

    def _events(self, request: Waiting) -> list[Received]:
        here = msgspec.json.encode(Taken(self._began_at, request.number))
        last = len(request.lines) - 1
        return [
            Received(
                lines=(line,),
                cursor=here if at == last else None,
                size=request.size if at == last else 0,
                sheddable=new,
            )
            for at, (line, new) in enumerate(request.lines)
        ]

    def _refusals(self) -> list[Received]:
        """Give what was refused since the last look, for the metrics."""
        refused, self._refused = self._refused, Counter()
        return [Received(filtered=reason) for reason in refused.elements()]

    async def _answer(self, request: Request) -> Response:
        """Answer one request."""
        sender = str(request.path_params["sender"])
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            return await self._take(sender, headers, await self._body(request, headers))
        except _TurnedAwayError as told:
            if not self._refused:
                self._new.put_nowait(self._refused)
            self._refused[told.reason] += 1
            answer = {"Retry-After": str(told.again_secs)} if told.again_secs else None
            body = {"message": str(told)} | ({"errors": told.faults} if told.faults else {})
            return JSONResponse(body, told.status, headers=answer)

    async def _take(self, sender: str, headers: dict[str, str], body: bytes) -> Response:
        """Take a body, once, after all that may refuse it was asked.

        Raises:
            _TurnedAwayError: it is not taken, or not safe in time.
        """
        self._check_sender(sender, headers, body)
        key = f"{sender} {headers['webhook-id']}" if headers.get("webhook-id") else None
        waiting = None if key is None else self._by_key.get(key)
        if waiting is None:
            if key is not None and self._taken.again(key, self._now()):
                return JSONResponse({"message": "taken before", "taken": 0})
            try:
                waiting = self._new_of(sender, body, key)
            except _TurnedAwayError:
                if key is not None:
                    self._taken.forget(key)
                raise
        # One that comes again while the first is waited for waits for the same.
        await asyncio.wait({waiting.done}, timeout=self._times.safe)
        if not waiting.done.done() or waiting.done.cancelled():
            raise _TurnedAwayError(503, "limited", "the pipeline is behind", again_secs=AGAIN_SECS)
        return JSONResponse({"message": "taken", "taken": len(waiting.lines)}, 202)

    def _new_of(self, sender: str, body: bytes, key: str | None) -> Waiting:
        """Give a request to the pipeline.

        Raises:
            _TurnedAwayError: it is too much now, or cannot be read.
        """
        bucket = self._buckets[sender]
        wait_secs = bucket.wait_secs(0, now_secs=self._now() / SECOND_MS)
        if wait_secs > 0:
            raise _TurnedAwayError(429, "limited", "too many posts", again_secs=math.ceil(wait_secs))
        if len(self._open) >= MAX_WAITING:
            raise _TurnedAwayError(503, "limited", "the pipeline is behind", again_secs=AGAIN_SECS)
        try:
            lines = lines_of(body, sender, self._now())
        except RefusedError as wrong:
            bucket.wait_secs(1, now_secs=self._now() / SECOND_MS)
            raise _TurnedAwayError(400, "malformed", str(wrong), faults=wrong.faults) from wrong
        bucket.wait_secs(max(1, len(lines)), now_secs=self._now() / SECOND_MS)
        self._number += 1
        waiting = Waiting(self._number, lines, len(body), asyncio.get_running_loop().create_future())
        if not lines:
            waiting.done.set_result(None)
            return waiting
        if key is not None:
            self._by_key[key] = waiting
            waiting.done.add_done_callback(lambda done: self._ended(key, cancelled=done.cancelled()))
        self._open.append(waiting)
        self._new.put_nowait(waiting)
        return waiting

    def _ended(self, key: str, *, cancelled: bool) -> None:
        """Know a message again only if it became safe."""
        self._by_key.pop(key, None)
        if cancelled:
            self._taken.forget(key)

    async def _body(self, request: Request, headers: dict[str, str]) -> bytes:
        """Read a body; of who shows nothing, or announces too much, none is read.

        Raises:
            _TurnedAwayError: it is not read.
        """
        if not says_who(headers, bearer=self._settings.bearer):
            raise _TurnedAwayError(401, "unsigned", "expected the three headers of a signature")
        announced, most = headers.get("content-length", ""), self._settings.max_body_bytes
        if announced.isascii() and announced.isdigit() and int(announced[:20]) > most:
            raise _TurnedAwayError(413, "malformed", f"expected a body of at most {most} bytes")
        if self._reading >= MAX_READING:
            raise _TurnedAwayError(503, "limited", "too many are sending", again_secs=AGAIN_SECS)
        self._reading += 1
        body = bytearray()
        try:
            async with asyncio.timeout(self._times.body):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > most:
                        raise _TurnedAwayError(413, "malformed", f"expected a body of at most {most} bytes")
        except TimeoutError as late:
            raise _TurnedAwayError(408, "malformed", "the body took too long") from late
        except ClientDisconnect as gone:
            raise _TurnedAwayError(400, "malformed", "the body did not come whole") from gone
        finally:
            self._reading -= 1
        return bytes(body)

    def _check_sender(self, sender: str, headers: dict[str, str], body: bytes) -> None:
        """Check who sends.

        Raises:
            _TurnedAwayError: nobody that is known, or the message is old.
        """
        known = sender in self._secrets
        secrets = self._secrets.get(sender, _NOBODY)
        # All of them, whichever holds, so that the time tells nothing.
        signed = sum(is_signed(secret, headers, body) for secret in secrets) > 0
        shown = sum(is_bearer(secret, headers) for secret in secrets) > 0 and self._settings.bearer
        if not known or not (signed or shown):
            raise _TurnedAwayError(401, "unsigned", "the signature does not hold")
        skew_secs = self._settings.clock_skew_secs
        if not shown and not is_timely(headers, now_secs=self._now() / SECOND_MS, skew_secs=skew_secs):
            told = f"expected a webhook-timestamp within {skew_secs:g} s of this clock"
            raise _TurnedAwayError(401, "unsigned", told)


def _queue() -> asyncio.Queue[Waiting | Counter[str] | None]:
    """Make the passage from requests to the stream: requests (at most ``MAX_WAITING``), a mark that some were refused, the end."""
    return asyncio.Queue()


class _TurnedAwayError(Exception):
    """A request is refused: with a status, a reason for the metrics, and what the sender is told."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        again_secs: int | None = None,
        faults: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.again_secs = again_secs
        self.faults = list(faults)
