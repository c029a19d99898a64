"""What detecting costs: mentions a second on one core, with 1,000 and with 100,000 places that have history, and the memory for it.

Usage: python benchmarks/detection.py [--mentions N] [--rate PER_S] [--rounds N]

A world of towns by Zipf's law is primed with history, then heard for some minutes: ordinary talk of all hazards (a third names no place, a
tenth copies another) and one true event a minute. Both worlds are heard in turn in each round, and a bare loop (sort the mentions of a pane,
make a struct of each) is the measure of the machine: ratios hold elsewhere, absolute figures do not. Mentions are made before the clock starts.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import random
import statistics
import time
import tracemalloc
from collections.abc import Sequence

from detectors import Detector
from detectors.voices import voice_of
from tocsin.model import HAZARDS, Admin, Mention, Place
from tocsin.settings.detector import DetectorSettings
from tocsin.time import DAY_MS, HOUR_MS, Panes

T0 = 1_775_520_000_000
WITNESSES = ("unknown", "unknown", "first_hand", "relay", "media")
HISTORY_VOICES = 3
"""Voices that each place has had in the past."""


def towns(count: int, seed: int) -> list[Place]:
    """Make so many towns in 20 countries, the first the largest."""
    rng = random.Random(seed)
    made = []
    for n in range(count):
        country = f"{chr(65 + n % 20)}X"
        departement = f"{n % 2_000:04d}"
        made.append(
            Place(
                id=f"t{n}", name=f"Town {n}", kind="town", lat=rng.uniform(-50, 60), lon=rng.uniform(-180, 179.9),
                uncertainty_km=4.0, country=country, population=max(500, int(8e6 / (n + 1))), score=0.8,
                admin=Admin(region=f"{country}{n % 200:03d}", departement=departement, commune=f"{n:05d}"),
            )
        )  # fmt: skip
    return made


def stream(places: Sequence[Place], mentions: int, per_s: float, seed: int) -> list[Mention]:
    """Make so many mentions: ordinary talk at a constant pace, and one event a minute of twelve voices in two minutes."""
    rng = random.Random(seed)
    weights = [p.population**0.5 for p in places]
    told = rng.choices(places, weights, k=mentions)
    made = []
    for n in range(mentions):
        at = T0 + round(1_000 * n / per_s)
        hazard = rng.choice(HAZARDS)
        event = n % max(1, round(per_s * 5)) == 0  # twelve a minute tell of the event of that minute
        place = places[(n // max(1, round(per_s * 60))) * 37 % len(places)] if event else told[n]
        made.append(
            Mention(
                post_id=f"p{n}", source="s", author=f"a{rng.randrange(mentions)}", event_at=at, received_at=at,
                hazards={"fire": 1.0} if event else {hazard: 0.9, "open": 0.1}, terms=("x",),
                probability=0.8 if event else rng.choice((0.1, 0.3, 0.4, 0.6)), witness="first_hand" if event else rng.choice(WITNESSES),
                places=() if not event and rng.random() < 0.35 else (place,), fingerprint=rng.getrandbits(63) | 1,
            )
        )  # fmt: skip
    return made


def primed(places: Sequence[Place], settings: DetectorSettings, seed: int) -> Detector:
    """Make a detector that has heard of every place before."""
    rng = random.Random(seed)
    detector = Detector(settings, Panes())
    number = 0
    for place in places:
        for _ in range(HISTORY_VOICES):
            at = T0 - HOUR_MS * 3 - rng.randrange(20 * DAY_MS)
            told = {rng.choice(HAZARDS): 1.0}
            mention = Mention(
                post_id=f"h{number}", source="s", author="h", event_at=at, received_at=at, hazards=told, terms=(),
                probability=0.3, places=(place,),
            )  # fmt: skip
            detector._memory.baseline.learn(voice_of(mention, number, settings))  # noqa: SLF001 - history, without living through it
            number += 1
    detector._memory.baseline.expose(T0 - HOUR_MS, 20 * number, 60.0)  # noqa: SLF001
    return detector


def hear(detector: Detector, mentions: Sequence[Mention], per_pane: int) -> tuple[float, int]:
    """Give the CPU seconds of hearing a stream in batches of a pane, and how many incidents it raised."""
    raised = 0
    gc.collect()
    before = time.process_time()
    for low in range(0, len(mentions), per_pane):
        part = mentions[low : low + per_pane]
        detector.feed(part)
        detector.exposure(part[0].event_at, "s", 20 * len(part))
        raised += sum(i.reason == "raised" and i.state == "open" for i in detector.advance(part[-1].event_at))
    raised += sum(i.reason == "raised" and i.state == "open" for i in detector.finish())
    return time.process_time() - before, raised


def bare(mentions: Sequence[Mention], per_pane: int) -> float:
    """Give the CPU seconds of sorting the mentions of each pane and making one struct of each."""
    settings = DetectorSettings()
    before = time.process_time()
    for low in range(0, len(mentions), per_pane):
        part = sorted(mentions[low : low + per_pane], key=lambda m: (m.event_at, m.post_id))
        for number, mention in enumerate(part):
            voice_of(mention, number, settings)
    return time.process_time() - before


def main() -> int:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mentions", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=500.0, help="mentions a second of event time")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--places", type=int, nargs=2, default=(1_000, 100_000))
    given = parser.parse_args()
    settings = DetectorSettings()
    per_pane = max(1, round(given.rate * 10))
    secs: dict[str, list[float]] = {"bare": [], **{str(n): [] for n in given.places}}
    raised: dict[str, int] = {}
    memory: dict[str, float] = {}
    worlds = {n: towns(n, 1) for n in given.places}
    streams = {n: stream(worlds[n], given.mentions, given.rate, 2) for n in given.places}
    for _ in range(given.rounds):
        secs["bare"].append(bare(streams[given.places[0]], per_pane))
        for n in given.places:
            detector = primed(worlds[n], settings, 3)
            spent, raised[str(n)] = hear(detector, streams[n], per_pane)
            secs[str(n)].append(spent)
    for n in given.places:
        tracemalloc.start()
        detector = primed(worlds[n], settings, 3)
        hear(detector, streams[n][: given.mentions // 4], per_pane)
        memory[str(n)] = tracemalloc.get_traced_memory()[0] / 2**20
        tracemalloc.stop()
    median = {name: statistics.median(spent) for name, spent in secs.items()}
    few, many = (str(n) for n in given.places)
    result = {
        "mentions": given.mentions,
        "rate_per_s": given.rate,
        "mentions_per_s": {n: round(given.mentions / median[n]) for n in (few, many)},
        "us_per_mention": {n: round(1e6 * median[n] / given.mentions, 1) for n in ("bare", few, many)},
        "times_the_bare_loop": {n: round(median[n] / median["bare"], 2) for n in (few, many)},
        "cost_of_many_places": round(median[many] / median[few], 3),
        "memory_mib": {n: round(m, 1) for n, m in memory.items()},
        "raised": raised,
        "events": math.ceil(given.mentions / (60 * given.rate)),
    }
    print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
