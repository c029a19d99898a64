"""Settings of the geocoder: who is asked for streets, quarters and sites that no table holds, how often, and what is remembered."""

from __future__ import annotations

from pathlib import Path  # pydantic resolves the annotations at run time
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


class GeocoderSettings(BaseModel):
    """A geocoding service, asked beside the stream and never in its way. Off by default: words of posts leave the house."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(
        default=False,
        description="Ask a geocoder for streets, quarters and sites. Only their words and the name of the town go out.",
    )
    service: Literal["ban", "nominatim", "photon"] = Field(
        default="ban",
        description="What the server speaks: `ban` (addok, the French address base), `nominatim` or `photon` (OpenStreetMap).",
    )
    domain: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9.-]+(:\d{1,5})?$|^\[[0-9A-Fa-f:]+\](:\d{1,5})?$",
        description="Host, and port if any, of the server: best one of your own. There is no default: who hears the words is your choice.",
    )
    path: str | None = Field(
        default=None,
        pattern=r"^/[A-Za-z0-9._~/-]*$",
        description="Path of the search on that server, where it is not the usual one (`/search`, for `photon` `/api`).",
    )
    scheme: Literal["https", "http"] = Field(
        default="https", description="`http` only for a server on this machine or in a network of your own."
    )
    countries: list[Country] = Field(
        default=[],
        description="Countries (ISO 3166-1) that the server knows; towns elsewhere are not asked for. Empty: all, for `ban` FR.",
    )
    user_agent: str = Field(
        default="tocsin",
        min_length=1,
        max_length=200,
        pattern=r"^[\x20-\x7e]+$",
        description="How requests name themselves; public servers ask for a name and a contact.",
    )
    timeout_secs: float = Field(default=5.0, gt=0, le=60, description="Seconds that a whole answer may take.")
    delay_secs: float = Field(
        default=1.0,
        ge=0,
        le=60,
        description="Least seconds between two requests of one process. Public servers allow one a second at most.",
    )
    max_waiting: int = Field(
        default=500,
        ge=1,
        le=100_000,
        description="Questions that may wait; past that the oldest are dropped and counted.",
    )
    max_age_mins: float = Field(
        default=30.0,
        gt=0,
        le=1_440,
        description="A question that waited longer is dropped: the answer would change nothing.",
    )
    keep_days: float = Field(default=30.0, gt=0, le=365, description="Days for which an answer is remembered.")
    keep_unfound_hours: float = Field(
        default=24.0, gt=0, le=720, description="Hours for which it is remembered that the server knows no answer."
    )
    failures: int = Field(
        default=5, ge=1, le=1_000, description="Failures in a row after which the server is left alone for a while."
    )
    rest_secs: float = Field(
        default=30.0,
        gt=0,
        le=3_600,
        description="How long it is left alone; doubled at each further failure, up to an hour.",
    )
    answers_path: Path | None = Field(
        default=None,
        description="File to which `tocsin run` appends each answer as it acted, one JSON line, for `tocsin replay --answers`.",
    )
