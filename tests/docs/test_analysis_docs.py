"""The pages of the analyst's tools run as they stand, one after the other, in one folder; their scenario holds."""

import re
from pathlib import Path

import pytest
from test_house_snippets_run import FENCE, ROOT, TOCSIN, run, script

PAGES = ("tune.md", "explain.md", "know-the-blind-spots.md")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("analyst")


@pytest.mark.parametrize("name", PAGES)
def test_the_commands_of_a_page_run_as_they_stand(name, folder):
    lines = script(ROOT / "docs" / "how-to" / name)
    assert lines
    for line in lines:
        done = run(line, folder)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        for page in re.findall(r"--page (\S+)", line):
            assert "<svg" in (Path(folder) / page).read_text(encoding="utf-8"), page


def test_the_scenario_of_the_page_holds(folder):
    text = (ROOT / "docs" / "how-to" / "test-scenarios.md").read_text(encoding="utf-8")
    (body,) = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert FENCE.findall(text)
    (Path(folder) / "page.yaml").write_text(body, encoding="utf-8")
    done = run(f"{TOCSIN} test page.yaml", folder)
    assert done.returncode == 0, done.stdout + done.stderr
