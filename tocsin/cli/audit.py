"""``tocsin audit``: is the audit log whole, and what does it say?"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from tocsin.runtime.audit import AuditError, AuditLog
from tocsin.settings import load_settings
from tocsin.time import format_instant

DONE, FAILED, BAD_INPUT = 0, 1, 2


def audit(
    what: Annotated[
        Literal["verify", "show"], Parameter(help="`verify` walks the chain; `show` prints the last entries.")
    ],
    file: Annotated[Path | None, Parameter(help="The log; that of the settings if not given.")] = None,
    *,
    config: Annotated[Path | None, Parameter(help="Settings file (TOML), for `privacy.audit_path`.")] = None,
    head: Annotated[
        str | None,
        Parameter(help="`verify`: a head that was noted before; a log that does not hold it was cut off or made anew."),
    ] = None,
    last: Annotated[int, Parameter(help="`show`: how many entries.")] = 20,
) -> int:
    """Verify or show the log of who read and who decided what.

    `verify` prints how many entries the chain has and its head. Note the head elsewhere: a log that was cut off at its end is known by
    it. Exits with 0 when the chain is whole, with 1 when it is broken, with 2 when there is no log.
    """
    path = file or load_settings(config, os.environ).privacy.audit_path
    if not path.exists():
        sys.stderr.write(f"tocsin audit: {path}: there is no such log\n")
        return BAD_INPUT
    log = AuditLog(path)
    if what == "show":
        return _show(log, path, last)
    chain = log.chain(must_hold=head)
    sys.stdout.write(f"{path}: {chain.entries} entries, head {chain.head}\n")
    if chain.broken is not None:
        sys.stdout.write(f"{path}: broken: {chain.broken}\n")
        return FAILED
    return DONE


def _show(log: AuditLog, path: Path, last: int) -> int:
    try:
        entries = log.latest(last)
    except AuditError as error:
        sys.stderr.write(f"tocsin audit: {path}: {error}\n")
        return FAILED
    for entry in reversed(entries):
        said = f"{format_instant(entry.at)}  {entry.who}  {entry.action}  {entry.about}  {entry.detail}"
        sys.stdout.write(f"{entry.number}  {said.rstrip()}\n")
    return DONE
