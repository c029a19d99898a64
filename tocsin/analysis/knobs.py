"""The detector's settings as knobs: one changed by name, a row of values of one, and the difference of two."""

from __future__ import annotations

import difflib
import json
import tomllib
from typing import Any, Final

import msgspec
from pydantic import ValidationError

from tocsin.settings.detector import DetectorSettings

SECTION: Final = "detector."
BUDGET: Final = "false_alarm_budget_mins"
MAX_VALUES: Final = 64
"""Values of one knob, at most: each is a whole run of the detector."""


class KnobError(ValueError):
    """A knob that is not there, or a value it does not take; the message names it."""


class Axis(msgspec.Struct, frozen=True):
    """A knob and the values it is turned to, one after the other; the others stay."""

    key: str
    values: tuple[Any, ...]


def turned(settings: DetectorSettings, changes: dict[str, Any]) -> DetectorSettings:
    """Give settings with some fields changed.

    Raises:
        KnobError: a field does not exist or does not take the value.

    >>> turned(DetectorSettings(), {"min_voices": 4}).min_voices
    4
    """
    for key in changes:
        if key not in DetectorSettings.model_fields:
            near = difflib.get_close_matches(key, list(DetectorSettings.model_fields), n=1)
            hint = f" (did you mean {SECTION}{near[0]}?)" if near else ""
            raise KnobError(f"{SECTION}{key}: expected a key of [detector], got {key}{hint}")
    document = {**settings.model_dump(mode="json"), **changes}
    try:
        return DetectorSettings.model_validate_json(json.dumps(document), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or next(iter(changes), "")
        raise KnobError(f"{SECTION}{where}: {first['msg']}, got {first['input']!r}") from error


def change(text: str) -> tuple[str, Any]:
    """Read ``detector.key=value``; the value is written as in TOML.

    Raises:
        KnobError: it has another form.

    >>> change("detector.min_voices=4"), change("detector.territory_budgets_mins={FR=1440}")
    (('min_voices', 4), ('territory_budgets_mins', {'FR': 1440}))
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip().startswith(SECTION):
        raise KnobError(
            f"{text}: expected detector.key=value (a recording holds what was heard: only [detector] can change)"
        )
    return name.strip().removeprefix(SECTION), _value(text, value)


def axis(text: str) -> Axis:
    """Read ``detector.key=value,value…``.

    Raises:
        KnobError: it has another form, no value, or too many.

    >>> axis("detector.min_voices=2,3,4")
    Axis(key='min_voices', values=(2, 3, 4))
    """
    name, equals, values = text.partition("=")
    if not equals or not name.strip().startswith(SECTION):
        raise KnobError(f"{text}: expected detector.key=value,value…")
    listed = _value(text, f"[{values}]")
    if not 1 <= len(listed) <= MAX_VALUES:
        raise KnobError(f"{text}: expected 1 to {MAX_VALUES} values, got {len(listed)}")
    return Axis(name.strip().removeprefix(SECTION), tuple(listed))


def _value(text: str, value: str) -> Any:
    try:
        return tomllib.loads(f"value = {value.strip()}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise KnobError(f"{text}: expected a value as TOML writes it, got {value.strip()}") from error


def difference(one: DetectorSettings, other: DetectorSettings) -> dict[str, tuple[Any, Any]]:
    """Give the fields in which two settings differ, with both values.

    >>> difference(DetectorSettings(), DetectorSettings(min_voices=4))
    {'min_voices': (3, 4)}
    """
    first, second = one.model_dump(mode="json"), other.model_dump(mode="json")
    return {key: (first[key], second[key]) for key in first if first[key] != second[key]}


def as_toml(settings: DetectorSettings) -> str:
    """Give all settings as a ``[detector]`` section, as a change of settings carries them.

    >>> tomllib.loads(as_toml(DetectorSettings(spread_km={"fire": 2.0})))["detector"]["spread_km"]
    {'fire': 2.0}
    """
    lines = [f"{key} = {_toml(value)}" for key, value in settings.model_dump(mode="json").items()]
    return "\n".join(["[detector]", *lines, ""])


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(inner) for inner in value) + "]"
    return json.dumps(value)
