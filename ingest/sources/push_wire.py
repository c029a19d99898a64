"""The socket of HTTP push: where it listens, and how long a connection may stand without saying what it wants."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from ingest.source import BrokenError

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from tocsin.settings.sources import PushSettings

HEAD_SECS: Final = 10.0
"""How long a connection may take to send the head of a request, from its opening or from the last answer on."""
MAX_CONNECTIONS: Final = 256
"""Connections that stand at once; a further one is answered with 503."""
MAX_HEAD_BYTES: Final = 16_384
BACKLOG: Final = 64
STOP_SECS: Final = 2
"""How long requests may still be answered when the server ends."""


class TimedProtocol(H11Protocol):
    """HTTP/1.1 that ends a connection whose next request does not come whole in time: one byte now and then keeps nothing open."""

    head_secs = HEAD_SECS
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(self.head_secs, self._end_if_idle)

    def _end_if_idle(self) -> None:
        cycle: RequestResponseCycle | None = self.cycle  # none yet before the first request
        if cycle is None or cycle.response_complete:
            self.transport.close()


def server_of(app: Starlette, settings: PushSettings, protocol: type[TimedProtocol] = TimedProtocol) -> uvicorn.Server:
    """Make the server of an application, not yet started."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=protocol,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            proxy_headers=False,
            limit_concurrency=MAX_CONNECTIONS,
            h11_max_incomplete_event_size=MAX_HEAD_BYTES,
            timeout_keep_alive=int(HEAD_SECS),
            timeout_graceful_shutdown=STOP_SECS,
            ssl_certfile=None if settings.cert_path is None else str(settings.cert_path),
            ssl_keyfile=None if settings.key_path is None else str(settings.key_path),
        )
    )


def bind(host: str, port: int) -> socket.socket:
    """Listen on an address.

    Raises:
        BrokenError: it is taken, or not ours.
    """
    try:
        listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise BrokenError("unreachable", f"cannot listen on {host}: {error.strerror or error}") from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise BrokenError("unreachable", f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    return listening
