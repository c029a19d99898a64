"""Broken settings files: one reason a file, each named with its place, what was expected, what came."""

import os
from pathlib import Path

import pytest

from tocsin.cli import main
from tocsin.settings import Settings, SettingsError, load_settings, load_with_advice

HERE = Path(__file__).parent
EXAMPLES = sorted((HERE.parents[1] / "deploy" / "examples").glob("*.toml"))

BROKEN = [
    # file, line, key, expected (its start), got, nearest
    ("syntax", 4, "file", "valid TOML", '"lateness_secs =": Invalid value', None),
    ("written_twice", 4, "file", "valid TOML", '"min_voices = 4": Cannot overwrite a value', None),
    ("unknown_section", 5, "detectr", "a section", "detectr", "detector"),
    ("unknown_key", 3, "time.lateness", "a key of [time]", "lateness", "time.lateness_secs"),
    ("key_of_another_section", 5, "runtime.lateness_secs", "a key of [runtime]", "lateness_secs", "time.lateness_secs"),
    ("wrong_type", 2, "time.pane_secs", "a whole number from 1 to 600", '"10"', None),
    ("out_of_range", 3, "detector.base_probability", "a number greater than 0 and less than 1", "1.5", None),
    ("wrong_element", 5, "detector.windows_mins.2", "a valid number", '"sixty"', None),
    ("section_is_no_table", 1, "metrics", "a table", "9464", None),
    ("infinite", 2, "detector.false_alarm_budget_mins", "a finite number", "inf", None),
    ("contradiction_in_a_section", 1, "detector", "close_mins must not be shorter than quiet_mins", "a table", None),
    (
        "one_file_for_two",
        3,
        "dispatch.geojson_path",
        "another file than dispatch.incidents_path",
        "out/incidents.jsonl",
        None,
    ),
    (
        "unknown_hazard",
        3,
        "detector.spread_km.earthquakes",
        "a hazard (fire, ",
        "earthquakes",
        "detector.spread_km.earthquake",
    ),
    (
        "territory_in_small_letters",
        3,
        "detector.territory_budgets_mins.be",
        "a country of two capital letters",
        "be",
        "detector.territory_budgets_mins.BE",
    ),
    ("console_without_accounts", 1, "console.accounts_path", "a file of accounts", "nothing", None),
    ("console_open_without_tls", 4, "console.host", "loopback, or TLS", "0.0.0.0", None),
    ("not_utf8", 2, "file", "UTF-8 text", "the byte 0xe9", None),
]


@pytest.mark.parametrize(
    ("name", "line", "key", "expected", "got", "nearest"), BROKEN, ids=[case[0] for case in BROKEN]
)
def test_each_broken_file_names_its_one_problem(name, line, key, expected, got, nearest):
    path = HERE / "broken" / f"{name}.toml"
    with pytest.raises(SettingsError) as caught:
        load_settings(path, {})
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.key) == (str(path), line, key)
    assert problem.expected.startswith(expected)
    assert problem.got == got
    assert problem.nearest == nearest


def test_every_broken_file_stands_in_the_table():
    assert sorted(path.stem for path in (HERE / "broken").glob("*.toml")) == sorted(case[0] for case in BROKEN)


def test_all_problems_come_at_once_in_the_order_of_the_file():
    with pytest.raises(SettingsError) as caught:
        load_settings(HERE / "several.toml", {})
    assert [(problem.line, problem.key) for problem in caught.value.problems] == [
        (2, "time.pane_secs"),
        (3, "time.panes"),
        (6, "nlp.entities"),
        (8, "metric"),
    ]


def test_check_prints_file_line_expected_got_and_the_nearest_name(capsys):
    path = HERE / "broken" / "unknown_key.toml"
    assert main(["check", str(path)]) == 2
    assert capsys.readouterr().out == (
        f"{path}:3: time.lateness: expected a key of [time], got lateness (did you mean time.lateness_secs?)\n1 problem\n"
    )


def test_check_judges_every_file_it_is_given(capsys, tmp_path):
    good = tmp_path / "good.toml"
    good.write_text("[time]\npane_secs = 20\n")
    assert main(["check", str(HERE / "broken" / "syntax.toml"), str(good), str(HERE / "several.toml")]) == 2
    out = capsys.readouterr().out
    assert f"{good}: good\n" in out
    assert out.endswith("5 problems\n")


def test_a_missing_file_is_a_problem_of_its_own(tmp_path):
    with pytest.raises(SettingsError, match=r"absent\.toml: file: expected a readable file, got No such file"):
        load_settings(tmp_path / "absent.toml", {})


def test_an_overlong_file_is_refused_unread(tmp_path):
    long = tmp_path / "long.toml"
    long.write_bytes(b"#" * 100_001)
    with pytest.raises(SettingsError, match="expected at most 100000 bytes, got 100001 bytes"):
        load_settings(long, {})


def test_the_examples_are_good_and_surprise_nobody():
    assert EXAMPLES, "deploy/examples holds settings files"
    for path in EXAMPLES:
        settings, advised = load_with_advice(path, {})
        assert advised == [], path
        assert settings != Settings(), f"{path} changes nothing"


def test_the_defaults_surprise_nobody():
    settings, advised = load_with_advice(None, {})
    assert settings == Settings()
    assert advised == []


def test_a_variable_wins_over_the_file(tmp_path):
    path = tmp_path / "tocsin.toml"
    path.write_text("[metrics]\nport = 9000\nhost = 'localhost'\n")
    settings = load_settings(path, {"TOCSIN_METRICS__PORT": "9001", "HOME": "/nowhere"})
    assert (settings.metrics.port, settings.metrics.host) == (9001, "localhost")


@pytest.mark.parametrize(
    ("name", "raw", "read"),
    [
        ("TOCSIN_METRICS__HOST", "127", "127"),  # text stays text, though it spells a number
        ("TOCSIN_METRICS__ENABLED", "false", False),
        ("TOCSIN_DETECTOR__WINDOWS_MINS", "[2, 30.5]", (2.0, 30.5)),
        ("TOCSIN_DETECTOR__TERRITORY_BUDGETS_MINS", "{FR = 20160}", {"FR": 20160.0}),
        ("TOCSIN_DISPATCH__INCIDENTS_PATH", "out/a b.jsonl", Path("out/a b.jsonl")),
    ],
)
def test_a_variable_is_read_as_its_field_wants_it(name, raw, read):
    section, field = name.removeprefix("TOCSIN_").lower().split("__")
    assert getattr(getattr(load_settings(None, {name: raw}), section), field) == read


@pytest.mark.parametrize(
    ("name", "raw", "expected", "nearest"),
    [
        ("TOCSIN_METRICS__PROT", "1", "TOCSIN_SECTION__FIELD of a known field", "TOCSIN_METRICS__PORT"),
        ("TOCSIN_METRICS", "1", "TOCSIN_SECTION__FIELD of a known field", None),
        ("TOCSIN_HOME", "/x", "TOCSIN_SECTION__FIELD of a known field", None),
        ("TOCSIN_METRICS__PORT", "many", "a whole number from 0 to 65535", None),
        ("TOCSIN_METRICS__PORT", "70000", "a whole number from 0 to 65535", None),
    ],
)
def test_a_variable_that_cannot_be_used_is_refused_by_name(name, raw, expected, nearest):
    with pytest.raises(SettingsError) as caught:
        load_settings(None, {name: raw})
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.key, problem.expected) == ("environment", None, name, expected)
    if nearest is not None:
        assert problem.nearest == nearest


def test_a_variable_cannot_repair_a_section_that_is_no_table():
    with pytest.raises(SettingsError) as caught:
        load_settings(HERE / "broken" / "section_is_no_table.toml", {"TOCSIN_METRICS__PORT": "1"})
    assert [(problem.line, problem.key) for problem in caught.value.problems] == [(1, "metrics")]


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("[time]\npane_secs = 10\nlateness_secs = 11\n", 3, "time.lateness_secs"),
        ("[metrics]\n\nhost = '0.0.0.0'\n", 3, "metrics.host"),
        ("[metrics]\nport = 80\n", 2, "metrics.port"),
        ("[detector]\nwatch_secs = 5\n", 2, "detector.watch_secs"),
        ("[time]\npane_secs = 600\n[detector]\nwatch_secs = 0\n", 3, "detector.windows_mins"),
    ],
)
def test_advice_is_given_with_its_line_and_refuses_only_when_strict(tmp_path, capsys, text, line, key):
    path = tmp_path / "tocsin.toml"
    path.write_text(text)
    assert main(["check", str(path)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"{path}:{line}: {key}: expected ")
    assert "(advice)\n" in printed
    assert main(["check", "--strict", str(path)]) == 2


def test_check_reads_the_environment_only_when_asked(monkeypatch, tmp_path, capsys):
    good = tmp_path / "good.toml"
    good.write_text("")
    monkeypatch.setitem(os.environ, "TOCSIN_METRICS__PORT", "many")
    assert main(["check", str(good)]) == 0
    assert main(["check", "--environment", str(good)]) == 2
    assert "environment: TOCSIN_METRICS__PORT" in capsys.readouterr().out
