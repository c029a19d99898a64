"""Months of background made of recorded hours without an event, with decoy bursts put in. Used by ``calibration.py``.

* **Background**: what the labels of a scenario call background: posts of ordinary days. Each hour of a new month is an hour of the
  recordings with the same hour of the day, drawn with replacement, with its own number of posts. What was said together stays together: a
  cascade (reposts, near copies) goes whole with the hour of its first voice. Fingerprints are turned alike within an hour, so copies stay
  copies and two draws of one hour are none.
* **Places**: within an hour each place is mapped to one of the places named in the recordings, as often as it is named there: popular places
  stay popular, and hours that met at one town by chance meet at another.
* **Decoys**: the bursts of scenarios with decoys (adverts, drills, matches…), four a month, each moved whole to another town.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tocsin.analysis.recording import Recording
from tocsin.ids import PUBLIC_REPLAY_KEY, pseudonym
from tocsin.model import Mention, Place
from tocsin.scoring.reading import read_lines, read_truth
from tocsin.time import DAY_MS, HOUR_MS, parse_instant

T0 = 1_775_520_000_000 - 1_775_520_000_000 % DAY_MS
MONTH_MS = 30 * DAY_MS
DECOYS_A_MONTH = 4.0
LEAST_BURST = 3
"""Mentions below which a decoy is no burst."""
LATEST_PRINTS = 1_000
"""Fingerprints among which the original of a near copy is sought."""
COPY_BITS = 9
BACKGROUND, DECOY = ("background", "bg:"), "decoy"
"""How labels call ordinary posts, and those of decoys."""
DECOY_TAG = "d"
"""What the end of a post's identity begins with when the post is of a decoy."""


class Burst(msgspec.Struct):
    """Mentions that stay together."""

    mentions: list[Mention]

    @property
    def first_at(self) -> int:
        """When its first mention was said."""
        return self.mentions[0].event_at


class Hour(msgspec.Struct):
    """One recorded hour: how many posts it had, gated or not, and what was mentioned in it."""

    posts: int
    bursts: list[Burst] = msgspec.field(default_factory=list)


class Month(msgspec.Struct):
    """What was drawn: mentions in order of time, and the posts of each hour from ``T0`` on."""

    mentions: list[Mention]
    posts: list[int]


class Background(msgspec.Struct):
    """The recorded hours of one scenario, oldest first, and a digest of each text of its posts."""

    hours: dict[int, Hour]
    texts: set[bytes]


def cascades(mentions: Sequence[Mention]) -> list[Burst]:
    """Group mentions with what they repost or nearly copy, in order of their first."""
    groups: list[Burst] = []
    of_post: dict[str, Burst] = {}
    recent: list[tuple[int, Burst]] = []
    for one in mentions:
        group = of_post.get(one.repost_of or "")
        if group is None and one.fingerprint:
            group = next((g for print_, g in recent if (print_ ^ one.fingerprint).bit_count() <= COPY_BITS), None)
        if group is None:
            group = Burst([])
            groups.append(group)
        group.mentions.append(one)
        of_post[one.post_id] = group
        if one.fingerprint:
            recent = [(one.fingerprint, group), *recent[: LATEST_PRINTS - 1]]
    return groups


def _kind(label: dict) -> str:
    return label.get("kind") or ""


def has_any(base: Path) -> bool:
    """Tell whether the labels of a scenario speak of background or decoys: else it need not be heard."""
    kinds = {_kind(label) for _, label in read_lines(Path(f"{base}.labels.jsonl.gz"))}
    return any(kind.startswith(BACKGROUND) or DECOY in kind for kind in kinds)


def background_of(base: Path, recording: Recording) -> Background:
    """Give the ordinary hours of a scenario: the posts that its labels call background and that tell of nothing real."""
    labels = (label for _, label in read_lines(Path(f"{base}.labels.jsonl.gz")))
    ordinary = {
        label["id"] for label in labels if _kind(label).startswith(BACKGROUND) and label.get("relevant") is not True
    }
    posts: Counter[int] = Counter()
    texts: set[bytes] = set()
    kept: set[str] = set()
    for _, post in read_lines(Path(f"{base}.posts.jsonl.gz")):
        if post["id"] in ordinary:
            posts[parse_instant(post["created_at"]) // HOUR_MS] += 1
            texts.add(hashlib.blake2b(post["text"].encode(), digest_size=8).digest())
            kept.add(pseudonym(PUBLIC_REPLAY_KEY, "post", post["id"]))
    hours = {hour: Hour(posts[hour]) for hour in range(min(posts, default=0), max(posts, default=-1) + 1)}
    for burst in cascades([one for one in recording.mentions if one.post_id in kept]):
        hours[burst.first_at // HOUR_MS].bursts.append(burst)
    return Background(hours, texts)


def decoys_of(base: Path, recording: Recording) -> list[Burst]:
    """Give the decoy bursts of a scenario: what the labels call a decoy's, by the time of each decoy."""
    truth = read_truth(Path(f"{base}.truth.json"))
    labels = (label for _, label in read_lines(Path(f"{base}.labels.jsonl.gz")))
    natives = [label["id"] for label in labels if DECOY in _kind(label)]
    wanted = {pseudonym(PUBLIC_REPLAY_KEY, "post", native) for native in natives}
    spans = sorted((parse_instant(d["start"]), parse_instant(d["end"]), d["name"]) for d in truth["decoys"])
    bursts: dict[str, list[Mention]] = defaultdict(list)
    for one in recording.mentions:
        lasting = [name for start, end, name in spans if start <= one.event_at <= end]
        if one.post_id in wanted and lasting:
            bursts[lasting[-1]].append(one)
    return [Burst(burst) for burst in bursts.values() if len(burst) >= LEAST_BURST]


class Resampler:
    """Makes months of background."""

    def __init__(self, backgrounds: Sequence[Background], decoys: Sequence[Burst]) -> None:
        self._hours: dict[int, list[Hour]] = defaultdict(list)
        for background in backgrounds:
            for at, hour in background.hours.items():
                self._hours[at % 24].append(hour)
        self._decoys = list(decoys)
        said = (
            one for hours in self._hours.values() for hour in hours for burst in hour.bursts for one in burst.mentions
        )
        self._places = [place for one in said for place in one.places[:1]]
        self._towns = [place for place in self._places if place.kind == "town"]

    @property
    def days(self) -> float:
        """How many recorded days are behind all that is drawn."""
        return sum(map(len, self._hours.values())) / 24

    @property
    def kinds_of_decoys(self) -> int:
        """How many different decoy bursts are drawn from."""
        return len(self._decoys)

    def months(self, months: int, seed: int) -> Month:
        """Make so many months."""
        rng = random.Random(seed)
        made: list[Mention] = []
        posts: list[int] = []
        for number in range(months * 30 * 24):
            hour = rng.choice(self._hours[number % 24])
            posts.append(hour.posts)
            mapped: dict[str, Place] = {}
            turn = rng.getrandbits(62)
            for burst in hour.bursts:
                shift = T0 + number * HOUR_MS - burst.first_at // HOUR_MS * HOUR_MS
                made += (self._moved(one, shift, f"{number}", turn, mapped, rng) for one in burst.mentions)
        for number in range(round(DECOYS_A_MONTH * months)):
            burst, town = rng.choice(self._decoys), rng.choice(self._towns)
            shift = T0 + rng.randrange(months * MONTH_MS) - burst.first_at
            mapped = _around(burst, town)
            turn = rng.getrandbits(62)
            made += (self._moved(one, shift, f"{DECOY_TAG}{number}", turn, mapped, rng) for one in burst.mentions)
        return Month(sorted(made, key=lambda one: (one.event_at, one.post_id)), posts)

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


def _around(burst: Burst, town: Place) -> dict[str, Place]:
    """Map the places of a burst to a town and what lies as far around it."""
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
