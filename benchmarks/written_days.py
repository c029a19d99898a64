"""Make replay scenarios of the incidents, decoys and twins written for this project (``benchmarks/incidents/*.tsv``).

Usage: python benchmarks/written_days.py OUT [--rate 10]

Four scenarios, each over four simulated days of ordinary posts: ``own-looked`` and ``own-held`` hold incidents and decoys,
``own-twins-looked`` and ``own-twins-held`` each decoy's twin: nearly the same words, with a real emergency inside. What is *held* is
never read by anyone who makes rules, only counted. The form of the files stands in ``benchmarks/incidents/README.md``.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from written_blocks import DAYS, FIRST_DAY, Block, WrittenError, blocks_of

from tocsin.simulation.scenario import Background, Faults, Scenario
from tocsin.simulation.stream import Stream, label
from tocsin.time import format_instant

DECOY_TAIL_HOURS = 1


def _id(*parts: object) -> str:
    return "w" + hashlib.blake2b("\0".join(map(str, parts)).encode(), digest_size=8).hexdigest()


def told(block: Block) -> Iterator[tuple[datetime, dict[str, Any], dict[str, Any]]]:
    """Give each post of a block with its instant and its label; a text may be used once only, so ids hold all."""
    ids: dict[int, str] = {}
    for index, post in enumerate(block.posts):
        # Milliseconds that no two posts of a block share: the order of the file is the order of the stream.
        at = block.starts + timedelta(seconds=post.after_s, milliseconds=(index * 37) % 1000)
        ids.setdefault(post.after_s, _id(block.name, index))
        lat, lon = post.position or (None, None)
        yield (
            at,
            {
                "id": _id(block.name, index),
                "source": "replay",
                "created_at": format_instant(round(at.timestamp() * 1000)),
                "author": _id(block.name, post.author),
                "text": post.text,
                "lang": block.lang,
                "lat": lat,
                "lon": lon,
                "place": post.profile,
                "repost_of": None if post.repost_of is None else ids[post.repost_of],
            },
            {
                "id": _id(block.name, index),
                "relevant": post.relevant and block.kind != "decoy",
                "hazard": block.hazards[0] if block.hazards and post.relevant else None,
                "places": None,
                "kind": block.kind if post.repost_of is None else "repost",
                "event": block.name if block.kind != "decoy" and post.relevant else None,
            },
        )


def _event(block: Block) -> dict[str, Any]:
    relevant = [at for at, _, one in told(block) if one["relevant"]]
    return {
        "name": block.name,
        "hazard": list(block.hazards),
        "lat": block.lat,
        "lon": block.lon,
        "radius_km": block.radius_km,
        "felt_radius_km": block.felt_km,
        "start": format_instant(round(block.starts.timestamp() * 1000)),
        "first_relevant_post": format_instant(round(min(relevant).timestamp() * 1000)),
        "relevant_posts": len(relevant),
    } | ({"twin_of": block.twin_of} if block.twin_of else {})


def _decoy(block: Block) -> dict[str, Any]:
    last = max(block.starts + timedelta(seconds=block.posts[-1].after_s), block.starts + timedelta(hours=block.hours))
    return {
        "name": block.name,
        "lat": block.lat,
        "lon": block.lon,
        "radius_km": block.radius_km,
        "start": format_instant(round(block.starts.timestamp() * 1000)),
        "end": format_instant(round((last + timedelta(hours=DECOY_TAIL_HOURS)).timestamp() * 1000)),
    }


def write(out: Path, name: str, blocks: list[Block], rate: float, seed: int) -> None:
    """Write one scenario: ordinary posts of four simulated days with the blocks' posts among them, in order of time."""
    encode = msgspec.json.encode
    plan = Scenario(
        name=name,
        start=FIRST_DAY.strftime("%Y-%m-%dT00:00:00Z"),
        hours=24.0 * DAYS + 12,
        seed=seed,
        background=Background(rate_per_min=rate),
        faults=Faults(disorder_share=0.0, late_share=0.0, skew_share=0.0, duplicate_share=0.0),
    )
    stream = Stream(plan)
    lines = [
        (msgspec.json.decode(sent.line)["created_at"], number, sent.line, encode(label(sent, number, seed)))
        for number, sent in enumerate(stream, 1)
    ]
    for block in blocks:
        lines += [
            (post["created_at"], len(lines) + index, encode(post), encode(one))
            for index, (_, post, one) in enumerate(told(block))
        ]
    lines.sort(key=lambda line: line[:2])
    ledger = stream.ledger.truth()
    truth = {
        "scenario": name,
        "description": "Incidents written by hand for this project in simulated ordinary days; everything is invented.",
        "span": ledger["span"],
        "events": [_event(block) for block in blocks if block.kind != "decoy"],
        "decoys": [_decoy(block) for block in blocks if block.kind == "decoy"],
        "minor_incidents": ledger["minor_incidents"],
        "counts": {"posts": len(lines)},
    }
    for end, column in (("posts", 2), ("labels", 3)):
        with (out / f"{name}.{end}.jsonl.gz").open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
            packed.writelines(line[column] + b"\n" for line in lines)
    (out / f"{name}.truth.json").write_bytes(msgspec.json.format(encode(truth), indent=1) + b"\n")
    print(f"{name}: {len(truth['events'])} events, {len(truth['decoys'])} decoys, {len(lines):,} posts")


def build(out: Path, rate: float = 10.0) -> None:
    """Write the four scenarios into a folder.

    Raises:
        WrittenError: a line of the written files is not in the form.
    """
    out.mkdir(parents=True, exist_ok=True)
    blocks = blocks_of()
    for seed, half in enumerate(("looked", "held"), 900):
        mine = [block for block in blocks if block.half == half]
        write(out, f"own-{half}", [b for b in mine if b.kind != "twin"], rate, seed)
        write(out, f"own-twins-{half}", [b for b in mine if b.kind == "twin"], rate, seed + 10)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--rate", type=float, default=10.0, help="ordinary posts a minute, mean over a day")
    given = parser.parse_args()
    try:
        build(given.out, given.rate)
    except WrittenError as error:
        sys.exit(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
