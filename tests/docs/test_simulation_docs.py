"""The page on scenarios names every field with its true default, and nothing besides."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from tocsin.simulation import scenario as declared

PAGE = (Path(__file__).parents[2] / "docs/reference/simulation.md").read_text(encoding="utf-8")
SECTIONS = {
    "## The stream": declared.Scenario,
    "## `[background]`": declared.Background,
    "## `[faults]`": declared.Faults,
    "## `[[incidents]]`": declared.IncidentPlan,
    "| field of `curve`": declared.Curve,
    "| field of `places`": declared.Places,
    "| field of `voices`": declared.Voices,
    "## `[[decoys]]`": declared.DecoyPlan,
}
NESTED = {"background", "faults", "incidents", "decoys", "curve", "places", "voices"}


def documented(heading):
    """Names and written defaults of the first table after a heading."""
    lines = PAGE[PAGE.index(heading) :].splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("|---"))
    found = {}
    for line in lines[start + 1 :]:
        if not line.startswith("|"):
            break
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        names = re.findall(r"`(\w+)`", cells[0])
        values = [value.strip() for value in cells[1].split(",")] if cells[1] else [""] * len(names)
        found |= dict(zip(names, values * len(names) if len(values) == 1 else values, strict=False))
    return found


@pytest.mark.parametrize(("heading", "struct"), SECTIONS.items(), ids=lambda part: getattr(part, "__name__", ""))
def test_every_field_stands_there_with_its_default(heading, struct):
    fields = {field.name: field for field in msgspec.structs.fields(struct) if field.name not in NESTED}
    written = documented(heading)
    assert set(written) == set(fields)
    for name, field in fields.items():
        if field.default is msgspec.NODEFAULT:
            assert written[name] == ""
            assert f"**`{name}`**" in PAGE
        elif field.default is not None:
            assert written[name].strip('`"') == str(field.default)


def test_every_kind_of_decoy_is_named():
    assert set(get_args(declared.DecoyKind)) <= set(re.findall(r"`(\w+)`", PAGE))
