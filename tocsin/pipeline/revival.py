"""What a run on one machine keeps of its detector, and how the next run goes on from it.

Keys of days and texts die with the process, as they should: after a restart an author counts as a new one, as after midnight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from detectors import Detector
from tocsin.runtime.logging import get_logger
from tocsin.time import HOUR_MS

if TYPE_CHECKING:
    from collections.abc import Collection

    from tocsin.model import Incident
    from tocsin.settings import Settings

NAME: Final = "detector"
"""Under which it is kept."""
AHEAD_MS: Final = HOUR_MS
"""A state whose clock is so far ahead of the system's was written under a wrong clock: to wait for that hour would be deaf."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A detector and what stood with it."""

    version: int = 1
    detector: bytes
    clock_at: int
    """How far the stream had come."""
    settings: str
    """The detector's settings of the file, as JSON: who edits them and starts again means them to act."""
    grid: tuple[int, int]
    """Width and lateness of the panes, in milliseconds: a detector of others is no use."""
    following: tuple[str, ...]
    """Incidents that it follows and that have not ended."""


class Revived(msgspec.Struct, frozen=True, kw_only=True):
    """A detector that goes on."""

    detector: Detector
    clock_at: int
    following: frozenset[str]
    edited: bool
    """The detector's settings of the file have been edited since: they are to act."""


def keep(detector: Detector, settings: Settings, *, clock_at: int, following: Collection[str]) -> bytes:
    """Give what ``revive`` goes on from, as MessagePack."""
    return msgspec.msgpack.encode(
        Kept(
            detector=detector.snapshot(),
            clock_at=clock_at,
            settings=settings.detector.model_dump_json(),
            grid=_grid(settings),
            following=tuple(sorted(following)),
        )
    )


def revive(raw: bytes | None, settings: Settings, now_at: int) -> Revived | None:
    """Go on from what was kept; ``None``, with the reason in the log, where it cannot be gone on from.

    Args:
        raw: what ``keep`` gave; ``None`` at the first start.
        settings: of the new run.
        now_at: the system's clock, UTC milliseconds.
    """
    if raw is None:
        return None
    try:
        kept = msgspec.msgpack.decode(raw, type=Kept)
        if kept.version != 1:
            raise msgspec.ValidationError(f"expected version 1, got {kept.version}")
        if kept.grid != _grid(settings):
            why = "its panes are others"
        elif kept.clock_at > now_at + AHEAD_MS:
            why = "its clock is far ahead of the system's"
        else:
            return Revived(
                detector=Detector.restore(kept.detector, settings.time.panes()),
                clock_at=kept.clock_at,
                following=frozenset(kept.following),
                edited=kept.settings != settings.detector.model_dump_json(),
            )
    except (msgspec.MsgspecError, ValueError) as error:
        why = f"it is of another version: {error}"
    get_logger("revival").warning("the detector begins anew: what was kept cannot be gone on from", why=why)
    return None


def given_up(incident: Incident, now_at: int) -> Incident:
    """Give the revision that closes an incident that stands and that nobody follows any more."""
    return msgspec.structs.replace(
        incident,
        revision=incident.revision + 1,
        msg_type="Update",
        reason="closed",
        state="closed",
        updated_at=max(now_at, incident.updated_at),
        closed_at=max(now_at, incident.updated_at),
    )


def _grid(settings: Settings) -> tuple[int, int]:
    panes = settings.time.panes()
    return panes.width_ms, panes.lateness_ms
