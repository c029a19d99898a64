"""Measures the places: spans, distances, false places and time, on the labelled location sets.

Usage: python benchmarks/places.py DATA [--ner never|doubtful|all] [--set NAME] [--limit N] [--errors N]

DATA is the evaluation tree (``location/NAME.posts.jsonl.gz`` and ``.labels.jsonl.gz``). A gold span is found when a predicted one overlaps it;
``exact`` wants both ends. Distances are of the found spans that were resolved. ``placed`` is, of the relevant posts with a gold place, the share
with a candidate (text, device or profile) whose uncertainty (at least 5 km) reaches a gold place; ``first`` asks it of the best candidate.
Of all relevant posts, gold is a labelled place or that of the event (``scenarios/NAME.truth.json``); ``term`` says that the term gate opened.
Kinds are those of the places that the spans were resolved to.

Of the relevant posts of the incidents written for this project (``benchmarks/incidents``) the same shares are printed by half, gold being
the incident's own point: ``placed`` is, of all posts, the share with a candidate that reaches it, ``strongly`` that with at least half of
the post's weight there, ``elsewhere`` that whose best candidate lies out of reach of where the thing is felt. *Held* is only counted.
Of those that nothing places, ``why`` tells what they say of where: no name, a street or site (what a geocoder may be asked), a name that no
table holds, a place nearby that does not reach the incident (a neighbouring town, one it is seen from), a place elsewhere (a namesake, mostly).
"""

from __future__ import annotations

import argparse
import gzip
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from written_blocks import blocks_of
from written_days import told

from nlp.fold import fold_aligned, fold_name
from nlp.gate import Gate
from nlp.gazetteer import Gazetteer
from nlp.joint import COARSE, SUBTOWN, distance_km
from nlp.lexicon import Lexicon
from nlp.ner import SpacyRecogniser
from nlp.placewords import BEFORE, STREET_AFTER
from nlp.resolve import PlaceQuery, Resolution, Resolver
from tocsin.model import Point

SETS = ("dev-synthetic", "geocorpora", "idrisi-d")
CLOSE_KM = 5.0
TOWN_KM = 10.0
CITY_KM = 161.0
HALF = 0.5
NEARBY = 2.0
"""A place within so many times the distance at which an incident is felt is one by it."""

Row = tuple[dict[str, Any], dict[str, Any], Resolution]
"""A post, its label, and what was resolved of it."""


def read(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [msgspec.json.decode(line) for line in lines]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--ner", choices=("never", "doubtful", "all"), default="doubtful")
    parser.add_argument("--set", choices=SETS, action="append")
    parser.add_argument("--limit", type=int)
    parser.add_argument(
        "--no-lexicon", action="store_true", help="no hazard terms: names of hazards are not kept out of places"
    )
    parser.add_argument("--errors", type=int, default=0)
    arguments = parser.parse_args()
    started = time.perf_counter()
    gazetteer = Gazetteer.load()
    lexicon = None if arguments.no_lexicon else Lexicon.load()
    print(f"loaded in {time.perf_counter() - started:.2f} s")
    recogniser = None if arguments.ner == "never" else SpacyRecogniser()
    resolver = Resolver(gazetteer, recogniser, "all" if arguments.ner == "all" else "doubtful")
    for name in arguments.set or SETS:
        measure(name, arguments, resolver, lexicon)
    if not arguments.set:
        written(resolver, lexicon)


def written(resolver: Resolver, lexicon: Lexicon | None) -> None:
    """Print how many posts of the written incidents are placed where the incident is."""
    gate = Gate(lexicon) if lexicon else None
    for half in ("looked", "held"):
        blocks = [block for block in blocks_of() if block.half == half and block.kind != "decoy"]
        rows = [(block, post) for block in blocks for _, post, label in told(block) if label["relevant"]]
        resolutions = resolver.resolve([query(post, lexicon) for _, post in rows])
        opened = placed_ = both = strongly = elsewhere = 0
        why: Counter[str] = Counter()
        for (block, post), resolution in zip(rows, resolutions, strict=True):
            gaps = [distance_km(one.lat, one.lon, block.lat, block.lon) for one in resolution.places]
            reached = [
                gap <= max(CLOSE_KM, one.uncertainty_km) for gap, one in zip(gaps, resolution.places, strict=True)
            ]
            term = gate is not None and bool(gate.open([post["text"]])[0])
            opened += term
            placed_ += any(reached)
            both += term and any(reached)
            strongly += sum(one.score for one, near in zip(resolution.places, reached, strict=True) if near) >= HALF
            elsewhere += bool(gaps) and not reached[0] and gaps[0] > block.felt_km
            if not any(reached):
                why[unplaced(resolution, min(gaps, default=float("inf")), block.felt_km)] += 1
        count = len(rows)
        print(
            f"written incidents, {half}: {len(blocks)} of {count} posts: term {opened / count:.3f} placed {placed_ / count:.3f}"
            f" both {both / count:.3f} strongly {strongly / count:.3f} elsewhere {elsewhere / count:.3f}"
        )
        print(
            "  why not: "
            + ", ".join(f"{reason} {number} ({number / count:.3f})" for reason, number in why.most_common())
        )


def unplaced(resolution: Resolution, gap_km: float, felt_km: float) -> str:
    """Give what a post that nothing places says of where, by the nearest candidate (``gap_km``) and the names that were seen."""
    if gap_km <= NEARBY * felt_km:
        return "a place nearby"
    if resolution.places:
        return "a place elsewhere"
    if any(has_kind_word(one.text) for one in resolution.toponyms):
        return "a street or site"
    return "a name that no table holds" if resolution.toponyms else "no name"


def has_kind_word(words: str) -> bool:
    """Tell whether a kind word opens or closes a stretch ("Kirkstall Road", "gare de Rennes")."""
    folded = fold_name(words).split()
    return folded[0] in BEFORE or folded[-1] in STREET_AFTER


def measure(name: str, arguments: argparse.Namespace, resolver: Resolver, lexicon: Lexicon | None) -> None:
    folder = arguments.data / "location"
    posts = read(folder / f"{name}.posts.jsonl.gz")[: arguments.limit]
    labels = {label["id"]: label for label in read(folder / f"{name}.labels.jsonl.gz")}
    queries = [query(post, lexicon) for post in posts]
    if resolver._recogniser is not None:  # the models load before the clock starts  # noqa: SLF001
        resolver._recogniser.entities([("fr", "à Lyon"), ("en", "in Leeds")])  # noqa: SLF001
    reads = resolver.ner_reads
    started = time.perf_counter()
    resolutions = resolver.resolve(queries)
    spent = time.perf_counter() - started
    reads = resolver.ner_reads - reads
    print(
        f"\n{name}: {len(posts)} posts, {1e6 * spent / len(posts):.0f} us a post, NER read {reads} ({reads / len(posts):.0%})"
    )
    groups: list[tuple[str, Callable[[dict[str, Any]], bool]]] = [("all", lambda _post: True)]
    if name == "dev-synthetic":
        groups += [("fr", lambda post: post["lang"] == "fr"), ("en", lambda post: post["lang"] == "en")]
        groups += [
            ("relevant", lambda post: labels[post["id"]]["relevant"]),
            ("background", lambda post: not labels[post["id"]]["relevant"]),
        ]
        groups += [("fr relevant", lambda post: labels[post["id"]]["relevant"] and post["lang"] == "fr")]
    for group, keep in groups:
        chosen = [(post, labels[post["id"]], one) for post, one in zip(posts, resolutions, strict=True) if keep(post)]
        report(group, chosen)
    rows = [(post, labels[post["id"]], one) for post, one in zip(posts, resolutions, strict=True)]
    by_kind(rows)
    if name == "dev-synthetic":
        truth = msgspec.json.decode((arguments.data / "scenarios" / f"{name}.truth.json").read_bytes())
        relevant = [row for row in rows if row[1]["relevant"]]
        placed(relevant)
        heard(relevant, {event["name"]: event for event in truth["events"]}, Gate(lexicon) if lexicon else None)
    if arguments.errors:
        errors(rows, arguments.errors)


def query(post: dict[str, Any], lexicon: Lexicon | None) -> PlaceQuery:
    folded = fold_aligned(post["text"])
    taken = [(hit.start, hit.end) for hit in lexicon.find(folded)] if lexicon is not None else []
    point = Point(post["lat"], post["lon"]) if post["lat"] is not None else None
    return PlaceQuery(post["text"], folded, post["lang"], point, post["place"], None, taken)


def report(group: str, rows: list[Row]) -> None:
    gold_count = found = exact = right = guesses = empty = false_posts = 0
    gaps: list[float] = []
    fine: list[float] = []
    for _, label, resolution in rows:
        gold = label["places"]
        if gold is None:
            continue
        guesses += len(resolution.toponyms)
        gold_count += len(gold)
        if not gold:
            empty += 1
            false_posts += any(one.place is not None for one in resolution.toponyms)
        right += sum(any(one.start < g["end"] and g["start"] < one.end for g in gold) for one in resolution.toponyms)
        for one in gold:
            hits = [top for top in resolution.toponyms if top.start < one["end"] and one["start"] < top.end]
            found += bool(hits)
            exact += any((hit.start, hit.end) == (one["start"], one["end"]) for hit in hits)
            places = [hit.place for hit in hits if hit.place is not None]
            if places and one["lat"] is not None:
                gaps.append(min(distance_km(place.lat, place.lon, one["lat"], one["lon"]) for place in places))
                if any(place.kind not in COARSE for place in places):
                    fine.append(gaps[-1])
    recall, precision = found / max(gold_count, 1), right / max(guesses, 1)
    exact_recall, exact_precision = exact / max(gold_count, 1), exact / max(guesses, 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    exact_f1 = 2 * exact_precision * exact_recall / max(exact_precision + exact_recall, 1e-9)
    print(
        f"  {group:12} gold {gold_count:5} P {precision:.3f} R {recall:.3f} F1 {f1:.3f} (exact {exact_f1:.3f}) | resolved {len(gaps) / max(gold_count, 1):.2f}"
        f" <=10km {share(gaps, TOWN_KM):.3f} <=161km {share(gaps, CITY_KM):.3f}"
        f" (finer than a region {share(fine, CITY_KM):.3f})"
        f" median {statistics.median(gaps) if gaps else float('nan'):.1f} km | empty posts with a place {false_posts}/{empty}"
    )


def by_kind(rows: list[Row]) -> None:
    """Print the distances by the kind of place that the spans were resolved to."""
    gaps: dict[str, list[float]] = defaultdict(list)
    for _, label, resolution in rows:
        for gold in label["places"] or []:
            hits = [top.place for top in resolution.toponyms if top.start < gold["end"] and gold["start"] < top.end]
            found: list[tuple[float, str]] = [
                (distance_km(place.lat, place.lon, gold["lat"], gold["lon"]), place.kind)
                for place in hits
                if place is not None and gold["lat"] is not None
            ]
            if found:
                gap, kind = min(found)
                gaps["sub-town" if kind in SUBTOWN else kind].append(gap)
    for kind in ("country", "region", "departement", "town", "sub-town"):
        one = gaps.get(kind, [])
        if one:
            print(
                f"    {kind:12} {len(one):5} <=5km {share(one, CLOSE_KM):.3f} <=10km {share(one, TOWN_KM):.3f}"
                f" <=161km {share(one, CITY_KM):.3f} median {statistics.median(one):.1f} km"
            )


def share(gaps: list[float], reach_km: float) -> float:
    return sum(gap <= reach_km for gap in gaps) / max(len(gaps), 1)


def heard(rows: list[Row], events: dict[str, dict[str, Any]], gate: Gate | None) -> None:
    """Print the shares of all relevant posts that have a term, a place that reaches the labelled one or the event, and both."""
    term = place = both = 0
    for post, label, resolution in rows:
        event = events.get(label.get("event") or "")
        gold = [one for one in (*(label["places"] or []), event) if one is not None and one["lat"] is not None]
        opened = gate is not None and bool(gate.open([post["text"]])[0])
        reached = any(
            distance_km(one.lat, one.lon, true["lat"], true["lon"]) <= max(CLOSE_KM, one.uncertainty_km)
            for one in resolution.places
            for true in gold
        )
        term += opened
        place += reached
        both += opened and reached
    total = len(rows)
    print(f"  all relevant posts {total}: term {term / total:.3f} placed {place / total:.3f} both {both / total:.3f}")


def placed(rows: list[Row]) -> None:
    total = any_hit = first_hit = none = 0
    for _, label, resolution in rows:
        gold = [one for one in label["places"] or [] if one["lat"] is not None]
        if not gold:
            continue
        total += 1
        none += not resolution.places
        hits = [
            any(
                distance_km(place.lat, place.lon, one["lat"], one["lon"]) <= max(CLOSE_KM, place.uncertainty_km)
                for one in gold
            )
            for place in resolution.places
        ]
        any_hit += any(hits)
        first_hit += bool(hits) and hits[0]
    print(
        f"  relevant posts with a gold place {total}: placed {any_hit / total:.3f} first {first_hit / total:.3f} no candidate {none / total:.3f}"
    )


def errors(rows: list[Row], count: int) -> None:
    missed: Counter[str] = Counter()
    spurious: Counter[str] = Counter()
    far: Counter[str] = Counter()
    for _, label, resolution in rows:
        gold = label["places"]
        if gold is None:
            continue
        for one in gold:
            hits = [top for top in resolution.toponyms if top.start < one["end"] and one["start"] < top.end]
            if not hits:
                missed[one["text"]] += 1
            for hit in hits:
                if hit.place is not None and one["lat"] is not None:
                    gap = distance_km(hit.place.lat, hit.place.lon, one["lat"], one["lon"])
                    if gap > TOWN_KM and (gap > CITY_KM or hit.place.kind not in {"country", "region", "departement"}):
                        far[f"{one['text']}->{hit.place.id} {gap:.0f}km"] += 1
        for top in resolution.toponyms:
            if not any(top.start < g["end"] and g["start"] < top.end for g in gold):
                spurious[f"{top.text}{'' if top.place else ' (unresolved)'}"] += 1
    for title, counter in (("missed", missed), ("spurious", spurious), ("far", far)):
        print(f"  {title} {sum(counter.values())}: {counter.most_common(count)}")


if __name__ == "__main__":
    main()
