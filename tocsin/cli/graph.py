"""``tocsin graph``: the topology, for a person or as a diagram."""

from __future__ import annotations

import sys
from typing import Annotated, Final, Literal

from cyclopts import Parameter

from tocsin.pipeline import TOPOLOGY
from tocsin.topics import TOPICS

Form = Literal["text", "mermaid", "markdown"]

_HEAD: Final = """# Topology

Made by `tocsin graph --form markdown` from `tocsin/pipeline/__init__.py`; a test keeps it true.

Embedded (`replay`, `run`, `demo`), the topics are queues in memory: `ingest` and `extract` share a process and run in as many of them as
there are, `detect` and `dispatch` run in one. The messages are the same.
"""


def graph(
    form: Annotated[Form, Parameter(help="`text`, a `mermaid` diagram, or `markdown` with both.")] = "text",
) -> int:
    """Print the topology of the pipeline: stages, and the topics between them."""
    sys.stdout.write(render(form))
    return 0


def render(form: Form) -> str:
    """Give the topology in a form."""
    if form == "text":
        return as_text()
    if form == "mermaid":
        return as_mermaid()
    return f"{_HEAD}\n```mermaid\n{as_mermaid()}```\n\n```text\n{as_text()}```\n"


def as_text() -> str:
    """Give the topology as text, one stage a paragraph.

    >>> as_text().splitlines()[0]
    'ingest (any number of processes): normalise, pseudonymise, redact; drop in memory what holds no term'
    """
    paragraphs = []
    for stage in TOPOLOGY:
        many = "any number of processes" if stage.scales else "one process"
        lines = [f"{stage.name} ({many}): {stage.does}"]
        lines += [f"  reads  {name}" for name in stage.sources]
        lines += [f"  reads  {topic.name} ({', '.join(topic.carries)})" for topic in stage.reads]
        lines += [f"  writes {topic.name} ({', '.join(topic.carries)})" for topic in stage.writes]
        lines += [f"  writes {name}" for name in stage.sinks]
        paragraphs.append("\n".join(lines) + "\n")
    return "\n".join(paragraphs)


def as_mermaid() -> str:
    """Give the topology as a Mermaid flow chart: stages are boxes, topics are cylinders, the world is rounded."""
    used = {topic.name for stage in TOPOLOGY for topic in (*stage.reads, *stage.writes)}
    lines = ["flowchart LR"]
    lines += [f"  {topic.name}[({topic.name})]" for topic in TOPICS if topic.name in used]
    for stage in TOPOLOGY:
        lines.append(f"  {stage.name}[{stage.name}{' ×n' if stage.scales else ''}]")
        lines += [f"  {_node(name)}([{name}]) --> {stage.name}" for name in stage.sources]
        lines += [f"  {topic.name} --> {stage.name}" for topic in stage.reads]
        lines += [f"  {stage.name} --> {topic.name}" for topic in stage.writes]
        lines += [f"  {stage.name} --> {_node(name)}([{name}])" for name in stage.sinks]
    return "\n".join(lines) + "\n"


def _node(name: str) -> str:
    return "".join(char if char.isalnum() else "-" for char in name.lower())
