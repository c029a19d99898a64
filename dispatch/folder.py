"""A folder as a sink: one file an alert, there when it is whole; JSON is appended to one file of lines."""

from __future__ import annotations

import os
from typing import Final

from dispatch.sink import DONE, Outcome, Parcel
from tocsin.runtime.files import whole_file
from tocsin.settings.sinks import FolderSettings

LINES: Final = "alerts.jsonl"
_SUFFIXES: Final = {"json": ".json", "cap": ".cap.xml", "edxl-json": ".edxl.json", "edxl-xml": ".edxl.xml"}


class Folder:
    """Writes to one folder.

    Args:
        settings: where.
    """

    def __init__(self, settings: FolderSettings) -> None:
        self._settings = settings

    @property
    def settings(self) -> FolderSettings:
        """Its name, format and what it wants."""
        return self._settings

    def deliver(self, parcel: Parcel) -> Outcome:
        """Write once; a line that stands at the end of the file already (from before a fall) is not written again."""
        try:
            self._settings.path.mkdir(parents=True, exist_ok=True)
            if self._settings.format == "json":
                self._append(parcel.body + b"\n")
            else:
                name = f"{parcel.key}{_SUFFIXES[self._settings.format]}"
                with whole_file(str(self._settings.path / name)) as stream:
                    stream.write(parcel.body)
        except OSError as error:
            return Outcome(done=False, why=f"cannot be written: {error.strerror or error}", away=True)
        return DONE

    def close(self) -> None:
        """Nothing stays open."""

    def _append(self, line: bytes) -> None:
        with (self._settings.path / LINES).open("a+b") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - len(line)))
            tail = stream.read()
            if tail == line:
                return
            # A line torn by a fall is cut off: it is the one that is written now, or one that was never delivered.
            if size and not tail.endswith(b"\n"):
                stream.seek(0)
                kept = stream.read().rfind(b"\n") + 1
                stream.truncate(kept)
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())
