"""``tocsin objection``: note that an account does not want to be heard; its name is not kept."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from ingest.consent import objection as hash_of
from ingest.consent import objections
from tocsin.runtime.files import whole_file
from tocsin.settings import load_settings

DONE, FAILED, BAD_INPUT = 0, 1, 2
MAX_ACCOUNT_CHARS: Final = 2_048


def objection(
    source: Annotated[str, Parameter(help="The network, as posts name it: `bluesky`, `mastodon`...")],
    *,
    config: Annotated[Path | None, Parameter(help="Settings file (TOML), for `consent.objections_path`.")] = None,
    file: Annotated[Path | None, Parameter(help="The list, in place of that of the settings.")] = None,
    withdraw: Annotated[bool, Parameter(negative="", help="The account takes its objection back.")] = False,
) -> int:
    """Read the id of an account from standard input, one a line, and put its hash on the list of objections.

    The id is the network's own and lasting one, as posts carry it in `author`: a DID on Bluesky, the address of the account on Mastodon.
    It is read from standard input so that it stands in no shell history; only a hash is written. Running processes read the list when
    they start. Exits with 0 when the list says what was asked, with 2 when there is nothing to note or no list to note it in.
    """
    path = file or load_settings(config, os.environ).consent.objections_path
    if path is None:
        return _refuse("expected a list in consent.objections_path or --file, got none")
    accounts = [line.strip() for line in sys.stdin if line.strip()]
    if not accounts or any(len(account) > MAX_ACCOUNT_CHARS for account in accounts):
        return _refuse(f"expected ids of accounts of at most {MAX_ACCOUNT_CHARS} characters, got others or none")
    text = path.read_text("ascii") if path.exists() else ""
    try:
        listed = objections(text)
    except ValueError as error:
        return _refuse(f"{path}: {error}")
    hashes = [hash_of(source, account) for account in accounts]
    if withdraw:
        kept = [line for line in text.splitlines() if line.partition("#")[0].strip() not in hashes]
    else:
        kept = text.splitlines() + [one for one in dict.fromkeys(hashes) if one not in listed]
    with whole_file(str(path)) as stream:
        stream.write("".join(f"{line}\n" for line in kept).encode("ascii"))
    changed = len(listed ^ objections("\n".join(kept)))
    sys.stdout.write(f"{path}: {changed} changed, {len(kept)} lines\n")
    return DONE


def _refuse(message: str) -> int:
    sys.stderr.write(f"tocsin objection: {message}\n")
    return BAD_INPUT
