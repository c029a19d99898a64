"""What a post costs that opens nothing, as ratios to a bare loop of the same run.

Usage: python benchmarks/closed.py [POSTS…] [--rounds N]

Nearly all posts stay outside the gate, so their cost is what a stream costs. The posts that stay closed are found first; then each round
runs, one after the other, over the same lines: the *bare loop* (decode with msgspec, fold the text, one automaton pass), the *naked loop*
(the same without the fold: lower case is all), hearing, and the detecting half (a cost of panes more than of posts: it is quoted for both).
All figures are medians of processor time over the rounds, with the least and the most of the ratios. Without files it plays a simulated
stream.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import msgspec
from ahocorasick_rs import BytesAhoCorasick

from benchmarks.stages import Bare, Nowhere, bare_loop, reading, simulated
from ingest.block import Block, Builder
from ingest.files import read_blocks
from ingest.normalise import Outcome
from nlp.lexicon import Lexicon
from tocsin.pipeline.detect import Detect
from tocsin.pipeline.hear import HearFactory
from tocsin.runtime.metrics import Metrics
from tocsin.settings import Settings

POSTS: int = 30_000


def closed(path: str, settings: Settings, hear) -> list[Block]:
    """Give the lines of a file that are posts and stay closed, in blocks."""
    blocks, builder, number = [], Builder(), 0
    for block in read_blocks([path], reading(settings)):
        columns = hear(block).columns
        for index, line in enumerate(block.lines()):
            if columns.outcomes[index] == Outcome.POST and index not in columns.items:
                number += 1
                builder.add(path, number, line)
                if len(builder) == settings.runtime.block_lines:
                    blocks.append(builder.take(number=len(blocks)))
    if len(builder):
        blocks.append(builder.take(number=len(blocks)))
    return blocks


def naked_loop(lines: list[bytes], automaton: BytesAhoCorasick) -> float:
    """Give the CPU seconds of decoding each line and matching its text in lower case."""
    decoder = msgspec.json.Decoder(Bare)
    before = time.process_time()
    for line in lines:
        automaton.find_matches_as_indexes(decoder.decode(line).text.lower().encode())
    return time.process_time() - before


def one_round(blocks: list[Block], settings: Settings, hear) -> dict[str, float]:
    """Hear and detect all blocks; give the CPU seconds of each half, and of the parts of the first."""
    before = time.process_time()
    heard = [hear(block) for block in blocks]
    between = time.process_time()
    detect = Detect(settings, Nowhere(), Metrics())
    for some in heard:
        detect.take(some)
    detect.finish()
    after = time.process_time()
    assert detect.summary.counts.used == 0, "a post that stays closed is never used"
    parts = {part: sum(some.cpu_secs[part] for some in heard) for part in ("decode", "gate")}
    return {"hear": between - before, "detect": after - between} | parts


def measure(paths: list[str], rounds: int) -> None:
    settings = Settings()
    started = time.perf_counter()
    hear = HearFactory(settings)()
    print(f"models loaded in {time.perf_counter() - started:.1f} s; resident {resident_mb():,} MB\n")
    forms = {form.strip() for some in Lexicon.load().frames for frame in some for part in frame.parts for form in part}
    automaton = BytesAhoCorasick(sorted(b" " + form + b" " for form in forms))
    print(
        f"{'stream':22}{'closed':>8}{'bare us':>9}{'naked':>7}{'decode':>8}{'gate':>7}{'hear / bare':>20}{'detect':>8}{'us/pane':>9}"
    )
    for path in paths:
        blocks = closed(path, settings, hear)
        lines = [line for block in blocks for line in block.lines()]
        panes = len(
            {int(at) // (settings.time.pane_secs * 1_000) for block in blocks for at in hear(block).columns.event_at}
        )
        bare, naked, own = [], [], []
        for _ in range(rounds):
            bare.append(bare_loop(lines, automaton))
            naked.append(naked_loop(lines, automaton))
            own.append(one_round(blocks, settings, hear))
        report(Path(path).name, len(lines), panes, bare, naked, own)


def report(
    name: str, posts: int, panes: int, bare: list[float], naked: list[float], own: list[dict[str, float]]
) -> None:
    def times(seconds: list[float]) -> float:
        return statistics.median(second / base for second, base in zip(seconds, bare, strict=True))

    ratios = [one["hear"] / base for one, base in zip(own, bare, strict=True)]
    parts = {part: times([one[part] for one in own]) for part in own[0]}
    span = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
    pane_us = statistics.median(one["detect"] for one in own) / panes * 1e6
    print(
        f"{name.removesuffix('.posts.jsonl.gz')[:21]:22}{posts:8,}{statistics.median(bare) / posts * 1e6:9.2f}{times(naked):7.2f}"
        f"{parts['decode']:8.2f}{parts['gate']:7.2f}{span:>20}{parts['detect']:8.2f}{pane_us:9.1f}",
        flush=True,
    )


def resident_mb() -> int:
    """Give the resident memory of this process."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1_000_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("posts", nargs="*")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(given.posts or [str(path) for path in simulated(Path(folder), POSTS)], given.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
