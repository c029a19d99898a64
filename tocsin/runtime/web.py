"""An application served from a thread with an event loop of its own: the console, and the door for programs."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING, Final, Self

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from starlette.types import ASGIApp

START_SECS: Final = 20.0
STOP_SECS: Final = 5.0
CLOSE_SECS: Final = 1
"""Open streams never end by themselves: they are cut so long after the end was asked for."""
MAX_CONNECTIONS: Final = 2_000
MAX_HEAD_BYTES: Final = 16_384


class WebServer:
    """Serves an application from entering to leaving the context. Port 0 takes a free one.

    Args:
        app: the application.
        host: address to listen on.
        port: TCP port.
        name: of the thread.
        certificate: path of the TLS certificate chain (PEM); empty: no TLS, for loopback or behind a proxy that ends TLS.
        key: path of its key.

    Raises:
        OSError: the address is in use or not ours, or the certificate cannot be read.
    """

    def __init__(  # noqa: PLR0913 - where, and under which certificate
        self, app: ASGIApp, host: str, port: int, *, name: str, certificate: str = "", key: str = ""
    ) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            ws="none",
            limit_concurrency=MAX_CONNECTIONS,
            h11_max_incomplete_event_size=MAX_HEAD_BYTES,
            timeout_graceful_shutdown=CLOSE_SECS,
            ssl_certfile=certificate or None,
            ssl_keyfile=key or None,
        )
        config.load()  # here, and not in the thread: a bad certificate is the caller's to hear of
        self._scheme = "https" if certificate else "http"
        self._socket = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self._server = uvicorn.Server(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)

    @property
    def address(self) -> str:
        """Where it is found."""
        host, port = self._socket.getsockname()[:2]
        return f"{self._scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    def soon(self, action: Callable[[], None]) -> None:
        """Do something in the application's loop, from any thread; before the start and after the end nothing is done."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(action)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._started.wait(START_SECS):
            raise OSError(f"{self.address}: the server did not start within {START_SECS:g} s")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(STOP_SECS)
        self._socket.close()

    def _serve(self) -> None:
        async def main() -> None:
            self._loop = asyncio.get_running_loop()
            self._loop.call_soon(self._started.set)
            await self._server.serve(sockets=[self._socket])

        asyncio.run(main())
