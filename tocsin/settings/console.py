"""Settings of the console: where dispatchers and analysts find it, and who may enter."""

from __future__ import annotations

from pathlib import Path  # pydantic resolves the annotations at run time
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator


class ConsoleSettings(BaseModel):
    """The web page of ``run`` and ``worker console``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(default=False, description="Serve the console with `run`.")
    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Address to listen on. Beyond loopback it needs TLS: a certificate here, or a proxy in front.",
    )
    port: int = Field(default=8470, ge=0, le=65_535, description="TCP port; 0 lets the system choose a free one.")
    accounts_path: Path | None = Field(
        default=None,
        description="File of the local accounts (`tocsin account` writes it); needed to serve the console.",
    )
    recordings_path: Path | None = Field(
        default=None,
        description="Folder of recordings (`NAME.mentions.jsonl`, `NAME.truth.json`) for the tuning page; empty for no such page.",
    )
    time_zone: str = Field(default="Europe/Paris", description="Time zone in which instants are shown (IANA name).")
    lang: Literal["fr", "en"] = Field(default="fr", description="Language of who has not chosen one.")
    tls_certificate_path: Path | None = Field(default=None, description="Certificate chain (PEM); empty for no TLS.")
    tls_key_path: Path | None = Field(default=None, description="Private key of the certificate (PEM).")
    behind_tls: bool = Field(
        default=False, description="A proxy in front ends TLS: cookies are sent over TLS only, as with a certificate."
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"expected an IANA time zone such as Europe/Paris, got {name}") from error
        return name
