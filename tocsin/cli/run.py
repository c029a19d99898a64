"""``tocsin run``: the configured sources, live, through all stages on this machine."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import structlog
from cyclopts import Parameter
from rich.console import Console

from dispatch.door import TokenError
from dispatch.outbox import OutboxError
from dispatch.webhook import SecretError
from ingest.files import STDIN, SourceError
from ingest.follow import follow
from ingest.listener import SourceFailedError
from ingest.sources.made import hears_networks
from tocsin.cli.report import report
from tocsin.geocoder.clerk import Clerk
from tocsin.geocoder.desk import Desk
from tocsin.pipeline.detect import Detect
from tocsin.pipeline.hear import HearFactory
from tocsin.pipeline.live import live_blocks
from tocsin.pipeline.live_alerts import LiveAlerts
from tocsin.pipeline.networks import Networks
from tocsin.pipeline.outputs import LineOutputs
from tocsin.pipeline.run import run as run_pipeline
from tocsin.pipeline.sealing import Sealer
from tocsin.pipeline.secrecy import LiveKeys
from tocsin.pipeline.standing import StandingFile
from tocsin.runtime import metrics as declared
from tocsin.runtime.embedded import Stop, WorkerError
from tocsin.runtime.failures import StageIllError
from tocsin.runtime.health import HealthServer
from tocsin.runtime.metrics import Metrics
from tocsin.runtime.store import MemoryStore
from tocsin.runtime.vault import TextVault
from tocsin.settings import load_settings
from tocsin.time import MINUTE_MS, SECOND_MS, format_instant

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from tocsin.model import DeadLetter, Incident
    from tocsin.pipeline.detect import Summary
    from tocsin.settings import Settings

DONE, FAILED, BAD_INPUT = 0, 1, 2


def run(
    *,
    config: Annotated[Path | None, Parameter(help="Settings file (TOML).")] = None,
    incidents: Annotated[
        Path | None,
        Parameter(
            help="File to which incidents are appended, in place of that of the settings; standard output if neither is given."
        ),
    ] = None,
) -> int:
    """Run all stages on what the networks of the settings bring, and followed files, folders and standard input (`ingest.follow_paths`).

    Posts are stamped with their arrival. `/metrics`, `/healthz` and `/readyz` are served as the settings say. It ends when standard
    input, being all there is to hear, ends, or at a signal, after all that was read is detected.
    """
    settings = load_settings(config, os.environ)
    if not (settings.ingest.follow_paths or hears_networks(settings)):
        return _refuse("expected a network (such as bluesky.enabled) or ingest.follow_paths, got none", BAD_INPUT)
    try:
        with ExitStack() as stack:
            return _run(settings, incidents or settings.dispatch.incidents_path, stack)
    except SourceError as error:
        return _refuse(str(error), BAD_INPUT)
    except (WorkerError, StageIllError, SourceFailedError, OutboxError) as error:
        return _refuse(str(error), FAILED)


def _run(settings: Settings, path: Path | None, stack: ExitStack) -> int:
    stop, metrics, store = Stop(), Metrics(), MemoryStore()
    stack.enter_context(stop.on_signals())
    chosen = settings.ingest
    sources = follow(chosen.follow_paths, max_line_bytes=chosen.max_line_bytes, from_start=chosen.from_start)
    networks = Networks(settings, metrics, now) if hears_networks(settings) else None
    if networks is not None:
        stack.callback(networks.close)
        sources.append(networks)
    geojson = settings.dispatch.geojson_path
    outputs = LiveOutputs(
        _open(path, stack),
        metrics,
        every_state=settings.dispatch.all_states,
        standing=StandingFile(geojson) if geojson is not None else None,
        answers=_answers(settings, stack),
    )
    if networks is not None:
        outputs.consumed = networks.consumed
    try:
        outputs.alerting = stack.enter_context(LiveAlerts(settings, metrics, now))
    except (OutboxError, SecretError, TokenError, OSError) as error:
        return _refuse(f"dispatch: {error}", BAD_INPUT)
    if outputs.alerting.door is not None:
        outputs.log.info("door open", address=outputs.alerting.door.address)
    desk = None
    if settings.geocoder.enabled:
        desk = Desk(Clerk(settings.geocoder, MemoryStore(), metrics), settings.geocoder, metrics)
        stack.callback(desk.close)
    vault = TextVault(store, settings.privacy.text_ttl_mins * MINUTE_MS, now)
    detect = Detect(settings, outputs, metrics, geocoder=desk, sealer=Sealer(vault, metrics, now))
    if settings.metrics.enabled:
        host, port = settings.metrics.host, settings.metrics.port
        try:
            server = stack.enter_context(HealthServer(metrics, host, port))
        except OSError as error:
            return _refuse(f"metrics: cannot listen on {host}:{port}: {error.strerror or error}", BAD_INPUT)
        outputs.log.info("serving", address=server.address)
    began = time.monotonic()
    factory = HearFactory(settings, live=True)
    try:
        # The reader stops by itself, and hands on what it has; so the runner is not to stop before it.
        cut = _ignore if networks is None else networks.cut
        blocks = live_blocks(sources, settings, now=now, stopped=lambda: stop.wanted, cut=cut)
        run_pipeline(LiveKeys(store, now).on_each(blocks), detect, factory, settings, Stop())
    finally:
        metrics.set(declared.READY, 0)
    if sys.stderr.isatty():
        report(Console(stderr=True), detect.summary, outputs, time.monotonic() - began)
    outputs.log.info("ended", lines=detect.summary.counts.received, raised=detect.summary.raised)
    return DONE


class LiveOutputs(LineOutputs):
    """Appends incidents, shows those that stand as GeoJSON, logs them, and keeps the lag."""

    def __init__(
        self,
        incidents: BinaryIO,
        metrics: Metrics,
        *,
        every_state: bool,
        standing: StandingFile | None = None,
        answers: BinaryIO | None = None,
    ) -> None:
        super().__init__(incidents, answers=answers, every_state=every_state, flush=True)
        self._metrics = metrics
        self._standing = standing
        self.consumed: Callable[[int], object] = _ignore
        """Hears how many blocks were consumed."""
        self.alerting: LiveAlerts | None = None
        """Tells the centres."""
        self.log = structlog.get_logger("tocsin.run")

    def incident(self, incident: Incident) -> None:
        """Write and log one revision."""
        super().incident(incident)
        if self._standing is not None:
            self._standing.incident(incident)
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
        if summary.clock_at is not None:
            self._metrics.set(declared.EVENT_LAG, max(0, now() - summary.clock_at) / SECOND_MS)


def now() -> int:
    """Give the system's clock, UTC milliseconds."""
    return time.time_ns() // 1_000_000


def _open(path: Path | None, stack: ExitStack) -> BinaryIO:
    if path is None or str(path) == STDIN:
        return sys.stdout.buffer
    path.parent.mkdir(parents=True, exist_ok=True)
    return stack.enter_context(path.open("ab"))


def _answers(settings: Settings, stack: ExitStack) -> BinaryIO | None:
    path = settings.geocoder.answers_path
    if path is None or not settings.geocoder.enabled:
        return None
    return _open(path, stack)


def _ignore(*_heard: object) -> None:
    """Do nothing with what is told."""


def _refuse(message: str, code: int) -> int:
    sys.stderr.write(f"tocsin run: {message}\n")
    return code
