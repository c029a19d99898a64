"""Where a live run writes: lines, the map of what stands, the centres, the console, the log."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import structlog

from tocsin.pipeline import revival
from tocsin.pipeline.outputs import LineOutputs, log_facts
from tocsin.runtime import metrics as declared
from tocsin.time import SECOND_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.cli.console_desk import ConsoleDesk
    from tocsin.model import DeadLetter, Incident, Mention, SourceGap
    from tocsin.pipeline.detect import Detect, Summary
    from tocsin.pipeline.live_alerts import LiveAlerts
    from tocsin.pipeline.standing import StandingFile
    from tocsin.runtime.metrics import Metrics
    from tocsin.settings import Settings


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

    def __init__(self, files: Files, metrics: Metrics, settings: Settings) -> None:
        super().__init__(
            files.incidents,
            mentions=files.mentions,
            answers=files.answers,
            every_state=settings.dispatch.all_states,
            flush=True,
        )
        self._metrics, self._settings = metrics, settings
        self._standing = files.standing
        self.consumed: Callable[[int], object] = _ignore
        """Hears how many blocks were consumed."""
        self.alerting: LiveAlerts | None = None
        """Tells the centres."""
        self.console: ConsoleDesk | None = None
        """Shows persons what goes on."""
        self.gaps: Callable[[], list[SourceGap]] = list
        """Gives the gaps of the sources since it was last asked."""
        self.detect: Detect | None = None
        """Whose memory is kept with the alerts that it caused."""
        self._fresh: list[Incident] = []
        self._kept_at = 0
        self.names: Sequence[str] = ()
        """Of the sources that the console shows."""
        self.log = structlog.get_logger("tocsin.run")

    def recall(self, alerting: LiveAlerts) -> None:
        """Show what an earlier run has left: incidents with their verdicts, the exercises, the notices."""
        recalled = alerting.handover.gate.memory.recall()
        following = alerting.handover.gate.memory.following
        standing = [incident for incident, _ in recalled if incident.incident_id in following]
        self.raised([one.incident_id for one in standing])
        if self._standing is not None:
            self._standing.recall(standing)
        if self.console is not None:
            self.console.recall(recalled, alerting.handover.gate.memory.exercises, alerting.recalled())

    def incident(self, incident: Incident) -> None:
        """Write and log one revision."""
        super().incident(incident)
        if self._standing is not None:
            self._standing.incident(incident)
        if self.console is not None:
            self.console.incident(incident)
        self._fresh.append(incident)
        self.log.info("incident", **log_facts(incident))

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
        if self.alerting is not None:
            self._tell(self.alerting)
            for letter in self.alerting.dead_letters():
                self.dead_letter(letter)
        self.consumed(summary.blocks)
        for gap in self.gaps():
            if self.detect is not None:
                self.detect.put(gap)
        if self.console is not None:
            self.console.clock(summary.clock_at or 0)
            self.console.sources(self.names, self._metrics, now())
        if summary.clock_at is not None:
            self._metrics.set(declared.EVENT_LAG, max(0, now() - summary.clock_at) / SECOND_MS)

    def end(self) -> None:
        """Keep the detector's memory as it is at the end."""
        if self.alerting is not None:
            self._tell(self.alerting, last=True)

    def _tell(self, alerting: LiveAlerts, *, last: bool = False) -> None:
        """Tell what a block has brought; with revisions, and now and then without, the detector's memory is kept beside."""
        fresh, self._fresh = self._fresh, []
        now_at = now()
        due = bool(fresh) or last or now_at - self._kept_at >= self._settings.runtime.keep_secs * SECOND_MS
        if due:
            self._kept_at = now_at
        alerting.block(fresh, now_at, self._memory if due and self.detect is not None else None)

    def _memory(self) -> bytes | None:
        """Give what is kept of the detector; nothing before the first block."""
        detect, alerting = self.detect, self.alerting
        if detect is None or alerting is None or detect.clock_at is None:
            return None
        following = alerting.handover.gate.memory.following
        return revival.keep(detect.detector, self._settings, clock_at=detect.clock_at, following=following)


def _ignore(*_heard: object) -> None:
    """Do nothing with what is told."""
