"""Scenario tests with posts go through ingest, gate and extract; the shipped ones must hold."""

from pathlib import Path

from tocsin.cli import main

ROOT = Path(__file__).parents[2]


def test_the_shipped_scenarios_hold_with_the_real_extractor(capsys):
    assert main(["test", str(ROOT / "deploy" / "scenarios")]) == 0
    out = capsys.readouterr().out
    assert out.count(", 0 do not hold") == len(list((ROOT / "deploy" / "scenarios").glob("*.yaml")))


def test_posts_are_said_reposted_and_deleted(tmp_path, capsys):
    path = tmp_path / "t.yaml"
    path.write_text(
        "tests:\n"
        "  - name: copies and deletions\n"
        "    posts:\n"
        "      - {at: 0s, id: first, text: Gros incendie à Nantes en ce moment les flammes sortent du toit}\n"
        "      - {at: 10s, count: 5, every: 5s, repost_of: first, text: Gros incendie à Nantes en ce moment les flammes sortent du toit}\n"
        "      - {at: 40s, text: Énorme feu à Nantes je vois les flammes depuis chez moi, id: second}\n"
        "      - {at: 2m, text: Un immeuble brûle à Nantes et les pompiers arrivent}\n"
        "    deleted:\n"
        "      - {at: 1m, of: second}\n"
        "    expect:\n"
        "      - {none: any}\n"
    )
    assert main(["test", str(path)]) == 0, capsys.readouterr().out
