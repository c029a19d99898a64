"""Reading what people wrote: by a person with a role and for a reason, of an incident with enough voices, and never unseen.

The reading is written to the audit log before a word is shown; if that fails, nothing is shown. What was deleted meanwhile, or is older
than its hour, is gone for readers as for everybody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.runtime.vault import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from tocsin.model import Incident
    from tocsin.runtime.audit import AuditLog
    from tocsin.runtime.vault import TextVault

LEAST_VOICES: Final = 5
"""Voices of an incident below which nobody is quoted: among fewer, one might be known by the words."""
LEAST_REASON_CHARS: Final = 4
"""Characters of a reason, without the space around it."""


class ReadingRefusedError(PermissionError):
    """The person may not read this, or not so; the refusal is in the audit log."""


class Quote(msgspec.Struct, frozen=True):
    """What one post says, redacted; who wrote it is not known here."""

    text: str
    link: str | None = None
    """Address of the original, when it was asked for."""


class Quotes:
    """Gives quotes of incidents.

    Args:
        vault: opens sealed texts.
        audit: every reading and every refusal is written to it.
        roles: that may read.
        now: the clock, UTC milliseconds.
    """

    def __init__(self, vault: TextVault, audit: AuditLog, roles: Collection[str], now: Callable[[], int]) -> None:
        self._vault = vault
        self._audit = audit
        self._roles = frozenset(roles)
        self._now = now

    def of(self, incident: Incident, *, who: str, role: str, reason: str, links: bool = False) -> list[Quote]:
        """Give what the most credible posts of an incident say, as far as it can still be read.

        Args:
            incident: its latest revision.
            who: the person, by the name of the account.
            role: of the person.
            reason: why the words are needed.
            links: also give the addresses of the originals: who follows one sees the author.

        Raises:
            ReadingRefusedError: the role may not read, there is no reason, or there are too few voices.
            AuditError: it cannot be audited; nothing is shown.
            StoreError: the store of the keys is away.
        """
        action = "read.links" if links else "read.quotes"
        refusal = self._refusal(incident, role, reason)
        told = f"{role}: {reason.strip()}"
        if refusal is not None:
            self._note(f"{action}.refused", who, incident, f"{told} ({refusal})")
            raise ReadingRefusedError(refusal)
        self._note(action, who, incident, f"{told} ({len(incident.quotable)} posts)")
        kept = self._vault.kept(incident.quotable)
        there = [(post_id, sealed) for post_id, sealed in zip(incident.quotable, kept, strict=True) if sealed]
        opened = self._vault.open(there)
        return [Quote(words.text, words.link if links else None) for words in opened if isinstance(words, Words)]

    def _refusal(self, incident: Incident, role: str, reason: str) -> str | None:
        if role not in self._roles:
            return f"the role {role} may not read"
        if len(reason.strip()) < LEAST_REASON_CHARS:
            return "no reason is given"
        if incident.voices < LEAST_VOICES:
            return f"{incident.voices} voices: nobody is quoted below {LEAST_VOICES}"
        return None

    def _note(self, action: str, who: str, incident: Incident, detail: str) -> None:
        self._audit.append(at=self._now(), who=who, action=action, about=incident.incident_id, detail=detail)
