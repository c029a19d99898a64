"""Public JSON of alerts, digests and verdicts, its reader, and its JSON Schema: instants are ISO 8601 UTC, every key is always there.

A key that ends in ``_at`` is an instant, in whatever depth. So one rule gives the writer, the reader and the schema.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import msgspec

from tocsin.model import Alert, Digest, ExerciseWindow, Verdict
from tocsin.time import format_instant, parse_instant

T = TypeVar("T", bound=Alert | Digest | Verdict | ExerciseWindow)
MAX_BYTES: Final = 1 << 20
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_INSTANT: Final = {"type": "string", "format": "date-time"}


class PublicError(ValueError):
    """A record cannot be read: what was expected and what came."""


def public(message: T) -> dict[str, Any]:
    """Give a message as plain values.

    >>> from tocsin.model import Verdict
    >>> public(Verdict(incident_id="i", centre="c", operator="o", at=0, decision="seen"))["at"]
    '1970-01-01T00:00:00.000Z'
    """
    written: dict[str, Any] = _outward(msgspec.to_builtins(message))
    return written


def encode(message: T) -> bytes:
    """Give a message as one JSON object; equal messages have equal bytes."""
    return msgspec.json.encode(public(message))


def decode(record: bytes, kind: type[T]) -> T:
    """Read what ``encode`` wrote, or what another program wrote by the schema; unknown keys are passed over.

    Raises:
        PublicError: it is too large, no JSON, or no such message.
    """
    if len(record) > MAX_BYTES:
        raise PublicError(f"expected at most {MAX_BYTES} bytes, got {len(record)}")
    try:
        return msgspec.convert(_inward(msgspec.json.decode(record)), kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise PublicError(f"expected a {kind.__name__}, got {str(error)[:200]}") from error


def schema(kind: type[T]) -> dict[str, Any]:
    """Give the JSON Schema (2020-12) of the public form of a type."""
    made = msgspec.json.schema(kind)
    told: dict[str, Any] = {
        "$schema": DIALECT,
        "$id": f"urn:tocsin:schema:{kind.__name__.lower()}:1",
        **_published(made),
    }
    return told


def components(kinds: tuple[type, ...], ref_template: str) -> dict[str, Any]:
    """Give the schemas of the public forms of types, by name, for documents that hold many (AsyncAPI, OpenAPI)."""
    _, made = msgspec.json.schema_components(kinds, ref_template=ref_template)
    found: dict[str, Any] = _published(made)
    return found


def plain(value: Any) -> Any:
    """Give a value with arrays in place of tuples, as JSON knows them."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def _is_instant(key: str) -> bool:
    return key == "at" or key.endswith("_at")


def _outward(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: format_instant(inner) if _is_instant(key) and isinstance(inner, int) else _outward(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_outward(inner) for inner in value]
    return value


def _inward(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: parse_instant(inner) if _is_instant(key) and isinstance(inner, str) else _inward(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_inward(inner) for inner in value]
    return value


def _published(value: Any) -> Any:
    """Turn the schema of a message into that of its public form: integers named as instants become date-times."""
    if isinstance(value, list | tuple):  # a default may be a tuple, which JSON knows as an array
        return [_published(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    made: dict[str, Any] = {}
    for key, inner in value.items():
        if key == "properties":
            made[key] = {name: _property(name, part) for name, part in inner.items()}
        elif key == "required":
            continue
        else:
            made[key] = _published(inner)
    if "properties" in made:
        made["required"] = list(made["properties"])  # all keys are always written
    return made


def _property(name: str, part: Any) -> Any:
    if not _is_instant(name):
        return _published(part)
    if "anyOf" in part:
        return {"anyOf": [dict(_INSTANT), {"type": "null"}], "default": None}
    return dict(_INSTANT)
