"""What others push: who signed it, and its posts as lines. Pure.

Signatures are those of the Standard Webhooks specification: ``webhook-signature`` holds ``v1,`` and the base64 of the HMAC-SHA256 of
``{webhook-id}.{webhook-timestamp}.{body}`` under the shared secret. A sender cannot speak for another: its name stands before its ids and
authors.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Annotated, Final, Literal

import msgspec

from ingest.lines import claimed_at, encode, instant
from ingest.source import PostLine, RetractLine

MAX_POSTS: Final = 1_000
"""Posts of one request."""
MAX_FAULTS: Final = 20
"""Faults of one body that are told."""
_PREFIX: Final = "whsec_"
_QUOTED: Final = re.compile(r"Invalid enum value '.*?'(?= -|$)")
"""Where the decoder's message would quote what was sent."""
_SIGNATURES: Final = 8
"""Signatures looked at in one header (a sender that changes its secret signs with both)."""

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]


class PushedPost(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A post as it is pushed; only ``id`` and ``text`` must be there."""

    id: Name
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=20_000)]
    created_at: str | None = None
    author: Name | None = None
    lang: Annotated[str, msgspec.Meta(max_length=35)] | None = None
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)] | None = None
    place: Annotated[str, msgspec.Meta(max_length=256)] | None = None
    reply_to: Name | None = None
    repost_of: Name | None = None
    bot: bool | None = None


class PushedRetraction(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The retraction of an earlier post of the same sender; of an edited one, the new text follows under its id."""

    retract: Name
    reason: Literal["deleted", "edited"] = "deleted"


class RefusedError(ValueError):
    """The body is refused; the message says where and why, and quotes nothing of it.

    Args:
        message: what is wrong.
        faults: each item that is wrong, and why, up to ``MAX_FAULTS``.
    """

    def __init__(self, message: str, faults: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.faults = faults


class _Kind(msgspec.Struct):
    retract: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_raws: Final = msgspec.json.Decoder(list[msgspec.Raw])
_kind: Final = msgspec.json.Decoder(_Kind)
_post: Final = msgspec.json.Decoder(PushedPost)
_retraction: Final = msgspec.json.Decoder(PushedRetraction)


def says_who(headers: dict[str, str], *, bearer: bool) -> bool:
    """Say whether a request shows anything by which its sender could be known."""
    signed = all(headers.get(name) for name in ("webhook-id", "webhook-timestamp", "webhook-signature"))
    return signed or (bearer and headers.get("authorization", "")[:7].lower() == "bearer ")


def is_signed(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Say whether a body was signed with a secret; whether lately, says ``is_timely``.

    >>> told = {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
    ...         "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}
    >>> is_signed("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", told, b'{"test": 2432232314}')
    True
    >>> is_signed("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", told, b'{"test": 2432232315}')
    False
    """
    identity, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    signed = f"{identity}.{stamp}.".encode() + body
    expected = base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest())
    given = [one.partition(",") for one in headers.get("webhook-signature", "").split(" ")[:_SIGNATURES]]
    return bool(identity) and any(
        version == "v1" and hmac.compare_digest(expected, signature.encode()) for version, _, signature in given
    )


def is_timely(headers: dict[str, str], *, now_secs: float, skew_secs: float) -> bool:
    """Say whether a message was stamped lately: who replays one later is refused.

    >>> [is_timely({"webhook-timestamp": stamp}, now_secs=1_000, skew_secs=300) for stamp in ("700", "699", "1300", "-1", "")]
    [True, False, True, False, False]
    """
    stamp = headers.get("webhook-timestamp", "")
    return stamp.isascii() and stamp.isdigit() and len(stamp) < 12 and abs(now_secs - int(stamp)) <= skew_secs


def key_of(secret: str) -> bytes:
    """Give the key of a secret: base64 behind ``whsec_``, else its own bytes."""
    if secret.startswith(_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            return secret.encode()
    return secret.encode()


def is_bearer(secret: str, headers: dict[str, str]) -> bool:
    """Say whether the secret itself was sent as a bearer token."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode(), secret.encode())


def lines_of(body: bytes, sender: str, now_at: int) -> list[tuple[bytes, bool]]:
    """Give the lines of a body (one object, an array of them, or one a line), and for each whether it is a new post.

    Raises:
        RefusedError: a part of it cannot be read; then nothing of it is taken.
    """
    raws = _parts(body)
    if len(raws) > MAX_POSTS:
        raise RefusedError(f"expected at most {MAX_POSTS} posts, got {len(raws)}")
    lines: list[tuple[bytes, bool]] = []
    faults: list[str] = []
    edited: set[str] = set()
    for index, raw in enumerate(raws):
        try:
            lines.append(_item(raw, sender, now_at, edited))
        except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
            faults.append(f"item {index}: {_QUOTED.sub('expected another value', str(wrong))}")
    if faults:
        raise RefusedError(faults[0], faults[:MAX_FAULTS])
    return lines


def _item(raw: msgspec.Raw, sender: str, now_at: int, edited: set[str]) -> tuple[bytes, bool]:
    if _kind.decode(raw).retract is msgspec.UNSET:
        post = _post.decode(raw)
        return encode(_line(post, sender, now_at)), post.id not in edited
    gone = _retraction.decode(raw)
    if gone.reason == "edited":
        edited.add(gone.retract)
    return encode(RetractLine(retract=f"{sender} {gone.retract}", at=instant(now_at), reason=gone.reason)), False


def _parts(body: bytes) -> list[msgspec.Raw]:
    text = body.strip()
    try:
        if text.startswith(b"["):
            return _raws.decode(text)
        lines = [line for line in text.split(b"\n") if line.strip()]
        if len(lines) > 1 and not text.startswith(b"{\n"):
            return [msgspec.Raw(line) for line in lines]
        return [msgspec.Raw(text)] if text else []
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise RefusedError(f"expected JSON: {wrong}") from wrong


def _line(post: PushedPost, sender: str, now_at: int) -> PostLine:
    if (post.lat is None) != (post.lon is None):
        raise msgspec.ValidationError("expected lat and lon together")
    return PostLine(
        id=f"{sender} {post.id}",
        source=f"push-{sender}",
        created_at=instant(claimed_at(post.created_at, now_at)),
        author=f"{sender} {post.author or ''}",
        text=post.text,
        lang=post.lang,
        lat=post.lat,
        lon=post.lon,
        place=post.place,
        reply_to=None if post.reply_to is None else f"{sender} {post.reply_to}",
        repost_of=None if post.repost_of is None else f"{sender} {post.repost_of}",
        bot=post.bot,
    )
