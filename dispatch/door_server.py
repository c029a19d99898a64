"""The door, served from a thread with an event loop of its own."""

from __future__ import annotations

import socket
import threading
import time
from types import TracebackType
from typing import Final, Self

import uvicorn
from starlette.types import ASGIApp

START_SECS: Final = 20.0
STOP_SECS: Final = 5.0
MAX_CONNECTIONS: Final = 2_000
MAX_HEAD_BYTES: Final = 16_384


class DoorServer:
    """Serves an application from entering to leaving the context. Port 0 takes a free one.

    Args:
        app: the application.
        host: address to listen on.
        port: TCP port.

    Raises:
        OSError: the address is in use or not ours.
    """

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self._socket = socket.create_server((host, port))
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                ws="none",
                limit_concurrency=MAX_CONNECTIONS,
                h11_max_incomplete_event_size=MAX_HEAD_BYTES,
                timeout_graceful_shutdown=1,  # streams never end by themselves
            )
        )
        self._thread = threading.Thread(target=self._serve, name="door", daemon=True)

    @property
    def address(self) -> str:
        """Where it is found."""
        host, port = self._socket.getsockname()[:2]
        return f"http://{host}:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        until = time.monotonic() + START_SECS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > until:
                raise OSError("the door did not open")
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(STOP_SECS)
        self._socket.close()

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])
