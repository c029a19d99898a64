"""The topology in the documentation is the one that runs."""

from pathlib import Path

from tocsin.cli.graph import as_mermaid, as_text, render
from tocsin.pipeline import TOPOLOGY
from tocsin.topics import TOPICS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "topology.md"


def test_the_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == render("markdown"), (
        "run: tocsin graph --form markdown > docs/reference/topology.md"
    )


def test_every_topic_that_is_read_is_written_by_a_stage_before():
    written = {
        "verdicts"
    }  # persons write them: on the console, which shows what the last stage wrote, or by programs of theirs
    for stage in TOPOLOGY:
        assert {topic.name for topic in stage.reads} <= written
        written |= {topic.name for topic in stage.writes}


def test_the_forms_name_every_stage_and_topic_in_use():
    used = {topic.name for stage in TOPOLOGY for topic in (*stage.reads, *stage.writes)}
    assert used <= {topic.name for topic in TOPICS}
    for stage in TOPOLOGY:
        assert stage.name in as_text()
    for name in used:
        assert f"{name}[({name})]" in as_mermaid()
