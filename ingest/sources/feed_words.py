"""The words of RSS and Atom: entries as lines, and what was seen of a feed. Pure.

Guids are reused for other texts (a traffic bulletin under one guid): a guid whose text changed is an edit. Dates lie: what claims the
future or 1970 is taken for now. Sources: RSS 2.0; RFC 4287 (Atom); GeoRSS-Simple.
"""

from __future__ import annotations

from calendar import timegm
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import feedparser
import msgspec

from ingest.lines import MAX_CLAIMED_AGE_MS, encode, instant
from ingest.source import PostLine, RetractLine
from ingest.sources.plain import plain_text
from tocsin.time import DAY_MS, SECOND_MS

if TYPE_CHECKING:
    import time

MAX_TEXT_CHARS: Final = 4_000
"""Of an article: its title and its beginning say what happened."""
MAX_GUID_CHARS: Final = 1_000
MAX_SEEN: Final = 2_000
"""Entries of one feed that are known again, the latest."""


class NoFeedError(ValueError):
    """The document is no feed, or one that is not read; the message says why."""


class Entry(msgspec.Struct, frozen=True):
    """One entry of a feed."""

    key: str
    """Hash of what names it within the feed."""
    version: str
    """Hash of its text."""
    id: str
    author: str
    text: str
    claimed_at: int | None
    lang: str | None
    link: str | None
    point: tuple[float, float] | None


class FeedState(msgspec.Struct):
    """What is known of a feed: what a cursor holds. Entries are hashes only."""

    at: int = 0
    """When it was last read; 0 before that."""
    etag: str = ""
    modified: str = ""
    seen: dict[str, str] = {}
    """Key and version of the entries, oldest first."""


def read_feed(raw: bytes, url: str, content_type: str, most: int) -> list[Entry]:
    """Read a document as a feed; give its entries, the oldest first.

    Raises:
        NoFeedError: it is none, or declares entities.
    """
    if b"<!ENTITY" in raw[:65_536].upper():
        raise NoFeedError("the document declares entities")
    read = feedparser.parse(
        raw,
        response_headers={"content-type": content_type, "content-location": url},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    if not read.version:
        raise NoFeedError("the document is no RSS and no Atom")
    host = urlsplit(url).hostname or url
    lang = read.feed.get("language")
    entries = [_entry(entry, url, host, lang if isinstance(lang, str) else None) for entry in read.entries[:most]]
    entries.reverse()  # feeds are written newest first
    return (
        sorted(entries, key=lambda entry: entry.claimed_at or 0) if all(one.claimed_at for one in entries) else entries
    )


def lines_of(entry: Entry, network: str, now_at: int, *, edited: bool) -> tuple[bytes, ...]:
    """Give the lines of an entry: of one whose text changed, first that its old text is gone."""
    claimed = entry.claimed_at
    line = PostLine(
        id=entry.id,
        source=network,
        # An edited bulletin tells of now, whatever the date of its first version.
        created_at=instant(now_at if edited or claimed is None else claimed),
        author=entry.author,
        text=entry.text,
        lang=entry.lang,
        lat=None if entry.point is None else entry.point[0],
        lon=None if entry.point is None else entry.point[1],
        link=entry.link,
    )
    if not edited:
        return (encode(line),)
    return encode(RetractLine(retract=entry.id, at=instant(now_at), reason="edited")), encode(line)


def left_out(entry: Entry, now_at: int, languages: frozenset[str], *, oldest_at: int | None) -> str | None:
    """Say why a new entry is left out, or ``None``.

    Args:
        entry: that was not seen before.
        now_at: the clock.
        languages: that are heard; empty for all.
        oldest_at: at the first look at a feed, how old an entry may be; one without a date is then old.
    """
    if not entry.text:
        return "empty"
    since = now_at - MAX_CLAIMED_AGE_MS if oldest_at is None else oldest_at
    if (entry.claimed_at is None and oldest_at is not None) or (
        entry.claimed_at is not None and entry.claimed_at < since
    ):
        return "old"
    spoken = (entry.lang or "").partition("-")[0].lower()
    return "language" if languages and spoken and spoken not in languages else None


def note(state: FeedState, entry: Entry) -> None:
    """Remember that an entry was seen."""
    state.seen.pop(entry.key, None)
    state.seen[entry.key] = entry.version
    while len(state.seen) > MAX_SEEN:
        del state.seen[next(iter(state.seen))]


def _entry(entry: Any, url: str, host: str, feed_lang: str | None) -> Entry:
    title, summary = plain_text(_text(entry.get("title"))), plain_text(_text(entry.get("summary")))
    if not summary and entry.get("content"):
        summary = plain_text(_text(entry["content"][0].get("value")))
    text = summary if summary.startswith(title) else f"{title}\n{summary}".strip()
    link = _text(entry.get("link")) or None
    guid = (_text(entry.get("id")) or link or "")[:MAX_GUID_CHARS]
    if not guid:
        guid = _hash(text)
    author = _text(entry.get("author"))
    lang = _text(entry.get("language")) or feed_lang
    return Entry(
        key=_hash(guid),
        version=_hash(text),
        id=guid if guid.startswith(("http://", "https://", "urn:", "tag:")) else f"{url} {guid}",
        author=f"{host}/{author}" if author else host,
        text=text[:MAX_TEXT_CHARS],
        claimed_at=_claimed(entry.get("published_parsed") or dict.get(entry, "updated_parsed")),
        lang=lang,
        link=link if link is not None and link.startswith(("http://", "https://")) else None,
        point=_point(entry.get("where")),
    )


def _claimed(parsed: time.struct_time | None) -> int | None:
    """Give the date of an entry; ``None`` for none, and for one that no clock of ours can mean."""
    if parsed is None:
        return None
    try:
        at = timegm(parsed) * SECOND_MS
    except (ValueError, OverflowError):
        return None
    return at if at > DAY_MS * 365 * 30 else None


def _point(where: Any) -> tuple[float, float] | None:
    """Give the GeoRSS point of an entry as (lat, lon)."""
    if not isinstance(where, dict) or where.get("type") != "Point":
        return None
    try:
        lon, lat = (float(one) for one in where["coordinates"][:2])
    except (KeyError, TypeError, ValueError):
        return None
    return (lat, lon) if -90 <= lat <= 90 and -180 <= lon <= 180 else None


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _hash(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
