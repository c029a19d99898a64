"""The console worker with its workbench: trials on this machine, agreed changes to the running detector through ``mentions``."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

from tocsin import topics, wire
from tocsin.analysis.workbench import Workbench, settings_after
from tocsin.distributed.console_worker import run_console
from tocsin.runtime.kafka import ClusterError

if TYPE_CHECKING:
    from tocsin.distributed.shell import Shell
    from tocsin.model import SettingsChange
    from tocsin.settings.detector import DetectorSettings


class Sent:
    """Sends agreed settings to the detector, as ``tocsin settings apply`` does.

    What is in force is taken to be the settings file's until something was sent from here: ``tocsin settings show`` says what the
    detector itself keeps.
    """

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._now = shell.settings.detector
        self._lock = threading.Lock()

    def in_force(self) -> DetectorSettings:
        """Give the settings that were sent last, or those of the file."""
        return self._now

    def apply(self, change: SettingsChange) -> None:
        """Write one change; it is acknowledged when this returns.

        Raises:
            ValueError: the cluster is away or refuses.
        """
        cluster = self._shell.cluster
        with self._lock:
            try:
                producer = cluster.producer()
                try:
                    producer.send(cluster.name(topics.MENTIONS), 0, wire.encode_batch([change]))
                    producer.settle()
                finally:
                    producer.close()
            except ClusterError as error:
                raise ValueError(str(error)) from error
            self._now = settings_after(change)


def run_with_bench(shell: Shell) -> None:
    """Serve the console of the settings, with the tuning page where there is a folder of recordings.

    Raises:
        ClusterError: the cluster is away or refuses, or a topic is not there.
        AccountsError: the accounts cannot be used.
        AuditError: the audit log is broken at its end.
        OSError: the address is in use or not ours, or a file cannot be read.
    """
    folder = shell.settings.console.recordings_path
    with ExitStack() as stack:
        sent = Sent(shell)
        tuner = None if folder is None else stack.enter_context(Workbench(folder, sent.in_force, sent.apply))
        run_console(shell, tuner)
