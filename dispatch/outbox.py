"""The outbox: parcels on disk until a receiver has taken them; one queue a sink, in one SQLite file.

A parcel is put in once, whatever happens (its key is remembered); it leaves when it was taken, or as a dead letter that can be tried again.
Of the parcels of one order key only the oldest is ever due. A full queue takes nothing more: what would come in becomes a dead letter at
once, so that one receiver that is away fills no disk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from dispatch.database import Database, OutboxError
from dispatch.sink import Parcel

__all__ = ["FULL", "MAX_DEAD", "MAX_KNOWN", "DeadParcel", "Outbox", "OutboxError"]

MAX_KNOWN: Final = 1_000_000
"""Keys of delivered parcels that are remembered, the latest: a parcel put in again is known by them."""
MAX_DEAD: Final = 100_000
"""Dead letters kept, the latest."""
FULL: Final = "the queue of the sink was full"
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS parcels (
  number INTEGER PRIMARY KEY AUTOINCREMENT, sink TEXT NOT NULL, key TEXT NOT NULL, ord TEXT NOT NULL, media TEXT NOT NULL,
  body BLOB NOT NULL, put_at INTEGER NOT NULL, next_at INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, why TEXT NOT NULL DEFAULT '',
  UNIQUE (sink, key));
CREATE INDEX IF NOT EXISTS heads ON parcels (sink, ord, number);
CREATE TABLE IF NOT EXISTS known (
  number INTEGER PRIMARY KEY AUTOINCREMENT, sink TEXT NOT NULL, key TEXT NOT NULL, UNIQUE (sink, key));
CREATE TABLE IF NOT EXISTS dead (
  number INTEGER PRIMARY KEY AUTOINCREMENT, sink TEXT NOT NULL, key TEXT NOT NULL, ord TEXT NOT NULL, media TEXT NOT NULL,
  body BLOB NOT NULL, put_at INTEGER NOT NULL, dead_at INTEGER NOT NULL, attempts INTEGER NOT NULL, why TEXT NOT NULL);
"""
_WAITING: Final = "SELECT COUNT(*) FROM parcels WHERE sink = ?"


class DeadParcel(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel that nobody took."""

    sink: str
    key: str
    put_at: int
    dead_at: int
    attempts: int
    why: str


class Outbox:
    """The queues of all sinks in one file; safe to use from several threads.

    Args:
        path: the file; its folder is made.
        max_waiting: parcels that may wait for one sink.

    Raises:
        OutboxError: the file is no outbox, or cannot be written; also from any method.
    """

    def __init__(self, path: Path, *, max_waiting: int) -> None:
        self.database = Database(path)
        self.database.make(_TABLES)
        self._max_waiting = max_waiting

    def put(self, entries: Sequence[tuple[str, Parcel]], now_at: int) -> int:
        """Put parcels in the queues of sinks, all or none; give how many were new and fitted.

        Args:
            entries: sink and parcel. A parcel whose key the sink had before is passed over.
            now_at: UTC milliseconds.
        """
        with self.database.transaction() as base:
            return sum(self._put(base, sink, parcel, now_at) for sink, parcel in entries)

    def due(self, sink: str, now_at: int, most: int) -> list[Parcel]:
        """Give the parcels of a sink that may go now: of each order key the oldest, if its time has come; oldest first."""
        rows = self.database.all(
            "SELECT number, key, ord, media, body, attempts, put_at FROM parcels WHERE number IN"
            " (SELECT MIN(number) FROM parcels WHERE sink = ? GROUP BY ord) AND next_at <= ? ORDER BY number LIMIT ?",
            (sink, now_at, most),
        )
        return [
            Parcel(number=number, key=key, order=order, media_type=media, body=body, attempts=attempts, put_at=put_at)
            for number, key, order, media, body, attempts, put_at in rows
        ]

    def next_at(self, sink: str) -> int | None:
        """Give when the next parcel of a sink is due; ``None`` if none waits."""
        row = self.database.one(
            "SELECT MIN(next_at) FROM parcels WHERE number IN (SELECT MIN(number) FROM parcels WHERE sink = ? GROUP BY ord)",
            (sink,),
        )
        return None if row is None or row[0] is None else int(row[0])

    def sent(self, sink: str, parcel: Parcel) -> None:
        """A receiver has taken a parcel."""
        with self.database.transaction() as base:
            self._known(base, sink, parcel.key)
            base.execute("DELETE FROM parcels WHERE number = ?", (parcel.number,))

    def later(self, parcel: Parcel, why: str, next_at: int) -> None:
        """A try has failed; the next is at ``next_at``."""
        with self.database.transaction() as base:
            base.execute(
                "UPDATE parcels SET attempts = attempts + 1, why = ?, next_at = ? WHERE number = ?",
                (why[:500], next_at, parcel.number),
            )

    def give_up(self, sink: str, parcel: Parcel, why: str, now_at: int) -> None:
        """Make a parcel a dead letter."""
        with self.database.transaction() as base:
            base.execute("DELETE FROM parcels WHERE number = ?", (parcel.number,))
            self._bury(base, sink, parcel, why, now_at)

    def retry_dead(self, sink: str, now_at: int) -> int:
        """Put the dead letters of a sink in its queue again, oldest first, as far as they fit; give how many."""
        with self.database.transaction() as base:
            room = self._max_waiting - self._waiting(base, sink)
            rows = base.execute(
                "SELECT number, key, ord, media, body FROM dead WHERE sink = ? ORDER BY number LIMIT ?",
                (sink, max(0, room)),
            ).fetchall()
            for number, key, order, media, body in rows:
                base.execute("DELETE FROM known WHERE sink = ? AND key = ?", (sink, key))
                base.execute("DELETE FROM dead WHERE number = ?", (number,))
                self._put(base, sink, Parcel(key=key, order=order, media_type=media, body=body), now_at)
        return len(rows)

    def dead(self, sink: str | None = None, most: int = 100) -> list[DeadParcel]:
        """Give the latest dead letters, of one sink or of all, the latest first."""
        rows = self.database.all(
            "SELECT sink, key, put_at, dead_at, attempts, why FROM dead WHERE ? IS NULL OR sink = ? ORDER BY number DESC LIMIT ?",
            (sink, sink, most),
        )
        return [
            DeadParcel(sink=name, key=key, put_at=put_at, dead_at=dead_at, attempts=attempts, why=why)
            for name, key, put_at, dead_at, attempts, why in rows
        ]

    def waiting(self, sink: str) -> int:
        """Give how many parcels wait for a sink."""
        row = self.database.one(_WAITING, (sink,))
        return 0 if row is None else int(row[0])

    def oldest_at(self, sink: str) -> int | None:
        """Give when the parcel that has waited longest for a sink was put in."""
        row = self.database.one("SELECT MIN(put_at) FROM parcels WHERE sink = ?", (sink,))
        return None if row is None or row[0] is None else int(row[0])

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def _put(self, base: sqlite3.Connection, sink: str, parcel: Parcel, now_at: int) -> bool:
        if base.execute("SELECT 1 FROM known WHERE sink = ? AND key = ?", (sink, parcel.key)).fetchone():
            return False
        if self._waiting(base, sink) >= self._max_waiting:
            if base.execute("SELECT 1 FROM parcels WHERE sink = ? AND key = ?", (sink, parcel.key)).fetchone() is None:
                self._bury(base, sink, parcel, FULL, now_at)
            return False
        added = base.execute(
            "INSERT OR IGNORE INTO parcels (sink, key, ord, media, body, put_at, next_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (sink, parcel.key, parcel.order, parcel.media_type, parcel.body, now_at, now_at),
        )
        return added.rowcount > 0

    def _bury(self, base: sqlite3.Connection, sink: str, parcel: Parcel, why: str, now_at: int) -> None:
        self._known(base, sink, parcel.key)
        put_at = parcel.put_at or now_at
        base.execute(
            "INSERT INTO dead (sink, key, ord, media, body, put_at, dead_at, attempts, why) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                sink,
                parcel.key,
                parcel.order,
                parcel.media_type,
                parcel.body,
                put_at,
                now_at,
                parcel.attempts,
                why[:500],
            ),
        )
        base.execute("DELETE FROM dead WHERE number <= (SELECT MAX(number) FROM dead) - ?", (MAX_DEAD,))

    @staticmethod
    def _known(base: sqlite3.Connection, sink: str, key: str) -> None:
        base.execute("INSERT OR IGNORE INTO known (sink, key) VALUES (?, ?)", (sink, key))
        base.execute("DELETE FROM known WHERE number <= (SELECT MAX(number) FROM known) - ?", (MAX_KNOWN,))

    @staticmethod
    def _waiting(base: sqlite3.Connection, sink: str) -> int:
        return int(base.execute(_WAITING, (sink,)).fetchone()[0])
