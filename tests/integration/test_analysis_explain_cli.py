"""``tocsin explain`` as a person meets it: ask a recording, get sentences, tables, JSON and a page."""

import json
from pathlib import Path

import pytest
from mentions import T0, mention
from towns import NANTES

from tocsin.analysis.recording import made, read, write
from tocsin.cli import main
from tocsin.model import Exposure


@pytest.fixture
def recording(tmp_path):
    mentions = [mention(n, 20 * n, NANTES, author=f"author-{n}", probability=0.8) for n in range(6)]
    path = tmp_path / "heard.jsonl.gz"
    write(made("heard", mentions), path)
    return str(path)


def asked(capsys, *arguments):
    capsys.readouterr()
    code = main(["explain", *arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_the_incidents_are_listed_and_one_is_explained(recording, tmp_path, capsys):
    code, out, _ = asked(capsys, recording, "--json")
    (incident,) = json.loads(out)
    assert code == 0
    page = tmp_path / "why.html"
    code, out, _ = asked(capsys, recording, "--incident", incident["incident_id"], "--page", str(page))
    assert code == 0
    assert "evidence" in out
    assert "without the strongest voice" in out
    assert "<svg" in page.read_text()
    assert "author-" not in out + page.read_text()


def test_who_asks_a_recording_without_the_number_of_posts_is_told(recording, tmp_path, capsys):
    _, _, err = asked(capsys, recording, "--json")
    assert "packaged pace" in err
    path = tmp_path / "counted.jsonl.gz"
    write(made("counted", read([Path(recording)]).items, [Exposure(T0, "a", 40)]), path)
    _, _, err = asked(capsys, str(path), "--json")
    assert err == ""


def test_why_nothing_was_raised_elsewhere(recording, tmp_path, capsys):
    page = tmp_path / "whynot.html"
    arguments = (recording, "--place", "Brest", "--at", "2026-04-07T06:00:00Z", "--hazard", "fire", "--page", str(page))
    code, out, _ = asked(capsys, *arguments)
    assert code == 0
    assert "Nothing was heard" in out
    assert "<svg" in page.read_text()
    code, out, _ = asked(capsys, *arguments, "--json")
    answer = json.loads(out)
    assert (code, answer["hazard"], answer["unheard"], answer["voices"]) == (0, "fire", None, [])
    assert answer["reasons"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--incident", "nope"], "expected the beginning of one incident"),
        (["--place", "Brest"], "expected --incident, or --place with --at"),
        (["--place", "Brest", "--at", "yesterday"], "--at: expected an ISO 8601 date-time"),
        (["--place", "Xyzzyville", "--at", "2026-04-07T06:00:00Z"], "Xyzzyville: expected a place"),
        (["--set", "detector.nothing=1"], "expected a key of [detector]"),
    ],
)
def test_bad_usage_is_named(recording, arguments, problem, capsys):
    code, _, err = asked(capsys, recording, *arguments)
    assert code == 2
    assert problem in err
