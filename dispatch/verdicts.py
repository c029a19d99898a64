"""The verdict gate: incidents and the decisions of persons go in, notices to centres come out. A pure fold.

An incident goes to every centre that holds enough of its posterior, under one identity; the lead holds most. Nothing is ``Actual`` but
what a named person of a centre has *confirmed*, for that centre alone, with the content that this person saw. After a verdict the
machine only proposes: its later revisions go out as drafts beside what the person said. Verdicts that contradict each other stand side
by side. A verdict that comes before its incident waits for it; anything fed twice changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal

from typing_extensions import Unpack

from dispatch import words
from dispatch.faults import Refused, fault
from dispatch.memory import MAX_HELD, Memory
from dispatch.notices import Cause, Scribe
from dispatch.standing import (
    CLOSING,
    Known,
    Standing,
    kind_of,
    new_zone,
    opinions,
    rank,
    verdict_id,
    worth_ringing,
)
from dispatch.territory import EVERYWHERE, LEFT_MASS, shares, told
from tocsin.model import Alert, Digest, ExerciseWindow, Incident, Verdict
from tocsin.settings.dispatch import DispatchSettings
from tocsin.settings.territory import TerritorySettings

MAX_REVISIONS: Final = 8
"""Revisions kept of one incident, for verdicts on what a person saw a moment ago."""
MAX_DECIDED: Final = 64
"""Verdicts of one incident that are known again when they come twice."""


FeedOutcome = Literal["used", "filtered", "duplicate", "held", "refused"]
"""``used``: it caused notices; ``filtered``: it is nothing that anybody has to be told of."""


class VerdictGate:
    """Feeds on incidents, verdicts and exercise windows in any order; gives the notices that follow.

    Args:
        territories: of the centres; with none, one centre ``everywhere`` is told of all.
        trial: everything has the status ``Test``, whatever anybody decides.
        an_hour: interruptions within an hour and centre.
        distant_km: distance from which a zone is another one, and rings.

    >>> gate = VerdictGate()
    >>> gate.centres
    ('everywhere',)
    """

    def __init__(
        self,
        territories: Sequence[TerritorySettings] = (),
        *,
        trial: bool = False,
        an_hour: int = 3,
        distant_km: float = 20.0,
    ) -> None:
        self._territories = {one.centre: one for one in territories or (EVERYWHERE,)}
        self._scribe = Scribe(self._territories, trial=trial, an_hour=an_hour, distant_km=distant_km)
        self._distant_km = distant_km
        self.memory = Memory()
        """All that it remembers."""
        self._refused: list[Refused] = []
        self.outcome: FeedOutcome = "filtered"
        """What became of the item fed last."""
        self.touched: set[str] = set()
        """Incidents of which the item fed last has changed what is remembered, or has let it be forgotten."""
        self.tally: Counter[FeedOutcome] = Counter()
        """What became of all items: fed = used + filtered + duplicate + refused + ``held``."""

    @classmethod
    def of(cls, settings: DispatchSettings) -> VerdictGate:
        """Make the gate that the settings ask for."""
        return cls(
            settings.territories,
            trial=settings.trial,
            an_hour=settings.interruptions_an_hour,
            distant_km=settings.distant_km,
        )

    @property
    def centres(self) -> tuple[str, ...]:
        """All centres, in order of their names."""
        return tuple(sorted(self._territories))

    def restore(self, snapshot: bytes, parts: Mapping[str, bytes] = MappingProxyType({})) -> None:
        """Go on from what ``snapshot`` gave, or ``rest`` with each ``part``; centres that the settings no longer name are forgotten.

        Raises:
            msgspec.MsgspecError: it is no snapshot of this version.
        """
        self.memory = Memory.restored(snapshot, parts, self._territories)

    def refused(self) -> list[Refused]:
        """Give the verdicts that were not taken since the last call: for dead letters."""
        given, self._refused = self._refused, []
        return given

    def problem_with(self, decision: Verdict | ExerciseWindow) -> str | None:
        """Say what is wrong with a decision by itself, or ``None``."""
        if decision.centre not in self._territories:
            return f"expected a centre of {', '.join(self.centres[:20])}, got {decision.centre}"
        return fault(decision)

    def evaluation(self, incident_id: str) -> dict[str, str]:
        """Give the standing decision of each centre that has judged an incident."""
        known = self.memory.known.get(incident_id)
        return {} if known is None else {one.centre: one.decision for one in opinions(known)}

    def masses(self, incident: Incident) -> dict[str, float]:
        """Give the share of an incident's posterior in each centre's territory."""
        return shares(incident, self._territories.values())

    def feed(self, item: Incident | Verdict | ExerciseWindow) -> list[Alert]:
        """Take the next item; give the notices it causes, by centre. The same item again gives none."""
        self.outcome, self.touched = "filtered", set()
        if isinstance(item, Incident):
            self.touched.add(item.incident_id)
            # Only the stream moves the clock: a console whose clock is wrong makes nothing old.
            self.memory.clock_at = max(self.memory.clock_at, item.updated_at)
            alerts = self._incident(item)
        elif isinstance(item, Verdict):
            self.touched.add(item.incident_id)
            alerts = self._verdict(item)
        else:
            alerts = self._window(item)
        self._settle(alerts)
        self._forget()
        return alerts

    def _settle(self, alerts: Sequence[Alert]) -> None:
        """Count what became of an item."""
        if alerts:
            self.outcome = "used"
        if self.outcome != "held":
            self.tally[self.outcome] += 1

    def digests(self, now_at: int) -> list[Digest]:
        """Give what each centre was not interrupted for, once for each full hour that has passed."""
        return self._scribe.digests(self.memory, now_at)

    def _incident(self, incident: Incident) -> list[Alert]:
        memory = self.memory
        known = memory.known.get(incident.incident_id)
        if known is None:
            known = memory.known[incident.incident_id] = Known(revisions=[])
        elif incident.revision <= known.revisions[-1].revision:
            self.outcome = "duplicate"
            return []
        known.revisions = [*known.revisions, incident][-MAX_REVISIONS:]
        known.clock_at = max(known.clock_at, incident.updated_at)
        silent = incident.state in ("watch", "explained")
        known.raised |= not silent
        known.ended_at = known.clock_at if words.ended(incident) else None
        alerts = self._revise(known, incident) if known.raised else []
        outcome = self.outcome
        for verdict in memory.release(incident.incident_id):
            self.outcome = "filtered"
            caused = self._verdict(verdict)
            self._settle(caused)
            alerts += caused
        self.outcome = outcome
        return alerts

    def _revise(self, known: Known, incident: Incident) -> list[Alert]:
        """Tell centres of a new revision."""
        masses = self.masses(incident)
        chosen = set(told(masses))
        for centre in chosen - known.centres.keys():
            known.centres[centre] = Standing()
        for centre, standing in known.centres.items():
            standing.mass = masses.get(centre, 0.0)
        alerts: list[Alert] = []
        for centre, standing in sorted(known.centres.items()):
            left = centre not in chosen and standing.mass < LEFT_MASS
            kind = kind_of(standing, incident, left=left)
            if kind is None:
                continue
            cause = "left" if left else incident.reason
            aloud = worth_ringing(standing, incident, kind, left=left)
            zone = None
            if kind == "Update" and not aloud:
                zone = new_zone(standing, incident, self._territories[centre], self._distant_km)
            key = f"r{incident.revision}"
            alerts.append(
                self._notice(known, centre, incident, kind=kind, cause=cause, key=key, aloud=aloud, zone=zone)
            )
        return alerts

    def _verdict(self, verdict: Verdict) -> list[Alert]:
        problem = self.problem_with(verdict)
        if problem is not None:
            return self._refuse(verdict, problem)
        known = self.memory.known.get(verdict.incident_id)
        if known is None or verdict.revision > known.revisions[-1].revision:
            return self._hold(verdict)
        key = verdict_id(verdict)
        if key in known.decided:
            self.outcome = "duplicate"
            return []
        if verdict.revision and verdict.revision not in {one.revision for one in known.revisions}:
            why = (
                f"expected one of the latest {MAX_REVISIONS} revisions, got {verdict.revision}: look again, then decide"
            )
            return self._refuse(verdict, why)
        known.decided = [*known.decided, key][-MAX_DECIDED:]
        if verdict.centre not in known.centres:
            known.centres[verdict.centre] = Standing(mass=self.masses(known.revisions[-1]).get(verdict.centre, 0.0))
        own = known.centres[verdict.centre]
        if own.verdict is not None and rank(verdict) < rank(own.verdict):
            return []  # an older word does not replace a newer one
        known.clock_at = max(known.clock_at, verdict.at)
        own.verdict = verdict
        return self._judged(known, verdict, key)

    def _judged(self, known: Known, verdict: Verdict, key: str) -> list[Alert]:
        """Tell the centre of a verdict what follows from it, and the others that it was said."""
        cause = f"verdict:{verdict.decision}"
        latest = known.revisions[-1]
        own = known.centres[verdict.centre]
        alerts: list[Alert] = []
        if verdict.decision == "confirmed":
            seen = next((one for one in known.revisions if one.revision == verdict.revision), latest)
            kind: Literal["Alert", "Update"] = "Update" if own.actuals else "Alert"
            alerts.append(self._notice(known, verdict.centre, seen, kind=kind, cause=cause, key=key, actual=True))
        elif verdict.decision in CLOSING:
            if own.drafts or own.actuals:
                alerts.append(
                    self._notice(
                        known, verdict.centre, latest, kind="Cancel", cause=cause, key=key, actual=bool(own.actuals)
                    )
                )
        elif own.drafts or own.actuals:
            alerts.append(self._notice(known, verdict.centre, latest, kind="Update", cause=cause, key=key))
        if verdict.decision == "seen":
            return alerts
        for centre, standing in sorted(known.centres.items()):
            closed = standing.verdict is not None and standing.verdict.decision in CLOSING
            if centre != verdict.centre and not closed and (standing.drafts or standing.actuals):
                alerts.append(self._notice(known, centre, latest, kind="Update", cause=cause, key=key))
        return alerts

    def _hold(self, verdict: Verdict) -> list[Alert]:
        held = self.memory.held
        if verdict in held:
            self.outcome = "duplicate"
            return []
        if len(held) >= MAX_HELD:
            return self._refuse(verdict, f"expected at most {MAX_HELD} verdicts that wait for their incident")
        held.append(verdict)
        self.outcome = "held"
        return []

    def _refuse(self, verdict: Verdict, why: str) -> list[Alert]:
        self._refused.append(Refused(verdict, why))
        self.outcome = "refused"
        return []

    def _window(self, window: ExerciseWindow) -> list[Alert]:
        last = self.memory.windows.get(window.window_id)
        if last is not None and (last.declared_at, last.withdrawn) >= (window.declared_at, window.withdrawn):
            self.outcome = "duplicate"
            return []
        before = {key: self._covering(known.revisions[-1]) for key, known in self.memory.known.items()}
        self.memory.declare(window)
        alerts: list[Alert] = []
        for key, known in self.memory.known.items():
            latest = known.revisions[-1]
            if known.ended_at is not None or self._covering(latest) == before[key]:
                continue
            self.touched.add(key)
            known.clock_at = max(known.clock_at, window.declared_at)
            identity = f"{window.window_id}@{window.declared_at}"
            alerts += [
                self._notice(known, centre, latest, kind="Update", cause="exercise", key=identity)
                for centre, standing in sorted(known.centres.items())
                if standing.drafts
            ]
        return alerts

    def _notice(self, known: Known, centre: str, incident: Incident, **cause: Unpack[Cause]) -> Alert:
        return self._scribe.notice(self.memory, known, centre, incident, **cause)

    def _covering(self, incident: Incident) -> ExerciseWindow | None:
        return self._scribe.covering(self.memory, incident)

    def _forget(self) -> None:
        gone, late = self.memory.forget()
        self.touched.update(gone)
        for one in late:
            self._refused.append(Refused(one, f"expected incident {one.incident_id} within a day, got none"))
            self.tally["refused"] += 1
