"""Makes a recording of a scenario test: mentions as they are written, posts through ingest, gate and extract."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tocsin.analysis.atlas import gazetteer
from tocsin.analysis.hearing import record
from tocsin.analysis.recording import Recording, made
from tocsin.analysis.scenario_file import ORDINARY_SOURCE, Expected, MentionPlan, PostPlan, ScenarioTest, Spot
from tocsin.ids import content_id
from tocsin.model import Admin, Exposure, Mention, Place, Retraction, SourceGap
from tocsin.settings import Settings
from tocsin.time import MINUTE_MS, format_instant

if TYPE_CHECKING:
    from detectors.panes import Item
    from ingest.block import Block
    from tocsin.pipeline.hear import Heard

LINGER_MS = 2 * MINUTE_MS
"""A scenario goes on so long after the last thing said."""
COPY_PRINT = 0x5A5A_3C3C_1234_5678


class UnknownPlaceError(ValueError):
    """No place is called so."""


def place_of(said: str | Spot, score: float) -> Place:
    """Give the place of a name or identity of the gazetteer, or of one written out.

    Raises:
        UnknownPlaceError: the gazetteer has none.
    """
    if isinstance(said, Spot):
        return Place(
            id=f"test:{said.name}",
            name=said.name,
            kind=said.kind,
            lat=said.lat,
            lon=said.lon,
            uncertainty_km=said.uncertainty_km,
            country=said.country,
            admin=Admin(region=said.region, departement=said.departement, commune=said.commune),
            method="test",
            score=said.score,
            population=said.population,
        )
    tables = gazetteer()
    row = tables.row_of(said)
    rows = [row] if row is not None else [*tables.lookup(said), *tables.road(said)]
    if not rows:
        raise UnknownPlaceError(f"expected a place of the gazetteer, got {said}")
    return tables.place(rows[0], method="test", score=score)


def end_ms(test: ScenarioTest) -> int:
    """Give when a scenario ends, relative to its start."""
    if test.until is not None:
        return test.until
    last = [plan.at + plan.every * (plan.count - 1) for plan in (*test.mentions, *test.posts)]
    last += [gone.at for gone in test.deleted] + [each.at for each in test.expect if each.at is not None]
    return max(last) + LINGER_MS


def recording_of(
    test: ScenarioTest, start_at: int, settings: Settings, hear: Callable[[Block], Heard] | None
) -> Recording:
    """Make the recording of a scenario.

    Args:
        test: the scenario.
        start_at: its start.
        settings: all but ``[detector]`` counts here.
        hear: reads posts; needed only where there are posts.

    Raises:
        UnknownPlaceError: a mention's place is not known.
        KeyError: a label that nothing carries.
    """
    labels: dict[str, str] = {}
    said = [m for number, plan in enumerate(test.mentions) for m in _mentions(plan, f"m{number}", start_at, labels)]
    items: list[Item] = list(said)
    lines: list[tuple[int, dict[str, Any]]] = []
    own = set()
    for number, plan in enumerate(test.posts):
        for at, line in _posts(plan, f"p{number}", start_at):
            own.add(line["id"])
            lines.append((at, line))
    for gone in test.deleted:
        if gone.of in own:
            lines.append((start_at + gone.at, {"retract": gone.of, "at": format_instant(start_at + gone.at)}))
        else:
            items.append(Retraction(post_id=labels[gone.of], at=start_at + gone.at))
    for one in test.away:
        items.append(SourceGap(origin=one.source, from_at=start_at + one.at))
        if one.until is not None:
            items.append(SourceGap(origin=one.source, from_at=start_at + one.at, to_at=start_at + one.until))
    exposures: list[Exposure] = []
    if lines:
        assert hear is not None, "who has posts brings what hears them"
        heard = _heard(lines, settings, hear)
        items += heard.items
        exposures += heard.exposures
    ordinary = _exposures(test.posts_a_minute, start_at, start_at + end_ms(test), settings.time.panes().width_ms)
    for one in (each for each in test.away if each.source == ORDINARY_SOURCE):
        back_at = start_at + (end_ms(test) if one.until is None else one.until)
        ordinary = [e for e in ordinary if not start_at + one.at <= e.pane_start_at < back_at]
    exposures += ordinary
    return made(test.name, items, exposures, settings.time.panes())


def wanted_place(expected: Expected) -> Place | None:
    """Give the place around which something is expected.

    Raises:
        UnknownPlaceError: it is not known.
    """
    return None if expected.place is None else place_of(expected.place, 1.0)


def _mentions(plan: MentionPlan, prefix: str, start_at: int, labels: dict[str, str]) -> list[Mention]:
    places = () if plan.place is None else (place_of(plan.place, plan.score),)
    total = sum(plan.hazard.values())
    out = []
    for number in range(plan.count):
        at = start_at + plan.at + number * plan.every
        post_id = content_id("scenario", prefix, number)
        if plan.id is not None:
            labels[_label(plan.id, number)] = post_id
        out.append(
            Mention(
                post_id=post_id,
                source=plan.source,
                author=plan.author or content_id("author", prefix, number),
                event_at=at,
                received_at=at,
                hazards={hazard: round(share / total, 4) for hazard, share in plan.hazard.items()},
                terms=plan.terms or tuple(plan.hazard),
                modality=plan.modality,
                witness=plan.witness,
                probability=plan.probability,
                denial=plan.denial,
                perception_only=plan.perception_only,
                consequences=plan.consequences,
                places=places,
                fingerprint=COPY_PRINT ^ (1 << number % 8) if plan.copies else 0,
                repost_of=None if plan.repost_of is None else labels[plan.repost_of],
            )
        )
    return out


def _posts(plan: PostPlan, prefix: str, start_at: int) -> list[tuple[int, dict[str, Any]]]:
    out = []
    for number in range(plan.count):
        at = start_at + plan.at + number * plan.every
        line = {
            "id": _label(plan.id, number) if plan.id is not None else f"{prefix}-{number}",
            "source": plan.source,
            "created_at": format_instant(at),
            "author": plan.author or f"author-{prefix}-{number}",
            "text": plan.text,
            "lang": plan.lang,
            "lat": plan.lat,
            "lon": plan.lon,
            "place": plan.place,
            "repost_of": plan.repost_of,
        }
        out.append((at, {name: value for name, value in line.items() if value is not None}))
    return out


def _label(name: str, number: int) -> str:
    return name if number == 0 else f"{name}-{number + 1}"


def _heard(lines: list[tuple[int, dict[str, Any]]], settings: Settings, hear: Callable[[Block], Heard]) -> Recording:
    with tempfile.TemporaryDirectory(prefix="tocsin-") as folder:
        path = Path(folder) / "posts.jsonl"
        ordered = sorted(lines, key=lambda pair: pair[0])
        path.write_text("".join(json.dumps(line) + "\n" for _, line in ordered), encoding="utf-8")
        alone = settings.model_copy(update={"runtime": settings.runtime.model_copy(update={"extract_processes": 0})})
        return record([path], alone, hear=hear)


def _exposures(a_minute: float, start_at: int, end_at: int, width_ms: int) -> list[Exposure]:
    """Give so many posts a minute, whole in each pane, the fractions carried on."""
    out, told = [], 0
    first = start_at - start_at % width_ms
    for number, pane_at in enumerate(range(first, end_at, width_ms), 1):
        due = int(a_minute * number * width_ms / MINUTE_MS)
        out.append(Exposure(pane_at, ORDINARY_SOURCE, due - told))
        told = due
    return out
