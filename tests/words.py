"""Stages simple enough to know by heart, and a stream for them: "fire" in a town is heard, a "match" explains it, "poison" kills."""

import json
import random
from hashlib import blake2b

import msgspec
from towns import town

from tocsin.model import Mention
from tocsin.time import format_instant, parse_instant

TOWNS = {"nantes": (47.22, -1.55, "44109"), "lyon": (45.76, 4.84, "69123")}
START = parse_instant("2026-04-07T05:00:00Z")


def where_is(name):
    """Give the place that one of the towns is."""
    lat, lon, code = TOWNS[name]
    return town(name, lat, lon, 300_000, code=code, uncertainty_km=3.0, score=1.0)


class Dropped(msgspec.Struct, frozen=True):
    post_id: str
    reason: str


class WordGate:
    def open(self, texts):
        return [("fire",) if "fire" in text else () for text in texts]


class WordExtractor:
    def mentions(self, posts, shed=0):
        return [self.one(post) for post in posts]

    def one(self, post):
        if "poison" in post.text:
            raise KeyError(post.text)
        if "match" in post.text:
            return Dropped(post.id, "explained")
        places = tuple(where_is(name) for name in TOWNS if name in post.text)
        return Mention(
            post_id=post.id,
            source=post.source,
            author=post.author,
            event_at=post.event_at,
            received_at=post.received_at,
            lang="en",
            hazards={"fire": 1.0},
            terms=("fire",),
            witness="first_hand",
            probability=0.9,
            places=places,
            fingerprint=int.from_bytes(blake2b(post.id.encode(), digest_size=8).digest(), "big", signed=True),
        )


def stream(seed=1, minutes=90):
    """Small talk, two fires, copies, late posts, deletions, poison and broken lines: one post each four seconds and more."""
    draw = random.Random(seed)
    lines = []

    def line(at, text, **more):
        record = {
            "id": f"p{len(lines)}",
            "source": draw.choice(["a", "b"]),
            "created_at": format_instant(at),
            "author": f"u{draw.randrange(10_000)}",
            "text": text,
        }
        lines.append(json.dumps(record | more).encode())

    for second in range(0, minutes * 60, 4):
        at = START + second * 1_000 + draw.randrange(4_000)
        line(at, f"small talk {draw.random()}")
        if 1_200 <= second < 2_400 and second % 20 == 0:
            line(at, f"fire in nantes {draw.random()}", lat=47.2, lon=-1.5)
        if 3_000 <= second < 4_200 and second % 24 == 0:
            line(at, f"fire in lyon {draw.random()}", received_at=format_instant(at + draw.randrange(4_000)))
        if second % 300 == 0:
            line(at, "fire at the match in lyon")
        if second % 400 == 0 and second:
            lines.append(draw.choice([b"{", b"[]", b'{"id": "x"}', b"\xff"]))
        if second % 520 == 0:
            line(at - draw.choice([60_000, 1_000_000]), "fire in lyon, late")
        if second % 700 == 0:
            line(at, "fire and poison")
            lines.append(json.dumps({"retract": f"p{draw.randrange(400)}", "at": format_instant(at)}).encode())
            lines.append(b"")
        if second in (2_000, 3_600):
            lines.append(next(one for one in reversed(lines) if b"fire in " in one))
    return lines
