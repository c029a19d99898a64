"""Does the share of a hazard a post depend on the part of the day, beyond noise? What a baseline by day part would be worth.

Usage: python benchmarks/day_parts.py RECORDING… [--utc-offset-hours 1] [--out FILE]

RECORDING is what `tocsin replay --keep` wrote: mentions, and how many posts each pane had. Days (weeks, from 60 days on) are left out one
after the other; the voices of each are predicted from the rest, by the flat rate a post of each hazard and by the rate of their cell (quarter
of a day, weekend, both) shrunk to the flat one: ``(n + K) / (E + K / flat)`` with K voices of weight. Printed is by how many nats the cells
predict better (Poisson log-likelihood). An author counts once a day and hazard, a text once a day.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from detectors.voices import main_hazard
from tocsin.analysis.recording import read
from tocsin.time import DAY_MS, HOUR_MS

SHRINK_VOICES = (5.0, 20.0, 80.0, 320.0)
CELLS = {
    "quarter of a day": lambda at: (at.hour // 6,),
    "weekend": lambda at: (at.weekday() >= 5,),
    "quarter and weekend": lambda at: (at.hour // 6, at.weekday() >= 5),
}
BLOCK_DAYS = 7
MANY_DAYS = 60


def counted(recording):
    """Give posts by hour, and voices by hour and hazard."""
    posts: Counter[int] = Counter()
    for each in recording.exposures:
        posts[each.pane_start_at // HOUR_MS] += each.posts
    voices: Counter[tuple[int, str]] = Counter()
    seen = set()
    for said in recording.mentions:
        day, hazard = said.event_at // DAY_MS, main_hazard(said.hazards)
        keys = {("author", said.author, hazard, day)} | (
            {("text", said.fingerprint, day)} if said.fingerprint else set()
        )
        if said.repost_of is None and not keys & seen and said.event_at // HOUR_MS in posts:
            voices[said.event_at // HOUR_MS, hazard] += 1
        seen |= keys
    return posts, voices


def gains(posts, voices, cell, utc_offset_hours):
    """Give for each weight of the shrinkage the gain in nats of each block of days that was left out."""
    offset = timedelta(hours=utc_offset_hours)
    cell_of = {hour: cell(datetime.fromtimestamp(hour * HOUR_MS / 1_000, tz=UTC) + offset) for hour in posts}
    cells = {key: n for n, key in enumerate(sorted(set(cell_of.values())))}
    days = {day: n for n, day in enumerate(sorted({hour // 24 for hour in posts}))}
    hazards = {hazard: n for n, hazard in enumerate(sorted({hazard for _, hazard in voices}))}
    exposed = np.zeros((len(days), len(cells)))
    heard = np.zeros((len(days), len(cells), len(hazards)))
    for hour, count in posts.items():
        exposed[days[hour // 24], cells[cell_of[hour]]] += count
    for (hour, hazard), count in voices.items():
        heard[days[hour // 24], cells[cell_of[hour]], hazards[hazard]] += count
    size = BLOCK_DAYS if len(days) >= MANY_DAYS else 1
    found = {}
    for weight in SHRINK_VOICES:
        found[weight] = []
        for start in range(0, len(days), size):
            out = slice(start, start + size)
            n, e = heard.sum(axis=0) - heard[out].sum(axis=0), exposed.sum(axis=0) - exposed[out].sum(axis=0)
            flat = (n.sum(axis=0) + 0.5) / (e.sum() + 1.0)
            rate = (n + weight) / (e[:, None] + weight / flat[None, :])
            y, x = heard[out].sum(axis=0), exposed[out].sum(axis=0)[:, None]
            found[weight].append(float((y * np.log(rate / flat) - (rate - flat) * x).sum()))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recordings", nargs="+", type=Path)
    parser.add_argument("--utc-offset-hours", type=float, default=1.0)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    rows = []
    for path in asked.recordings:
        posts, voices = counted(read([path]))
        days, total = len({hour // 24 for hour in posts}), sum(voices.values())
        if days < 2 or not total:
            raise SystemExit(
                f"{path}: expected posts by pane of two days or more, and voices; got {days} days, {total} voices"
            )
        for name, cell in CELLS.items():
            for weight, nats in gains(posts, voices, cell, asked.utc_offset_hours).items():
                error = float(np.std(nats, ddof=1) * len(nats) ** 0.5)
                row = {"recording": path.name, "days": days, "voices": total, "cells": name, "weight": weight}
                row |= {"gain_nats": round(sum(nats), 1), "standard_error": round(error, 1)}
                row |= {
                    "nats_a_voice": round(sum(nats) / total, 4),
                    "blocks": len(nats),
                    "better": sum(n > 0 for n in nats),
                }
                rows.append(row)
                print(" ".join(f"{key} {value}" for key, value in row.items()))
    if asked.out is not None:
        asked.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
