"""Normalisation: lines of JSON become columns of times, drafts of posts, retractions and dead letters; each line has one outcome.

Pure: the same lines give the same result, whatever block they come in. Nothing here raises on input.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from ingest.consent import Facts, Rules, Withheld
from ingest.record import (
    EARLIEST_AT,
    LATEST_AT,
    MAX_NAME_CHARS,
    Limits,
    PlainPost,
    Record,
    Refused,
    check_position,
    instant_of,
    is_plain,
    name_of,
    read,
    required,
    source_of,
)
from ingest.redact import shape
from tocsin.model import DeadLetter
from tocsin.time import parse_instant

if TYPE_CHECKING:
    import numpy.typing as npt

    from ingest.block import Block

STAGE: Final = "ingest"


class Outcome(IntEnum):
    """What became of a line here."""

    BLANK = 0
    """Nothing but white space: not counted as received."""
    DEAD = 1
    RETRACTION = 2
    POST = 3
    WITHHELD = 4
    """A post that is not heard, at the word of its author or of the operator."""


class Draft(msgspec.Struct, frozen=True, gc=False):
    """A readable post before the gate: still in the words and names of its source, so it never leaves this process."""

    index: int
    """Which line of the block it is."""
    text: str
    """As it was written."""
    source: str
    created_at: int
    event_at: int
    received_at: int
    record: Record

    @property
    def id(self) -> str:
        """The id that its source gave it."""
        return str(self.record.id)

    @property
    def author(self) -> str:
        """Who wrote it, as its source says."""
        return str(self.record.author)

    @property
    def link(self) -> str | None:
        """Address of the original, where the line tells one that is an address of the web."""
        link = self.record.link
        good = isinstance(link, str) and len(link) <= MAX_NAME_CHARS and link.startswith(("https://", "http://"))
        return link if good else None


class Withdrawal(msgspec.Struct, frozen=True, gc=False):
    """A readable retraction, with the native id of its post; or of an account (``source`` is set), with that of its author."""

    index: int
    id: str
    received_at: int
    reason: str
    source: str | None = None


class Normalised(msgspec.Struct, frozen=True, kw_only=True):
    """A block, read. The columns have one value a line."""

    outcomes: npt.NDArray[np.uint8]
    received_at: npt.NDArray[np.int64]
    """The stream clock as each line tells it (0 where a line is dead or blank)."""
    event_at: npt.NDArray[np.int64]
    """The claimed time clamped to ``[received_at - lateness, received_at]``."""
    sources: npt.NDArray[np.uint16]
    """Index in ``source_names``."""
    source_names: tuple[str, ...]
    drafts: list[Draft]
    withdrawals: list[Withdrawal]
    dead: list[tuple[int, DeadLetter]]
    """With the index of its line in the block."""
    withheld: list[tuple[int, Withheld]]
    """With the index of its line in the block."""


_plain_decoder: Final = msgspec.json.Decoder(PlainPost)


def normalise(block: Block, *, limits: Limits, lateness_ms: int, rules: Rules | None = None) -> Normalised:
    """Read the lines of a block; posts that the rules of consent withhold become no drafts.

    A block with ``arrived_at`` (live) is stamped with it; otherwise a line's own ``received_at`` counts, else its ``created_at``.
    """
    lines, arrived_at = block.lines(), block.arrived_at
    outcomes: list[int] = [Outcome.BLANK.value] * len(lines)
    received, events, sources = [0] * len(lines), [0] * len(lines), [0] * len(lines)
    names: dict[str, int] = {}
    drafts: list[Draft] = []
    withdrawals: list[Withdrawal] = []
    dead: list[tuple[int, DeadLetter]] = []
    kept_back: list[tuple[int, Withheld]] = []
    rules = rules or Rules()
    listed = rules.has_lists
    heard = Outcome.POST.value  # an enumeration's member costs a look-up each time
    for index, line in enumerate(lines):
        draft = _plain(index, line, arrived_at, lateness_ms, limits)
        if draft is None:
            if not line or line.isspace():
                continue
            try:
                item = _careful(index, line, arrived_at, lateness_ms, limits)
            except Refused as refused:
                origin, number = block.where(index)
                raw = shape(line, limits.max_dead_letter_bytes)
                letter = DeadLetter(
                    stage=STAGE, reason=refused.reason, detail=refused.detail, origin=origin, line=number, raw=raw
                )
                dead.append((index, letter))
                outcomes[index] = Outcome.DEAD.value
                continue
            if isinstance(item, Withdrawal):
                withdrawals.append(item)
                outcomes[index], received[index] = Outcome.RETRACTION.value, item.received_at
                continue
            draft = item
        received[index], events[index] = draft.received_at, draft.event_at
        if listed or draft.record.tells:
            why = rules.withheld(Facts.of(draft.source, draft.author, draft.record.told))
            if why is not None:
                kept_back.append((index, why))
                outcomes[index] = Outcome.WITHHELD.value
                continue
        drafts.append(draft)
        outcomes[index] = heard
        sources[index] = names.setdefault(draft.source, len(names))
    return Normalised(
        outcomes=np.array(outcomes, np.uint8),
        received_at=np.array(received, np.int64),
        event_at=np.array(events, np.int64),
        sources=np.array(sources, np.uint16),
        source_names=tuple(names),
        drafts=drafts,
        withdrawals=withdrawals,
        dead=dead,
        withheld=kept_back,
    )


def _plain(index: int, line: bytes, arrived_at: int | None, lateness_ms: int, limits: Limits) -> Draft | None:
    """Read a line that is a post without anything odd, as nearly all are; all others are left to ``_careful``, which says why."""
    if len(line) > limits.max_line_bytes:
        return None
    try:
        record = _plain_decoder.decode(line)
        created_at = received_at = event_at = parse_instant(record.created_at)
        if arrived_at is not None:
            received_at = arrived_at
        elif record.received_at is not None:
            received_at = parse_instant(record.received_at)
            if not EARLIEST_AT <= received_at < LATEST_AT:
                return None
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return None
    if (
        not EARLIEST_AT <= created_at < LATEST_AT
        or len(record.text) > limits.max_text_chars
        or record.retract is not msgspec.UNSET
        or record.retract_author is not msgspec.UNSET
        or not is_plain(record.source)
    ):
        return None
    if record.lat is not None or record.lon is not None:
        try:
            check_position(record.lat, record.lon)
        except Refused:
            return None
    if received_at != created_at:
        event_at = min(max(created_at, received_at - lateness_ms), received_at)
    return Draft(index, record.text, record.source, created_at, event_at, received_at, record)


def _careful(index: int, line: bytes, arrived_at: int | None, lateness_ms: int, limits: Limits) -> Draft | Withdrawal:
    """Read any line.

    Raises:
        Refused: it is neither a post nor a retraction.
    """
    record = read(line, limits)
    return _withdrawal(index, record, arrived_at) or _draft(index, record, arrived_at, lateness_ms, limits)


def _draft(index: int, record: Record, arrived_at: int | None, lateness_ms: int, limits: Limits) -> Draft:
    created_at = instant_of("created_at", required("created_at", record.created_at))
    text = required("text", record.text, empty=True)
    if len(text) > limits.max_text_chars:
        raise Refused("too_long", f"expected text of at most {limits.max_text_chars} characters, got {len(text)}")
    if arrived_at is not None:
        received_at = arrived_at
    else:
        received_at = created_at if record.received_at is None else instant_of("received_at", record.received_at)
    check_position(record.lat, record.lon)
    if record.repost_of:
        name_of("repost_of", record.repost_of)
    if record.reply_to:
        name_of("reply_to", record.reply_to)
    name_of("id", record.id)
    source = source_of(record.source)
    name_of("author", record.author)
    return Draft(
        index=index,
        text=text,
        source=source,
        created_at=created_at,
        event_at=min(max(created_at, received_at - lateness_ms), received_at),
        received_at=received_at,
        record=record,
    )


def _withdrawal(index: int, record: Record, arrived_at: int | None) -> Withdrawal | None:
    """Read a retraction; ``None`` for a record that is a post."""
    if record.retract is msgspec.UNSET and record.retract_author is msgspec.UNSET:
        return None
    of_account = record.retract is msgspec.UNSET
    if record.at is None:
        field = "retract_author" if of_account else "retract"
        raise Refused("missing_field", f"expected at beside {field}, got none")
    at = instant_of("at", record.at)
    if arrived_at is not None:
        at = arrived_at
    elif record.received_at is not None:
        at = instant_of("received_at", record.received_at)
    if of_account:
        author = name_of("retract_author", record.retract_author)
        return Withdrawal(index, author, at, "account", source_of(record.source))
    reason = record.reason or "deleted"
    if reason not in ("deleted", "edited", "account"):
        raise Refused("wrong_type", "expected reason deleted, edited or account, got another")
    return Withdrawal(index=index, id=name_of("retract", record.retract), received_at=at, reason=reason)
