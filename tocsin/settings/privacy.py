"""Settings of privacy: how long a text can be read, and by whom."""

from __future__ import annotations

from pathlib import Path  # pydantic resolves the annotations at run time
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Role = Literal["viewer", "operator", "analyst", "auditor"]
Person = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class PrivacySettings(BaseModel):
    """How long the text of a post can be read, and by whom."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text_ttl_mins: int = Field(
        default=60,
        ge=1,
        le=60,
        description="Minutes after which the key of a text is destroyed. A post that no worker has read by then is lost, and counted.",
    )
    readers: dict[Person, Role] = Field(
        default={},
        max_length=1_024,
        description="Who may ask for quotes with `tocsin quotes`, by the name of their account on the machine, and in which role.",
    )
    reading_roles: tuple[Role, ...] = Field(
        default=("operator",), description="Roles that may read quotes, each time with a reason."
    )
    audit_path: Path = Field(
        default=Path("audit.jsonl"),
        description="File to which every reading is appended, each line chained to the one before it.",
    )
