"""Measure the term gate on labelled scenarios: recall of relevant posts, pass rate of the background, time a post.

Usage: python benchmarks/gate_recall.py DATA [--missed HALF] [--passed] where DATA holds ``scenarios/NAME.posts.jsonl.gz`` and
``NAME.labels.jsonl.gz``. Events are cut in two halves (sorted by name, alternately): ``tune`` may be looked at with ``--missed tune``,
``held`` is only counted. First, without DATA of anyone else: the held fifth of the written pairs (``benchmarks/pairs``) and the held half of
the written incidents, by entries alone and with the weighed words.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.written_blocks import FOLDER
from benchmarks.written_blocks import read as read_blocks
from nlp.gate import Gate
from nlp.lexicon import Lexicon
from tocsin.model import HAZARDS, OPEN

BATCH = 200
BACKGROUND = {"background_assumed", "background_offtopic_gold"}


def read(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def opened(gate: Gate, texts: list[str]) -> list[tuple[str, ...]]:
    return [ids for at in range(0, len(texts), BATCH) for ids in gate.open(texts[at : at + BATCH])]


def written() -> Iterator[tuple[str, list[str]]]:
    """Give the held written posts: real ones and traps of the pairs by language, relevant ones of incidents and of twins."""
    for path in sorted(Path(__file__).with_name("pairs").glob("*.tsv")):
        rows = [line.partition("\t")[::2] for line in path.read_text(encoding="utf-8").splitlines()]
        yield f"pairs {path.stem} real", [text for label, text in rows if label in {*HAZARDS, OPEN}]
        yield f"pairs {path.stem} traps", [text for label, text in rows if label not in {*HAZARDS, OPEN}]
    blocks = [block for path in sorted(FOLDER.glob("*.tsv")) for block in read_blocks(path) if block.half == "held"]
    for kind in ("incident", "twin"):
        yield (
            f"{kind}s real",
            [
                post.text
                for block in blocks
                for post in block.posts
                if block.kind == kind and post.relevant and post.repost_of is None
            ],
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument(
        "--missed", choices=["tune"], help="print the relevant posts of the tuning half that stay outside"
    )
    parser.add_argument("--passed", type=int, default=0, help="print the entries that most often let background pass")
    parser.add_argument("--only", default="", help="scenarios whose name holds this")
    args = parser.parse_args()
    begun = time.perf_counter()
    lexicon = Lexicon.load()
    gate = Gate(lexicon)
    print(
        f"lexicon: {len(lexicon.entries)} entries, {lexicon.size} forms, loaded with gate in {time.perf_counter() - begun:.2f} s"
    )
    entries_alone = Gate(lexicon.without_weighed())
    print(f"{'held, written':22} {'posts':>8} {'entries':>8} {'all':>7}")
    for name, texts in written():
        shares = [sum(map(bool, opened(one, texts))) / max(1, len(texts)) for one in (entries_alone, gate)]
        print(f"{name:22} {len(texts):8} {shares[0]:8.3f} {shares[1]:7.3f}")
    totals: Counter[str] = Counter()
    openers: Counter[str] = Counter()
    print(f"{'scenario':22} {'relevant':>8} {'recall':>7} {'backgr.':>8} {'pass':>7} {'us/post':>8}")
    for path in sorted((args.data / "scenarios").glob("*.posts.jsonl.gz")):
        name = path.name.removesuffix(".posts.jsonl.gz")
        if args.only not in name:
            continue
        posts = read(path)
        labels = {label["id"]: label for label in read(path.with_name(f"{name}.labels.jsonl.gz"))}
        texts = [post["text"] for post in posts]
        begun_cpu = time.process_time()
        seen = opened(gate, texts)
        spent = (time.process_time() - begun_cpu) / max(1, len(texts)) * 1e6
        truth = json.loads(path.with_name(f"{name}.truth.json").read_text())
        halves = {event["id"] if "id" in event else event["name"]: ("tune", "held")[at % 2] for at, event in
                  enumerate(sorted(truth["events"], key=lambda event: event.get("id", event.get("name", ""))))}  # fmt: skip
        counts: Counter[str] = Counter()
        for post, ids in zip(posts, seen, strict=True):
            label = labels[post["id"]]
            if label["relevant"] is True:
                half = halves.get(label.get("event", ""), "tune")
                counts.update(["relevant", f"relevant {half}"])
                counts.update(["heard", f"heard {half}"] if ids else [])
                if not ids and args.missed == half:
                    print("   missed:", label.get("event", ""), label["hazard"], "|", post["text"].replace("\n", " "))
            elif label["kind"] in BACKGROUND:
                counts["background"] += 1
                if ids:
                    counts["passed"] += 1
                    openers[ids[0] if len(ids) == 1 else "+".join(ids)] += 1
        rates = [counts["heard"] / max(1, counts["relevant"]), counts["passed"] / max(1, counts["background"])]
        print(f"{name:22} {counts['relevant']:8} {rates[0]:7.3f} {counts['background']:8} {rates[1]:7.4f} {spent:8.2f}")
        if len(halves) > 2:
            for half in ("tune", "held"):
                print(
                    f"   {half}: {counts[f'heard {half}']}/{counts[f'relevant {half}']} = {counts[f'heard {half}'] / max(1, counts[f'relevant {half}']):.3f}"
                )
        totals.update(counts)
    print(f"all: recall {totals['heard']}/{totals['relevant']} = {totals['heard'] / max(1, totals['relevant']):.4f}; "
          f"background {totals['passed']}/{totals['background']} = {totals['passed'] / max(1, totals['background']):.4f}")  # fmt: skip
    for names, count in openers.most_common(args.passed):
        print(f"   {count:6} {names}")


if __name__ == "__main__":
    main()
