"""The command line as a person meets it: help, exit codes, where things are written."""

import importlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tocsin import __version__
from tocsin.cli import COMMANDS, app, main

ROOT = Path(__file__).parents[2]


def run(*arguments, **kwargs):
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", "import sys; from tocsin.cli import main; sys.exit(main())", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=kwargs.pop("cwd", ROOT),
        check=False,
        **kwargs,
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_and_every_option(name, capsys):
    assert main([name, "--help"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"Usage: tocsin {name}")
    for parameter in app[name].assemble_argument_collection(parse_docstring=True):
        if parameter.parameter.show is False:
            continue
        assert parameter.parameter.help, f"tocsin {name}: {parameter.name} has no help"
        assert parameter.name.split(".")[0].lstrip("-").lower() in printed.lower()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_a_typed_function_that_gives_an_exit_code(name):
    function = getattr(importlib.import_module(f"tocsin.cli.{name}"), name)
    assert function.__doc__
    assert function.__annotations__["return"] in ("int", int)


def test_help_and_version_start_without_the_models():
    code = "import sys; from tocsin.cli import main; main(['--help']); main(['--version']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert {"spacy", "sklearn", "scipy", "numpy", "nlp.lexicon"} & loaded == set()


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == __version__


def test_no_command_shows_the_commands(capsys):
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["repla"], "expected a command, got repla (did you mean replay?)"),
        (["zzz"], "expected a command, got zzz\n"),
        (["check", "--strickt"], "--strickt"),
        (["score"], "--truth"),
        (["--log-format", "xml", "check"], "xml"),
        (["check"], "expected at least one settings file, got none"),
    ],
)
def test_bad_usage_says_what_was_wrong_and_exits_with_2(arguments, said, capsys):
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == ""


def test_a_missing_input_is_one_line_not_a_traceback(tmp_path):
    done = run("replay", str(tmp_path / "absent.jsonl"), "--incidents", str(tmp_path / "out.jsonl"))
    assert done.returncode == 2
    assert "absent.jsonl" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_one_line_not_a_traceback():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = {
            "TOCSIN_INGEST__FOLLOW_PATHS": '["-"]',
            "TOCSIN_METRICS__PORT": str(taken.getsockname()[1]),
            "TOCSIN_RUNTIME__EXTRACT_PROCESSES": "0",
        }
        done = run("run", input="", env=os.environ | settings)
    assert done.returncode in {1, 2}
    assert "ddress" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_failure():
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{sys.executable} -m tocsin graph | head -c 1"],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_a_broken_settings_file_stops_a_command_before_it_reads(tmp_path):
    settings = tmp_path / "tocsin.toml"
    settings.write_text("[time]\nlateness = 5\n")
    posts = tmp_path / "posts.jsonl"
    posts.write_text("")
    incidents = tmp_path / "out.jsonl"
    done = run("replay", str(posts), "--incidents", str(incidents), "--config", str(settings))
    assert done.returncode == 2
    assert f"{settings}:2: time.lateness: expected a key of [time]" in done.stderr
    assert not incidents.exists()


def test_a_live_run_logs_json_on_standard_error_and_no_word_of_a_post():
    post = {
        "id": "1",
        "source": "invented",
        "created_at": "2026-06-01T10:00:00Z",
        "author": "somebody",
        "text": "Grosse explosion à Rennes, Capucine Quelquepart est blessée",
    }
    settings = {
        "TOCSIN_INGEST__FOLLOW_PATHS": '["-"]',
        "TOCSIN_METRICS__PORT": "0",
        "TOCSIN_NLP__ENTITIES": "false",
        "TOCSIN_RUNTIME__EXTRACT_PROCESSES": "0",
    }
    lines = "a broken line of Capucine\n" + json.dumps(post) + "\n"
    done = run("--log-format", "json", "--log-level", "debug", "run", input=lines, env=os.environ | settings)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert "serving" in [event["event"] for event in events]
    assert all(event["level"] in {"debug", "info", "warning", "error"} for event in events)
    for word in ("Capucine", "Quelquepart", "somebody"):
        assert word not in done.stderr
        assert word not in done.stdout


LEXICON = """\
lang = "fr"

[[entry]]
id = "fr.fire.flames"
role = "hazard"
hazards = { fire = 1.0 }
strength = 0.8
gate = true
forms = ["flammes"]
matches = ["des flammes partout", "tout est calme"]
not = ["une lettre", "les flammes olympiques"]
"""


def test_test_names_each_example_that_does_not_hold(tmp_path, capsys):
    folder = tmp_path / "lexicon" / "fr"
    folder.mkdir(parents=True)
    (folder / "fire.toml").write_text(LEXICON)
    assert main(["test", str(folder.parent)]) == 1
    first, second, total = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{folder / 'fire.toml'}:3: fr.fire.flames: expected a match in 'tout est calme'")
    assert second.startswith(f"{folder / 'fire.toml'}:3: fr.fire.flames: expected no match in 'les flammes olympiques'")
    assert total == f"{folder.parent}: 1 entries, 4 examples, 2 do not hold"


def test_the_packaged_lexicon_keeps_its_examples(capsys):
    assert main(["test"]) == 0
    assert capsys.readouterr().out.endswith(", 0 do not hold\n")


def test_a_folder_that_is_no_lexicon_is_bad_input(tmp_path, capsys):
    assert main(["test", str(tmp_path)]) == 2
    assert capsys.readouterr().out.startswith(f"{tmp_path}:1: : expected a folder")
