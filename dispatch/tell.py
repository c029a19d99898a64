"""An alert in words, in French and English: a headline for a glance, a description that says what is told, inferred and unknown.

Everything is written from the fields of the incident; no text of any post is in it.
"""

from __future__ import annotations

from typing import Final, Literal

from dispatch.words import hazard_words
from tocsin.model import Alert, Incident, Zone
from tocsin.time import MINUTE_MS

Lang = Literal["fr", "en"]
HEADLINE_CHARS: Final = 160
"""CAP 1.2, 3.2.2: some receivers cut a headline there."""
_STATUS: Final = {
    "fr": {"Draft": "NON CONFIRMÉ", "Exercise": "EXERCICE", "Test": "TEST", "System": "SYSTÈME", "Actual": "CONFIRMÉ"},
    "en": {"Draft": "UNCONFIRMED", "Exercise": "EXERCISE", "Test": "TEST", "System": "SYSTEM", "Actual": "CONFIRMED"},
}
_CONSEQUENCES: Final = {
    "dead": ("morts", "dead"),
    "injured": ("blessés", "injured"),
    "trapped": ("personnes coincées", "people trapped"),
    "missing": ("disparus", "people missing"),
    "evacuated": ("évacuation", "an evacuation"),
    "damage": ("dégâts", "damage"),
    "blocked": ("voie coupée", "a blocked way"),
    "responders": ("secours sur place", "responders on scene"),
}
_DECISIONS: Final = {
    "seen": ("vu", "seen"),
    "checking": ("en vérification", "checking"),
    "already_known": ("déjà connu", "already known"),
    "confirmed": ("confirmé", "confirmed"),
    "rejected": ("rejeté", "rejected"),
    "not_ours": ("hors secteur", "not ours"),
    "duplicate": ("doublon", "duplicate"),
}
_CAUSES: Final = {
    "raised": ("nouveau signal", "new signal"),
    "grown": ("le signal grandit", "the signal grows"),
    "surge": ("afflux soudain", "sudden surge"),
    "moved": ("lieu précisé", "place refined"),
    "corrected": ("CORRECTION du lieu", "CORRECTED place"),
    "merged": ("signaux réunis", "signals merged"),
    "split": ("signal séparé", "signal split"),
    "denied": ("démenti par des témoins", "denied by witnesses"),
    "explained": ("autre explication trouvée", "another explanation found"),
    "quiet": ("plus rien depuis un moment", "nothing new for a while"),
    "reopened": ("rouvert", "reopened"),
    "closed": ("clos", "closed"),
    "withdrawn": ("RETIRÉ", "WITHDRAWN"),
    "left": ("ne concerne plus ce territoire", "no longer in this territory"),
    "exercise": ("exercice déclaré", "exercise declared"),
}


def hazard_name(hazard: str, lang: Lang) -> str:
    """Give the name of a hazard."""
    words = hazard_words(hazard)
    return words.fr if lang == "fr" else words.en


def consequence_name(consequence: str, lang: Lang) -> str:
    """Give the name of a reported consequence; one unknown here stands as it is."""
    pair = _CONSEQUENCES.get(consequence)
    return consequence if pair is None else pair[lang == "en"]


def decision_name(decision: str, lang: Lang) -> str:
    """Give the name of a decision."""
    pair = _DECISIONS.get(decision)
    return decision if pair is None else pair[lang == "en"]


def cause_name(cause: str, lang: Lang) -> str:
    """Give why a notice was written."""
    if cause.startswith("verdict:"):
        return (
            f"verdict : {decision_name(cause[8:], lang)}"
            if lang == "fr"
            else f"verdict: {decision_name(cause[8:], lang)}"
        )
    pair = _CAUSES.get(cause)
    return cause if pair is None else pair[lang == "en"]


def place_name(incident: Incident, lang: Lang) -> str:
    """Name the place; "between X and Y" in the language asked for."""
    if lang == "fr" and incident.place.startswith("between ") and " and " in incident.place:
        first, second = incident.place[8:].split(" and ", 1)
        return f"entre {first} et {second}"
    return incident.place


def zone_line(zone: Zone, lang: Lang) -> str:
    """Give one zone of a mass event in a few words: where, how many voices, what they report.

    >>> found = Zone(place="Nantes", place_id="n", lat=47.2, lon=-1.6, radius_km=5, voices=12, first_at=0, consequences={"damage": 2})
    >>> zone_line(found, "fr"), zone_line(found, "en")
    ('Nantes (12 voix : dégâts 2)', 'Nantes (12 voices: damage 2)')
    """
    ranked = sorted(zone.consequences.items(), key=lambda item: (-item[1], item[0]))
    told = ", ".join(f"{consequence_name(name, lang)} {count}" for name, count in ranked)
    voices = f"{zone.voices} {'voix' if lang == 'fr' else 'voice' if zone.voices == 1 else 'voices'}"
    colon = " : " if lang == "fr" else ": "
    return f"{zone.place} ({voices}{colon}{told})" if told else f"{zone.place} ({voices})"


def decimal(value: float, lang: Lang) -> str:
    """Give a number with one decimal.

    >>> decimal(2.04, "fr"), decimal(2.04, "en")
    ('2,0', '2.0')
    """
    written = f"{value:.1f}"
    return written.replace(".", ",") if lang == "fr" else written


def headline(alert: Alert, lang: Lang) -> str:
    """Give one line for a glance: confirmed or not, what, where; at most 160 characters."""
    incident = alert.incident
    place = place_name(incident, lang)
    radius = decimal(incident.radius_km, lang)
    within = f"rayon {radius} km" if lang == "fr" else f"within {radius} km"
    mark = _STATUS[lang][alert.status]
    if alert.msg_type == "Cancel":
        mark += " – ANNULÉ" if lang == "fr" else " – CANCELLED"
    elif alert.proposal:
        mark += " – PROPOSITION" if lang == "fr" else " – PROPOSAL"
    line = f"[{mark}] {hazard_name(incident.hazard, lang)} – {place} ({within})"
    return line if len(line) <= HEADLINE_CHARS else f"{line[: HEADLINE_CHARS - 1]}…"


def description(alert: Alert, lang: Lang) -> str:
    """Give the whole of it for a person, one fact a line, what is reported, inferred and unknown kept apart."""
    lines = _french(alert) if lang == "fr" else _english(alert)
    if alert.incident.zones:
        zones = "; ".join(zone_line(zone, lang) for zone in alert.incident.zones)
        lines.append(f"Zones : {zones}." if lang == "fr" else f"Zones: {zones}.")
    for opinion in alert.opinions:
        said = decision_name(opinion.decision, lang)
        reason = f" ({opinion.reason})" if opinion.reason else ""
        lines.append(f"{opinion.centre} : {said}{reason}." if lang == "fr" else f"{opinion.centre}: {said}{reason}.")
    if alert.exercise:
        told = ("Exercice déclaré par", "Exercise declared by")[lang == "en"]
        lines.append(f"{told} {alert.exercise_of}: {alert.exercise}.")
    return "\n".join(lines)


def _french(alert: Alert) -> list[str]:
    incident = alert.incident
    first = f", dont {incident.witnesses} de première main," if incident.witnesses else ""
    minutes = max(1, round((incident.updated_at - incident.first_voice_at) / MINUTE_MS))
    voices = "1 voix indépendante" if incident.voices == 1 else f"{incident.voices} voix indépendantes"
    words = f" (« {' », « '.join(incident.terms[:3])} »)" if incident.terms else ""
    told = "parle" if incident.voices == 1 else "parlent"
    return [
        f"Motif : {cause_name(alert.cause, 'fr')}.",
        f"{voices}{first} en {minutes} min, {told} de : {hazard_name(incident.hazard, 'fr').lower()}{words}.",
        f"Lieu : {place_name(incident, 'fr')}, à {decimal(incident.radius_km, 'fr')} km près neuf fois sur dix.",
        f"Signalé : {_told(incident, 'fr') or 'aucune conséquence'}.",
        f"Inconnu : {_missing(incident, 'fr')}.",
        f"Réseaux : {', '.join(incident.networks) or 'inconnus'}. Voix contraires : {incident.denials}.",
        f"Pour le simuler, il aurait fallu au moins {incident.forgery_cost} comptes indépendants.",
    ]


def _english(alert: Alert) -> list[str]:
    incident = alert.incident
    first = f", {incident.witnesses} at first hand," if incident.witnesses else ""
    minutes = max(1, round((incident.updated_at - incident.first_voice_at) / MINUTE_MS))
    voices = "1 independent voice" if incident.voices == 1 else f"{incident.voices} independent voices"
    words = f" (“{'”, “'.join(incident.terms[:3])}”)" if incident.terms else ""
    told = "tells" if incident.voices == 1 else "tell"
    return [
        f"Reason: {cause_name(alert.cause, 'en')}.",
        f"{voices}{first} in {minutes} min {told} of: {hazard_name(incident.hazard, 'en').lower()}{words}.",
        f"Place: {place_name(incident, 'en')}, within {decimal(incident.radius_km, 'en')} km nine times of ten.",
        f"Reported: {_told(incident, 'en') or 'no consequence'}.",
        f"Unknown: {_missing(incident, 'en')}.",
        f"Networks: {', '.join(incident.networks) or 'unknown'}. Voices against: {incident.denials}.",
        f"Faking it would have taken at least {incident.forgery_cost} independent accounts.",
    ]


def _told(incident: Incident, lang: Lang) -> str:
    ranked = sorted(incident.consequences.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(
        f"{consequence_name(name, lang)} ({count} {'voix' if lang == 'fr' else 'voice' if count == 1 else 'voices'})"
        for name, count in ranked
    )


def _missing(incident: Incident, lang: Lang) -> str:
    told = incident.consequences.keys()
    missing = []
    if not told & {"dead", "injured", "trapped", "missing"}:
        missing.append(("s'il y a des victimes", "whether anybody is hurt")[lang == "en"])
    if not incident.witnesses:
        missing.append(("si quelqu'un l'a vu", "whether anybody saw it")[lang == "en"])
    if "responders" not in told:
        missing.append(("si les secours sont là", "whether help is there")[lang == "en"])
    return ", ".join(missing) or ("rien de l'essentiel", "nothing essential")[lang == "en"]
