"""Writes a simulated stream to files: posts, labels and truth, in the layout the scorer and the replay read."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Final

import msgspec
import zstandard

from tocsin.simulation.scenario import Scenario
from tocsin.simulation.stream import Stream, label

_SUFFIXES: Final = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".json", ".gz", ".zst")
STANDARD_OUTPUT: Final = Path("-")
REPORT_EVERY: Final = 10_000
"""Lines between two calls of the progress report."""


class Paths(msgspec.Struct, frozen=True):
    """Where the three files of a stream go; labels and truth are ``None`` when only posts are wanted."""

    posts: Path
    labels: Path | None
    truth: Path | None


def paths_for(out: Path, name: str, *, with_labels: bool = True) -> Paths:
    """Give the files for ``--out``: beside a named posts file, or in a directory under the scenario's name; ``-`` is posts to stdout.

    >>> paths_for(Path("a/b.posts.jsonl.gz"), "x").truth.as_posix(), paths_for(Path("d"), "x").posts.as_posix()
    ('a/b.truth.json', 'd/x.posts.jsonl.gz')
    """
    if out == STANDARD_OUTPUT:
        return Paths(out, None, None)
    if not out.name.endswith(_SUFFIXES):
        posts, stem, packing = out / f"{name}.posts.jsonl.gz", out / name, ".gz"
    else:
        packing = out.suffix if out.suffix in (".gz", ".zst") else ""
        bare = out.name.removesuffix(packing)
        for suffix in (".jsonl", ".json", ".posts"):
            bare = bare.removesuffix(suffix)
        posts, stem = out, out.parent / (bare or name)
    labels = stem.with_name(f"{stem.name}.labels.jsonl{packing}") if with_labels else None
    return Paths(posts, labels, stem.with_name(f"{stem.name}.truth.json"))


@contextmanager
def _writer(path: Path) -> Iterator[IO[bytes]]:
    if path == STANDARD_OUTPUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as raw:
        if path.suffix == ".gz":
            # No name and no time in the header: same scenario, same bytes.
            with gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0) as packed:
                yield packed  # type: ignore[misc]  # GzipFile is a binary file in all but its declared type
        elif path.suffix == ".zst":
            with zstandard.ZstdCompressor(level=6).stream_writer(raw) as packed:
                yield packed
        else:
            yield raw


def write(scenario: Scenario, paths: Paths, report: Callable[[int], object] | None = None) -> dict[str, Any]:
    """Write a scenario's stream; give its truth.

    Args:
        scenario: what to write.
        paths: where to.
        report: called with the number of lines written so far, now and then.

    Raises:
        OSError: a file cannot be written.
    """
    encode = msgspec.json.Encoder().encode
    stream = Stream(scenario)
    count = 0
    with ExitStack() as stack:
        posts = stack.enter_context(_writer(paths.posts))
        labels = stack.enter_context(_writer(paths.labels)) if paths.labels else None
        for sent in stream:
            count += 1
            posts.write(sent.line + b"\n")
            if labels is not None:
                labels.write(encode(label(sent, count, scenario.seed)) + b"\n")
            if report is not None and count % REPORT_EVERY == 0:
                report(count)
    truth = stream.ledger.truth()
    truth["counts"]["lines"] = count
    if paths.truth:
        paths.truth.write_bytes(msgspec.json.format(encode(truth), indent=1) + b"\n")
    return truth
