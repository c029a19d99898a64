"""The words of CAP for an incident: how urgent, how severe, how certain; and its hazard in French, English and the codes of others.

The machine says at most ``Possible``. Severity comes from *reported* consequences, never from how many speak. Sources: OASIS CAP 1.2,
3.2.2; CISU nomenclature "fait"; EMSI (CWA 15931) event categories.
"""

from __future__ import annotations

from math import exp
from typing import Final, Literal

import msgspec

from tocsin.model import Incident
from tocsin.time import MINUTE_MS

Urgency = Literal["Immediate", "Expected", "Future", "Past", "Unknown"]
Severity = Literal["Extreme", "Severe", "Moderate", "Minor", "Unknown"]
Certainty = Literal["Observed", "Likely", "Possible", "Unlikely", "Unknown"]

FRESH_MS: Final = 15 * MINUTE_MS
"""What was first heard within this time, at first hand and going on, is urgent."""
SEVERE: Final = frozenset({"trapped", "injured", "missing", "dead"})
COLLAPSE_SHARE: Final = 0.5
"""A collapse is reported when more than this share of what is told names it."""
CASUALTIES: Final = frozenset({"trapped", "injured", "missing"})
UNJUDGED_CERTAINTY: Final = 50
"""The most that EMSI's certainty says before a person has judged."""


class HazardWords(msgspec.Struct, frozen=True):
    """How others name a hazard."""

    fr: str
    en: str
    cap: tuple[str, ...]
    """CAP categories."""
    emsi: str
    """EMSI event category."""
    cisu: str
    """CISU code of the fact ("nature de fait")."""
    env: str = ""
    """EMSI environment of the event, where the list has one."""


HAZARDS: Final[dict[str, HazardWords]] = {
    "fire": HazardWords("Incendie", "Fire", ("Fire",), "FIR/UKN", "C04.00.00", "DIS/FIRE"),
    "road_accident": HazardWords(
        "Accident de la route", "Road accident", ("Transport", "Rescue"), "TRP/COL", "C01.01.00", "DIS/TRSPRT"
    ),
    "rail_accident": HazardWords(
        "Accident ferroviaire", "Rail accident", ("Transport", "Rescue"), "TRP/COL", "C01.02.00", "DIS/TRSPRT"
    ),
    "aviation_accident": HazardWords(
        "Accident aérien", "Aviation accident", ("Transport", "Rescue"), "TRP/CRS", "C01.04.00", "DIS/TRSPRT"
    ),
    "explosion": HazardWords("Explosion", "Explosion", ("Fire", "Safety"), "EXP/UKN", "C05.00.00"),
    "attack": HazardWords("Attaque ou attentat", "Attack", ("Security",), "PSW", "C02.01.00"),
    "flood": HazardWords("Inondation", "Flood", ("Met",), "FLD", "C08.01.00", "DIS/FLOOD"),
    "storm": HazardWords("Tempête", "Storm", ("Met",), "PSW/MEV", "C08.05.00", "DIS/STORM"),
    "earthquake": HazardWords("Séisme", "Earthquake", ("Geo",), "GND/EQK", "C08.03.00", "DIS/ERTHQK"),
    "collapse": HazardWords("Effondrement", "Collapse", ("Infra", "Rescue"), "ASR", "C08.06.00", "DIS/STCLPS"),
    "industrial": HazardWords(
        "Accident industriel", "Industrial accident", ("CBRNE", "Safety"), "POL", "C09.00.00", "DIS/INDHAZ"
    ),
    "rescue": HazardWords("Personne à secourir", "Rescue", ("Rescue",), "ASR", "C02.08.00"),
    "landslide": HazardWords("Glissement de terrain", "Landslide", ("Geo",), "GND/LDS", "C08.06.00", "DIS/LNDSLD"),
    "open": HazardWords("Événement non précisé", "Unspecified emergency", ("Other",), "ASR", "C08.10.00"),
}
"""The closed list of hazards, and ``open`` for what nobody has named yet."""

NO_NATURE: Final = HAZARDS["open"]


def hazard_words(hazard: str) -> HazardWords:
    """Give how others name a hazard; one unknown here is named as unspecified, never refused."""
    return HAZARDS.get(hazard, NO_NATURE)


def ended(incident: Incident) -> bool:
    """Tell whether an incident is over, withdrawn or merged away."""
    return incident.msg_type == "Cancel" or incident.state in ("closed", "explained")


def urgency(incident: Incident, sent_at: int) -> Urgency:
    """Give ``Past`` once it ended; ``Immediate`` while it goes on, first-hand, and was first heard within 15 minutes; else ``Unknown``."""
    if ended(incident):
        return "Past"
    fresh = sent_at - incident.first_voice_at < FRESH_MS
    return "Immediate" if incident.witnesses and incident.state == "open" and fresh else "Unknown"


def severity(incident: Incident) -> Severity:
    """Give what the *reported* consequences say: dead among other casualties, or a collapse: Extreme; casualties: Severe; else Unknown.

    How many are dead is in no mention: "many" is read as dead beside trapped, injured or missing ones. A collapse counts when most of what
    is told names one: a noise that may have been a collapse is none.
    """
    told = incident.consequences.keys()
    if incident.hazards.get("collapse", 0.0) > COLLAPSE_SHARE or ("dead" in told and CASUALTIES & told):
        return "Extreme"
    return "Severe" if SEVERE & told else "Unknown"


def certainty(incident: Incident) -> Certainty:
    """Give what the machine says: ``Possible``; ``Unlikely`` once withdrawn or when those against it are half as many as those for it."""
    doubted = 2 * incident.denials >= max(1, incident.voices)
    return "Unlikely" if incident.msg_type == "Cancel" or doubted else "Possible"


def percent(incident: Incident, evaluation: str) -> int:
    """Give EMSI's certainty, from 0 to 100: what the centre's person said, else the posterior probability, at most 50.

    The posterior odds of a real event against a false alarm are the evidence over its threshold: at the threshold, by the budget's
    definition, as many false alarms are expected as the prior gives real ones.

    >>> from tocsin.model import Incident
    """
    if evaluation in ("confirmed", "already_known"):
        return 100
    if evaluation in ("rejected", "duplicate"):
        return 0
    odds = exp(min(50.0, max(-50.0, incident.evidence - incident.threshold)))
    likely = 100 * odds / (1 + odds)
    if certainty(incident) == "Unlikely":
        likely /= 4
    return min(UNJUDGED_CERTAINTY, round(likely))
