"""The console beside a run on one machine: fed by the pipeline's thread, deciding through the gate, tuning through the workbench."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from console.coverage import Source
from tocsin.analysis.workbench import Workbench, settings_after
from tocsin.model import Alert, Verdict
from tocsin.pipeline.page import Changes, open_console
from tocsin.runtime import metrics as declared
from tocsin.runtime.audit import AuditLog
from tocsin.time import SECOND_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import ExitStack
    from pathlib import Path

    from console.accounts import Account, Accounts
    from dispatch.board import Numbered
    from tocsin.model import Digest, ExerciseWindow, Incident, Mention
    from tocsin.pipeline.detect import Detect
    from tocsin.pipeline.live_alerts import LiveAlerts
    from tocsin.runtime.metrics import Metrics
    from tocsin.settings import Settings
    from tocsin.settings.console import ConsoleSettings
    from tocsin.settings.detector import DetectorSettings

LOOK_SECS: Final = 2
"""How often it is looked whether sources are heard."""


class ConsoleDesk:
    """Serves the console until the stack closes.

    Args:
        page: where it is served.
        settings: of the run.
        accounts: who may enter.
        alerts: the gate; its alerts are shown, decisions go through it.
        audit_path: file of the audit log.
        recordings: folder of recordings for the tuning page; ``None`` for no such page.
        now: the clock, UTC milliseconds.
        stack: ends it.

    Raises:
        OSError: the address is in use or not ours.
        AuditError: the audit log is broken at its end.
    """

    def __init__(  # noqa: PLR0913  # a console and all it is tied to
        self,
        page: ConsoleSettings,
        settings: Settings,
        accounts: Accounts,
        alerts: LiveAlerts,
        *,
        audit_path: Path,
        recordings: Path | None,
        now: Callable[[], int],
        stack: ExitStack,
    ) -> None:
        self._alerts = alerts
        self._changes = Changes()
        self._in_force = settings.detector
        self._detect: Detect | None = None
        self._looked_at = 0
        tuner = None
        if recordings is not None:
            tuner = stack.enter_context(Workbench(recordings, lambda: self._in_force, self._changes.give))
        self._server = stack.enter_context(
            open_console(page, accounts, decide=alerts.decide, audit=AuditLog(audit_path), now=now, tuner=tuner)
        )
        alerts.listen(self._tell, self._decided)

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        return self._server.address

    def invite(self, account: Account) -> str:
        """Give an address that lets its first visitor in as this account."""
        return self._server.invite(account)

    def watches(self, detect: Detect, in_force: DetectorSettings | None = None) -> None:
        """Learn which detector a change of settings goes to, and what is in force there if not the settings of the run."""
        self._detect = detect
        self._in_force = in_force or self._in_force

    def recall(
        self,
        recalled: Sequence[tuple[Incident, Sequence[Verdict]]],
        exercises: Sequence[ExerciseWindow],
        notices: Sequence[Numbered],
    ) -> None:
        """Show what an earlier run has left."""
        for incident, verdicts in recalled:
            self._server.incident(incident)
            for verdict in verdicts:
                self._server.verdict(verdict)
        for window in exercises:
            self._server.exercise(window)
        self._tell([one.message for one in notices])

    def incident(self, incident: Incident) -> None:
        """Show one revision."""
        self._server.incident(incident)

    def mention(self, mention: Mention) -> None:
        """Count one mention for the coverage."""
        self._server.mention(mention)

    def clock(self, at: int) -> None:
        """Put agreed settings in force and move the clock; from the pipeline's thread."""
        for change in self._changes.take():
            self._in_force = settings_after(change)
            if self._detect is not None:
                self._detect.put(change)
        self._server.clock(at)

    def sources(self, names: Sequence[str], metrics: Metrics, now_at: int) -> None:
        """Show which sources are heard, as the metrics say; oftener than every two seconds it is skipped."""
        if now_at - self._looked_at < LOOK_SECS * SECOND_MS:
            return
        self._looked_at = now_at
        for name in names:
            heard_at = round(metrics.value(declared.SOURCE_HEARD, name) * SECOND_MS)
            self._server.source(Source(name, heard_at, down=metrics.value(declared.SOURCE_CONNECTED, name) == 0))

    def _decided(self, decision: Verdict | ExerciseWindow) -> None:
        if isinstance(decision, Verdict):
            self._server.verdict(decision)
        else:
            self._server.exercise(decision)

    def _tell(self, messages: Sequence[Alert | Digest]) -> None:
        for message in messages:
            if isinstance(message, Alert):
                self._server.alert(message)
