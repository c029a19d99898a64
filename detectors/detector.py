"""The detector: items in, revisions of incidents out, pane by pane, depending on nothing but its items in canonical order."""

from __future__ import annotations

from collections.abc import Sequence

from detectors import deciding, hearing, speaking, state
from detectors.baseline import History
from detectors.memory import BEFORE_ALL, Memory
from detectors.panes import Item, Pane, PaneBuffer
from tocsin.model import Incident, SourceGap
from tocsin.settings.detector import DetectorSettings
from tocsin.time import MINUTE_MS, Panes


class Detector:
    """Turns mentions into incidents.

    Args:
        settings: thresholds, windows, limits.
        panes: the grid of panes and the lateness.
        history: what ordinary days were heard before (``detectors.prior``); it is taken over, so give each detector its own.

    ``feed`` takes items of any pane that is not closed, in any order; ``advance`` closes panes and gives the revisions they cause, in
    order; ``finish`` closes what is left. What comes out depends only on the set of items and exposures, not on their order or batches.
    """

    def __init__(
        self, settings: DetectorSettings | None = None, panes: Panes | None = None, history: History | None = None
    ) -> None:
        self._panes = panes or Panes()
        self._buffer = PaneBuffer(self._panes)
        self._memory = Memory(settings or DetectorSettings(), history)

    @property
    def settings(self) -> DetectorSettings:
        """The settings in force: those given, or those of the last ``SettingsChange`` that has acted."""
        return self._memory.settings

    # -- input --------------------------------------------------------------------------------------------------------

    def feed(self, items: Sequence[Item]) -> None:
        """Take items of panes that are not closed yet.

        Raises:
            ValueError: an item's pane is closed: the caller counts it as late and does not feed it.
        """
        for item in items:
            self._buffer.add(item)

    def exposure(self, pane_start_at: int, source: str, posts: int) -> None:
        """Record that a source had ``posts`` posts (gated or not) in a pane that is not closed yet."""
        self._buffer.expose(pane_start_at, source, posts)

    # -- output -------------------------------------------------------------------------------------------------------

    def advance(self, watermark_at: int) -> list[Incident]:
        """Close the panes whose end plus lateness the watermark has reached; give the revisions they cause, in order."""
        written: list[Incident] = []
        for pane in self._buffer.close(watermark_at):
            written += self._live_through(pane)
        return written

    def finish(self) -> list[Incident]:
        """Close every pane that holds something."""
        last = self._buffer.last_start_at
        return [] if last is None else self.advance(self._panes.closes_at(last))

    def _live_through(self, pane: Pane) -> list[Incident]:
        memory = self._memory
        spoken_at = pane.end_at + self._panes.lateness_ms
        before_at = pane.start_at if memory.now_at == BEFORE_ALL else memory.now_at
        memory.turn(pane.end_at)
        memory.note_outages(item for item in pane.items if isinstance(item, SourceGap))
        heard_ms = memory.outages.heard_ms(before_at, pane.end_at)
        hearing.learn(memory)
        written = speaking.grow_old(memory, spoken_at)
        if pane.posts:
            memory.baseline.expose(pane.end_at, sum(pane.posts.values()), heard_ms / MINUTE_MS)
        memory.baseline.turn(pane.end_at)
        new = hearing.hear(memory, pane.items)
        written += deciding.raise_what_passes(memory, new, spoken_at, pane.start_at)
        written += speaking.speak(memory, spoken_at)
        hearing.change_settings(memory, pane.items)
        return written

    # -- memory -------------------------------------------------------------------------------------------------------

    def snapshot(self) -> bytes:
        """Give all that is remembered, as bytes from which ``restore`` makes an equal detector."""
        return state.encode(self._memory, self._buffer)

    @classmethod
    def restore(cls, data: bytes, panes: Panes | None = None) -> Detector:
        """Make the detector of a snapshot, with the settings that were in force.

        Raises:
            msgspec.DecodeError: the bytes are no snapshot of this version.
        """
        detector = cls(panes=panes)
        detector._memory = state.decode(data, detector._buffer)
        return detector
