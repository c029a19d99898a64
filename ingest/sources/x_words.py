"""The words of X: posts of the filtered stream and events of the compliance streams as lines.

Each edit of a post is a post of its own number; ``edit_history_tweet_ids`` holds them all, the first one first. Here a post is named by its
first number whatever its version, so that an edit replaces its text and a deletion of any version takes it back.

Source: the documentation of X's API v2 (data dictionary; filtered stream; compliance streams; edit posts).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from ingest.lines import claimed_at, encode, instant, is_old
from ingest.source import AccountLine, PostLine, RetractLine
from ingest.sources.x_wire import Event, Message, Post, User
from tocsin.time import HOUR_MS

NETWORK: Final = "x"
KNOWN_MS: Final = 2 * HOUR_MS
"""How long a post is known: longer than its text can be read and than it can be edited."""
MAX_KNOWN: Final = 200_000
MAX_VERSIONS: Final = 32
"""Versions of one post that are looked at; X allows five edits."""
MAX_SPAN_DEGREES: Final = 0.02
"""A tagged place no wider than this (2 km) stands for a point; a wider one is a name only."""
NO_LANGUAGE: Final = frozenset({"und", "zxx", "qam", "qct", "qht", "qme", "qst", "art"})
"""What X says where it found no language: only hashtags, only media, and the like."""
FIELDS: Final = {
    "tweet.fields": "author_id,created_at,edit_history_tweet_ids,geo,lang,note_tweet,referenced_tweets,withheld",
    "expansions": "author_id,geo.place_id,referenced_tweets.id",
    "user.fields": "location,protected,withheld",
    "place.fields": "full_name,geo",
}
"""What is asked for each post; of an account only its place and whether it is protected, never its name."""
POST_GONE: Final = frozenset({"delete", "withheld", "drop"})
ACCOUNT_GONE: Final = frozenset({"user_delete", "user_protect", "user_suspend", "user_withheld", "scrub_geo"})
"""``scrub_geo`` asks to forget where an author was: the posts that say so are taken back whole."""


class Known:
    """Which posts and accounts were heard lately: a compliance stream tells of all of X, and nearly nothing of it concerns us.

    Native ids live here, in memory, for ``KNOWN_MS``, and nowhere else.

    Args:
        since: when listening began, UTC milliseconds. Until ``KNOWN_MS`` later all is taken for known: what an earlier run heard is not
            remembered, and its deletions count too.

    >>> known = Known(0)
    >>> known.heard("1", ("1", "2"), "9", KNOWN_MS)
    >>> known.first("2"), known.newest("1"), known.concerns("2", KNOWN_MS + 1), known.concerns("7", KNOWN_MS + 1)
    ('1', '2', True, False)
    >>> known.concerns("7", 5)
    True
    """

    def __init__(self, since: int) -> None:
        self._since = since
        self._first: OrderedDict[str, tuple[int, str]] = OrderedDict()
        self._newest: OrderedDict[str, tuple[int, str]] = OrderedDict()
        self._authors: OrderedDict[str, tuple[int, str]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._first)

    def heard(self, first: str, versions: tuple[str, ...], author: str, now_at: int) -> None:
        """Remember a post with all its versions."""
        for version in versions:
            _note(self._first, version, first, now_at)
        newest = max((*versions, self.newest(first) or first), key=_rank)
        _note(self._newest, first, newest, now_at)
        _note(self._authors, author, "", now_at)

    def first(self, version: str) -> str:
        """Give the first number of a post; its own where nothing else is known."""
        return self._first.get(version, (0, version))[1]

    def newest(self, first: str) -> str | None:
        """Give the newest version heard of a post."""
        return self._newest[first][1] if first in self._newest else None

    def concerns(self, version: str, now_at: int) -> bool:
        """Say whether a post may have been heard."""
        return version in self._first or now_at - self._since < KNOWN_MS

    def concerns_author(self, author: str, now_at: int) -> bool:
        """Say whether a post of an account may have been heard."""
        return author in self._authors or now_at - self._since < KNOWN_MS


def address(number: str) -> str:
    """Give the address of a post, which names no account; it is the post's id."""
    return f"https://x.com/i/status/{number}"


def author_name(number: str) -> str:
    """Give what stands for an account in a line."""
    return f"x:{number}"


def is_number(given: str) -> bool:
    """Say whether a text is a native id.

    >>> is_number("1346889436626259968"), is_number("1 OR 2"), is_number("")
    (True, False, False)
    """
    return given.isascii() and given.isdigit() and len(given) <= 20


def versions_of(post: Post) -> tuple[str, ...]:
    """Give the numbers of all versions, oldest first."""
    told = {number for number in post.edit_history_tweet_ids[:MAX_VERSIONS] if is_number(number)}
    return tuple(sorted({*told, post.id}, key=_rank))


def left_out(read: Message, heard_at: int, languages: frozenset[str]) -> str | None:
    """Say why a post is left out at the door, or ``None``."""
    post = read.data
    assert post is not None, "only posts are left out"
    author = _author(read)
    if author is not None and (author.protected or author.withheld is not None):
        return "not_public"
    if post.withheld is not None:
        return "not_public"
    if is_old(claimed_at(post.created_at, heard_at), heard_at):
        return "old"
    spoken = _language(post)
    if languages and spoken is not None and spoken.partition("-")[0] not in languages:
        return "language"
    return None if _text(read).strip() else "empty"


def lines_of(read: Message, known: Known, heard_at: int) -> tuple[bytes, ...]:
    """Give the lines of a post: of an edited one, first that its old text is gone.

    Raises:
        ValueError: an id is no number.
    """
    post = read.data
    assert post is not None, "only posts have lines"
    if not (is_number(post.id) and is_number(post.author_id)):
        raise ValueError("expected numbers as ids")
    versions = versions_of(post)
    first = versions[0]
    latitude, longitude, place = _where(read)
    line = PostLine(
        id=address(first),
        source=NETWORK,
        created_at=instant(claimed_at(post.created_at, heard_at)),
        author=author_name(post.author_id),
        text=_text(read),
        lang=_language(post),
        lat=latitude,
        lon=longitude,
        place=place,
        repost_of=_reference(post, "retweeted", known),
        reply_to=_reference(post, "replied_to", known),
        link=address(post.id),
    )
    gone = (retraction(first, heard_at, edited=True),) if len(versions) > 1 else ()
    return (*gone, encode(line))


def retraction(first: str, heard_at: int, *, edited: bool = False) -> bytes:
    """Give the line that takes a post, or its old text, back."""
    return encode(RetractLine(retract=address(first), at=instant(heard_at), reason="edited" if edited else "deleted"))


def is_overtaken(post: Post, known: Known) -> bool:
    """Say whether a later version of a post came before this one."""
    newest = known.newest(versions_of(post)[0])
    return newest is not None and _rank(newest) > _rank(post.id)


def lines_of_event(name: str, event: Event, known: Known, heard_at: int) -> tuple[bytes, ...]:
    """Give the lines of a compliance event; none for one that gives back what was taken, or that is about nothing heard here."""
    tweet, user = event.tweet, event.user
    if name in POST_GONE and tweet is not None and is_number(tweet.id) and known.concerns(tweet.id, heard_at):
        return (retraction(known.first(tweet.id), heard_at),)
    if name == "tweet_edit" and is_number(event.initial_tweet_id) and known.concerns(event.initial_tweet_id, heard_at):
        newest = max((one for one in event.edit_tweet_ids[:MAX_VERSIONS] if is_number(one)), key=_rank, default="")
        if _rank(known.newest(event.initial_tweet_id) or "") >= _rank(newest):
            return ()  # the new text was heard: the old one is gone already
        return (retraction(event.initial_tweet_id, heard_at, edited=True),)
    if name in ACCOUNT_GONE and user is not None and is_number(user.id) and known.concerns_author(user.id, heard_at):
        return (encode(AccountLine(retract_author=author_name(user.id), source=NETWORK, at=instant(heard_at))),)
    return ()


def _rank(number: str) -> tuple[int, str]:
    """Order numbers that come as text: the longer is the later."""
    return len(number), number


def _note(kept: OrderedDict[str, tuple[int, str]], key: str, said: str, now_at: int) -> None:
    kept[key] = (now_at, said)
    kept.move_to_end(key)
    while len(kept) > MAX_KNOWN or now_at - next(iter(kept.values()))[0] > KNOWN_MS:
        kept.popitem(last=False)


def _author(read: Message) -> User | None:
    assert read.data is not None
    return next((user for user in read.includes.users if user.id == read.data.author_id), None)


def _language(post: Post) -> str | None:
    return None if not post.lang or post.lang in NO_LANGUAGE else post.lang


def _text(read: Message) -> str:
    """Give the whole text; of a post passed on, the other's, which X cuts in the post itself."""
    post = read.data
    assert post is not None
    passed_on = next((one.id for one in post.referenced_tweets if one.type == "retweeted"), None)
    shown = next((other for other in read.includes.tweets if other.id == passed_on), post)
    return _plain(shown.note_tweet.text if shown.note_tweet is not None and shown.note_tweet.text else shown.text)


def _plain(text: str) -> str:
    """Undo the three entities that X writes (and no others: a text may hold ``&eacute;`` on purpose)."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _where(read: Message) -> tuple[float | None, float | None, str | None]:
    """Give latitude, longitude and the name of a place: the post's own, else that of the author's profile."""
    post, author = read.data, _author(read)
    assert post is not None
    profile = (author.location.strip() or None) if author is not None else None
    if post.geo is None:
        return None, None, profile
    tagged = next((place for place in read.includes.places if place.id == post.geo.place_id), None)
    name = (tagged.full_name.strip() if tagged is not None else "") or profile
    if post.geo.coordinates is not None and post.geo.coordinates.coordinates is not None:
        longitude, latitude = post.geo.coordinates.coordinates
    elif tagged is not None and tagged.geo is not None and tagged.geo.bbox is not None:
        west, south, east, north = tagged.geo.bbox
        if not (0 <= east - west <= MAX_SPAN_DEGREES and 0 <= north - south <= MAX_SPAN_DEGREES):
            return None, None, name
        longitude, latitude = (west + east) / 2, (south + north) / 2
    else:
        return None, None, name
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return None, None, name
    return latitude, longitude, name


def _reference(post: Post, kind: str, known: Known) -> str | None:
    found = next((one.id for one in post.referenced_tweets if one.type == kind and is_number(one.id)), None)
    return None if found is None else address(known.first(found))
