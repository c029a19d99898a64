"""Settings of the store: the Redis server of the workers."""

from __future__ import annotations

from pathlib import Path  # pydantic resolves the annotations at run time

from pydantic import BaseModel, ConfigDict, Field


class StoreSettings(BaseModel):
    """The Redis server that keeps checkpoints and cursors, and the keys of texts and days unless they have a server of their own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(
        default="redis://127.0.0.1:6379/0",
        pattern=r"^(redis|rediss|unix)://",
        description="Address of the server; `rediss://` is TLS.",
    )
    keys_url: str | None = Field(
        default=None,
        pattern=r"^(redis|rediss|unix)://",
        description="Address of a second server, without persistence, for the keys of texts and days; empty keeps them with the rest.",
    )
    username: str | None = Field(default=None, description="User of the server's access list (ACL).")
    password: str | None = Field(
        default=None, description="Password of that user; better given by its variable than written to a file."
    )
    ssl_ca_path: Path | None = Field(
        default=None, description="Certificates (PEM) that the server's is checked against."
    )
    ssl_cert_path: Path | None = Field(
        default=None, description="Own certificate (PEM), where the server asks for one."
    )
    ssl_key_path: Path | None = Field(default=None, description="Key (PEM) of the own certificate.")
    prefix: str = Field(default="tocsin:", max_length=64, description="What all keys begin with.")
    timeout_secs: float = Field(
        default=5.0, gt=0, le=60, description="Seconds that connecting and each answer may take."
    )
    retry_secs: float = Field(
        default=60.0,
        ge=0,
        le=3_600,
        description="Seconds during which an absent server is asked again before a worker ends.",
    )
