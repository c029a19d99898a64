"""What X sends, as far as it is read: lines of the filtered stream and of the compliance streams.

Source: the documentation of X's API v2 (data dictionary; filtered stream; compliance streams).
"""

from __future__ import annotations

from typing import Final

import msgspec


class Point(msgspec.Struct, frozen=True):
    """A position, longitude first (GeoJSON)."""

    coordinates: tuple[float, float] | None = None


class Geo(msgspec.Struct, frozen=True):
    """Where a post was written, as its author tagged it."""

    place_id: str = ""
    coordinates: Point | None = None


class Reference(msgspec.Struct, frozen=True):
    """Another post that a post answers, quotes or passes on."""

    type: str = ""
    id: str = ""


class Note(msgspec.Struct, frozen=True):
    """The whole text of a long post."""

    text: str = ""


class Withheld(msgspec.Struct, frozen=True):
    """In which countries a post or an account may not be shown."""

    country_codes: tuple[str, ...] = ()
    copyright: bool = False


class Post(msgspec.Struct, frozen=True):
    """A post, as far as it is read."""

    id: str
    text: str = ""
    author_id: str = ""
    created_at: str | None = None
    edit_history_tweet_ids: tuple[str, ...] = ()
    lang: str | None = None
    geo: Geo | None = None
    note_tweet: Note | None = None
    referenced_tweets: tuple[Reference, ...] = ()
    withheld: Withheld | None = None


class User(msgspec.Struct, frozen=True):
    """An account, as far as it is read."""

    id: str
    location: str = ""
    protected: bool = False
    withheld: Withheld | None = None


class Box(msgspec.Struct, frozen=True):
    """West, south, east, north, in degrees."""

    bbox: tuple[float, float, float, float] | None = None


class TaggedPlace(msgspec.Struct, frozen=True):
    """A place that an author chose."""

    id: str
    full_name: str = ""
    geo: Box | None = None


class Includes(msgspec.Struct, frozen=True):
    """What posts refer to."""

    users: tuple[User, ...] = ()
    places: tuple[TaggedPlace, ...] = ()
    tweets: tuple[Post, ...] = ()


class Fault(msgspec.Struct, frozen=True):
    """An error in the stream or in an answer (RFC 7807, with fields of X's own)."""

    title: str = ""
    type: str = ""
    detail: str = ""
    disconnect_type: str = ""
    connection_issue: str = ""


class Message(msgspec.Struct, frozen=True):
    """A line of the filtered stream."""

    data: Post | None = None
    includes: Includes = Includes()
    errors: tuple[Fault, ...] = ()


class Target(msgspec.Struct, frozen=True):
    """The post or the account that an event is about."""

    id: str
    author_id: str = ""


class Event(msgspec.Struct, frozen=True):
    """An event of a compliance stream."""

    event_at: str | None = None
    tweet: Target | None = None
    user: Target | None = None
    initial_tweet_id: str = ""
    edit_tweet_ids: tuple[str, ...] = ()


class Compliance(msgspec.Struct, frozen=True):
    """A line of a compliance stream: one event by its name."""

    data: dict[str, Event] | None = None
    errors: tuple[Fault, ...] = ()


message: Final = msgspec.json.Decoder(Message)
compliance: Final = msgspec.json.Decoder(Compliance)
