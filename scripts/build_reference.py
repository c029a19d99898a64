"""Write docs/reference from the code: settings, command line, messages, topics, dead letters, metrics.

Usage: python scripts/build_reference.py [--check]

With ``--check`` nothing is written; pages that are out of date are named and the exit code is 1.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args, get_origin

import msgspec
from pydantic import BaseModel

from dispatch import asyncapi, openapi, public
from tocsin import model, topics
from tocsin.cli import COMMANDS, app
from tocsin.model import (
    Alert,
    Digest,
    ExerciseWindow,
    Verdict,
    alert,
    control,
    incident,
    mention,
    place,
    post,
    refused,
    verdict,
)
from tocsin.runtime import metrics
from tocsin.settings import Settings
from tocsin.settings.describe import describe, section_of
from tocsin.settings.load import PREFIX
from tocsin.time import DAY_MS, MINUTE_MS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT: Final = Path(__file__).parents[1]
FOLDER: Final = ROOT / "docs" / "reference"
MODEL: Final = (place, post, mention, control, incident, verdict, alert, refused)
"""The modules of messages, in the order in which a post meets them."""
MADE: Final = "<!-- Written by scripts/build_reference.py from the code: `make docs`. Do not edit. -->"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Give a Markdown table."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [
        f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in row)} |" for row in rows
    ]
    return "\n".join(lines)


def toml(value: Any) -> str:
    """Give a default as TOML writes it."""
    if value is None:
        return "none"
    if isinstance(value, tuple | list | frozenset):
        return f"`[{', '.join(json.dumps(item, ensure_ascii=False) for item in value)}]`"
    if isinstance(value, dict):
        return "`{}`" if not value else f"`{json.dumps(value, ensure_ascii=False)}`"
    return f"`{json.dumps(value, ensure_ascii=False, default=str)}`"


def settings_page() -> str:
    """Every section and field of the settings."""
    parts = [
        "# Settings",
        (
            "Settings are read from a TOML file (`--config`), then from `TOCSIN_SECTION__FIELD` variables, which win. Unknown keys and unknown "
            "`TOCSIN_*` variables are refused; `tocsin check FILE` names every problem at once. The unit of a number is the end of its name."
        ),
    ]
    for name, field in Settings.model_fields.items():
        section = section_of(field.annotation)
        assert section is not None
        rows = []
        for key, inner in section.model_fields.items():
            assert inner.description, f"{name}.{key} has no description"
            default = inner.get_default(call_default_factory=True)
            variable = f"{PREFIX}{name}__{key}".upper()
            shown = "see below" if isinstance(default, BaseModel) else toml(default)
            rows.append((f"`{key}`", describe(inner), shown, f"{inner.description}<br>`{variable}`"))
        parts += [
            f"## [{name}]",
            inspect.cleandoc(section.__doc__ or ""),
            table(("key", "accepts", "default", "meaning"), rows),
            *(
                part
                for key, inner in section.model_fields.items()
                for part in inner_tables(f"{name}.{key}", inner.annotation)
            ),
        ]
    return "\n\n".join(parts)


def inner_tables(name: str, annotation: Any) -> list[str]:
    """The tables that stand within a section: one, or an array of them."""
    many = get_origin(annotation) is tuple
    found = next((part for part in (*get_args(annotation), annotation) if is_table(part)), None)
    if found is None:
        return []
    rows = []
    for key, inner in found.model_fields.items():
        assert inner.description, f"{name}.{key} has no description"
        default = "required" if inner.is_required() else toml(inner.get_default(call_default_factory=True))
        rows.append((f"`{key}`", describe(inner), default, inner.description))
    heading = f"### [[{name}]]" if many else f"### [{name}]"
    return [heading, inspect.cleandoc(found.__doc__ or ""), table(("key", "accepts", "default", "meaning"), rows)]


def is_table(annotation: Any) -> bool:
    """Whether an annotation is a table of settings."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def cli_page() -> str:
    """Every command and option."""
    parts = [
        "# Command line",
        (
            "`tocsin COMMAND --help` prints the same. `--log-format console|json` and `--log-level debug|info|warning|error` stand before the "
            "command; logs go to standard error."
        ),
        table(
            ("exit code", "meaning"),
            [
                ("0", "done"),
                ("1", "the thing asked for failed (an example does not hold, a stage gave up)"),
                ("2", "bad usage, settings or input: what was expected and what came is printed"),
                ("130", "interrupted"),
            ],
        ),
        table(("command", "what it does"), [(f"[`{name}`](#{name})", text) for name, text in COMMANDS.items()]),
    ]
    for name in COMMANDS:
        function = getattr(importlib.import_module(f"tocsin.cli.{name}"), name)
        told = inspect.cleandoc(function.__doc__ or "").split("\nArgs:")[0].strip()
        written = app[name].generate_docs(heading_level=2, usage_name=f"tocsin {name}")
        options = written[written.index("```console") :]
        usage, rest = options.split("```\n", 1)
        lists = rest[rest.index("**") :] if "**" in rest else ""
        parts += [f"## {name}", f"{usage}```", told, lists.strip()]
    return "\n\n".join(part for part in parts if part)


def attributes(tree: ast.Module) -> dict[str, list[tuple[str, str, str, str]]]:
    """Give the fields of every class of a module as written: name, type, default, the string below it."""
    found: dict[str, list[tuple[str, str, str, str]]] = {}
    for node in tree.body:
        if not isinstance(node, ast.ClassDef):
            continue
        rows = found.setdefault(node.name, [])
        for statement, following in zip(node.body, [*node.body[1:], None], strict=True):
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                told = ""
                if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
                    told = str(following.value.value)
                default = ast.unparse(statement.value) if statement.value is not None else "required"
                rows.append((statement.target.id, ast.unparse(statement.annotation), default, told))
    return found


def aliases(tree: ast.Module) -> Iterable[tuple[str, str, str]]:
    """Give the closed lists of a module: name, values, the string below it."""
    for statement, following in zip(tree.body, [*tree.body[1:], None], strict=True):
        if isinstance(statement, ast.Assign) and ast.unparse(statement.value).startswith("Literal["):
            told = ""
            if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
                told = str(following.value.value)
            values = [
                str(ast.literal_eval(item)) for item in ast.walk(statement.value) if isinstance(item, ast.Constant)
            ]
            yield ast.unparse(statement.targets[0]), " ".join(f"`{value}`" for value in values), told


def prose(text: str) -> str:
    """Give a docstring as Markdown: double backquotes become single ones."""
    return inspect.cleandoc(text).replace("``", "`")


def messages_page() -> str:
    """Every message type and its fields."""
    trees = [ast.parse(inspect.getsource(part)) for part in MODEL]
    parts = [
        "# Messages",
        prose(model.__doc__ or ""),
        (
            "A record is MessagePack: `[version, type, message]`; a batch of posts is a list of such records. The public JSON of incidents "
            "writes instants as ISO 8601 UTC."
        ),
    ]
    for name, rows in (item for tree in trees for item in attributes(tree).items()):
        told = prose(getattr(model, name).__doc__ or "")
        shown = [(f"`{key}`", f"`{kind}`", f"`{default}`", prose(text)) for key, kind, default, text in rows]
        parts += [f"## {name}", told, table(("field", "type", "default", "meaning"), shown)]
    parts += [
        "## Closed lists",
        table(("name", "values", "meaning"), [(n, v, prose(t)) for tree in trees for n, v, t in aliases(tree)]),
    ]
    return "\n\n".join(parts)


def duration(span_ms: int) -> str:
    """Give a span in the largest unit that divides it."""
    if span_ms % DAY_MS == 0:
        return f"{span_ms // DAY_MS} d"
    return f"{span_ms // MINUTE_MS} min"


def topics_page() -> str:
    """Every topic."""
    rows = [
        (f"`{t.name}`", ", ".join(t.carries), t.key, str(t.partitions), duration(t.retention_ms), t.cleanup)
        for t in topics.TOPICS
    ]
    head = ("topic", "carries", "key", "partitions", "kept", "cleanup")
    return "\n\n".join(["# Topics", prose(topics.__doc__ or ""), table(head, rows)])


def dead_letters_page() -> str:
    """Every reason of a dead letter."""
    rows = [(f"`{reason}`", meaning) for reason, meaning in model.DEAD_REASONS.items()]
    return "\n\n".join(
        [
            "# Dead letters",
            (
                "Input that cannot be used never stops a worker and never disappears: it becomes a dead letter with the stage that refused it, a "
                "reason of this closed list, what was expected and what came, the file and the line, and its first bytes with letters masked."
            ),
            table(("reason", "meaning"), rows),
        ]
    )


def metrics_page() -> str:
    """Every metric."""
    rows = [
        (
            f"`{metric.name}{'_total' if metric.kind == 'counter' else ''}`",
            metric.kind,
            ", ".join(f"`{label}`" for label in metric.labels) or "none",
            metric.meaning,
        )
        for metric in metrics.METRICS
    ]
    served = (
        "`run` and `demo` serve them at `/metrics` (settings: `[metrics]`), beside `/healthz` (the process lives) and `/readyz` (all stages "
        "are loaded). No label takes its values from the world (a term, a place, an author): each comes from a closed or bounded list."
    )
    return "\n\n".join(["# Metrics", served, table(("metric", "kind", "labels", "meaning"), rows)])


def as_json(value: Any) -> str:
    """A document for programs."""
    return msgspec.json.format(msgspec.json.encode(value, order="sorted")).decode()


PAGES: Final = {
    "settings.md": settings_page,
    "cli.md": cli_page,
    "messages.md": messages_page,
    "topics.md": topics_page,
    "dead-letters.md": dead_letters_page,
    "metrics.md": metrics_page,
    "openapi.json": lambda: as_json(openapi.document()),
    "asyncapi.json": lambda: as_json(asyncapi.document()),
    "alert.schema.json": lambda: as_json(public.schema(Alert)),
    "digest.schema.json": lambda: as_json(public.schema(Digest)),
    "verdict.schema.json": lambda: as_json(public.schema(Verdict)),
    "exercise.schema.json": lambda: as_json(public.schema(ExerciseWindow)),
}


def main(arguments: list[str]) -> int:
    """Write the pages, or with ``--check`` name those that are out of date."""
    stale = []
    for name, build in PAGES.items():
        text = f"{MADE}\n\n{build()}\n" if name.endswith(".md") else f"{build()}\n"
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in arguments:
                FOLDER.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"docs/reference/{name}: {'out of date' if '--check' in arguments else 'written'}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
