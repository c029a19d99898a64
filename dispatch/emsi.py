"""EMSI (the Tactical Situation Object, CWA 15931) in the profile of the French services, as values; JSON and XML are made by ``edxl``.

A signal from public posts has no caller and no file: it *proposes*. It names its own event, never a shared one (an "affaire":
``MAIN_EVENT_ID`` is left out), asks for no mission, and says ``ACTUAL`` only where a named person has confirmed it. Where the code lists
and the schemas of the profile differ, the schemas are followed (``EXERCS``, ``RISK_ASSESMENT``).
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from dispatch import tell
from dispatch.words import ended, hazard_words, percent
from dispatch.xml import clean, instant
from tocsin.model import Alert, AlertStatus, Incident, Zone

UNKNOWN: Final = "UKN"
_MODES: Final[dict[AlertStatus, str]] = {
    "Actual": "ACTUAL",
    "Exercise": "EXERCS",
    "Test": "TEST",
    "System": "SYSTEM",
    "Draft": "SYSTEM",
}
"""There is no draft in EMSI: what nobody has judged is a message between systems."""
_TYPES: Final = {"Alert": "ALERT", "Update": "UPDATE", "Cancel": "CANCEL"}
_PLACES: Final = {
    "road": "ROAD",
    "street": "URB/STRT",
    "hospital": "URB/HOSP",
    "quarter": "URB",
    "station": "RAIL",
    "stop": "URB/STRT",
    "stadium": "URB/ASR",
}
"""EMSI location types of the kinds of place that say one; others are ``OTH``."""


class Link(msgspec.Struct, frozen=True, omit_defaults=True):
    """An earlier message that this one takes the place of."""

    ID: str
    LINK_ROLE: str | None = None


class Origin(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who writes."""

    ORG_ID: str | None = None
    USER_ID: str | None = None
    NAME: str | None = None


class Context(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The message."""

    ID: str
    MODE: Literal["ACTUAL", "EXERCS", "SYSTEM", "TEST"]
    MSGTYPE: Literal["ACK", "ALERT", "CANCEL", "ERROR", "UPDATE"]
    CREATION: str | None = None
    LINK: tuple[Link, ...] = ()
    LEVEL: str | None = None
    SECLASS: str | None = None
    FREETEXT: str | None = None
    ORIGIN: Origin | None = None
    URGENCY: Literal["URGENT", "NOT_URGENT"] | None = None


class EventType(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What kind of event."""

    CATEGORY: tuple[str, ...]
    ACTOR: tuple[str, ...]
    LOCTYPE: tuple[str, ...]
    ENV: str | None = None


class Reference(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Other names of the event."""

    ORG_ID: str
    OTHER_EVENT_ID: tuple[str, ...]


class Coord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A position, WGS 84 degrees."""

    LAT: float
    LONG: float
    HEIGHT: float | None = None


class Position(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A place."""

    LOC_ID: str | None = None
    NAME: str | None = None
    TYPE: str | None = None
    COORDSYS: str | None = None
    COORD: tuple[Coord, ...] = ()
    ADDRESS: tuple[str, ...] = ()


class Geography(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where, as of when."""

    DATIME: str | None = None
    TYPE: str | None = None
    FREETEXT: str | None = None
    POSITION: Position | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The event."""

    ID: str
    NAME: str | None = None
    MAIN_EVENT_ID: str | None = None
    ETYPE: EventType | None = None
    SOURCE: Literal["COMFOR", "HUMDED", "HUMOBS", "SENSOR"] | None = None
    SCALE: str | None = None
    CERTAINTY: int | None = None
    DECL_DATIME: str | None = None
    OCC_DATIME: str | None = None
    OBS_DATIME: str | None = None
    STATUS: Literal["COM", "IPR", "NST", "STOP"] | None = None
    RISK_ASSESMENT: Literal["NCREA", "DECREA", "STABLE"] | None = None
    REFERENCE: tuple[Reference, ...] = ()
    EGEO: tuple[Geography, ...] = ()
    CAUSE: str | None = None
    FREETEXT: str | None = None


class Emsi(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One EMSI message. Fields stand in the order of the schema's sequences."""

    CONTEXT: Context
    EVENT: Event


def of(alert: Alert, message_id: str, organisation: str) -> Emsi:
    """Give an alert as EMSI.

    Args:
        alert: what to say.
        message_id: identity of the message, that of its header.
        organisation: who sends (``fr.health.…``).
    """
    incident = alert.incident
    lang = alert.lang
    return Emsi(
        CONTEXT=Context(
            ID=message_id,
            MODE=_MODES[alert.status],  # type: ignore[arg-type]  # a closed table into a closed list
            MSGTYPE=_TYPES[alert.msg_type],  # type: ignore[arg-type]  # likewise
            CREATION=instant(alert.sent_at),
            LINK=tuple(Link(f"{organisation}.{one.alert_id}", "SPRSDS") for one in alert.references),
            SECLASS="RESTRC",
            FREETEXT=clean(tell.headline(alert, lang)),
            ORIGIN=Origin(ORG_ID=organisation, NAME="Tocsin"),
            URGENCY="URGENT" if alert.urgency == "Immediate" else "NOT_URGENT",
        ),
        EVENT=_event(alert, incident),
    )


def _event(alert: Alert, incident: Incident) -> Event:
    words = hazard_words(incident.hazard)
    return Event(
        ID=incident.incident_id,
        NAME=clean(f"{tell.hazard_name(incident.hazard, alert.lang)} – {tell.place_name(incident, alert.lang)}"),
        ETYPE=EventType(
            CATEGORY=(words.emsi,),
            ACTOR=("PPL",),
            LOCTYPE=(_PLACES.get(incident.place_kind, "OTH"),),
            ENV=words.env or None,
        ),
        # Posts of people who were there are observations; without any, it is what others have concluded.
        SOURCE="HUMOBS" if incident.witnesses else "HUMDED",
        CERTAINTY=percent(incident, alert.evaluation),
        DECL_DATIME=instant(incident.raised_at),
        OCC_DATIME=instant(incident.first_voice_at),
        OBS_DATIME=instant(incident.updated_at),
        STATUS="COM" if alert.msg_type == "Cancel" or ended(incident) else "NST",
        RISK_ASSESMENT=_risk(incident),
        EGEO=(
            Geography(
                DATIME=instant(incident.updated_at),
                TYPE="GEN/EVENT",
                FREETEXT=f"r90 {incident.radius_km:.1f} km",
                POSITION=Position(
                    LOC_ID=clean(incident.place_id) or None,
                    NAME=clean(tell.place_name(incident, alert.lang)),
                    TYPE="POINT",
                    COORDSYS="EPSG-4326",
                    COORD=(Coord(LAT=round(incident.lat, 6), LONG=round(incident.lon, 6)),),
                ),
            ),
            *(_zone(zone, incident) for zone in incident.zones),
        ),
        FREETEXT=clean(tell.description(alert, alert.lang)),
    )


def _zone(zone: Zone, incident: Incident) -> Geography:
    """Give one zone of a mass event as a place of its own."""
    return Geography(
        DATIME=instant(incident.updated_at),
        TYPE="GEN/LOCAT",
        FREETEXT=f"zone, {zone.voices} voices, r90 {zone.radius_km:.1f} km",
        POSITION=Position(
            LOC_ID=clean(zone.place_id) or None,
            NAME=clean(zone.place),
            TYPE="POINT",
            COORDSYS="EPSG-4326",
            COORD=(Coord(LAT=zone.lat, LONG=zone.lon),),
        ),
    )


def _risk(incident: Incident) -> Literal["NCREA", "DECREA", "STABLE"] | None:
    """Give the trend that the revision itself tells; ``None`` where it tells none."""
    if incident.reason in ("surge", "grown"):
        return "NCREA"
    return "DECREA" if incident.state == "quiet" else None
