"""Scenario tests: the form, its errors with file and line, and what fails and passes. The shipped ones must hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.analysis.scenario_check import check_file
from tocsin.analysis.scenario_file import duration_ms, load, number_span, time_span
from tocsin.analysis.yaml_lines import YamlError, read
from tocsin.cli import main
from tocsin.settings import Settings

SHIPPED = sorted((Path(__file__).parents[2] / "deploy" / "scenarios").glob("*.yaml"))
SETTINGS = Settings()
FIRE = "      - {at: 0s, count: 6, every: 25s, hazard: fire, place: Nantes, consequences: [damage]}\n"


def no_posts():
    raise AssertionError("only mentions are said here")


def written(tmp_path, expect, said=FIRE, extra=""):
    path = tmp_path / "t.yaml"
    path.write_text(f"tests:\n  - name: one\n    mentions:\n{said}    expect:\n{expect}{extra}")
    return path


def checked(tmp_path, expect, said=FIRE, extra=""):
    return check_file(written(tmp_path, expect, said, extra), SETTINGS, no_posts)


def failures(tmp_path, expect, said=FIRE, extra=""):
    return [str(failure).removeprefix(str(tmp_path)) for failure in checked(tmp_path, expect, said, extra).failures]


@pytest.mark.parametrize("path", [p for p in SHIPPED if "posts:" not in p.read_text()], ids=lambda p: p.stem)
def test_the_shipped_scenarios_hold(path):
    assert check_file(path, SETTINGS, no_posts).failures == ()


def test_there_are_shipped_scenarios_of_two_at_once():
    names = {test.name for path in SHIPPED for test in load(path)[0].tests}
    assert len(names) >= 15
    for words in ("in two towns", "8 km apart", "three days later", "during a match", "five towns"):
        assert any(words in name for name in names), words


def test_what_holds_has_no_failures(tmp_path):
    assert (
        failures(
            tmp_path,
            "      - {incident: fire, place: Nantes, raised: 10s..3m, state: open, voices: 6, commune: '44109'}\n",
        )
        == []
    )


@pytest.mark.parametrize(
    ("expect", "line", "message"),
    [
        ("      - {incident: flood}\n", 6, "expected flood, got fire at Nantes at 1m5s (open, 3 voices)"),
        ("      - {incident: fire, place: Brest}\n", 6, "expected fire within 15 km of Brest, got fire at Nantes"),
        ("      - {incident: fire, raised: ..20s}\n", 6, "expected fire from 0s to 20s, got fire at Nantes"),
        ("      - incident: fire\n        voices: 9\n", 7, "expected voices 9, got 6"),
        ("      - incident: fire\n        state: closed\n", 7, "expected state closed, got open"),
        (
            "      - incident: fire\n        reasons: [raised, closed]\n",
            7,
            "expected revisions raised, closed in this order, got raised, grown",
        ),
        ("      - {none: any}\n", 6, "expected no any, got fire at Nantes"),
        ("      - {none: [fire], place: Nantes}\n", 6, "expected no fire within 15 km of Nantes, got fire"),
        ("      - {held: fire}\n", 6, "expected a held signal of fire, got fire at Nantes"),
    ],
)
def test_what_does_not_hold_is_named_with_its_line(tmp_path, expect, line, message):
    found = failures(tmp_path, expect)
    assert any(one.startswith(f"/t.yaml:{line}: one: ") and message in one for one in found), found


def test_an_incident_that_nobody_expected_fails_the_test(tmp_path):
    assert "expected no other incident, got fire at Nantes" in failures(tmp_path, "      []\n")[0]
    assert failures(tmp_path, "      []\n", extra="    others: allowed\n") == []


def test_one_incident_meets_one_expectation(tmp_path):
    found = failures(tmp_path, "      - {incident: fire}\n      - {incident: fire}\n")
    assert len(found) == 1
    assert found[0].startswith("/t.yaml:7: ")


def test_a_test_known_to_fail_must_fail(tmp_path):
    result = checked(
        tmp_path, "      - {incident: flood}\n", extra="    others: allowed\n    fails: nobody told of a flood\n"
    )
    assert (result.failures, len(result.known)) == ((), 1)
    assert "(known: nobody told of a flood)" in str(result.known[0])
    (holds,) = failures(tmp_path, "      - {incident: fire}\n", extra="    fails: it was so once\n")
    assert "take `fails` away" in holds


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("tests:\n  - name: a\n    mentions:\n      - {at: 0s, hazard: fires}\n", ":4: tests.0.mentions.0.hazard"),
        (
            "tests:\n  - name: a\n    mentions:\n      - at: soon\n        hazard: fire\n",
            ":4: tests.0.mentions.0.at: expected a time such as",
        ),
        ("tests:\n  - name: a\n    mention: []\n", "expected a key of the form, got mention (did you mean mentions?)"),
        ("tests:\n  - name: a\n", "expected mentions or posts, got neither"),
        ("tests:\n  - mentions: [{hazard: fire}]\n", ":2: tests.0.name: expected a value, got nothing"),
        ("tests: []\n", ":1: expected tests, got none"),
        ("tests: [\n", "expected YAML"),
        ("tests:\n  - name: a\n    name: b\n", ":3: expected YAML, got found duplicate key"),
        ("start: noon\ntests:\n  - name: a\n    mentions: [{hazard: fire}]\n", ":1: start: expected an ISO 8601"),
        (
            "settings:\n  detector:\n    min_voice: 2\ntests:\n  - name: a\n    mentions: [{hazard: fire}]\n",
            ":2: settings: detector.min_voice: expected a key of [detector]",
        ),
        (
            "tests:\n  - name: a\n    mentions: [{hazard: fire, place: Xyzzyville}]\n",
            ":2: a: expected a place of the gazetteer",
        ),
        (
            "tests:\n  - name: a\n    mentions: [{hazard: fire, repost_of: b}]\n",
            ":2: a: expected the id of a mention or post, got 'b'",
        ),
        (
            "tests:\n  - name: a\n    mentions: [{hazard: fire}]\n    expect:\n      - {place: Nantes}\n",
            ":5: tests.0.expect.0: expected one of incident, held, none; got none of them",
        ),
        (
            "tests:\n  - name: a\n    mentions: [{hazard: fire}]\n    expect:\n      - {incident: fire, none: any}\n",
            "got incident, none",
        ),
    ],
)
def test_a_file_in_another_form_is_refused_with_its_line(tmp_path, text, problem):
    path = tmp_path / "t.yaml"
    path.write_text(text)
    with pytest.raises(YamlError) as caught:
        check_file(path, SETTINGS, no_posts)
    assert problem in str(caught.value)
    assert str(caught.value).startswith(f"{path}:")


def test_all_problems_are_named_at_once(tmp_path):
    path = tmp_path / "t.yaml"
    path.write_text(
        "tests:\n  - name: a\n    mentions:\n      - {at: x, hazard: fire}\n      - {hazard: fire, count: 0}\n"
    )
    with pytest.raises(YamlError) as caught:
        load(path)
    assert [line.removeprefix(str(path)).split(" ")[0] for line in str(caught.value).splitlines()] == [":4:", ":5:"]


def test_a_bomb_of_aliases_is_refused(tmp_path):
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    path = tmp_path / "bomb.yaml"
    path.write_text("\n".join(rows) + "\n")
    with pytest.raises(YamlError, match="expected at most"):
        read(path)


def test_an_alias_of_itself_ends(tmp_path):
    path = tmp_path / "loop.yaml"
    path.write_text("a: &a [*a]\n")
    assert read(path)[0] == {"a": [None]}


@pytest.mark.parametrize("text", ["", "5", "5 m", "m", "-5m", "5m 3s", "100d", "1h2"])
def test_a_time_in_another_form_is_refused(text):
    with pytest.raises(ValueError, match="expected"):
        duration_ms(text)


def test_spans_are_read():
    assert time_span("..90s") == (0, 90_000)
    assert number_span("2.5") == (2.5, 2.5)
    with pytest.raises(ValueError, match="expected a number"):
        number_span("many")


def test_a_norwegian_country_is_text(tmp_path):
    """YAML 1.2: ``NO`` is no boolean."""
    path = tmp_path / "t.yaml"
    path.write_text("a: NO\nb: yes\nc: 0x10\n")
    assert read(path)[0] == {"a": "NO", "b": "yes", "c": 16}


def test_the_command_gives_a_line_a_failure_and_an_exit_code(tmp_path, capsys):
    path = written(tmp_path, "      - {incident: flood}\n", extra="    others: allowed\n")
    assert main(["test", str(path)]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith(f"{path}:6: one: expected flood, got fire at Nantes")
    assert out[1] == f"{path}: 1 tests, 1 do not hold"
    written(tmp_path, "      - {incident: fire}\n")
    assert main(["test", str(tmp_path)]) == 0
    path.write_text("nonsense")
    assert main(["test", str(path)]) == 2
    assert main(["test", str(tmp_path / "nowhere.yaml")]) == 2
