"""Where a live run writes: lines, the map of what stands, the centres, the console, the log."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import structlog

from tocsin.pipeline.outputs import LineOutputs
from tocsin.runtime import metrics as declared
from tocsin.time import SECOND_MS, format_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.cli.console_desk import ConsoleDesk
    from tocsin.model import DeadLetter, Incident, Mention
    from tocsin.pipeline.detect import Summary
    from tocsin.pipeline.live_alerts import LiveAlerts
    from tocsin.pipeline.standing import StandingFile
    from tocsin.runtime.metrics import Metrics


def now() -> int:
    """Give the system's clock, UTC milliseconds."""
    return time.time_ns() // 1_000_000


class Files(NamedTuple):
    """The files of a run."""

    incidents: BinaryIO
    mentions: BinaryIO | None = None
    answers: BinaryIO | None = None
    standing: StandingFile | None = None
    """Of the open incidents as GeoJSON."""


class LiveOutputs(LineOutputs):
    """Appends incidents, shows those that stand as GeoJSON, logs them, and keeps the lag."""

    def __init__(self, files: Files, metrics: Metrics, *, every_state: bool) -> None:
        super().__init__(
            files.incidents, mentions=files.mentions, answers=files.answers, every_state=every_state, flush=True
        )
        self._metrics = metrics
        self._standing = files.standing
        self.consumed: Callable[[int], object] = _ignore
        """Hears how many blocks were consumed."""
        self.alerting: LiveAlerts | None = None
        """Tells the centres."""
        self.console: ConsoleDesk | None = None
        """Shows persons what goes on."""
        self.names: Sequence[str] = ()
        """Of the sources that the console shows."""
        self.log = structlog.get_logger("tocsin.run")

    def incident(self, incident: Incident) -> None:
        """Write and log one revision."""
        super().incident(incident)
        if self._standing is not None:
            self._standing.incident(incident)
        if self.console is not None:
            self.console.incident(incident)
        if self.alerting is not None:
            self.alerting.incident(incident)
        self.log.info(
            "incident",
            incident_id=incident.incident_id,
            revision=incident.revision,
            reason=incident.reason,
            state=incident.state,
            hazard=incident.hazard,
            place=incident.place,
            voices=incident.voices,
            raised_at=format_instant(incident.raised_at),
        )

    def mention(self, mention: Mention) -> None:
        """Write one mention, and count it for the coverage."""
        super().mention(mention)
        if self.console is not None:
            self.console.mention(mention)

    def dead_letter(self, letter: DeadLetter) -> None:
        """Count and log one refusal."""
        super().dead_letter(letter)
        self.log.warning(
            "dead letter", reason=letter.reason, origin=letter.origin, line=letter.line, detail=letter.detail
        )

    def progress(self, summary: Summary) -> None:
        """Note that all stages run, and how far behind the clock they are."""
        self._metrics.set(declared.READY, 1)
        self.consumed(summary.blocks)
        if self.alerting is not None:
            self.alerting.clock(now())
            for letter in self.alerting.dead_letters():
                self.dead_letter(letter)
        if self.console is not None:
            self.console.clock(summary.clock_at or 0)
            self.console.sources(self.names, self._metrics, now())
        if summary.clock_at is not None:
            self._metrics.set(declared.EVENT_LAG, max(0, now() - summary.clock_at) / SECOND_MS)


def _ignore(*_heard: object) -> None:
    """Do nothing with what is told."""
