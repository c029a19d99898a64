"""What can be wrong with settings: one value per problem, and the error that carries them all."""

from __future__ import annotations

import msgspec


class Problem(msgspec.Struct, frozen=True, order=True):
    """One thing wrong with one setting.

    ``file`` is the path of the settings file, or ``environment``; ``line`` counts from 1 and is ``None`` in the environment, where
    ``key`` is the name of the variable.

    >>> str(Problem("t.toml", 3, "time.pane_sec", "a key of [time]", "pane_sec", "time.pane_secs"))
    't.toml:3: time.pane_sec: expected a key of [time], got pane_sec (did you mean time.pane_secs?)'
    """

    file: str
    line: int | None
    key: str
    expected: str
    got: str
    nearest: str | None = None

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        hint = f" (did you mean {self.nearest}?)" if self.nearest else ""
        return f"{where}: {self.key}: expected {self.expected}, got {self.got}{hint}"


class SettingsError(ValueError):
    """Settings cannot be used; ``problems`` names every reason, in the order of the file."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
