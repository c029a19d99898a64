"""Reading lexicon files: TOML in, entries out, every mistake reported with file, line, field, what was expected and what came.

A file holds ``lang = "fr"``, an optional table ``[macros]`` (shared by all files of its folder) and tables ``[[entry]]`` whose fields are
those of ``Entry``; ``docs`` of the form language are in ``nlp.pattern``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

from nlp.pattern import Compiler, Frame, PatternError
from tocsin.model import HAZARDS, OPEN

Role = Literal["hazard", "perception", "consequence", "responder", "explanation", "denial", "context", "figurative"]
"""What an entry says: the thing itself, a sign of it, what it did, who came; or why it is none of that."""
Consequence = Literal["dead", "injured", "trapped", "missing", "evacuated", "damage", "blocked", "responders"]

GATE_ROLES: Final[frozenset[str]] = frozenset({"hazard", "perception", "consequence", "denial"})
"""Roles whose entries open the gate unless they say otherwise (and are strong enough, see ``GATE_STRENGTH``)."""
GATE_STRENGTH: Final = 0.4
"""Entries weaker than this do not open the gate alone unless they say so."""
FILE_BYTES: Final = 1_000_000
ENTRIES_PER_FILE: Final = 2_000

_FIELDS: Final = ("id", "role", "hazards", "strength", "consequence", "gate", "note", "forms", "matches", "not")
_ID: Final = re.compile(r"[a-z]{2,3}(\.[a-z0-9_]+)+")


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a lexicon file, or one example that does not hold."""

    file: str
    line: int
    entry: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.entry}: expected {self.expected}, got {self.got}"


class LexiconError(ValueError):
    """A lexicon cannot be used; ``problems`` holds every reason."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: what its forms say, and how strongly.

    Attributes:
        id: ``<lang>.<room>.<name>``, unique.
        lang: BCP 47 primary subtag, or ``any`` for signs that are no words of a language.
        role: what the entry says.
        hazards: weights over the closed list of hazards and ``open``; they sum to 1, or are empty when the entry names none.
        strength: how often a post with such a form, among all posts that hold it, speaks of a real emergency (0 to 1, a judgement).
        consequence: the reported consequence it names, if any.
        gate: the entry opens the gate alone.
        note: senses to beware of.
        forms: the patterns, as written.
        matches: texts in which the entry must be found.
        rejects: texts in which it must not be found.
    """

    id: str
    lang: str
    role: Role
    hazards: Mapping[str, float]
    strength: float
    consequence: Consequence | None
    gate: bool
    note: str
    forms: tuple[str, ...]
    matches: tuple[str, ...]
    rejects: tuple[str, ...]
    file: str
    line: int


def read_folder(folder: Path) -> tuple[list[tuple[Entry, list[Frame]]], list[Problem]]:
    """Read all ``*.toml`` of a folder in order of name; entries with mistakes are left out and reported."""
    entries: list[tuple[Entry, list[Frame]]] = []
    problems: list[Problem] = []
    parsed: list[tuple[Path, str, dict[str, Any]]] = []
    for path in sorted(folder.glob("*.toml")):
        source = path.read_bytes()
        if len(source) > FILE_BYTES:
            problems.append(Problem(str(path), 1, "", f"at most {FILE_BYTES} bytes", str(len(source))))
            continue
        try:
            text = source.decode("utf-8")
            parsed.append((path, text, tomllib.loads(text)))
        except ValueError as error:
            line = re.search(r"at line (\d+)", str(error))
            problems.append(Problem(str(path), int(line[1]) if line else 1, "", "a TOML file in UTF-8", str(error)))
    macros: dict[str, str] = {}
    for path, text, table in parsed:
        for name, value in table.get("macros", {}).items():
            if isinstance(value, list) and all(isinstance(part, str) for part in value):
                macros[name] = "(" + "|".join(value) + ")"
            elif isinstance(value, str):
                macros[name] = f"({value})"
            else:
                problems.append(
                    Problem(str(path), _line(text, name, 0), "macros", "a string or a list of strings", repr(value))
                )
    compiler = Compiler(macros)
    for path, text, table in parsed:
        entries += _read_file(path, text, table, compiler, problems)
    return entries, problems


def _line(text: str, field: str, start: int) -> int:
    """Give the number of the first line after offset ``start`` that sets a field (else the line of ``start``)."""
    found = re.compile(rf"^{re.escape(field)}\s*=", re.MULTILINE).search(text, start)
    return text.count("\n", 0, found.start() if found else start) + 1


def _read_file(
    path: Path, text: str, table: dict[str, Any], compiler: Compiler, problems: list[Problem]
) -> list[tuple[Entry, list[Frame]]]:
    lang = table.get("lang")
    rows = table.get("entry", [])
    starts = [found.start() for found in re.finditer(r"^\[\[entry\]\]", text, re.MULTILINE)]
    if not isinstance(lang, str) or not re.fullmatch(r"[a-z]{2,3}", lang):
        problems.append(Problem(str(path), _line(text, "lang", 0), "", "lang = a language subtag or 'any'", repr(lang)))
        return []
    if not isinstance(rows, list) or len(rows) != len(starts) or len(rows) > ENTRIES_PER_FILE:
        problems.append(
            Problem(
                str(path), 1, "", f"at most {ENTRIES_PER_FILE} tables [[entry]], each on its own line", "another shape"
            )
        )
        return []
    read: list[tuple[Entry, list[Frame]]] = []
    for row, start in zip(rows, starts, strict=True):
        reader = _EntryReader(str(path), lang, row, text, start)
        entry = reader.read(compiler)
        problems += reader.problems
        if entry is not None:
            read.append(entry)
    return read


class _EntryReader:
    """Reads one table ``[[entry]]`` and collects its mistakes."""

    def __init__(self, file: str, lang: str, row: dict[str, Any], text: str, start: int) -> None:
        self._file, self._lang, self._row, self._text, self._start = file, lang, row, text, start
        self.problems: list[Problem] = []

    def _wrong(self, field: str, expected: str, got: object) -> None:
        name = str(self._row.get("id", "?"))
        line = _line(self._text, field, self._start)
        self.problems.append(Problem(self._file, line, name, f"{field}: {expected}", repr(got)))

    def _texts(self, field: str, *, required: bool) -> tuple[str, ...]:
        value = self._row.get(field, [])
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value) or (required and not value):
            self._wrong(field, "a list of texts" + (" with at least one" if required else ""), value)
            return ()
        return tuple(value)

    def read(self, compiler: Compiler) -> tuple[Entry, list[Frame]] | None:
        row = self._row
        for field in row:
            self._expect(field, field in _FIELDS, "one of " + ", ".join(_FIELDS), field)
        name, role, strength = row.get("id"), row.get("role", "hazard"), row.get("strength", 0.0)
        known = isinstance(name, str) and _ID.fullmatch(name) is not None and name.startswith(self._lang + ".")
        self._expect("id", known, f"{self._lang}.<room>.<name> in lower case", name)
        self._expect("role", role in get_args(Role), "one of " + ", ".join(get_args(Role)), role)
        number = isinstance(strength, int | float) and not isinstance(strength, bool) and 0 <= strength <= 1
        self._expect("strength", number, "a number from 0 to 1", strength)
        consequence, gate, note = row.get("consequence"), row.get("gate"), row.get("note", "")
        wanted = get_args(Consequence)
        self._expect(
            "consequence", consequence is None or consequence in wanted, "one of " + ", ".join(wanted), consequence
        )
        self._expect("gate", gate is None or isinstance(gate, bool), "true or false", gate)
        self._expect("note", isinstance(note, str), "a text", note)
        hazards = self._hazards(role)
        forms = self._texts("forms", required=True)
        frames = self._frames(forms, compiler)
        examples = self._texts("matches", required=True), self._texts("not", required=False)
        if self.problems:
            return None
        if gate is None:
            gate = role in GATE_ROLES and strength >= GATE_STRENGTH
        line = self._text.count("\n", 0, self._start) + 1
        return (
            Entry(
                str(name),
                self._lang,
                role,
                hazards,
                float(strength),
                consequence,
                gate,
                note,
                forms,
                *examples,
                self._file,
                line,
            ),
            frames,
        )

    def _expect(self, field: str, right: bool, expected: str, got: object) -> None:
        if not right:
            self._wrong(field, expected, got)

    def _frames(self, forms: tuple[str, ...], compiler: Compiler) -> list[Frame]:
        frames: list[Frame] = []
        for form in forms:
            try:
                frames += compiler.compile(form)
            except PatternError as error:
                self._wrong("forms", f"a form of the pattern language in {form!r}", str(error))
        return frames

    def _hazards(self, role: str) -> dict[str, float]:
        value = self._row.get("hazards", {})
        if isinstance(value, str):
            value = {value: 1.0}
        known = isinstance(value, dict) and all(
            (key in HAZARDS or key == OPEN) and isinstance(weight, int | float) and weight > 0
            for key, weight in value.items()
        )
        if not known or (role in {"hazard", "perception"} and not value):
            self._wrong("hazards", "a hazard, or weights over " + ", ".join((*HAZARDS, OPEN)), value)
            return {}
        total = sum(value.values())
        return {key: round(weight / total, 4) for key, weight in value.items()}
