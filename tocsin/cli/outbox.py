"""``tocsin outbox``: what waits to be delivered, what nobody took, and trying that again."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path  # the command line resolves the annotations at run time
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from dispatch.outbox import Outbox, OutboxError
from tocsin.settings import load_settings
from tocsin.time import SECOND_MS, format_instant

if TYPE_CHECKING:
    from tocsin.settings.dispatch import DispatchSettings

DONE, FAILED, BAD_INPUT = 0, 1, 2


def outbox(
    *,
    config: Annotated[Path, Parameter(help="Settings file (TOML) of the run or the dispatch worker.")],
    retry: Annotated[str | None, Parameter(help="Sink whose dead letters are put in its queue again.")] = None,
) -> int:
    """Show what waits for each sink of the settings and what became a dead letter; or try the dead letters of a sink again.

    It may be used while a run or a worker delivers: what is put in the queue again is taken up by it.
    """
    settings = load_settings(config, os.environ).dispatch
    names = [sink.name for sink in (*settings.webhooks, *settings.folders, *settings.amqp)]
    if settings.outbox_path is None or not settings.outbox_path.exists():
        return _refuse(f"expected an outbox at {settings.outbox_path or 'dispatch.outbox_path'}, got none", BAD_INPUT)
    if retry is not None and retry not in names:
        return _refuse(f"--retry: expected one of {', '.join(names)}, got {retry}", BAD_INPUT)
    try:
        box = Outbox(settings.outbox_path, max_waiting=settings.max_waiting)
        try:
            if retry is not None:
                sys.stdout.write(f"{retry}: {box.retry_dead(retry, _now())} alerts are tried again\n")
            else:
                _show(box, names, settings)
        finally:
            box.close()
    except OutboxError as error:
        return _refuse(str(error), FAILED)
    return DONE


def _show(box: Outbox, names: list[str], settings: DispatchSettings) -> None:
    console = Console()
    waiting = Table("sink", "waiting", "the oldest since", title=str(settings.outbox_path))
    for name in names:
        oldest_at = box.oldest_at(name)
        waiting.add_row(name, str(box.waiting(name)), "" if oldest_at is None else format_instant(oldest_at))
    console.print(waiting)
    dead = box.dead()
    if dead:
        letters = Table("sink", "alert", "put in", "given up", "tries", "why", title="dead letters, the latest")
        for one in dead:
            times = (format_instant(one.put_at), format_instant(one.dead_at))
            letters.add_row(one.sink, one.key, *times, str(one.attempts), one.why)
        console.print(letters)


def _now() -> int:
    return time.time_ns() // (SECOND_MS * 1_000)


def _refuse(message: str, code: int) -> int:
    sys.stderr.write(f"tocsin outbox: {message}\n")
    return code
