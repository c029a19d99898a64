"""Replay every scenario of a data folder, score it, and write ``docs/evaluation.md``.

Usage: python benchmarks/evaluate.py DATA [--out docs/evaluation.md] [--work out/evaluation] [--only NAME…] [--processes N]

The incidents written for this project (``written_days.py``) are replayed too. Each scenario is replayed by the command line in a process of
its own, scored by ``tocsin.scoring``, and scored again by the data folder's own ``score.py`` (the oracle); a difference in any digit ends
the run with 1. Posts' texts never leave the data folder. Of held scenarios only sums are told.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

from findings import found, read_findings
from recorded import unseen
from written_days import build

from tocsin.scoring import read_alerts, read_truth, read_voices, score
from tocsin.scoring.convention import percentile

KINDS = {
    "own-twins-held": "own twins, held",
    "own-twins-looked": "own twins, looked at",
    "own-held": "own, held",
    "own-looked": "own, looked at",
    "synthetic": "written",
    "simulated": "drawn",
}
"""What a scenario is, by the first of these parts that its name holds; all others are real posts at their real times."""
ORDER = ("real", "written", "own, looked at", "own, held", "own twins, looked at", "own twins, held", "drawn")

REFERENCE = {
    "real": {
        "events": 14,
        "hits": 11,
        "precision": 0.089,
        "notification_precision": 0.053,
        "splits": 90,
        "median_excess_s": 237,
    },
    "written": {"events": 22, "hits": 2, "decoy_alarms": 2},
}
"""The usual design on the same data (keywords, city names, STA/LTA on authors per quarter-degree cell): measured when the data were made."""

COLUMNS = (
    ("hits", "hits"),
    ("placed", "placed"),
    ("covered", "covered"),
    ("false_alarms", "false"),
    ("decoy_alarms", "decoys"),
    ("splits", "splits"),
    ("wrong_hazard", "wrong hazard"),
    ("jumps", "jumps"),
    ("neutral", "neutral"),
    ("precision", "precision"),
    ("notification_precision", "notification precision"),
    ("recall", "recall"),
    ("median_excess_s", "median excess s"),
    ("p90_excess_s", "p90 excess s"),
    ("median_location_error_km", "median error km"),
)


def kind_of(name: str) -> str:
    """Tell what a scenario is: ``real``, or one of the kinds of written and drawn ones."""
    return next((kind for part, kind in KINDS.items() if part in name), "real")


def replay(base: Path, incidents: Path, processes: int) -> dict:
    """Replay one scenario with the command line; give its wall and CPU seconds."""
    before = os.times()
    started = time.perf_counter()
    command = [sys.executable, "-m", "tocsin", "replay", f"{base}.posts.jsonl.gz", "--incidents", str(incidents)]
    command += ["--processes", str(processes)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=unseen(os.environ))
    if done.returncode:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr[-4000:]}")
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return {"wall_s": time.perf_counter() - started, "cpu_s": cpu}


def usual(base: Path, incidents: Path) -> None:
    """Let the usual design watch the same scenario."""
    script = Path(__file__).with_name("usual_design.py")
    with incidents.open("wb") as stream:
        subprocess.run([sys.executable, script, f"{base}.posts.jsonl.gz"], stdout=stream, check=True)


def scored(base: Path, incidents: Path, oracle: Path) -> dict:
    """Score one scenario by both scorers.

    Raises:
        SystemExit: they differ.
    """
    posts, labels, truth = (Path(f"{base}.{end}") for end in ("posts.jsonl.gz", "labels.jsonl.gz", "truth.json"))
    ours = json.loads(json.dumps(score(read_truth(truth), read_alerts(incidents), read_voices(posts, labels))))
    command = [sys.executable, oracle, truth, incidents, "--posts", posts, "--labels", labels]
    theirs = json.loads(subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout)
    if ours != theirs:
        keys = [key for key in theirs if ours.get(key) != theirs[key]]
        sys.exit(f"{base.name}: tocsin score and {oracle} differ in {keys}")
    return ours


def total(results: list[dict]) -> dict:
    """Add the results of several scenarios; delays and errors are pooled over all events hit."""
    added = {
        key: sum(r[key] for r in results)
        for key in ("events", "hits", "placed", "covered", "false_alarms", "decoys", "decoy_alarms")
    }
    added |= {key: sum(r[key] for r in results) for key in ("splits", "wrong_hazard", "jumps", "neutral", "incidents")}
    added["days"] = round(sum(r["days"] or 0 for r in results), 1)
    bad = sum(r["false_alarms"] + len(r["decoy_alarm_list"]) for r in results)
    events = [event for r in results for event in r["per_event"]]
    noise = bad + added["wrong_hazard"] + added["jumps"] + sum(max(0, event["splits"] - 1) for event in events)
    hits = added["hits"]
    added["precision"] = round(hits / (hits + bad), 3) if hits + bad else None
    added["notification_precision"] = round(hits / (hits + noise), 3) if hits + noise else None
    added["recall"] = round(hits / added["events"], 3) if added["events"] else None
    excess = [event["excess_s"] for event in events if event["excess_s"] is not None]
    added["median_excess_s"], added["p90_excess_s"] = percentile(excess, 0.5), percentile(excess, 0.9)
    added["median_location_error_km"] = percentile(
        [e["error_10min_km"] for e in events if e["error_10min_km"] is not None], 0.5
    )
    return added


def cell(value: object) -> str:
    if value is None:
        return "–"
    return (
        f"{value:.3g}"
        if isinstance(value, float) and value < 10
        else f"{value:.0f}"
        if isinstance(value, float)
        else str(value)
    )


def row(name: str, result: dict) -> str:
    cells = [
        f"{result.get('hits', '–')} of {result['events']}" if key == "hits" else cell(result.get(key))
        for key, _ in COLUMNS
    ]
    return f"| {name} | " + " | ".join(cells) + " |"


def twins(results: dict[str, dict]) -> list[str]:
    """Write how many decoys were refused beside how many of their twins were raised."""
    lines = [
        "## Decoys beside their twins",
        "",
        "A twin tells nearly the same words as its decoy, with a real emergency inside: who refuses everything raises no twin. The decoys of the",
        "data's written days have no twins: their words are not ours to publish.",
        "",
        "| | decoys refused | twins raised |",
        "|---|---|---|",
    ]
    pairs: list[str] = []
    for name, result in results.items():
        if not result["decoys"]:
            continue
        raised = {each["decoy"] for each in result["decoy_alarm_list"]}
        told = results.get(name.replace("own-", "own-twins-"), {}) if name.startswith("own-") else {}
        heard = f"{told['hits']} of {told['events']}" if told else "–"
        lines.append(f"| {name} | {result['decoys'] - len(raised)} of {result['decoys']} | {heard} |")
        if told and "held" not in kind_of(name):
            pairs += [
                f"| {decoy} | {'**no**' if decoy in raised else 'yes'} | {'yes' if event['hit'] else '**no**'} |"
                for event in told["per_event"]
                for decoy in [told["twin_of"][event["name"]]]
            ]
    return [*lines, "", "| pair looked at | decoy refused | twin raised |", "|---|---|---|", *pairs, ""]


def report(results: dict[str, dict], references: dict[str, dict], costs: dict[str, dict]) -> str:
    head = "| | " + " | ".join(title for _, title in COLUMNS) + " |\n|" + "---|" * (len(COLUMNS) + 1)
    kinds = {kind: [n for n in results if kind_of(n) == kind] for kind in ORDER}
    shown = {name: result for name, result in results.items() if "held" not in kind_of(name)}
    lines = [
        "# Evaluation",
        "",
        "Generated by `make evaluation DATA=…` (`benchmarks/evaluate.py`); do not edit. Every scenario is replayed with the packaged",
        "settings, scored by `tocsin score`, and scored again by the data folder's own scorer: both agreed to the digit.",
        "The words of the columns: [scoring](reference/scoring.md). These are *development* scenarios: the rules were made while",
        "looking at them, so they flatter, but for the *held* ones: of them nobody who makes rules has read a line, and only sums are told.",
        "The encoder has learnt the posts of some of them: here each post is read by one that saw no post of its event",
        "(`nlp.readings_path`); the weights that balance it against the rules have seen all ([model card](../nlp/data/SENSE.md)).",
        "*Real* means real posts at their real times over real background; *written* means incidents and decoys written by hand; *own* means",
        "written for this project by people who knew neither its words nor its rules ([their form](../benchmarks/incidents/README.md)), over",
        "simulated days; a *twin* is a decoy told again with a real emergency inside it.",
        "",
        "## Totals",
        "",
        head,
    ]
    for kind, names in kinds.items():
        if names:
            lines.append(row(f"**Tocsin, {kind}** ({len(names)} scenarios)", total([results[n] for n in names])))
            lines.append(row(f"usual design, {kind} (measured in this run)", total([references[n] for n in names])))
            if kind in REFERENCE:
                lines.append(row(f"usual design, {kind} (quoted)", REFERENCE[kind]))
    lines += [
        "",
        "The usual design: keywords, city names, STA/LTA on authors per quarter-degree cell. *Measured* is `benchmarks/usual_design.py` in",
        "the same run; *quoted* are the figures of another implementation, measured when the data were made, with – where none was given.",
        "",
        "What each part of the deciding is worth: [ablation](explanation/ablation.md). Whether budgets hold: [calibration](explanation/calibration.md).",
        "Whether radii hold: [radius](explanation/radius.md). What it takes to fool it: [attacks](explanation/attacks.md).",
        "",
        "## By scenario",
        "",
        head,
    ]
    lines += [row(name, result) for name, result in results.items()]
    lines += [
        "",
        *twins(results),
        "## Events",
        "",
        "| scenario | event | hit | hazard said | excess s | error at 10 min km | splits |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, result in shown.items():
        for event in result["per_event"]:
            cells = (event["hazard_said"], event["excess_s"], event["error_10min_km"], event["splits"])
            lines.append(
                f"| {name} | {event['name']} | {'yes' if event['hit'] else '**no**'} | "
                + " | ".join(map(cell, cells))
                + " |"
            )
    lines += [
        "",
        "## What was raised in vain",
        "",
        "*Found*: what the stream itself and public records say of an alarm that no truth file holds ([how](../benchmarks/findings.py)); it",
        "changes no figure.",
        "",
        "| scenario | kind | hazard | place | raised at | found |",
        "|---|---|---|---|---|---|",
    ]
    findings = read_findings()
    for name, result in shown.items():
        for kind, key in (
            ("false alarm", "false_alarm_list"),
            ("decoy", "decoy_alarm_list"),
            ("wrong hazard", "wrong_hazard_list"),
        ):
            lines += [
                f"| {name} | {each.get('decoy') or kind} | {each['hazard']} | {each['place']} | {each['raised_at']} | "
                f"{found(findings, name, each)} |"
                for each in result[key]
            ]
    wall, cpu = (sum(cost[key] for cost in costs.values()) for key in ("wall_s", "cpu_s"))
    days = sum(result["days"] or 0 for result in results.values())
    lines += [
        "",
        "## Cost",
        "",
        f"{len(results)} scenarios, {days:.0f} days of posts, replayed in {wall:.0f} s of wall and {cpu:.0f} s of CPU time, start-up and model",
        f"loading included ({os.cpu_count()} cores, Python {platform.python_version()}).",
        "",
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs/evaluation.md"))
    parser.add_argument("--work", type=Path, default=Path("out/evaluation"))
    parser.add_argument("--only", nargs="*", default=None)
    parser.add_argument("--processes", type=int, default=max(1, (os.cpu_count() or 2) - 1))
    given = parser.parse_args()
    build(given.work)
    found = [*(given.data / "scenarios").glob("*.truth.json"), *given.work.glob("own-*.truth.json")]
    bases = {p.name.removesuffix(".truth.json"): p.with_name(p.name.removesuffix(".truth.json")) for p in sorted(found)}
    names = sorted((n for n in bases if not given.only or n in given.only), key=lambda n: (ORDER.index(kind_of(n)), n))
    if not names:
        sys.exit(f"{given.data}/scenarios: expected NAME.truth.json files, got none")
    results, references, costs = {}, {}, {}
    for name in names:
        base, incidents = bases[name], given.work / f"{name}.incidents.jsonl"
        costs[name] = replay(base, incidents, given.processes)
        results[name] = scored(base, incidents, given.data / "score.py")
        events = read_truth(Path(f"{base}.truth.json"))["events"]
        results[name]["twin_of"] = {event["name"]: event["twin_of"] for event in events if "twin_of" in event}
        reference = given.work / f"{name}.usual.jsonl"
        usual(base, reference)
        references[name] = scored(base, reference, given.data / "score.py")
        r = results[name]
        print(
            f"{name:20} hits {r['hits']}/{r['events']} placed {r['placed']} false {r['false_alarms']} decoys {r['decoy_alarms']} splits {r['splits']}"
            f" wrong {r['wrong_hazard']} jumps {r['jumps']} excess {r['median_excess_s']} ({costs[name]['wall_s']:.1f} s)",
            flush=True,
        )
    for kind in ORDER:
        chosen = [results[n] for n in names if kind_of(n) == kind]
        if chosen:
            print(kind, json.dumps(total(chosen)))
    if given.only:
        print("part of the scenarios only: the report is not written")
        return 0
    given.out.write_text(report(results, references, costs), encoding="utf-8")
    print(f"written: {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
