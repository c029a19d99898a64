"""The console of the demonstration, and the verdict gate behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from console.accounts import Account, Accounts
from console.desk import AuditEntry
from dispatch.verdicts import VerdictGate
from tocsin.analysis.workbench import Workbench, settings_after
from tocsin.model import SettingsChange
from tocsin.pipeline.page import Decisions, open_console
from tocsin.settings.territory import TerritorySettings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack
    from pathlib import Path

    from console.server import ConsoleServer
    from tocsin.cli.demo_feed import Feed
    from tocsin.model import Incident, Mention
    from tocsin.pipeline.detect import Detect
    from tocsin.settings import Settings

CENTRE: Final = "demo"
"""The one centre of the demonstration: it is told of everything."""
MAX_AUDIT: Final = 10_000
"""Entries of the demonstration's own log, in memory."""


class DemoLog:
    """The audit log of a demonstration: in memory, gone at its end."""

    def __init__(self) -> None:
        self._entries: list[AuditEntry] = []

    def append(self, *, at: int, who: str, action: str, about: str, detail: str) -> None:
        """Keep one entry."""
        if len(self._entries) < MAX_AUDIT:
            number = len(self._entries)
            self._entries.append(AuditEntry(number=number, at=at, who=who, action=action, about=about, detail=detail))

    def latest(self, count: int) -> Sequence[AuditEntry]:
        """Give the last entries, the newest first."""
        return self._entries[::-1][:count]

    def verify(self) -> tuple[bool, int]:
        """Say that nothing is broken: nothing was written to break."""
        return True, len(self._entries)


class Desk:
    """The console of the demonstration, and the verdict gate behind it."""

    def __init__(self, settings: Settings, feed: Feed, folder: Path, stack: ExitStack) -> None:
        self._gate = VerdictGate([TerritorySettings(centre=CENTRE)])
        self._newcomer = Account(name="newcomer", role="analyst", centre=CENTRE, password="")
        self._decisions = Decisions()
        self._in_force = settings.detector
        self._detect: Detect | None = None
        tuner = stack.enter_context(Workbench(folder, lambda: self._in_force, self._decisions.give))
        self._server: ConsoleServer
        chosen = settings.console.model_copy(update={"host": "127.0.0.1"})
        for port in (chosen.port, 0):
            # A demonstration takes a free port if the usual one is taken; it never fails for that.
            try:
                self._server = stack.enter_context(
                    open_console(
                        chosen.model_copy(update={"port": port}),
                        Accounts([]),
                        decide=self._decisions.give,
                        audit=DemoLog(),
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
        for alert in self._gate.feed(incident):
            self._server.alert(alert)

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
            for alert in self._gate.feed(decision):
                self._server.alert(alert)
        self._server.clock(self._feed.clock_at)
