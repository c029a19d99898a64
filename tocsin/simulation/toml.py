"""Writes a scenario as TOML, so that a drawn one can be kept and edited."""

from __future__ import annotations

from typing import Any

import msgspec

from tocsin.simulation.scenario import Scenario


def dump(scenario: Scenario) -> str:
    """Give a scenario as TOML text that ``scenario.load`` reads back to the same scenario; defaults are left out."""
    plain: dict[str, Any] = msgspec.to_builtins(scenario)
    lines: list[str] = []
    _table(plain, "", lines)
    return "\n".join(lines).strip() + "\n"


def _table(table: dict[str, Any], prefix: str, lines: list[str]) -> None:
    nested = {key: value for key, value in table.items() if isinstance(value, dict) or _is_tables(value)}
    lines.extend(f"{key} = {_value(value)}" for key, value in table.items() if key not in nested)
    for key, value in nested.items():
        name = f"{prefix}{key}"
        for inner in value if isinstance(value, list | tuple) else [value]:
            lines.extend(("", f"[[{name}]]" if isinstance(value, list | tuple) else f"[{name}]"))
            _table(inner, f"{name}.", lines)


def _is_tables(value: object) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(inner, dict) for inner in value)


def _value(value: str | float) -> str:
    # A JSON string is a TOML basic string; numbers and booleans are spelt alike.
    return msgspec.json.encode(value).decode()
