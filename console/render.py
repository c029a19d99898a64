"""Makes pages and fragments from values: Jinja templates that escape everything, rendered once for all viewers of a language."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from console.board import Board, Change, Entry
from console.near import near
from console.present import Sheet, row, sheet, spoken, state_of, voices
from console.words import HAZARDS, WORDS, Lang, placed, span
from tocsin.time import SECOND_MS

MAX_FRAGMENTS: Final = 4_000
"""Rendered lines kept: about two languages of a full board."""


class Renderer:
    """Renders for one time zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._environment = Environment(
            loader=PackageLoader("console"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._rows: OrderedDict[tuple[str, int, Lang], str] = OrderedDict()

    @property
    def zone(self) -> ZoneInfo:
        """The reader's time zone."""
        return self._zone

    @staticmethod
    def span(millis: int, lang: Lang) -> str:
        """Write a length of time."""
        return span(millis, lang)

    @staticmethod
    def hazard(name: str, lang: Lang) -> str:
        """Give the word for a hazard."""
        return HAZARDS[lang].get(name, name)

    def stamp(self, at: int) -> str:
        """Write an instant with its day, by the reader's clock."""
        return datetime.fromtimestamp(at / SECOND_MS, tz=self._zone).strftime("%Y-%m-%d %H:%M:%S")

    def page(self, template: str, lang: Lang, **values: Any) -> str:
        """Render a page or a fragment."""
        return self._environment.get_template(template).render(lang=lang, w=WORDS[lang], **values)

    def row(self, entry: Entry, now_at: int, lang: Lang) -> str:
        """Render one line of the list. Instants in it are brought up to date by the page itself, so it is kept until it changes."""
        key = (entry.incident.incident_id, entry.seq, lang)
        known = self._rows.get(key)
        if known is None:
            known = self.page("_row.html", lang, row=row(entry, now_at, lang, self._zone))
            self._rows[key] = known
            if len(self._rows) > MAX_FRAGMENTS:
                self._rows.popitem(last=False)
        return known

    def sheet(self, board: Board, entry: Entry, lang: Lang, record: tuple[int, int]) -> Sheet:
        """Give the values of one incident's screen."""
        return sheet(entry, board.clock_at, lang, self._zone, record=record, alike=near(entry, board.entries()))

    def lists(self, board: Board, lang: Lang) -> Mapping[str, list[str]]:
        """Render the three lists, the latest raised first."""
        found: dict[str, list[str]] = {"open": [], "silent": [], "past": []}
        for entry in board.entries():
            found[entry.section].append(self.row(entry, board.clock_at, lang))
        return found

    def change(self, board: Board, change: Change, lang: Lang) -> dict[str, Any]:
        """Give what the page needs to follow a change: the new line, the new mark, the words to say."""
        entry = board.get(change.incident_id)
        if entry is None:
            return {"id": change.incident_id, "gone": True}
        return {
            "id": change.incident_id,
            "row": self.row(entry, board.clock_at, lang),
            "mark": mark(entry, lang),
            "say": spoken(board, change, lang),
            "kind": change.kind,
        }


def mark(entry: Entry, lang: Lang) -> dict[str, Any]:
    """Give the mark of an incident on the map."""
    incident, state = entry.incident, state_of(entry.incident)
    return {
        "id": incident.incident_id,
        "lat": incident.lat,
        "lon": incident.lon,
        "r50": incident.r50_km,
        "r90": incident.radius_km,
        "state": "closed" if state == "withdrawn" else state,
        "section": entry.section,
        "zones": [
            {
                "lat": zone.lat,
                "lon": zone.lon,
                "km": zone.radius_km,
                "label": f"{zone.place} · {voices(zone.voices, lang)}",
            }
            for zone in incident.zones
        ],
        "label": f"{HAZARDS[lang].get(incident.hazard, incident.hazard)} · {placed(incident.place, lang)}",
    }
