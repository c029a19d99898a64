"""The pages tell the truth: references are current, links lead somewhere, snippets are accepted by the code they speak of."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from cyclopts import CycloptsError

from tocsin.cli import app
from tocsin.settings import load_settings

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").rglob("*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
ids = [str(page.relative_to(ROOT)) for page in PAGES]


def fences(page, language):
    return [body for kind, body in FENCE.findall(page.read_text(encoding="utf-8")) if kind == language]


def commands():
    """Every `tocsin …` line of a shell snippet, with its page."""
    for page in PAGES:
        for body in fences(page, "sh"):
            for line in body.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                words = [word for word in words if not re.fullmatch(r"TOCSIN_\w+=.*", word)]
                for end, word in enumerate(words):
                    if word in {"|", ">", "&&", "2>"}:
                        words = words[:end]
                        break
                if words and words[0].rpartition("/")[2] == "tocsin":
                    yield page, words[1:]


def anchors(page):
    """The anchors of a page's headings, as web hosts make them."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE):
        kept = re.sub(r"[^\w\- ]", "", heading.lower())
        yield kept.replace(" ", "-")


def test_the_reference_pages_are_what_the_code_says():
    done = subprocess.run(
        [sys.executable, "scripts/build_reference.py", "--check"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("", ""), "run: make docs"
    assert done.returncode == 0


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_link_leads_somewhere(page):
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in LINK.findall(text):
        if re.match(r"(https?|mailto):", target):
            continue
        path, _, anchor = target.partition("#")
        aim = (page.parent / path).resolve() if path else page
        assert aim.exists(), f"{page.relative_to(ROOT)}: {target}"
        if anchor and aim.suffix == ".md":
            assert anchor in set(anchors(aim)), f"{page.relative_to(ROOT)}: {target}"


def test_every_page_can_be_reached_from_the_readme():
    seen, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        for target in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
            path = target.partition("#")[0]
            aim = (page.parent / path).resolve()
            if path.endswith(".md") and aim.exists():
                waiting.append(aim)
    lost = [str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md") if page not in seen]
    assert lost == []


def test_settings_snippets_pass_the_strict_reader(tmp_path):
    found = 0
    for page in PAGES:
        for number, body in enumerate(fences(page, "toml")):
            if "entry" in tomllib.loads(body):
                continue  # a lexicon snippet
            path = tmp_path / f"{page.stem}-{number}.toml"
            path.write_text(body, encoding="utf-8")
            load_settings(path, {})
            found += 1
    assert found >= 2


def test_command_snippets_are_accepted_by_the_command_line():
    found = list(commands())
    assert len(found) >= 10
    for page, tokens in found:
        if tokens[:1] in ([], ["--help"], ["--version"]) or "--help" in tokens:
            continue
        bare = list(tokens)
        while bare[0].startswith("--log-"):
            del bare[:2]
        try:
            app.parse_args(bare, exit_on_error=False, print_error=False)
        except CycloptsError as error:
            pytest.fail(f"{page.relative_to(ROOT)}: tocsin {' '.join(tokens)}: {error}")


def test_make_snippets_name_chores_that_exist():
    chores = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in PAGES:
        for body in fences(page, "sh"):
            for chore in re.findall(r"^make ([a-z-]+)", body, re.MULTILINE):
                assert chore in chores, f"{page.relative_to(ROOT)}: make {chore}"
