"""Public JSON of an incident: the keys of the command line's contract, instants as ISO 8601 UTC.

One line is one revision. Keys are always all present, in one order, so that the same incident always has the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from tocsin.model import Incident, Zone
from tocsin.time import format_instant

_INSTANTS: Final = ("raised_at", "updated_at", "first_voice_at", "closed_at")
INSIDE: Final = frozenset({"quotable"})
"""Fields that no public form has."""
_encoder: Final = msgspec.json.Encoder()

EVALUATION_UNJUDGED: Final = "unjudged"
"""No person has judged it: unjudged is not true. The machine itself never writes another value."""

SILENT_STATES: Final = frozenset({"watch", "explained"})
"""States of signals that have not been raised: visible on request only."""


def public(incident: Incident, evaluation: str = EVALUATION_UNJUDGED) -> dict[str, Any]:
    """Give the public JSON object of one incident revision.

    Args:
        incident: the revision.
        evaluation: what named persons have said of it (``unjudged`` until then).

    >>> from tocsin.model import Incident
    >>> revision = Incident(
    ...     incident_id="i", revision=1, msg_type="Alert", reason="raised", state="open", hazard="fire", hazards={"fire": 1.0},
    ...     lat=47.2, lon=-1.57, radius_km=2.0, r50_km=1.0, place="Nantes", place_id="fr:44109", raised_at=5, updated_at=5,
    ...     first_voice_at=1, voices=3, witnesses=2, evidence=12.5, expected=0.01)
    >>> public(revision)["raised_at"], public(revision)["evaluation"]
    ('1970-01-01T00:00:00.005Z', 'unjudged')
    """
    written: dict[str, Any] = {}
    for field in msgspec.structs.fields(Incident):
        if field.name in INSIDE:
            continue
        value = getattr(incident, field.name)
        if field.name in _INSTANTS:
            value = None if value is None else format_instant(value)
        if field.name == "zones":
            value = [zone(one) for one in incident.zones]
        written[field.name] = value
        if field.name == "state":
            written["evaluation"] = evaluation
    return written


def zone(one: Zone) -> dict[str, Any]:
    """Give the public JSON object of one zone of an incident."""
    written: dict[str, Any] = msgspec.to_builtins(one)
    return written | {"first_at": format_instant(one.first_at)}


def line(incident: Incident, evaluation: str = EVALUATION_UNJUDGED) -> bytes:
    """Give one JSON line (with its newline) of one incident revision."""
    return _encoder.encode(public(incident, evaluation)) + b"\n"


def is_raised(incident: Incident) -> bool:
    """Tell whether a revision belongs to a raised incident (``watch`` and ``explained`` ones are written on request only)."""
    return incident.state not in SILENT_STATES


class RaisedOnly:
    """Passes the revisions of incidents that have been raised; holds back those that never left ``watch`` or ``explained``.

    Revisions written before the raise are dropped, so the first line of an incident is its alert. Incidents are forgotten when they
    close, and the oldest ones first beyond ``MAX_INCIDENTS``.
    """

    MAX_INCIDENTS: Final = 100_000

    def __init__(self, raised: Iterable[str] = ()) -> None:
        self._raised: dict[str, None] = dict.fromkeys(raised)

    def recall(self, raised: Iterable[str]) -> None:
        """Know incidents that were raised in an earlier run."""
        self._raised.update(dict.fromkeys(raised))

    @property
    def raised(self) -> tuple[str, ...]:
        """The incidents that were raised and have not closed, oldest first: what another one goes on from."""
        return tuple(self._raised)

    def passes(self, incident: Incident) -> bool:
        """Tell whether this revision is to be written, given those that went before."""
        known = incident.incident_id in self._raised
        if not known and not is_raised(incident):
            return False
        if incident.state == "closed":
            self._raised.pop(incident.incident_id, None)
        elif not known:
            self._raised[incident.incident_id] = None
            if len(self._raised) > self.MAX_INCIDENTS:
                del self._raised[next(iter(self._raised))]
        return True
