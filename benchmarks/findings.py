"""What was found out about alarms that a truth file does not hold.

A truth file lists the events that a scenario was cut for; a stream may tell of others that were as true. ``findings.toml`` says of single
alarms what their own stream and public records tell. It changes no figure: a false alarm stays one in every count.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.scoring.reading import distance_km

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

FILE = Path(__file__).with_name("findings.toml")


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about the alarms of one scenario, hazard, neighbourhood and span of time."""

    scenario: str
    hazard: str
    lat: float
    lon: float
    within_km: float
    since: datetime
    until: datetime
    found: str

    def fits(self, scenario: str, alarm: Mapping[str, Any]) -> bool:
        """Tell whether an alarm of a score (``false_alarm_list``) is the one that was looked into."""
        return (
            (scenario, alarm["hazard"]) == (self.scenario, self.hazard)
            and self.since <= datetime.fromisoformat(alarm["raised_at"]).astimezone(UTC) < self.until
            and distance_km(alarm["lat"], alarm["lon"], self.lat, self.lon) <= self.within_km
        )


def read_findings(path: Path = FILE) -> tuple[Finding, ...]:
    """Read the table of findings.

    Raises:
        TypeError: a finding lacks a field or has one that is not known.
    """
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(Finding(**entry) for entry in table["finding"])


def found(findings: Sequence[Finding], scenario: str, alarm: Mapping[str, Any]) -> str:
    """Give what was found about an alarm, or a dash."""
    return next((one.found for one in findings if one.fits(scenario, alarm)), "–")
