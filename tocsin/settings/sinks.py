"""Settings of the sinks: where alerts are sent, in which format, and how long it is tried."""

from __future__ import annotations

from pathlib import Path  # pydantic resolves the annotations at run time
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Format = Literal["json", "cap", "edxl-json", "edxl-xml"]
NAME = r"^[a-z0-9][a-z0-9-]{0,62}$"


class SinkSettings(BaseModel):
    """What all sinks share."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=NAME, description="Name of the sink, unique; its queue and its metrics bear it.")
    format: Format = Field(default="json", description="What is written: public JSON, CAP 1.2, or EMSI in EDXL-DE.")
    centres: tuple[str, ...] = Field(default=(), description="Only what is for these centres; empty for all.")
    only_actual: bool = Field(default=False, description="Only what a named person has confirmed or taken back.")
    give_up_hours: float = Field(
        default=72.0, gt=0, le=720, description="After so long without success an alert becomes a dead letter."
    )


class WebhookSettings(SinkSettings):
    """A receiver that is called over HTTP; calls are signed as Standard Webhooks describes."""

    url: str = Field(pattern=r"^https?://\S+$", max_length=2_000, description="Address that is called with POST.")
    secret_path: Path = Field(description="File with the signing secret, `whsec_` and base64 of 24 to 64 bytes.")
    timeout_secs: float = Field(default=10.0, gt=0, le=60, description="So long an answer is waited for.")
    ssl_ca_path: Path | None = Field(default=None, description="Certificates to trust; those of the system if empty.")


class FolderSettings(SinkSettings):
    """A folder: one file an alert; for `json` one file of lines that is appended to."""

    path: Path = Field(description="The folder; it is made.")


class AmqpSettings(SinkSettings):
    """An AMQP 0-9-1 exchange, as that of Hub Santé, with mutual TLS."""

    format: Format = Field(
        default="edxl-json", description="What is written: public JSON, CAP 1.2, or EMSI in EDXL-DE."
    )
    only_actual: bool = Field(default=True, description="Only what a named person has confirmed or taken back.")
    host: str = Field(min_length=1, description="Host of the broker.")
    port: int = Field(default=5671, ge=1, le=65_535, description="TCP port of the broker.")
    virtual_host: str = Field(default="/", description="Virtual host.")
    exchange: str = Field(default="hubsante", max_length=255, description="Exchange that is published to.")
    routing_key: str = Field(
        min_length=1, max_length=255, description="Routing key: the sender's own identity at the hub."
    )
    username: str = Field(default="", description="User name; empty to be known by the certificate (EXTERNAL).")
    password_path: Path | None = Field(default=None, description="File with the password of the user name.")
    ssl_ca_path: Path | None = Field(default=None, description="Certificates to trust; without them no TLS is spoken.")
    ssl_cert_path: Path | None = Field(default=None, description="Our certificate.")
    ssl_key_path: Path | None = Field(default=None, description="Key of our certificate.")
    timeout_secs: float = Field(default=10.0, gt=0, le=60, description="So long the broker's word is waited for.")

    @model_validator(mode="after")
    def _both(self) -> AmqpSettings:
        if (self.ssl_cert_path is None) != (self.ssl_key_path is None):
            raise ValueError("expected a certificate and its key, or neither")
        if self.ssl_cert_path is not None and self.ssl_ca_path is None:
            raise ValueError("expected ssl_ca_path with a certificate of ours")
        if bool(self.username) != (self.password_path is not None):
            raise ValueError("expected a user name and a password file, or neither")
        return self


class DoorSettings(BaseModel):
    """The HTTP side for programs: alerts as they come (SSE), CAP feed, verdicts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(default=False, description="Serve it.")
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=9466, ge=0, le=65_535, description="TCP port; 0 takes a free one.")
    tokens_path: Path | None = Field(
        default=None,
        description="File of who may enter: lines of token, centre (`*` for all) and `read` or `decide`, parted by spaces.",
    )
    kept_alerts: int = Field(
        default=5_000, ge=10, le=100_000, description="Latest alerts that are kept for readers who come back."
    )
    max_readers: int = Field(default=200, ge=1, le=10_000, description="Readers that are served at a time.")

    @model_validator(mode="after")
    def _guarded(self) -> DoorSettings:
        if self.enabled and self.tokens_path is None:
            raise ValueError("expected tokens_path where the door is enabled: nobody enters without a token")
        return self
