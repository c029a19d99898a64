"""The words of Mastodon: statuses as lines, and what a deletion means, which names a post by the number that one instance gave it.

Source: the documentation of Mastodon's API (entities Status and Account, methods of streaming and timelines).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import msgspec

from ingest.lines import claimed_at, encode, instant, is_old
from ingest.source import PostLine, RetractLine
from ingest.sources.plain import plain_text
from tocsin.time import HOUR_MS, parse_instant

NETWORK: Final = "mastodon"
ID_TTL_MS: Final = HOUR_MS
"""How long the native ids of a post are remembered: as long as its text can be read at most."""
MAX_IDS: Final = 200_000
_SNOWFLAKE_BITS: Final = 16


class Account(msgspec.Struct, frozen=True):
    """An account, as far as it is read."""

    acct: str = ""
    url: str = ""
    uri: str = ""
    bot: bool | None = None
    indexable: bool | None = None
    noindex: bool | None = None


class Status(msgspec.Struct, frozen=True):
    """A status, as far as it is read."""

    id: str
    account: Account
    uri: str = ""
    url: str | None = None
    created_at: str | None = None
    edited_at: str | None = None
    content: str = ""
    spoiler_text: str = ""
    visibility: str = "public"
    language: str | None = None
    in_reply_to_id: str | None = None
    reblog: Reblogged | None = None


class Reblogged(msgspec.Struct, frozen=True):
    """The status that a status passes on."""

    uri: str = ""
    content: str = ""


class Message(msgspec.Struct, frozen=True):
    """A message of the WebSocket; its payload is JSON once more, or a bare id."""

    event: str = ""
    payload: str = ""
    stream: list[str] = []
    error: str = ""


message: Final = msgspec.json.Decoder(Message)
status: Final = msgspec.json.Decoder(Status)
statuses: Final = msgspec.json.Decoder(list[Status])


class IdMap:
    """Which post an instance's number means, for a while: a deletion names nothing else.

    Native ids live here and nowhere else, in memory, for ``ID_TTL_MS``.

    >>> ids = IdMap()
    >>> ids.note("1", "https://a.example/1", 0)
    >>> ids.uri("1", 10), ids.uri("2", 10), ids.uri("1", ID_TTL_MS + 1)
    ('https://a.example/1', None, None)
    """

    def __init__(self) -> None:
        self._uris: OrderedDict[str, tuple[int, str]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._uris)

    def note(self, local_id: str, uri: str, now_at: int) -> None:
        """Remember a post."""
        self._uris[local_id] = (now_at, uri)
        self._uris.move_to_end(local_id)
        while self._uris:
            noted_at, _ = next(iter(self._uris.values()))
            if len(self._uris) <= MAX_IDS and now_at - noted_at <= ID_TTL_MS:
                break
            self._uris.popitem(last=False)

    def uri(self, local_id: str | None, now_at: int) -> str | None:
        """Give the post of a number, if it was heard lately."""
        noted_at, uri = self._uris.get(local_id or "", (0, None))
        return uri if uri is not None and now_at - noted_at <= ID_TTL_MS else None


def post_id(read: Status) -> str:
    """Give what names a post on all instances (its ActivityPub id)."""
    return read.uri or read.url or ""


def version(read: Status) -> str:
    """Give what is the same for one version of one post, through whichever instance and stream it comes."""
    return f"{post_id(read)} {read.edited_at or ''}"


def left_out(read: Status, heard_at: int, languages: frozenset[str]) -> str | None:
    """Say why a status is left out at the door, or ``None``."""
    if read.visibility not in ("public", ""):
        return "not_public"
    if is_old(claimed_at(read.created_at, heard_at), heard_at):
        return "old"
    spoken = (read.language or "").partition("-")[0].lower()
    if languages and spoken and spoken not in languages:
        return "language"
    return None if _text(read) else "empty"


def lines_of(read: Status, ids: IdMap, heard_at: int, *, edited: bool) -> tuple[bytes, ...]:
    """Give the lines of a status: of an edited one, first that its old text is gone."""
    uri = post_id(read)
    author = read.account.uri or read.account.url or read.account.acct
    if not uri or not author:
        raise ValueError("a status without an id or an author")
    line = PostLine(
        id=uri,
        source=NETWORK,
        created_at=instant(claimed_at(read.created_at, heard_at)),
        author=author,
        text=_text(read),
        lang=read.language,
        repost_of=None if read.reblog is None else read.reblog.uri or None,
        reply_to=ids.uri(read.in_reply_to_id, heard_at),
        link=read.url,
        indexable=read.account.indexable,
        noindex=read.account.noindex,
        bot=read.account.bot,
    )
    gone = (retraction(uri, heard_at, edited=True),) if edited else ()
    return (*gone, encode(line))


def retraction(uri: str, heard_at: int, *, edited: bool = False) -> bytes:
    """Give the line that takes a post, or its old text, back."""
    return encode(RetractLine(retract=uri, at=instant(heard_at), reason="edited" if edited else "deleted"))


def id_at(at: int) -> str:
    """Give the least number that an instance gives to a post of an instant: milliseconds, then 16 bits.

    Posts from elsewhere are numbered by when they were written, not by when they came, so numbers do not rise in order of arrival.

    >>> id_at(1), created_of(id_at(1_795_320_000_000))
    ('65536', 1795320000000)
    """
    return str(at << _SNOWFLAKE_BITS)


def created_of(local_id: str) -> int | None:
    """Give the instant in an instance's number, or ``None`` for one that is none (other software numbers otherwise)."""
    if not (local_id.isascii() and local_id.isdigit() and len(local_id) < 20):
        return None
    at = int(local_id) >> _SNOWFLAKE_BITS
    return at if at > _SNOWFLAKES_SINCE else None


_SNOWFLAKES_SINCE: Final = parse_instant("2010-01-01T00:00:00Z")


def _text(read: Status) -> str:
    """Give the warning and the text; of a post passed on, the other's text."""
    content = read.content if read.reblog is None else read.content or read.reblog.content
    return "\n".join(part for part in (plain_text(read.spoiler_text), plain_text(content)) if part)
