"""What a source is: a connection to a public network, as an async iterator of what came over it.

A source knows one network's transport and words, nothing else. It turns each post into the line record that ``tocsin replay`` reads, so
everything behind it (normalise, gate, order, late, conservation) stays one way. Reconnecting, back-off, the stall watchdog, rates, gaps and
back-pressure are the same for all (``ingest.listen``), told apart by a ``Policy`` that is plain data.

Others add a source without touching this tree: an entry point of the group ``tocsin.sources`` names a callable that takes a name and a
table of options and gives a ``Source`` (``ingest.sources.found``).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, Literal, Protocol, runtime_checkable

import msgspec

from tocsin.time import MINUTE_MS, SECOND_MS

Cursor = bytes
"""Where to go on after a break; opaque to all but its source. It holds no name, handle, native id of a post, or text."""
MAX_CURSOR_BYTES: Final = 262_144

BreakReason = Literal[
    "closed",
    "unreachable",
    "tls",
    "refused",
    "unauthorised",
    "rate_limited",
    "cursor_too_old",
    "too_slow",
    "stalled",
    "bad_stream",
    "budget_spent",
]
BREAK_REASONS: Final[dict[BreakReason, str]] = {
    "closed": "The connection ended, from the other side or on the way.",
    "unreachable": "Nothing answers at the address.",
    "tls": "The certificate does not hold, or the handshake failed.",
    "refused": "The network answered, and not with a stream.",
    "unauthorised": "The token or the account is not accepted.",
    "rate_limited": "The network asks to come back later.",
    "cursor_too_old": "The network no longer has what the cursor points at.",
    "too_slow": "The network let go because it was read too slowly.",
    "stalled": "The connection stood and its clock did not move.",
    "bad_stream": "What came breaks the protocol so that nothing after it can be read.",
    "budget_spent": "The budget of reads is spent until the next period.",
}
"""Why a connection ended, for the operator who reads the metric."""


DOOR_REASONS: Final = {
    "language": "The post is in a language that the settings leave out.",
    "old": "The post claims to be older than a day: an archive that is being imported, not something happening now.",
    "not_public": "The post is not public.",
    "empty": "The post has no text.",
    "unknown": "A deletion names a post that was not heard here within the hour, by a number that means nothing else.",
    "unsigned": "A pushed request that is signed by nobody who is known, or was long ago.",
    "malformed": "A pushed request that cannot be read, is too large, or came too slowly.",
    "limited": "A pushed request that was told to come again.",
    "sampled": "More came than can be read in time, and only a declared share is heard.",
}
"""Why a source leaves out a post at its door."""


class PostLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A post as a line: the fields of the line record, then native facts on which the consent rules decide.

    A fact is ``None`` where the network does not say. Instants are ISO 8601.
    """

    id: str
    source: str
    """The network (``bluesky``, ``mastodon``, ``x``, a feed's own name), not the connection."""
    created_at: str
    author: str
    text: str
    lang: str | None = None
    lat: float | None = None
    lon: float | None = None
    place: str | None = None
    """The place of the author's profile, the only part of a profile that is kept."""
    repost_of: str | None = None
    reply_to: str | None = None
    link: str | None = None
    """Address of the original, where the network has one; it is sealed with the text."""
    indexable: bool | None = None
    """Mastodon: the author lets public posts be found by search."""
    noindex: bool | None = None
    """Mastodon: the author asks search engines to stay away."""
    bot: bool | None = None
    """The account says that it is automated."""
    labels: tuple[str, ...] = ()
    """Labels that the author put on the post or the account (Bluesky self-labels such as ``!no-unauthenticated``)."""


class RetractLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A post is gone or was edited (then its new text follows as a ``PostLine`` of the same id)."""

    retract: str
    at: str
    reason: Literal["deleted", "edited", "account"] = "deleted"


class AccountLine(msgspec.Struct, frozen=True, kw_only=True):
    """An account was removed, suspended or deactivated: all its posts are gone."""

    retract_author: str
    source: str
    at: str
    reason: Literal["account"] = "account"


Line = PostLine | RetractLine | AccountLine


class Received(msgspec.Struct, frozen=True, gc=False):
    """What one event of the stream gives."""

    lines: tuple[bytes, ...] = ()
    """JSON lines for the pipeline, none for an event that is not about posts; a frame that cannot be read is given as it came."""
    stream_at: int | None = None
    """The stream's own clock, UTC milliseconds; ``None`` where it has none."""
    cursor: Cursor | None = None
    """Where to go on after this event; ``None`` where it does not move."""
    size: int = 0
    """Bytes that came over the wire."""
    passed: int = 0
    """Events before this one that gave nothing and were not handed on one by one."""
    repeated: int = 0
    """Events among them that had come before (an overlap on reconnect)."""
    filtered: str | None = None
    """Why its post was left out at the source's door, of ``DOOR_REASONS``."""
    sheddable: bool = False
    """It holds one new post and nothing else, so it may be left out when posts are sampled."""


class Opened(msgspec.Struct, frozen=True):
    """The connection stands."""

    resumed_from: int | None
    """The stream goes on without a hole from this instant (UTC milliseconds); ``None``: from now."""
    address: str = ""
    """Where it leads, for the log: scheme, host and path, never a token."""


class Missed(msgspec.Struct, frozen=True):
    """The source knows that it missed what the network had from one instant to another (UTC milliseconds)."""

    from_at: int
    to_at: int


Event = Received | Opened | Missed


class BrokenError(Exception):
    """A connection ended; the message is for the log and holds no token, handle or text.

    Args:
        reason: of the closed list.
        detail: what happened.
        retry_after_ms: how long the network asks to wait.
    """

    def __init__(self, reason: BreakReason, detail: str = "", *, retry_after_ms: int | None = None) -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason: BreakReason = reason
        self.detail = detail
        self.retry_after_ms = retry_after_ms


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How a source is kept connected, as data."""

    backoff_min_ms: int = SECOND_MS
    backoff_max_ms: int = 2 * MINUTE_MS
    healthy_ms: int = MINUTE_MS
    """The back-off begins anew only after a connection that gave events for so long."""
    stall_ms: int | None = 30 * SECOND_MS
    """A connection whose clock has not moved for so long is ended; ``None`` for streams that may rightly be silent."""
    connect_ms: int = 30 * SECOND_MS
    """How long connecting may take, up to ``Opened``."""
    overlap_ms: int = 5 * SECOND_MS
    """How far before the break a reconnect asks, where cursors are times: networks reorder at the seam of replay and live."""
    backfill_ms: int = 15 * MINUTE_MS
    """What is older is not asked for and not heard: it would look as if it were happening now."""
    max_items_per_sec: float | None = None
    max_bytes_per_sec: float | None = None
    """Past these the socket is not read, so that the network holds back."""
    shed_after_ms: int | None = None
    """Past this lag of the stream's clock, posts are sampled, as a last resort, and it is said; ``None`` never samples."""


class Source(Protocol):
    """One connection to one network."""

    name: str
    """Unique in a deployment, printable, without ``@``; it labels metrics and keys the cursor."""
    policy: Policy

    def listen(self, cursor: Cursor | None, now_at: int) -> AsyncIterator[Event]:
        """Connect and give events until the connection ends; ``Opened`` comes first.

        Args:
            cursor: the last one handed on, or ``None`` to begin with what is new.
            now_at: the clock, UTC milliseconds; it bounds how far back may be asked.

        Raises:
            BrokenError: the connection ended. Called again, it connects again.
        """
        ...


@runtime_checkable
class Answering(Protocol):
    """A source whose senders wait for word that what they sent is safe."""

    name: str

    def settled(self, cursor: Cursor) -> None:
        """Hear, in the loop of the sources, that everything up to a cursor was consumed or is kept."""
        ...
