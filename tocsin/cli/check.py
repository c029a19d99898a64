"""``tocsin check``: judge settings files before they are used."""

from __future__ import annotations

import os
import sys
from pathlib import Path  # the command line resolves the annotation at run time

from tocsin.settings import SettingsError, load_with_advice


def check(*files: Path, environment: bool = False, strict: bool = False) -> int:
    """Check settings files; name every problem with its file and line.

    Exits with 0 when all are good and with 2 when any is not. Advice is printed and does not count.

    Args:
        files: settings files in TOML.
        environment: read the `TOCSIN_*` variables of this shell over each file, as `run` does.
        strict: advice counts as a problem.
    """
    if not files:
        sys.stderr.write("tocsin check: expected at least one settings file, got none\n")
        return 2
    counted = 0
    for file in files:
        try:
            _, advised = load_with_advice(file, os.environ if environment else {})
        except SettingsError as error:
            counted += len(error.problems)
            sys.stdout.writelines(f"{problem}\n" for problem in error.problems)
        else:
            counted += len(advised) if strict else 0
            sys.stdout.writelines(f"{problem} (advice)\n" for problem in advised)
            if not (strict and advised):
                sys.stdout.write(f"{file}: good\n")
    if counted:
        sys.stdout.write(f"{counted} problem{'s' if counted > 1 else ''}\n")
    return 2 if counted else 0
