"""What the detect worker does with records of ``mentions``: lanes, watermark, panes, duplicates between origins, then the detector.

The watermark is the least time up to which all lanes were heard: every origin of the settings in every partition. Items wait until it
closes their pane; then copies that came by another origin or partition are dropped in the order in which they were received, and the
detector hears the rest. So what comes out is a function of the lanes' contents, and not of how they were shuffled together.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec

from detectors import Detector
from detectors.panes import instant_of, says
from ingest.duplicates import SeenPosts
from tocsin import wire
from tocsin.distributed.lanes import Lane
from tocsin.model import (
    DeadLetter,
    Exposure,
    GeocodeResult,
    Incident,
    Mention,
    Progress,
    Retraction,
    SettingsChange,
    SourceGap,
)
from tocsin.pipeline.outside import placed, refusal
from tocsin.pipeline.primed import detector_of
from tocsin.time import MINUTE_MS

if TYPE_CHECKING:
    from tocsin.settings import Settings
    from tocsin.settings.detector import DetectorSettings

STAGE: Final = "detect"
Item = Mention | Retraction | GeocodeResult | SettingsChange | SourceGap


class LaneState(msgspec.Struct, kw_only=True):
    """One lane, as it is kept."""

    expected: int
    held: dict[int, bytes]
    up_to_at: int | None
    ended: bool


class DetectState(msgspec.Struct, kw_only=True):
    """All that a ``Detect`` remembers."""

    version: int = 1
    detector: bytes
    lanes: dict[str, list[LaneState]]
    gaps: list[str]
    items: list[bytes]
    exposures: list[Exposure]
    closed_before: int | None
    seen: list[tuple[str, int]]
    tally: dict[str, int]
    finished: bool


class Detect:
    """Takes records of ``mentions`` in the order of the topic; gives incidents.

    Args:
        settings: the origins, the partitions and the detector's own.
    """

    def __init__(self, settings: Settings) -> None:
        self._panes = settings.time.panes()
        self._max_held = settings.distributed.max_held_steps
        partitions = settings.kafka.posts_partitions
        self._lanes = {
            origin: [Lane[bytes](self._max_held) for _ in range(partitions)] for origin in settings.distributed.origins
        }
        self._heard: dict[str, list[int | None]] = {origin: [None] * partitions for origin in self._lanes}
        self._ended: dict[str, list[bool]] = {origin: [False] * partitions for origin in self._lanes}
        self._gaps: set[str] = set()
        self._items: dict[int, list[Item]] = {}
        self._exposures: dict[int, list[Exposure]] = {}
        self._closed_before: int | None = None
        chosen = settings.ingest
        self._seen = SeenPosts(horizon_ms=chosen.duplicate_horizon_mins * MINUTE_MS, limit=chosen.max_remembered_posts)
        self._detector = detector_of(settings.detector, self._panes)
        self.tally: Counter[str] = Counter()
        """What became of every item of all stages, each counted once, by ``stage.outcome`` or ``stage.outcome.reason``."""
        self.finished = False
        """All origins have ended and all panes are closed."""

    @property
    def repeated(self) -> int:
        """Records passed over since the start because they had come before."""
        return sum(lane.repeated for lanes in self._lanes.values() for lane in lanes)

    @property
    def lost(self) -> int:
        """Records given up since the start."""
        return sum(lane.lost for lanes in self._lanes.values() for lane in lanes)

    @property
    def gaps(self) -> frozenset[str]:
        """Origins left out of the watermark."""
        return frozenset(self._gaps)

    @property
    def held(self) -> int:
        """Items that wait for their pane to close."""
        return sum(map(len, self._items.values()))

    @property
    def in_force(self) -> DetectorSettings:
        """The detector's settings: those of the file at the very first start, later those of the last change that has acted."""
        return self._detector.settings

    def heard(self, origin: str) -> int | None:
        """Give the time up to which an origin was heard in its slowest partition, or ``None`` before that."""
        told = [at for at in self._heard[origin] if at is not None]
        return min(told) if len(told) == len(self._heard[origin]) else None

    @property
    def watermark_at(self) -> int | None:
        """The least time up to which all lanes that count were heard; ``None`` while one is unheard, or none counts."""
        told: list[int] = []
        for origin, lanes in self._heard.items():
            if origin in self._gaps:
                continue
            for at, ended in zip(lanes, self._ended[origin], strict=True):
                if ended:
                    continue
                if at is None:
                    return None
                told.append(at)
        return min(told, default=None)

    def take(self, where: str, value: bytes) -> tuple[list[Incident], list[DeadLetter]]:
        """Take a record; give the revisions that it causes, in order, and what could not be read."""
        dead: list[DeadLetter] = []
        for due in self._in_order(where, value, dead):
            self._settle(where, due, dead)
        return self._advance(), dead

    def snapshot(self) -> bytes:
        """Give the state."""
        state = DetectState(
            detector=self._detector.snapshot(),
            lanes={
                origin: [
                    LaneState(expected=lane.expected, held=lane.held, up_to_at=at, ended=ended)
                    for lane, at, ended in zip(lanes, self._heard[origin], self._ended[origin], strict=True)
                ]
                for origin, lanes in self._lanes.items()
            },
            gaps=sorted(self._gaps),
            items=[wire.encode(item) for items in self._items.values() for item in items],
            exposures=[exposure for listed in self._exposures.values() for exposure in listed],
            closed_before=self._closed_before,
            seen=self._seen.snapshot(),
            tally=dict(self.tally),
            finished=self.finished,
        )
        return msgspec.msgpack.encode(state)

    def restore(self, raw: bytes) -> None:
        """Take a state back. Origins that the settings no longer name are let go; new ones begin.

        Raises:
            msgspec.DecodeError: it is no state of this version.
            ValueError: it is of another number of partitions.
        """
        state = msgspec.msgpack.decode(raw, type=DetectState)
        for origin, kept in state.lanes.items():
            if origin not in self._lanes:
                continue
            if len(kept) != len(self._lanes[origin]):
                raise ValueError(f"expected the state of {len(self._lanes[origin])} partitions, got {len(kept)}")
            for number, lane_state in enumerate(kept):
                lane = Lane[bytes](self._max_held, lane_state.expected)
                lane.held = lane_state.held
                self._lanes[origin][number] = lane
            self._heard[origin] = [one.up_to_at for one in kept]
            self._ended[origin] = [one.ended for one in kept]
        self._gaps = set(state.gaps) & self._lanes.keys()
        self._closed_before = state.closed_before
        self._items, self._exposures = {}, {}
        for raw_item in state.items:
            item = wire.decode(raw_item)
            assert isinstance(item, Item), "only items are kept"
            self._put(item)
        for exposure in state.exposures:
            self._exposures.setdefault(exposure.pane_start_at, []).append(exposure)
        self._seen.restore(state.seen)
        self._detector = Detector.restore(state.detector, self._panes)
        self.tally = Counter(state.tally)
        self.finished = state.finished

    def _in_order(self, where: str, value: bytes, dead: list[DeadLetter]) -> list[bytes]:
        """Give the records that are due: this one, or those that waited for it, or none."""
        try:
            parts = wire.decode_batch(value)
        except wire.WireError as error:
            parts = [error]
        progress = next((part for part in reversed(parts) if isinstance(part, Progress)), None)
        if progress is None:
            return [value]
        lanes = self._lanes.get(progress.origin)
        if lanes is None or not 0 <= progress.partition < len(lanes):
            detail = "expected an origin and a partition of the settings, got others"
            dead.append(DeadLetter(stage=STAGE, reason="wrong_type", detail=detail, origin=where))
            return []
        return lanes[progress.partition].take(progress.step, value)

    def _settle(self, where: str, value: bytes, dead: list[DeadLetter]) -> None:
        try:
            parts = wire.decode_batch(value)
        except wire.WireError as error:
            parts = [error]
        for part in parts:
            if isinstance(part, wire.WireError):
                dead.append(DeadLetter(stage=STAGE, reason=part.reason, detail=str(part)[:200], origin=where))
                self.tally["detect.received"] += 1
                self.tally[f"detect.dead.{part.reason}"] += 1
            elif isinstance(part, Mention | Retraction):
                self._keep(part)
            elif isinstance(part, SettingsChange | GeocodeResult | SourceGap):
                refused = refusal(part)
                if refused is None:
                    if isinstance(part, SourceGap):
                        self._leave(part)
                    # The order of the topic says which panes are open, so whoever reads it again agrees.
                    self._put(placed(part, self._closed_before))
                else:
                    dead.append(DeadLetter(stage=STAGE, reason=refused[0], detail=refused[1], origin=where))
            elif isinstance(part, Progress):
                self._progress(part)
            else:
                detail = f"expected what the detector hears, got a {type(part).__name__}"
                dead.append(DeadLetter(stage=STAGE, reason="wrong_type", detail=detail, origin=where))

    def _keep(self, item: Mention | Retraction) -> None:
        self.tally["detect.received"] += 1
        if self._closed_before is not None and instant_of(item) < self._closed_before:
            if isinstance(item, Mention):
                self.tally["detect.late"] += 1
                return
            item = msgspec.structs.replace(item, at=self._closed_before)  # a retraction is never late
        self._put(item)

    def _put(self, item: Item) -> None:
        start = self._panes.start(instant_of(item))
        if isinstance(item, SourceGap) and self._closed_before is not None:
            start = max(start, self._closed_before)  # it acts in the first open pane, as the order of the topic says
        self._items.setdefault(start, []).append(item)

    def _leave(self, gap: SourceGap) -> None:
        """Let an origin out of the watermark while it is away; the last one stays, or no time would pass at all."""
        if gap.origin in self._lanes and gap.to_at is None and len(self._lanes) - len(self._gaps) > 1:
            self._gaps.add(gap.origin)

    def _progress(self, progress: Progress) -> None:
        heard = self._heard[progress.origin]
        before = heard[progress.partition]
        heard[progress.partition] = progress.up_to_at if before is None else max(before, progress.up_to_at)
        self._ended[progress.origin][progress.partition] = progress.ended
        if progress.origin in self._gaps:
            self._gaps.discard(progress.origin)
            back_at = max(progress.up_to_at, self._closed_before or 0)
            self._put(SourceGap(origin=progress.origin, from_at=back_at, to_at=back_at))
        self.finished = False
        for exposure in progress.exposures:
            if self._closed_before is None or exposure.pane_start_at >= self._closed_before:
                self._exposures.setdefault(exposure.pane_start_at, []).append(exposure)
        self.tally.update(progress.tally)

    def _advance(self) -> list[Incident]:
        watermark_at = self.watermark_at
        if watermark_at is not None:
            return self._close(self._panes.closed_before(watermark_at))
        over = (origin in self._gaps or all(ended) for origin, ended in self._ended.items())
        if self.finished or not self._lanes or not all(over):
            return []
        starts = {start for start, items in self._items.items() if says(items)} | self._exposures.keys()
        written = self._close(max(starts) + self._panes.width_ms) if starts else []
        self.finished = True
        return written + self._detector.finish()

    def _close(self, bound: int) -> list[Incident]:
        """Let the detector live through the panes before a bound."""
        if self._closed_before is not None and bound <= self._closed_before:
            return []
        self._closed_before = bound
        written: list[Incident] = []
        for start in sorted(start for start in self._items.keys() | self._exposures.keys() if start < bound):
            self._detector.feed(self._first_of_each(self._items.pop(start, [])))
            for exposure in self._exposures.pop(start, []):
                self._detector.exposure(exposure.pane_start_at, exposure.source, exposure.posts)
            written += self._detector.advance(self._panes.closes_at(start))
        self.tally["detect.revisions"] += len(written)
        return written

    def _first_of_each(self, items: list[Item]) -> list[Item]:
        fed: list[Item] = []
        for item in sorted(items, key=_received):
            if isinstance(item, Mention):
                if self._seen.again(item.post_id, item.received_at):
                    self.tally["detect.duplicate"] += 1
                    continue
            elif isinstance(item, Retraction) and item.reason == "edited":
                for post_id in item.post_ids:
                    self._seen.forget(post_id)
            if isinstance(item, Mention | Retraction):
                self.tally["detect.used"] += 1
            fed.append(item)
        return fed


def _received(item: Item) -> tuple[int, str, str]:
    """The order in which items were received, the same however they were shuffled."""
    if isinstance(item, Mention):
        return item.received_at, item.post_id, "mention"
    if isinstance(item, SourceGap):
        return instant_of(item), item.origin, "gap"
    name = item.toml if isinstance(item, SettingsChange) else item.post_id
    return item.at, name, type(item).__name__
