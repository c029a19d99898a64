"""A fresh detector, with the baseline that the settings name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from detectors import Detector
from detectors.prior import PriorError, decode
from tocsin.settings.problem import Problem, SettingsError

if TYPE_CHECKING:
    from detectors.baseline import History
    from tocsin.settings.detector import DetectorSettings
    from tocsin.time import Panes

MAX_PRIOR_BYTES = 500_000_000


def history_of(settings: DetectorSettings) -> History | None:
    """Read the history that ``detector.prior_path`` names; ``None`` when it names none. Each call gives one of its own.

    Raises:
        SettingsError: the file cannot be read or is no baseline.
    """
    if not settings.prior_path:
        return None
    path = Path(settings.prior_path)
    try:
        if path.stat().st_size > MAX_PRIOR_BYTES:
            raise PriorError(f"expected at most {MAX_PRIOR_BYTES:,} bytes")  # noqa: TRY301  # said where all refusals are
        return decode(path.read_bytes(), settings.max_baseline_keys).history
    except PriorError as error:
        expected, _, got = str(error).removeprefix("expected ").partition(", got ")
        problem = Problem(str(path), None, "detector.prior_path", expected, got or "more")
        raise SettingsError([problem]) from error
    except OSError as error:
        problem = Problem(str(path), None, "detector.prior_path", "a readable file", error.strerror or str(error))
        raise SettingsError([problem]) from error


def detector_of(settings: DetectorSettings, panes: Panes | None = None) -> Detector:
    """Make a fresh detector.

    Raises:
        SettingsError: its baseline cannot be read.
    """
    return Detector(settings, panes, history_of(settings))
