"""``tocsin test``: run the examples that stand beside the terms of a lexicon."""

from __future__ import annotations

import sys
from pathlib import Path  # the command line resolves the annotation at run time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlp.lexicon import Problem


def test(*folders: Path) -> int:
    """Run the examples of lexicon folders: each `matches` must be found by its entry, each text under `not` must not.

    Prints one line for every example that does not hold, with its file and line. Exits with 0 when all hold, with 1 when one does not
    and with 2 when a folder cannot be read.

    Args:
        folders: lexicon folders (one folder a language, TOML files in it); the packaged lexicon when none is named.
    """
    from nlp.lexicon import Lexicon, LexiconError  # noqa: PLC0415  # other commands start without the lexicon

    code = 0
    for folder in folders or (None,):
        try:
            lexicon = Lexicon.load(folder)
        except LexiconError as error:
            _report(error.problems)
            code = 2
            continue
        problems = lexicon.check()
        _report(problems)
        examples = sum(len(entry.matches) + len(entry.rejects) for entry in lexicon.entries)
        name = "the packaged lexicon" if folder is None else folder
        sys.stdout.write(f"{name}: {len(lexicon.entries)} entries, {examples} examples, {len(problems)} do not hold\n")
        if problems:
            code = max(code, 1)
    return code


def _report(problems: Sequence[Problem]) -> None:
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
