"""Lines as sources write them: one JSON object each. What every field may hold, and the words of refusal when it holds something else."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Annotated, Any, Final, NoReturn

import msgspec

from ingest.redact import redact, shape
from tocsin.model import DeadReason
from tocsin.time import parse_instant

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
_TIME_CHARS: Final = frozenset("0123456789-:.TZ+ ")
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


class Refused(ValueError):  # noqa: N818 - a refusal is an outcome, not a failure of ours
    """A line is refused, for a reason of the closed list."""

    def __init__(self, reason: DeadReason, detail: str) -> None:
        super().__init__(detail)
        self.reason: DeadReason = reason
        self.detail = detail


_decoder: Final = msgspec.json.Decoder(Record)


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


def required(field: str, value: str | msgspec.UnsetType, *, empty: bool = False) -> str:
    """Give a field that has to be there.

    Raises:
        Refused: it is absent, or empty where that is no value.
    """
    if value is msgspec.UNSET:
        raise Refused("missing_field", f"expected {field}, got none")
    if not value and not empty:
        raise Refused("missing_field", f"expected {field}, got an empty string")
    return value


def name_of(field: str, value: Name | msgspec.UnsetType) -> str:
    """Give an id as text.

    Raises:
        Refused: it is absent, empty or too long.
    """
    if isinstance(value, int):
        if not -MAX_NAME_NUMBER < value < MAX_NAME_NUMBER:
            raise Refused("too_long", f"expected {field} of at most 40 digits, got more")
        return str(value)
    name = required(field, value)
    if len(name) > MAX_NAME_CHARS:
        raise Refused("too_long", f"expected {field} of at most {MAX_NAME_CHARS} characters, got {len(name)}")
    return name


def source_of(value: str | msgspec.UnsetType) -> str:
    """Give the name of a source.

    Raises:
        Refused: it is absent, too long, or could be that of a person.
    """
    source = required("source", value)
    if len(source) > MAX_SOURCE_CHARS:
        raise Refused("too_long", f"expected source of at most {MAX_SOURCE_CHARS} characters, got {len(source)}")
    if not is_plain(source):
        raise Refused("wrong_type", "expected source to be a plain name of a network or feed, got another")
    return source


@lru_cache(maxsize=MAX_SOURCE_NAMES)
def is_plain(source: str) -> bool:
    """Tell whether a source is the name of a network, and not an account, an address or a number of somebody."""
    return "@" not in source and source.isprintable() and not source.isdecimal() and redact(source) == source


def instant_of(field: str, text: str) -> int:
    """Give an instant in milliseconds.

    Raises:
        Refused: it is no ISO 8601 date with a time, or lies outside 1990 to 2099.
    """
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


def check_position(lat: float | None, lon: float | None) -> None:
    """Check that a position is whole and on the globe, if there is one.

    Raises:
        Refused: it is not.
    """
    if lat is None and lon is None:
        return
    if lat is None or lon is None:
        raise Refused("bad_position", f"expected lat and lon together, got {'lon' if lat is None else 'lat'} alone")
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        which = "lat from -90 to 90" if not -90 <= lat <= 90 else "lon from -180 to 180"
        raise Refused("bad_position", f"expected {which}, got another")
