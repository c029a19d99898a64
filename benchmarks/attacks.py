"""How often each attack on the detector succeeds, over many draws; and how often a true event inside the same noise is heard.

Usage: python benchmarks/attacks.py [--draws N] [--out docs/explanation/attacks.md]

Each draw is six hours of ordinary talk in fifty towns, then the attack on one of them, of one of seven hazards. An attack *succeeds* when the
town is raised in vain; an attack that hides (poisoning, outage, denial) succeeds when the true event that follows is not raised within fifteen
minutes. The *twin* is the same noise with a true event of ten witnesses inside: refusing everything would be no defence.

Mentions are made as extraction would give them; only the spun texts are real ones, in so far as their fingerprints are those of the texts.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable
from pathlib import Path

import msgspec
from detection import towns
from scipy.stats import binomtest

from detectors import Detector
from detectors.geometry import distance_km
from nlp.fingerprint import fingerprint
from tocsin.model import Mention, Retraction
from tocsin.time import HOUR_MS, MINUTE_MS, SECOND_MS

T0 = 1_775_520_000_000
START = T0 + 6 * HOUR_MS
WATCHED_MINS, EXPOSED_MINS = 20, 5
HAZARDS = ("fire", "explosion", "road_accident", "flood", "collapse", "attack", "rail_accident")
PHRASES = (
    ("énorme", "gros", "grand", "violent"),
    ("incendie", "feu", "brasier", "sinistre"),
    ("en cours", "actuellement", "en ce moment", "là maintenant"),
    ("rue de la gare", "près de la gare", "à côté de la gare", "devant la gare"),
    ("à Lorient", "sur Lorient", "dans Lorient", "Lorient"),
    ("beaucoup de fumée", "fumée partout", "grosse fumée", "une fumée noire"),
    ("les pompiers arrivent", "pompiers sur place", "les secours arrivent", "les pompiers sont là"),
    ("évitez le secteur", "n'y allez pas", "restez chez vous", "ne venez pas"),
)
"""A template of eight phrases, and the words that a spinner puts in their place."""
Item = Mention | Retraction


class Draw:
    """One draw: a seeded source of mentions of one hazard in one town."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.places = towns(50, 5)
        self.town = self.rng.choice(self.places[5:])
        self.hazard = HAZARDS[seed % len(HAZARDS)]
        self._made = 0

    def said(self, secs: float, **changes: object) -> Mention:
        """Make a mention so many seconds after the start of the attack: by default a stranger's plain word of the hazard in the town."""
        self._made += 1
        at = START + round(secs * SECOND_MS)
        fields: dict[str, object] = {
            "post_id": f"p{self._made}", "source": "a", "author": f"a{self._made}", "event_at": at, "received_at": at, "hazards": {self.hazard: 1.0},
            "terms": (self.hazard,), "probability": round(self.rng.uniform(0.35, 0.7), 2), "places": (self.town,),
            "fingerprint": self.rng.getrandbits(62) | 1,
        }  # fmt: skip
        return Mention(**(fields | changes))

    def ordinary(self) -> list[Item]:
        """Make six hours of ordinary talk."""
        hazards = ("fire", "road_accident", "storm", "attack", "open")
        return [
            self.said(
                -self.rng.uniform(60, 6 * 3600), hazards={self.rng.choice(hazards): 1.0}, probability=self.rng.choice((0.05, 0.2, 0.4)),
                places=() if self.rng.random() < 0.35 else (self.rng.choice(self.places),),
            )
            for _ in range(250)
        ]  # fmt: skip

    def event(self, after: float = 0.0, count: int = 10) -> list[Item]:
        """Make a true event: witnesses over four minutes, most at first hand, a third without a place."""
        return [
            self.said(
                after + self.rng.uniform(0, 240), probability=round(self.rng.uniform(0.55, 0.95), 2),
                witness=self.rng.choice(("first_hand", "first_hand", "unknown", "relay")), consequences=self.rng.choice(((), ("damage",))),
                places=() if self.rng.random() < 0.33 else (self.town,),
            )
            for _ in range(count)
        ]  # fmt: skip


def flood(d: Draw) -> list[Item]:
    return [d.said(n, author="one", witness="first_hand") for n in range(200)]


def spun(exchanged: int) -> Callable[[Draw], list[Item]]:
    """Sixty accounts post one template, each with so many of its eight phrases exchanged."""

    def burst(d: Draw) -> list[Item]:
        items: list[Item] = []
        for n in range(60):
            spun_at = d.rng.sample(range(len(PHRASES)), exchanged)
            words = [d.rng.choice(said[1:]) if n in spun_at else said[0] for n, said in enumerate(PHRASES)]
            items.append(d.said(3 * n, witness="first_hand", fingerprint=fingerprint(" ".join(words))))
        return items

    return burst


def storm_of_reposts(d: Draw) -> list[Item]:
    first = d.said(0, witness="first_hand")
    return [first, *(d.said(n, repost_of=first.post_id, fingerprint=first.fingerprint) for n in range(1, 200))]


def bridged(d: Draw) -> list[Item]:
    text = d.rng.getrandbits(62) | 1
    return [
        d.said(5 * n, source=name, fingerprint=text, witness="first_hand")
        for n, name in enumerate(("a", "b", "c", "d"))
    ]


def told_as(kind: str) -> Callable[[Draw], list[Item]]:
    def burst(d: Draw) -> list[Item]:
        said = [d.said(20 * n, modality=kind, probability=0.1) for n in range(3)]
        return [
            *said,
            *(d.said(30 + d.rng.uniform(0, 600), probability=round(d.rng.uniform(0.15, 0.45), 2)) for _ in range(9)),
        ]

    return burst


def warnings(d: Draw) -> list[Item]:
    return [
        d.said(
            60 * n,
            modality="warning",
            witness=d.rng.choice(("official", "relay")),
            hazards={"storm": 1.0},
            probability=0.2,
        )
        for n in range(12)
    ]


def newsrooms(d: Draw) -> list[Item]:
    return [d.said(40 * n, witness="media", probability=0.5) for n in range(15)]


def poisoned(d: Draw) -> list[Item]:
    doubtful = msgspec.structs.replace(d.town, score=0.2)
    return [d.said(25 * n, places=(doubtful,)) for n in range(10)]


def homonym(d: Draw) -> list[Item]:
    far = next(p for p in d.places if distance_km(p.lat, p.lon, d.town.lat, d.town.lon) > 1_000)
    pair = (msgspec.structs.replace(far, score=0.6), msgspec.structs.replace(d.town, score=0.25))
    return [d.said(25 * n, places=pair, witness="relay") for n in range(10)]


def skewed(d: Draw) -> list[Item]:
    """Posts of a month whose clocks all claim this minute, as ingest lets them through: stamped when they came."""
    return [d.said(d.rng.uniform(0, 3600), modality="old_news", probability=0.1) for _ in range(40)]


def accounts(count: int) -> Callable[[Draw], list[Item]]:
    def forged(d: Draw) -> list[Item]:
        return [d.said(40 * n, witness="first_hand", probability=0.7, consequences=("damage",)) for n in range(count)]

    return forged


def deleted(d: Draw) -> list[Item]:
    crowd = accounts(8)(d)
    return [*crowd, *(Retraction(post_id=m.post_id, at=START + 12 * MINUTE_MS) for m in crowd)]


def slow_poison(d: Draw) -> list[Item]:
    return [d.said(-6 * 3600 + 400 * n, probability=0.25) for n in range(50)]


def outage(_: Draw) -> list[Item]:
    """Nothing is said: the talk before is taken away."""
    return []


def drilled(d: Draw) -> list[Item]:
    return [d.said(3 * n, modality="exercise", probability=0.1) for n in range(40)]


def deniers(d: Draw) -> list[Item]:
    return [d.said(5 + n, modality="negated", denial=True, probability=0.1) for n in range(3)]


IN_VAIN: dict[str, Callable[[Draw], list[Item]]] = {
    "one account, 200 posts": flood,
    **{f"60 bots spin one template, {n} of 8 phrases exchanged": spun(n) for n in (0, 1, 2, 4)},
    "200 reposts of one post": storm_of_reposts,
    "one post bridged to four networks": bridged,
    "anniversary": told_as("commemoration"),
    "drill": told_as("exercise"),
    "match": told_as("sport"),
    "film": told_as("fiction"),
    "advert": told_as("advert"),
    "old posts with wrong clocks": skewed,
    "warnings passed on": warnings,
    "newsrooms tell of it": newsrooms,
    "poisoned toponym (score 0.2)": poisoned,
    "far homonym": homonym,
    **{f"{n} accounts, own words, first hand": accounts(n) for n in (2, 3, 4, 5, 8)},
}
HIDING: dict[str, Callable[[Draw], list[Item]]] = {
    "slow poisoning of the baseline (50 posts in 6 h)": slow_poison,
    "sources away for three hours before": outage,
    "three accounts deny": deniers,
    "40 accounts call it a drill": drilled,
}


def shown(d: Draw, items: list[Item], *, away: bool = False) -> str:
    """Give how the town stands in the end when ordinary talk and these items are heard: ``raised``, else ``explained``, else nothing."""
    heard = [*d.ordinary(), *items]
    if away:
        heard = [
            one for one in heard if not isinstance(one, Mention) or not START - 3 * HOUR_MS <= one.event_at < START
        ]
    detector = Detector()
    detector.feed(heard)
    for at in range(T0, START + WATCHED_MINS * MINUTE_MS, EXPOSED_MINS * MINUTE_MS):
        if not (away and START - 3 * HOUR_MS <= at < START):
            detector.exposure(at, "a", 20 * EXPOSED_MINS)
    said = detector.advance(START + WATCHED_MINS * MINUTE_MS)
    standing = {}
    for one in said:
        if one.raised_at >= START and distance_km(one.lat, one.lon, d.town.lat, d.town.lon) < 30:
            standing[one.incident_id] = "raised" if one.state in ("open", "quiet") else one.state
    return next((state for state in ("raised", "explained") if state in standing.values()), "")


def raised(d: Draw, items: list[Item], *, away: bool = False) -> bool:
    """Tell whether the town is raised, and stands to the end."""
    return shown(d, items, away=away) == "raised"


def rate(count: int, draws: int) -> str:
    """Write a share with its exact (Clopper-Pearson) 95 % interval."""
    interval = binomtest(count, draws).proportion_ci(0.95)
    return f"{count / draws:.0%} ({interval.low:.0%} to {interval.high:.0%})"


def main() -> int:
    """Draw, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=49, help="a multiple of the seven hazards gives each as often")
    parser.add_argument("--out", type=Path, default=Path("docs/explanation/attacks.md"))
    given = parser.parse_args()
    draws = given.draws
    lines = [
        "# What it takes to fool it",
        "",
        f"Generated by `python benchmarks/attacks.py`, which says what each attack is; do not edit. {draws} draws each, packaged settings, an attack",
        f"upon one of fifty towns, of one of {len(HAZARDS)} hazards, after six hours of ordinary talk. *Twin*: the same noise with ten true witnesses inside.",
        "In brackets the exact (Clopper-Pearson) 95 % interval.",
        "",
        "| raised in vain by | success | twin raised |",
        "|---|---|---|",
    ]

    def add(name: str, first: int, second: str) -> None:
        lines.append(f"| {name} | {rate(first, draws)} | {second} |")
        print(lines[-1], flush=True)

    for name, attack in IN_VAIN.items():
        fooled = sum(raised(d := Draw(seed), attack(d)) for seed in range(draws))
        twins = sum(raised(d := Draw(seed), [*attack(d), *d.event(60)]) for seed in range(draws))
        add(name, fooled, rate(twins, draws))
    standing = sum(raised(d := Draw(seed), deleted(d)) for seed in range(draws))
    add("8 accounts that delete after the trigger: still standing", standing, "–")
    quiet = sum(raised(Draw(seed), [], away=True) for seed in range(draws))
    add("the sources' return after three hours away, ordinary talk alone", quiet, "–")
    lines += ["", "| silenced by | true event missed | of these shown as explained |", "|---|---|---|"]
    plain = sum(not raised(d := Draw(seed), d.event()) for seed in range(draws))
    add("nothing", plain, "–")
    for name, attack in HIDING.items():
        ends = [shown(d := Draw(seed), [*attack(d), *d.event()], away=attack is outage) for seed in range(draws)]
        missed = draws - ends.count("raised")
        add(name, missed, f"{ends.count('explained')} of {missed}")
    lines += [
        "",
        "Accounts that write in their own words, at first hand, and name place and damage, are witnesses to any machine: from three to five of them",
        "an incident can be forged, and so can it by bots whose template is spun until its copies share little. That is why each alert names its",
        "*cost of forgery*, why it says *Possible* and nothing more, and why a person decides.",
        "",
    ]
    given.out.write_text("\n".join(lines), encoding="utf-8")
    print(f"written: {given.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
