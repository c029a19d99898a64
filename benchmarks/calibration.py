"""How many false alarms a budget brings: years of resampled real background, heard once, against budgets of 1, 10 and 100 a month.

Usage: python benchmarks/calibration.py --background RECORDING… [--decoys SCENARIO] [--months N] [--work DIR] [--out PAGE.md]

* **Background**: hours of recorded mentions (``.mentions.jsonl.gz``) without an event. Each hour of a new month is an hour of the recordings with
  the same hour of the day, drawn with replacement. What was said together stays together: a cascade (reposts, near copies) goes whole with the
  hour of its first voice. Fingerprints are turned alike within an hour, so copies stay copies and two draws of one hour are none.
* **Places**: within an hour each place is mapped to one of the places named in the recordings, as often as it is named there: popular places
  stay popular, and hours that met at one town by chance meet at another.
* **Decoys**: the bursts of a scenario (adverts, drills, matches…), four a month, each moved whole to another town.
* **Heard once for all budgets**: nothing is raised; what would have been (evidence and all floors) is noted with its evidence. Alarms of one
  budget within six hours, 100 km and a family of hazards are one. Without open incidents there is no claim and no echo: more alarms, not fewer.
* The whole stream, of all countries, is one territory. The first two days of each replica are not counted: the baseline is cold.

Observed over budget with the exact (Garwood) 95 % interval of a Poisson count.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from collections import defaultdict
from collections.abc import Sequence
from multiprocessing import Pool
from pathlib import Path

import msgspec
from recorded import heard
from scipy.stats import chi2

from detectors import Detector, floors
from detectors.geometry import distance_km
from detectors.hazards import compatible
from tocsin.analysis.recording import read
from tocsin.ids import PUBLIC_REPLAY_KEY, pseudonym
from tocsin.model import Mention, Place
from tocsin.scoring.reading import read_lines
from tocsin.settings.detector import DetectorSettings
from tocsin.time import DAY_MS, HOUR_MS, parse_instant

T0 = 1_775_520_000_000 - 1_775_520_000_000 % DAY_MS
MONTH_MS = 30 * DAY_MS
REPLICA_MONTHS = 5
COLD_MS = 2 * DAY_MS
DECOYS_A_MONTH = 4.0
LEAST_BURST = 3
"""Mentions below which a decoy is no burst."""
POSTS_PER_MIN = 25
"""Posts of the background mix, gated or not (told to the baseline once an hour)."""
BUDGETS = (1, 10, 100)
ONE_MS, ONE_KM = 6 * HOUR_MS, 100.0
MIXES: dict[str, dict] = {
    "as packaged": {},
    "retelling three times too small": {"retelling_alpha": 0.2 / 3, "relay_alpha": 0.8 / 3},
    "retelling three times too large": {"retelling_alpha": 0.6, "relay_alpha": 1.0},
}


class Burst(msgspec.Struct):
    """Mentions that stay together."""

    mentions: list[Mention]

    @property
    def first_at(self) -> int:
        """When its first mention was said."""
        return self.mentions[0].event_at


def cascades(mentions: Sequence[Mention], bits: int = 9) -> list[Burst]:
    """Group mentions with what they repost or nearly copy, in order of their first."""
    groups: list[Burst] = []
    of_post: dict[str, Burst] = {}
    recent: list[tuple[int, Burst]] = []
    for one in mentions:
        group = of_post.get(one.repost_of or "")
        if group is None and one.fingerprint:
            group = next((g for print_, g in recent if (print_ ^ one.fingerprint).bit_count() <= bits), None)
        if group is None:
            group = Burst([])
            groups.append(group)
        group.mentions.append(one)
        of_post[one.post_id] = group
        if one.fingerprint:
            recent = [(one.fingerprint, group), *recent[:999]]
    return groups


def decoys_of(base: Path, mentions: Sequence[Mention]) -> list[Burst]:
    """Give the decoy bursts of a scenario: what the labels call a decoy's, by the time of each decoy."""
    truth = json.loads(Path(f"{base}.truth.json").read_text(encoding="utf-8"))
    labels = (label for _, label in read_lines(Path(f"{base}.labels.jsonl.gz")))
    natives = [label["id"] for label in labels if "decoy" in (label.get("kind") or "")]
    wanted = {pseudonym(PUBLIC_REPLAY_KEY, "post", native) for native in natives}
    spans = [(parse_instant(d["start"]), parse_instant(d["end"]), d["name"]) for d in truth["decoys"]]
    bursts: dict[str, list[Mention]] = defaultdict(list)
    for one in mentions:
        lasting = [name for start, end, name in sorted(spans) if start <= one.event_at <= end]
        if one.post_id in wanted and lasting:
            bursts[lasting[-1]].append(one)
    return [Burst(burst) for burst in bursts.values() if len(burst) >= LEAST_BURST]


class Resampler:
    """Makes months of background."""

    def __init__(self, background: Sequence[Sequence[Mention]], decoys: Sequence[Burst]) -> None:
        self._hours: dict[int, list[list[Burst]]] = defaultdict(list)
        for recording in background:
            by_hour: dict[int, list[Burst]] = defaultdict(list)
            for burst in cascades(recording):
                by_hour[burst.first_at // HOUR_MS].append(burst)
            for hour in range(min(by_hour), max(by_hour) + 1):
                self._hours[hour % 24].append(by_hour.get(hour, []))
        self._decoys = list(decoys)
        self._places = [place for recording in background for one in recording for place in one.places[:1]]
        self._towns = [place for place in self._places if place.kind == "town"]

    def months(self, months: int, seed: int) -> list[Mention]:
        """Make so many months, in order of time."""
        rng = random.Random(seed)
        made: list[Mention] = []
        for hour in range(months * 30 * 24):
            start = T0 + hour * HOUR_MS
            mapped: dict[str, Place] = {}
            turn = rng.getrandbits(62)
            for burst in rng.choice(self._hours[hour % 24]):
                shift = start - burst.first_at // HOUR_MS * HOUR_MS
                made += (self._moved(one, shift, f"{hour}", turn, mapped, rng) for one in burst.mentions)
        for number in range(round(DECOYS_A_MONTH * months)):
            burst, town = rng.choice(self._decoys), rng.choice(self._towns)
            shift = T0 + rng.randrange(months * MONTH_MS) - burst.first_at
            mapped = self._around(burst, town)
            turn = rng.getrandbits(62)
            made += (self._moved(one, shift, f"d{number}", turn, mapped, rng) for one in burst.mentions)
        return sorted(made, key=lambda one: (one.event_at, one.post_id))

    def _moved(
        self, one: Mention, shift: int, tag: str, turn: int, mapped: dict[str, Place], rng: random.Random
    ) -> Mention:
        places = []
        for place in one.places:
            if place.id not in mapped:
                same = [p for p in rng.choices(self._places, k=8) if (p.kind == "town") == (place.kind == "town")]
                mapped[place.id] = same[0] if same else place
            places.append(msgspec.structs.replace(mapped[place.id], score=place.score))
        return msgspec.structs.replace(
            one,
            post_id=f"{one.post_id}:{tag}",
            author=f"{one.author}:{tag}",
            repost_of=f"{one.repost_of}:{tag}" if one.repost_of else None,
            event_at=one.event_at + shift,
            received_at=one.received_at + shift,
            fingerprint=one.fingerprint ^ turn if one.fingerprint else 0,
            places=tuple(places),
        )

    @staticmethod
    def _around(burst: Burst, town: Place) -> dict[str, Place]:
        named = [place for one in burst.mentions for place in one.places[:1]]
        if not named:
            return {}
        centre = max(named, key=lambda p: (sum(q.id == p.id for q in named), p.id))
        moved = {}
        for place in (p for one in burst.mentions for p in one.places):
            north, east = place.lat - centre.lat, place.lon - centre.lon
            near = abs(north) < 2 and abs(east) < 2
            moved[place.id] = msgspec.structs.replace(
                town if near else place,
                id=f"{town.id}+{place.id}" if near else place.id,
                kind=place.kind,
                lat=max(-89.0, min(89.0, town.lat + north)) if near else place.lat,
                lon=(town.lon + east + 180) % 360 - 180 if near else place.lon,
                uncertainty_km=place.uncertainty_km,
            )
        return moved


class Watched(Detector):
    """A detector that raises nothing, and notes what would have been raised at each budget."""

    noted: list[tuple[int, str, Place, float, int]]

    def _passes(self, found):
        for budget in BUDGETS:
            asked = self._asked[budget]
            if floors.passes(found, asked):
                self.noted.append((self._now_at, found.hazard, found.where.place, found.nats, budget))
        return False

    @classmethod
    def under(cls, changes: dict) -> Watched:
        """Make one under packaged settings but for some changes."""
        made = cls(DetectorSettings(**changes))
        made.noted = []
        made._asked = {b: DetectorSettings(**changes, false_alarm_budget_mins=43_200.0 / b) for b in BUDGETS}
        return made


def alarms(noted: Sequence[tuple[int, str, Place, float, int]], budget: int) -> int:
    """Count the alarms of a budget: what is near in time, place and family is one."""
    open_: list[tuple[int, str, Place]] = []
    count = 0
    for at, hazard, place, _, of in noted:
        if of != budget or (at - T0) < COLD_MS:
            continue
        open_ = [one for one in open_ if at - one[0] < ONE_MS]
        known = next(
            (i for i, (_, told, p) in enumerate(open_)
             if compatible(told, hazard) and distance_km(p.lat, p.lon, place.lat, place.lon) < ONE_KM),
            None,
        )  # fmt: skip
        count += known is None
        if known is not None:
            open_[known] = (at, open_[known][1], open_[known][2])
        else:
            open_.append((at, hazard, place))
    return count


def replica(task: tuple[Resampler, dict, int]) -> tuple[dict[int, int], int]:
    """Hear one replica; give its alarms by budget, and its mentions."""
    resampler, changes, seed = task
    mentions = resampler.months(REPLICA_MONTHS, seed)
    detector = Watched.under(changes)
    at, low = T0, 0
    while low < len(mentions):
        high = low
        while high < len(mentions) and mentions[high].event_at < at + HOUR_MS:
            high += 1
        detector.feed(mentions[low:high])
        detector.exposure(at + HOUR_MS - 10_000, "background", POSTS_PER_MIN * 60)
        detector.advance(at + HOUR_MS)
        low, at = high, at + HOUR_MS
    detector.finish()
    return {budget: alarms(detector.noted, budget) for budget in BUDGETS}, len(mentions)


def garwood(count: int) -> tuple[float, float]:
    """Give the exact 95 % interval of the mean of a Poisson count."""
    low = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    return low, chi2.ppf(0.975, 2 * count + 2) / 2


def picture(rows: list[dict], path: Path) -> None:
    """Draw observed over budget with its intervals."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - only where a picture is wanted

    figure = Figure(figsize=(7.5, 3.6), layout="constrained")
    axes = figure.subplots()
    for offset, mix in zip((-0.15, 0.0, 0.15), MIXES, strict=True):
        chosen = [row for row in rows if row["mix"] == mix]
        if not chosen:
            continue
        x = [math.log10(row["budget"]) + offset for row in chosen]
        ratio = [row["ratio"] for row in chosen]
        spread = [[row["ratio"] - row["low"] for row in chosen], [row["high"] - row["ratio"] for row in chosen]]
        axes.errorbar(x, ratio, yerr=spread, fmt="o", capsize=4, label=f"{mix} ({chosen[0]['months']:.0f} months)")
    axes.axhline(1.0, color="black", linewidth=0.8)
    axes.axhline(2.0, color="black", linewidth=0.8, linestyle=":")
    axes.set_xticks([0, 1, 2], ["1 a month", "10 a month", "100 a month"])
    axes.set_xlabel("budget of false alarms")
    axes.set_ylabel("observed over budget")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=110)


def page(rows: list[dict], image: str) -> str:
    """Write the page."""
    lines = [
        "# Does the budget hold",
        "",
        "Generated by `python benchmarks/calibration.py`, which says how background is resampled and what counts as one alarm; do not edit.",
        "Recorded quiet background in two languages, hours drawn with replacement, places mapped anew, four decoy bursts a month put in. No true event",
        "is in it, so every alarm is false. A *territory-month* is a month of the whole stream. The interval is exact (Garwood) at 95 %.",
        "",
        f"![Observed false alarms over the budget]({image})",
        "",
        "| | budget a month | territory-months | mentions | false alarms | a month | over budget | 95 % interval |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r['mix']} | {r['budget']} | {r['months']:.1f} | {r['mentions']:,} | {r['alarms']} | {r['alarms'] / r['months']:.2f} | {r['ratio']:.2f} | {r['low']:.2f} to {r['high']:.2f} |"
        for r in rows
    ]
    lines += [
        "",
        "What it does not tell: the background is a thin mix of posts gathered for research, not the stream of a territory; a stream with ten times",
        "the voices has more chances and a better baseline. The live rate is to be measured where it runs.",
        "",
    ]
    return "\n".join(lines)


def main() -> int:
    """Measure, and write the page and its picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--background", type=Path, nargs="+", required=True)
    parser.add_argument("--decoys", type=Path, required=True, help="base path of a scenario with decoys: FOLDER/NAME")
    parser.add_argument("--work", type=Path, default=Path("out/recordings"))
    parser.add_argument("--months", type=int, default=300)
    parser.add_argument("--months-wrong", type=int, default=None, help="months under wrong retelling; all when absent")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("docs/explanation/calibration.md"))
    parser.add_argument("--image", type=Path, default=Path("docs/images/calibration.png"))
    given = parser.parse_args()
    background = [list(read([path]).mentions) for path in given.background]
    resampler = Resampler(background, decoys_of(given.decoys, list(heard(given.decoys, given.work).mentions)))
    rows: list[dict] = []
    with Pool(given.processes) as pool:
        for mix, changes in MIXES.items():
            months = given.months if not changes or given.months_wrong is None else given.months_wrong
            seeds = range(given.seed, given.seed + max(1, months // REPLICA_MONTHS))
            found: dict[int, int] = dict.fromkeys(BUDGETS, 0)
            mentions = 0
            for counted, heard_ in pool.imap_unordered(replica, [(resampler, changes, seed) for seed in seeds]):
                mentions += heard_
                for budget, count in counted.items():
                    found[budget] += count
                print(mix, counted, file=sys.stderr, flush=True)
            exposure = len(seeds) * (REPLICA_MONTHS * MONTH_MS - COLD_MS) / MONTH_MS
            for budget, count in found.items():
                low, high = (bound / exposure / budget for bound in garwood(count))
                rows.append({"mix": mix, "budget": budget, "months": exposure, "mentions": mentions, "alarms": count,
                             "ratio": count / exposure / budget, "low": low, "high": high})  # fmt: skip
    given.image.parent.mkdir(parents=True, exist_ok=True)
    picture(rows, given.image)
    given.out.write_text(page(rows, f"../images/{given.image.name}"), encoding="utf-8")
    print(json.dumps(rows, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
