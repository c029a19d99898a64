"""Settings of what leaves Tocsin: which files, which revisions."""

from __future__ import annotations

from pathlib import Path  # pydantic resolves the annotations at run time

from pydantic import BaseModel, ConfigDict, Field


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
    all_states: bool = Field(
        default=False, description="Also write incidents that never left the states `watch` and `explained`."
    )
