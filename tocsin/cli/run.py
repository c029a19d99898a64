"""``tocsin run``: the configured sources, live, through all stages on this machine."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import Console

from console.accounts import Accounts, AccountsError
from dispatch.door import TokenError
from dispatch.outbox import OutboxError
from dispatch.webhook import SecretError
from ingest.files import STDIN, SourceError
from ingest.follow import follow
from ingest.listener import SourceFailedError
from tocsin.analysis.knobs import as_toml
from tocsin.cli.console_desk import ConsoleDesk
from tocsin.cli.live_outputs import Files, LiveOutputs, now
from tocsin.cli.report import report
from tocsin.geocoder.clerk import Clerk
from tocsin.geocoder.desk import Desk
from tocsin.model import SettingsChange
from tocsin.pipeline.detect import Detect
from tocsin.pipeline.hear import HearFactory
from tocsin.pipeline.live import live_blocks
from tocsin.pipeline.live_alerts import LiveAlerts
from tocsin.pipeline.networks import Networks
from tocsin.pipeline.revival import given_up, revive
from tocsin.pipeline.run import run as run_pipeline
from tocsin.pipeline.sealing import Sealer
from tocsin.pipeline.secrecy import LiveKeys
from tocsin.pipeline.shedding import Shedding
from tocsin.pipeline.standing import StandingFile
from tocsin.runtime import metrics as declared
from tocsin.runtime.audit import AuditError
from tocsin.runtime.embedded import WorkerError
from tocsin.runtime.failures import StageIllError
from tocsin.runtime.health import HealthServer
from tocsin.runtime.metrics import Metrics
from tocsin.runtime.stop import Stop
from tocsin.runtime.store import MemoryStore
from tocsin.runtime.vault import TextVault
from tocsin.settings import load_settings
from tocsin.settings.source_rules import network_sections
from tocsin.time import MINUTE_MS

if TYPE_CHECKING:
    from typing import BinaryIO

    from tocsin.settings import Settings
    from tocsin.settings.detector import DetectorSettings

DONE, FAILED, BAD_INPUT = 0, 1, 2


class StartError(RuntimeError):
    """Something of the settings cannot be opened; the message says which section, what and why."""


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
    if not (settings.ingest.follow_paths or network_sections(settings)):
        return _refuse("expected a network (such as bluesky.enabled) or ingest.follow_paths, got none", BAD_INPUT)
    try:
        with ExitStack() as stack:
            return _run(settings, incidents or settings.dispatch.incidents_path, stack)
    except (SourceError, StartError) as error:
        return _refuse(str(error), BAD_INPUT)
    except (WorkerError, StageIllError, SourceFailedError, OutboxError) as error:
        return _refuse(str(error), FAILED)


def _run(settings: Settings, path: Path | None, stack: ExitStack) -> int:
    stop, metrics, store = Stop(), Metrics(), MemoryStore()
    stack.enter_context(stop.on_signals())
    chosen = settings.ingest
    sources = follow(chosen.follow_paths, max_line_bytes=chosen.max_line_bytes, from_start=chosen.from_start)
    networks = Networks(settings, metrics, now) if network_sections(settings) else None
    if networks is not None:
        stack.callback(networks.close)
        sources.append(networks)
    outputs = _outputs(settings, path, metrics, stack)
    if networks is not None:
        outputs.consumed, outputs.names, outputs.gaps = networks.consumed, networks.names, networks.gaps
    _open_doors(settings, outputs, metrics, stack)
    desk = None
    if settings.geocoder.enabled:
        desk = Desk(Clerk(settings.geocoder, MemoryStore(), metrics), settings.geocoder, metrics)
        stack.callback(desk.close)
    vault = TextVault(store, settings.privacy.text_ttl_mins * MINUTE_MS, now)
    detect = Detect(settings, outputs, metrics, geocoder=desk, sealer=Sealer(vault, metrics, now))
    outputs.detect = detect
    in_force = _go_on(detect, outputs, settings)
    if outputs.console is not None:
        outputs.console.watches(detect, in_force)
    if settings.metrics.enabled:
        host, port = settings.metrics.host, settings.metrics.port
        try:
            server = stack.enter_context(HealthServer(metrics, host, port))
        except OSError as error:
            raise StartError(f"metrics: cannot listen on {host}:{port}: {error.strerror or error}") from error
        outputs.log.info("serving", address=server.address)
    began = time.monotonic()
    factory = HearFactory(settings, live=True)
    try:
        # The reader stops by itself, and hands on what it has; so the runner is not to stop before it.
        cut = _ignore if networks is None else networks.cut
        blocks = live_blocks(sources, settings, now=now, stopped=lambda: stop.wanted, cut=cut)
        run_pipeline(
            LiveKeys(store, now).on_each(blocks),
            detect,
            factory,
            settings,
            Stop(),
            shedding=Shedding(settings, metrics),
        )
    finally:
        metrics.set(declared.READY, 0)
    outputs.end()
    if sys.stderr.isatty():
        report(Console(stderr=True), detect.summary, outputs, time.monotonic() - began)
    outputs.log.info("ended", lines=detect.summary.counts.received, raised=detect.summary.raised)
    return DONE


def _outputs(settings: Settings, path: Path | None, metrics: Metrics, stack: ExitStack) -> LiveOutputs:
    """Open the files of the settings."""
    chosen = settings.dispatch
    return LiveOutputs(
        Files(
            incidents=_open(path, stack),
            mentions=None if chosen.mentions_path is None else _open(chosen.mentions_path, stack),
            answers=_answers(settings, stack),
            standing=None if chosen.geojson_path is None else StandingFile(chosen.geojson_path),
        ),
        metrics,
        settings,
    )


def _open_doors(settings: Settings, outputs: LiveOutputs, metrics: Metrics, stack: ExitStack) -> None:
    """Open what centres and persons come to: the gate with its receivers, the door for programs, the console.

    Raises:
        StartError: one of them cannot be opened.
    """
    try:
        outputs.alerting = alerting = stack.enter_context(LiveAlerts(settings, metrics, now))
    except (OutboxError, SecretError, TokenError, OSError) as error:
        raise StartError(f"dispatch: {error}") from error
    if alerting.door is not None:
        outputs.log.info("door open", address=alerting.door.address)
    if settings.console.enabled:
        try:
            outputs.console = console = _console(settings, alerting, stack)
        except (AccountsError, AuditError, OSError) as error:
            raise StartError(f"console: {error}") from error
        outputs.log.info("console open", address=console.address)


def _go_on(detect: Detect, outputs: LiveOutputs, settings: Settings) -> DetectorSettings:
    """Go on from what an earlier run has kept; give the detector's settings that are in force.

    What stood and is followed no more (the detector's memory cannot be read, after an update) is closed aloud, not left to stand.
    """
    alerting = outputs.alerting
    assert alerting is not None, "it was opened before"
    if not alerting.remembers:
        outputs.log.warning("a restart forgets alerts, verdicts and exercises: dispatch.outbox_path is empty")
        return settings.detector
    outputs.recall(alerting)
    now_at = now()
    past = revive(alerting.detector(), settings, now_at)
    standing = {one.incident_id: one for one, _ in alerting.handover.gate.memory.recall()}
    following = alerting.handover.gate.memory.following & standing.keys()
    followed = following & (frozenset() if past is None else past.following)
    if past is not None:
        detect.go_on(past, followed)
        if past.edited:
            detect.put(SettingsChange(at=now_at, toml=as_toml(settings.detector)))
    for incident_id in sorted(following - followed):
        outputs.incident(given_up(standing[incident_id], now_at))
    outputs.log.info("goes on", incidents=len(followed), given_up=len(following - followed))
    return settings.detector if past is None or past.edited else past.detector.settings


def _console(settings: Settings, alerting: LiveAlerts, stack: ExitStack) -> ConsoleDesk:
    """Open the console of the settings.

    Raises:
        AccountsError: the accounts cannot be used.
        AuditError: the audit log is broken at its end.
        OSError: a file cannot be read, or the address is in use or not ours.
    """
    path = settings.console.accounts_path
    assert path is not None, "the settings ask for it where the console is enabled"
    return ConsoleDesk(
        settings.console,
        settings,
        Accounts.load(path),
        alerting,
        audit_path=settings.privacy.audit_path,
        recordings=settings.console.recordings_path,
        now=now,
        stack=stack,
    )


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
