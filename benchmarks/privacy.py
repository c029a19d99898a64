"""What privacy costs a gated post: day pseudonyms, redaction, sealing and opening, beside extracting it; and what consent costs a line.

Usage: python benchmarks/privacy.py [--posts N] [--rounds N] [--redis redis://127.0.0.1:6379/0]

All parts handle the same simulated posts, in the blocks in which they travel, in one process; each round runs every part once, and costs
are quoted as ratios to extraction of the same posts in the same round: the machine's own speed falls out. Figures are medians over the
rounds. CPU seconds are this process's; with Redis its round trips show in the wall time beside them.
"""

from __future__ import annotations

import argparse
import statistics
import time
from itertools import islice

from ingest.block import Builder
from ingest.consent import Facts, Rules
from ingest.normalise import normalise
from ingest.post import post
from ingest.privacy import DayPseudonyms
from ingest.record import Limits
from nlp.extract import Extractor
from nlp.gate import Gate
from nlp.lexicon import Lexicon
from tocsin.pipeline.secrecy import LiveKeys
from tocsin.runtime.redis_store import connect
from tocsin.runtime.store import MemoryStore
from tocsin.runtime.vault import TextVault, Words
from tocsin.settings import Settings
from tocsin.simulation.draw import drawn
from tocsin.simulation.stream import Stream
from tocsin.time import HOUR_MS

BLOCK = 50
"""Posts that are sealed or opened in one call: what a record of the topic holds."""


def simulated(wanted: int) -> list[bytes]:
    """Lines of a simulated stream."""
    plan = drawn(seed=7, hours=2.0, rate_per_min=60.0, incidents=26, decoys=4, start="2026-06-01T06:00:00Z")
    return [sent.line for sent in islice(Stream(plan), wanted)]


def timed(work) -> tuple[float, float]:
    """CPU and wall seconds of a piece of work."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


class Round:
    """One round: every part once, over the same posts."""

    def __init__(self, lines: list[bytes], gate: Gate, extractor: Extractor, redis_url: str | None) -> None:
        builder = Builder()
        for number, line in enumerate(lines):
            builder.add("simulated", number + 1, line)
        self.block = builder.take(number=0)
        drafts = normalise(self.block, limits=Limits(), lateness_ms=5_000).drafts
        hits = gate.open([draft.text for draft in drafts])
        self.drafts = drafts
        self.opened = [(draft, entries) for draft, entries in zip(drafts, hits, strict=True) if entries]
        self.extractor = extractor
        self.stores = {"memory": MemoryStore()}
        if redis_url:
            self.stores["redis"] = connect(redis_url, prefix="tocsin-benchmark:")
        self.keys = LiveKeys(MemoryStore(), now)

    def run(self, number: int) -> dict[str, tuple[float, float]]:
        """Give the CPU and wall seconds of each part."""
        spent = {"consent": timed(self.consent), "pseudonyms and redaction": timed(self.leave)}
        spent["extract"] = timed(lambda: self.extractor.mentions(self.posts))
        for name, store in self.stores.items():
            # Posts of another round are other posts: each makes its own key, as live posts do.
            texts = [(f"{number}-{one.id}", Words(one.text, f"https://social.example/{one.id}")) for one in self.posts]
            vault, sealed = TextVault(store, HOUR_MS, now), []
            spent[f"seal, {name}"] = timed(lambda vault=vault, texts=texts, sealed=sealed: seal(vault, texts, sealed))
            spent[f"open, {name}"] = timed(lambda vault=vault, sealed=sealed: unseal(vault, sealed))
            spent[f"destroy, {name}"] = timed(
                lambda vault=vault, sealed=sealed: vault.destroy([one for one, _ in sealed])
            )
        return spent

    def consent(self) -> None:
        """Ask the rules of every post, as if each network told all."""
        rules = Rules(deny_domains=("denied.example",))
        for draft in self.drafts:
            rules.withheld(Facts.of(draft.source, draft.author, {"link": "https://a.example/1", "indexable": True}))

    def leave(self) -> None:
        """Make the posts that may leave ingest, under day keys."""
        names = DayPseudonyms(self.keys.current())
        self.posts = [post(draft, names, entries) for draft, entries in self.opened]


def seal(vault: TextVault, texts: list[tuple[str, Words]], sealed: list[tuple[str, bytes]]) -> None:
    """Seal texts in blocks."""
    for start in range(0, len(texts), BLOCK):
        some = texts[start : start + BLOCK]
        sealed += zip([post_id for post_id, _ in some], vault.seal(some), strict=True)


def unseal(vault: TextVault, sealed: list[tuple[str, bytes]]) -> None:
    """Open texts in blocks."""
    for start in range(0, len(sealed), BLOCK):
        opened = vault.open(sealed[start : start + BLOCK])
        assert all(isinstance(words, Words) for words in opened), "what was sealed just now opens"


def now() -> int:
    """Give the system's clock, UTC milliseconds."""
    return time.time_ns() // 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--redis", help="also seal and open over this server")
    chosen = parser.parse_args()
    settings = Settings()
    extractor = Extractor.load(settings.nlp)
    made = Round(simulated(chosen.posts), Gate(Lexicon.load()), extractor, chosen.redis)
    made.leave()
    extractor.mentions(made.posts[:BLOCK])
    rounds = [made.run(number) for number in range(chosen.rounds)]
    posts, gated = len(made.drafts), len(made.posts)
    print(f"{posts:,} posts, {gated:,} passed the gate; {chosen.rounds} rounds, medians\n")
    print(f"{'part':28}{'CPU us each':>13}{'wall us each':>14}{'of':>8}{'x extract (CPU)':>18}{'x extract (wall)':>18}")
    base = [statistics.median(one["extract"][kind] for one in rounds) / gated for kind in (0, 1)]
    for part in rounds[0]:
        each = posts if part == "consent" else gated
        cpu, wall = (statistics.median(one[part][kind] for one in rounds) / each for kind in (0, 1))
        of = "post" if part == "consent" else "gated"
        print(f"{part:28}{cpu * 1e6:13.2f}{wall * 1e6:14.2f}{of:>8}{cpu / base[0]:18.3f}{wall / base[1]:18.3f}")


if __name__ == "__main__":
    main()
