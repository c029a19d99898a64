"""Settings of what leaves Tocsin: which files, which revisions."""

from __future__ import annotations

from pathlib import Path  # pydantic resolves the annotations at run time

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tocsin.settings.sinks import AmqpSettings, DoorSettings, FolderSettings, WebhookSettings
from tocsin.settings.territory import TerritorySettings


class DispatchSettings(BaseModel):
    """Where incidents are written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    incidents_path: Path | None = Field(
        default=None,
        description="File to which `run` appends one JSON line for each incident revision; empty for none.",
    )
    geojson_path: Path | None = Field(
        default=None,
        description="File that holds the open incidents as GeoJSON, replaced at each change; empty for none.",
    )
    mentions_path: Path | None = Field(
        default=None,
        description="File to which `run` appends what was heard (no texts), to be played again by `tune` and `explain`; empty for none.",
    )
    all_states: bool = Field(
        default=False, description="Also write incidents that never left the states `watch` and `explained`."
    )
    territories: tuple[TerritorySettings, ...] = Field(
        default=(),
        max_length=1_000,
        description="Dispatch centres and their territories; empty for one centre, `everywhere`, that is told of all.",
    )
    sender: str = Field(
        default="tocsin",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._@:/-]{0,126}$",
        description="Who sends, as the `sender` of CAP and the `senderID` of EDXL: a name that is unique in the world.",
    )
    trial: bool = Field(
        default=False, description="Send everything with the status `Test`, whatever anybody decides: for a trial run."
    )
    interruptions_an_hour: int = Field(
        default=3, ge=1, le=60, description="Interruptions within an hour and centre; the rest is told in a digest."
    )
    distant_km: float = Field(
        default=20.0, gt=0, le=1_000, description="Distance from which a zone is another one, and always interrupts."
    )

    outbox_path: Path | None = Field(
        default=None,
        description="File that keeps alerts until they are delivered, and what `run` knows across a restart; needed where there are sinks.",
    )
    max_waiting: int = Field(
        default=100_000, ge=100, description="Alerts that may wait for one sink; further ones become dead letters."
    )
    webhooks: tuple[WebhookSettings, ...] = Field(default=(), max_length=100, description="Receivers that are called.")
    folders: tuple[FolderSettings, ...] = Field(default=(), max_length=100, description="Folders that are written to.")
    amqp: tuple[AmqpSettings, ...] = Field(
        default=(), max_length=10, description="AMQP exchanges that are published to."
    )
    door: DoorSettings = Field(default=DoorSettings(), description="The HTTP side for programs.")

    @model_validator(mode="after")
    def _own_names(self) -> DispatchSettings:
        centres = [territory.centre for territory in self.territories]
        if len(set(centres)) < len(centres):
            raise ValueError("expected each centre once")
        sinks = [sink.name for sink in (*self.webhooks, *self.folders, *self.amqp)]
        if len(set(sinks)) < len(sinks):
            raise ValueError("expected each name of a sink once")
        if sinks and self.outbox_path is None:
            raise ValueError("expected dispatch.outbox_path where there are sinks, got none")
        return self
