"""A knob that turns nothing is a lie: every setting is read by the code."""

import re
import sys
from pathlib import Path

import pytest

from tocsin.settings import Settings
from tocsin.settings.load import leaves

ROOT = Path(__file__).parents[2]
SECTIONS = ROOT / "tocsin" / "settings"
CODE = "\n".join(
    path.read_text(encoding="utf-8")
    for room in ("tocsin", "ingest", "nlp", "detectors", "dispatch")
    for path in sorted((ROOT / room).rglob("*.py"))
    if path.parent != SECTIONS
)


@pytest.mark.parametrize("key", [".".join(path) for path, _ in leaves(Settings)])
def test_every_setting_is_read_somewhere(key):
    section, *_, name = key.split(".")
    # A section may read its own field in a method that the code calls.
    module = sys.modules[type(getattr(Settings(), section)).__module__]
    methods = Path(module.__file__).read_text(encoding="utf-8")
    assert re.search(rf"\.{name}\b", CODE) or re.search(rf"self\.{name}\b", methods), f"nothing reads {key}"
