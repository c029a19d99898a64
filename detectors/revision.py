"""What an incident says: whether there is something to say, and the revision that says it.

It speaks again only when there is something new: its voices doubled, its hazard or place changed, its pace surged, people tell of it in
another town (a mass event), it was denied, it fell silent.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from detectors import explain
from detectors.case import SURGE_MINS, Case
from detectors.explanation import BRINGS, accounts_for
from detectors.geometry import distance_km, within_km
from detectors.incident import DENIAL_WEIGHT, find_zones
from detectors.place import Whereabouts
from detectors.zones import MOST_HEADS, MOST_SPACING_KM
from tocsin.model import Incident, Reason, Zone
from tocsin.settings.detector import DetectorSettings
from tocsin.time import MINUTE_MS

GROWN_FACTOR: Final = 2.0
"""An incident speaks again when its voices have multiplied by this."""
LEAST_MOVE_KM: Final = 1.0
DENIED_SHARE: Final = 0.5
"""Weight of denials a voice from which an incident is withdrawn."""
REOPENING_VOICES: Final = 2
"""First-hand voices after a withdrawal that reopen an incident."""


def denied(case: Case, settings: DetectorSettings) -> bool:
    """Tell whether the voices against a case outweigh those for it: half as many, at least two or an official one.

    A match, a rally or a warning says nothing against a case while it leaves ``min_voices`` sure voices of it unexplained.
    """
    beside = {
        kind
        for kind in set(case.explaining.values()) & BRINGS.keys()
        if sum(not accounts_for(voice, kind) for voice in case.voices) >= settings.min_voices
    }
    weight = sum(weight for author, weight in case.denials.items() if case.explaining.get(author) not in beside)
    return weight >= max(DENIED_SHARE * case.count, 2 * DENIAL_WEIGHT)


def next_reason(case: Case, now_at: int, settings: DetectorSettings) -> Reason | None:
    """Say why a case should speak now, or ``None``: whether it stands comes before where it is, and that before how large."""
    if case.state == "closed":
        return None
    if case.state == "explained":
        return "reopened" if case.against_first_hand >= REOPENING_VOICES else None
    if denied(case, settings) or case.count < settings.min_voices:
        return "withdrawn"
    return _move(case) or _growth(case, now_at, settings)


def _move(case: Case) -> Reason | None:
    moved = distance_km(case.said_lat, case.said_lon, case.place.lat, case.place.lon)
    if moved > max(LEAST_MOVE_KM, case.said_r90_km):
        return "corrected"
    if moved > max(LEAST_MOVE_KM, case.said_r90_km / 2):
        return "moved"
    return None


def _growth(case: Case, now_at: int, settings: DetectorSettings) -> Reason | None:
    recent = sum(at > now_at - SURGE_MINS * MINUTE_MS for at in case.surge_times)
    pace = recent / SURGE_MINS
    if recent >= settings.surge_min_voices and case.said_pace and pace >= settings.surge_factor * case.said_pace:
        return "surge"
    if case.count >= GROWN_FACTOR * case.said_count or case.hazard != case.said_hazard:
        return "grown"
    return None


def new_zones(case: Case) -> bool:
    """Tell whether there is a zone where none was told of: worth a revision, though nothing else has changed."""
    if len(case.said_zones) >= MOST_HEADS:
        return False
    return any(_is_new(case, zone) for zone in case.zones)


def _is_new(case: Case, zone: Zone) -> bool:
    return not any(within_km(zone.lat, zone.lon, lat, lon, MOST_SPACING_KM) for lat, lon in case.said_zones)


def _msg_type(case: Case, reason: Reason) -> Literal["Alert", "Update", "Cancel"]:
    if reason == "raised":
        return "Alert"
    return "Cancel" if reason == "withdrawn" or (reason == "merged" and case.state == "closed") else "Update"


def revise(
    case: Case, now_at: int, reason: Reason, settings: DetectorSettings, *, zones_only: bool = False
) -> Incident:
    """Write the next revision of a case, and remember what was said.

    One for the sake of its zones alone says nothing of its pace and size: surge and growth are measured as if it had not been written.
    """
    case.revision += 1
    find_zones(case, settings)
    place, where = case.place, case.where
    total = sum(case.masses.values()) or 1.0
    hazards = {h: round(m / total, 4) for h, m in sorted(case.masses.items()) if m / total >= 0.005}
    recent = sum(at > now_at - SURGE_MINS * MINUTE_MS for at in case.surge_times)
    if not zones_only:
        case.said_pace = max(case.said_pace if reason != "surge" else 0.0, recent / SURGE_MINS)
        case.said_count = case.count
    new = [(zone.lat, zone.lon) for zone in case.zones if _is_new(case, zone)]
    case.said_zones = [*case.said_zones, *new][:MOST_HEADS]
    case.said_hazard, case.said_r90_km = case.hazard, where.r90_km
    case.said_lat, case.said_lon = place.lat, place.lon
    incident = Incident(
        incident_id=case.incident_id,
        revision=case.revision,
        msg_type=_msg_type(case, reason),
        reason=reason,
        state=case.state,
        hazard=case.hazard,
        hazards=hazards,
        lat=round(place.lat, 6),
        lon=round(place.lon, 6),
        radius_km=where.r90_km,
        r50_km=where.r50_km,
        place=place_words(where, settings),
        place_id=place.id,
        place_kind=place.kind,
        country=place.country,
        region=place.admin.region,
        departement=place.admin.departement,
        commune=place.admin.commune,
        raised_at=case.raised_at,
        updated_at=now_at,
        first_voice_at=case.first_voice_at,
        closed_at=now_at if case.state == "closed" else None,
        voices=case.count,
        witnesses=case.witnesses,
        located_voices=case.located,
        denials=len(case.denials),
        networks=tuple(sorted(case.networks)),
        evidence=round(case.nats, 3),
        threshold=round(case.threshold, 3),
        expected=round(case.expected, 6),
        window_ms=case.window_ms,
        budget_mins=case.budget_mins,
        forgery_cost=case.forgery,
        warm=case.warm,
        terms=explain.top_terms(case.terms),
        reported=explain.reported(case.consequences),
        inferred=explain.inferred(hazards, case.hazard, where.r90_km, where.mass[where.medoid]),
        unknown=(
            *explain.returned(case.earlier),
            *explain.unknown(case.consequences, case.witnesses),
            *explain.unheard(case.away),
        ),
        lineage=tuple(case.lineage),
        areas=where.areas(),
        consequences=dict(sorted(case.consequences.items())),
        quotable=explain.quotable(case.voices, case.count),
        zones=case.zones,
    )
    return msgspec.structs.replace(incident, sentence=explain.sentence(incident, case.away))


def place_words(where: Whereabouts, settings: DetectorSettings) -> str:
    """Name the place: alone when its commune holds the mass (or it leads clearly), else "between X and Y"."""
    order = sorted(range(len(where.zones)), key=lambda i: (-where.mass[i], where.zones[i].id))
    alone = where.commune(settings.commune_mass) is not None or where.mass[where.medoid] >= settings.commune_mass
    others = [where.zones[i].name for i in order if where.zones[i].name != where.place.name and where.mass[i] >= 0.1]
    return where.place.name if alone or not others else f"between {where.place.name} and {others[0]}"
