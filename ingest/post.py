"""From draft to post: the border of this room. Behind it no name, handle, native id, e-mail, phone number or plate exists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from ingest.columns import AccountGone
from ingest.redact import redact
from tocsin.model import Point, Post, Retraction

if TYPE_CHECKING:
    from typing import Literal

    from ingest.normalise import Draft, Withdrawal
    from ingest.privacy import Pseudonyms
    from ingest.record import Name

MAX_PLACE_CHARS: Final = 256
"""Characters of a profile place that are kept: what follows is no place."""
POINT_DIGITS: Final = 3
"""Decimals of a degree that are kept of a device's position: about 100 m."""
_LANG_CHARS: Final = (2, 3)


def post(draft: Draft, pseudonyms: Pseudonyms, gate: tuple[str, ...] = ()) -> Post:
    """Give the post that may leave this room: identities hashed, text and profile place redacted.

    The position (0, 0) is taken for none: it is what devices without one send.
    """
    record = draft.record
    has_point = record.lat is not None and record.lon is not None and (record.lat, record.lon) != (0.0, 0.0)
    place = redact(record.place.strip())[:MAX_PLACE_CHARS] if record.place else ""
    return Post(
        id=pseudonyms.post(draft.id, draft.event_at),
        source=draft.source,
        author=pseudonyms.author(draft.source, draft.author, draft.event_at),
        event_at=draft.event_at,
        received_at=draft.received_at,
        age_ms=draft.event_at - draft.created_at,
        text=redact(draft.text),
        lang=_language(record.lang),
        point=_about(cast("float", record.lat), cast("float", record.lon)) if has_point else None,
        profile_place=place or None,
        repost_of=_reference(record.repost_of, pseudonyms, draft.event_at),
        reply_to=_reference(record.reply_to, pseudonyms, draft.event_at),
        gate=gate,
    )


def _about(lat: float, lon: float) -> Point:
    """Give a position to the nearest hundred metres: enough to send somebody to, and not one home."""
    return Point(round(lat, POINT_DIGITS), round(lon, POINT_DIGITS))


def retraction(withdrawal: Withdrawal, pseudonyms: Pseudonyms) -> Retraction | AccountGone:
    """Give the retraction that may leave this room; it acts when it was heard."""
    if withdrawal.source is not None:
        return AccountGone(pseudonyms.authors(withdrawal.source, withdrawal.id))
    reason = cast("Literal['deleted', 'edited', 'account']", withdrawal.reason)
    post_id, *also = pseudonyms.posts(withdrawal.id)
    return Retraction(post_id=post_id, at=withdrawal.received_at, reason=reason, also=tuple(also))


def _reference(name: Name | None, pseudonyms: Pseudonyms, event_at: int) -> str | None:
    return None if name is None or name == "" else pseudonyms.post(str(name), event_at)


def _language(tag: str | None) -> str | None:
    """Give the primary subtag, lower case; ``None`` for what is no language.

    >>> _language("fr-FR"), _language("und"), _language("")
    ('fr', None, None)
    """
    primary = (tag or "").replace("_", "-").partition("-")[0].strip().lower()
    known = len(primary) in _LANG_CHARS and primary.isascii() and primary.isalpha()
    return primary if known and primary not in ("und", "zxx", "mul", "mis") else None
