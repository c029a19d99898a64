"""CAP 1.2 (OASIS Standard, 1 July 2010): a message as a value, its canonical XML, and the reader of that XML.

``write`` puts elements in the order of the schema and refuses nothing that ``CapMessage`` can hold; ``read`` takes any CAP 1.2 message and
keeps what is modelled here (no resources, no digital signature). Times are whole seconds.
"""

from __future__ import annotations

from typing import Final

import msgspec
from lxml import etree

from dispatch.words import Certainty, Severity, Urgency
from dispatch.xml import XmlError, add, children_of, clean, instant, parse, read_instant, serialise, text_of, texts_of
from tocsin.model import AlertStatus

NAMESPACE: Final = "urn:oasis:names:tc:emergency:cap:1.2"
MEDIA_TYPE: Final = "application/cap+xml"


class CapReference(msgspec.Struct, frozen=True):
    """An earlier message: who sent it, what it is called, when it was sent."""

    sender: str
    identifier: str
    sent_at: int


class CapValue(msgspec.Struct, frozen=True):
    """A name and a value: a parameter, an event code, a geocode."""

    name: str
    value: str


class CapCircle(msgspec.Struct, frozen=True):
    """A circle: WGS 84 degrees and a radius."""

    lat: float
    lon: float
    radius_km: float


class CapArea(msgspec.Struct, frozen=True, kw_only=True):
    """Where."""

    description: str
    circles: tuple[CapCircle, ...] = ()
    geocodes: tuple[CapValue, ...] = ()


class CapInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What, in one language."""

    language: str
    categories: tuple[str, ...]
    event: str
    response_types: tuple[str, ...] = ()
    urgency: Urgency
    severity: Severity
    certainty: Certainty
    event_codes: tuple[CapValue, ...] = ()
    effective_at: int | None = None
    onset_at: int | None = None
    expires_at: int | None = None
    sender_name: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    web: str = ""
    parameters: tuple[CapValue, ...] = ()
    areas: tuple[CapArea, ...] = ()


class CapMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One CAP message."""

    identifier: str
    sender: str
    sent_at: int
    status: AlertStatus
    msg_type: str
    source: str = ""
    scope: str = "Restricted"
    restriction: str = ""
    addresses: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    note: str = ""
    references: tuple[CapReference, ...] = ()
    incidents: tuple[str, ...] = ()
    infos: tuple[CapInfo, ...] = ()


def write(message: CapMessage) -> bytes:
    """Give the canonical XML of a message."""
    root = etree.Element(etree.QName(NAMESPACE, "alert"), nsmap={None: NAMESPACE})
    add(root, "identifier", message.identifier)
    add(root, "sender", message.sender)
    add(root, "sent", instant(message.sent_at))
    add(root, "status", message.status)
    add(root, "msgType", message.msg_type)
    _optional(root, "source", message.source)
    add(root, "scope", message.scope)
    _optional(root, "restriction", message.restriction)
    _optional(root, "addresses", " ".join(_quoted(one) for one in message.addresses))
    for code in message.codes:
        add(root, "code", code)
    _optional(root, "note", message.note)
    _optional(
        root,
        "references",
        " ".join(f"{one.sender},{one.identifier},{instant(one.sent_at)}" for one in message.references),
    )
    _optional(root, "incidents", " ".join(_quoted(one) for one in message.incidents))
    for info in message.infos:
        _write_info(root, info)
    return serialise(root)


def _write_info(root: etree._Element, info: CapInfo) -> None:
    part = add(root, "info")
    add(part, "language", info.language)
    for category in info.categories:
        add(part, "category", category)
    add(part, "event", info.event)
    for response in info.response_types:
        add(part, "responseType", response)
    add(part, "urgency", info.urgency)
    add(part, "severity", info.severity)
    add(part, "certainty", info.certainty)
    for code in info.event_codes:
        _pair(part, "eventCode", code)
    for tag, at in (("effective", info.effective_at), ("onset", info.onset_at), ("expires", info.expires_at)):
        if at is not None:
            add(part, tag, instant(at))
    _optional(part, "senderName", info.sender_name)
    _optional(part, "headline", info.headline)
    _optional(part, "description", info.description)
    _optional(part, "instruction", info.instruction)
    _optional(part, "web", info.web)
    for parameter in info.parameters:
        _pair(part, "parameter", parameter)
    for area in info.areas:
        place = add(part, "area")
        add(place, "areaDesc", area.description)
        for circle in area.circles:
            add(place, "circle", f"{circle.lat:.6f},{circle.lon:.6f} {circle.radius_km:.3f}")
        for geocode in area.geocodes:
            _pair(place, "geocode", geocode)


def read(document: bytes) -> CapMessage:
    """Read a CAP 1.2 message.

    Raises:
        XmlError: it is no CAP 1.2, or lacks what every message has.
    """
    root = parse(document, etree.QName(NAMESPACE, "alert"))
    values = {
        "identifier": text_of(root, "identifier"),
        "sender": text_of(root, "sender"),
        "sent_at": read_instant(text_of(root, "sent")),
        "status": text_of(root, "status"),
        "msg_type": text_of(root, "msgType"),
        "source": _one(root, "source"),
        "scope": text_of(root, "scope"),
        "restriction": _one(root, "restriction"),
        "addresses": _list(_one(root, "addresses")),
        "codes": texts_of(root, "code"),
        "note": _one(root, "note"),
        "references": [_reference(part) for part in _one(root, "references").split()],
        "incidents": _list(_one(root, "incidents")),
        "infos": [_read_info(part) for part in children_of(root, "info")],
    }
    try:
        return msgspec.convert(values, CapMessage)
    except msgspec.ValidationError as error:
        raise XmlError(f"expected a CAP message, got one where {error}") from error


def _read_info(part: etree._Element) -> dict[str, object]:
    return {
        "language": _one(part, "language") or "en-US",  # the default of the standard
        "categories": texts_of(part, "category"),
        "event": text_of(part, "event"),
        "response_types": texts_of(part, "responseType"),
        "urgency": text_of(part, "urgency"),
        "severity": text_of(part, "severity"),
        "certainty": text_of(part, "certainty"),
        "event_codes": _pairs(part, "eventCode"),
        "effective_at": _instant(part, "effective"),
        "onset_at": _instant(part, "onset"),
        "expires_at": _instant(part, "expires"),
        "sender_name": _one(part, "senderName"),
        "headline": _one(part, "headline"),
        "description": _one(part, "description"),
        "instruction": _one(part, "instruction"),
        "web": _one(part, "web"),
        "parameters": _pairs(part, "parameter"),
        "areas": [
            {
                "description": text_of(area, "areaDesc"),
                "circles": [_circle(text) for text in texts_of(area, "circle")],
                "geocodes": _pairs(area, "geocode"),
            }
            for area in children_of(part, "area")
        ],
    }


def _optional(parent: etree._Element, tag: str, text: str) -> None:
    if text:
        add(parent, tag, text)


def _pair(parent: etree._Element, tag: str, pair: CapValue) -> None:
    element = add(parent, tag)
    add(element, "valueName", pair.name)
    add(element, "value", pair.value)


def _pairs(parent: etree._Element, tag: str) -> list[dict[str, str]]:
    return [
        {"name": text_of(element, "valueName"), "value": text_of(element, "value")}
        for element in children_of(parent, tag)
    ]


def _one(parent: etree._Element, tag: str) -> str:
    return next(iter(texts_of(parent, tag)), "")


def _instant(parent: etree._Element, tag: str) -> int | None:
    text = _one(parent, tag)
    return read_instant(text) if text else None


def _reference(text: str) -> dict[str, object]:
    parts = text.split(",")
    if len(parts) != 3:
        raise XmlError(f"expected sender,identifier,sent in references, got {text[:80]!r}")
    return {"sender": parts[0], "identifier": parts[1], "sent_at": read_instant(parts[2])}


def _circle(text: str) -> dict[str, float]:
    try:
        point, radius = text.split()
        lat, lon = point.split(",")
        return {"lat": float(lat), "lon": float(lon), "radius_km": float(radius)}
    except ValueError as error:
        raise XmlError(f"expected lat,lon radius in circle, got {text[:80]!r}") from error


def _quoted(text: str) -> str:
    """Give one of a list that spaces part: within double quotes if it holds a space (CAP 1.2, 3.2.1); it cannot hold such quotes."""
    text = clean(text).replace('"', "'")
    return f'"{text}"' if not text or any(char.isspace() for char in text) else text


def _list(text: str) -> list[str]:
    """Read a list that spaces part, with double quotes around what holds a space."""
    found: list[str] = []
    for index, part in enumerate(text.split('"')):
        found += [part] if index % 2 else part.split()
    return found
