"""Settings that all workers of one deployment must agree on."""

from __future__ import annotations

from pathlib import Path  # pydantic resolves the annotations at run time
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Origin = Annotated[tuple[Path, ...], Field(min_length=1, max_length=64)]


class DistributedSettings(BaseModel):
    """What all workers of one deployment must agree on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    origins: dict[str, Origin] = Field(
        default={},
        max_length=256,
        description="Name of each origin and its files of JSON Lines. One ingest worker reads one origin; the watermark waits for all.",
    )
    follow: bool = Field(
        default=True,
        description="Follow the files as they grow and stamp posts on arrival; otherwise read recorded files once, in event time.",
    )
    progress_secs: float = Field(
        default=1.0, gt=0, le=60, description="Seconds of stream time between two records that move the watermark."
    )
    checkpoint_secs: float = Field(default=5.0, gt=0, le=300, description="Seconds between two checkpoints, at most.")
    record_posts: int = Field(default=50, ge=1, le=1_000, description="Posts that travel in one record, at most.")
    max_lines_per_sec: float | None = Field(
        default=None, gt=0, description="Lines that an ingest worker reads in a second, at most; empty for no limit."
    )
    max_held_steps: int = Field(
        default=120,
        ge=1,
        le=100_000,
        description="Records that may wait for a missing one of their origin and partition before it is given up as lost.",
    )
    undecodable_records: int = Field(
        default=20,
        ge=1,
        le=10_000,
        description="A worker whose first records, so many, can none of them be read stops: it is the wrong version.",
    )
