"""One machine against Kafka, in one run: posts a second and processor microseconds a post by stage.

Usage: python benchmarks/distributed.py [--posts-count N]

A simulated stream is written once. Then: all stages in one process; Kafka with 1, 2 and 4 extract workers (real gate, real extractor, one
origin, a real broker and a real store on loopback); and Kafka with one post a record instead of fifty. Clocks start when all workers are
ready, models loaded; they end when the detector has closed the last pane. Processor time is that of the worker processes; the broker's and
the store's are not in it.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "integration"), str(ROOT / "deploy" / "kafka")]

from conftest import RedisServer  # noqa: E402
from fleet import REAL, Fleet  # noqa: E402
from node import KafkaNode  # noqa: E402

from ingest.files import Reading, read_blocks  # noqa: E402
from tocsin.pipeline.detect import Detect  # noqa: E402
from tocsin.pipeline.hear import HearFactory  # noqa: E402
from tocsin.pipeline.outputs import LineOutputs  # noqa: E402
from tocsin.runtime.metrics import Metrics  # noqa: E402
from tocsin.settings import Settings  # noqa: E402
from tocsin.simulation.draw import drawn  # noqa: E402
from tocsin.simulation.stream import Stream  # noqa: E402

HOURS = 4.0
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_secs(pid: int) -> float:
    """Processor seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def embedded(path: Path, lines: int) -> list[str]:
    """All stages in one process."""
    settings = Settings.model_validate({"runtime": {"extract_processes": 0}})
    hear = HearFactory(settings)()
    with tempfile.TemporaryFile() as out:
        detect = Detect(settings, LineOutputs(out), Metrics())
        began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
        for block in read_blocks([str(path)], Reading()):
            detect.take(hear(block))
        summary = detect.finish()
        took, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF)
    total = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    spent = summary.cpu_secs
    ingest = spent["decode"] + spent["gate"] + spent["ingest"]
    return row(
        "one process", lines, took, {"ingest": ingest, "extract": spent["extract"], "detect": spent["detect"]}, total
    )


def row(name: str, lines: int, took: float, spent: dict[str, float], total: float) -> list[str]:
    """One line of the table."""
    per_post = [f"{spent[stage] / lines * 1e6:.1f}" for stage in ("ingest", "extract", "detect")]
    return [name, f"{lines / took:,.0f}", *per_post, f"{total / lines * 1e6:.1f}", f"{took:.1f}"]


def over_kafka(
    name: str, path: Path, lines: int, servers: tuple[KafkaNode, RedisServer], workers: int, packed: int
) -> list[str]:
    """Real workers over a real broker."""
    kafka, redis = servers
    with tempfile.TemporaryDirectory() as folder:
        fleet = Fleet(
            Path(folder),
            kafka.bootstrap,
            redis.url,
            {"a": [path]},
            launcher=REAL,
            name=f"bench{workers}x{packed}",
            record_posts=packed,
            checkpoint_secs=5.0,
        )
        text = fleet.config.read_text().replace("block_lines = 25", "block_lines = 500")
        fleet.config.write_text(text.replace("session_secs = 2.0", "session_secs = 10.0"))
        ingest = fleet.roles["ingest-a"]
        fleet.roles = {f"extract-{n}": ["extract"] for n in range(1, workers + 1)} | {
            "ingest-a": ingest,
            "detect-1": ["detect", "--until-end"],
            "dispatch": fleet.roles["dispatch"],
        }
        others = [one for one in fleet.roles if one != "ingest-a"]
        try:
            fleet.start(*others)
            fleet.until(lambda: all(fleet.said(one, '"partitions"') for one in others if one.startswith("extract")))
            fleet.until(lambda: fleet.said("detect-1", '"active"'))
            before = {one: cpu_secs(fleet.processes[one].pid) for one in others}
            began = time.monotonic()
            fleet.start("ingest-a")
            fleet.until(lambda: fleet.said("ingest-a", '"started"'))
            before["ingest-a"] = cpu_secs(fleet.processes["ingest-a"].pid)
            began = time.monotonic()
            last: dict[str, float] = {}
            while fleet.processes["detect-1"].poll() is None:
                last |= {
                    one: cpu_secs(process.pid) for one, process in fleet.processes.items() if process.poll() is None
                }
                time.sleep(0.05)
            took = time.monotonic() - began
        finally:
            fleet.end()
    used = {one: last[one] - before[one] for one in before}
    by_stage = {
        stage: sum(n for one, n in used.items() if one.startswith(stage)) for stage in ("ingest", "extract", "detect")
    }
    return row(name, lines, took, by_stage, sum(used.values()))


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--posts-count", type=int, default=250_000)
    count = parser.parse_args().posts_count
    with tempfile.TemporaryDirectory() as scratch:
        path, lines = Path(scratch) / "a.jsonl", 0
        plan = drawn(
            seed=3,
            hours=HOURS,
            rate_per_min=count / HOURS / 60,
            incidents=4,
            decoys=2,
            start="2026-06-01T06:00:00Z",
            country="FR",
        )
        with path.open("wb") as stream:
            for sent in Stream(plan):
                stream.write(sent.line + b"\n")
                lines += 1
        kafka, redis = KafkaNode(Path(scratch) / "kafka"), RedisServer(Path(scratch))
        kafka.start()
        redis.start()
        try:
            servers = (kafka, redis)
            rows = [embedded(path, lines)]
            rows += [over_kafka(f"Kafka, {n} extract", path, lines, servers, n, 50) for n in (1, 2, 4)]
            rows.append(over_kafka("Kafka, 1 extract, one post a record", path, lines, servers, 1, 1))
        finally:
            kafka.stop()
            redis.stop()
    cores = os.cpu_count()
    print(f"{lines:,} posts, {cores} processors; microseconds a post")
    head = ["", "posts/s", "ingest", "extract", "detect", "all", "seconds"]
    for line in (head, *rows):
        print(f"{line[0]:38}" + "".join(f"{cell:>10}" for cell in line[1:]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
