"""``tocsin account``: a local account of the console."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from console.accounts import Accounts, AccountsError, Role, new_account, table
from tocsin.settings import load_settings

DONE, BAD_INPUT = 0, 2


def account(
    name: Annotated[str, Parameter(help="Name of the person, as it stands beside their decisions.")],
    *,
    role: Annotated[
        Role, Parameter(help="viewer: looks. operator: decides. analyst: decides and tunes. auditor: reads the log.")
    ],
    centre: Annotated[str, Parameter(help="The dispatch centre the person decides for.")] = "",
    file: Annotated[
        Path | None, Parameter(help="Accounts file; `console.accounts_path` of the settings if left out.")
    ] = None,
    config: Annotated[Path | None, Parameter(help="Settings file (TOML).")] = None,
) -> int:
    """Add a person to the console's accounts file. The password is asked for, or read from standard input as one line.

    Only an argon2id hash of the password is kept; the file is readable by its owner alone. To change a password or to remove a person,
    delete their table from the file; a running console reads it at its start.
    """
    path = file or load_settings(config, os.environ).console.accounts_path
    if path is None:
        return _refuse("expected --file, or console.accounts_path in the settings, got neither")
    try:
        known = Accounts.load(path) if path.exists() else Accounts([])
        if known.get(name) is not None:
            return _refuse(f"{path}: {name!r} has an account already")
        made = new_account(name, role, centre, _password())
    except AccountsError as error:
        return _refuse(str(error))
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as stream:
        stream.write(("\n" if path.stat().st_size else "") + table(made))
    sys.stdout.write(f"{path}: {name} may enter as {role}{f' of {centre}' if centre else ''}\n")
    return DONE


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != first:
        raise AccountsError("the two passwords differ")
    return first


def _refuse(message: str) -> int:
    sys.stderr.write(f"tocsin account: {message}\n")
    return BAD_INPUT
