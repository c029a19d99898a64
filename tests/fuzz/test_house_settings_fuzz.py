"""Whatever stands in a settings file or a variable, the reader answers with settings or with problems, each with a place."""

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.settings import Settings, SettingsError, load_settings
from tocsin.settings.load import leaves

EXAMPLE = (Path(__file__).parents[2] / "deploy" / "examples" / "france.toml").read_bytes()
KEYS = [path for path, _ in leaves(Settings)]


def problems(path, environ):
    """What is said against settings; ``None`` when they are taken."""
    try:
        load_settings(path, environ)
    except SettingsError as error:
        return error.problems
    return None


def judge(path, raw):
    path.write_bytes(raw)
    found = problems(path, {})
    assert found is None or len(found) >= 1
    for problem in found or ():
        assert problem.file == str(path)
        assert problem.line is None or 1 <= problem.line <= raw.count(b"\n") + 1
        assert problem.expected
        assert problem.got


@given(raw=st.binary(max_size=200))
def test_any_bytes(tmp_path_factory, raw):
    judge(tmp_path_factory.getbasetemp() / "any.toml", raw)


@given(
    cut=st.integers(0, len(EXAMPLE)),
    width=st.integers(0, 12),
    put=st.text(string.ascii_letters + string.digits + "[]{}=.,#\"'\n _-", max_size=12),
)
def test_a_good_file_with_a_scratch(tmp_path_factory, cut, width, put):
    judge(tmp_path_factory.getbasetemp() / "scratched.toml", EXAMPLE[:cut] + put.encode() + EXAMPLE[cut + width :])


values = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-(2**70), 2**70).map(str),
        st.floats().map(repr),
        st.sampled_from(['""', "'text'", "2026-01-01", "12:00:00", "2026-01-01T00:00:00Z", "[]", "{}"]),
    ).map(lambda value: {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value),
    lambda inner: st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
    max_leaves=4,
)


@given(key=st.sampled_from(KEYS), value=values)
def test_any_value_for_any_key(tmp_path_factory, key, value):
    *sections, name = key
    judge(tmp_path_factory.getbasetemp() / "value.toml", f"[{'.'.join(sections)}]\n{name} = {value}\n".encode())


@given(key=st.sampled_from(KEYS), raw=st.text(max_size=20))
def test_any_variable(key, raw):
    found = problems(None, {"TOCSIN_" + "__".join(key).upper(): raw})
    assert found is None or {problem.line for problem in found} == {None}


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100_000,
        "[time]\npane_secs = " + "9" * 5_000,
        "a" + ".a" * 2_000 + " = 1",
        "a = " + "[" * 40 + "]" * 40,
    ],
    ids=["open arrays", "digits", "dotted key", "closed arrays"],
)
def test_what_is_meant_to_exhaust_the_reader(tmp_path, text):
    judge(tmp_path / "deep.toml", text.encode())


@pytest.mark.parametrize("raw", ["[" * 100_000, "9" * 5_000, "[" * 40 + "]" * 40])
def test_a_variable_that_is_meant_to_exhaust_the_reader(raw):
    (problem,) = problems(None, {"TOCSIN_DETECTOR__WINDOWS_MINS": raw})
    assert problem.key == "TOCSIN_DETECTOR__WINDOWS_MINS"
