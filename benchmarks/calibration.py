"""How many false alarms a budget brings: years of resampled real background, heard once, against budgets of 1, 10 and 100 a month.

Usage: python benchmarks/calibration.py DATA [--months N] [--work DIR] [--out PAGE.md]

Months are made by ``resampling.py`` of every background that the scenarios of the data folder hold, with the decoy bursts of those scenarios
and of the incidents written for this project (``written_days.py``).

* **Heard once for all**: nothing is raised; what would have been (evidence and all floors) is noted, for each budget and for each setting of
  the retelling. So neither an open incident's claim nor the echo of one holds anything back: more alarms, not fewer. Alarms of one budget
  within six hours, 100 km and a family of hazards are one.
* The whole stream, of all countries, is one territory. The first two days of each replica are not counted: the baseline is cold.

Observed over budget with the exact (Garwood) 95 % interval of a Poisson count.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from multiprocessing import Pool
from pathlib import Path
from unittest import mock

import msgspec
from recorded import heard, scenarios
from resampling import DECOY_TAG, DECOYS_A_MONTH, MONTH_MS, T0, Resampler, background_of, decoys_of, has_any
from scipy.stats import chi2
from written_days import build

from detectors import Detector, deciding
from detectors.explanation import standing
from detectors.floors import least_threshold, passes
from detectors.geometry import distance_km
from detectors.hazards import compatible
from detectors.hypothesis import Hypothesis, weigh_told
from detectors.memory import Memory
from detectors.telling import Told, listen, may_pass
from tocsin.model import Place
from tocsin.settings.detector import DetectorSettings
from tocsin.time import DAY_MS, HOUR_MS

REPLICA_MONTHS = 5
COLD_MS = 2 * DAY_MS
COUNTED_MONTHS = (REPLICA_MONTHS * MONTH_MS - COLD_MS) / MONTH_MS
BUDGETS = (1, 10, 100)
ONE_MS, ONE_KM = 6 * HOUR_MS, 100.0
WRONG = 3.0
MOST_ALPHA = 1.0
"""A voice that drew more than one other would never end."""
MIXES = {
    "as packaged": 1.0,
    "retelling three times too small": 1 / WRONG,
    "retelling three times too large": WRONG,
}
"""How much of the packaged retelling is expected, by name."""
FEWEST = min(MIXES, key=lambda name: MIXES[name])
"""The mix that leaves the most evidence: what does not reach the threshold there does nowhere."""
CONSIDER = deciding._consider  # noqa: SLF001  # what is stood in for


def under(mix: str, budget: float) -> DetectorSettings:
    """Give the packaged settings with a budget a month and so much retelling."""
    packaged, times = DetectorSettings(), MIXES[mix]
    return DetectorSettings(
        false_alarm_budget_mins=packaged.false_alarm_budget_mins / budget,
        retelling_alpha=min(MOST_ALPHA, packaged.retelling_alpha * times),
        relay_alpha=min(MOST_ALPHA, packaged.relay_alpha * times),
    )


class Alarm(msgspec.Struct, frozen=True):
    """What would have been raised at an instant."""

    at: int
    hazard: str
    place: Place
    of_decoy: bool
    """Most of its voices are of a decoy burst."""


def _no_echo(_hazard: str, _place: Place | None) -> float:
    """Give the talk about open incidents elsewhere: none is open."""
    return 0.0


class Watching:
    """Stands in for what considers a hypothesis: lets nothing be raised, and notes what would have been, by mix and budget."""

    def __init__(self) -> None:
        self.noted: dict[tuple[str, int], list[Alarm]] = defaultdict(list)
        self._asked = {mix: {budget: under(mix, budget) for budget in BUDGETS} for mix in sorted(MIXES, key=MIXES.get)}

    def consider(self, memory: Memory, hazard: str, seed: Place) -> Hypothesis | None:
        """Note where a hypothesis passes under a mix and budget; give it back only when it is explained, to be held."""
        told = listen(hazard, seed, memory.now_at, memory.pool, memory.settings)
        if may_pass(told, hazard, memory.settings):
            self._note(memory, hazard, seed, told)
        if standing(told.other, told.located) is None:
            return None
        held = CONSIDER(memory, hazard, seed)
        return None if held is None or held.explained is None else msgspec.structs.replace(held, nats=-math.inf)

    def _note(self, memory: Memory, hazard: str, seed: Place, told: Told) -> None:
        for mix, by_budget in self._asked.items():
            asked = by_budget[max(BUDGETS)]
            least = least_threshold(asked)
            found = weigh_told(hazard, seed, memory.now_at, told, memory.baseline, _no_echo, asked, least)
            if found is None or found.nats < least:
                return  # more retelling leaves less evidence
            for budget, settings in by_budget.items():
                if passes(found, settings):
                    decoys = sum(voice.post_id.rpartition(":")[2].startswith(DECOY_TAG) for voice in found.voices)
                    alarm = Alarm(memory.now_at, hazard, found.where.place, 2 * decoys >= len(found.voices))
                    self.noted[mix, budget].append(alarm)


def alarms(noted: Sequence[Alarm]) -> list[Alarm]:
    """Give the first of each alarm: what is near in time, place and family is one."""
    lasting: list[tuple[int, Alarm]] = []
    first: list[Alarm] = []
    for alarm in noted:
        if alarm.at - T0 < COLD_MS:
            continue
        lasting = [(at, known) for at, known in lasting if alarm.at - at < ONE_MS]
        same = next(
            (
                index
                for index, (_, known) in enumerate(lasting)
                if compatible(known.hazard, alarm.hazard)
                and distance_km(known.place.lat, known.place.lon, alarm.place.lat, alarm.place.lon) < ONE_KM
            ),
            None,
        )
        if same is None:
            first.append(alarm)
            lasting.append((alarm.at, alarm))
        else:
            lasting[same] = (alarm.at, lasting[same][1])
    return first


def replica(task: tuple[Resampler, int]) -> tuple[dict[tuple[str, int], list[Alarm]], int, int]:
    """Hear one replica; give its alarms by mix and budget, its mentions and its posts."""
    resampler, seed = task
    drawn = resampler.months(REPLICA_MONTHS, seed)
    watching, detector = Watching(), Detector(under(FEWEST, max(BUDGETS)))
    low = 0
    with mock.patch.object(deciding, "_consider", watching.consider):
        for number, posts in enumerate(drawn.posts):
            end = T0 + (number + 1) * HOUR_MS
            high = low
            while high < len(drawn.mentions) and drawn.mentions[high].event_at < end:
                high += 1
            detector.feed(drawn.mentions[low:high])
            detector.exposure(end - 10_000, "background", posts)
            raised = [one for one in detector.advance(end) if one.state == "open"]
            if raised:
                raise SystemExit(f"{raised[0].sentence}: expected nothing raised while only watched")
            low = high
    return {key: alarms(noted) for key, noted in watching.noted.items()}, len(drawn.mentions), sum(drawn.posts)


def garwood(count: int) -> tuple[float, float]:
    """Give the exact 95 % interval of the mean of a Poisson count.

    >>> [round(bound, 3) for bound in garwood(0)], [round(bound, 2) for bound in garwood(10)]
    ([0.0, 3.689], [4.8, 18.39])
    """
    low = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    return float(low), float(chi2.ppf(0.975, 2 * count + 2) / 2)


def picture(rows: list[dict], path: Path) -> None:
    """Draw observed over budget with its intervals."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - only where a picture is wanted

    figure = Figure(figsize=(7.5, 3.6), layout="constrained")
    axes = figure.subplots()
    for offset, mix in zip((-0.15, 0.0, 0.15), MIXES, strict=True):
        chosen = [row for row in rows if row["mix"] == mix]
        x = [math.log10(row["budget"]) + offset for row in chosen]
        ratio = [row["ratio"] for row in chosen]
        spread = [[row["ratio"] - row["low"] for row in chosen], [row["high"] - row["ratio"] for row in chosen]]
        axes.errorbar(x, ratio, yerr=spread, fmt="o", capsize=4, label=mix)
    axes.axhline(1.0, color="black", linewidth=0.8)
    axes.axhline(2.0, color="black", linewidth=0.8, linestyle=":")
    axes.set_xticks([0, 1, 2], ["1 a month", "10 a month", "100 a month"])
    axes.set_xlabel("budget of false alarms")
    axes.set_ylabel("observed over budget")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=110)


def page(told: dict, image: str) -> str:
    """Write the page."""
    rows = told["rows"]
    lines = [
        "# Does the budget hold",
        "",
        "Generated by `python benchmarks/calibration.py DATA`; do not edit. `benchmarks/resampling.py` says how background is resampled,",
        "`benchmarks/calibration.py` what counts as one alarm. No true event is in it, so every alarm is false. A *territory-month* is a month",
        "of the whole stream, of all countries. The interval is exact (Garwood) at 95 %.",
        "",
        f"![Observed false alarms over the budget]({image})",
        "",
        "| retelling | budget a month | false alarms | of decoys | a month | over budget | 95 % interval |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r['mix']} | {r['budget']} | {r['alarms']} | {r['of_decoys']} | {r['alarms'] / told['months']:.2f} | {r['ratio']:.2f} | {r['low']:.2f} to {r['high']:.2f} |"
        for r in rows
    ]
    lines += [
        "",
        f"**Exposure**: {told['months']:.1f} territory-months, {told['mentions']:,} mentions of {told['posts']:,} posts, drawn with replacement from",
        f"{told['days']:.1f} recorded days of {told['scenarios']} scenarios, which hold {told['texts']:,} different posts, and {told['kinds']} written decoys, {DECOYS_A_MONTH:g} bursts a month",
        f"({told['months'] * DECOYS_A_MONTH:.0f} in all). The intervals are those of the draws: the variety behind them is that of these days.",
        "",
        "*Three times too small, too large*: each voice is expected to draw a third of the voices that the packaged settings say, or three times",
        f"as many (at most {MOST_ALPHA:g} each). Far below a budget means that the floors, not the evidence, decide: three voices, two of a place, are needed",
        "whatever the budget.",
        "",
        "By hazard, at one a month, as packaged: " + ", ".join(f"{h} {n}" for h, n in told["hazards"]) + "."
        if told["hazards"]
        else "At one a month, as packaged, nothing was raised.",
        "",
        "What it does not tell: the days are a thin mix of posts gathered for research and spread over a day by those who gathered them, not the",
        "stream of a territory; bursts of ordinary talk beyond chance are in it only as copies, the operators' own stretches and the decoys. A",
        "stream with ten times the voices has more chances and a better baseline. The live rate is to be measured where it runs.",
        "",
    ]
    return "\n".join(lines)


def measured(resampler: Resampler, months: int, seed: int, processes: int) -> dict:
    """Hear so many months; give the rows of the table and the exposure behind them."""
    seeds = range(seed, seed + math.ceil(months / COUNTED_MONTHS))
    found: dict[tuple[str, int], list[Alarm]] = defaultdict(list)
    mentions = posts = 0
    with Pool(processes) as pool:
        for done, (counted, mentioned, posted) in enumerate(
            pool.imap_unordered(replica, [(resampler, each) for each in seeds]), 1
        ):
            mentions, posts = mentions + mentioned, posts + posted
            for key, said in counted.items():
                found[key] += said
            print(done, {f"{k[0]}, {k[1]}": len(v) for k, v in sorted(found.items())}, file=sys.stderr, flush=True)
    exposure = len(seeds) * COUNTED_MONTHS
    rows = []
    for mix in MIXES:
        for budget in BUDGETS:
            said = found[mix, budget]
            low, high = (bound / exposure / budget for bound in garwood(len(said)))
            rows.append({"mix": mix, "budget": budget, "alarms": len(said), "of_decoys": sum(a.of_decoy for a in said),
                         "ratio": len(said) / exposure / budget, "low": low, "high": high})  # fmt: skip
    kinds = Counter(alarm.hazard for alarm in found["as packaged", 1]).most_common()
    return {"rows": rows, "months": exposure, "mentions": mentions, "posts": posts, "hazards": kinds}


def main() -> int:
    """Measure, and write the page and its picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, default=Path("out/recordings"))
    parser.add_argument("--months", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("docs/explanation/calibration.md"))
    parser.add_argument("--image", type=Path, default=Path("docs/images/calibration.png"))
    given = parser.parse_args()
    build(given.work / "own")
    bases = scenarios([given.data / "scenarios", given.work / "own"])
    backgrounds, decoys = {}, []
    for name, base in bases.items():
        if not has_any(base):
            continue
        recording = heard(base, given.work)
        decoys += decoys_of(base, recording)
        if base.parent != given.work / "own" and (background := background_of(base, recording)).hours:
            backgrounds[name] = background
    resampler = Resampler(list(backgrounds.values()), decoys)
    told = measured(resampler, given.months, given.seed, given.processes)
    told |= {"days": resampler.days, "kinds": resampler.kinds_of_decoys, "scenarios": len(backgrounds)}
    told["texts"] = len(set().union(*(background.texts for background in backgrounds.values())))
    given.image.parent.mkdir(parents=True, exist_ok=True)
    picture(told["rows"], given.image)
    given.out.write_text(page(told, f"../images/{given.image.name}"), encoding="utf-8")
    print(json.dumps(told, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
