"""Makes a recording of posts: ingest, gate and extract as in a replay, with a detector that only notes what it is given."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from detectors import Detector
from ingest.files import Meter, Reading, read_blocks
from tocsin.analysis.recording import Recording, is_recording, made, read
from tocsin.model import Exposure
from tocsin.pipeline.detect import Detect
from tocsin.pipeline.hear import HearFactory
from tocsin.pipeline.outputs import LineOutputs
from tocsin.pipeline.run import run
from tocsin.runtime.metrics import Metrics
from tocsin.runtime.stop import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from detectors.panes import Item
    from ingest.block import Block
    from tocsin.model import Incident
    from tocsin.pipeline.detect import Summary
    from tocsin.pipeline.hear import Heard
    from tocsin.settings import Settings


class Notes(Detector):
    """A detector that decides nothing and notes all it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[Item] = []
        self.exposures: list[Exposure] = []

    def feed(self, items: Sequence[Item]) -> None:
        """Note items."""
        self.items += items

    def exposure(self, pane_start_at: int, source: str, posts: int) -> None:
        """Note how many posts a source had."""
        self.exposures.append(Exposure(pane_start_at, source, posts))

    def advance(self, watermark_at: int) -> list[Incident]:  # noqa: ARG002  # time changes nothing here
        """Raise nothing."""
        return []

    def finish(self) -> list[Incident]:
        """Raise nothing."""
        return []


class _Reached(LineOutputs):
    """Outputs that write nothing and tell how far the hearing is; what cannot be read is no part of a recording."""

    def __init__(self, progress: Callable[[int], None] | None) -> None:
        super().__init__(io.BytesIO())
        self._progress = progress

    def progress(self, summary: Summary) -> None:
        """Tell how many lines were read."""
        if self._progress is not None:
            self._progress(summary.counts.received)


def record(
    paths: Sequence[Path],
    settings: Settings,
    progress: Callable[[int], None] | None = None,
    hear: Callable[[Block], Heard] | None = None,
) -> Recording:
    """Hear posts once.

    Args:
        paths: files of posts, merged by their clocks.
        settings: all but ``[detector]`` counts here.
        progress: called with the number of lines read so far.
        hear: loaded already; only with ``runtime.extract_processes`` 0.

    Raises:
        SourceError: a file cannot be read.
        WorkerError: an extract process died.
        StageIllError: extract failed on too many posts.
    """
    notes = Notes()
    detect = Detect(settings, _Reached(progress), Metrics(), notes)
    reading = Reading(
        block_lines=settings.runtime.block_lines,
        max_line_bytes=settings.ingest.max_line_bytes,
        leap_ms=settings.time.leap_ms,
        leap_lines=settings.time.leap_lines,
    )
    run(
        read_blocks([str(path) for path in paths], reading, meter=Meter()),
        detect,
        HearFactory(settings) if hear is None else lambda: hear,
        settings,
        Stop(),
    )
    return made(paths[0].name, notes.items, notes.exposures, settings.time.panes())


def hear(paths: Sequence[Path], settings: Settings, progress: Callable[[int], None] | None = None) -> Recording:
    """Give the recording that files hold: read it if they are recordings, make it if they are posts.

    Raises:
        RecordingError: a file is neither, or one is a recording and another is not.
        SourceError: a file of posts cannot be read.
        OSError: a file cannot be read.
    """
    if is_recording(paths[0]):
        return read(paths)
    return record(paths, settings, progress)
