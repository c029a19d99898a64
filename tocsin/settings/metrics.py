"""Settings of the metrics page that Prometheus reads."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class MetricsSettings(BaseModel):
    """Where ``run`` and ``demo`` serve ``/metrics``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(default=True, description="Serve the page at all.")
    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Address to listen on. The page is open to whoever reaches it: keep it inside.",
    )
    port: int = Field(default=9464, ge=0, le=65_535, description="TCP port; 0 lets the system choose a free one.")
