"""The strict reader: a TOML file, then ``TOCSIN_SECTION__FIELD`` variables over it; every problem at once, each with its place.

Values keep the type they have in TOML: ``"10"`` is no number. A variable has no type of its own, so it is read as text where the
field takes text, else as a TOML value.
"""

from __future__ import annotations

import difflib
import json
import math
import re
import tomllib
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from tocsin.settings.describe import choices, describe, section_of
from tocsin.settings.lines import Path as KeyPath
from tocsin.settings.lines import key_lines
from tocsin.settings.problem import Problem, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

PREFIX: Final = "TOCSIN_"
ENVIRONMENT: Final = "environment"
MAX_FILE_BYTES: Final = 100_000
MAX_SHOWN_CHARS: Final = 60
MAX_DEPTH: Final = 16
_SYNTAX_PLACE: Final = re.compile(r"^(.*) \(at (?:line (\d+), column \d+|end of document)\)$")

M = TypeVar("M", bound=BaseModel)


class Sources:
    """The merged values of a file and an environment, and where each of them came from."""

    def __init__(self, model: type[BaseModel], path: Path | None, environ: Mapping[str, str]) -> None:
        self._model = model
        self._file = str(path) if path is not None else "defaults"
        self.problems: list[Problem] = []
        self.values: dict[str, Any] = {}
        self._lines: dict[KeyPath, int] = {}
        self._variables: dict[KeyPath, str] = {}
        if path is not None:
            self._read_file(path)
        for name in sorted(environ):
            if name.startswith(PREFIX):
                self._read_variable(name, environ[name])

    def place(self, key: KeyPath) -> tuple[str, int | None, str]:
        """Give the file, the line and the name of a key; for one that stands nowhere, those of the table that should hold it."""
        dotted = ".".join(str(part) for part in key)
        for depth in range(len(key), -1, -1):
            if key[:depth] in self._variables:
                return ENVIRONMENT, None, self._variables[key[:depth]]
            if key[:depth] in self._lines:
                return self._file, self._lines[key[:depth]], dotted
        return self._file, None, dotted

    def refuse_infinite(self, value: Any, key: KeyPath) -> None:
        """Note a problem for every number that is infinite or not a number: no setting means that."""
        if isinstance(value, dict):
            for name, below in value.items():
                self.refuse_infinite(below, (*key, name))
        elif isinstance(value, list):
            for index, below in enumerate(value):
                self.refuse_infinite(below, (*key, index))
        elif isinstance(value, float) and not math.isfinite(value):
            file, line, name = self.place(key)
            self.problems.append(Problem(file, line, name, "a finite number", str(value)))

    def _read_file(self, path: Path) -> None:
        try:
            raw = path.read_bytes()
        except OSError as error:
            self.problems.append(Problem(self._file, None, "file", "a readable file", error.strerror or str(error)))
            return
        if len(raw) > MAX_FILE_BYTES:
            got = f"{len(raw)} bytes"
            self.problems.append(Problem(self._file, None, "file", f"at most {MAX_FILE_BYTES} bytes", got))
            return
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            got = f"the byte 0x{raw[error.start]:02x}"
            self.problems.append(Problem(self._file, line, "file", "UTF-8 text", got))
            return
        try:
            values = tomllib.loads(text)
            deep = _depth(values) > MAX_DEPTH
        except RecursionError:
            deep = True
        except ValueError as error:  # also a number of more digits than Python reads
            self.problems.append(self._syntax_problem(text, str(error)))
            return
        if deep:
            self.problems.append(
                Problem(self._file, None, "file", f"tables and arrays at most {MAX_DEPTH} deep", "more")
            )
            return
        self.values, self._lines = values, key_lines(text)

    def _syntax_problem(self, text: str, message: str) -> Problem:
        match = _SYNTAX_PLACE.match(message)
        written = text.splitlines() or [""]
        line = int(match[2]) if match and match[2] else len(written)
        reason = match[1] if match else message
        return Problem(self._file, line, "file", "valid TOML", f"{_show(written[line - 1].strip())}: {reason}")

    def _read_variable(self, name: str, raw: str) -> None:
        key = tuple(name.removeprefix(PREFIX).lower().split("__"))
        field = _field(self._model, key)
        if field is None:
            known = [PREFIX + "__".join(path).upper() for path, _ in leaves(self._model)]
            nearest = _closest(name, known)
            problem = Problem(ENVIRONMENT, None, name, f"{PREFIX}SECTION__FIELD of a known field", name, nearest)
            self.problems.append(problem)
            return
        table = self.values
        for part in key[:-1]:
            below = table.setdefault(part, {})
            if not isinstance(below, dict):
                return  # the file holds no table here: validation says so, with its line
            table = below
        table[key[-1]] = _typed(field, raw)
        self._variables[key] = name


def load(model: type[M], path: Path | None, environ: Mapping[str, str]) -> tuple[M, Sources]:
    """Read a file and an environment as a model; give it with the places of its values.

    Raises:
        SettingsError: with every problem found, in the order of the file.
    """
    sources = Sources(model, path, environ)
    sources.refuse_infinite(sources.values, ())
    # JSON mode is strict about types, yet lets an array be a tuple and a string be a path, as TOML writes them.
    document = json.dumps(sources.values, default=lambda value: value.isoformat())
    try:
        loaded = model.model_validate_json(document, strict=True)
    except ValidationError as error:
        found = [_problem(model, sources, details) for details in error.errors(include_url=False)]
    else:
        found = []
    if sources.problems or found:
        once = {(problem.file, problem.line, problem.key): problem for problem in [*found, *sources.problems]}
        raise SettingsError(sorted(once.values(), key=_order))
    return loaded, sources


def leaves(model: type[BaseModel], base: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    """Give every field below a model that is no table of its own, with its path."""
    for name, field in model.model_fields.items():
        section = section_of(field.annotation)
        if section is None:
            yield (*base, name), field
        else:
            yield from leaves(section, (*base, name))


def _order(problem: Problem) -> tuple[str, int, str, str]:
    return (problem.file, problem.line or 0, problem.key, problem.got)


def _depth(value: Any) -> int:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((_depth(inner) for inner in below), default=0)


def _typed(field: FieldInfo, raw: str) -> Any:
    """Read a variable as text where its field takes that text, else as the TOML value it spells, else leave it as text."""
    assert field.annotation is not None, "a field of a model has an annotation"
    try:
        TypeAdapter[Any](field.annotation).validate_json(json.dumps(raw), strict=True)
    except ValidationError:
        try:
            value = tomllib.loads(f"value = {raw}")["value"]
            return value if _depth(value) <= MAX_DEPTH else raw
        except (ValueError, RecursionError):
            return raw
    return raw


def _field(model: type[BaseModel], key: KeyPath) -> FieldInfo | None:
    """Give the field at a path, or ``None`` if the path ends at a table or leads nowhere."""
    for depth, part in enumerate(key, start=1):
        field = model.model_fields.get(str(part))
        if field is None:
            return None
        section = section_of(field.annotation)
        if section is None:
            return field if depth == len(key) else None
        model = section
    return None


def _problem(model: type[BaseModel], sources: Sources, details: ErrorDetails) -> Problem:
    key = details["loc"]
    file, line, name = sources.place(key)
    kind, given = details["type"], details["input"]
    if kind == "extra_forbidden":
        table = ".".join(str(part) for part in key[:-1])
        expected = f"a key of [{table}]" if table else "a section"
        return Problem(file, line, name, expected, str(key[-1]), _nearest_key(model, key))
    if kind == "missing":
        return Problem(file, line, name, "a value", "nothing")
    field = _field(model, key)
    if kind.endswith("_error") and kind != "literal_error":
        expected = details["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    elif field is not None:
        expected = describe(field)
    elif kind == "model_type":
        expected = "a table"
    else:
        expected = details["msg"].removeprefix("Input should be ")
    listed = choices(field.annotation) if field is not None else ()
    nearest = _closest(given, listed) if isinstance(given, str) else None
    return Problem(file, line, name, expected, _show(given), nearest)


def _nearest_key(model: type[BaseModel], key: KeyPath) -> str | None:
    """Give the known key that an unknown one means: of the same name elsewhere, else like it in its own table, else like it elsewhere."""
    table: type[BaseModel] | None = model
    for part in key[:-1]:
        field = table.model_fields.get(str(part)) if table is not None else None
        table = section_of(field.annotation) if field is not None else None
    elsewhere = {path[-1]: ".".join(path) for path, _ in leaves(model)}
    own = _closest(str(key[-1]), list(table.model_fields)) if table is not None else None
    if own is not None and str(key[-1]) not in elsewhere:
        return ".".join([*(str(part) for part in key[:-1]), own])
    other = _closest(str(key[-1]), list(elsewhere), cutoff=0.8)
    return elsewhere[other] if other is not None else None


def _closest(name: str, known: list[str] | tuple[str, ...], cutoff: float = 0.6) -> str | None:
    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=cutoff)), None)


def _show(value: Any) -> str:
    """Show a value as TOML writes it, cut to a readable length."""
    if isinstance(value, dict):
        return "a table"
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return shown if len(shown) <= MAX_SHOWN_CHARS else shown[: MAX_SHOWN_CHARS - 1] + "…"
