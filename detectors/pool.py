"""The voices of the last hours that no incident owns, found by place.

A located voice lies in the grid cell of each of its candidate places; one that names a département, a region or a country lies under
that code; one that names nothing lies with the unlocated. The cost of looking does not depend on how many other places are talked of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from detectors.geometry import Cell, cell_of, cells_around
from detectors.hazards import compatible
from detectors.talk import Talk
from detectors.voices import Voice
from tocsin.model import COARSE_KINDS, Place
from tocsin.time import MINUTE_MS

UNLOCATED: Final = "unlocated"
LATEST_MS: Final = 30 * MINUTE_MS
Key = Cell | str


def coarse_key(place: Place) -> str | None:
    """Give the code under which a place no finer than a département is held, or ``None`` for a finer one."""
    if place.kind not in COARSE_KINDS:
        return None
    if place.kind == "country":
        return f"c:{place.country}"
    if place.kind == "region":
        return f"r:{place.country}:{place.admin.region}"
    return f"d:{place.country}:{place.admin.departement}"


def containing_keys(place: Place) -> tuple[str, ...]:
    """Give the codes of the country, region and département that contain a place."""
    keys = []
    if place.country:
        keys.append(f"c:{place.country}")
        if place.admin.region:
            keys.append(f"r:{place.country}:{place.admin.region}")
        if place.admin.departement:
            keys.append(f"d:{place.country}:{place.admin.departement}")
    return tuple(keys)


def _keys_of(voice: Voice) -> Iterable[Key]:
    places = voice.places
    if not places:
        return (UNLOCATED,)
    if len(places) == 1:
        return (coarse_key(places[0]) or cell_of(places[0].lat, places[0].lon),)
    return dict.fromkeys(coarse_key(place) or cell_of(place.lat, place.lon) for place in places)


class Pool:
    """Voices by number (canonical order), found by place; beyond ``limit`` the oldest go."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._voices: dict[int, Voice] = {}
        self._oldest = 0
        """A number that no voice held is below: of a dict from which the first go, the first is slow to find."""
        self._index: dict[Key, dict[int, None]] = {}
        self._located: dict[int, None] = {}
        self._looked_up: dict[tuple[float, float, float, tuple[str, ...]], list[Voice]] = {}
        """What ``near`` found since a voice came or went."""
        self.talk = Talk()

    def __len__(self) -> int:
        return len(self._voices)

    def __contains__(self, number: int) -> bool:
        return number in self._voices

    def __iter__(self) -> Iterator[Voice]:
        return iter(self._voices.values())

    def get(self, number: int) -> Voice | None:
        """Give a voice by its number."""
        return self._voices.get(number)

    def add(self, voice: Voice) -> None:
        """Hold a voice."""
        number = voice.number
        if not self._voices:
            self._oldest = number
        self._voices[number] = voice
        self._looked_up.clear()
        self.talk.add(voice)
        if voice.fine:
            self._located[number] = None
        for key in _keys_of(voice):
            held = self._index.get(key)
            if held is None:
                self._index[key] = {number: None}
            else:
                held[number] = None
        while len(self._voices) > self._limit:
            self._oldest += self.remove(self._oldest) is None

    def remove(self, number: int) -> Voice | None:
        """Let a voice go, and give it."""
        voice = self._voices.pop(number, None)
        if voice is not None:
            self._looked_up.clear()
            self.talk.remove(number)
            self._located.pop(number, None)
            for key in _keys_of(voice):
                cell = self._index.get(key)
                if cell is not None:
                    cell.pop(number, None)
                    if not cell:
                        del self._index[key]
        return voice

    def expire(self, before_at: int) -> None:
        """Let go the voices older than an instant."""
        old = []
        for voice in self._voices.values():
            if voice.at >= before_at:
                break  # numbers go with time
            old.append(voice.number)
        for number in old:
            self.remove(number)

    def near(self, place: Place, reach_km: float) -> list[Voice]:
        """Give the voices that may speak of a place, in canonical order: in the cells within reach, or naming what contains it."""
        containing = containing_keys(place)
        asked = place.lat, place.lon, reach_km, containing
        found = self._looked_up.get(asked)
        if found is None:
            numbers: set[int] = set()
            keys: list[Key] = [*cells_around(place.lat, place.lon, reach_km), *containing]
            for key in keys:
                numbers.update(self._index.get(key, ()))
            found = self._looked_up[asked] = [self._voices[number] for number in sorted(numbers)]
        return found

    def unlocated(self, since_at: int, most: int) -> list[Voice]:
        """Give the youngest voices that name no place, in canonical order: at most ``most``, none older than ``since_at``."""
        found: list[Voice] = []
        for number in reversed(self._index.get(UNLOCATED, {})):
            voice = self._voices[number]
            if voice.at < since_at or len(found) >= most:
                break
            found.append(voice)
        return found[::-1]

    def latest_located(self, voice: Voice, most: int) -> list[Voice]:
        """Give the youngest located voices that may tell of what a voice tells: at most ``most``, none over half an hour old."""
        found: list[Voice] = []
        seen: set[str] = set()
        since_at = voice.at - LATEST_MS
        for number in reversed(self._located):
            other = self._voices[number]
            if other.at < since_at or len(found) >= most:
                break
            if other.role == "event" and other.fine[0].id not in seen and compatible(other.main, voice.main):
                seen.add(other.fine[0].id)
                found.append(other)
        return found

    def replace(self, voice: Voice) -> None:
        """Hold a voice again under its old number, with other places; canonical order is kept."""
        voices = sorted([*self._voices.values(), voice], key=lambda v: v.number)
        self.restore(voices)

    def restore(self, voices: Iterable[Voice]) -> None:
        """Hold exactly these voices, given in canonical order."""
        self._voices, self._index, self._located, self.talk = {}, {}, {}, Talk()
        self._looked_up.clear()
        for voice in voices:
            self.add(voice)
