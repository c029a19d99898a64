"""A map of incidents as one HTML file that opens offline and asks nothing of any network.

The page holds Leaflet, the outlines and all data within itself, and a content security policy under which a browser would refuse any
request. It shows the state of things at a chosen instant: what was known then, not what became known later.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any, Final, Literal

import msgspec

from dispatch.json import public
from tocsin.model import Incident
from tocsin.time import format_instant

MAX_INCIDENTS: Final = 1_000
"""Incidents on one map, the latest ones: a browser draws no more at ease."""
MAX_REVISIONS: Final = 100
"""Revisions kept of one incident: the first, and the latest ones."""
MARGIN_MS: Final = 60_000
"""The time line begins so long before the first voice."""
_FILES: Final = ("words.js", "basemap.js", "panel.js", "map.js")


class Assets(msgspec.Struct, frozen=True):
    """What the page is made of, read once."""

    page: str
    css: str
    scripts: Mapping[str, str]
    leaflet_css: str
    leaflet_js: str
    basemap: str

    @classmethod
    def load(cls) -> Assets:
        """Read the packaged files."""
        data = resources.files("dispatch").joinpath("data")

        def text(name: str) -> str:
            return data.joinpath(name).read_text(encoding="utf-8")

        return cls(
            page=text("map.html"),
            css=text("map.css"),
            scripts={name: text(name) for name in _FILES},
            # Its pictures are not used and not shipped: without them the sheet asks for no file.
            leaflet_css=re.sub(r"url\([^)]*\)", "none", text("leaflet.css")),
            leaflet_js=re.sub(r"//# sourceMappingURL=\S*", "", text("leaflet.js")),
            basemap=text("basemap.json").strip(),
        )


def page(  # noqa: PLR0913  # what one sees on the page
    revisions: Sequence[Incident],
    assets: Assets,
    *,
    title: str = "",
    truth: Mapping[str, Any] | None = None,
    span: tuple[int, int] | None = None,
    lang: Literal["fr", "en"] = "fr",
) -> bytes:
    """Write the page.

    Args:
        revisions: all revisions of all incidents, in order of emission.
        assets: what ``Assets.load`` gave.
        title: what the page shows, in a few words.
        truth: the ground truth, if there is one (the scorer's form): true places are marked.
        span: first and last instant of the time line; from the revisions when left out.
        lang: language in which the page opens; a button changes it.
    """
    histories = _histories(revisions)
    data = {
        "title": title,
        "lang": lang,
        "span": [format_instant(at) for at in span or _span(revisions)],
        "incidents": [[public(revision) for revision in history] for history in histories],
        "truth": None if truth is None else {key: truth.get(key) or [] for key in ("events", "decoys")},
    }
    parts = {
        "title": f"Tocsin: {_escaped(title)}" if title else "Tocsin",
        "leaflet_css": assets.leaflet_css,
        "css": assets.css,
        "data": _inert(msgspec.json.encode(data).decode()),
        "basemap": _inert(assets.basemap),
        "leaflet_js": assets.leaflet_js,
        **{name.replace(".", "_"): script for name, script in assets.scripts.items()},
    }
    return re.sub(r"@@(\w+)@@", lambda found: parts[found[1]], assets.page).encode()


def _histories(revisions: Sequence[Incident]) -> list[list[Incident]]:
    """Group by incident in order of the first revision, within the limits."""
    histories: dict[str, list[Incident]] = {}
    for revision in revisions:
        histories.setdefault(revision.incident_id, []).append(revision)
    latest = sorted(histories.values(), key=lambda history: (history[0].raised_at, history[0].incident_id))
    return [
        history if len(history) <= MAX_REVISIONS else [history[0], *history[1 - MAX_REVISIONS :]]
        for history in latest[-MAX_INCIDENTS:]
    ]


def _span(revisions: Sequence[Incident]) -> tuple[int, int]:
    if not revisions:
        return 0, MARGIN_MS
    first = min(revision.first_voice_at for revision in revisions) - MARGIN_MS
    return first, max(revision.updated_at for revision in revisions) + MARGIN_MS


def _inert(text: str) -> str:
    """Keep JSON from ending the script element that holds it, whatever its strings say."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
