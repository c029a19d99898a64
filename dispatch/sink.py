"""A sink: it turns what it wants into parcels, and tries to deliver one. Queueing, order and patience are the courier's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from dispatch import cap, cap_notice, edxl, public
from tocsin.model import Alert, Digest
from tocsin.settings.sinks import Format, SinkSettings

JSON_TYPE: Final = "application/json"
XML_TYPE: Final = "application/xml"


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be delivered: its identity, what it must not overtake, and its bytes."""

    key: str
    """Idempotency key: the same however often it is sent."""
    order: str
    """Parcels of one order key go out one after the other, in the order they were put in."""
    media_type: str
    body: bytes
    number: int = 0
    """Its place in the queue."""
    attempts: int = 0
    put_at: int = 0


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one try."""

    done: bool
    why: str = ""
    away: bool = False
    """Nobody answers at all: no other parcel would fare better now."""
    never: bool = False
    """It will never be taken."""
    wait_ms: int | None = None
    """So long the receiver asks to be left in peace."""


DONE: Final = Outcome(done=True)


class Sink(Protocol):
    """A place that alerts are delivered to."""

    @property
    def settings(self) -> SinkSettings:
        """Its name, format and what it wants."""
        ...

    def deliver(self, parcel: Parcel) -> Outcome:
        """Try once; never raise for what a receiver does."""
        ...

    def close(self) -> None:
        """Let connections go."""
        ...


def wants(settings: SinkSettings, message: Alert | Digest) -> bool:
    """Tell whether a sink is for a message: for its centre; digests only as JSON, and only where unconfirmed things go too."""
    if settings.centres and message.centre not in settings.centres:
        return False
    if isinstance(message, Digest):
        return settings.format == "json" and not settings.only_actual
    return message.status == "Actual" or not settings.only_actual


def parcels(settings: SinkSettings, message: Alert | Digest, sender: str) -> Sequence[Parcel]:
    """Write a message in the format of a sink: one parcel, or for EDXL-DE one for each addressee."""
    if isinstance(message, Digest):
        return [
            Parcel(
                key=message.digest_id,
                order=f"digest {message.centre}",
                media_type=JSON_TYPE,
                body=public.encode(message),
            )
        ]
    return [
        Parcel(key=key, order=message.incident_id, media_type=media_type, body=body)
        for key, media_type, body in _written(settings.format, message, sender)
    ]


def _written(chosen: Format, alert: Alert, sender: str) -> list[tuple[str, str, bytes]]:
    if chosen == "json":
        return [(alert.alert_id, JSON_TYPE, public.encode(alert))]
    if chosen == "cap":
        return [(alert.alert_id, cap.MEDIA_TYPE, cap_notice.document(alert, sender))]
    write, media_type = (edxl.write_json, JSON_TYPE) if chosen == "edxl-json" else (edxl.write_xml, XML_TYPE)
    return [
        (f"{alert.alert_id}-{number}", media_type, write(envelope))
        for number, envelope in enumerate(edxl.envelopes(alert, sender))
    ]
