"""The detecting half: the order of the stream, the detector and what is written. One process, blocks in their order."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Protocol

import msgspec

from detectors import Detector
from ingest import order
from ingest.order import StreamOrder
from tocsin.model import DeadLetter, GeocodeResult, Incident, Mention, Retraction
from tocsin.pipeline.counting import publish
from tocsin.pipeline.hear import Heard, cpu
from tocsin.pipeline.outside import placed, refusal
from tocsin.pipeline.primed import detector_of
from tocsin.runtime import metrics as declared
from tocsin.runtime.conservation import Counts
from tocsin.runtime.failures import StageIllError
from tocsin.time import MINUTE_MS, SECOND_MS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.pipeline.outside import Word
    from tocsin.pipeline.revival import Revived
    from tocsin.pipeline.sealing import Sealer
    from tocsin.runtime.metrics import Metrics
    from tocsin.settings import Settings


class Outputs(Protocol):
    """Where a run writes."""

    def incident(self, incident: Incident) -> None:
        """Take one revision, in the order in which they come to be."""
        ...

    def mention(self, mention: Mention) -> None:
        """Take one mention that was heard, in the order of the stream."""
        ...

    def dead_letter(self, letter: DeadLetter) -> None:
        """Take one refusal, in the order of the stream."""
        ...

    def geocoded(self, answer: GeocodeResult) -> None:
        """Take one answer of the geocoder, as it acts; only where there is one."""
        ...

    def progress(self, summary: Summary) -> None:
        """Hear how far the run is, after each block."""
        ...


class Geocodes(Protocol):
    """A geocoder beside the stream, or what one said in an earlier run. Neither call ever waits."""

    def ask(self, mention: Mention) -> None:
        """Take what there is to be asked of a mention."""
        ...

    def answers(self, clock_at: int | None) -> list[GeocodeResult]:
        """Give what was answered since the last call, up to an instant of the stream."""
        ...


class Summary(msgspec.Struct, kw_only=True):
    """What a run has done so far."""

    counts: Counts = msgspec.field(default_factory=Counts)
    """Of all lines, over the whole path."""
    blocks: int = 0
    gate_open: int = 0
    """Posts that passed the gate."""
    raised: int = 0
    revisions: int = 0
    first_at: int | None = None
    clock_at: int | None = None
    cpu_secs: Counter[str] = msgspec.field(default_factory=Counter)
    """Processor seconds by part: decode, gate, ingest (pseudonyms, redaction), extract, detect."""


class Detect:
    """Takes what was heard, in the order of the blocks, and writes incidents."""

    def __init__(  # noqa: PLR0913 - each is a part that a runtime chooses
        self,
        settings: Settings,
        outputs: Outputs,
        metrics: Metrics,
        detector: Detector | None = None,
        *,
        geocoder: Geocodes | None = None,
        sealer: Sealer | None = None,
    ) -> None:
        self._geocoder = geocoder
        self._closed_before = 0
        self._finished = False
        chosen = settings.ingest
        limits = order.Limits(
            leap_ms=settings.time.leap_ms,
            leap_lines=settings.time.leap_lines,
            horizon_ms=chosen.duplicate_horizon_mins * MINUTE_MS,
            max_remembered=chosen.max_remembered_posts,
            max_sources=chosen.max_sources,
        )
        self._panes = settings.time.panes()
        self._order = StreamOrder(self._panes, limits)
        self._detector = detector or detector_of(settings.detector, self._panes)
        self._outputs = outputs
        self._metrics = metrics
        self._max_stage_errors = settings.runtime.max_stage_errors
        self._sealer = sealer
        self._open: set[str] = set()
        self.summary = Summary()

    def take(self, heard: Heard) -> None:
        """Take the next block.

        Raises:
            StageIllError: a stage failed too often.
        """
        step = self._order.push(heard.columns, heard.source_names, clock_at=heard.arrived_at)
        summary = self.summary
        summary.blocks += 1
        summary.gate_open += heard.gate_open
        summary.cpu_secs.update(heard.cpu_secs)
        self._metrics.add(declared.BLOCKS, 1)
        self._metrics.add(declared.GATE_OPEN, heard.gate_open)
        for gate, posts in heard.shed.items():
            self._metrics.add(declared.SHED, posts, gate)
        for part, secs in heard.cpu_secs.items():
            self._metrics.add(declared.STAGE_SECONDS, secs, part)
        if self._sealer is not None:
            # Before anything is detected or written: what was taken back is gone first.
            left = self._sealer.leave(step.leaving, heard.words)
            self._sealer.keep({one.post_id: one.sealed for one in left})
        self._live(step, finishing=False)

    def go_on(self, past: Revived, raised: Iterable[str]) -> None:
        """Go on, before the first block, with the detector of an earlier run, from where its stream stood; it follows those ``raised``."""
        self._detector = past.detector
        self._open = set(raised)
        self._closed_before = self._panes.closed_before(past.clock_at)
        self._order.restore(order.OrderState(clock_at=past.clock_at, seen=[], names=[], held=None))

    @property
    def detector(self) -> Detector:
        """The detector, to be looked at."""
        return self._detector

    @property
    def clock_at(self) -> int | None:
        """How far the detector has come: at the end of a stream past the last pane, which was closed before its time."""
        at = self._order.clock_at
        return self._panes.closes_at(at) if self._finished and at is not None else at

    def put(self, word: Word) -> None:
        """Take a word from outside the stream; it acts in its pane, or in the first that is still open.

        Raises:
            ValueError: it cannot be acted on; nothing is changed.
        """
        refused = refusal(word)
        if refused is not None:
            raise ValueError(refused[1])
        clock_at = self._order.clock_at
        self._detector.feed([placed(word, None if clock_at is None else self._panes.closed_before(clock_at))])

    def finish(self) -> Summary:
        """The stream has ended: hear what was held, close all panes."""
        self._live(self._order.finish(), finishing=False)
        self._finished = True
        self._live(self._order.finish(), finishing=True)
        return self.summary

    def _live(self, step: order.Step, *, finishing: bool) -> None:
        spent: dict[str, float] = {}
        with cpu(spent, "detect"):
            self._detector.feed(step.items)
            for answer in self._answers(step):
                self._detector.feed([answer])
            for exposure in step.exposures:
                self._detector.exposure(exposure.pane_start_at, exposure.source, exposure.posts)
            incidents = []
            if step.clock_at is not None:
                incidents = self._detector.advance(step.clock_at)
                self._closed_before = self._panes.closed_before(step.clock_at)
            if finishing:
                incidents += self._detector.finish()
        self.summary.cpu_secs.update(spent)
        self._metrics.add(declared.STAGE_SECONDS, spent["detect"], "detect")
        for letter in step.dead:
            self._outputs.dead_letter(letter)
        for item in step.items:
            if isinstance(item, Mention):
                self._outputs.mention(item)
        for incident in incidents:
            self._write(incident)
        self._count(step)
        self._outputs.progress(self.summary)
        failed = self.summary.counts.dead["stage_error"]
        if failed > self._max_stage_errors:
            raise StageIllError(
                f"extract failed on {failed} posts; at most {self._max_stage_errors} are allowed (runtime.max_stage_errors)"
            )

    def _answers(self, step: order.Step) -> list[GeocodeResult]:
        """Ask for what the step names; give what was answered meanwhile, each at the first instant at which it can still act."""
        if self._geocoder is None:
            return []
        for item in step.items:
            if isinstance(item, Mention):
                self._geocoder.ask(item)
        answers = [
            msgspec.structs.replace(answer, at=max(answer.at, self._closed_before))
            for answer in self._geocoder.answers(step.clock_at)
        ]
        for answer in answers:
            self._outputs.geocoded(answer)
        return answers

    def _write(self, incident: Incident) -> None:
        self.summary.revisions += 1
        self._metrics.add(declared.REVISIONS, 1, incident.reason)
        if incident.state in ("open", "quiet"):
            if incident.incident_id not in self._open and incident.reason != "reopened":
                self.summary.raised += 1
                self._metrics.add(declared.RAISED, 1, incident.hazard)
            self._open.add(incident.incident_id)
        else:
            self._open.discard(incident.incident_id)
        self._metrics.set(declared.OPEN, len(self._open))
        self._outputs.incident(incident)

    def _count(self, step: order.Step) -> None:
        counts = step.counts
        self.summary.counts.add(counts)
        publish(counts, sum(isinstance(item, Retraction) for item in step.items), self._metrics)
        if step.clock_at is not None:
            if self.summary.first_at is None:
                self.summary.first_at = step.clock_at
            self.summary.clock_at = step.clock_at
            self._metrics.set(declared.WATERMARK, step.clock_at / SECOND_MS)
