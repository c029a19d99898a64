"""Settings: strict sections, one model a room, read from a TOML file and from ``TOCSIN_SECTION__FIELD`` variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from tocsin.settings.dispatch import DispatchSettings
from tocsin.settings.load import load
from tocsin.settings.metrics import MetricsSettings
from tocsin.settings.nlp import NlpSettings
from tocsin.settings.problem import Problem, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Problem", "Settings", "SettingsError", "load_settings"]


class Settings(BaseModel):
    """All settings, one section a room; ``Settings()`` holds the defaults and is valid."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    nlp: NlpSettings = NlpSettings()
    dispatch: DispatchSettings = DispatchSettings()
    metrics: MetricsSettings = MetricsSettings()


def load_settings(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read settings from a file (``None`` for defaults) and the ``TOCSIN_*`` variables of an environment, which win.

    Raises:
        SettingsError: with every problem found: its file and line, the key, what was expected, what came, the nearest name.

    >>> load_settings(None, {"TOCSIN_METRICS__PORT": "9000"}).metrics.port
    9000
    """
    settings, _ = load(Settings, path, environ)
    return settings
