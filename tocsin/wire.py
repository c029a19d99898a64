"""The bytes of a record: a version, the name of the type, the message, in MessagePack.

A batch of posts is a list of such records, each a separate raw value: one that cannot be read is one dead letter, not fifty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin import model

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION: Final = 1
_TYPES: Final[dict[str, type[msgspec.Struct]]] = {
    t.__name__: t
    for t in (
        model.Post,
        model.Progress,
        model.Retraction,
        model.SourceGap,
        model.SettingsChange,
        model.GeocodeResult,
        model.Mention,
        model.Incident,
        model.Verdict,
        model.ExerciseWindow,
        model.Alert,
        model.Digest,
        model.DeadLetter,
    )
}
_encoder = msgspec.msgpack.Encoder()
_decoders: Final[dict[str, msgspec.msgpack.Decoder[Any]]] = {
    name: msgspec.msgpack.Decoder(t) for name, t in _TYPES.items()
}
_envelope: Final = msgspec.msgpack.Decoder(tuple[int, str, msgspec.Raw])
_batch: Final = msgspec.msgpack.Decoder(list[msgspec.Raw])


class WireError(ValueError):
    """A record cannot be read; ``reason`` is a dead-letter reason."""

    def __init__(self, reason: model.DeadReason, detail: str) -> None:
        super().__init__(detail)
        self.reason: model.DeadReason = reason


def encode(message: model.Message) -> bytes:
    """Give the bytes of one message."""
    return _encoder.encode((VERSION, type(message).__name__, message))


def decode(record: bytes | msgspec.Raw) -> model.Message:
    """Read one message.

    Raises:
        WireError: the record is no message of a version and type known here.
    """
    try:
        version, name, body = _envelope.decode(record)
    except msgspec.MsgspecError as error:
        raise WireError("wrong_type", f"expected [version, type, message], got {error}") from error
    if version != VERSION or name not in _decoders:
        raise WireError(
            "unknown_version", f"expected version {VERSION} of {sorted(_decoders)}, got {version} of {name!r}"
        )
    try:
        message: model.Message = _decoders[name].decode(body)
    except msgspec.MsgspecError as error:
        raise WireError("wrong_type", f"expected a {name}, got {error}") from error
    return message


def encode_batch(messages: list[model.Message]) -> bytes:
    """Give the bytes of a batch: each message is a raw value of its own."""
    return pack([encode(message) for message in messages])


def pack(records: Sequence[bytes]) -> bytes:
    """Give the bytes of a batch of messages that are bytes already."""
    return _encoder.encode([msgspec.Raw(record) for record in records])


def decode_batch(record: bytes) -> list[model.Message | WireError]:
    """Read a batch; a message that cannot be read stands as its error, in its place.

    Raises:
        WireError: the batch itself is no list.
    """
    try:
        parts = _batch.decode(record)
    except msgspec.MsgspecError as error:
        raise WireError("wrong_type", f"expected a list of records, got {error}") from error
    read: list[model.Message | WireError] = []
    for part in parts:
        try:
            read.append(decode(part))
        except WireError as error:
            read.append(error)
    return read
