"""Count how many posts in ten thousand hold each word: facts that let the gate look for the rarest part of a form first.

Usage: python scripts/build_common_words.py OUT POSTS.jsonl.gz… — only words found in at least ``FLOOR`` of ten thousand posts are written,
as ``word<TAB>posts per ten thousand``, most frequent first. A wrong count costs time, never a hit.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import Counter
from pathlib import Path

from nlp.fold import fold

FLOOR = 6.0
WORDS = 6_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("posts", type=Path, nargs="+")
    args = parser.parse_args()
    counts: Counter[str] = Counter()
    total = 0
    for path in args.posts:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                counts.update(set(fold(json.loads(line)["text"]).decode().split()))
                total += 1
    rows = [(word, 10_000 * count / total) for word, count in counts.items()]
    rows = sorted((row for row in rows if row[1] >= FLOOR and row[0].isalpha()), key=lambda row: (-row[1], row[0]))[
        :WORDS
    ]
    args.out.write_text("".join(f"{word}\t{rate:.1f}\n" for word, rate in rows), encoding="utf-8")
    print(f"{len(rows)} words of {total} posts in {args.out}")


if __name__ == "__main__":
    main()
