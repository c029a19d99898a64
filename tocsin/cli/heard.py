"""The opening that commands over recordings share: settings, changes of them, what is heard, and what is kept of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

from cyclopts import Parameter
from rich.console import Console

from tocsin.analysis.hearing import hear
from tocsin.analysis.knobs import change, turned
from tocsin.analysis.recording import Recording, RecordingError, write
from tocsin.settings import Settings, load_settings
from tocsin.settings.detector import DetectorSettings

Config = Annotated[Path | None, Parameter(help="Settings file (TOML).")]
Changes = Annotated[
    tuple[str, ...], Parameter(name="--set", negative="", help="Change the settings first: detector.key=value.")
]
Keep = Annotated[
    Path | None, Parameter(help="Keep what was heard in this file, so that the next run need not extract.")
]


class Heard(NamedTuple):
    """A recording and the settings under which it is looked at."""

    recording: Recording
    settings: Settings
    chosen: DetectorSettings
    """The detector's settings, changed as asked."""


def heard(recordings: Sequence[Path], config: Path | None, changes: Sequence[str], keep: Path | None) -> Heard:
    """Hear recordings under settings, and keep what was heard if a file is named.

    Raises:
        KnobError: a change cannot be meant.
        RecordingError: none is named, or one cannot be read, or the file to keep cannot be written.
        SettingsError: the settings cannot be used.
    """
    if not recordings:
        raise RecordingError("expected at least one recording, got none")
    loaded = load_settings(config, os.environ)
    chosen = turned(loaded.detector, dict(change(text) for text in changes))
    with Console(stderr=True).status(f"Hearing {recordings[0].name}"):
        recording = hear(list(recordings), loaded)
    if keep is not None:
        write(recording, keep)
    return Heard(recording, loaded, chosen)
