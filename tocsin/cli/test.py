"""``tocsin test``: run scenario tests, and the examples that stand beside the terms of a lexicon."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path  # the command line resolves the annotation at run time
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from tocsin.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ingest.block import Block
    from nlp.lexicon import Problem
    from tocsin.pipeline.hear import Heard

SCENARIOS: Final = (".yaml", ".yml")


def test(
    *paths: Annotated[Path, Parameter(help="Scenario tests (.yaml), folders of them, or lexicon folders.")],
    config: Annotated[Path | None, Parameter(help="Settings file (TOML) under which scenario tests run.")] = None,  # noqa: PT028  # no test of pytest
) -> int:
    """Run scenario tests, and the examples of lexicon folders; the packaged lexicon when nothing is named.

    A scenario test says who posts what when, and which incidents must come of it. In a lexicon folder (one folder a language, TOML files
    in it) each `matches` must be found by its entry, each text under `not` must not. Prints one line for everything that does not hold,
    with its file and line. Exits with 0 when all holds, with 1 when something does not and with 2 when something cannot be read.
    """
    settings = load_settings(config, os.environ)
    hearing = cache(lambda: _hearing(settings))
    code = 0
    for path in paths or (None,):
        if path is None:
            code = max(code, _lexicon(None))
            continue
        files = _scenarios(path)
        codes = [_scenario(file, settings, hearing) for file in files] if files else [_lexicon(path)]
        code = max(code, *codes)
    return code


def _scenarios(path: Path) -> list[Path]:
    """Give the scenario tests of a path: itself, or those of a folder and the folders in it."""
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.suffix in SCENARIOS)
    return [path] if path.suffix in SCENARIOS else []


def _hearing(settings: Settings) -> Callable[[Block], Heard]:
    from tocsin.pipeline.hear import HearFactory  # noqa: PLC0415  # only tests with posts need the language tools

    return HearFactory(settings)()


def _scenario(path: Path, settings: Settings, hearing: Callable[[], Callable[[Block], Heard]]) -> int:
    from tocsin.analysis.scenario_check import check_file  # noqa: PLC0415  # lexicon tests start without the detector
    from tocsin.analysis.yaml_lines import YamlError  # noqa: PLC0415

    try:
        result = check_file(path, settings, hearing)
    except (YamlError, OSError) as error:
        sys.stdout.write(f"{error if isinstance(error, YamlError) else f'{path}:1: {error.strerror}'}\n")
        return 2
    sys.stdout.writelines(f"{failure}\n" for failure in (*result.failures, *result.known))
    failed = len({failure.test for failure in result.failures})
    known = len({failure.test for failure in result.known})
    also = f", {known} known not to hold" if known else ""
    sys.stdout.write(f"{path}: {result.tests} tests, {failed} do not hold{also}\n")
    return 1 if result.failures else 0


def _lexicon(folder: Path | None) -> int:
    from nlp.lexicon import Lexicon, LexiconError  # noqa: PLC0415  # other commands start without the lexicon

    try:
        lexicon = Lexicon.load(folder)
    except LexiconError as error:
        _report(error.problems)
        return 2
    problems = lexicon.check()
    _report(problems)
    examples = sum(len(entry.matches) + len(entry.rejects) for entry in lexicon.entries)
    name = "the packaged lexicon" if folder is None else folder
    sys.stdout.write(f"{name}: {len(lexicon.entries)} entries, {examples} examples, {len(problems)} do not hold\n")
    return 1 if problems else 0


def _report(problems: Sequence[Problem]) -> None:
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
