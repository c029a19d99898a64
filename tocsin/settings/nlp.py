"""Settings of hearing: how much text is read, which models run, what is kept."""

from __future__ import annotations

from pathlib import Path  # pydantic resolves the annotations at run time

from pydantic import BaseModel, ConfigDict, Field


class NlpSettings(BaseModel):
    """How a gated post is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lexicon_path: Path | None = Field(
        default=None,
        description="A directory of term lists to use in place of the packaged ones; empty for the packaged.",
    )
    entities: bool = Field(
        default=True,
        description="Run the spaCy entity recogniser over gated posts. Without it fewer places are found, and a post costs less.",
    )
    entity_batch_posts: int = Field(
        default=64,
        ge=1,
        le=1024,
        description="Posts that the entity recogniser reads at once. Results do not depend on it.",
    )
    max_text_chars: int = Field(
        default=2_000, ge=140, le=100_000, description="Characters of a post that are read; the rest is ignored."
    )
    keep_probability: float = Field(
        default=0.02,
        ge=0,
        le=1,
        description="A post whose probability of being first-hand, now and real lies below is no mention, unless it denies.",
    )
