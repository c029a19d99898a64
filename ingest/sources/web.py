"""HTTP connections, with every way in which one fails named by the closed list of ``BreakReason``."""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import httpx

from ingest.source import BrokenError
from ingest.sources.socket import MAX_FRAME_BYTES, USER_AGENT, retry_after_ms, tls
from tocsin.time import parse_instant

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from ingest.source import BreakReason

_STATUS: Final[dict[int, BreakReason]] = {
    401: "unauthorised",
    403: "unauthorised",
    402: "budget_spent",
    429: "rate_limited",
}


def web_client(
    *, secure: bool, ca_path: Path | None, timeout_secs: float, token: str | None = None
) -> httpx.AsyncClient:
    """Give a client that checks certificates; the token goes into a header, never into an address."""
    headers = {"User-Agent": USER_AGENT}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return httpx.AsyncClient(
        verify=tls(ca_path) if secure else False,
        headers=headers,
        timeout=httpx.Timeout(timeout_secs),
        limits=httpx.Limits(max_connections=32, max_keepalive_connections=16),
    )


@asynccontextmanager
async def web_errors() -> AsyncIterator[None]:
    """Turn what the HTTP library raises into a ``BrokenError``."""
    try:
        yield
    except httpx.TimeoutException as late:
        raise BrokenError("unreachable", type(late).__name__) from late
    except httpx.ConnectError as away:
        certificate = isinstance(_root(away), ssl.SSLError)
        raise BrokenError("tls" if certificate else "unreachable", type(_root(away)).__name__) from away
    except httpx.HTTPError as ended:
        raise BrokenError("closed", type(ended).__name__) from ended


def refused(answer: httpx.Response, now_at: int) -> BrokenError:
    """Give the error of an answer that is not 200."""
    after_ms = retry_after_ms(answer.headers.get("Retry-After"), now_at)
    reset = answer.headers.get("X-RateLimit-Reset") or answer.headers.get("x-rate-limit-reset")
    if after_ms is None and reset and answer.status_code == 429:
        after_ms = _until(reset, now_at)
    reason = _STATUS.get(answer.status_code, "refused")
    return BrokenError(reason, f"HTTP {answer.status_code}", retry_after_ms=after_ms)


async def lines_of_stream(answer: httpx.Response) -> AsyncIterator[bytes]:
    """Give the lines of an endless answer without their ends (line feed, carriage return, or both).

    Raises:
        BrokenError: a line is longer than ``MAX_FRAME_BYTES``.
    """
    carry = b""
    async for chunk in answer.aiter_bytes():
        whole = (carry + chunk).replace(b"\r\n", b"\n")
        ended_within = whole.endswith(b"\r")  # its line feed may be still to come
        whole = (whole[:-1] if ended_within else whole).replace(b"\r", b"\n")
        *lines, carry = whole.split(b"\n")
        carry += b"\r" if ended_within else b""
        for line in lines:
            yield line
        if len(carry) > MAX_FRAME_BYTES:
            raise BrokenError("bad_stream", f"a line of more than {MAX_FRAME_BYTES} bytes")


def _until(reset: str, now_at: int) -> int | None:
    """Read when a limit ends: an instant (Mastodon) or epoch seconds (X)."""
    try:
        at = int(reset) * 1_000 if reset.isdigit() else parse_instant(reset)
    except (ValueError, OverflowError):
        return None
    return max(0, at - now_at)


def _root(error: BaseException) -> BaseException:
    below = error.__cause__ or error.__context__
    return error if below is None else _root(below)
