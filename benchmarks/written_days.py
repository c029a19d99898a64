"""Make replay scenarios of the incidents, decoys and twins written for this project (``benchmarks/incidents/*.tsv``).

Usage: python benchmarks/written_days.py OUT [--rate 10]

Four scenarios, each over four simulated days of ordinary posts: ``own-looked`` and ``own-held`` hold incidents and decoys,
``own-twins-looked`` and ``own-twins-held`` each decoy's twin: nearly the same words, with a real emergency inside. What is *held* is
never read by anyone who makes rules, only counted. The form of the files stands in ``benchmarks/incidents/README.md``.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from tocsin.model import Hazard
from tocsin.simulation.scenario import Background, Faults, Scenario
from tocsin.simulation.stream import Stream, label
from tocsin.time import format_instant

FOLDER = Path(__file__).with_name("incidents")
FIRST_DAY = datetime(2026, 9, 15, tzinfo=UTC)
DAYS = 4
HAZARDS = frozenset(get_args(Hazard)) | {"other"}
FIELDS = {"half", "lang", "hazards", "at", "start", "hours", "twin_of", "note"}
NEEDED = {"half", "lang", "hazards", "at", "start"}
POST = 6
"""Columns of a post: offset, author, mark, profile, position, text."""
DECOY_TAIL_HOURS = 1


class WrittenError(ValueError):
    """A file is not in the form; the message names file, line, what was expected and what was found."""


class Line(msgspec.Struct, frozen=True):
    """One post of a block: seconds after its start, and what the writer said of it."""

    after_s: int
    author: str
    relevant: bool
    repost_of: int | None
    profile: str | None
    position: tuple[float, float] | None
    text: str


class Block(msgspec.Struct, frozen=True):
    """One written incident, decoy or twin."""

    kind: Literal["incident", "decoy", "twin"]
    name: str
    half: Literal["looked", "held"]
    lang: str
    hazards: tuple[str, ...]
    lat: float
    lon: float
    radius_km: float
    felt_km: float
    starts: datetime
    hours: float
    posts: tuple[Line, ...]


def read(path: Path) -> Iterator[Block]:
    """Read the blocks of a file.

    Raises:
        WrittenError: a line is not in the form.
    """
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    head: tuple[str, str, int] | None = None
    fields: dict[str, str] = {}
    posts: list[Line] = []
    for number, line in lines:
        where = f"{path}:{number}"
        if line.startswith("== "):
            if head:
                yield _block(path, head, fields, posts)
            found = re.fullmatch(r"== (incident|decoy|twin) ([a-z0-9-]+)", line.strip())
            if not found:
                raise WrittenError(f"{where}: expected '== incident|decoy|twin NAME', got {line!r}")
            head, fields, posts = (found[1], found[2], number), {}, []
        elif line.startswith("+"):
            posts.append(_post(where, line, posts))
        elif line.strip():
            key, _, value = line.partition(":")
            if head is None or key not in FIELDS:
                raise WrittenError(f"{where}: expected one of {', '.join(sorted(FIELDS))}, got {line!r}")
            fields[key] = value.strip()
    if head:
        yield _block(path, head, fields, posts)


def _post(where: str, line: str, before: list[Line]) -> Line:
    cells = line.split("\t")
    if len(cells) == POST - 1:
        cells.append("")
    if len(cells) != POST:
        raise WrittenError(f"{where}: expected {POST} columns, got {len(cells)}")
    offset, author, mark, profile, position, text = (cell.strip() for cell in cells)
    if not re.fullmatch(r"\+\d+", offset) or (before and int(offset) < before[-1].after_s):
        raise WrittenError(f"{where}: expected an offset not before the last one, got {offset!r}")
    original = None
    if mark.startswith("=+"):
        original = next((post for post in before if f"=+{post.after_s}" == mark), None)
        if original is None:
            raise WrittenError(f"{where}: expected the offset of a post above, got {mark!r}")
    elif mark not in {"r", "n"} or not text:
        raise WrittenError(f"{where}: expected r or n and a text, got {mark!r} and {text!r}")
    place = None
    if position not in {"-", ""}:
        lat, _, lon = position.partition(",")
        try:
            place = float(lat), float(lon)
        except ValueError:
            raise WrittenError(f"{where}: expected lat,lon or -, got {position!r}") from None
    return Line(
        after_s=int(offset),
        author=author,
        relevant=original.relevant if original else mark == "r",
        repost_of=original.after_s if original else None,
        profile=None if profile in {"-", ""} else profile,
        position=place,
        text=original.text if original else text,
    )


def _block(path: Path, head: tuple[str, str, int], fields: dict[str, str], posts: list[Line]) -> Block:
    kind, name, number = head
    where = f"{path}:{number}: {name}"
    if missing := NEEDED - fields.keys():
        raise WrittenError(f"{where}: expected {', '.join(sorted(missing))}")
    hazards = tuple(h.strip() for h in fields["hazards"].split(",") if h.strip() != "-")
    if unknown := set(hazards) - HAZARDS:
        raise WrittenError(f"{where}: hazards: expected some of {', '.join(sorted(HAZARDS))}, got {unknown}")
    if bool(hazards) == (kind == "decoy"):
        raise WrittenError(f"{where}: hazards: expected '-' of a decoy and a hazard of all others")
    try:
        day, clock, zone = fields["start"].split()
        hour, minute = map(int, clock.split(":"))
        starts = FIRST_DAY + timedelta(days=int(day) - 1, hours=hour, minutes=minute)
        lat, lon, radius_km, felt_km = map(float, fields["at"].split())
        starts = starts.replace(tzinfo=ZoneInfo(zone))
        hours = float(fields.get("hours", "0"))
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise WrittenError(f"{where}: at, start or hours: {error}") from None
    if fields["half"] not in {"looked", "held"} or not posts or not 1 <= int(day) <= DAYS:
        raise WrittenError(f"{where}: expected half looked or held, posts, and a day from 1 to {DAYS}")
    return Block(
        kind=kind,
        name=name,
        half=fields["half"],
        lang=fields["lang"],
        hazards=hazards,
        lat=lat,
        lon=lon,
        radius_km=radius_km,
        felt_km=max(felt_km, radius_km),
        starts=starts,
        hours=hours,
        posts=tuple(posts),
    )


def _id(*parts: object) -> str:
    return "w" + hashlib.blake2b("\0".join(map(str, parts)).encode(), digest_size=8).hexdigest()


def _told(block: Block) -> Iterator[tuple[datetime, dict[str, Any], dict[str, Any]]]:
    """Give each post of a block with its instant and its label; a text may be used once only, so ids hold all."""
    ids: dict[int, str] = {}
    for index, post in enumerate(block.posts):
        # Milliseconds that no two posts of a block share: the order of the file is the order of the stream.
        at = block.starts + timedelta(seconds=post.after_s, milliseconds=(index * 37) % 1000)
        ids.setdefault(post.after_s, _id(block.name, index))
        lat, lon = post.position or (None, None)
        yield (
            at,
            {
                "id": _id(block.name, index),
                "source": "replay",
                "created_at": format_instant(round(at.timestamp() * 1000)),
                "author": _id(block.name, post.author),
                "text": post.text,
                "lang": block.lang,
                "lat": lat,
                "lon": lon,
                "place": post.profile,
                "repost_of": None if post.repost_of is None else ids[post.repost_of],
            },
            {
                "id": _id(block.name, index),
                "relevant": post.relevant and block.kind != "decoy",
                "hazard": block.hazards[0] if block.hazards and post.relevant else None,
                "places": None,
                "kind": block.kind if post.repost_of is None else "repost",
                "event": block.name if block.kind != "decoy" and post.relevant else None,
            },
        )


def _event(block: Block) -> dict[str, Any]:
    relevant = [at for at, _, told in _told(block) if told["relevant"]]
    return {
        "name": block.name,
        "hazard": list(block.hazards),
        "lat": block.lat,
        "lon": block.lon,
        "radius_km": block.radius_km,
        "felt_radius_km": block.felt_km,
        "start": format_instant(round(block.starts.timestamp() * 1000)),
        "first_relevant_post": format_instant(round(min(relevant).timestamp() * 1000)),
        "relevant_posts": len(relevant),
    }


def _decoy(block: Block) -> dict[str, Any]:
    last = max(block.starts + timedelta(seconds=block.posts[-1].after_s), block.starts + timedelta(hours=block.hours))
    return {
        "name": block.name,
        "lat": block.lat,
        "lon": block.lon,
        "radius_km": block.radius_km,
        "start": format_instant(round(block.starts.timestamp() * 1000)),
        "end": format_instant(round((last + timedelta(hours=DECOY_TAIL_HOURS)).timestamp() * 1000)),
    }


def write(out: Path, name: str, blocks: list[Block], rate: float, seed: int) -> None:
    """Write one scenario: ordinary posts of four simulated days with the blocks' posts among them, in order of time."""
    encode = msgspec.json.encode
    plan = Scenario(
        name=name,
        start=FIRST_DAY.strftime("%Y-%m-%dT00:00:00Z"),
        hours=24.0 * DAYS + 12,
        seed=seed,
        background=Background(rate_per_min=rate),
        faults=Faults(disorder_share=0.0, late_share=0.0, skew_share=0.0, duplicate_share=0.0),
    )
    stream = Stream(plan)
    lines = [
        (msgspec.json.decode(sent.line)["created_at"], number, sent.line, encode(label(sent, number, seed)))
        for number, sent in enumerate(stream, 1)
    ]
    for block in blocks:
        lines += [
            (post["created_at"], len(lines) + index, encode(post), encode(told))
            for index, (_, post, told) in enumerate(_told(block))
        ]
    lines.sort(key=lambda line: line[:2])
    ledger = stream.ledger.truth()
    truth = {
        "scenario": name,
        "description": "Incidents written by hand for this project in simulated ordinary days; everything is invented.",
        "span": ledger["span"],
        "events": [_event(block) for block in blocks if block.kind != "decoy"],
        "decoys": [_decoy(block) for block in blocks if block.kind == "decoy"],
        "minor_incidents": ledger["minor_incidents"],
        "counts": {"posts": len(lines)},
    }
    for end, column in (("posts", 2), ("labels", 3)):
        with (out / f"{name}.{end}.jsonl.gz").open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
            packed.writelines(line[column] + b"\n" for line in lines)
    (out / f"{name}.truth.json").write_bytes(msgspec.json.format(encode(truth), indent=1) + b"\n")
    print(f"{name}: {len(truth['events'])} events, {len(truth['decoys'])} decoys, {len(lines):,} posts")


def blocks_of(folder: Path = FOLDER) -> list[Block]:
    """Read all blocks of a folder, in order of file and place in it.

    Raises:
        WrittenError: a line is not in the form, or a name is used twice.
    """
    blocks = [block for path in sorted(folder.glob("*.tsv")) for block in read(path)]
    names = [block.name for block in blocks]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise WrittenError(f"{folder}: names used twice: {', '.join(twice)}")
    return blocks


def build(out: Path, rate: float = 10.0) -> None:
    """Write the four scenarios into a folder.

    Raises:
        WrittenError: a line of the written files is not in the form.
    """
    out.mkdir(parents=True, exist_ok=True)
    blocks = blocks_of()
    for seed, half in enumerate(("looked", "held"), 900):
        mine = [block for block in blocks if block.half == half]
        write(out, f"own-{half}", [b for b in mine if b.kind != "twin"], rate, seed)
        write(out, f"own-twins-{half}", [b for b in mine if b.kind == "twin"], rate, seed + 10)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--rate", type=float, default=10.0, help="ordinary posts a minute, mean over a day")
    given = parser.parse_args()
    try:
        build(given.out, given.rate)
    except WrittenError as error:
        sys.exit(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
