"""What each part of the detector is worth: the same recordings heard without it, and by classical detectors.

Usage: python benchmarks/ablation.py FOLDER… [--work out/recordings] [--out docs/explanation/ablation.md] [--only NAME…]

FOLDERs hold scenarios (``NAME.posts.jsonl.gz``, ``.labels.jsonl.gz``, ``.truth.json``), as data folders and ``tocsin simulate --out`` do; the
incidents written for this project (``written_days.py``) are heard too. Each is heard once; recordings are kept in the work folder. Classical
detectors are given the strictness that serves them best on these very scenarios (the highest F1), ours its packaged settings.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import Pool
from pathlib import Path
from unittest import mock

import msgspec
from classics import CLASSICS
from evaluate import ORDER, kind_of, total
from recorded import heard, scenarios, scored
from written_days import build

from detectors.voices import EXPLAINING
from tocsin.analysis.play import play
from tocsin.analysis.recording import Recording
from tocsin.model import COARSE_KINDS, Mention
from tocsin.scoring.convention import percentile
from tocsin.settings.detector import DetectorSettings


def only(recording: Recording, keep: Callable[[Mention], bool]) -> Recording:
    """Give a recording without the mentions that are not kept."""
    items = tuple(item for item in recording.items if not isinstance(item, Mention) or keep(item))
    return msgspec.structs.replace(recording, items=items)


def sure_of_the_first(recording: Recording) -> Recording:
    """Give a recording whose mentions know one place for sure: the likeliest candidate finer than a département."""

    def sure(one: Mention) -> Mention:
        best = next((p for p in one.places if p.kind not in COARSE_KINDS), None)
        return msgspec.structs.replace(one, places=() if best is None else (msgspec.structs.replace(best, score=1.0),))

    items = tuple(sure(item) if isinstance(item, Mention) else item for item in recording.items)
    return msgspec.structs.replace(recording, items=items)


@contextmanager
def unclaimed() -> Iterator[None]:
    """Let no open incident own any voice that comes after its raise, in every module that asks whose a voice is."""
    with ExitStack() as stack:
        asking = [module for name, module in sys.modules.items() if name.startswith("detectors.")]
        patched = [
            stack.enter_context(mock.patch.object(module, "owner_of", return_value=None))
            for module in asking
            if hasattr(module, "owner_of")
        ]
        if not patched:
            raise SystemExit("detectors: expected a module that asks owner_of, got none: this part cannot be left out")
        yield


class Variant(msgspec.Struct, frozen=True):
    """One part left out: by settings, by what is heard, or by letting nothing be claimed."""

    settings: dict = msgspec.field(default_factory=dict)
    heard: Callable[[Recording], Recording] = lambda recording: recording
    claims: bool = True


WHOLE = "nothing"
VARIANTS: dict[str, Variant] = {
    WHOLE: Variant(),
    "marks (all voices alike)": Variant({"mark_floor": 1.0, "mark_ceiling": 1.0, "retold_ceiling": 1.0}),
    "voices without a place": Variant(heard=lambda r: only(r, lambda m: bool(m.places))),
    "retelling": Variant({"retelling_alpha": 0.0, "relay_alpha": 0.0}),
    "windows (10 min alone)": Variant({"windows_mins": (10.0,)}),
    "place posterior (first candidate, surely)": Variant(heard=sure_of_the_first),
    "explanations and denials": Variant(
        heard=lambda r: only(r, lambda m: m.modality not in EXPLAINING and not m.denial)
    ),
    "claims (every later voice is free)": Variant({"max_pool_voices": 300, "max_hypothesis_voices": 40}, claims=False),
    "echo and tangle": Variant({"echo_share": 0.0, "tangle_share": 0.0, "fringe_share": 0.0}),
    "agreement (two placed voices)": Variant({"min_placed_agreed_voices": 2}),
    "doubt (two believed voices)": Variant({"doubt_nats": 0.0}),
}
"""Without claims all talk about an event stays in the pool, to be weighed anew with each voice: hours for one large event. So the pool is held
to 300 voices there (ordinary days hold a third of that) and a hypothesis to 40."""
COLUMNS = (
    "hits",
    "placed",
    "false_alarms",
    "decoy_alarms",
    "splits",
    "wrong_hazard",
    "precision",
    "notification_precision",
)
HEAD = "| left out | hits | placed | false | decoys | splits | wrong hazard | precision | notification precision | median excess s | p90 excess s |"


def f1(result: dict) -> float:
    """Give the harmonic mean of recall and notification precision."""
    recall, precision = result["recall"] or 0.0, result["notification_precision"] or 0.0
    return 2 * recall * precision / (recall + precision) if recall + precision else 0.0


def row(name: str, result: dict) -> str:
    """Write one line of the table."""
    cells = [f"{result['hits']} of {result['events']}", *(result[c] for c in COLUMNS[1:])]
    cells += [result["median_excess_s"], result["p90_excess_s"]]
    shown = ["–" if c is None else f"{c:.0f}" if isinstance(c, float) and abs(c) >= 10 else f"{c:.3g}" if isinstance(c, float) else str(c)
             for c in cells]  # fmt: skip
    return f"| {name} | " + " | ".join(shown) + " |"


def later_by(results: dict[str, dict], others: dict[str, dict]) -> float | None:
    """Give by how many seconds ``others`` speak later than ``results``: the median over the events that both hit."""
    gaps = [
        theirs["excess_s"] - ours["excess_s"]
        for name, result in results.items()
        for ours, theirs in zip(result["per_event"], others[name]["per_event"], strict=True)
        if ours["excess_s"] is not None and theirs["excess_s"] is not None
    ]
    return percentile(gaps, 0.5)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" + ("s" if number > 1 else "")


def worth(whole: dict, without: dict, later_s: float | None) -> str:
    """Say in a sentence what a part buys and costs, from the sums with and without it.

    >>> whole = {"hits": 9, "false_alarms": 0, "decoy_alarms": 1, "splits": 0, "wrong_hazard": 2}
    >>> worth(whole, whole | {"hits": 7, "splits": 1, "wrong_hazard": 1}, -30.0)
    'Buys 2 hits, 1 split less; costs 1 wrong hazard more, 30 s of delay.'
    """
    buys, costs = [], []
    if more := whole["hits"] - without["hits"]:
        (buys if more > 0 else costs).append(_counted(abs(more), "hit"))
    for key, what in (
        ("false_alarms", "false alarm"),
        ("decoy_alarms", "decoy"),
        ("splits", "split"),
        ("wrong_hazard", "wrong hazard"),
    ):
        if less := without[key] - whole[key]:
            (buys if less > 0 else costs).append(f"{_counted(abs(less), what)} {'less' if less > 0 else 'more'}")
    if later_s is not None and abs(later_s) >= 1:
        (buys if later_s > 0 else costs).append(f"{abs(later_s):.0f} s {'earlier' if later_s > 0 else 'of delay'}")
    bought = f"Buys {', '.join(buys)}" if buys else "Buys nothing here"
    return bought + (f"; costs {', '.join(costs)}." if costs else ".")


def report(results: dict[str, dict[str, dict]]) -> str:
    """Write the page from the results by variant and scenario."""
    lines = [
        "# What each part is worth",
        "",
        "Generated by `python benchmarks/ablation.py` (`benchmarks/ablation.py`, `benchmarks/classics.py`); do not edit. The same recorded mentions,",
        "heard with one part left out at a time, and by three classical detectors at the strictness that serves each best on these very streams.",
        "The rules of ours were made while looking at the real, the written and half of the own streams, so these flatter it; *held* streams, and",
        "those drawn under seeds that nobody looked at, are told apart. How it is scored: [scoring](../reference/scoring.md).",
        "",
        "## In a sentence each",
        "",
        "Over all scenarios below. *Costs*: what would be better without it. *Earlier* and *of delay*: the median over the events hit both with and",
        "without the part.",
        "",
        "| part | what it is worth |",
        "|---|---|",
    ]
    names = list(results[WHOLE])
    whole = total(list(results[WHOLE].values()))
    for variant in list(VARIANTS)[1:]:
        without = total(list(results[variant].values()))
        lines.append(f"| {variant} | {worth(whole, without, later_by(results[WHOLE], results[variant]))} |")
    best = {}
    for classic, (_, tried) in CLASSICS.items():
        best[classic] = max(tried, key=lambda s: f1(total(list(results[f"{classic}:{s:g}"].values()))))
        theirs = results[f"{classic}:{best[classic]:g}"]
        lines.append(
            f"| all, against {classic} | {worth(whole, total(list(theirs.values())), later_by(results[WHOLE], theirs))} |"
        )
    for kind, chosen in {"all": names, **{kind: [n for n in names if kind_of(n) == kind] for kind in ORDER}}.items():
        if not chosen:
            continue
        shown = [] if kind == "all" else [", ".join(sorted(chosen)) + ".", ""]
        lines += ["", f"## {kind[0].upper()}{kind[1:]} ({len(chosen)})", "", *shown, HEAD, "|---" * 11 + "|"]
        summed = {variant: total([by_name[name] for name in chosen]) for variant, by_name in results.items()}
        lines += [row(variant, summed[variant]) for variant in VARIANTS]
        for classic, (_, tried) in CLASSICS.items():
            strictness = max(tried, key=lambda s: f1(summed[f"{classic}:{s:g}"]))
            lines.append(row(f"all: {classic} (at {strictness:g})", summed[f"{classic}:{strictness:g}"]))
    return "\n".join([*lines, ""])


def measured(task: tuple[str, Path, Path]) -> tuple[str, dict[str, dict], float]:
    """Hear one scenario under every variant and classical detector; give its name, their scores, and the CPU seconds spent."""
    name, base, work = task
    recording = heard(base, work)
    began = time.process_time()
    results = {}
    for variant, left_out in VARIANTS.items():
        with ExitStack() as stack:
            if not left_out.claims:
                stack.enter_context(unclaimed())
            said = play(left_out.heard(recording), DetectorSettings(**left_out.settings))
        results[variant] = scored(base, said)
    for classic, (detect, tried) in CLASSICS.items():
        for strictness in tried:
            results[f"{classic}:{strictness:g}"] = scored(base, detect(recording, strictness))
    return name, results, time.process_time() - began


def main() -> int:
    """Run all variants, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--work", type=Path, default=Path("out/recordings"))
    parser.add_argument("--out", type=Path, default=Path("docs/explanation/ablation.md"))
    parser.add_argument("--only", nargs="*", default=None)
    parser.add_argument("--processes", type=int, default=1)
    given = parser.parse_args()
    build(given.work / "own")
    bases = scenarios([*given.folders, given.work / "own"])
    tasks = [(name, base, given.work) for name, base in bases.items() if not given.only or name in given.only]
    results: dict[str, dict[str, dict]] = {}
    with Pool(given.processes) as pool:
        for name, by_variant, spent in pool.imap_unordered(measured, tasks):
            for variant, result in by_variant.items():
                results.setdefault(variant, {})[name] = result
            print(f"{name}: {spent:.0f} s", file=sys.stderr, flush=True)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(report(results), encoding="utf-8")
    print(f"written: {given.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
