"""X: the filtered stream. Lines of JSON over an endless answer, and a line feed every 20 s.

What is missed in a break of up to five minutes can be asked for again (``backfill_minutes``) where the account allows it; of a longer
one the gap is told. Reads are paid: they are counted by calendar month, the count travels in the cursor, and at its end the source rests.

Source: the documentation of X's API v2 (filtered stream; consuming streaming data).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from ingest.lines import unreadable
from ingest.source import BrokenError, Opened, Received
from ingest.sources import x_wire as wire
from ingest.sources import x_words as words
from ingest.sources.socket import without_secrets
from ingest.sources.web import lines_of_stream, web_errors
from ingest.sources.x_rules import Rule, change
from ingest.sources.x_web import (
    Failures,
    Place,
    backfill,
    body_of,
    kind_of,
    kinds,
    open_stream,
    raise_if_ended,
    reason_of,
    x_client,
)
from tocsin.time import SECOND_MS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    import httpx

    from ingest.recent import Recent
    from ingest.source import Cursor, Policy
    from ingest.sources.x_web import Connection

STREAM: Final = "/2/tweets/search/stream"
RULES: Final = "/2/tweets/search/stream/rules"
MAX_RULES_BYTES: Final = 8 << 20
"""Bytes of an answer about rules; X holds at most a thousand."""
SETTLE_MS: Final = 20 * SECOND_MS
"""How long what was missed may be coming among what is new."""


class FilteredStream:
    """The posts that match the rules.

    Args:
        name: of the source.
        connection: where X is.
        policy: how it is kept.
        rules: that shall stand on X.
        monthly_reads: posts that may be read in a calendar month (UTC).
        languages: of the posts that are heard.
        now: the clock, UTC milliseconds.
        known: posts that were heard, shared with the compliance streams.
        recent: versions that came lately.
    """

    def __init__(  # noqa: PLR0913 - each is a part of the outside world
        self,
        name: str,
        connection: Connection,
        policy: Policy,
        *,
        rules: Sequence[Rule],
        monthly_reads: int,
        languages: frozenset[str],
        now: Callable[[], int],
        known: words.Known,
        recent: Recent,
    ) -> None:
        self.name = name
        self.policy = policy
        self._connection = connection
        self._rules = rules
        self._monthly_reads = monthly_reads
        self._languages = languages
        self._now = now
        self._known = known
        self._recent = recent
        self._failures = Failures(connection.waits, now)
        self._place = Place(0)
        self._settled_at = 0

    async def listen(self, cursor: Cursor | None, now_at: int) -> AsyncIterator[Opened | Received]:
        """Set the rules, connect, and give posts until the connection ends."""
        before = None if cursor is None else msgspec.json.decode(cursor, type=Place)
        self._place = Place(0) if before is None else before
        self._check_budget()
        minutes, since = backfill(before, self._connection.max_backfill_minutes, self.policy.overlap_ms, now_at)
        async with x_client(self._connection, self.policy) as client:
            await self._set_rules(client)
            asked = words.FIELDS | ({"backfill_minutes": str(minutes)} if minutes else {})
            async with open_stream(client, self._connection.url + STREAM, asked, self._failures) as answer:
                yield Opened(since, without_secrets(self._connection.url + STREAM))
                self._settled_at = now_at if since is None else now_at + SETTLE_MS
                # Should the connection end before its first post, the next one begins here.
                yield Received(cursor=self._cursor(now_at))
                async for line in lines_of_stream(answer):
                    if not line.strip():
                        self._settled_at = self._now()  # silence: all that was missed has come
                        yield Received(cursor=self._cursor(self._settled_at), size=len(line) + 2)
                        continue
                    yield self._event(line)
                    self._failures.forget()
                    self._check_budget()

    async def _set_rules(self, client: httpx.AsyncClient) -> None:
        """Make the rules on X those that are wanted; first those go that are ours no more, as there may be no room for both.

        Raises:
            BrokenError: X does not take them, or does not answer.
        """
        wanted = change(self._rules, await self._ask(client, "GET", None))
        if wanted.delete:
            await self._ask(client, "POST", {"delete": {"ids": wanted.delete}})
        if wanted.add:
            await self._ask(client, "POST", {"add": [{"value": rule.value, "tag": rule.tag} for rule in wanted.add]})

    async def _ask(self, client: httpx.AsyncClient, method: str, body: object) -> tuple[Rule, ...]:
        raw = None if body is None else msgspec.json.encode(body)
        headers = {"Content-Type": "application/json"}
        address = self._connection.url + RULES
        async with web_errors(), client.stream(method, address, content=raw, headers=headers) as answer:
            said = await body_of(answer, MAX_RULES_BYTES)
        if answer.status_code not in (200, 201):
            raise self._failures.of(answer, said)
        try:
            told = msgspec.json.decode(said, type=_Rules)
        except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
            raise BrokenError("bad_stream", "an answer about rules that cannot be read") from wrong
        faults = [fault for fault in told.errors if kind_of(fault) != "duplicate-rules"]
        if faults:
            raise self._failures.broken(reason_of(faults) or "refused", f"rules: {kinds(faults)}")
        return told.data

    def _event(self, line: bytes) -> Received:
        try:
            read = wire.message.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._count()  # it may have been a post
            return unreadable(line)
        if read.data is None:
            raise_if_ended(read.errors, self._failures)
            return Received(size=len(line))
        try:
            return self._post(read, read.data, len(line))
        except ValueError:
            self._count()
            return unreadable(line)

    def _post(self, read: wire.Message, post: wire.Post, size: int) -> Received:
        """Give a post; what came before, or was edited since, is not given again."""
        now_at = self._now()
        lines = words.lines_of(read, self._known, now_at)
        again = self._recent.again(post.id, now_at)
        if not again:
            self._count()
        cursor = self._cursor(now_at)
        if again or words.is_overtaken(post, self._known):
            return Received(cursor=cursor, size=size, repeated=1)
        reason = words.left_out(read, now_at, self._languages)
        if reason is not None:
            return Received(lines=lines[:-1], cursor=cursor, size=size, filtered=reason)
        versions = words.versions_of(post)
        self._known.heard(versions[0], versions, post.author_id, now_at)
        return Received(lines=lines, cursor=cursor, size=size, sheddable=len(lines) == 1)

    def _cursor(self, now_at: int) -> Cursor:
        """Give where to go on; while what was missed is still coming, that is where the last connection ended."""
        if now_at >= self._settled_at:
            self._place = msgspec.structs.replace(self._place, at=now_at)
        return msgspec.json.encode(self._place)

    def _count(self) -> None:
        month = month_of(self._now())
        reads = self._place.reads + 1 if self._place.month == month else 1
        self._place = msgspec.structs.replace(self._place, month=month, reads=reads)

    def _check_budget(self) -> None:
        now_at = self._now()
        if self._place.month == month_of(now_at) and self._place.reads >= self._monthly_reads:
            detail = f"{self._place.reads} posts read in {self._place.month}"
            raise BrokenError("budget_spent", detail, retry_after_ms=month_end(now_at) - now_at)


def month_of(at: int) -> str:
    """Give the calendar month (UTC) of an instant.

    >>> month_of(1_795_320_000_000)
    '2026-11'
    """
    return datetime.fromtimestamp(at / SECOND_MS, UTC).strftime("%Y-%m")


def month_end(at: int) -> int:
    """Give the instant (UTC milliseconds) at which the month of an instant ends.

    >>> month_of(month_end(1_795_320_000_000)), month_of(month_end(1_795_320_000_000) - 1)
    ('2026-12', '2026-11')
    """
    then = datetime.fromtimestamp(at / SECOND_MS, UTC)
    year, month = (then.year + 1, 1) if then.month == 12 else (then.year, then.month + 1)
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp()) * SECOND_MS


class _Rules(msgspec.Struct, frozen=True):
    data: tuple[Rule, ...] = ()
    errors: tuple[wire.Fault, ...] = ()
