"""The coverage-guided fuzzer runs, for as many inputs as it is told, and a failing input ends it with an error."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

GUIDED = Path(__file__).parents[2] / "scripts" / "fuzz_guided.py"
if "CI" not in os.environ:
    pytest.importorskip("atheris", reason="atheris has no wheel for this machine")


def fuzz(folder, *argv):
    return subprocess.run(
        [sys.executable, *argv, f"-artifact_prefix={folder}/", "-seed=7"],
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(("target", "runs"), [("hearing", 1_000), ("lines", 10_000)])
def test_no_input_fails(tmp_path, target, runs):
    done = fuzz(tmp_path, str(GUIDED), target, f"-runs={runs}")
    assert done.returncode == 0, done.stderr[-2_000:]
    (count,) = re.findall(r"^Done (\d+) runs", done.stderr, re.MULTILINE)
    assert int(count) >= runs  # the first inputs may be more
    assert list(tmp_path.iterdir()) == []


def test_an_input_that_fails_is_kept_and_ends_it(tmp_path):
    """The target is broken on purpose: what is found has to be found by coverage, for no seed holds it."""
    planted = (
        f"import sys; sys.path.insert(0, {str(GUIDED.parent)!r}); import atheris, fuzz_guided\n"
        "@atheris.instrument_func\n"
        "def broken(data):\n"
        "    if data[:1] == b'\\x01':\n"
        "        if data[1:2] == b'\\x02':\n"
        "            raise KeyError\n"
        "fuzz_guided.TARGETS['lines'] = broken\n"
        "fuzz_guided.main(['fuzz', 'lines', *sys.argv[1:]])\n"
    )
    done = fuzz(tmp_path, "-c", planted, "-runs=2000000")
    assert done.returncode != 0
    assert "KeyError" in done.stdout + done.stderr
    (kept,) = tmp_path.iterdir()
    assert kept.read_bytes()[:2] == b"\x01\x02"


def test_an_unknown_target_is_refused(tmp_path):
    done = fuzz(tmp_path, str(GUIDED), "nothing")
    assert done.returncode != 0
    assert "expected one of hearing, lines" in done.stderr
