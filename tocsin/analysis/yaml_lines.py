"""YAML with the line of every value: what a test file needs to say where it is wrong."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES: Final = 1_000_000
MAX_NODES: Final = 100_000
"""Values of one file, aliases counted each time: a file of aliases to aliases is refused, not unfolded."""
MAX_DEPTH: Final = 24
KeyPath = tuple[str | int, ...]


class YamlError(ValueError):
    """A file that cannot be read; the message begins with the file and the line."""


class Lines:
    """The line (from 1) of every key and item of a document."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._lines: dict[KeyPath, int] = {}

    def note(self, path: KeyPath, line: int) -> None:
        """Keep the line of a value."""
        self._lines[path] = line

    def of(self, path: KeyPath) -> int:
        """Give the line of a value, or of the nearest that holds it."""
        for depth in range(len(path), 0, -1):
            if path[:depth] in self._lines:
                return self._lines[path[:depth]]
        return 1

    def place(self, path: KeyPath) -> str:
        """Give ``file:line`` of a value."""
        return f"{self.file}:{self.of(path)}"

    def __len__(self) -> int:
        return len(self._lines)


def read(path: Path) -> tuple[Any, Lines]:
    """Read a YAML 1.2 file as plain values, with their lines.

    Raises:
        YamlError: it is no YAML, too large or too deep, or holds a key twice.
        OSError: it cannot be read.
    """
    raw = path.read_bytes()
    if len(raw) > MAX_BYTES:
        raise YamlError(f"{path}:1: expected at most {MAX_BYTES:,} bytes, got {len(raw):,}")
    try:
        document = YAML(typ="rt").load(raw.decode("utf-8"))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise YamlError(f"{path}:{line}: expected YAML, got {error.problem or error.context}") from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise YamlError(f"{path}:1: expected YAML in UTF-8, got {type(error).__name__}") from error
    lines = Lines(str(path))
    return _plain(document, (), lines), lines


def _plain(value: Any, path: KeyPath, lines: Lines) -> Any:
    if len(path) > MAX_DEPTH or len(lines) > MAX_NODES:
        raise YamlError(f"{lines.place(path)}: expected at most {MAX_DEPTH} levels and {MAX_NODES:,} values, got more")
    if isinstance(value, CommentedMap):
        plain = {}
        for key, inner in value.items():
            lines.note((*path, str(key)), value.lc.key(key)[0] + 1)
            plain[str(key)] = _plain(inner, (*path, str(key)), lines)
        return plain
    if isinstance(value, CommentedSeq):
        listed = []
        for index, inner in enumerate(value):
            lines.note((*path, index), value.lc.item(index)[0] + 1)
            listed.append(_plain(inner, (*path, index), lines))
        return listed
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str | int | float | bool) or value is None:
        # ruamel keeps how a scalar was written; what it is worth is enough here.
        for kind in (bool, int, float, str):
            if isinstance(value, kind):
                return kind(value)
        return None
    raise YamlError(f"{lines.place(path)}: expected a plain value, got {type(value).__name__}")
