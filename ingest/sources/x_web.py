"""Connections to X's API: how it refuses, why it ends a stream, and how long it asks to wait then.

Source: the documentation of X's API v2 (handling disconnections; recovery and redundancy; response codes and errors).
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import msgspec

from ingest.source import BrokenError
from ingest.sources.web import refused, web_client, web_errors
from ingest.sources.x_wire import Fault
from tocsin.time import MINUTE_MS, SECOND_MS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    import httpx

    from ingest.source import BreakReason, Policy

MAX_BACKFILL_MINUTES: Final = 5
MIN_OVERLAP_MS: Final = 30 * SECOND_MS
"""A post comes up to several seconds after it was written: so much earlier is asked for."""
MAX_ERROR_BYTES: Final = 65_536
"""Bytes of an answer that is an error that are looked at."""
_FAULTS: Final[dict[str, BreakReason]] = {
    "usage-capped": "budget_spent",
    "streaming-connection": "refused",
    "operational-disconnect": "closed",
    "client-disconnected": "too_slow",
    "rule-cap": "refused",
    "invalid-rules": "refused",
    "not-authorized-for-resource": "unauthorised",
    "client-forbidden": "unauthorised",
    "unsupported-authentication": "unauthorised",
}
"""Kinds of problems by the last part of their address."""


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """How long X asks to wait before connecting again; broken connections wait as the policy says (from 250 ms to 16 s)."""

    refused_ms: int = 5 * SECOND_MS
    """After an answer that is an error; doubled with each."""
    refused_max_ms: int = 320 * SECOND_MS
    limited_ms: int = MINUTE_MS
    """After a 429; doubled with each, and never before the limit ends."""


class Place(msgspec.Struct, frozen=True):
    """How far the stream was heard, and the reads of a month: what a cursor holds."""

    at: int
    month: str = ""
    reads: int = 0


class Connection(msgspec.Struct, frozen=True):
    """Where X's API is, and what is shown to it."""

    url: str
    token: str
    ca_path: Path | None = None
    waits: Waits = Waits()
    max_backfill_minutes: int = 0


class _Refusal(msgspec.Struct, frozen=True):
    title: str = ""
    type: str = ""
    detail: str = ""
    connection_issue: str = ""
    errors: tuple[Fault, ...] = ()


class Failures:
    """Counts refusals in a row: each waits twice as long as the last."""

    def __init__(self, waits: Waits, now: Callable[[], int]) -> None:
        self._waits = waits
        self._now = now
        self._count = 0

    def forget(self) -> None:
        """Begin anew: the stream gave something."""
        self._count = 0

    def of(self, answer: httpx.Response, body: bytes) -> BrokenError:
        """Give the error of an answer that is none of a stream."""
        told = refused(answer, self._now())
        problems = _problems(body)
        reason = reason_of(problems) or told.reason
        detail = f"{told.detail} {kinds(problems)}".strip()
        return self.broken(reason, detail, limited=answer.status_code == 429, asked_ms=told.retry_after_ms)

    def broken(
        self, reason: BreakReason, detail: str, *, limited: bool = False, asked_ms: int | None = None
    ) -> BrokenError:
        """Give an error with how long to wait."""
        waits = self._waits
        first_ms = waits.limited_ms if limited else waits.refused_ms
        wait_ms = max(asked_ms or 0, min(waits.refused_max_ms, first_ms * 2 ** min(self._count, 16)))
        if reason == "budget_spent":
            wait_ms = max(wait_ms, waits.refused_max_ms)
        self._count += 1
        return BrokenError(reason, detail, retry_after_ms=wait_ms)


def x_client(connection: Connection, policy: Policy) -> httpx.AsyncClient:
    """Give a client that shows the token."""
    return web_client(
        secure=connection.url.startswith("https:"),
        ca_path=connection.ca_path,
        timeout_secs=policy.connect_ms / SECOND_MS,
        token=connection.token,
    )


@asynccontextmanager
async def open_stream(
    client: httpx.AsyncClient, address: str, asked: dict[str, str], failures: Failures
) -> AsyncIterator[httpx.Response]:
    """Connect to a stream; silence on it is watched by the listener, for which heartbeats count.

    Raises:
        BrokenError: it is refused, or ended.
    """
    async with web_errors(), client.stream("GET", address, params=asked, timeout=None) as answer:
        if answer.status_code != 200:
            raise failures.of(answer, await body_of(answer, MAX_ERROR_BYTES))
        yield answer


async def body_of(answer: httpx.Response, most: int) -> bytes:
    """Read an answer up to so many bytes and one part more; what is behind is not read."""
    body = b""
    async for part in answer.aiter_bytes():
        body += part
        if len(body) > most:
            break
    return body


def backfill(before: Place | None, most_minutes: int, overlap_ms: int, now_at: int) -> tuple[int, int | None]:
    """Give the minutes to ask for and the instant from which the stream then goes on without a hole."""
    if before is None or not before.at or not most_minutes:
        return 0, None
    away_ms = max(0, now_at - before.at) + max(overlap_ms, MIN_OVERLAP_MS)
    minutes = min(most_minutes, MAX_BACKFILL_MINUTES, max(1, -(-away_ms // MINUTE_MS)))
    return minutes, max(before.at, now_at - minutes * MINUTE_MS)


def _problems(body: bytes) -> tuple[Fault, ...]:
    """Give the problems that an answer tells; none where it tells them in no form that is known (a proxy's page)."""
    try:
        told = msgspec.json.decode(body, type=_Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ()
    own = Fault(title=told.title, type=told.type, connection_issue=told.connection_issue)
    return (own, *told.errors) if told.type or told.title else told.errors


def reason_of(problems: Sequence[Fault]) -> BreakReason | None:
    """Give what problems mean for a connection, or ``None`` where they are of no kind that is known."""
    return next((_FAULTS[kind] for kind in map(kind_of, problems) if kind in _FAULTS), None)


def kind_of(problem: Fault) -> str:
    """Give the kind of a problem: the end of its address, in one of the two manners in which X writes them."""
    return problem.type.rstrip("/").rpartition("#")[2].rpartition("/")[2]


def kinds(problems: Sequence[Fault]) -> str:
    """Name problems for the log, by their kinds only: their details may quote a rule."""
    return ", ".join(sorted({kind_of(problem)[:64] for problem in problems if problem.type}))


def raise_if_ended(problems: Sequence[Fault], failures: Failures) -> None:
    """Raise what a line of errors without a post means: the stream ends, and X says why.

    Raises:
        BrokenError: always, if there is any problem.
    """
    if not problems:
        return
    reason = reason_of(problems) or "closed"
    if reason == "closed":  # a restart on their side: they ask to connect again at once
        raise BrokenError(reason, kinds(problems))
    raise failures.broken(reason, kinds(problems), limited="streaming-connection" in map(kind_of, problems))
