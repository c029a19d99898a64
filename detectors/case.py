"""One incident as it stands: what was heard of it, where it is thought to be, and what was last said of it."""

from __future__ import annotations

import math
from typing import Final

import msgspec

from detectors.geometry import within_km
from detectors.hazards import CLAIM_KM, CLAIM_LEAST_KM
from detectors.outages import Outage
from detectors.place import Whereabouts
from detectors.voices import Voice
from detectors.zones import Called
from tocsin.model import HAZARDS, IncidentState, Place, Zone
from tocsin.settings.detector import DetectorSettings
from tocsin.time import MINUTE_MS

NEIGHBOUR_KM: Final = 6.0
"""Places so near are one place in what is told of an incident."""
PACE_MINS: Final = 60.0
QUICK_PACE_MINS: Final = 5.0
SURGE_MINS: Final = 10.0
LATELY_MINS: Final = 10.0
"""By how late its placed voices came an incident gets those that name no place: one of ten minutes ago counts e times less."""
RAISED_STATES: Final = frozenset({"open", "quiet"})


class Earlier(msgspec.Struct, frozen=True):
    """An incident of before that a new one may be the return of."""

    hazard: str
    place: str
    raised_at: int


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
    """How much of what is told is told of each hazard, by the marks of the voices."""
    naming: dict[str, float] = {}
    """How much likelier what is told is under each hazard, in nats."""
    count: int = 0
    witnesses: int = 0
    located: int = 0
    copies: int = 0
    denials: dict[str, float] = {}
    """Author of a denial, or of another explanation, to its weight in voices."""
    explaining: dict[str, str] = {}
    """Of those, the ones that only explain it away, and as what."""
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
    placed_lately: float = 0.0
    """Its own voices that name a place finer than a département, less as they age (``LATELY_MINS``), as of ``pace_at``."""
    floating_lately: float = 0.0
    """The same of those that name none."""
    surge_times: list[int] = []
    told: list[tuple[float, float, int]] = []
    """Positions that its own voices named, near or far, with how many did: at most ``MOST_TOLD``."""
    told_of: int = 0
    """How many of its own voices named a place."""
    located_with: int = 0
    """How many voices it held when it was last located."""
    called: dict[str, Called] = {}
    """Its voices by the place they mean, at most ``MOST_CALLED`` places: what its zones are made of."""
    called_with: int = 0
    """How many voices were placed when its zones were last worked out; 0 to have them worked out again."""
    zones: tuple[Zone, ...] = ()
    said_zones: list[tuple[float, float]] = []
    """Where zones were told of, at most ``MOST_HEADS``."""
    said_count: int = 0
    said_pace: float = 0.0
    said_lat: float = 0.0
    said_lon: float = 0.0
    said_r90_km: float = 0.0
    said_hazard: str = ""
    touched: bool = False
    forgery: int = 0
    away: tuple[Outage, ...] = ()
    """The sources that are away now."""
    said_away_at: int | None = None
    """Since when the latest of them was away when it was said that silence is no calm."""
    silent_at: int | None = None
    """When it was quiet for the first time: what is told there later may be of another event."""
    earlier: Earlier | None = None
    """The incident that had fallen silent there when this one was raised."""
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
        """Give the share of its own voices that have named a place, or its surroundings, so far, wherever that is."""
        near_km = max(NEIGHBOUR_KM, place.uncertainty_km)
        named = sum(n for lat, lon, n in self.told if within_km(lat, lon, place.lat, place.lon, near_km))
        return named / (self.told_of + 1.0)

    def steady_pace(self, now_at: int) -> float:
        """Give its voices a minute, averaged over the last hour."""
        return self.pace * math.exp(-max(0, now_at - self.pace_at) / MINUTE_MS / PACE_MINS)

    def claim_on_floating(self, now_at: int) -> float:
        """Give how much the next voice without a place is due to it: its placed voices of late over the others that it took.

        Who gives each to the case it is due most shares them out in proportion to the placed voices (the rule of D'Hondt).
        """
        left = math.exp(-max(0, now_at - self.pace_at) / MINUTE_MS / LATELY_MINS)
        return self.placed_lately * left / (self.floating_lately * left + 1.0)

    def pace_now(self, now_at: int) -> float:
        """Give its voices a minute: the mean of the last hour or that of the last minutes, whichever is greater."""
        silent = max(0, now_at - self.pace_at) / MINUTE_MS
        return max(self.pace * math.exp(-silent / PACE_MINS), self.quick_pace * math.exp(-silent / QUICK_PACE_MINS))


def hazard_of(case: Case, raised_as: str) -> str:
    """Give the hazard under which all that the voices tell is likeliest; the one it was raised as wins ties."""
    return max(HAZARDS, key=lambda hazard: (round(case.naming.get(hazard, 0.0), 6), hazard == raised_as))
