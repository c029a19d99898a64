"""The console, composed: its pages with the map's files, and what its analysts agree on, handed to the pipeline's thread."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING, Final

import msgspec

from console.desk import Doors
from console.server import ConsoleServer, Place
from dispatch.map import Assets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from console.accounts import Accounts
    from console.desk import AuditLog
    from console.tuning import Tuner
    from tocsin.model import ExerciseWindow, SettingsChange, Verdict
    from tocsin.settings.console import ConsoleSettings

MAX_CHANGES: Final = 100
_JS: Final = "text/javascript; charset=utf-8"


class Changes:
    """Changes of settings on their way from the console's thread to the pipeline's.

    >>> Changes().take()
    []
    """

    def __init__(self) -> None:
        self._waiting: queue.Queue[SettingsChange] = queue.Queue(MAX_CHANGES)

    def give(self, change: SettingsChange) -> None:
        """Hand over one change.

        Raises:
            ValueError: too many wait: the pipeline has not looked for long.
        """
        try:
            self._waiting.put_nowait(change)
        except queue.Full as error:
            raise ValueError(f"{MAX_CHANGES} changes wait already: the detector does not answer") from error

    def take(self) -> list[SettingsChange]:
        """Give what has come since the last look, in order."""
        taken: list[SettingsChange] = []
        while True:
            try:
                taken.append(self._waiting.get_nowait())
            except queue.Empty:
                return taken


def map_files(assets: Assets) -> dict[str, tuple[str, bytes]]:
    """Give the files of the offline map by the names under which the console's pages ask for them."""
    return {
        "leaflet.js": (_JS, assets.leaflet_js.encode()),
        "leaflet.css": ("text/css; charset=utf-8", assets.leaflet_css.encode()),
        "ground.js": (_JS, assets.scripts["basemap.js"].encode()),
        "basemap.js": (_JS, f"const BASEMAP = {assets.basemap};".encode()),
    }


def departements(assets: Assets) -> dict[str, str]:
    """Give the names of the French départements by code, from the outlines of the map."""
    shapes = msgspec.json.decode(assets.basemap)["france"]["shapes"]
    return {str(code): str(name) for code, name, _ in sorted(shapes, key=lambda shape: str(shape[0]))}


def open_console(  # noqa: PLR0913  # what a console is made of
    settings: ConsoleSettings,
    accounts: Accounts,
    *,
    decide: Callable[[Verdict | ExerciseWindow], str | None],
    audit: AuditLog,
    now: Callable[[], int],
    territories: Mapping[str, str] | None = None,
    tuner: Tuner | None = None,
) -> ConsoleServer:
    """Make the console of the settings; it serves from entering its context.

    Args:
        settings: where and how.
        accounts: who may enter.
        decide: takes each decision, from the console's thread; says what is wrong with it, if anything is.
        audit: takes each entry before its action happens.
        now: stamps decisions, UTC milliseconds.
        territories: names by code for the coverage map; the French départements when left out.
        tuner: the workbench of the analysts' page; without one there is no such page.

    Raises:
        OSError: the address is in use or not ours, or the certificate cannot be read.
    """
    assets = Assets.load()
    doors = Doors(
        decide=decide,
        audit=audit,
        now=now,
        territories=departements(assets) if territories is None else territories,
        tuner=tuner,
    )
    place = Place(
        host=settings.host,
        port=settings.port,
        zone=settings.time_zone,
        lang=settings.lang,
        certificate=str(settings.tls_certificate_path or ""),
        key=str(settings.tls_key_path or ""),
        secure=settings.behind_tls,
    )
    return ConsoleServer(place, doors, accounts, map_files(assets))
