"""What hearing costs with a lexicon ten times as large: time, memory, start.

Usage: python benchmarks/lexicon_size.py POSTS.jsonl[.gz]… [--factor 10] [--posts-count 20000] [--rounds 5]

The larger lexicon holds the packaged one and, for each of its entries, further ones with invented forms (the consonants of each form moved
along the alphabet, so that lengths, frames and shared beginnings stay; what would be a word that many people write gets a letter more).
Both are asked about the same posts in turn, round by round, so the machine's own speed falls out. Figures, ratios too, are medians over the rounds.
``gate`` is the term gate over all posts, in blocks as in a run; ``find`` is the whole lexicon over the posts that open the packaged gate;
``sense`` is all that is judged of those posts, places apart. ``hear`` is what a post of the stream costs in all of it.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import gzip
import json
import os
import statistics
import sys
import time
from pathlib import Path

from nlp.cues import CueBook
from nlp.fold import fold_aligned
from nlp.gate import Gate
from nlp.lexicon import Lexicon
from nlp.matcher import _rates
from nlp.pattern import Frame
from nlp.relevance import SenseModel
from nlp.sense import SenseQuery, SenseReader

CONSONANTS = b"bcdfghjklmnpqrstvwxz"
BLOCK = 500


def moved(form: bytes, turn: int) -> bytes:
    """Give an invented form: every word of it moved, none of them a word that many people write."""
    table = bytes.maketrans(CONSONANTS, CONSONANTS[turn:] + CONSONANTS[:turn])
    words = []
    for word in form.split(b" "):
        stem = word.endswith(b"*")
        # A mark, an emoji or a vowel alone has nothing to move.
        fresh = word.removesuffix(b"*").translate(table)
        taken = any(one.startswith(fresh) for one in _rates()) if stem else fresh in _rates()
        fresh += b"q" * turn if taken or fresh == word.removesuffix(b"*") else b""
        words.append(fresh + b"*" if stem else fresh)
    return b" ".join(words)


def enlarged(small: Lexicon, factor: int) -> Lexicon:
    """Give the lexicon with ``factor - 1`` further entries, under invented forms, for each entry."""
    entries = list(zip(small.entries, small.frames, strict=True))
    known: dict[tuple[bytes, int], bytes] = {}

    def again(form: bytes, turn: int) -> bytes:
        return known.setdefault((form, turn), known.get((form, turn)) or moved(form, turn))

    for turn in range(1, factor):
        for entry, frames in zip(small.entries, small.frames, strict=True):
            copies = [
                Frame(tuple(frozenset(again(form, turn) for form in part) for part in frame.parts), frame.gaps)
                for frame in frames
            ]
            entries.append((dataclasses.replace(entry, id=f"{entry.id}_{turn}"), copies))
    return Lexicon(entries)


def resident_mb() -> float:
    gc.collect()
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def posts_of(paths: list[str], count: int) -> list[tuple[str, str | None]]:
    """Give text and language of posts, an equal share of each file."""
    found: list[tuple[str, str | None]] = []
    for path in paths:
        room = len(found) + count // len(paths)
        with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                post = json.loads(line)
                if post.get("text"):
                    found.append((post["text"], post.get("lang")))
                if len(found) == room:
                    break
    return found


def one_round(
    lexicon: Lexicon, gate: Gate, posts: list[tuple[str, str | None]], gated: list[tuple[str, str | None]]
) -> dict[str, float]:
    """Give microseconds: ``gate`` a post, ``find`` and ``sense`` a gated post, ``hear`` a post."""
    texts = [text for text, _ in posts]
    started = time.process_time()
    for low in range(0, len(texts), BLOCK):
        gate.open(texts[low : low + BLOCK])
    gate_secs = time.process_time() - started
    folded = [(fold_aligned(text), lang) for text, lang in gated]
    started = time.process_time()
    for one, lang in folded:
        lexicon.find(one, lang)
    find_secs = time.process_time() - started
    reader = SenseReader(lexicon, CueBook.load(), SenseModel.load())  # a new one: it remembers texts
    started = time.process_time()
    for text, lang in gated:
        reader.sense(SenseQuery(text, lang, 2026))
    sense_secs = time.process_time() - started
    return {
        "gate": gate_secs / len(posts) * 1e6,
        "find": find_secs / len(gated) * 1e6,
        "sense": sense_secs / len(gated) * 1e6,
        "hear": (gate_secs + sense_secs) / len(posts) * 1e6,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("posts", nargs="+")
    parser.add_argument("--factor", type=int, default=10, choices=range(2, len(CONSONANTS) + 1))
    parser.add_argument("--posts-count", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    posts = posts_of(given.posts, given.posts_count)
    base_mb, started = resident_mb(), time.perf_counter()
    small = Lexicon.load()
    small_gate = Gate(small)
    small_secs, small_mb = time.perf_counter() - started, resident_mb() - base_mb
    base_mb = resident_mb()
    big = enlarged(small, given.factor)
    started = time.perf_counter()
    # Building it anew from its frames leaves out the invention of forms, which is the benchmark's own work.
    big = Lexicon(list(zip(big.entries, big.frames, strict=True)))
    big_gate = Gate(big)
    big_secs, big_mb = time.perf_counter() - started, resident_mb() - base_mb + small_mb
    opened = [bool(entries) for entries in small_gate.open([text for text, _ in posts])]
    also = sum(bool(entries) for entries in big_gate.open([text for text, _ in posts]))
    gated = [post for post, is_open in zip(posts, opened, strict=True) if is_open]
    rounds = [
        (one_round(small, small_gate, posts, gated), one_round(big, big_gate, posts, gated))
        for _ in range(given.rounds)
    ]
    print(
        f"{len(posts):,} posts, {len(gated):,} open the gate ({also:,} the larger), {given.rounds} rounds, process time"
    )
    print(f"{'':12}{'packaged':>12}{f'x {given.factor}':>12}{'ratio':>8}")
    print(f"{'entries':12}{len(small.entries):12,}{len(big.entries):12,}{len(big.entries) / len(small.entries):8.2f}")
    print(f"{'forms':12}{small.size:12,}{big.size:12,}{big.size / small.size:8.2f}")
    for name in rounds[0][0]:
        before, after = (statistics.median(one[side][name] for one in rounds) for side in (0, 1))
        ratio = statistics.median(larger[name] / packaged[name] for packaged, larger in rounds)
        print(f"{name + ' us':12}{before:12.2f}{after:12.2f}{ratio:8.2f}")
    print(f"{'build s':12}{small_secs:12.2f}{big_secs:12.2f}")
    print(f"{'memory MB':12}{small_mb:12.0f}{big_mb:12.0f}{big_mb / max(small_mb, 1.0):8.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
