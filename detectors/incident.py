"""The life of one incident: raised, grown, moved, merged, denied, quiet, closed. One fold: a case, what was heard, the next revision.

A case owns its voices: later voices of its area and family belong to it and can raise nothing else. It speaks again only when there is
something to say: its voices doubled, its hazard or place changed, its pace surged, it was denied, it fell silent.
"""

from __future__ import annotations

import math
from typing import Final, Literal

import msgspec

from detectors import explain
from detectors.geometry import distance_km, within_km
from detectors.hazards import CLAIM_KM, CLAIM_LEAST_KM
from detectors.hypothesis import Hypothesis, trust_of, zone_prior
from detectors.place import Whereabouts, nominate, whereabouts
from detectors.telling import spread_of
from detectors.voices import Voice, sharpened
from tocsin.ids import author_day, content_id
from tocsin.model import HAZARDS, OPEN, Incident, IncidentState, Place, Reason
from tocsin.settings.detector import DetectorSettings
from tocsin.time import MINUTE_MS

GROWN_FACTOR: Final = 2.0
"""An incident speaks again when its voices have multiplied by this."""
NEIGHBOUR_KM: Final = 6.0
"""Places so near are one place in what is told of an incident."""
MOST_TOLD: Final = 512
RELOCATE_FACTOR: Final = 1.05
PACE_MINS: Final = 60.0
QUICK_PACE_MINS: Final = 5.0
SURGE_MINS: Final = 10.0
LEAST_MOVE_KM: Final = 1.0
DENIAL_WEIGHT: Final = 1.0
EXPLANATION_WEIGHT: Final = 0.5
OFFICIAL_WEIGHT: Final = 2.0
DENIED_SHARE: Final = 0.5
"""Weight of denials a voice from which an incident is withdrawn."""
REOPENING_VOICES: Final = 2
"""First-hand voices after a withdrawal that reopen an incident."""
PERCEPTION_SHARE: Final = 0.3
"""Part of a mere perception in deciding the hazard: a noise may be anything, a consequence says which."""
MOST_AUTHORS: Final = 4_096
MOST_SURGE_TIMES: Final = 512
MOST_TERMS: Final = 64
RAISED_STATES: Final = frozenset({"open", "quiet"})


class Case(msgspec.Struct, kw_only=True):
    """The state of one incident; ``revise`` writes it as an ``Incident``."""

    incident_id: str
    state: IncidentState = "open"
    revision: int = 0
    hazard: str
    where: Whereabouts
    voices: list[Voice] = []
    """Held for the posterior, at most ``max_incident_voices``; later ones are counted only."""
    authors: dict[str, str] = {}
    """Author to the post that made it a voice."""
    days: dict[int, int] = {}
    """Authors by the day of their key (live): of two days in one incident only the larger is counted."""
    masses: dict[str, float] = {}
    count: int = 0
    witnesses: int = 0
    located: int = 0
    copies: int = 0
    denials: dict[str, float] = {}
    """Author of a denial, or of another explanation, to its weight in voices."""
    networks: dict[str, int] = {}
    terms: dict[str, int] = {}
    consequences: dict[str, int] = {}
    raised_at: int
    first_voice_at: int
    last_voice_at: int
    nats: float
    threshold: float
    expected: float
    window_ms: int
    budget_mins: float
    warm: bool
    lineage: list[str] = []
    pace: float = 0.0
    """Voices a minute, averaged over ``PACE_MINS``, as of ``pace_at``."""
    quick_pace: float = 0.0
    """The same over ``QUICK_PACE_MINS``: what the first minutes of a great event go by."""
    pace_at: int = 0
    surge_times: list[int] = []
    told: list[tuple[float, float, int]] = []
    """Positions that its own voices named first, with how many did: at most ``MOST_TOLD``."""
    told_of: int = 0
    """How many of its own voices named a place."""
    located_with: int = 0
    """How many voices it held when it was last located."""
    said_count: int = 0
    said_pace: float = 0.0
    said_lat: float = 0.0
    said_lon: float = 0.0
    said_r90_km: float = 0.0
    said_hazard: str = ""
    touched: bool = False
    forgery: int = 0
    against_first_hand: int = 0
    """First-hand voices heard since it was withdrawn."""

    @property
    def place(self) -> Place:
        """Where it is thought to be."""
        return self.where.place

    def reach_km(self, settings: DetectorSettings) -> float:
        """Give the distance within which later voices of its family belong to it."""
        beyond = settings.claim_km.get(self.hazard, CLAIM_KM.get(self.hazard, CLAIM_LEAST_KM))
        return self.where.r90_km + beyond

    def told_share(self, place: Place) -> float:
        """Give the share of its own voices that have named a place of its reach, or its surroundings, so far."""
        near_km = max(NEIGHBOUR_KM, place.uncertainty_km)
        named = sum(n for lat, lon, n in self.told if within_km(lat, lon, place.lat, place.lon, near_km))
        return named / (self.told_of + 1.0)

    def steady_pace(self, now_at: int) -> float:
        """Give its voices a minute, averaged over the last hour."""
        return self.pace * math.exp(-max(0, now_at - self.pace_at) / MINUTE_MS / PACE_MINS)

    def pace_now(self, now_at: int) -> float:
        """Give its voices a minute: the mean of the last hour or that of the last minutes, whichever is greater."""
        silent = max(0, now_at - self.pace_at) / MINUTE_MS
        return max(self.pace * math.exp(-silent / PACE_MINS), self.quick_pace * math.exp(-silent / QUICK_PACE_MINS))


def open_case(found: Hypothesis, now_at: int, pane_start_at: int, settings: DetectorSettings, *, warm: bool) -> Case:
    """Make the case of a hypothesis that passed the threshold, and take in its voices."""
    budget = settings.budget_mins(found.where.place.country)
    case = Case(
        incident_id=content_id(found.hazard, pane_start_at, found.where.place.id),
        hazard=found.hazard,
        where=found.where,
        raised_at=now_at,
        first_voice_at=found.voices[0].at,
        last_voice_at=found.voices[-1].at,
        nats=found.nats,
        threshold=math.log(budget),
        expected=found.expected,
        window_ms=round(found.window_mins * MINUTE_MS),
        budget_mins=budget,
        warm=warm,
    )
    for voice in found.voices:
        absorb(case, voice, settings)
    case.forgery = explain.forgery_cost(found.voices, found.nats, case.threshold)
    case.hazard = hazard_of(case, found.hazard)
    return case


def hazard_of(case: Case, raised_as: str) -> str:
    """Give the hazard with the most mass among the voices; the one it was raised as wins ties."""
    named = {hazard: mass for hazard, mass in case.masses.items() if hazard != OPEN}
    if not named:
        return raised_as
    return max(HAZARDS, key=lambda hazard: (round(named.get(hazard, 0.0), 6), hazard == raised_as))


def absorb(case: Case, voice: Voice, settings: DetectorSettings, *, own: bool = True) -> None:
    """Let a voice belong to a case: for it, or against it. One that is not its ``own`` (claimed softly) adds nothing to its pace."""
    case.touched = True
    if voice.role != "event":
        weight = DENIAL_WEIGHT if voice.role == "denial" else EXPLANATION_WEIGHT
        weight += OFFICIAL_WEIGHT if voice.witness == "official" else 0.0
        case.denials[voice.author] = max(weight, case.denials.get(voice.author, 0.0))
        return
    case.last_voice_at = max(case.last_voice_at, voice.at)
    if voice.author in case.authors:
        return
    if len(case.authors) < MOST_AUTHORS:
        case.authors[voice.author] = voice.post_id
    if _perhaps_known(case, voice.author):
        return
    case.first_voice_at = min(case.first_voice_at, voice.at)
    case.count += 1
    case.witnesses += voice.first_hand
    case.located += bool(voice.places)
    case.networks[voice.source] = case.networks.get(voice.source, 0) + 1
    for hazard, mass in voice.hazards.items():
        told = PERCEPTION_SHARE if voice.perception_only else 1.0
        case.masses[hazard] = case.masses.get(hazard, 0.0) + mass * voice.weight * told
    _note_words(case, voice)
    if case.state == "explained" and voice.first_hand and not voice.perception_only:
        case.against_first_hand += 1
    if len(case.voices) < settings.max_incident_voices:
        case.voices.append(voice)
    if own:
        _quicken(case, voice, settings)


def _perhaps_known(case: Case, author: str) -> bool:
    """Tell whether a new author may be one from the other side of a roll of the author keys: until this side has more, each is."""
    day = author_day(author)
    if day is None:
        return False
    case.days[day] = case.days.get(day, 0) + 1
    return case.days[day] <= max((heard for other, heard in case.days.items() if other != day), default=0)


def _note_words(case: Case, voice: Voice) -> None:
    for term in voice.terms:
        if term in case.terms or len(case.terms) < MOST_TERMS:
            case.terms[term] = case.terms.get(term, 0) + 1
    for consequence in voice.consequences:
        case.consequences[consequence] = case.consequences.get(consequence, 0) + 1


def _quicken(case: Case, voice: Voice, settings: DetectorSettings) -> None:
    """Count a voice into the pace of a case, and the place it named into what is told."""
    silent = max(0, voice.at - case.pace_at) / MINUTE_MS
    case.pace = case.pace * math.exp(-silent / PACE_MINS) + 1.0 / PACE_MINS
    case.quick_pace = case.quick_pace * math.exp(-silent / QUICK_PACE_MINS) + 1.0 / QUICK_PACE_MINS
    case.pace_at = max(case.pace_at, voice.at)
    since = voice.at - SURGE_MINS * MINUTE_MS
    if case.surge_times and min(case.surge_times[0], voice.at) <= since:
        case.surge_times = [at for at in case.surge_times if at > since]
    case.surge_times.append(voice.at)
    if len(case.surge_times) > MOST_SURGE_TIMES:
        del case.surge_times[0]
    case.told_of += bool(voice.places)
    if not voice.fine:
        return
    lat, lon = voice.fine[0].lat, voice.fine[0].lon
    if not within_km(lat, lon, case.place.lat, case.place.lon, case.reach_km(settings)):
        return
    for index, (known_lat, known_lon, named) in enumerate(case.told):
        if (known_lat, known_lon) == (lat, lon):
            case.told[index] = (lat, lon, named + 1)
            return
    if len(case.told) < MOST_TOLD:
        case.told.append((lat, lon, 1))


def take_back(case: Case, post_ids: set[str], settings: DetectorSettings) -> None:
    """Voices leave a case (their posts were deleted, or speak for another): it is counted anew from the voices it holds.

    A voice beyond those held is not counted out: by then the case stands on hundreds.
    """
    rest = [voice for voice in case.voices if voice.post_id not in post_ids]
    if len(rest) == len(case.voices):
        return
    beyond = case.count - len(case.voices)
    last_voice_at = case.last_voice_at
    case.voices, case.authors, case.masses, case.networks, case.terms, case.consequences = [], {}, {}, {}, {}, {}
    case.days = {}
    case.count = case.witnesses = case.located = 0
    for voice in rest:
        absorb(case, voice, settings, own=False)  # its pace and what was told of it were, and stay
    case.count += beyond
    case.last_voice_at = last_voice_at
    case.located_with = 0
    case.touched = True


def sharpen(case: Case, post_id: str, place: Place) -> None:
    """Give the voice of a post, if the case holds it, the place that a geocoder found; where the case is will be worked out again."""
    for index, voice in enumerate(case.voices):
        if voice.post_id == post_id:
            case.voices[index] = sharpened(voice, place)
            case.located_with = 0
            case.touched = True
            return


def locate(case: Case, settings: DetectorSettings) -> None:
    """Work out again where it is, and which hazard, from the voices it holds, when they have grown by a twentieth (or shrunk)."""
    case.hazard = hazard_of(case, case.hazard)
    if case.located_with <= len(case.voices) < RELOCATE_FACTOR * case.located_with:
        return
    case.located_with = len(case.voices)
    zones = nominate(case.voices, settings.max_hypothesis_zones)
    if zones:
        spread = spread_of(case.hazard, settings)
        case.where = whereabouts(zones, zone_prior(zones), case.voices, trust_of(case.voices), spread)


def denied(case: Case) -> bool:
    """Tell whether the voices against a case outweigh those for it: half as many, at least two or an official one."""
    weight = sum(case.denials.values())
    return weight >= max(DENIED_SHARE * case.count, 2 * DENIAL_WEIGHT)


def next_reason(case: Case, now_at: int, settings: DetectorSettings) -> Reason | None:
    """Say why a case should speak now, or ``None``: whether it stands comes before where it is, and that before how large."""
    if case.state == "closed":
        return None
    if case.state == "explained":
        return "reopened" if case.against_first_hand >= REOPENING_VOICES else None
    if denied(case) or case.count < settings.min_voices:
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


def _msg_type(case: Case, reason: Reason) -> Literal["Alert", "Update", "Cancel"]:
    if reason == "raised":
        return "Alert"
    return "Cancel" if reason == "withdrawn" or (reason == "merged" and case.state == "closed") else "Update"


def revise(case: Case, now_at: int, reason: Reason, settings: DetectorSettings) -> Incident:
    """Write the next revision of a case, and remember what was said."""
    case.revision += 1
    place, where = case.place, case.where
    total = sum(case.masses.values()) or 1.0
    hazards = {h: round(m / total, 4) for h, m in sorted(case.masses.items()) if m / total >= 0.005}
    recent = sum(at > now_at - SURGE_MINS * MINUTE_MS for at in case.surge_times)
    case.said_pace = max(case.said_pace if reason != "surge" else 0.0, recent / SURGE_MINS)
    case.said_count, case.said_hazard, case.said_r90_km = case.count, case.hazard, where.r90_km
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
        unknown=explain.unknown(case.consequences, case.witnesses),
        lineage=tuple(case.lineage),
        areas=where.areas(),
        consequences=dict(sorted(case.consequences.items())),
        quotable=explain.quotable(case.voices, case.count),
    )
    return msgspec.structs.replace(incident, sentence=explain.sentence(incident))


def place_words(where: Whereabouts, settings: DetectorSettings) -> str:
    """Name the place: alone when its commune holds the mass (or it leads clearly), else "between X and Y"."""
    order = sorted(range(len(where.zones)), key=lambda i: (-where.mass[i], where.zones[i].id))
    alone = where.commune(settings.commune_mass) is not None or where.mass[where.medoid] >= settings.commune_mass
    others = [where.zones[i].name for i in order if where.zones[i].name != where.place.name and where.mass[i] >= 0.1]
    return where.place.name if alone or not others else f"between {where.place.name} and {others[0]}"
