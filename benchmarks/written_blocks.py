"""Read the incidents, decoys and twins written for this project; the form of their files stands in ``benchmarks/incidents/README.md``.

What is *held* is never read by anyone who makes rules, only counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from tocsin.model import Hazard

FOLDER = Path(__file__).with_name("incidents")
FIRST_DAY = datetime(2026, 9, 15, tzinfo=UTC)
DAYS = 4
HAZARDS = frozenset(get_args(Hazard)) | {"other"}
FIELDS = {"half", "lang", "hazards", "at", "start", "hours", "twin_of", "note"}
NEEDED = {"half", "lang", "hazards", "at", "start"}
POST = 6
"""Columns of a post: offset, author, mark, profile, position, text."""


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
    twin_of: str
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
    if ("twin_of" in fields) != (kind == "twin"):
        raise WrittenError(f"{where}: expected twin_of of a twin, and of no other")
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
        twin_of=fields.get("twin_of", ""),
        posts=tuple(posts),
    )


def blocks_of(folder: Path = FOLDER) -> list[Block]:
    """Read all blocks of a folder, in order of file and place in it.

    Raises:
        WrittenError: a line is not in the form, a name is used twice, or a twin is of no decoy of its half.
    """
    blocks = [block for path in sorted(folder.glob("*.tsv")) for block in read(path)]
    names = [block.name for block in blocks]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise WrittenError(f"{folder}: names used twice: {', '.join(twice)}")
    decoys = {(block.half, block.name) for block in blocks if block.kind == "decoy"}
    if alone := sorted(b.name for b in blocks if b.kind == "twin" and (b.half, b.twin_of) not in decoys):
        raise WrittenError(f"{folder}: twins of no decoy of their half: {', '.join(alone)}")
    return blocks
