"""The console of the demonstration, and the verdict gate behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from console.accounts import Account, Accounts
from tocsin.analysis.workbench import Workbench, settings_after
from tocsin.model import Alert, SettingsChange
from tocsin.pipeline.handover import Handover
from tocsin.pipeline.page import Decisions, open_console
from tocsin.runtime.audit import AuditLog
from tocsin.settings.territory import TerritorySettings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack
    from pathlib import Path

    from console.server import ConsoleServer
    from tocsin.cli.demo_feed import Feed
    from tocsin.model import Digest, Incident, Mention
    from tocsin.pipeline.detect import Detect
    from tocsin.runtime.metrics import Metrics
    from tocsin.settings import Settings

CENTRE: Final = "demo"
"""The one centre of the demonstration: it is told of everything."""


class Desk:
    """The console of the demonstration, and the verdict gate behind it."""

    def __init__(self, settings: Settings, feed: Feed, map_path: Path, metrics: Metrics, stack: ExitStack) -> None:
        chosen = settings.dispatch.model_copy(update={"territories": (TerritorySettings(centre=CENTRE),), "sinks": ()})
        self._handover = Handover(chosen, metrics, self._tell)
        self._newcomer = Account(name="newcomer", role="analyst", centre=CENTRE, password="")
        self._decisions = Decisions()
        self._in_force = settings.detector
        audit_path = map_path.with_suffix(".audit.jsonl")
        audit_path.unlink(missing_ok=True)
        self._detect: Detect | None = None
        tuner = stack.enter_context(Workbench(map_path.parent, lambda: self._in_force, self._decisions.give))
        self._server: ConsoleServer
        page = settings.console.model_copy(update={"host": "127.0.0.1"})
        for port in (page.port, 0):
            # A demonstration takes a free port if the usual one is taken; it never fails for that.
            try:
                self._server = stack.enter_context(
                    open_console(
                        page.model_copy(update={"port": port}),
                        Accounts([]),
                        decide=self._decisions.give,
                        audit=AuditLog(audit_path),
                        now=lambda: feed.clock_at,
                        tuner=tuner,
                    )
                )
                break
            except OSError:
                if port == 0:
                    raise
        self._feed = feed
        self.address = self._server.address
        self.invitation = self.invite()

    def invite(self) -> str:
        """Give an address that lets its first visitor in."""
        return self._server.invite(self._newcomer)

    def incident(self, incident: Incident) -> None:
        """Show one revision, and the notices that follow from it."""
        self._server.incident(incident)
        self._handover.take(incident)

    def mention(self, mention: Mention) -> None:
        """Count one mention for the coverage."""
        self._server.mention(mention)

    def watches(self, detect: Detect) -> None:
        """Learn which detector a change of settings goes to."""
        self._detect = detect

    def decided(self) -> None:
        """Take what was decided, and move the clock."""
        for decision in self._decisions.take():
            if isinstance(decision, SettingsChange):
                self._in_force = settings_after(decision)
                if self._detect is not None:
                    self._detect.put(decision)
                continue
            self._handover.take(decision)
        self._server.clock(self._feed.clock_at)

    def _tell(self, messages: Sequence[Alert | Digest]) -> None:
        for message in messages:
            if isinstance(message, Alert):
                self._server.alert(message)
