"""Settings of the runtime: processes, blocks, queues."""

from __future__ import annotations

import os

from pydantic import BaseModel, ConfigDict, Field


class RuntimeSettings(BaseModel):
    """How the work is spread over the machine. No setting here changes what is detected."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    extract_processes: int | None = Field(
        default=None,
        ge=0,
        le=256,
        description="Processes that extract; 0 does all in one process; empty takes one fewer than the processors, at least one.",
    )
    block_lines: int = Field(default=500, ge=1, le=100_000, description="Lines that travel together.")
    tick_secs: float = Field(
        default=1.0,
        gt=0,
        le=60,
        description="`run` hands on what it has, be it nothing, after this many seconds: how often time moves in silence.",
    )
    queue_blocks: int = Field(
        default=8, ge=1, le=1_024, description="Blocks read but not yet detected, for each extract process."
    )
    start_secs: float = Field(
        default=180.0, gt=0, le=3_600, description="Seconds that the extract processes may take to load their models."
    )
    stuck_secs: float = Field(
        default=600.0,
        gt=0,
        le=86_400,
        description="Seconds that the extract processes may work without one result before the run is given up as stuck.",
    )
    keep_secs: float = Field(
        default=30.0,
        ge=1,
        le=3_600,
        description="`run` keeps the detector's memory in `dispatch.outbox_path` after so many seconds, and with every alert.",
    )
    max_stage_errors: int = Field(
        default=100,
        ge=0,
        description="Posts on which a stage may fail (each a dead letter) before the run stops: past it, it is the stage that is ill.",
    )

    def processes(self) -> int:
        """Give the number of extract processes on this machine; 0 means that all runs in one process."""
        if self.extract_processes is not None:
            return self.extract_processes
        return max(1, (os.cpu_count() or 1) - 1)
