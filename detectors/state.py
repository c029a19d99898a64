"""All that the detector remembers, as one message: what a snapshot holds."""

from __future__ import annotations

import msgspec

from detectors.baseline import History
from detectors.incident import Case
from detectors.voices import Voice
from detectors.watch import Watch
from tocsin.model import GeocodeResult, Mention, Retraction, SettingsChange


class State(msgspec.Struct, kw_only=True):
    """All that the detector remembers, for a snapshot."""

    version: int = 1
    following: int
    now_at: int
    pool: list[Voice]
    pending: list[int]
    cases: list[Case]
    watches: list[tuple[str, Watch]]
    history: History
    prints: list[int]
    print_numbers: list[int]
    print_next: int
    print_posts: dict[str, int]
    owned: dict[int, str]
    mentions: list[Mention]
    retractions: list[Retraction]
    answers: list[GeocodeResult]
    changes: list[SettingsChange]
    posts: list[tuple[int, str, int]]
    closed_before: int | None
    settings: str
