"""The console of the demonstration: for one centre that is told of everything, on loopback, entered by invitation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from console.accounts import Account, Accounts
from tocsin.cli.console_desk import ConsoleDesk
from tocsin.pipeline.live_alerts import LiveAlerts
from tocsin.settings.dispatch import DispatchSettings
from tocsin.settings.territory import TerritorySettings

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    from tocsin.cli.demo_feed import Feed
    from tocsin.model import Incident, Mention
    from tocsin.pipeline.detect import Detect
    from tocsin.runtime.metrics import Metrics
    from tocsin.settings import Settings

CENTRE: Final = "demo"
NEWCOMER: Final = Account(name="newcomer", role="analyst", centre=CENTRE, password="")


class Desk:
    """The console and the gate behind it. Its audit log stands beside the map and begins anew each time.

    Raises:
        OSError: nothing can be served on loopback, or the log cannot be written.
    """

    def __init__(self, settings: Settings, feed: Feed, map_path: Path, metrics: Metrics, stack: ExitStack) -> None:
        # Nothing leaves a demonstration: no receivers, whatever the settings say.
        alone = settings.model_copy(
            update={"dispatch": DispatchSettings(territories=(TerritorySettings(centre=CENTRE),))}
        )
        self._feed = feed
        self._alerts = stack.enter_context(LiveAlerts(alone, metrics, lambda: feed.clock_at))
        audit_path = map_path.with_suffix(".audit.jsonl")
        audit_path.parent.mkdir(parents=True, exist_ok=True)
        audit_path.unlink(missing_ok=True)
        page = settings.console.model_copy(update={"host": "127.0.0.1"})
        for port in dict.fromkeys((page.port, 0)):
            # A free port if the usual one is taken: a demonstration never fails for that.
            try:
                self._console = ConsoleDesk(
                    page.model_copy(update={"port": port}),
                    alone,
                    Accounts([]),
                    self._alerts,
                    audit_path=audit_path,
                    recordings=map_path.parent,
                    now=lambda: feed.clock_at,
                    stack=stack,
                )
                break
            except OSError:
                if port == 0:
                    raise
        self.address = self._console.address

    def invite(self) -> str:
        """Give an address that lets its first visitor in."""
        return self._console.invite(NEWCOMER)

    def watches(self, detect: Detect) -> None:
        """Learn which detector a change of settings goes to."""
        self._console.watches(detect)

    def incident(self, incident: Incident) -> None:
        """Show one revision, and the notices that follow from it."""
        self._console.incident(incident)
        self._alerts.incident(incident)

    def mention(self, mention: Mention) -> None:
        """Count one mention for the coverage."""
        self._console.mention(mention)

    def tick(self) -> None:
        """Move the clock."""
        self._console.clock(self._feed.clock_at)
