"""What a run on one machine remembers across a fall, beside its outbox and in one transaction with it: the gate, the latest notices.

The gate's incidents are written one by one, so a notice costs what its own incident weighs. Notices keep their running numbers: a program
that reads the stream goes on where it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from dispatch import public
from dispatch.board import Numbered
from dispatch.database import Database, OutboxError
from tocsin.model import Alert, Digest

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS gate_incidents (number INTEGER PRIMARY KEY, incident TEXT NOT NULL UNIQUE, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS told (number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, body BLOB NOT NULL);
"""
_GATE: Final = "gate"
_KINDS: Final[dict[str, type[Alert | Digest]]] = {"alert": Alert, "digest": Digest}


class Remembered(msgspec.Struct, frozen=True):
    """A gate as it was written: its ``rest`` and a ``part`` by incident."""

    rest: bytes
    parts: Mapping[str, bytes]


class Book:
    """The tables of one database; safe to use from several threads.

    Args:
        database: where they lie.
        most_told: latest notices that are kept.

    Raises:
        OutboxError: it cannot be written; also from any method.
    """

    def __init__(self, database: Database, *, most_told: int) -> None:
        self._database, self._most_told = database, most_told
        database.make(_TABLES)

    def write(self, parts: Mapping[str, bytes | None], rest: bytes) -> None:
        """Keep what a gate remembers now of some incidents (``None``: nothing any more), and all the rest."""
        with self._database.transaction() as base:
            for incident, part in parts.items():
                if part is None:
                    base.execute("DELETE FROM gate_incidents WHERE incident = ?", (incident,))
                else:
                    base.execute(
                        "INSERT INTO gate_incidents (incident, body) VALUES (?, ?)"
                        " ON CONFLICT (incident) DO UPDATE SET body = excluded.body",
                        (incident, part),
                    )
            base.execute("INSERT OR REPLACE INTO kept (name, body) VALUES (?, ?)", (_GATE, rest))

    def read(self) -> Remembered | None:
        """Give what was kept of the gate; ``None`` where nothing was."""
        rest = self.kept(_GATE)
        if rest is None:
            return None
        # In the order in which they were first known, as the gate that wrote them had them.
        rows = self._database.all("SELECT incident, body FROM gate_incidents ORDER BY number")
        return Remembered(rest, {str(incident): bytes(body) for incident, body in rows})

    def keep(self, name: str, body: bytes) -> None:
        """Keep the state of another part under its name."""
        with self._database.transaction() as base:
            base.execute("INSERT OR REPLACE INTO kept (name, body) VALUES (?, ?)", (name, body))

    def kept(self, name: str) -> bytes | None:
        """Give the state of a part; ``None`` where none was kept."""
        row = self._database.one("SELECT body FROM kept WHERE name = ?", (name,))
        return None if row is None else bytes(row[0])

    def tell(self, messages: Sequence[Alert | Digest]) -> None:
        """Number notices that go out, and let go of the oldest."""
        with self._database.transaction() as base:
            base.executemany(
                "INSERT INTO told (kind, body) VALUES (?, ?)",
                [("alert" if isinstance(one, Alert) else "digest", public.encode(one)) for one in messages],
            )
            base.execute("DELETE FROM told WHERE number <= (SELECT MAX(number) FROM told) - ?", (self._most_told,))

    def told(self) -> list[Numbered]:
        """Give the latest notices, the oldest first.

        Raises:
            OutboxError: one cannot be read; the file is not of this version.
        """
        try:
            return [
                Numbered(int(number), public.decode(bytes(body), _KINDS[kind]))
                for number, kind, body in self._database.all("SELECT number, kind, body FROM told ORDER BY number")
            ]
        except (public.PublicError, KeyError) as error:
            raise OutboxError(f"{self._database.path}: expected notices of this version: {error}") from error
