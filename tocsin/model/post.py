"""What sources give: posts, how far each source was heard, and what was taken back."""

from __future__ import annotations

from typing import Literal

import msgspec

from tocsin.model.place import Point


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """A public post that passed the term gate; every identity in it is a keyed hash."""

    id: str
    source: str
    author: str
    event_at: int
    """The claimed time clamped to ``[received_at - lateness, received_at]``."""
    received_at: int
    """The stream's own monotone clock."""
    age_ms: int = 0
    """How much older than ``event_at`` the post claims to be (clock skew, backfill); negative when it claims the future."""
    text: str
    lang: str | None = None
    """BCP 47 primary subtag, lower case; ``None`` when the source did not say."""
    point: Point | None = None
    profile_place: str | None = None
    repost_of: str | None = None
    reply_to: str | None = None
    gate: tuple[str, ...] = ()
    """Identities of the lexicon entries that opened the gate."""
    sealed: bytes = b""
    """On a broker: text, profile place, point and link to the original, sealed; the fields themselves are then empty."""


class Exposure(msgspec.Struct, frozen=True, array_like=True):
    """A source had so many posts, gated or not, in the pane that starts at ``pane_start_at``."""

    pane_start_at: int
    source: str
    posts: int


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Source ``origin`` was heard up to ``up_to_at`` and gave ``posts`` posts since the last record: watermark and exposure.

    On a broker it ends each record of posts and travels with it to the detector; ``step`` numbers the records of one origin in one
    partition without a hole, so that a record sent twice is known and a lost one is missed.
    """

    origin: str
    up_to_at: int
    posts: int = 0
    partition: int = 0
    """The ``posts`` partition that carried the record."""
    step: int = 0
    """Number of the record within its origin and partition, from 0."""
    ended: bool = False
    """The origin has said all it will ever say."""
    exposures: tuple[Exposure, ...] = ()
    """Carried by partition 0 alone."""
    tally: dict[str, int] = {}
    """What became of the items behind the record, by ``stage.outcome`` or ``stage.outcome.reason``."""


class Retraction(msgspec.Struct, frozen=True, kw_only=True):
    """A post was deleted or edited, or its account removed."""

    post_id: str
    at: int
    reason: Literal["deleted", "edited", "account"] = "deleted"
    also: tuple[str, ...] = ()
    """Further posts that are gone: the same one under the key of the day before, or those of the account."""

    @property
    def post_ids(self) -> tuple[str, ...]:
        """All posts that it is about."""
        return (self.post_id, *self.also)


class SourceGap(msgspec.Struct, frozen=True, kw_only=True):
    """A source was not heard from ``from_at`` to ``to_at`` (``None``: still away; its origin leaves the watermark)."""

    origin: str
    from_at: int
    to_at: int | None = None
    filled: bool = False
