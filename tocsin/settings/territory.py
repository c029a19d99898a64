"""Settings of a territory: who is told of what happens where."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

MAX_POLYGON_POINTS = 2_000


class TerritorySettings(BaseModel):
    """The territory of one dispatch centre. An incident lies in it where any of its areas says so; with none it is the whole world."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    centre: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", description="Identity of the centre: small letters, digits and hyphens."
    )
    name: str = Field(default="", max_length=200, description="Its name, for reading.")
    lang: Literal["fr", "en"] = Field(default="fr", description="Language of what is written for it.")
    recipients: tuple[str, ...] = Field(
        default=(),
        max_length=100,
        description="Addressees at the centre, as its systems name them (`fr.health.samu440`).",
    )
    countries: tuple[str, ...] = Field(default=(), description="Countries, ISO 3166-1 alpha-2.")
    regions: tuple[str, ...] = Field(default=(), description="Regions, by their codes.")
    departements: tuple[str, ...] = Field(default=(), description="Départements, by their codes.")
    communes: tuple[str, ...] = Field(default=(), description="Communes, by their INSEE codes.")
    bbox: tuple[float, float, float, float] | None = Field(
        default=None, description="South, west, north, east, in degrees of WGS 84; west may lie east of east."
    )
    polygon: tuple[tuple[float, float], ...] = Field(
        default=(), max_length=MAX_POLYGON_POINTS, description="Ring of [latitude, longitude], in degrees of WGS 84."
    )

    @model_validator(mode="after")
    def _shapes(self) -> TerritorySettings:
        if self.polygon and len(self.polygon) < 3:
            raise ValueError("expected at least 3 points of a polygon")
        if self.bbox is not None and not (-90 <= self.bbox[0] < self.bbox[2] <= 90):
            raise ValueError("expected a box with its south below its north")
        return self
