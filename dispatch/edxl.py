"""EMSI in an EDXL-DE 2.0 envelope under an RC-DE header, the form of the French health and fire services: as a value, in JSON and in XML.

An envelope goes to one address. Its closed list of states holds ``Actual`` and ``Exercise`` only, so all that no named person has confirmed
goes as ``Exercise``: no system may act on it; the EMSI inside says the finer truth (``SYSTEM``, ``TEST``, ``EXERCS``).
Sources: OASIS EDXL-DE 2.0; the schemas of ansforge/SAMU-Hub-Modeles.
"""

from __future__ import annotations

from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec
from lxml import etree

from dispatch import emsi
from dispatch.emsi import Emsi
from dispatch.xml import MAX_BYTES, XmlError, add, clean, instant, parse, serialise, text_of
from tocsin.model import Alert
from tocsin.time import HOUR_MS

DE: Final = "urn:oasis:names:tc:emergency:EDXL:DE:2.0"
RC: Final = "urn:emergency:eda:1.9"
EMSI: Final = "urn:emergency:eda:1.9:emsi"
XLINK: Final = "http://www.w3.org/1999/xlink"
SCHEME: Final = "hubex"
"""How addresses of the French hub are written."""
EXPIRES_MS: Final = 2 * HOUR_MS
"""After this nobody needs to hand it over any more."""
_KINDS: Final[dict[str, Literal["Report", "Update", "Cancel"]]] = {
    "Alert": "Report",
    "Update": "Update",
    "Cancel": "Cancel",
}
Status = Literal["Actual", "Exercise"]
Kind = Literal["Report", "Update", "Cancel", "Ack", "Error"]


class Party(msgspec.Struct, frozen=True):
    """A sending or receiving system."""

    name: str
    URI: str


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """The RC-DE header and what it heads."""

    messageId: str  # noqa: N815 - the word of the schema
    sender: Party
    sentAt: str  # noqa: N815 - likewise
    kind: Kind
    status: Literal["Actual", "Exercise", "System"]
    recipient: tuple[Party, ...]
    emsi: Emsi


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """One distribution to one address."""

    distribution_id: str
    sender_id: str
    sent: str
    expires: str
    status: Status
    kind: Kind
    language: str
    address: str
    message: Message


def envelopes(alert: Alert, sender: str) -> tuple[Envelope, ...]:
    """Give an alert as one envelope for each addressee of its centre (for the centre itself, if it names none).

    Args:
        alert: what to say.
        sender: identity of the sending organisation; distributions and messages are named under it.
    """
    status: Status = "Actual" if alert.status == "Actual" else "Exercise"
    message_id = f"{sender}.{alert.alert_id}"
    told = emsi.of(alert, message_id, sender)
    made: list[Envelope] = []
    for number, address in enumerate(alert.recipients or (alert.centre,)):
        safe = clean(address)
        made.append(
            Envelope(
                distribution_id=f"{sender}_{alert.alert_id}" + (f"-{number}" if number else ""),
                sender_id=sender,
                sent=instant(alert.sent_at),
                expires=instant(alert.sent_at + EXPIRES_MS),
                status=status,
                kind=_KINDS[alert.msg_type],
                language="fr-FR" if alert.lang == "fr" else "en-GB",
                address=safe,
                message=Message(
                    messageId=message_id,
                    sender=Party(sender, f"{SCHEME}:{sender}"),
                    sentAt=instant(alert.sent_at),
                    kind=_KINDS[alert.msg_type],
                    status=status,
                    recipient=(Party(safe, f"{SCHEME}:{safe}"),),
                    emsi=told,
                ),
            )
        )
    return tuple(made)


def write_json(envelope: Envelope) -> bytes:
    """Give the JSON of an envelope."""
    return msgspec.json.encode(
        {
            "distributionID": envelope.distribution_id,
            "senderID": envelope.sender_id,
            "dateTimeSent": envelope.sent,
            "dateTimeExpires": envelope.expires,
            "distributionStatus": envelope.status,
            "distributionKind": envelope.kind,
            "descriptor": {
                "language": envelope.language,
                "explicitAddress": {"explicitAddressScheme": SCHEME, "explicitAddressValue": envelope.address},
            },
            "content": [{"jsonContent": {"embeddedJsonContent": {"message": envelope.message}}}],
        }
    )


def read_json(document: bytes) -> Envelope:
    """Read the JSON of an envelope that holds EMSI.

    Raises:
        XmlError: it is too large, or no such envelope.
    """
    if len(document) > MAX_BYTES:
        raise XmlError(f"expected at most {MAX_BYTES} bytes, got {len(document)}")
    try:
        outer = msgspec.json.decode(document)
        descriptor = outer["descriptor"]
        return msgspec.convert(
            {
                "distribution_id": outer["distributionID"],
                "sender_id": outer["senderID"],
                "sent": outer["dateTimeSent"],
                "expires": outer["dateTimeExpires"],
                "status": outer["distributionStatus"],
                "kind": outer["distributionKind"],
                "language": descriptor["language"],
                "address": descriptor["explicitAddress"]["explicitAddressValue"],
                "message": outer["content"][0]["jsonContent"]["embeddedJsonContent"]["message"],
            },
            Envelope,
        )
    except (msgspec.MsgspecError, LookupError, TypeError, UnicodeDecodeError) as error:
        raise XmlError(f"expected an EDXL-DE envelope of EMSI, got one where {error!r}"[:300]) from error


def write_xml(envelope: Envelope) -> bytes:
    """Give the canonical XML of an envelope."""
    root = etree.Element(etree.QName(DE, "edxlDistribution"), nsmap={None: DE, "xlink": XLINK})
    root.set(etree.QName(XLINK, "type"), "extended")
    add(root, "distributionID", envelope.distribution_id)
    add(root, "senderID", envelope.sender_id)
    add(root, "dateTimeSent", envelope.sent)
    add(root, "dateTimeExpires", envelope.expires)
    add(root, "distributionStatus", envelope.status)
    add(root, "distributionKind", envelope.kind)
    descriptor = _resource(root, "descriptor")
    add(descriptor, "language", envelope.language)
    address = add(descriptor, "explicitAddress")
    add(address, "explicitAddressScheme", SCHEME)
    add(address, "explicitAddressValue", envelope.address)
    part = add(_resource(_resource(root, "content"), "contentObject"), "contentXML")
    embedded = add(part, "embeddedXMLContent")
    message = etree.SubElement(embedded, etree.QName(RC, "message"), nsmap={None: RC})
    for field in msgspec.structs.fields(Message):
        if field.name != "emsi":
            _write(message, field.name, getattr(envelope.message, field.name))
    told = etree.SubElement(message, etree.QName(EMSI, "emsi"), nsmap={None: EMSI})
    _write_fields(told, envelope.message.emsi)
    return serialise(root)


def read_xml(document: bytes) -> Envelope:
    """Read the XML of an envelope that holds EMSI.

    Raises:
        XmlError: it is no such envelope.
    """
    root = parse(document, etree.QName(DE, "edxlDistribution"))
    message = root.find(f".//{{{RC}}}message")
    told = None if message is None else message.find(f"{{{EMSI}}}emsi")
    if message is None or told is None:
        raise XmlError("expected a message with emsi in the envelope, got none")
    values = {
        "distribution_id": text_of(root, "distributionID"),
        "sender_id": text_of(root, "senderID"),
        "sent": text_of(root, "dateTimeSent"),
        "expires": text_of(root, "dateTimeExpires"),
        "status": text_of(root, "distributionStatus"),
        "kind": text_of(root, "distributionKind"),
        "language": root.findtext(f"{{{DE}}}descriptor/{{{DE}}}language") or "",
        "address": root.findtext(f".//{{{DE}}}explicitAddressValue") or "",
        "message": _read(message, Message) | {"emsi": _read(told, Emsi)},
    }
    try:
        return msgspec.convert(values, Envelope, strict=False)
    except msgspec.ValidationError as error:
        raise XmlError(f"expected an EDXL-DE envelope of EMSI, got one where {error}") from error


def _resource(parent: etree._Element, tag: str) -> etree._Element:
    child = add(parent, tag)
    child.set(etree.QName(XLINK, "type"), "resource")
    return child


def _write(parent: etree._Element, tag: str, value: Any) -> None:
    """Add a value under a tag: a struct as children in the order of its fields, a tuple as one element each, ``None`` not at all."""
    if value is None:
        return
    if isinstance(value, tuple):
        for one in value:
            _write(parent, tag, one)
    elif isinstance(value, msgspec.Struct):
        _write_fields(add(parent, tag), value)
    else:
        add(parent, tag, f"{value:.6f}" if isinstance(value, float) else str(value))


def _write_fields(parent: etree._Element, value: msgspec.Struct) -> None:
    for field in msgspec.structs.fields(value):
        _write(parent, field.name, getattr(value, field.name))


def _read(element: etree._Element, kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Give the children that a struct knows, as plain values for ``msgspec.convert``."""
    found: dict[str, Any] = {}
    hints = get_type_hints(kind)
    for field in msgspec.structs.fields(kind):
        children = element.findall(etree.QName(etree.QName(element).namespace, field.name).text)
        if not children:
            continue
        many, inner = _inner(hints[field.name])
        read = [_read(child, inner) if inner else (child.text or "") for child in children]
        found[field.name] = read if many else read[0]
    return found


def _inner(hint: Any) -> tuple[bool, type[msgspec.Struct] | None]:
    """Tell whether a field repeats, and the struct that it holds, if any."""
    many = get_origin(hint) is tuple
    for part in (get_args(hint) or (hint,)) if not isinstance(hint, type) else (hint,):
        if isinstance(part, type) and issubclass(part, msgspec.Struct):
            return many, part
    return many, None
