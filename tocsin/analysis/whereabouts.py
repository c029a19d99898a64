"""The place that a person means on the command line: a name as voices named it, a name of the gazetteer, or a position."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from nlp.fold import fold_name
from tocsin.analysis.atlas import gazetteer
from tocsin.analysis.stage import ExplainError
from tocsin.model import Admin, Place

if TYPE_CHECKING:
    from tocsin.analysis.recording import Recording

POSITION: Final = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*")
POSITION_KM: Final = 2.0


def meant(text: str, recording: Recording) -> Place:
    """Give the place that a text means.

    A name is first looked for among the places that the recording's voices named (the one named most often), then in the gazetteer (its
    first candidate). A position is ``lat,lon`` in degrees; it lies in the commune of the nearest town.

    Raises:
        ExplainError: no place is called so, or the position is none.
    """
    position = POSITION.fullmatch(text)
    if position is not None:
        return _at(float(position[1]), float(position[2]))
    wanted = fold_name(text)
    named: dict[str, tuple[int, Place]] = {}
    for mention in recording.mentions:
        for place in mention.places[:1]:
            if place.id == text or fold_name(place.name) == wanted:
                named[place.id] = (named.get(place.id, (0, place))[0] + 1, place)
    if named:
        return max(named.values(), key=lambda pair: (pair[0], pair[1].id))[1]
    tables = gazetteer()
    rows = tables.lookup(text)
    if not rows:
        raise ExplainError(
            f"{text}: expected a place of the recording or the gazetteer, or lat,lon; got no place called so"
        )
    return tables.place(rows[0], method="asked", score=1.0)


def _at(lat: float, lon: float) -> Place:
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise ExplainError(f"{lat},{lon}: expected latitude and longitude in degrees")
    tables = gazetteer()
    row = tables.nearest_town(lat, lon)
    town = None if row is None else tables.place(row, method="asked", score=1.0)
    return Place(
        id=f"asked:{lat:.5f},{lon:.5f}",
        name=f"{lat:.4f}, {lon:.4f}" if town is None else f"{lat:.4f}, {lon:.4f} ({town.name})",
        kind="point",
        lat=lat,
        lon=lon,
        uncertainty_km=POSITION_KM,
        country="" if town is None else town.country,
        admin=Admin() if town is None else town.admin,
        method="asked",
    )
