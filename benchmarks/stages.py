"""What each stage costs: posts a second and CPU microseconds a post, and how many posts pass each gate.

Usage: python benchmarks/stages.py [POSTS…] [--posts-count N] [--rounds N]

Without files it plays a simulated stream. All stages run in one process, in blocks; each round also runs the *bare loop* (decode each line
with msgspec and send its text through one Aho-Corasick automaton), and costs are quoted as ratios to it: the machine's own speed falls
out. The figures of a stage are the medians over the rounds. Before the clock of a round starts, models are loaded anew and a few posts of
no stream are heard: judgements of texts are remembered, and a second round would find all of them.
"""

from __future__ import annotations

import argparse
import gzip
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import msgspec
from ahocorasick_rs import BytesAhoCorasick

from ingest.block import Builder
from ingest.files import Reading, read_blocks
from nlp.fold import fold
from nlp.lexicon import Lexicon
from tocsin.pipeline.detect import Detect
from tocsin.pipeline.hear import HearFactory
from tocsin.runtime.metrics import Metrics
from tocsin.settings import Settings
from tocsin.simulation.draw import drawn
from tocsin.simulation.files import paths_for, write

WARMING = (
    "Gros incendie à Rennes, les pompiers arrivent",
    "Huge explosion in Leeds, windows shaking",
    "Fuerte temblor en Madrid, salimos a la calle",
    "Forte scossa a Bologna, siamo in strada",
    "Incêndio em Lisboa, muito fumo",
    "Explosion in Hamburg, alles wackelt",
)
"""Heard before the clock starts: models of a language are loaded at its first post."""
PARTS = ("decode", "gate", "ingest", "extract", "detect")


class Bare(msgspec.Struct):
    """The fields that the bare loop decodes."""

    id: str
    author: str
    created_at: str
    text: str


class Nowhere:
    """Outputs that keep nothing."""

    def incident(self, incident):
        """Drop it."""

    def mention(self, mention):
        """Drop it."""

    def dead_letter(self, letter):
        """Drop it."""

    def progress(self, summary):
        """Drop it."""


def bare_loop(lines: list[bytes], automaton: BytesAhoCorasick) -> float:
    """Give the CPU seconds of decoding each line and matching its folded text against one automaton."""
    decoder = msgspec.json.Decoder(Bare)
    before = time.process_time()
    for line in lines:
        try:
            automaton.find_matches_as_indexes(fold(decoder.decode(line).text))
        except msgspec.MsgspecError:
            continue
    return time.process_time() - before


def simulated(folder: Path, posts: int) -> list[Path]:
    """Write a simulated stream of about so many posts: background, six incidents, two decoys, some broken lines."""
    plan = drawn(
        seed=7, hours=max(1.0, posts / 60 / 60), rate_per_min=60.0, incidents=6, decoys=2, start="2026-06-01T06:00:00Z"
    )
    paths = paths_for(folder / "bench.jsonl.gz", plan.name, with_labels=False)
    write(plan, paths, lambda _count: None)
    return [paths.posts]


def one_round(paths: list[str], settings: Settings, hear) -> tuple[float, Detect]:
    """Hear and detect everything; give the wall seconds and the detect stage with its summary."""
    detect = Detect(settings, Nowhere(), Metrics())
    started = time.perf_counter()
    for block in read_blocks(paths, reading(settings)):
        detect.take(hear(block))
    detect.finish()
    return time.perf_counter() - started, detect


def reading(settings: Settings):
    return Reading(block_lines=settings.runtime.block_lines, max_line_bytes=settings.ingest.max_line_bytes)


def warmed(settings: Settings):
    """Give a hearing half that remembers no text of any stream, its models loaded; and how many seconds that took."""
    started = time.perf_counter()
    hear = HearFactory(settings)()
    builder = Builder()
    for number, text in enumerate(WARMING, 1):
        post = {
            "id": f"warm{number}",
            "source": "replay",
            "author": "warm",
            "created_at": "2026-06-01T06:00:00Z",
            "text": text,
        }
        builder.add("warming", number, msgspec.json.encode(post))
    assert hear(builder.take(number=0)).gate_open == len(WARMING), "every post warms its language"
    return hear, time.perf_counter() - started


def measure(paths: list[str], rounds: int) -> None:
    settings = Settings()
    lines = []
    for path in paths:
        with (gzip.open if path.endswith(".gz") else open)(path, "rb") as stream:
            lines += stream.read().splitlines()
    frames = [frame for some in Lexicon.load().frames for frame in some]
    automaton = BytesAhoCorasick(
        sorted({b" " + form.strip() + b" " for frame in frames for part in frame.parts for form in part})
    )
    bare, walls, summaries = [], [], []
    for _ in range(rounds):
        hear, loaded_s = warmed(settings)
        bare.append(bare_loop(lines, automaton))
        wall, detect = one_round(paths, settings, hear)
        walls.append(wall)
        summaries.append(detect.summary)
    report(lines, bare, walls, summaries, loaded_s)


def report(lines, bare, walls, summaries, loaded_s) -> None:
    counts, posts = summaries[0].counts, len(lines)
    bare_us = statistics.median(bare) / posts * 1e6
    reached = {
        "decode": posts,
        "gate": posts,
        "ingest": summaries[0].gate_open,
        "extract": summaries[0].gate_open,
        "detect": counts.used,
    }
    print(
        f"{posts:,} lines, {len(walls)} rounds, medians; models loaded in {loaded_s:.1f} s; bare loop {bare_us:.2f} us/post\n"
    )
    print(f"{'part':10}{'us/post':>10}{'x bare':>9}{'us/post reached':>17}{'posts reached':>15}{'posts/s':>12}")
    total = 0.0
    for part in PARTS:
        seconds = statistics.median(summary.cpu_secs[part] for summary in summaries)
        total += seconds
        each, own = seconds / posts * 1e6, seconds / max(1, reached[part]) * 1e6
        print(
            f"{part:10}{each:10.2f}{each / bare_us:9.2f}{own:17.2f}{reached[part]:15,}{posts / max(seconds, 1e-9):12,.0f}"
        )
    wall = statistics.median(walls)
    print(
        f"{'sum':10}{total / posts * 1e6:10.2f}{total / posts * 1e6 / bare_us:9.2f}{'':17}{'':15}{posts / total:12,.0f}"
    )
    print(
        f"{'replay':10}{wall / posts * 1e6:10.2f}{wall / posts * 1e6 / bare_us:9.2f}{'':17}{'':15}{posts / wall:12,.0f}  (wall, one process)"
    )
    gated, dropped = summaries[0].gate_open, sum(n for reason, n in counts.filtered.items() if reason != "no_term")
    print(
        f"\npass rates: term gate {gated / posts:.2%} of lines; extract {1 - dropped / max(1, gated):.2%} of gated; "
        f"{summaries[0].raised} incidents raised from {counts.used:,} mentions"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("posts", nargs="*")
    parser.add_argument("--posts-count", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as folder:
        paths = given.posts or [str(path) for path in simulated(Path(folder), given.posts_count)]
        measure(paths, given.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
