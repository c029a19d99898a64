"""``tocsin quotes``: read what the most credible posts of an incident say, with a role and a reason, and not unseen."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tocsin.distributed.keeping import open_key_store, open_store
from tocsin.distributed.latest import latest
from tocsin.distributed.shell import now
from tocsin.runtime.audit import AuditError, AuditLog
from tocsin.runtime.kafka import Cluster, ClusterError
from tocsin.runtime.quotes import Quotes, ReadingRefusedError
from tocsin.runtime.store import StoreError
from tocsin.runtime.vault import TextVault
from tocsin.settings import load_settings
from tocsin.time import MINUTE_MS

DONE, FAILED, BAD_INPUT = 0, 1, 2


def quotes(
    incident: Annotated[str, Parameter(help="`incident_id` of the incident.")],
    *,
    reason: Annotated[str, Parameter(help="Why the words are needed; it stands in the audit log.")],
    config: Annotated[Path, Parameter(help="Settings file (TOML) of the deployment.")],
    links: Annotated[
        bool, Parameter(negative="", help="Also the addresses of the originals: who follows one sees the author.")
    ] = False,
) -> int:
    """Print what the most credible posts of an incident say, as long as they can be read (an hour at most).

    The person is the account that runs the command; its role stands in `privacy.readers`. Each reading, and each refusal, is written to
    the audit log (`privacy.audit_path`) before anything is shown. Nobody is quoted below five voices. Exits with 1 when it is refused.
    """
    settings = load_settings(config, os.environ)
    who = getpass.getuser()
    chosen = settings.privacy
    try:
        found = latest(Cluster(settings.kafka), incident)
        if found is None:
            return _refuse(f"expected an incident of the topic, got {incident}", BAD_INPUT)
        store = open_key_store(settings.store) or open_store(settings.store)
        vault = TextVault(store, chosen.text_ttl_mins * MINUTE_MS, now)
        reader = Quotes(vault, AuditLog(chosen.audit_path), chosen.reading_roles, now)
        role = chosen.readers.get(who, "none")
        given = reader.of(found, who=who, role=role, reason=reason, links=links)
    except (ReadingRefusedError, AuditError, ClusterError, StoreError) as error:
        return _refuse(str(error), FAILED)
    sys.stdout.write(f"{found.incident_id} revision {found.revision}: {found.sentence}\n")
    for quote in given:
        sys.stdout.write(f"- {quote.text}\n" + (f"  {quote.link}\n" if quote.link else ""))
    sys.stdout.write(f"{len(given)} of {len(found.quotable)} posts can be read\n")
    return DONE


def _refuse(message: str, code: int) -> int:
    sys.stderr.write(f"tocsin quotes: {message}\n")
    return code
