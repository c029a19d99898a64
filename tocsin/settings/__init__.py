"""Settings: strict sections, one model a room, read from a TOML file and from ``TOCSIN_SECTION__FIELD`` variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from tocsin.settings.consent import ConsentSettings
from tocsin.settings.console import ConsoleSettings
from tocsin.settings.detector import DetectorSettings
from tocsin.settings.dispatch import DispatchSettings
from tocsin.settings.distributed import DistributedSettings
from tocsin.settings.finding import Finding
from tocsin.settings.geocoder import GeocoderSettings
from tocsin.settings.ingest import IngestSettings
from tocsin.settings.kafka import KafkaSettings
from tocsin.settings.load import load
from tocsin.settings.metrics import MetricsSettings
from tocsin.settings.nlp import NlpSettings
from tocsin.settings.privacy import PrivacySettings
from tocsin.settings.problem import Problem, SettingsError
from tocsin.settings.rules import advice, contradictions
from tocsin.settings.runtime import RuntimeSettings
from tocsin.settings.sources import (
    BlueskySettings,
    FeedsSettings,
    MastodonSettings,
    PushSettings,
    SourcesSettings,
    XSettings,
)
from tocsin.settings.store import StoreSettings
from tocsin.settings.time import TimeSettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tocsin.settings.load import Sources

__all__ = ["Problem", "Settings", "SettingsError", "load_settings", "load_with_advice"]


class Settings(BaseModel):
    """All settings, one section a room; ``Settings()`` holds the defaults and is valid."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    time: TimeSettings = TimeSettings()
    ingest: IngestSettings = IngestSettings()
    consent: ConsentSettings = ConsentSettings()
    privacy: PrivacySettings = PrivacySettings()
    sources: SourcesSettings = SourcesSettings()
    bluesky: BlueskySettings = BlueskySettings()
    mastodon: MastodonSettings = MastodonSettings()
    feeds: FeedsSettings = FeedsSettings()
    push: PushSettings = PushSettings()
    x: XSettings = XSettings()
    nlp: NlpSettings = NlpSettings()
    geocoder: GeocoderSettings = GeocoderSettings()
    detector: DetectorSettings = DetectorSettings()
    dispatch: DispatchSettings = DispatchSettings()
    console: ConsoleSettings = ConsoleSettings()
    runtime: RuntimeSettings = RuntimeSettings()
    metrics: MetricsSettings = MetricsSettings()
    distributed: DistributedSettings = DistributedSettings()
    kafka: KafkaSettings = KafkaSettings()
    store: StoreSettings = StoreSettings()


def load_settings(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read settings from a file (``None`` for defaults) and the ``TOCSIN_*`` variables of an environment, which win.

    Raises:
        SettingsError: with every problem found: its file and line, the key, what was expected, what came, the nearest name.

    >>> load_settings(None, {"TOCSIN_METRICS__PORT": "9000"}).metrics.port
    9000
    """
    settings, _ = load_with_advice(path, environ)
    return settings


def load_with_advice(path: Path | None, environ: Mapping[str, str]) -> tuple[Settings, list[Problem]]:
    """Read settings as ``load_settings`` does; give also what is allowed and will surprise.

    Raises:
        SettingsError: as ``load_settings``.
    """
    settings, sources = load(Settings, path, environ)
    refused = _placed(contradictions(settings), sources)
    if refused:
        raise SettingsError(refused)
    return settings, _placed(advice(settings), sources)


def _placed(findings: Iterable[Finding], sources: Sources) -> list[Problem]:
    """Give each finding its file and line."""
    problems = []
    for finding in findings:
        file, line, name = sources.place(finding.key)
        problems.append(Problem(file, line, name, finding.expected, finding.got, finding.nearest))
    return sorted(problems, key=lambda problem: (problem.line or 0, problem.key))
