"""A lexicon decides which posts are read: each of its entries that does so is judged by what it looks for, before it is used."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Final

from nlp.lexicon_file import Entry, Problem
from nlp.pattern import Frame
from tocsin.settings.purpose import by_form, judge

SPEAKING_ROLES: Final = frozenset({"hazard", "perception", "consequence", "responder", "denial"})
"""Roles that read posts or speak for an emergency; the others set posts aside, and may name what they like."""


def faults(entries: Sequence[tuple[Entry, list[Frame]]]) -> list[Problem]:
    """Give a problem for each entry that looks for persons, accounts, parties, religions, unions, traits of health or protests.

    Forms are judged as written (an account, a name with capitals) and as what they expand to, each part of a frame by itself.
    """
    return [problem for entry, frames in entries if (problem := _fault(entry, frames)) is not None]


def _fault(entry: Entry, frames: list[Frame]) -> Problem | None:
    if entry.role not in SPEAKING_ROLES and not entry.gate:
        return None
    expanded = (form.decode("ascii") for frame in frames for part in frame.parts for form in sorted(part))
    for found in chain(map(by_form, entry.forms), (judge(form, entry.lang) for form in expanded)):
        if found is not None:
            return Problem(entry.file, _line_of(entry), entry.id, "forms that look for an emergency", str(found))
    return None


def _line_of(entry: Entry) -> int:
    """Give the line of an entry's forms (the entry itself knows that of its examples)."""
    text = Path(entry.file).read_text("utf-8")
    start = re.search(rf"""^id\s*=\s*["']{re.escape(entry.id)}["']""", text, re.MULTILINE)
    forms = re.compile(r"^forms\s*=", re.MULTILINE).search(text, start.start() if start else 0)
    return text.count("\n", 0, forms.start()) + 1 if forms else entry.line
