"""An alert as a CAP 1.2 message, in French and English."""

from __future__ import annotations

from typing import Final

from dispatch import tell
from dispatch.cap import CapArea, CapCircle, CapInfo, CapMessage, CapReference, CapValue, write
from dispatch.territory import TOLD_MASS, areas_of
from dispatch.words import ended, hazard_words
from tocsin.model import Alert, Zone
from tocsin.time import HOUR_MS

EXPIRES_MS: Final = 2 * HOUR_MS
"""So long a notice holds if no other takes its place."""
RESTRICTION: Final = (
    "For emergency services only; not for publication. Réservé aux services de secours ; ne pas diffuser."
)
LANGUAGES: Final[dict[tell.Lang, str]] = {"fr": "fr-FR", "en": "en-GB"}
_INSTRUCTION: Final[dict[tell.Lang, str]] = {
    "fr": "Signal tiré de publications publiques. À vérifier avant tout engagement : il ne décide de rien.",
    "en": "A signal from public posts. Check it before you commit anything: it decides nothing.",
}


def message(alert: Alert, sender: str) -> CapMessage:
    """Give an alert as a CAP message from a sender; the centre's own language comes first."""
    langs: tuple[tell.Lang, ...] = ("fr", "en") if alert.lang == "fr" else ("en", "fr")
    return CapMessage(
        identifier=alert.alert_id,
        sender=sender,
        sent_at=_whole(alert.sent_at),
        status=alert.status,
        msg_type=alert.msg_type,
        source="Tocsin",
        scope="Restricted",
        restriction=RESTRICTION,
        addresses=alert.recipients or (alert.centre,),
        note=_note(alert),
        references=tuple(CapReference(sender, one.alert_id, _whole(one.sent_at)) for one in alert.references),
        incidents=(alert.incident_id,),
        infos=tuple(_info(alert, lang) for lang in langs),
    )


def document(alert: Alert, sender: str) -> bytes:
    """Give an alert as the canonical XML of CAP 1.2."""
    return write(message(alert, sender))


def _info(alert: Alert, lang: tell.Lang) -> CapInfo:
    incident = alert.incident
    words = hazard_words(incident.hazard)
    over = alert.msg_type == "Cancel" or ended(incident)
    response = "None" if over else "Monitor" if incident.state == "quiet" else "Assess"
    return CapInfo(
        language=LANGUAGES[lang],
        categories=words.cap,
        event=tell.hazard_name(incident.hazard, lang),
        response_types=(response,),
        urgency=alert.urgency,
        severity=alert.severity,
        certainty=alert.certainty,
        event_codes=(CapValue("CISU:nature-de-fait", words.cisu), CapValue("tocsin:hazard", incident.hazard)),
        effective_at=_whole(alert.sent_at),
        onset_at=_whole(incident.first_voice_at),
        expires_at=_whole(alert.sent_at) + EXPIRES_MS,
        sender_name="Tocsin",
        headline=tell.headline(alert, lang),
        description=tell.description(alert, lang),
        instruction=_INSTRUCTION[lang],
        parameters=_parameters(alert),
        areas=(_area(alert, lang), *(_zone(zone, lang) for zone in incident.zones)),
    )


def _area(alert: Alert, lang: tell.Lang) -> CapArea:
    incident = alert.incident
    likely = [area for area in areas_of(incident) if area.mass >= TOLD_MASS]
    named = [
        CapValue(name, code)
        for name, codes in (
            ("INSEE:commune", [area.commune for area in likely]),
            ("INSEE:departement", [incident.departement, *(area.departement for area in likely)]),
            ("INSEE:region", [incident.region]),
        )
        for code in dict.fromkeys(codes)
        if code and (incident.country == "FR" or not incident.country)
    ]
    country = [CapValue("ISO3166-1:alpha-2", incident.country)] if incident.country else []
    return CapArea(
        description=tell.place_name(incident, lang) or "?",
        circles=(CapCircle(round(incident.lat, 6), round(incident.lon, 6), round(incident.radius_km, 3)),),
        geocodes=(*named, *country),
    )


def _zone(zone: Zone, lang: tell.Lang) -> CapArea:
    """Give one zone of a mass event as an area of its own."""
    french = zone.country in ("FR", "")
    coded = (("INSEE:commune", zone.commune), ("INSEE:departement", zone.departement), ("INSEE:region", zone.region))
    codes = [CapValue(name, code) for name, code in coded if code and french]
    if zone.country:
        codes.append(CapValue("ISO3166-1:alpha-2", zone.country))
    return CapArea(
        description=tell.zone_line(zone, lang),
        circles=(CapCircle(zone.lat, zone.lon, max(zone.radius_km, 0.001)),),
        geocodes=tuple(codes),
    )


def _parameters(alert: Alert) -> tuple[CapValue, ...]:
    """Give what CAP has no word for; names begin with ``tocsin:``."""
    incident = alert.incident
    values: dict[str, object] = {
        "revision": incident.revision,
        "state": incident.state,
        "cause": alert.cause,
        "delivery": alert.delivery,
        "evaluation": alert.evaluation,
        "proposal": str(alert.proposal).lower(),
        "lead": str(alert.lead).lower(),
        "mass": f"{alert.mass:.4f}",
        "centres": " ".join(alert.centres),
        "voices": incident.voices,
        "witnesses": incident.witnesses,
        "denials": incident.denials,
        "networks": " ".join(incident.networks),
        "expected": f"{incident.expected:.6f}",
        "window-s": incident.window_ms // 1_000,
        "evidence-nats": f"{incident.evidence:.3f}",
        "threshold-nats": f"{incident.threshold:.3f}",
        "forgery-cost-accounts": incident.forgery_cost,
        "r50-km": f"{incident.r50_km:.3f}",
        "r90-km": f"{incident.radius_km:.3f}",
        "warm": str(incident.warm).lower(),
    }
    pairs = [CapValue(f"tocsin:{name}", str(value)) for name, value in values.items() if value != ""]
    pairs += [CapValue("tocsin:reported", f"{name} {count}") for name, count in sorted(incident.consequences.items())]
    pairs += [CapValue("tocsin:opinion", f"{one.centre} {one.decision}") for one in alert.opinions]
    pairs += [CapValue("tocsin:lineage", one) for one in incident.lineage]
    if alert.exercise:
        pairs.append(CapValue("tocsin:exercise", f"{alert.exercise_of} {alert.exercise}"))
    return tuple(pairs)


def _note(alert: Alert) -> str:
    if alert.status == "Exercise":
        return f"{alert.exercise_of}: {alert.exercise}"
    if alert.msg_type == "Cancel":
        return f"{tell.cause_name(alert.cause, 'fr')} / {tell.cause_name(alert.cause, 'en')}"
    return ""


def _whole(at: int) -> int:
    """Give the whole second of an instant: CAP knows no fractions."""
    return at - at % 1_000
