"""Where a run writes: JSON lines, and nothing besides."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import msgspec

from dispatch.json import RaisedOnly
from dispatch.json import line as incident_line
from tocsin.time import format_instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.model import DeadLetter, GeocodeResult, Incident, Mention
    from tocsin.pipeline.detect import Summary

KEPT_LETTERS: Final = 5
"""Dead letters kept to be shown at the end."""


def log_facts(incident: Incident) -> dict[str, Any]:
    """Give what a log says of a revision."""
    return {
        "incident_id": incident.incident_id,
        "revision": incident.revision,
        "reason": incident.reason,
        "state": incident.state,
        "hazard": incident.hazard,
        "place": incident.place,
        "voices": incident.voices,
        "raised_at": format_instant(incident.raised_at),
    }


class LineOutputs:
    """Writes incidents, mentions and dead letters as JSON lines to the streams that are given.

    Args:
        incidents: takes one line for each revision, in the public form.
        mentions: takes what was heard, one ``tocsin.model.Mention`` a line, instants in milliseconds.
        dead_letters: takes what was refused; ``raw`` is base64.
        answers: takes what a geocoder answered, as it acted.
        every_state: also write incidents that never left ``watch`` or ``explained``.
        flush: let each incident out at once (for who waits at the other end).
    """

    def __init__(  # noqa: PLR0913 - each stream by its name
        self,
        incidents: BinaryIO,
        *,
        mentions: BinaryIO | None = None,
        dead_letters: BinaryIO | None = None,
        answers: BinaryIO | None = None,
        every_state: bool = False,
        flush: bool = False,
    ) -> None:
        self._incidents = incidents
        self._mentions = mentions
        self._dead_letters = dead_letters
        self._answers = answers
        self._raised = None if every_state else RaisedOnly()
        self._flush = flush
        self._encoder = msgspec.json.Encoder()
        self.letters: list[DeadLetter] = []
        """The first dead letters."""
        self.alerts: Counter[str] = Counter()
        """Incidents written, by hazard of their first line."""
        self._written: set[str] = set()

    def raised(self, incidents: Sequence[str]) -> None:
        """Know incidents that an earlier run has written and not seen closed."""
        self._written.update(incidents)
        if self._raised is not None:
            self._raised.recall(incidents)

    def incident(self, incident: Incident) -> None:
        """Write one revision, if its incident is shown."""
        if self._raised is not None and not self._raised.passes(incident):
            return
        if incident.incident_id not in self._written:
            self._written.add(incident.incident_id)
            self.alerts[incident.hazard] += 1
        if incident.state == "closed":
            self._written.discard(incident.incident_id)
        self._incidents.write(incident_line(incident))
        if self._flush:
            self._incidents.flush()

    def mention(self, mention: Mention) -> None:
        """Write one mention."""
        if self._mentions is not None:
            self._mentions.write(self._encoder.encode(whole(mention)) + b"\n")

    def dead_letter(self, letter: DeadLetter) -> None:
        """Write one refusal."""
        if len(self.letters) < KEPT_LETTERS:
            self.letters.append(letter)
        if self._dead_letters is not None:
            self._dead_letters.write(self._encoder.encode(letter) + b"\n")

    def geocoded(self, answer: GeocodeResult) -> None:
        """Write one answer of the geocoder."""
        if self._answers is not None:
            self._answers.write(self._encoder.encode(whole(answer)) + b"\n")
            if self._flush:
                self._answers.flush()

    def progress(self, summary: Summary) -> None:
        """Show nothing: who wants to see progress overrides this."""


def whole(value: Any) -> Any:
    """Give a message as plain values with every field, so that equal messages have equal bytes.

    The encoder leaves out a field that *is* its default, by identity: the same 1.0 is left out where it was made and written after it
    came through a pipe.

    >>> from tocsin.model import Admin
    >>> whole((Admin(commune="44109"),))
    [{'region': None, 'departement': None, 'commune': '44109'}]
    """
    if isinstance(value, msgspec.Struct):
        if value.__struct_config__.array_like:
            return value
        return {name: whole(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple):
        return [whole(part) for part in value]
    return value
