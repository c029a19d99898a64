"""``tocsin audit``: what an overseer runs."""

import io
import json

import pytest

from ingest.consent import objection as hash_of
from ingest.consent import objections
from tocsin.cli import main
from tocsin.runtime.audit import AuditLog


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "audit.jsonl"
    log = AuditLog(path)
    for number in range(3):
        log.append(at=number * 1_000, who="person-1", action="read.quotes", about=f"i{number}", detail="operator: why")
    return path


def test_a_whole_log_is_verified_and_its_head_told(path, capsys):
    assert main(["audit", "verify", str(path)]) == 0
    head = json.loads(path.read_text().splitlines()[-1])["hash"]
    assert capsys.readouterr().out == f"{path}: 3 entries, head {head}\n"
    assert main(["audit", "verify", str(path), "--head", head]) == 0


def test_a_changed_log_is_broken_where_it_was_changed(path, capsys):
    path.write_text(path.read_text().replace("i1", "i9"))
    assert main(["audit", "verify", str(path)]) == 1
    assert "broken: line 2: it was changed" in capsys.readouterr().out


def test_a_log_that_was_cut_off_is_known_by_its_head(path, capsys):
    head = json.loads(path.read_text().splitlines()[-1])["hash"]
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:2]))
    assert main(["audit", "verify", str(path)]) == 0
    assert main(["audit", "verify", str(path), "--head", head]) == 1
    assert "cut off or made anew" in capsys.readouterr().out


def test_the_log_of_the_settings_is_shown(path, tmp_path, capsys):
    config = tmp_path / "tocsin.toml"
    config.write_text(f'[privacy]\naudit_path = "{path}"\n')
    assert main(["audit", "show", "--config", str(config), "--last", "2"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in shown] == ["2", "3"]
    assert shown[1] == "3  1970-01-01T00:00:02.000Z  person-1  read.quotes  i2  operator: why"


def test_an_absent_log_is_no_whole_log(tmp_path, capsys):
    assert main(["audit", "verify", str(tmp_path / "none")]) == 2
    assert "there is no such log" in capsys.readouterr().err


def say(monkeypatch, *accounts):
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{account}\n" for account in accounts)))


def test_an_objection_is_noted_without_the_name_once_and_taken_back(tmp_path, monkeypatch, capsys):
    path = tmp_path / "objections"
    path.write_text("# by letter\n")
    for _ in range(2):
        say(monkeypatch, "did:plc:someone", "did:plc:another")
        assert main(["objection", "bluesky", "--file", str(path)]) == 0
    assert "someone" not in path.read_text()
    assert objections(path.read_text()) == {
        hash_of("bluesky", "did:plc:someone"),
        hash_of("bluesky", "did:plc:another"),
    }
    assert path.read_text().startswith("# by letter\n")
    say(monkeypatch, "did:plc:someone")
    assert main(["objection", "bluesky", "--file", str(path), "--withdraw"]) == 0
    assert objections(path.read_text()) == {hash_of("bluesky", "did:plc:another")}
    assert capsys.readouterr().out.splitlines()[-1] == f"{path}: 1 changed, 2 lines"


def test_the_list_of_the_settings_is_taken(tmp_path, monkeypatch):
    config = tmp_path / "tocsin.toml"
    config.write_text(f'[consent]\nobjections_path = "{tmp_path / "list"}"\n')
    say(monkeypatch, "a")
    assert main(["objection", "x", "--config", str(config)]) == 0
    assert objections((tmp_path / "list").read_text()) == {hash_of("x", "a")}


@pytest.mark.parametrize(
    ("accounts", "options", "said"),
    [
        ((), ["--file", "{list}"], "expected ids of accounts"),
        (("x" * 3_000,), ["--file", "{list}"], "expected ids of accounts"),
        (("x",), [], "expected a list in consent.objections_path"),
        (("x",), ["--file", "{broken}"], "line 1: expected 32 hex digits"),
    ],
)
def test_an_objection_that_cannot_be_noted_is_refused(tmp_path, monkeypatch, capsys, accounts, options, said):
    (tmp_path / "broken").write_text("a name\n")
    given = [one.format(list=tmp_path / "list", broken=tmp_path / "broken") for one in options]
    say(monkeypatch, *accounts)
    assert main(["objection", "bluesky", *given]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "list").exists()
