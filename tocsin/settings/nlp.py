"""Settings of hearing: how much text is read, which models run, what is kept."""

from __future__ import annotations

from pathlib import Path  # pydantic resolves the annotations at run time
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

SHED_ORDER: Final = ("entities", "places", "meaning")
"""Gates that are left out under pressure, the first to go first: what costs most for the least.

``entities``: no entity model reads a post; doubtful names are left to the rules. ``places``: an improbable post that denies nothing has
its words not searched for places; its device and its profile still place it. ``meaning``: no encoder reads a post; its words alone judge
it.
"""


class NlpSettings(BaseModel):
    """How a gated post is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lexicon_path: Path | None = Field(
        default=None,
        description="A directory of term lists to use in place of the packaged ones; empty for the packaged.",
    )
    readings_path: Path | None = Field(
        default=None,
        description="For evaluation: what encoders that had not seen a training post say of it (`training/readings.npz`), in place of the "
        "packaged encoder, which knows those posts by heart. Posts that the file does not hold are read by the packaged encoder.",
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
    keep_weighed_probability: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="The same for posts in which no entry opens the gate alone, but words that tell only together do.",
    )
    shed: bool = Field(
        default=True,
        description="When hearing cannot keep up, `run` and `worker extract` on live sources leave out the dear gates one after another: "
        "the entity model, then the places in the words of improbable posts, then the encoder of meanings. Mentions say what was left out. "
        "`replay` never does.",
    )
    shed_after_secs: float = Field(
        default=10.0,
        gt=0,
        le=3_600,
        description="Seconds of pressure before a gate is shed, and of calm before one comes back.",
    )
    shed_queue_share: float = Field(
        default=0.75,
        gt=0,
        le=1,
        description="`run`: pressure is so large a share of the blocks that may wait (`runtime.queue_blocks`); calm is at most half of it.",
    )
    shed_lag_secs: float = Field(
        default=60.0,
        gt=0,
        le=86_400,
        description="`worker extract`: pressure is a last record so old, while more wait; calm is at most half of it.",
    )
    shed_places_below: float = Field(
        default=0.3,
        ge=0,
        le=1,
        description="A post is improbable, for what is shed, when its probability of being first-hand, now and real lies below.",
    )
