"""The line numbers of settings keys, against documents whose lines are known because they were written one by one."""

import json
import tomllib

from hypothesis import given
from hypothesis import strategies as st

from tocsin.settings.lines import key_lines

bare = st.from_regex(r"[a-z_][a-z0-9_-]{0,6}", fullmatch=True)
quoted = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f\x85\xa0\xad"), max_size=6
)
names = st.one_of(bare, quoted)
tails = st.sampled_from(["", "  ", ' # a comment with = and [ and " in it'])


def spell(name: str) -> str:
    """A key as TOML writes it."""
    plain = name and all(c in "abcdefghijklmnopqrstuvwxyz0123456789_-" for c in name)
    return name if plain else json.dumps(name, ensure_ascii=False)


@st.composite
def values(draw, path, line):
    """The text of a value that starts on a line, the lines of what it holds, the lines it takes beyond its first."""
    shape = draw(st.sampled_from(["number", "string", "text", "literal", "array", "spread", "inline", "date"]))
    if shape == "string":
        return json.dumps(draw(quoted), ensure_ascii=False), {}, 0
    if shape == "literal":
        return "'it is [no] = \"table\" # here'", {}, 0
    if shape == "date":
        return "2026-04-07T05:48:00Z", {}, 0
    if shape == "text":
        rows = draw(st.lists(st.sampled_from(["[no.table]", "no = key", '# "', '\\"""', ""]), max_size=4))
        quotes = draw(st.sampled_from(["", '"', '""']))
        return '"""\n' + "".join(f"{row}\n" for row in rows) + quotes + '"""', {}, len(rows) + 1
    if shape == "array":
        count = draw(st.integers(0, 3))
        return "[" + ", ".join(["1"] * count) + "]", {(*path, i): line for i in range(count)}, 0
    if shape == "spread":
        count = draw(st.integers(1, 3))
        held = {(*path, i): line + 1 + i for i in range(count)}
        return "[\n" + "".join(f"  {i}, # [{i}]\n" for i in range(count)) + "]", held, count + 1
    if shape == "inline":
        return '{ a = 1, b.c = "}" }', {(*path, *below): line for below in [("a",), ("b",), ("b", "c")]}, 0
    return draw(st.sampled_from(["0", "-1.5e3", "true", "inf", "0xff"])), {}, 0


@st.composite
def documents(draw):
    lines: list[str] = []
    known: dict[tuple, int] = {}

    def put(text):
        lines.extend(text.split("\n"))

    def pairs(base):
        for name in draw(st.lists(names, max_size=3, unique=True)):
            for _ in range(draw(st.integers(0, 1))):
                put(draw(st.sampled_from(["", "# [a.comment]", "   "])))
            line = len(lines) + 1
            path = (*base, name)
            text, held, _ = draw(values(path, line))
            known[path] = line
            known.update(held)
            put(f"{spell(name)} = {text}{draw(tails)}")

    pairs(())
    taken = {path[0] for path in known}
    for table in draw(st.lists(names, max_size=3, unique=True)):
        if table in taken:
            continue
        if draw(st.booleans()):
            put(f"[ {spell(table)} ]{draw(tails)}")
            known[(table,)] = len(lines)
            pairs((table,))
        else:
            for index in range(draw(st.integers(1, 2))):
                put(f"[[{spell(table)}]]{draw(tails)}")
                known.setdefault((table,), len(lines))
                known[(table, index)] = len(lines)
                pairs((table, index))
    ending = draw(st.sampled_from(["\n", "\r\n"]))
    return ending.join([*lines, ""]), known


def paths(value, base=()):
    """Every path of what the standard reader made of a document."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in below:
        yield (*base, name)
        yield from paths(inner, (*base, name))


@given(documents())
def test_every_key_is_found_on_the_line_it_was_written_on(case):
    document, known = case
    assert key_lines(document) == known


@given(documents())
def test_the_keys_found_are_those_the_standard_reader_finds(case):
    document, _ = case
    assert set(key_lines(document)) == set(paths(tomllib.loads(document)))


def test_dotted_keys_and_nested_tables_count_for_every_table_they_open():
    document = 'a.b."c.d" = 1\n\n[x.y]\nz = 2\n[x.y.w]\n'
    assert key_lines(document) == {
        ("a",): 1,
        ("a", "b"): 1,
        ("a", "b", "c.d"): 1,
        ("x",): 3,
        ("x", "y"): 3,
        ("x", "y", "z"): 4,
        ("x", "y", "w"): 5,
    }
