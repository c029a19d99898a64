"""The incidents that stand now, as one GeoJSON file for maps: replaced whole at each change, so that no reader ever sees half of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dispatch.geojson import write
from dispatch.json import is_raised
from tocsin.runtime.files import whole_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tocsin.model import Incident


class StandingFile:
    """Keeps a GeoJSON file at the latest revision of every incident that is raised and neither closed nor withdrawn.

    It holds no more incidents than the detector keeps open.

    Args:
        path: the file; its folder is made. It is written at once, empty, so that a file of an earlier run shows nothing.

    Raises:
        OSError: from any method, when the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._standing: dict[str, Incident] = {}
        self._write()

    def recall(self, standing: Iterable[Incident]) -> None:
        """Show incidents that an earlier run has left standing."""
        self._standing.update((one.incident_id, one) for one in standing if is_raised(one))
        self._write()

    def incident(self, incident: Incident) -> None:
        """Take one revision; write the file if it shows in it."""
        ended = incident.msg_type == "Cancel" or incident.state == "closed"
        if is_raised(incident) and not ended:
            self._standing[incident.incident_id] = incident
        elif self._standing.pop(incident.incident_id, None) is None:
            return
        self._write()

    def _write(self) -> None:
        with whole_file(str(self._path)) as stream:
            stream.write(write(self._standing.values(), with_areas=True))
