"""Normalisation: lines of JSON become columns of times, drafts of posts, retractions and dead letters; each line has one outcome.

Pure: the same lines give the same result, whatever block they come in. Nothing here raises on input.
"""

from __future__ import annotations

import json
from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import msgspec
import numpy as np

from ingest.consent import Facts, Rules, Withheld
from ingest.redact import redact, shape
from tocsin.model import DeadLetter, DeadReason
from tocsin.time import parse_instant

if TYPE_CHECKING:
    import numpy.typing as npt

    from ingest.block import Block

STAGE: Final = "ingest"
EARLIEST_AT: Final = parse_instant("1990-01-01T00:00:00Z")
LATEST_AT: Final = parse_instant("2100-01-01T00:00:00Z")
MAX_NAME_CHARS: Final = 2_048
"""Characters of an id, an author or a reference."""
MAX_NAME_NUMBER: Final = 10**40
MAX_SOURCE_CHARS: Final = 64
MAX_SOURCE_NAMES: Final = 1_024
"""Names of sources of which it is remembered whether they are plain."""
DATE_TIME_CHARS: Final = len("2026-04-07T05:48")
"""The shortest date with a time of day."""

Name = str | int
"""An id as sources write it: text, or a whole number."""
_SMALL: Final = 2**53
_Key = (
    Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME_CHARS)]
    | Annotated[int, msgspec.Meta(gt=-_SMALL, lt=_SMALL)]
)
_Reference = (
    Annotated[str, msgspec.Meta(max_length=MAX_NAME_CHARS)] | Annotated[int, msgspec.Meta(gt=-_SMALL, lt=_SMALL)]
)
_Source = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_SOURCE_CHARS)]
_Time = Annotated[str, msgspec.Meta(min_length=DATE_TIME_CHARS)]


class Outcome(IntEnum):
    """What became of a line here."""

    BLANK = 0
    """Nothing but white space: not counted as received."""
    DEAD = 1
    RETRACTION = 2
    POST = 3
    WITHHELD = 4
    """A post that is not heard, at the word of its author or of the operator."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of a record."""

    max_line_bytes: int = 65_536
    max_text_chars: int = 20_000
    max_dead_letter_bytes: int = 512


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A line as it is written: a post, or a retraction. Unknown fields are ignored."""

    id: Name | msgspec.UnsetType = msgspec.UNSET
    source: str | msgspec.UnsetType = msgspec.UNSET
    created_at: str | msgspec.UnsetType = msgspec.UNSET
    author: Name | msgspec.UnsetType = msgspec.UNSET
    text: str | msgspec.UnsetType = msgspec.UNSET
    lang: str | None = None
    lat: float | None = None
    lon: float | None = None
    place: str | None = None
    repost_of: Name | None = None
    reply_to: Name | None = None
    received_at: str | None = None
    retract: Name | msgspec.UnsetType = msgspec.UNSET
    at: str | None = None
    reason: str | None = None
    retract_author: Name | msgspec.UnsetType = msgspec.UNSET
    # What follows is told by some networks; files may use the names for something else, so any type passes and only the right one tells.
    link: Any = None
    indexable: Any = None
    noindex: Any = None
    bot: Any = None
    labels: Any = None

    @property
    def tells(self) -> bool:
        """Whether the author's word on being heard may be among the facts."""
        return not (self.indexable is None and self.noindex is None and self.bot is None and not self.labels)

    @property
    def told(self) -> dict[str, Any]:
        """The facts on which the rules of consent decide, as they came."""
        return {
            "link": self.link,
            "indexable": self.indexable,
            "noindex": self.noindex,
            "bot": self.bot,
            "labels": self.labels,
        }


class PlainPost(Record, frozen=True, kw_only=True, gc=False):
    """A record that its types alone show to be a post, nearly; most lines are such."""

    id: _Key
    source: _Source
    created_at: _Time
    author: _Key
    text: str
    repost_of: _Reference | None = None
    reply_to: _Reference | None = None
    received_at: _Time | None = None


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


class Refused(ValueError):  # noqa: N818 - a refusal is an outcome, not a failure of ours
    """A line is refused, for a reason of the closed list."""

    def __init__(self, reason: DeadReason, detail: str) -> None:
        super().__init__(detail)
        self.reason: DeadReason = reason
        self.detail = detail


_decoder: Final = msgspec.json.Decoder(Record)
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
        or not _is_plain(record.source)
    ):
        return None
    if record.lat is not None or record.lon is not None:
        try:
            _check_position(record.lat, record.lon)
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


def read(line: bytes, limits: Limits) -> Record:
    """Read one line as a record; the types are right, the values not yet checked.

    Raises:
        Refused: it is too long, no UTF-8, no JSON, no object, or a field has the wrong type.
    """
    if len(line) > limits.max_line_bytes:
        raise Refused("too_long", f"expected a line of at most {limits.max_line_bytes} bytes, got more")
    try:
        return _decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _read_slowly(line)


def _read_slowly(line: bytes) -> Record:
    """Read a line that the fast reader refused: say why, or mend half a surrogate pair (a text that its source cut in an emoji)."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise Refused("not_utf8", f"expected UTF-8, got byte 0x{line[error.start]:02x} at {error.start}") from error
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except Refused:
        raise
    except json.JSONDecodeError as error:
        raise Refused("not_json", f"expected JSON, got at {error.pos}: {error.msg}") from error
    except RecursionError as error:
        raise Refused("not_json", "expected JSON, got it nested too deep") from error
    except ValueError as error:  # a number of thousands of digits
        raise Refused("not_json", "expected JSON, got a number that is out of range") from error
    if not isinstance(value, dict):
        raise Refused("not_an_object", f"expected a JSON object, got {_kind(value)}")
    mended = {
        _mend(key): _mend(field) if isinstance(field, str) else field
        for key, field in value.items()
        if key in Record.__struct_fields__
    }
    try:
        return msgspec.convert(mended, Record)
    except msgspec.MsgspecError as error:
        raise Refused("wrong_type", str(error)[:200].replace("Expected", "expected")) from error


def _refuse_constant(name: str) -> NoReturn:
    raise Refused("not_json", f"expected JSON, got {name}")


def _kind(value: object) -> str:
    return {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}.get(type(value), "a number")


def _mend(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _draft(index: int, record: Record, arrived_at: int | None, lateness_ms: int, limits: Limits) -> Draft:
    created_at = _instant("created_at", _required("created_at", record.created_at))
    text = _required("text", record.text, empty=True)
    if len(text) > limits.max_text_chars:
        raise Refused("too_long", f"expected text of at most {limits.max_text_chars} characters, got {len(text)}")
    if arrived_at is not None:
        received_at = arrived_at
    else:
        received_at = created_at if record.received_at is None else _instant("received_at", record.received_at)
    _check_position(record.lat, record.lon)
    if record.repost_of:
        _name("repost_of", record.repost_of)
    if record.reply_to:
        _name("reply_to", record.reply_to)
    _name("id", record.id)
    source = _source(record.source)
    _name("author", record.author)
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
    at = _instant("at", record.at)
    if arrived_at is not None:
        at = arrived_at
    elif record.received_at is not None:
        at = _instant("received_at", record.received_at)
    if of_account:
        author = _name("retract_author", record.retract_author)
        return Withdrawal(index, author, at, "account", _source(record.source))
    reason = record.reason or "deleted"
    if reason not in ("deleted", "edited", "account"):
        raise Refused("wrong_type", "expected reason deleted, edited or account, got another")
    return Withdrawal(index=index, id=_name("retract", record.retract), received_at=at, reason=reason)


def _required(field: str, value: str | msgspec.UnsetType, *, empty: bool = False) -> str:
    if value is msgspec.UNSET:
        raise Refused("missing_field", f"expected {field}, got none")
    if not value and not empty:
        raise Refused("missing_field", f"expected {field}, got an empty string")
    return value


def _name(field: str, value: Name | msgspec.UnsetType) -> str:
    if isinstance(value, int):
        if not -MAX_NAME_NUMBER < value < MAX_NAME_NUMBER:
            raise Refused("too_long", f"expected {field} of at most 40 digits, got more")
        return str(value)
    name = _required(field, value)
    if len(name) > MAX_NAME_CHARS:
        raise Refused("too_long", f"expected {field} of at most {MAX_NAME_CHARS} characters, got {len(name)}")
    return name


def _source(value: str | msgspec.UnsetType) -> str:
    source = _required("source", value)
    if len(source) > MAX_SOURCE_CHARS:
        raise Refused("too_long", f"expected source of at most {MAX_SOURCE_CHARS} characters, got {len(source)}")
    if not _is_plain(source):
        raise Refused("wrong_type", "expected source to be a plain name of a network or feed, got another")
    return source


@lru_cache(maxsize=MAX_SOURCE_NAMES)
def _is_plain(source: str) -> bool:
    """Tell whether a source is the name of a network, and not an account, an address or a number of somebody."""
    return "@" not in source and source.isprintable() and not source.isdecimal() and redact(source) == source


def _instant(field: str, text: str) -> int:
    try:
        at = parse_instant(text) if len(text) >= DATE_TIME_CHARS else None
    except (ValueError, OverflowError):
        at = None
    if at is None:
        got = text[:40] if set(text) <= _TIME_CHARS else shape(text.encode(), 40).decode()
        raise Refused("bad_time", f"expected {field} as ISO 8601 date and time, got {got!r}")
    if not EARLIEST_AT <= at < LATEST_AT:
        raise Refused("bad_time", f"expected {field} from 1990 to 2099, got {text[:40]!r}")
    return at


_TIME_CHARS: Final = frozenset("0123456789-:.TZ+ ")


def _check_position(lat: float | None, lon: float | None) -> None:
    if lat is None and lon is None:
        return
    if lat is None or lon is None:
        raise Refused("bad_position", f"expected lat and lon together, got {'lon' if lat is None else 'lat'} alone")
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        which = "lat from -90 to 90" if not -90 <= lat <= 90 else "lon from -180 to 180"
        raise Refused("bad_position", f"expected {which}, got another")
