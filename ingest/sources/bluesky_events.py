"""The words of Jetstream: frames of both protocols as one kind of event, and events as lines. Pure.

``v1`` is ``/subscribe`` (``{"did", "time_us", "kind", "commit"…}``); ``v2`` is ``network.bsky.jetstream.subscribeEvents``, framed as
``xrpc.v1.json`` (``{"$type": "message", "payload": {"$type": "…#commit"…}}``). Sources: the lexicon of that name; AT Protocol
proposal 0015.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ingest.lines import claimed_at, encode, instant, is_old
from ingest.source import AccountLine, PostLine, RetractLine
from tocsin.time import parse_instant

NETWORK: Final = "bluesky"
POSTS: Final = "app.bsky.feed.post"
_GONE: Final = frozenset({"deleted", "takendown", "suspended", "deactivated"})
"""Account states in which the network no longer shows the posts; ``throttled`` and ``desynchronized`` are about servers."""


_EARLIEST_US: Final = parse_instant("2000-01-01T00:00:00Z") * 1_000
_LATEST_US: Final = parse_instant("2100-01-01T00:00:00Z") * 1_000


class Commit(msgspec.Struct, frozen=True, gc=False):
    """A change of one record."""

    rev: str = ""
    operation: str = ""
    collection: str = ""
    rkey: str = ""
    record: msgspec.Raw = msgspec.Raw()


class Account(msgspec.Struct, frozen=True, gc=False):
    """The state of an account."""

    active: bool = True
    status: str | None = None


class FrameV1(msgspec.Struct, frozen=True, gc=False):
    """A frame of ``v1``."""

    did: str
    time_us: int
    kind: str
    commit: Commit | None = None
    account: Account | None = None


class PayloadV2(msgspec.Struct, frozen=True, gc=False):
    """The payload of a message of ``v2``, of whatever kind."""

    type: str = msgspec.field(name="$type", default="")
    seq: int = 0
    did: str = ""
    time: str = ""
    witnessed_at: str = msgspec.field(name="witnessedAt", default="")
    rev: str = ""
    operation: str = ""
    collection: str = ""
    rkey: str = ""
    record: msgspec.Raw = msgspec.Raw()
    account: Account | None = None
    name: str = ""


class FrameV2(msgspec.Struct, frozen=True, gc=False):
    """A frame of ``v2``: a message, or the error that ends the stream."""

    type: str = msgspec.field(name="$type")
    payload: PayloadV2 = PayloadV2()
    error: str = ""
    message: str = ""


class Happened(msgspec.Struct, frozen=True, gc=False):
    """An event of either protocol."""

    kind: str
    """``commit``, ``account``, ``identity``, ``sync``, ``info``, or another that is not known here."""
    did: str
    at_us: int
    """The instance's clock, UTC microseconds; 0 for a notice."""
    seq: int = 0
    rev: str = ""
    operation: str = ""
    collection: str = ""
    rkey: str = ""
    record: msgspec.Raw = msgspec.Raw()
    account: Account | None = None
    name: str = ""

    @property
    def is_of_posts(self) -> bool:
        """Whether it makes, changes or removes posts."""
        return self.collection == POSTS if self.kind == "commit" else self.kind == "account"

    @property
    def key(self) -> str:
        """The same for the same event, through whichever instance and however often it comes."""
        if self.kind == "account":
            return f"{self.did} {self.account.status if self.account else ''} {self.at_us}"
        return f"{self.did} {self.rkey} {self.rev} {self.operation}"


class StreamError(Exception):
    """The error frame that ends a ``v2`` stream."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class _Ref(msgspec.Struct, frozen=True):
    uri: str = ""


class _Reply(msgspec.Struct, frozen=True):
    parent: _Ref = _Ref()


class _Embed(msgspec.Struct, frozen=True):
    record: Any = None


class _Label(msgspec.Struct, frozen=True):
    val: str = ""


class _Labels(msgspec.Struct, frozen=True):
    values: list[_Label] = []


class PostRecord(msgspec.Struct, frozen=True):
    """``app.bsky.feed.post``, as far as it is read."""

    text: str = ""
    created_at: str | None = msgspec.field(name="createdAt", default=None)
    langs: list[str] = []
    reply: _Reply | None = None
    embed: _Embed | None = None
    labels: _Labels | None = None


class _Bare(msgspec.Struct, frozen=True):
    """The least of a post, for records that break the lexicon elsewhere."""

    text: str
    created_at: Any = msgspec.field(name="createdAt", default=None)


_v1: Final = msgspec.json.Decoder(FrameV1)
_v2: Final = msgspec.json.Decoder(FrameV2)
_record: Final = msgspec.json.Decoder(PostRecord)
_bare: Final = msgspec.json.Decoder(_Bare)


def read_v1(frame: bytes | str) -> Happened:
    """Read a frame of ``v1``.

    Raises:
        ValueError: it is none (also ``msgspec.DecodeError``).
    """
    read = _v1.decode(frame)
    commit = read.commit or Commit()
    if (read.kind == "commit") != (read.commit is not None):
        raise ValueError("a commit without its part, or a part without its kind")
    if not _EARLIEST_US <= read.time_us < _LATEST_US:
        raise ValueError("an instant outside 2000 to 2099")
    return Happened(
        kind=read.kind,
        did=read.did,
        at_us=read.time_us,
        rev=commit.rev,
        operation=commit.operation,
        collection=commit.collection,
        rkey=commit.rkey,
        record=commit.record,
        account=read.account,
    )


def read_v2(frame: bytes | str) -> Happened:
    """Read a frame of ``v2``.

    Raises:
        StreamError: it is the error that ends the stream.
        ValueError: it is none (also ``msgspec.DecodeError``).
    """
    read = _v2.decode(frame)
    if read.type == "error":
        raise StreamError(read.error or "UnknownError")
    payload = read.payload
    kind = payload.type.rpartition("#")[2]
    if read.type != "message":
        return Happened(kind=read.type, did="", at_us=0)  # a kind of frame from the future
    if not kind:
        raise ValueError("a message without a payload")
    if kind == "info":
        return Happened(kind=kind, did="", at_us=0, name=payload.name)
    if not payload.did or payload.seq <= 0:
        raise ValueError("an event without a seq or a did")
    at = payload.witnessed_at or payload.time
    return Happened(
        kind=kind,
        did=payload.did,
        at_us=_microseconds(at),
        seq=payload.seq,
        rev=payload.rev,
        operation=payload.operation,
        collection=payload.collection,
        rkey=payload.rkey,
        record=payload.record,
        account=payload.account,
    )


def lines_of(event: Happened, languages: frozenset[str]) -> tuple[tuple[bytes, ...], str | None]:
    """Give the lines of an event that is of posts, and why a post was left out.

    Raises:
        ValueError: its record is none (also ``msgspec.DecodeError``).
    """
    at = event.at_us // 1_000
    if event.kind == "account":
        account = event.account or Account()
        if account.active or account.status not in _GONE:
            return (), None
        return (encode(AccountLine(retract_author=event.did, source=NETWORK, at=instant(at))),), None
    uri = f"at://{event.did}/{POSTS}/{event.rkey}"
    if not event.rkey:
        raise ValueError("a commit without a key")
    if event.operation == "delete":
        return (encode(RetractLine(retract=uri, at=instant(at))),), None
    if event.operation not in ("create", "update"):
        raise ValueError("a commit of an unknown operation")
    lines: tuple[bytes, ...] = ()
    if event.operation == "update":
        lines = (encode(RetractLine(retract=uri, at=instant(at), reason="edited")),)
    record = read_record(event.record)
    claimed = claimed_at(record.created_at, at)
    reason = _left_out(record, claimed, at, languages)
    if reason is None:
        lines = (*lines, encode(_post(event, uri, record, claimed)))
    return lines, reason


def read_record(raw: bytes | msgspec.Raw) -> PostRecord:
    """Read a post's record; one that breaks the lexicon anywhere but in its text is read as far as it goes.

    Raises:
        msgspec.DecodeError: it is no object, or has no text.
    """
    try:
        return _record.decode(raw)
    except msgspec.ValidationError:
        bare = _bare.decode(raw)
        return PostRecord(text=bare.text, created_at=bare.created_at if isinstance(bare.created_at, str) else None)


def _left_out(record: PostRecord, claimed: int, at: int, languages: frozenset[str]) -> str | None:
    if is_old(claimed, at):
        return "old"
    if not record.text.strip():
        return "empty"
    spoken = {lang.partition("-")[0].lower() for lang in record.langs}
    return "language" if languages and spoken and not (spoken & languages) else None


def _post(event: Happened, uri: str, record: PostRecord, claimed: int) -> PostLine:
    answered = record.reply.parent.uri if record.reply is not None else ""
    return PostLine(
        id=uri,
        source=NETWORK,
        created_at=instant(claimed),
        author=event.did,
        text=record.text,
        # Several languages are a writer's guess at all of them: the text decides.
        lang=record.langs[0] if len(record.langs) == 1 else None,
        reply_to=answered or _quoted(record.embed),
        link=f"https://bsky.app/profile/{event.did}/post/{event.rkey}",
        labels=() if record.labels is None else tuple(label.val for label in record.labels.values if label.val),
    )


def _quoted(embed: _Embed | None) -> str | None:
    """Give the post that is quoted: beside a picture, its reference lies one level deeper."""
    record = embed.record if embed is not None else None
    for _ in range(2):
        if not isinstance(record, dict):
            return None
        if isinstance(record.get("uri"), str):
            return str(record["uri"])
        record = record.get("record")
    return None


def _microseconds(text: str) -> int:
    """Read an instant of the wire (six fractional digits) without losing its microseconds."""
    whole, dot, rest = text.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))] if dot else ""
    zone = rest[len(digits) :] if dot else ""
    at_us = parse_instant(whole + zone) * 1_000 + int(digits[:6].ljust(6, "0") or 0)
    if not _EARLIEST_US <= at_us < _LATEST_US:
        raise ValueError("an instant outside 2000 to 2099")
    return at_us
