"""Where each key of a TOML document stands: the line numbers that the standard reader does not give.

``tomllib`` judges whether a document is TOML; this scanner only finds positions in a document it has accepted, so it may trust the
grammar and stays small.
"""

from __future__ import annotations

import re
from typing import Final

Path = tuple[str | int, ...]
"""The way to a value: table names and keys, and the index for an element of an array."""

_BLANK: Final = re.compile(r"[ \t]*")
_GAP: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR: Final = re.compile(r"[^,\]}\n#]*")
_ESCAPE: Final = re.compile(r'\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[btnfr"\\])')
_ESCAPED: Final = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}


def key_lines(text: str) -> dict[Path, int]:
    r"""Map the path of every table, key and array element of a valid TOML document to its line, counted from 1.

    >>> key_lines('a = 1\n[b]\nc = [\n  2,\n]\n')
    {('a',): 1, ('b',): 2, ('b', 'c'): 3, ('b', 'c', 0): 4}
    """
    return _Scanner(text).scan()


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    return _ESCAPED[code] if code in _ESCAPED else chr(int(code[1:], 16))


class _Scanner:
    """One pass over one document."""

    def __init__(self, text: str) -> None:
        self._text = text.replace("\r\n", "\n")
        self._at = 0
        self._line = 1
        self._counted_to = 0
        self._lines: dict[Path, int] = {}
        self._table_arrays: dict[Path, int] = {}

    def scan(self) -> dict[Path, int]:
        base: Path = ()
        self._skip(_GAP)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                base = self._header()
            else:
                self._pair(base)
            self._skip(_GAP)
        return self._lines

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        assert match is not None, "the document was accepted by tomllib"
        self._at = match.end()
        return match[0]

    def _mark(self, path: Path) -> None:
        self._line += self._text.count("\n", self._counted_to, self._at)
        self._counted_to = self._at
        self._lines.setdefault(path, self._line)

    def _header(self) -> Path:
        brackets = 2 if self._text.startswith("[[", self._at) else 1
        self._at += brackets
        base: Path = ()
        parts = self._dotted_key()
        for depth, part in enumerate(parts, start=1):
            base = (*base, part)
            if depth == len(parts) and brackets == 2:
                self._mark(base)
                self._table_arrays[base] = self._table_arrays.get(base, -1) + 1
            if base in self._table_arrays:
                base = (*base, self._table_arrays[base])
            self._mark(base)
        self._at += brackets
        return base

    def _dotted_key(self) -> list[str]:
        parts: list[str] = []
        while True:
            self._skip(_BLANK)
            if self._text[self._at] in "\"'":
                parts.append(self._string())
            else:
                parts.append(self._skip(_BARE))
            self._skip(_BLANK)
            if self._text[self._at] != ".":
                return parts
            self._at += 1

    def _pair(self, base: Path) -> None:
        start = self._at
        for part in self._dotted_key():
            base = (*base, part)
            end, self._at = self._at, start
            self._mark(base)
            self._at = end
        self._at += 1  # the equals sign
        self._skip(_BLANK)
        self._value(base)

    def _value(self, path: Path) -> None:
        first = self._text[self._at]
        if first in "\"'":
            self._string()
        elif first == "[":
            self._array(path)
        elif first == "{":
            self._inline_table(path)
        else:
            self._skip(_SCALAR)

    def _array(self, path: Path) -> None:
        self._at += 1
        index = 0
        self._skip(_GAP)
        while self._text[self._at] != "]":
            element = (*path, index)
            self._mark(element)
            self._value(element)
            self._skip(_GAP)
            if self._text[self._at] == ",":
                self._at += 1
                self._skip(_GAP)
            index += 1
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        self._skip(_GAP)
        while self._text[self._at] != "}":
            self._pair(path)
            self._skip(_GAP)
            if self._text[self._at] == ",":
                self._at += 1
                self._skip(_GAP)
        self._at += 1

    def _string(self) -> str:
        quote = self._text[self._at]
        fence = quote * 3 if self._text.startswith(quote * 3, self._at) else quote
        start = self._at + len(fence)
        end = start
        while not self._text.startswith(fence, end):
            end += 2 if quote == '"' and self._text[end] == "\\" else 1
        # Up to two more quotes before the closing fence belong to a multi-line string.
        while len(fence) == 3 and self._text.startswith(quote, end + 3):
            end += 1
        self._at = end + len(fence)
        body = self._text[start:end]
        return _ESCAPE.sub(_unescape, body) if quote == '"' else body
