"""Plays a recording through the detector: the one that runs live, under the settings that are asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from detectors.panes import instant_of
from tocsin.analysis.recording import Recording
from tocsin.pipeline.primed import detector_of
from tocsin.time import HOUR_MS, Panes

if TYPE_CHECKING:
    from collections.abc import Callable

    from detectors import Detector
    from tocsin.model import Incident
    from tocsin.settings.detector import DetectorSettings

STEP_MS: Final = HOUR_MS
"""What is fed at once when nobody looks in between: it bounds the memory and changes nothing."""


class Player:
    """A detector, and how far into a recording it is.

    Args:
        recording: what it hears.
        detector: fresh, or restored from a snapshot taken at ``from_at``.
        from_at: where in the recording to begin; from its start when ``None``.
    """

    def __init__(self, recording: Recording, detector: Detector, from_at: int | None = None) -> None:
        self.detector = detector
        self._recording = recording
        self._item = self._exposure = 0
        if from_at is not None:
            self._item = sum(instant_of(item) < from_at for item in recording.items)
            self._exposure = sum(each.pane_start_at < from_at for each in recording.exposures)

    def to(self, at: int) -> list[Incident]:
        """Hear everything before an instant, and close the panes that a watermark there closes; give the revisions."""
        items, exposures = self._recording.items, self._recording.exposures
        first = self._item
        while self._item < len(items) and instant_of(items[self._item]) < at:
            self._item += 1
        self.detector.feed(items[first : self._item])
        while self._exposure < len(exposures) and exposures[self._exposure].pane_start_at < at:
            each = exposures[self._exposure]
            self.detector.exposure(each.pane_start_at, each.source, each.posts)
            self._exposure += 1
        return self.detector.advance(at)

    def end(self) -> list[Incident]:
        """Hear the rest, and close every pane."""
        last_at = self._recording.last_at
        return [] if last_at is None else [*self.to(last_at + 1), *self.detector.finish()]


def play(
    recording: Recording,
    settings: DetectorSettings,
    panes: Panes | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[Incident]:
    """Play a whole recording; give every revision in order of emission.

    Args:
        recording: what was heard.
        settings: under which to decide.
        panes: the grid of panes.
        progress: called now and then with the instant that is reached.
    """
    if recording.first_at is None or recording.last_at is None:
        return []
    player = Player(recording, detector_of(settings, panes))
    written: list[Incident] = []
    for at in range(recording.first_at, recording.last_at, STEP_MS):
        written += player.to(at)
        if progress is not None:
            progress(at)
    return written + player.end()
