"""All that the verdict gate remembers: its limits, its form in bytes, and what is forgotten when."""

from __future__ import annotations

from collections.abc import Container, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from dispatch.interruption import Rung
from dispatch.standing import Known
from tocsin.model import ExerciseWindow, Incident, Verdict
from tocsin.time import DAY_MS, MINUTE_MS

VERSION: Final = 1
MAX_INCIDENTS: Final = 20_000
"""Incidents remembered; beyond them those that ended first are forgotten first."""
MAX_HELD: Final = 1_000
"""Verdicts that wait for their incident."""
MAX_WINDOWS: Final = 1_000
HELD_MS: Final = DAY_MS
"""So long a verdict waits for its incident, then it is refused."""
KEPT_MS: Final = 2 * DAY_MS
"""So long an incident is remembered after its end."""


class Memory(msgspec.Struct, kw_only=True):
    """Incidents, verdicts that wait for theirs, exercises, and what rang.

    >>> Memory.restored(Memory().snapshot()) == Memory()
    True
    """

    version: int = VERSION
    clock_at: int = 0
    known: dict[str, Known] = {}
    held: list[Verdict] = []
    windows: dict[str, ExerciseWindow] = {}
    rung: dict[str, list[Rung]] = {}
    spared: dict[str, list[tuple[int, str, str]]] = {}
    """By centre: instant, alert and line of what was not rung for, for the next digest."""
    digest_from_at: int = 0
    swept_at: int = 0
    """When what is to be forgotten was last looked for."""

    @classmethod
    def restored(
        cls,
        snapshot: bytes,
        parts: Mapping[str, bytes] = MappingProxyType({}),
        centres: Container[str] | None = None,
    ) -> Memory:
        """Go on from what ``snapshot`` gave, or ``rest`` with each ``part``; of centres that are no longer named nothing is kept.

        Raises:
            msgspec.MsgspecError: it is no snapshot of this version.
        """
        memory = msgspec.msgpack.decode(snapshot, type=cls)
        if memory.version != VERSION:
            raise msgspec.ValidationError(f"expected version {VERSION}, got {memory.version}")
        decoder = msgspec.msgpack.Decoder(Known)
        memory.known.update((key, decoder.decode(part)) for key, part in parts.items())
        if centres is not None:
            for known in memory.known.values():
                known.centres = {name: one for name, one in known.centres.items() if name in centres}
        return memory

    def snapshot(self) -> bytes:
        """Give all that is remembered, as MessagePack."""
        return msgspec.msgpack.encode(self)

    def part(self, incident_id: str) -> bytes | None:
        """Give what is remembered of one incident, as MessagePack; ``None`` for nothing."""
        known = self.known.get(incident_id)
        return None if known is None else msgspec.msgpack.encode(known)

    def rest(self) -> bytes:
        """Give what is remembered besides incidents, as ``snapshot`` does."""
        return msgspec.msgpack.encode(msgspec.structs.replace(self, known={}))

    def recall(self) -> list[tuple[Incident, tuple[Verdict, ...]]]:
        """Give the latest revision of each remembered incident that was raised, with the verdicts that stand, by centre."""
        return [
            (
                known.revisions[-1],
                tuple(one.verdict for _, one in sorted(known.centres.items()) if one.verdict is not None),
            )
            for known in self.known.values()
            if known.raised
        ]

    @property
    def following(self) -> frozenset[str]:
        """The remembered incidents that have not ended."""
        return frozenset(key for key, known in self.known.items() if known.ended_at is None)

    @property
    def exercises(self) -> tuple[ExerciseWindow, ...]:
        """The exercises that were declared, by identity, also those that are over or were withdrawn."""
        return tuple(self.windows[key] for key in sorted(self.windows))

    def release(self, incident_id: str) -> list[Verdict]:
        """Give the verdicts that waited for an incident, in the order they came; they wait no longer."""
        waited = [one for one in self.held if one.incident_id == incident_id]
        if waited:
            self.held = [one for one in self.held if one.incident_id != incident_id]
        return waited

    def declare(self, window: ExerciseWindow) -> None:
        """Keep an exercise in the place of what was declared of it before; beyond ``MAX_WINDOWS`` the one over first goes."""
        self.windows[window.window_id] = window
        if len(self.windows) > MAX_WINDOWS:
            del self.windows[min(self.windows, key=lambda key: (self.windows[key].until_at, key))]

    def forget(self) -> tuple[list[str], list[Verdict]]:
        """Let go of what is too old, at most once a minute of the stream; give those incidents, and the verdicts that waited in vain."""
        if len(self.known) <= MAX_INCIDENTS and self.clock_at < self.swept_at + MINUTE_MS:
            return [], []
        self.swept_at = self.clock_at
        late = [one for one in self.held if one.at < self.clock_at - HELD_MS]
        self.held = [one for one in self.held if one.at >= self.clock_at - HELD_MS]
        gone = [
            key
            for key, known in self.known.items()
            if known.ended_at is not None and known.clock_at < self.clock_at - KEPT_MS
        ]
        while len(self.known) - len(gone) > MAX_INCIDENTS:
            gone.append(min(self.known.keys() - gone, key=self._end_of))
        for key in gone:
            del self.known[key]
        return gone, late

    def _end_of(self, incident_id: str) -> tuple[int, str]:
        """When an incident ended; one that has not is the last to be forgotten, the oldest first."""
        known = self.known[incident_id]
        return known.ended_at if known.ended_at is not None else known.clock_at + (1 << 60), incident_id
