"""The page of a running Tocsin: ``/metrics`` for Prometheus, ``/healthz`` (it lives) and ``/readyz`` (all stages are loaded)."""

from __future__ import annotations

import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final, Self

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from tocsin.runtime.metrics import READY

if TYPE_CHECKING:
    from types import TracebackType

    from tocsin.runtime.metrics import Metrics

REQUEST_SECS: Final = 5.0
"""A request that takes longer is dropped: a silent client must not hold a thread for ever."""
_TEXT: Final = "text/plain; charset=utf-8"


class HealthServer:
    """Serves the page from a thread, from entering to leaving the context. Port 0 takes a free one.

    Raises:
        OSError: the address is in use or not ours.
    """

    def __init__(self, metrics: Metrics, host: str, port: int) -> None:
        class Page(BaseHTTPRequestHandler):
            timeout = REQUEST_SECS

            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                if path == "/metrics":
                    self._answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(metrics.registry))
                elif path == "/healthz":
                    self._answer(HTTPStatus.OK, _TEXT, b"alive\n")
                elif path == "/readyz":
                    ready = metrics.value(READY) > 0
                    status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
                    self._answer(status, _TEXT, b"ready\n" if ready else b"starting\n")
                else:
                    self._answer(HTTPStatus.NOT_FOUND, _TEXT, b"expected /metrics, /healthz or /readyz\n")

            def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
                """Write nothing: a page read every few seconds is no event."""

        self._server = ThreadingHTTPServer((host, port), Page)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    @property
    def address(self) -> str:
        """Where it listens, as ``host:port``."""
        host, port = self._server.server_address[:2]
        return f"{host if isinstance(host, str) else host.decode()}:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
