"""WebSocket connections, with every way in which one ends named by the closed list of ``BreakReason``."""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit, urlunsplit

from websockets.asyncio.client import connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    InvalidURI,
    PayloadTooBig,
    WebSocketException,
)
from websockets.typing import Subprotocol

from ingest.source import BrokenError
from tocsin.time import SECOND_MS, of_datetime

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from websockets.asyncio.client import ClientConnection

    from ingest.source import BreakReason

MAX_FRAME_BYTES: Final = 8 << 20
MAX_WAITING_FRAMES: Final = 64
"""Frames that wait in the library before the socket is not read any more."""
PING_SECS: Final = 10.0
"""A half-open connection is known within twice this."""
MAX_CONTEXTS: Final = 8
"""Files of certificates that are held; hundreds of feeds share one."""
USER_AGENT: Final = "tocsin (early signals of emergencies for dispatch centres)"
_STATUS: Final[dict[int, BreakReason]] = {401: "unauthorised", 403: "unauthorised", 429: "rate_limited"}


class HandshakeError(BrokenError):
    """The other side answered the handshake with a status; its body may say more."""

    def __init__(self, status: int, body: bytes, retry_after_ms: int | None) -> None:
        super().__init__(_STATUS.get(status, "refused"), f"HTTP {status}", retry_after_ms=retry_after_ms)
        self.status = status
        self.body = body


@asynccontextmanager
async def open_socket(
    address: str,
    *,
    subprotocols: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    compression: str | None = "deflate",
    ca_path: Path | None = None,
) -> AsyncIterator[ClientConnection]:
    """Open a WebSocket; whatever ends it leaves the context as a ``BrokenError``.

    Raises:
        BrokenError: it cannot be opened, or ended.
    """
    options: dict[str, Any] = {"ssl": tls(ca_path)} if address.startswith("wss:") else {}
    connecting = connect(
        address,
        subprotocols=[Subprotocol(name) for name in subprotocols] or None,
        additional_headers=dict(headers or {}),
        compression=compression,
        user_agent_header=USER_AGENT,
        max_size=MAX_FRAME_BYTES,
        max_queue=MAX_WAITING_FRAMES,
        ping_interval=PING_SECS,
        ping_timeout=PING_SECS,
        open_timeout=None,  # the caller watches
        close_timeout=2.0,
        **options,
    )
    try:
        async with connecting as socket:
            yield socket
    except InvalidStatus as refused:
        answer = refused.response
        after_ms = retry_after_ms(answer.headers.get("Retry-After"))
        raise HandshakeError(answer.status_code, bytes(answer.body or b""), after_ms) from refused
    except ConnectionClosed as closed:
        raise broken_by(closed) from closed
    except (InvalidURI, InvalidHandshake) as refused:
        raise BrokenError("refused", type(refused).__name__) from refused
    except WebSocketException as wrong:
        raise BrokenError("bad_stream", type(wrong).__name__) from wrong
    except ssl.SSLError as wrong:
        raise BrokenError("tls", wrong.reason or type(wrong).__name__) from wrong
    except OSError as away:
        raise BrokenError("unreachable", away.strerror or type(away).__name__) from away


def broken_by(closed: ConnectionClosed) -> BrokenError:
    """Say why a connection was closed: by whom, and with which code (RFC 6455, section 7.4)."""
    if isinstance(closed.__cause__, PayloadTooBig) or (closed.sent is not None and closed.sent.code == 1009):
        return BrokenError("bad_stream", f"a frame of more than {MAX_FRAME_BYTES} bytes")
    code = closed.rcvd.code if closed.rcvd is not None else 1006
    reason: BreakReason = "too_slow" if closed.rcvd is not None and "slow" in closed.rcvd.reason.lower() else "closed"
    return BrokenError(reason, f"code {code}")


@lru_cache(maxsize=MAX_CONTEXTS)
def tls(ca_path: Path | None) -> ssl.SSLContext:
    """Give a context that checks certificates, against the system's authorities or those of a file; it is read once.

    Raises:
        BrokenError: the file holds no certificates.
    """
    try:
        return ssl.create_default_context(cafile=None if ca_path is None else str(ca_path))
    except (OSError, ssl.SSLError) as wrong:
        raise BrokenError("tls", f"{ca_path}: no readable certificates") from wrong


def retry_after_ms(header: str | None, now_at: int | None = None) -> int | None:
    """Read a ``Retry-After`` header: seconds, or an HTTP date (RFC 9110, section 10.2.3), which needs a clock.

    >>> retry_after_ms("120"), retry_after_ms("soon"), retry_after_ms(None)
    (120000, None, None)
    >>> retry_after_ms("Thu, 01 Jan 1970 00:01:00 GMT", now_at=15_000)
    45000
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text) * SECOND_MS
    if not text or now_at is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0, of_datetime(moment) - now_at) if moment.tzinfo is not None else None


def without_secrets(address: str) -> str:
    """Give scheme, host and path of an address, for a log: its query may hold a token.

    >>> without_secrets("wss://a.example/stream?access_token=x")
    'wss://a.example/stream'
    """
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
