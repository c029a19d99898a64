"""What was found out about alarms: an alarm finds its own finding, another one none, and a table with a missing field is refused."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import findings

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE = """
[[finding]]
scenario = "north"
hazard = "fire"
lat = 48.0
lon = 2.0
within_km = 10.0
since = 2026-01-01T10:00:00Z
until = 2026-01-01T11:00:00Z
found = "true"
"""
ALARM: Mapping[str, Any] = {"hazard": "fire", "lat": 48.05, "lon": 2.0, "raised_at": "2026-01-01T10:30:00.000Z"}


@pytest.fixture
def table(tmp_path: Path) -> tuple[findings.Finding, ...]:
    path = tmp_path / "findings.toml"
    path.write_text(TABLE, encoding="utf-8")
    return findings.read_findings(path)


def test_an_alarm_finds_what_was_found_about_it(table: tuple[findings.Finding, ...]) -> None:
    assert findings.found(table, "north", ALARM) == "true"


@pytest.mark.parametrize(
    ("scenario", "change"),
    [
        ("south", {}),
        ("north", {"hazard": "flood"}),
        ("north", {"lat": 48.2}),
        ("north", {"raised_at": "2026-01-01T09:59:59.000Z"}),
        ("north", {"raised_at": "2026-01-01T11:00:00.000Z"}),
    ],
)
def test_another_alarm_finds_nothing(
    table: tuple[findings.Finding, ...], scenario: str, change: dict[str, Any]
) -> None:
    assert findings.found(table, scenario, {**ALARM, **change}) == "–"


def test_a_finding_without_a_field_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "findings.toml"
    path.write_text(TABLE.replace('hazard = "fire"\n', ""), encoding="utf-8")
    with pytest.raises(TypeError, match="hazard"):
        findings.read_findings(path)


def test_the_table_of_the_project_can_be_read() -> None:
    assert all(one.since < one.until for one in findings.read_findings())
