"""The commands of the README and the tutorial run as they stand, one after the other, in an empty folder."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
TOCSIN = f"{shlex.quote(sys.executable)} -m tocsin"


def script(page):
    """The shell lines of a page, with the installed command replaced by this Python; `make` has tests of its own."""
    lines = "\n".join(FENCE.findall(page.read_text(encoding="utf-8"))).replace("\\\n", " ").splitlines()
    kept = [line for line in lines if line.strip() and not re.match(r"\s*(make|#|open|xdg-open)\b", line)]
    return [re.sub(r"(^|[|&;] *)(\.venv/bin/)?tocsin\b", lambda match: match[1] + TOCSIN, line) for line in kept]


def run(line, folder):
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    environ |= {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def posts(folder):
    made = run(
        f"{TOCSIN} simulate --out {shlex.quote(str(folder / 'posts.jsonl.gz'))} --hours 0.5 --incidents 2 --decoys 1 --seed 5",
        folder,
    )
    assert made.returncode == 0, made.stderr


@pytest.mark.parametrize("name", ["README.md", "docs/tutorial.md"])
def test_the_commands_of_a_page_run_as_they_stand(name, tmp_path):
    lines = script(ROOT / name)
    assert lines
    if name == "README.md":
        posts(tmp_path)
    for line in lines:
        done = run(line, tmp_path)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
