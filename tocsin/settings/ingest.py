"""Settings of what is read: paths, the size of a line, what is remembered."""

from __future__ import annotations

from pathlib import Path  # pydantic resolves the annotations at run time

from pydantic import BaseModel, ConfigDict, Field


class IngestSettings(BaseModel):
    """What is read, and the limits of a record."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    follow_paths: tuple[Path, ...] = Field(
        default=(),
        max_length=64,
        description="Files and folders of JSON Lines that `run` follows as they grow; `-` is standard input.",
    )
    follow_poll_secs: float = Field(
        default=0.25, gt=0, le=60, description="Seconds between two looks at a followed file that has not grown."
    )
    from_start: bool = Field(
        default=False,
        description="`run` reads followed files from their start. Otherwise it hears only what is written after it started.",
    )
    max_line_bytes: int = Field(
        default=65_536, ge=1_024, le=16_777_216, description="Bytes of a line; a longer one is a dead letter."
    )
    max_text_chars: int = Field(
        default=20_000, ge=500, le=1_000_000, description="Characters of a post's text; a longer one is a dead letter."
    )
    max_dead_letter_bytes: int = Field(
        default=512, ge=0, le=65_536, description="Bytes of a refused line that its dead letter keeps, letters masked."
    )
    max_sources: int = Field(
        default=64,
        ge=1,
        le=1_024,
        description="Sources told apart; the posts of further ones count under the name `other`.",
    )
    duplicate_horizon_mins: int = Field(
        default=60, ge=1, le=1_440, description="Minutes during which a post seen again is known as a duplicate."
    )
    max_remembered_posts: int = Field(
        default=500_000,
        ge=1_000,
        le=50_000_000,
        description="Posts remembered to know duplicates; the oldest go first.",
    )
