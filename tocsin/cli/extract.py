"""``tocsin extract``: what is heard in a text: hazards, sense and why, places with the losing candidates."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.text import Text

from ingest.files import Reading, SourceError, read_blocks
from ingest.redact import redact
from nlp.account import account
from nlp.extract import Extractor
from tocsin.model import Point
from tocsin.settings import load_settings
from tocsin.time import parse_instant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlp.extract import Analysis


_TELLING = frozenset({"hazard", "perception", "consequence", "responder"})


class _Line(msgspec.Struct):
    """The fields of a posts file that are read here."""

    id: str
    text: str
    created_at: str | None = None
    lang: str | None = None
    lat: float | None = None
    lon: float | None = None
    place: str | None = None
    repost_of: str | None = None
    reply_to: str | None = None


def extract(  # noqa: PLR0913  one parameter an option
    *texts: str,
    posts: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    gated: Annotated[bool, Parameter(negative="")] = False,
    lang: str | None = None,
    entities: bool = True,
    config: Annotated[Path | None, Parameter(help="Settings file (TOML).")] = None,
) -> int:
    """Show what is heard in texts or posts.

    Offsets are code points of the text, half-open. Handles, addresses and numbers are masked before reading, as in the pipeline;
    masking keeps all offsets.

    Args:
        texts: texts to read.
        posts: a file of posts (JSON Lines, plain, .gz or .zst; - is standard input).
        as_json: print one JSON object a post.
        gated: show only what the pipeline would do: nothing for a post that it drops.
        lang: the language of the texts, if known (fr, en, es, it, pt, de).
        entities: let the entity recogniser decide doubtful names; off also when the settings say so.
        config: settings file, whose part ``[nlp]`` (own lexicon, limits) is used.
    """
    if bool(texts) == (posts is not None):
        sys.stderr.write("tocsin extract: expected texts or --posts FILE, one of the two\n")
        return 2
    chosen = load_settings(config, os.environ).nlp
    extractor = Extractor.load(chosen.model_copy(update={"entities": entities and chosen.entities}))
    console = Console(highlight=False)
    if posts is None:
        given: Iterator[_Line | str] = (_Line(str(number), text, lang=lang) for number, text in enumerate(texts, 1))
    else:
        given = _read(posts)
    bad = 0
    try:
        for line in given:
            if isinstance(line, str):
                bad += 1
                sys.stderr.write(f"{line}\n")
                continue
            analysis = _analyse(extractor, line, gated=gated)
            if as_json:
                sys.stdout.buffer.write(msgspec.json.encode(account(line.id, analysis, gated=gated)) + b"\n")
            else:
                _show(console, line, analysis, account(line.id, analysis, gated=gated))
    except SourceError as error:
        sys.stderr.write(f"tocsin extract: {error}\n")
        return 2
    sys.stdout.flush()
    if bad:
        sys.stderr.write(f"tocsin extract: {bad} line{'s' if bad > 1 else ''} could not be read\n")
    return 0


def _read(path: str) -> Iterator[_Line | str]:
    """Give the posts of a file, and for a line that is none what is wrong with it; retractions and empty lines are passed over."""
    decoder = msgspec.json.Decoder(_Line)
    for block in read_blocks([path], Reading()):
        for index, raw in enumerate(block.lines()):
            if not raw.strip() or raw.startswith(b'{"retract"'):
                continue
            try:
                yield decoder.decode(raw)
            except ValueError as error:  # msgspec.DecodeError, and bytes that are no UTF-8
                origin, number = block.where(index)
                yield f"{origin}:{number}: {error}"


def _analyse(extractor: Extractor, line: _Line, *, gated: bool) -> Analysis:
    point = Point(line.lat, line.lon) if line.lat is not None and line.lon is not None else None
    return extractor.analyse(
        redact(line.text),
        lang=line.lang,
        point=point,
        profile_place=line.place,
        gated=gated,
        year=_year(line.created_at),
        repost=line.repost_of is not None,
        reply=line.reply_to is not None,
    )


def _year(created_at: str | None) -> int | None:
    if created_at is None:
        return None
    try:
        return datetime.fromtimestamp(parse_instant(created_at) // 1_000, UTC).year
    except (ValueError, OverflowError):
        return None


def _show(console: Console, line: _Line, analysis: Analysis, data: dict[str, Any]) -> None:
    def say(text: str | Text, style: str = "") -> None:
        console.print(Text(text) if isinstance(text, str) else text, style=style, soft_wrap=True)

    say(_coloured(line, analysis, data["post_id"]))
    if data["dropped"]:
        say(f"  dropped     {data['dropped']}: the pipeline would make no mention of it")
    for hit in analysis.sense.reading.hits:
        entry = hit.entry
        hazards = ", ".join(f"{name} {share:g}" for name, share in entry.hazards.items()) or "–"
        say(f"  term        {hit.start}–{hit.end} {hit.form} ({entry.id}, {entry.role}, {entry.strength:g}: {hazards})")
    for mention in data["mentions"]:
        for told in _sense(mention):
            say(f"  {told}")
    for place in data["places"]:
        say(f"  place       {place['start']}–{place['end']} {place['text']} → {_describe(place)}")
        for candidate in place["candidates"]:
            say(f"    not       {_describe(candidate)}", "dim")
    best = analysis.resolution.places
    if best:
        say("  tied to     " + "; ".join(f"{one.name} ({one.kind}, {one.method}, {one.score:.2f})" for one in best[:4]))


def _coloured(line: _Line, analysis: Analysis, post_id: str) -> Text:
    """Give the text with its terms in red, what explains them in yellow, and its places in green."""
    shown = Text(f"[{post_id}] ", style="dim") + Text(line.text, style="not dim")
    ahead = len(shown) - len(line.text)
    for hit in analysis.sense.reading.hits:
        style = "bold red" if hit.entry.role in _TELLING else "yellow"
        shown.stylize(style, ahead + hit.start, ahead + hit.end)
    for one in analysis.resolution.toponyms:
        shown.stylize("bold green", ahead + one.start, ahead + one.end)
    return shown


def _sense(mention: dict[str, Any]) -> list[str]:
    spread = sorted(mention["hazards"].items(), key=lambda item: (-item[1], item[0]))
    told = [
        f"hazard      {mention['hazard']} ({', '.join(f'{name} {share:.2f}' for name, share in spread)})",
        f"sense       {mention['modality']}, {mention['witness']}, probability {mention['probability']:.2f}",
        f"because     {'  '.join(mention['reasons']) or 'nothing speaks strongly either way'}",
    ]
    if mention["consequences"]:
        told.append(f"reported    {', '.join(mention['consequences'])}")
    if mention["denial"]:
        told.append("denial      a negative voice: it says that there is nothing")
    if mention["perception_only"]:
        told.append("perception  noise, smoke, sirens or shaking, without a consequence")
    return told


def _describe(place: dict[str, Any]) -> str:
    return (
        f"{place['name']} ({place['kind']}, {place['id']}) {place['lat']:.4f} {place['lon']:.4f} "
        f"±{place['uncertainty_km']:g} km, {place['method']} {place['score']:.2f}"
    )
