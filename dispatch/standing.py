"""What the verdict gate remembers of incidents and centres, and what a new revision is to a centre that was told before."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from dispatch import words
from dispatch.interruption import distance_km
from dispatch.territory import holds
from tocsin.ids import content_id
from tocsin.model import Alert, Incident, Opinion, Reference, Verdict, Zone
from tocsin.settings.territory import TerritorySettings

MAX_ZONES: Final = 64
"""Zones of one incident that a centre is known to have been told of."""
MAX_REFERENCES: Final = 16
"""Earlier notices that a notice names: the first one and the latest."""
CLOSING: Final = frozenset({"rejected", "not_ours", "duplicate"})
"""Decisions after which a centre is told no more, unless something new happens."""
RETURNING: Final = frozenset({"surge", "corrected", "reopened", "split"})
"""Reasons for which a centre that has closed an incident is told again."""
ALOUD: Final = frozenset({"raised", "surge", "corrected", "reopened", "split", "withdrawn", "explained", "denied"})
"""Reasons of revisions that are worth an interruption; the others only update what is shown."""


class Standing(msgspec.Struct, kw_only=True):
    """What one centre was told of one incident, and what it said."""

    mass: float = 0.0
    sequence: int = 0
    drafts: list[Reference] = []
    """Unjudged notices that stand, oldest first."""
    actuals: list[Reference] = []
    """``Actual`` notices that stand."""
    verdict: Verdict | None = None
    said_hazard: str = ""
    rang: bool = False
    said_zones: list[tuple[float, float]] = []
    """Where it was told that people tell of a mass event, at most ``MAX_ZONES``."""
    zones_rang_at: list[int] = []
    """When a new zone alone was worth an interruption, within the last hour."""


class Known(msgspec.Struct, kw_only=True):
    """One incident, as the gate knows it."""

    revisions: list[Incident]
    raised: bool = False
    ended_at: int | None = None
    clock_at: int = 0
    centres: dict[str, Standing] = {}
    decided: list[str] = []


def verdict_id(verdict: Verdict) -> str:
    """Give the identity of a verdict: the hash of all it says."""
    return content_id("verdict", msgspec.json.encode(verdict).decode())


def rank(verdict: Verdict) -> tuple[int, bool, str]:
    """Give what decides which of two verdicts of a centre stands: the later; of one instant a judgement over a look, then a fixed order."""
    return verdict.at, verdict.decision != "seen", verdict_id(verdict)


def kind_of(standing: Standing, incident: Incident, *, left: bool) -> Literal["Alert", "Update", "Cancel"] | None:
    """Say what a new revision is to a centre; ``None`` when it is nothing to tell."""
    stands = bool(standing.drafts or standing.actuals)
    over = incident.msg_type == "Cancel" or incident.state == "explained" or left
    decision = None if standing.verdict is None else standing.verdict.decision
    if decision in CLOSING and not stands:
        renewed = incident.reason in RETURNING or incident.hazard != standing.said_hazard
        return "Alert" if renewed and not over and incident.state != "closed" else None
    if over:
        return "Cancel" if stands else None
    if stands:
        return "Update"
    return None if incident.state in ("closed", "watch") else "Alert"


def worth_ringing(
    standing: Standing, incident: Incident, kind: Literal["Alert", "Update", "Cancel"], *, left: bool
) -> bool:
    """Tell whether a new revision is worth an interruption of a centre."""
    if kind == "Cancel" and not standing.rang:
        return False  # nobody was interrupted for it: its end interrupts nobody either
    return kind == "Alert" or incident.reason in ALOUD or incident.hazard != standing.said_hazard or left


def new_zone(standing: Standing, incident: Incident, territory: TerritorySettings, distant_km: float) -> Zone | None:
    """Give the most voiced zone of a mass event in a territory that is ``distant_km`` or more from all its centre was told of, if any."""
    if len(standing.said_zones) >= MAX_ZONES:
        return None
    for zone in incident.zones:
        far = all(distance_km(lat, lon, zone.lat, zone.lon) >= distant_km for lat, lon in standing.said_zones)
        if far and holds(territory, zone):
            return zone
    return None


def remember_zones(standing: Standing, incident: Incident) -> None:
    """Note where a centre was told that an incident is, and that people tell of it."""
    places = [(incident.lat, incident.lon), *((zone.lat, zone.lon) for zone in incident.zones)]
    standing.said_zones = list(dict.fromkeys([*standing.said_zones, *places]))[:MAX_ZONES]


def cited(standing: Standing) -> tuple[Reference, ...]:
    """Give the notices that the next one takes the place of: all that stand, within ``MAX_REFERENCES``."""
    stands = [*standing.drafts, *standing.actuals]
    return tuple(stands if len(stands) <= MAX_REFERENCES else [stands[0], *stands[1 - MAX_REFERENCES :]])


def remember(standing: Standing, alert: Alert, *, actual: bool) -> None:
    """Note which notices stand after this one."""
    reference = Reference(alert.alert_id, alert.sent_at)
    if alert.msg_type == "Cancel":
        standing.drafts = []
        # A draft that proposes to cancel leaves what a person has said as it stands.
        standing.actuals = [] if actual else standing.actuals
    elif actual:
        standing.drafts = []
        standing.actuals = [*standing.actuals, reference][-MAX_REFERENCES:]
    else:
        kept = [*standing.drafts, reference]
        standing.drafts = kept if len(kept) <= MAX_REFERENCES else [kept[0], *kept[1 - MAX_REFERENCES :]]


def opinions(known: Known) -> tuple[Opinion, ...]:
    """Give the standing verdicts of all centres, side by side, without the names of persons."""
    return tuple(
        Opinion(
            centre=centre,
            decision=standing.verdict.decision,
            at=standing.verdict.at,
            reason=standing.verdict.reason,
            known_at=standing.verdict.known_at,
            duplicate_of=standing.verdict.duplicate_of,
        )
        for centre, standing in sorted(known.centres.items())
        if standing.verdict is not None
    )


def lead(known: Known) -> str | None:
    """Give the centre with the largest mass among those that have not said that it is not theirs."""
    open_to = {
        centre: standing.mass
        for centre, standing in known.centres.items()
        if standing.verdict is None or standing.verdict.decision != "not_ours"
    }
    return min(open_to, key=lambda centre: (-open_to[centre], centre), default=None)


def line_of(alert: Alert) -> str:
    """Give the line of a digest that stands for an alert, in the language of its centre."""
    named = words.hazard_words(alert.incident.hazard)
    return f"{named.fr if alert.lang == 'fr' else named.en}, {alert.incident.place}: {alert.incident.sentence}"
