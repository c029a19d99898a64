"""Settings of consent: which public posts are not heard all the same."""

from __future__ import annotations

from pathlib import Path  # pydantic resolves the annotations at run time
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Pattern = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Domain = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]{1,253}$")]


class ConsentSettings(BaseModel):
    """Which posts are not heard although they are public: at an author's word, or the operator's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    honour_indexable: bool = Field(
        default=True, description="Leave out posts of authors who do not let them be found by search (Mastodon)."
    )
    honour_noindex: bool = Field(
        default=True, description="Leave out posts of authors who ask search engines to stay away (Mastodon)."
    )
    hear_bots: tuple[Pattern, ...] = Field(
        default=(),
        max_length=64,
        description="Sources (patterns such as `rss-*`) whose automated accounts are heard; others' are left out.",
    )
    labels: tuple[Pattern, ...] = Field(
        default=("!no-unauthenticated", "!hide", "!takedown"),
        max_length=64,
        description="Labels on a post or an account (Bluesky) that leave it out.",
    )
    allow_sources: tuple[Pattern, ...] = Field(
        default=("*",), max_length=256, description="Sources (patterns) that are heard."
    )
    deny_sources: tuple[Pattern, ...] = Field(
        default=(), max_length=256, description="Sources (patterns) that are not heard, whatever is allowed."
    )
    deny_domains: tuple[Domain, ...] = Field(
        default=(),
        max_length=1_024,
        description="Sites that are not heard, each with all below it; known by the address of the post.",
    )
    objections_path: Path | None = Field(
        default=None,
        description="File of accounts that objected, as `tocsin objection` writes it: one hash a line, no name.",
    )
