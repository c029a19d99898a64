"""One SQLite file that survives a fall: its parts are written in transactions, synced, one thread at a time."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

WAIT_SECS: Final = 10.0
"""So long another process that holds the file is waited for."""


class OutboxError(RuntimeError):
    """The file cannot be opened, is none of ours, or cannot be written: what was tried."""


class Database:
    """A file of tables; safe to use from several threads.

    Args:
        path: the file; its folder is made.

    Raises:
        OutboxError: the file is no database, or cannot be written; also from any method.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._depth = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=WAIT_SECS)
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA secure_delete=ON")  # what is let go is overwritten, not only unlinked
            self._base.execute("PRAGMA synchronous=FULL")  # what was written is there after a power cut
        except (OSError, sqlite3.Error) as error:
            raise OutboxError(f"{path}: expected an outbox that can be written: {error}") from error

    def make(self, tables: str) -> None:
        """Make the tables that are not there yet, from ``CREATE … IF NOT EXISTS`` statements."""
        try:
            with self._lock:
                self._base.executescript(tables)
        except sqlite3.Error as error:
            raise OutboxError(f"{self.path}: expected an outbox that can be written: {error}") from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write all of it or none; one within another of the same thread is a part of that."""
        with self._lock:
            if self._depth:
                yield self._base
                return
            self._depth += 1
            try:
                self._base.execute("BEGIN IMMEDIATE")
                yield self._base
                self._base.execute("COMMIT")
            except sqlite3.Error as error:
                raise OutboxError(f"{self.path}: {error}") from error
            finally:
                if self._base.in_transaction:
                    self._base.rollback()
                self._depth -= 1

    def all(self, query: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """Give what a query finds."""
        try:
            with self._lock, closing(self._base.execute(query, values)) as found:
                return found.fetchall()
        except sqlite3.Error as error:
            raise OutboxError(f"{self.path}: {error}") from error

    def one(self, query: str, values: tuple[object, ...] = ()) -> tuple[Any, ...] | None:
        """Give the first row that a query finds."""
        rows = self.all(query, values)
        return rows[0] if rows else None

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._base.close()
