"""The pages of the analyst's tools run as they stand, in one folder; the scenario of theirs holds."""

import re

import pytest
from test_house_snippets_run import ROOT, TOCSIN, run, script

HOW_TO = ROOT / "docs" / "how-to"


def run_page(name, folder):
    lines = script(HOW_TO / name)
    assert lines
    for line in lines:
        done = run(line, folder)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        for page in re.findall(r"--page (\S+)", line):
            assert "<svg" in (folder / page).read_text(encoding="utf-8"), page


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """A folder after the commands of the page on tuning, on whose recording the other pages go on."""
    folder = tmp_path_factory.mktemp("analyst")
    run_page("tune.md", folder)
    return folder


def test_tuning_keeps_what_was_heard(tuned):
    assert {"heard.jsonl.gz", "history.truth.json", "tune.html"} <= {path.name for path in tuned.iterdir()}


@pytest.mark.parametrize("name", ["explain.md", "know-the-blind-spots.md"])
def test_the_commands_of_a_page_run_as_they_stand(name, tuned):
    run_page(name, tuned)


def test_the_scenario_of_the_page_holds(tmp_path):
    text = (HOW_TO / "test-scenarios.md").read_text(encoding="utf-8")
    (body,) = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (tmp_path / "page.yaml").write_text(body, encoding="utf-8")
    done = run(f"{TOCSIN} test page.yaml", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
