"""``tocsin worker``: one stage over Kafka and Redis."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import ExitStack
from pathlib import Path  # the command line resolves the annotations at run time
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from console.accounts import AccountsError
from dispatch.door import TokenError
from dispatch.outbox import OutboxError
from dispatch.webhook import SecretError
from ingest.files import SourceError
from tocsin.distributed.extract import IllVersionError
from tocsin.distributed.keeping import PatientStore, open_key_store, open_store, warn_of_copies
from tocsin.distributed.shell import Shell
from tocsin.runtime.audit import AuditError
from tocsin.runtime.failures import DivergedError, FencedError, StageIllError
from tocsin.runtime.health import HealthServer
from tocsin.runtime.kafka import Cluster, ClusterError
from tocsin.runtime.logging import get_logger
from tocsin.runtime.metrics import Metrics
from tocsin.runtime.stop import Stop
from tocsin.runtime.store import StoreError
from tocsin.settings import load_settings

if TYPE_CHECKING:
    from tocsin.settings import Settings

DONE, FAILED, BAD_INPUT = 0, 1, 2
Role = Literal["ingest", "extract", "geocode", "detect", "dispatch", "console"]
FAILURES = (
    OutboxError,
    SecretError,
    TokenError,
    ClusterError,
    StoreError,
    FencedError,
    DivergedError,
    IllVersionError,
    StageIllError,
)
"""What ends a worker with one line and exit code 1: whoever supervises it may start it again."""


def worker(  # noqa: PLR0913 - each is an option of the command line
    role: Annotated[Role, Parameter(help="Which stage.")],
    *,
    config: Annotated[Path, Parameter(help="Settings file (TOML), the same for all workers.")],
    origin: Annotated[
        str | None, Parameter(help="`ingest`: which of `distributed.origins`; the only one if not given.")
    ] = None,
    member: Annotated[
        str | None,
        Parameter(
            help="Name of this worker among those of its stage, the same after a restart; host and stage if not given."
        ),
    ] = None,
    incidents: Annotated[
        Path | None,
        Parameter(help="`dispatch`: file to which incidents are appended, in place of that of the settings."),
    ] = None,
    metrics_port: Annotated[
        int | None,
        Parameter(help="TCP port of the metrics page, in place of that of the settings; 0 takes a free one."),
    ] = None,
    until_end: Annotated[
        bool,
        Parameter(negative="", help="`detect`: end once all recorded origins have ended and all panes are closed."),
    ] = False,
) -> int:
    """Run one stage over Kafka and Redis, until a signal (or, for `ingest` of recorded files, their end).

    Topics are made beforehand by `tocsin topics --apply`. All workers share one settings file. Several `extract` workers share the
    work; of several `detect` or `geocode` workers one is active and the others stand by; one `ingest` worker reads one origin.
    Each `console` worker shows all.
    """
    settings = load_settings(config, os.environ)
    problem, origin = _problem(role, settings, origin, incidents)
    if problem:
        return _refuse(role, problem, BAD_INPUT)
    name = member or f"{socket.gethostname()}-{role}" + (f"-{origin}" if role == "ingest" else "")
    try:
        with ExitStack() as stack:
            shell = _shell(settings, name, metrics_port, stack)
            _run(role, shell, origin, incidents, until_end=until_end)
    except (SourceError, AccountsError, AuditError) as error:
        return _refuse(role, str(error), BAD_INPUT)
    except FAILURES as error:
        return _refuse(role, str(error), FAILED)
    return DONE


def _run(role: Role, shell: Shell, origin: str | None, incidents: Path | None, *, until_end: bool) -> None:
    # Each stage is imported where it runs: a detector needs no language tools, an ingest worker no detector.
    if role == "ingest":
        from tocsin.distributed.ingest_worker import run_ingest  # noqa: PLC0415

        assert origin is not None, "checked before"
        run_ingest(shell, origin)
    elif role == "extract":
        from tocsin.distributed.extract_worker import run_extract  # noqa: PLC0415

        run_extract(shell)
    elif role == "geocode":
        from tocsin.distributed.geocode_worker import run_geocode  # noqa: PLC0415

        run_geocode(shell)
    elif role == "detect":
        from tocsin.distributed.detect_worker import run_detect  # noqa: PLC0415

        run_detect(shell, until_end=until_end)
    elif role == "dispatch":
        from tocsin.distributed.dispatch_worker import run_dispatch  # noqa: PLC0415

        run_dispatch(shell, incidents)
    else:
        from tocsin.cli.console_bench import run_with_bench  # noqa: PLC0415

        run_with_bench(shell)


def _shell(settings: Settings, member: str, metrics_port: int | None, stack: ExitStack) -> Shell:
    stop, metrics = Stop(), Metrics()
    stack.enter_context(stop.on_signals())
    if settings.metrics.enabled:
        port = settings.metrics.port if metrics_port is None else metrics_port
        server = stack.enter_context(HealthServer(metrics, settings.metrics.host, port))
        get_logger("worker").info("serving", address=server.address)
    store = open_store(settings.store)
    stack.callback(store.close)
    keys = open_key_store(settings.store)
    if keys is not None:
        stack.callback(keys.close)
    warn_of_copies(keys or store)
    return Shell(
        settings=settings,
        cluster=Cluster(settings.kafka),
        store=PatientStore(store, settings.store.retry_secs),
        keys=None if keys is None else PatientStore(keys, settings.store.retry_secs),
        metrics=metrics,
        stop=stop,
        member=member,
    )


def _problem(
    role: Role, settings: Settings, origin: str | None, incidents: Path | None
) -> tuple[str | None, str | None]:
    """Say what is wrong with the call; give the origin that is meant."""
    named = sorted(settings.distributed.origins)
    if not named and role in ("ingest", "detect"):
        return "expected origins in distributed.origins, got none", None
    if role == "ingest":
        if origin is None and len(named) > 1:
            return f"--origin: expected one of {', '.join(named)}, got none", None
        origin = origin or named[0]
        if origin not in named:
            return f"--origin: expected one of {', '.join(named)}, got {origin}", None
    if role == "geocode" and not settings.geocoder.enabled:
        return "expected geocoder.enabled, got a geocoder that is off", None
    if role == "dispatch" and incidents is None and settings.dispatch.incidents_path is None:
        return "expected a file in dispatch.incidents_path or --incidents, got none", None
    return None, origin


def _refuse(role: Role, message: str, code: int) -> int:
    sys.stderr.write(f"tocsin worker {role}: {message}\n")
    return code
