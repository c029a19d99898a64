"""What the places of a post cost with a gazetteer ten times as large: time, memory, start.

Usage: python benchmarks/gazetteer_size.py POSTS.jsonl[.gz]… [--factor 10] [--posts-count 3000] [--rounds 5]

The larger gazetteer holds the packaged one and, for each of its places, further ones with invented names (the consonants of each name
moved along the alphabet, so that lengths, words and shared beginnings stay). Both are asked about the same posts in turn, round by
round, so the machine's own speed falls out; each round starts with empty caches. Figures are medians over the rounds. ``find`` is the
automaton over folded text; ``resolve`` is all that is done for places, without NER.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import json
import os
import statistics
import sys
import time
from pathlib import Path

import numpy as np

from nlp.fold import fold_aligned
from nlp.gazetteer import Gazetteer, _read_roads
from nlp.gazetteer_file import ROW_COLUMNS, Tables, join, read_layer
from nlp.resolve import PlaceQuery, Resolver

CONSONANTS = b"bcdfghjklmnpqrstvwxz"
DATA = Path(__file__).resolve().parents[1] / "nlp" / "data"


def packaged() -> Tables:
    return join(read_layer(DATA / "gazetteer.bin"), read_layer(DATA / "subtown.bin"))


def enlarged(tables: Tables, factor: int) -> Tables:
    """Give the tables with ``factor - 1`` further places, under invented names, for each place."""
    names = tables.blobs["names"].split(b"\n")
    rows = len(tables.columns["lat"])
    counts = np.diff(tables.columns["name_starts"].astype(np.int64))
    all_names, owners, pair_rows, pair_how, flags = list(names), [], [], [], [tables.columns["name_flags"]]
    known = set(names)
    owners.append(np.repeat(np.arange(len(names)), counts))
    pair_rows.append(tables.columns["pair_rows"].astype(np.int64))
    pair_how.append(tables.columns["pair_how"])
    for turn in range(1, factor):
        moved = bytes.maketrans(CONSONANTS, CONSONANTS[turn:] + CONSONANTS[:turn])
        # A moved name that is a real one goes on being only that: it gets a letter more.
        fresh = [name.translate(moved) for name in names]
        fresh = [name + b"q" * turn if name in known else name for name in fresh]
        known.update(fresh)
        owners.append(np.repeat(np.arange(len(names)) + turn * len(names), counts))
        pair_rows.append(tables.columns["pair_rows"].astype(np.int64) + turn * rows)
        pair_how.append(tables.columns["pair_how"])
        flags.append(tables.columns["name_flags"])
        all_names += fresh
    order = sorted(range(len(all_names)), key=all_names.__getitem__)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    owner = rank[np.concatenate(owners)]
    by_owner = np.argsort(owner, kind="stable")
    columns = {key: np.tile(column, factor) for key, column in tables.columns.items() if key in ROW_COLUMNS}
    columns |= {key: np.tile(tables.columns[key], factor) for key in ("country", "region", "departement")}
    # Copies lie in the towns of their originals; a copied town is asked nothing that needs one.
    columns["town"] = np.concatenate([tables.columns["town"]] + [np.maximum(tables.columns["town"], 0)] * (factor - 1))
    columns["pair_rows"] = np.concatenate(pair_rows)[by_owner]
    columns["pair_how"] = np.concatenate(pair_how)[by_owner]
    columns["name_starts"] = np.concatenate(([0], np.cumsum(np.bincount(owner, minlength=len(order)))))
    columns["name_flags"] = np.concatenate(flags)[order]
    blobs = {key: tables.blobs[key] for key in ("country", "region", "departement", "communes")}
    blobs["names"] = b"\n".join(all_names[index] for index in order)
    for key in ("ids", "display"):
        copies = [tables.blobs[key].replace(b"\n", b"~%d\n" % turn) + b"~%d" % turn for turn in range(1, factor)]
        blobs[key] = b"\n".join([tables.blobs[key], *copies])
    return Tables(columns, blobs, len(order))


def resident_mb() -> float:
    gc.collect()
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def load(tables: Tables) -> tuple[Gazetteer, float, float]:
    """Give a gazetteer, the seconds until it answers and the megabytes it takes."""
    before, started = resident_mb(), time.perf_counter()
    gazetteer = Gazetteer(tables, _read_roads(DATA / "roads.tsv"))
    return gazetteer, time.perf_counter() - started, resident_mb() - before


def queries(paths: list[str], count: int) -> list[PlaceQuery]:
    found = []
    for path in paths:
        with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                post = json.loads(line)
                if post.get("text"):
                    found.append(PlaceQuery(post["text"], fold_aligned(post["text"]), post.get("lang")))
                if len(found) == count:
                    return found
    return found


def one_round(gazetteer: Gazetteer, asked: list[PlaceQuery]) -> tuple[float, float, int]:
    """Give microseconds a post of ``find`` and of ``resolve``, and how many places were given."""
    started = time.process_time()
    for query in asked:
        gazetteer.find(query.folded.data)
    find_s = time.process_time() - started
    resolver = Resolver(gazetteer)
    started = time.process_time()
    places = sum(len(one.places) for one in resolver.resolve(asked))
    return find_s / len(asked) * 1e6, (time.process_time() - started) / len(asked) * 1e6, places


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("posts", nargs="+")
    parser.add_argument("--factor", type=int, default=10)
    parser.add_argument("--posts-count", type=int, default=3_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    asked = queries(given.posts, given.posts_count)
    tables = packaged()
    small, small_s, small_mb = load(tables)
    big_tables = enlarged(tables, given.factor)
    big, big_s, big_mb = load(big_tables)
    rounds = [(one_round(small, asked), one_round(big, asked)) for _ in range(given.rounds)]
    find, resolve = ([statistics.median(one[side][kind] for one in rounds) for side in (0, 1)] for kind in (0, 1))
    print(f"{len(asked):,} posts, {given.rounds} rounds, medians, process time")
    print(f"{'':12}{'packaged':>12}{f'x {given.factor}':>12}{'ratio':>8}")
    print(f"{'names':12}{small.names_count:12,}{big.names_count:12,}{big.names_count / small.names_count:8.2f}")
    for name, (before, after) in (("find us", find), ("resolve us", resolve), ("start s", (small_s, big_s))):
        print(f"{name:12}{before:12.2f}{after:12.2f}{after / before:8.2f}")
    print(f"{'memory MB':12}{small_mb:12.0f}{big_mb:12.0f}{big_mb / max(small_mb, 1.0):8.2f}")
    print(f"places given: {rounds[0][0][2]:,} and {rounds[0][1][2]:,}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
