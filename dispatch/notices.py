"""Notices as they are written: their status, whether they ring, what they take the place of; and the digests of what did not ring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NotRequired, TypedDict

from dispatch import interruption, words
from dispatch.exercise import covering
from dispatch.interruption import Ringing
from dispatch.memory import Memory
from dispatch.standing import Known, cited, lead, line_of, opinions, remember, remember_zones
from tocsin.ids import content_id
from tocsin.model import Alert, AlertStatus, Delivery, Digest, ExerciseWindow, Incident, Zone
from tocsin.settings.territory import TerritorySettings
from tocsin.time import HOUR_MS

MAX_SPARED: Final = 1_000
"""Lines of one digest; the alerts themselves went out all the same."""
MsgType = Literal["Alert", "Update", "Cancel"]


class Cause(TypedDict):
    """Why a notice is written."""

    kind: MsgType
    cause: str
    key: str
    """What its identity is made of, beside incident and centre."""
    aloud: NotRequired[bool]
    """It is worth an interruption."""
    zone: NotRequired[Zone | None]
    """The new zone of a mass event that alone makes it worth one."""
    actual: NotRequired[bool]
    """A person of the centre has confirmed it, or takes back what was confirmed."""


class Scribe:
    """Writes notices, and remembers in the gate's state that they were written.

    Args:
        territories: by centre.
        trial: everything has the status ``Test``.
        an_hour: interruptions within an hour and centre.
        distant_km: distance from which a zone is another one, and rings.
    """

    def __init__(
        self, territories: Mapping[str, TerritorySettings], *, trial: bool, an_hour: int, distant_km: float
    ) -> None:
        self._territories = territories
        self._trial = trial
        self._an_hour = an_hour
        self._distant_km = distant_km

    def notice(  # noqa: PLR0913 - one notice and all that it says
        self,
        memory: Memory,
        known: Known,
        centre: str,
        incident: Incident,
        *,
        kind: MsgType,
        cause: str,
        key: str,
        aloud: bool = False,
        zone: Zone | None = None,
        actual: bool = False,
    ) -> Alert:
        """Write one notice to one centre, and remember that it was written."""
        standing, territory = known.centres[centre], self._territories[centre]
        window = self.covering(memory, incident)
        status: AlertStatus = "Draft"
        if self._trial:
            status = "Test"
        elif actual:
            status = "Actual"
        elif window is not None and window.centre == centre and not standing.actuals:
            status = "Exercise"
        evaluation = "unjudged" if standing.verdict is None else standing.verdict.decision
        delivery: Delivery = "silent"
        why = "an update of what is shown"
        if aloud or zone is not None:
            lane = f"{centre}/exercise" if status == "Exercise" else centre
            at = incident.updated_at  # the stream's time: a console whose clock is wrong uses up no budget
            if not aloud and not interruption.zone_may_ring(standing.zones_rang_at, at):
                ringing = Ringing(
                    rings=False, why="enough new zones of it have rung within the hour: told in the digest"
                )
            else:
                where = incident if zone is None else zone
                ringing = interruption.decide(
                    memory.rung.setdefault(lane, []),
                    at,
                    incident.hazard,
                    where.lat,
                    where.lon,
                    an_hour=self._an_hour,
                    distant_km=self._distant_km,
                )
            delivery, why = ("interrupt" if ringing.rings else "digest"), ringing.why
            standing.rang |= ringing.rings
            if not aloud and ringing.rings:
                standing.zones_rang_at.append(at)
        standing.sequence += 1
        standing.said_hazard = incident.hazard
        remember_zones(standing, incident)
        players = window.recipients if window is not None and window.centre == centre else ()
        confirmed = actual and standing.verdict is not None and standing.verdict.decision == "confirmed"
        alert = Alert(
            alert_id=content_id(incident.incident_id, centre, key),
            incident_id=incident.incident_id,
            centre=centre,
            sequence=standing.sequence,
            sent_at=known.clock_at,
            status=status,
            msg_type=kind,
            cause=cause,
            delivery=delivery,
            delivery_reason=why,
            references=cited(standing),
            proposal=bool(standing.actuals) and not actual,
            lead=centre == lead(known),
            mass=standing.mass,
            centres=tuple(sorted(known.centres)),
            recipients=tuple(dict.fromkeys((*territory.recipients, *players))),
            lang=territory.lang,
            evaluation=evaluation,
            opinions=opinions(known),
            exercise="" if window is None else window.label,
            exercise_of="" if window is None else window.centre,
            urgency=words.urgency(incident, known.clock_at),
            severity=words.severity(incident),
            certainty="Observed" if confirmed else words.certainty(incident),
            incident=incident,
        )
        remember(standing, alert, actual=actual)
        if delivery == "digest":
            spared = memory.spared.setdefault(centre, [])
            spared.append((incident.updated_at, alert.alert_id, line_of(alert)))
            del spared[:-MAX_SPARED]
        return alert

    def covering(self, memory: Memory, incident: Incident) -> ExerciseWindow | None:
        """Give the declared exercise that covers an incident, if one does."""
        return covering(memory.windows.values(), incident, self._territories)

    def digests(self, memory: Memory, now_at: int) -> list[Digest]:
        """Give what each centre was not interrupted for, once for each full hour that has passed."""
        until_at = now_at - now_at % HOUR_MS
        if until_at <= memory.digest_from_at:
            return []
        made: list[Digest] = []
        for centre in sorted(memory.spared):
            due = [entry for entry in memory.spared[centre] if entry[0] < until_at]
            memory.spared[centre] = [entry for entry in memory.spared[centre] if entry[0] >= until_at]
            if not due or centre not in self._territories:
                continue
            territory = self._territories[centre]
            made.append(
                Digest(
                    # By what it tells, not by when: made again after a fall, it has the same identity.
                    digest_id=content_id("digest", centre, *(alert_id for _, alert_id, _ in due)),
                    centre=centre,
                    from_at=due[0][0],
                    until_at=until_at,
                    alerts=tuple(alert_id for _, alert_id, _ in due),
                    lines=tuple(line for _, _, line in due),
                    recipients=territory.recipients,
                    lang=territory.lang,
                )
            )
        memory.digest_from_at = until_at
        return made
